"""Delivers what is due, and tells the engineers over another channel of one that takes nothing."""

from __future__ import annotations

from dataclasses import replace

from pipelines.engineers import tell_engineers
from pipelines.publication import Clock, utc_now
from pipelines.settings import Home, Settings
from pipelines.watch import sending
from pipelines.watch.delivery import DeliveryResult, Send, deliver
from pipelines.watch.undelivered import undelivered


def deliver_now(
    home: Home, settings: Settings, clock: Clock = utc_now, *, send: Send = sending.send
) -> DeliveryResult:
    """As `delivery.deliver`, with the settings of a home."""

    def once() -> DeliveryResult:
        channels, zone = settings.alerts.channels, settings.zone
        return deliver(home.ledger, channels, clock, send=send, zone=zone)

    done = once()
    if done.errors and tell_failing(home, settings, clock):
        told = once()
        errors = tuple(dict.fromkeys((*done.errors, *told.errors)))
        done = replace(told, sent=done.sent + told.sent, failed=len(errors), errors=errors)
    return done


def tell_failing(home: Home, settings: Settings, clock: Clock = utc_now) -> int:
    """Tell the engineers once of each channel that has not taken its messages for long, over
    channels that do; how many messages were queued. The reason may hold what is not for a channel,
    so `koers status` tells it."""
    waiting = undelivered(home.ledger, settings.alerts.channels, clock())
    failing = [each for each in waiting if each.is_failing]
    queued = 0
    for each in failing:
        local = f"{each.since.astimezone(settings.zone):%Y-%m-%d %H:%M}"
        queued += tell_engineers(
            home,
            settings,
            key=f"undelivered/{each.channel}/{each.since.isoformat()}",
            title=f"Koers: channel {each.channel} takes no messages",
            body=f"{each.messages} messages to it wait since {local}. They are tried again until "
            "it takes them. `koers status` says why it does not; `koers alerts test "
            f"{each.channel}` tries it now.",
            clock=clock,
            without=[other.channel for other in failing],
        )
    return queued
