"""Files of several tools in one folder: each is known by its own headings, and what it does not say
is said by a person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.core.contract import Variant
from connectors.core.errors import MappingError
from connectors.core.export import IngestResult
from connectors.platforms import CONNECTOR
from connectors.socialpilot import CONNECTOR as SOCIALPILOT
from connectors.surveys import CONNECTOR as SURVEYS
from tests.landing.making import counts, ingest, landed, put, rejects

VARIANTS = {each.name: each for each in CONNECTOR.stream("posts").variants}
MAPPING = 'fixed: {"*-ours.csv": {profile: Noorderlicht}}\n'


def taken(home: Path, name: str, text: str, mapping: str = MAPPING) -> IngestResult:
    put(home, CONNECTOR, "mapping.yaml", mapping)
    put(home, CONNECTOR, name, text)
    return ingest(home, CONNECTOR)


def posts(home: Path) -> list[dict[str, str | None]]:
    return [json.loads(text) for text in landed(home, CONNECTOR, "posts").values()]


def written(variant: Variant, which: int) -> str:
    """A file with the first or second heading of each field, and one row."""
    day = {"mm/dd/yyyy": "03/05/2026", "mmm d, yyyy": '"Mar 5, 2026"'}[variant.date or ""]
    cells = {"post_id": "p1", "profile": "Noorderlicht", "campaign": "zon", "published_at": day}
    names = list(variant.headings)
    headings = [f'"{variant.headings[n][min(which, len(variant.headings[n]) - 1)]}"' for n in names]
    return ",".join(headings) + "\n" + ",".join(cells.get(n, "1.2K") for n in names) + "\n"


@pytest.mark.parametrize("which", [0, 1], ids=["english", "dutch"])
@pytest.mark.parametrize("name", VARIANTS)
def test_a_file_is_known_by_the_headings_of_its_network(
    tmp_path: Path, name: str, which: int
) -> None:
    variant = VARIANTS[name]
    result = taken(tmp_path, "a.csv", written(variant, which))
    assert counts(result, "posts") == (1, 1, 0, 0), result.files
    [post] = posts(tmp_path)
    assert (post["network"], post["profile"]) == (name, "Noorderlicht")
    assert str(post["published_at"]).startswith("2026-03-0")
    for field in variant.headings:
        assert post[field] is not None
        if field in ("impressions", "reach", "clicks", "reactions", "comments", "shares"):
            assert post[field] == "1200"


def test_what_no_column_says_is_said_by_the_name_of_the_file(tmp_path: Path) -> None:
    text = "Post link,Created date,Impressions,Likes\nhttps://x/1,03/05/2026,-,N/A\n"
    refused = taken(tmp_path, "linkedin.csv", text)
    assert "profile is missing" in refused.files[0].reason
    assert "under fixed" in refused.files[0].reason
    result = taken(tmp_path, "linkedin-ours.csv", text)
    assert counts(result, "posts") == (1, 1, 0, 0)
    [post] = posts(tmp_path)
    assert (post["network"], post["profile"], post["impressions"]) == (
        "LinkedIn",
        "Noorderlicht",
        None,
    )


def test_a_column_goes_before_what_is_fixed(tmp_path: Path) -> None:
    text = "Post ID,Page name,Publish time,Total clicks\n7,Zon BV,03/05/2026 14:05,3\n"
    taken(tmp_path, "facebook-ours.csv", text)
    assert posts(tmp_path)[0]["profile"] == "Zon BV"


def test_the_same_file_for_another_profile_is_another_file(tmp_path: Path) -> None:
    text = "Post link,Created date\nhttps://x/1,03/05/2026\n"
    taken(tmp_path, "l-ours.csv", text)
    taken(tmp_path, "l-theirs.csv", text, 'fixed: {"*-theirs.csv": {profile: Zon BV}}\n')
    assert sorted(str(post["profile"]) for post in posts(tmp_path)) == ["Noorderlicht", "Zon BV"]


def test_two_networks_that_fit_equally_are_refused_until_somebody_says_which(
    tmp_path: Path,
) -> None:
    text = "Post ID,Publish time,Reach\n7,03/05/2026,12\n"
    told = taken(tmp_path, "meta-ours.csv", text).files[0].reason
    assert "posts of Facebook and posts of Instagram equally well" in told
    said = 'fixed: {"meta*": {network: Instagram, profile: Noorderlicht}}\n'
    assert counts(taken(tmp_path, "meta-ours.csv", text, said), "posts") == (1, 1, 0, 0)
    assert posts(tmp_path)[0]["network"] == "Instagram"


def test_two_sayings_about_one_file_are_refused(tmp_path: Path) -> None:
    said = 'fixed: {"a*": {profile: One}, "*.csv": {profile: Two}}\n'
    told = taken(tmp_path, "a.csv", "Post link,Created date\nx,03/05/2026\n", said)
    assert "both 'One' and 'Two'" in told.files[0].reason


def test_a_format_that_a_person_gives_goes_before_the_layout(tmp_path: Path) -> None:
    said = MAPPING + "format: {date: dd-mm-yyyy}\n"
    taken(tmp_path, "l-ours.csv", "Post link,Created date\nx,05-03-2026\n", said)
    assert str(posts(tmp_path)[0]["published_at"]).startswith("2026-03-04T23")


def test_a_slip_in_fixed_is_told(tmp_path: Path) -> None:
    for wrong in ("profil", "impressions"):
        with pytest.raises(MappingError, match=f"fixed.a.{wrong}"):
            taken(tmp_path, "a.csv", "x\n", f'fixed: {{"a": {{{wrong}: x}}}}\n')


def test_reacties_is_nothing_until_somebody_says_what(tmp_path: Path) -> None:
    text = "Bericht-ID,Paginanaam,Publicatietijdstip,Reacties\n7,Noord,03/05/2026,12\n"
    taken(tmp_path, "f.csv", text)
    assert {posts(tmp_path)[0][name] for name in ("reactions", "comments", "engagements")} == {None}
    taken(tmp_path, "g.csv", text, "streams: {posts: {headings: {Reacties: reactions}}}\n")
    assert posts(tmp_path)[0]["reactions"] == "12"


def test_gains_of_followers_are_not_taken_for_their_number(tmp_path: Path) -> None:
    told = taken(tmp_path, "f-ours.csv", "Date,Organic followers,Total followers\n03/05/2026,4,4\n")
    assert told.files[0].status == "refused"
    assert landed(tmp_path, CONNECTOR, "profile_days") == {}


def test_socialpilot_delivers_both_grains_shortened_or_not(tmp_path: Path) -> None:
    put(
        tmp_path,
        SOCIALPILOT,
        "mapping.yaml",
        'format: {decimal: ","}\n',
    )
    put(
        tmp_path,
        SOCIALPILOT,
        "a.csv",
        "Netwerk,Profiel,Bericht-ID,Gepubliceerd op,Weergaven,Bereik,Betrokkenheid\n"
        'LinkedIn,Noord,1,05-03-2026 10:30,"1,2K",-,N/A\n'
        "LinkedIn,Noord,2,05-03-2026 10:30,1.200,800,3.4%\n",
    )
    put(
        tmp_path,
        SOCIALPILOT,
        "b.csv",
        'Netwerk,Profiel,Datum,Volgers\nLinkedIn,Noord,05-03-2026,"4,2K"\n',
    )
    result = ingest(tmp_path, SOCIALPILOT)
    assert counts(result, "posts") == (2, 1, 1, 0)
    [text] = landed(tmp_path, SOCIALPILOT, "posts").values()
    post = json.loads(text)
    assert (post["impressions"], post["reach"], post["engagements"]) == ("1200", None, None)
    assert "3.4%" in rejects(tmp_path, SOCIALPILOT, "posts")[0][4]
    [day] = landed(tmp_path, SOCIALPILOT, "profile_days").values()
    assert json.loads(day)["followers"] == "4200"


def test_an_nps_from_a_file_is_a_number_or_nothing(tmp_path: Path) -> None:
    scores = ["9", '"9,0"', "9 - zeer waarschijnlijk", "Promoter", "", "0 (nooit)"]
    lines = [f"{n},k{n}@klant.example,{score},2026-03-05" for n, score in enumerate(scores)]
    put(
        tmp_path,
        SURVEYS,
        "nps.csv",
        "Response ID,Email,Score,Submitted at\n" + "\n".join(lines) + "\n",
    )
    assert counts(ingest(tmp_path, SURVEYS), "responses") == (6, 5, 1, 0)
    found = landed(tmp_path, SURVEYS, "responses")
    assert [json.loads(found[str(n)])["score"] for n in (0, 1, 2, 4, 5)] == [
        "9",
        "9",
        "9",
        None,
        "0",
    ]
    [refused] = rejects(tmp_path, SURVEYS, "responses")
    assert refused[2:4] == ("score", "Promoter")
    assert "klant.example" not in str(refused)
