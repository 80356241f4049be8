"""A child process in which the sensor of the digest looks, and says what it asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from pipelines.defs.digest import digest_sensor
from pipelines.settings import Home
from pipelines.watch.ledger import open_ledger

SETTINGS = "alerts: {channels: [{name: hook, url_env: KOERS_HOOK}], digest: {every: week}}\n"


def prepare(home: Home) -> None:
    """A home in which a digest is due: it judged something long ago."""
    home.root.mkdir(parents=True)
    home.settings_file.write_text(SETTINGS)
    home.state.mkdir()
    long_ago = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).isoformat(timespec="microseconds")
    with open_ledger(home.ledger) as ledger:
        ledger.execute("insert into evaluations values ('then', ?, 0, 0, 0)", [long_ago])


def main(arguments: Sequence[str]) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        looked = digest_sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(looked, dg.SensorResult), looked
    print([request.run_key for request in looked.run_requests or ()])
