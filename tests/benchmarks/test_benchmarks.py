"""The harness tells what it measured, the page is made of the results that are kept, and the
baseline by hand reads what the generator writes."""

import sys
from pathlib import Path

import duckdb
import pytest

from benchmarks import page
from benchmarks.harness import (
    FailedError,
    Point,
    Result,
    Taken,
    Way,
    alternate,
    child,
    keep,
    read,
)
from benchmarks.location import enlarged
from benchmarks.scale.by_hand import build
from benchmarks.scale.compare import differences
from benchmarks.scale.landed import make, night
from benchmarks.scale.sizes import Size, over
from connectors.core.landing import Landing


def test_a_child_is_timed_and_its_last_line_taken() -> None:
    told = child([sys.executable, "-c", "print('hello'); print('{\"rows\": 3}')"])
    assert told.said == {"rows": 3}
    assert told.cpu > 0
    assert 0 < told.seconds < 60
    assert told.peak_mb > 1


def test_what_a_child_tells_of_its_time_goes_before_that_of_the_process() -> None:
    told = child([sys.executable, "-c", 'print(\'{"seconds": 7, "cpu": 5}\')'])
    assert (told.seconds, told.cpu, told.said) == (7, 5, {})


def test_a_child_that_fails_says_why() -> None:
    with pytest.raises(FailedError, match="no such luck"):
        child([sys.executable, "-c", "raise SystemExit('no such luck')"])


def test_ways_take_turns_and_one_that_fails_is_left_out() -> None:
    order = []

    def run(name: str) -> Taken:
        order.append(name)
        if name == "b":
            raise FailedError("broke")
        return Taken(float(len(order)), 1.0, 10.0)

    found, left_out = alternate({n: lambda n=n: run(n) for n in "abc"}, 2)  # type: ignore[misc]
    assert order == ["a", "b", "c", "a", "c"]
    assert [way.name for way in found] == ["a", "c"]
    assert found[0].median == 2.5
    assert left_out == {"b": "broke"}


RESULT = Result(
    "csv",
    "A file",
    (
        Point(
            "x1",
            "10 rows",
            (Way("base", (1.0, 3.0, 2.0), (1.0,), 5), Way("Koers", (4.0,), (3.0,), 9)),
        ),
    ),
    (("Koers", "base", 1.5),),
    (("Koers", 5.0, 8.0),),
)


def test_a_result_is_kept_whole_and_told_with_its_aims(tmp_path: Path) -> None:
    file = keep(RESULT, "make bench ONLY=csv SIZE=full", "full", tmp_path)
    assert read(file)[0] == RESULT
    told = page.table(file)
    assert "2.00 (3.00) × base" in told
    assert "at most 1.5 × base; missed at 2.00 ×" in told
    assert "within 5.0 s; met at 4.0 s" in told
    assert "within 8 MB; missed at 9 MB" in told
    assert "make bench ONLY=csv SIZE=full" in told


def test_the_page_is_what_the_results_say() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.text(), "python -m benchmarks.page"


def test_every_full_result_of_the_page_is_full() -> None:
    for file in (page.RESULTS).glob("*.json"):
        assert read(file)[1]["size"] == "full", file


def test_the_made_up_landing_is_one_and_the_baseline_reads_it(tmp_path: Path) -> None:
    size = Size(2_000, 200, 100, 20, 20)
    make(tmp_path, size)
    night(tmp_path, size, 1)
    loads = Landing(tmp_path / "landing").manifests("spotler", "mailings")
    assert [load.counts.loaded for load in loads] == [12, 2_000]
    build(tmp_path, tmp_path / "hand.duckdb", "500MB")
    with duckdb.connect(str(tmp_path / "hand.duckdb")) as db:
        [(sent,)] = db.execute(
            "select sum(denominator) from facts where kpi = 'bounce_rate' and unit = 'org' "
            "and grain = 'day'"
        ).fetchall()
        # What comes on the day after the last one is not covered by hand.
        assert sent == 2_000 + 2_000 // 1000
        db.execute("create view fct_kpi_values as select * from facts where kpi <> 'mqls'")
    rows, wrong = differences(tmp_path / "hand.duckdb", tmp_path / "hand.duckdb")
    assert rows > 0
    assert [text.split(":")[0] for text in wrong] == ["mqls"]


def test_sizes_go_up_to_the_full_one() -> None:
    assert over(1) == Size(50_000_000, 5_000_000, 2_000_000, 200_000, 2_000)
    assert over(10_000).people == 20


def test_a_manifest_gets_as_many_kpis_as_asked_for() -> None:
    own = {"name": "a", "unique_id": "metric.koers.a", "config": {"meta": {"kpi": {"owner": "o"}}}}
    other = {"name": "b", "unique_id": "metric.koers.b", "config": {"meta": {}}}
    made = enlarged({"metrics": {"metric.koers.a": own, "metric.koers.b": other}}, 3)["metrics"]
    assert sorted(made) == ["metric.koers.a", "metric.koers.a_1", "metric.koers.a_2",
                            "metric.koers.b"]  # fmt: skip
