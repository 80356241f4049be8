"""What one pass over the inbox of a connector did, as it is recorded under `state/ingest/`."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pipelines import records
from pipelines.settings import Home


@dataclass(frozen=True)
class Load:
    """A load that was committed; its rows add up."""

    stream: str
    load_id: str
    read: int
    loaded: int
    rejected: int
    duplicate: int


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken; `stream` is None when it could not be told."""

    name: str
    stream: str | None
    reason: str


@dataclass(frozen=True)
class Pass:
    """What one pass did. `at` is UTC, ISO 8601."""

    connector: str
    at: str
    loads: tuple[Load, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def of(self, stream: str) -> tuple[Load, ...]:
        """The loads of a stream."""
        return tuple(load for load in self.loads if load.stream == stream)


def record_pass(home: Home, done: Pass) -> None:
    """Keep a pass as the last one of its connector."""
    records.write(records.ingest_record(home, done.connector), asdict(done))


def last_pass(home: Home, connector: str) -> Pass | None:
    """The last pass as it was recorded; None before the first."""
    content = records.read(records.ingest_record(home, connector))
    if not content:
        return None
    return Pass(
        content["connector"],
        content["at"],
        tuple(Load(**load) for load in content["loads"]),
        tuple(Refusal(**refusal) for refusal in content["refused"]),
    )
