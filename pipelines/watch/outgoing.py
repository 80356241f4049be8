"""A message on its way to a channel."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from pipelines.watch.letter import Letter


class ChannelError(RuntimeError):
    """The channel did not take the message. The text may hold secrets until it is redacted. wait:
    how long it asked to be left alone, in seconds."""

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


@dataclass(frozen=True)
class Outgoing:
    """What goes out. letter: None for a message that an earlier Koers queued as text only. secret:
    signs it, where the channel is a signed webhook. private_network: whether it may go to an
    address of the own network. at: now, aware."""

    key: str
    owner: str
    title: str
    body: str
    publication_id: str = ""
    channel: str = ""
    letter: Letter | None = None
    secret: str | None = field(default=None, repr=False)
    private_network: bool = False
    at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    is_test: bool = False
