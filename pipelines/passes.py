"""What one pass over a connector, its inbox and its API, did: recorded under `state/ingest/`."""

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
    left_out: int = 0


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken; `stream` is None when it could not be told."""

    name: str
    stream: str | None
    reason: str


@dataclass(frozen=True)
class Trouble:
    """A stream of the API that could not be read to its end, and why; `stream` is None when it is
    the account. `is_failure` is False for what this account does not have."""

    stream: str | None
    reason: str
    is_failure: bool = True


@dataclass(frozen=True)
class Pass:
    """What one pass did. `at` is UTC, ISO 8601. `requests` were made of the API."""

    connector: str
    at: str
    loads: tuple[Load, ...] = ()
    refused: tuple[Refusal, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    requests: int = 0
    retries: int = 0

    @property
    def failed(self) -> str | None:
        """What went wrong with the API, if anything did."""
        reasons = [trouble.reason for trouble in self.troubles if trouble.is_failure]
        return "\n".join(dict.fromkeys(reasons)) or None

    def of(self, stream: str) -> tuple[Load, ...]:
        """The loads of a stream."""
        return tuple(load for load in self.loads if load.stream == stream)


def record_pass(home: Home, done: Pass) -> None:
    """Keep a pass as the last one of its connector."""
    records.write(records.ingest_record(home, done.connector), asdict(done))


def last_pass(home: Home, connector: str) -> Pass | None:
    """The last pass as it was recorded; None before the first, and
    where the record is broken."""
    content = records.read(records.ingest_record(home, connector))
    try:
        return Pass(
            content["connector"],
            content["at"],
            tuple(Load(**load) for load in content["loads"]),
            tuple(Refusal(**refusal) for refusal in content["refused"]),
            tuple(Trouble(**trouble) for trouble in content.get("troubles", [])),
            content.get("requests", 0),
            content.get("retries", 0),
        )
    except (KeyError, TypeError):  # none, or one that is broken
        return None
