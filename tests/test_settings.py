"""`koers.yaml` as people write it."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.settings import Home, SettingsError, settings

YAML = """\
nightly_at: {night}
alerts:
  digest: {{at: {digest}}}
  channels:
    - {{name: hook, url_env: HOOK, quiet_from: {since}, quiet_until: {until}}}
"""


def write(home: Home, **times: str) -> None:
    given = {"night": "'02:15'", "digest": "'08:00'", "since": "'22:00'", "until": "'07:00'"}
    home.root.mkdir(parents=True, exist_ok=True)
    home.settings_file.write_text(YAML.format(**{**given, **times}))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10:00", "10:00"),
        ("22:30", "22:30"),
        ("7:05", "07:05"),
        ("07:00", "07:00"),
        ("0:00", "00:00"),
        ("'7:05'", "07:05"),
        ("'23:59'", "23:59"),
    ],
)
def test_a_time_of_day_needs_no_quotes(koers_home: Home, written: str, meant: str) -> None:
    """YAML 1.1 reads a bare 22:30 as the number 1350, and 07:00 as text."""
    write(koers_home, night=written, digest=written, since=written, until=written)
    found = settings(koers_home)
    (hook,) = found.alerts.channels
    times = (found.nightly_at, found.alerts.digest.at, hook.quiet_from, hook.quiet_until)
    assert times == (meant,) * 4


def test_bare_quiet_hours_are_quiet(koers_home: Home) -> None:
    write(koers_home, since="22:00", until="7:00")
    (hook,) = settings(koers_home).alerts.channels
    at = {hour: hook.is_quiet(dt.datetime(2026, 3, 1, hour, 30)) for hour in (6, 7, 21, 22)}  # noqa: DTZ001 - local
    assert at == {6: True, 7: False, 21: False, 22: True}


@pytest.mark.parametrize("field", ["night", "digest", "since", "until"])
@pytest.mark.parametrize("wrong", ["24:00", "7", "yes", "-1:00", "22:00:00", "7.30", "noon"])
def test_what_is_no_time_of_day_is_refused(koers_home: Home, field: str, wrong: str) -> None:
    write(koers_home, **{field: wrong})
    with pytest.raises(SettingsError, match=r"nightly_at|at|quiet_from|quiet_until"):
        settings(koers_home)
