"""Sends one message to one channel, laid out as its service shows it best.

Apprise reads the URL and speaks to the service. Mail, Slack and Teams get a layout of their own;
every other service gets text, as much of it as the service takes.
"""

from __future__ import annotations

import warnings
from typing import Any

from pipelines.security.exchange import DEADLINE_SECONDS, bounded
from pipelines.watch.chat import slack, teams
from pipelines.watch.letter import Letter
from pipelines.watch.mail import must_be_encrypted, send_mail
from pipelines.watch.mail_html import mail_html
from pipelines.watch.outgoing import ChannelError, Outgoing
from pipelines.watch.pictures import pictures
from pipelines.watch.redaction import private_logs
from pipelines.watch.text import text_within
from pipelines.watch.webhook import send_signed

_ROOM = 20
"""Characters for what a service puts between title and text."""


def send(url: str, message: Outgoing) -> None:
    """Send one message; raises ChannelError or OSError if it was not taken. Redirects are not
    followed: they would take the secret elsewhere. Where it may go, and how much is read of what
    comes back, is bounded (`security.exchange`)."""
    with bounded(private_network=message.private_network) as exchange:
        try:
            if message.secret is not None:
                with private_logs():
                    send_signed(url, message)
            else:
                send_by_apprise(url, message)
        except Exception as error:
            # The library tells that there was no connection, not that none was made.
            if exchange.refused is not None:
                raise ChannelError(str(exchange.refused)) from None
            if exchange.expired:
                raise ChannelError(f"no whole exchange in {DEADLINE_SECONDS:g} s") from error
            raise


def send_by_apprise(url: str, message: Outgoing) -> None:
    """The same over an Apprise URL."""
    # Apprise takes a second to load its hundred services: only when there is something to send.
    import apprise

    asset = apprise.AppriseAsset(
        app_id="Koers", app_desc="Koers", storage_mode="memory", http_redirects=False
    )
    with private_logs() as said, warnings.catch_warnings():
        # On loading its services it imports what their libraries call deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        service = apprise.Apprise.instantiate(url, asset=asset)
        if service is None:
            raise ChannelError("no Apprise URL of a known service: " + "; ".join(said))
        for name, field in (("payload_extras", "dedup_key"), ("headers", "Idempotency-Key")):
            extras = getattr(service, name, None)
            if isinstance(extras, dict):
                extras[field] = message.key
        try:
            taken = _take(service, message)
        except ChannelError as error:
            raise ChannelError("; ".join((str(error), *said))) from error
        if not taken:
            raise ChannelError("; ".join(said) or "the service did not take the message")


def _take(service: Any, message: Outgoing) -> bool:
    from apprise.plugins.email.base import NotifyEmail
    from apprise.plugins.slack import NotifySlack, SlackMode
    from apprise.plugins.workflows import NotifyWorkflows

    letter = message.letter
    if isinstance(service, NotifyEmail):
        must_be_encrypted(service, message)
    if letter is None:
        return _notify(service, message, message.body)
    if isinstance(service, NotifyEmail) and service.pgp_mode == "no":
        send_mail(service, message, letter)
        return True
    if _is_mail(service):
        return _html(service, message, letter)
    # A template in the URL is what its owner wants to see; a workflow of Slack takes text only.
    by_workflow = (SlackMode.WORKFLOW, SlackMode.WORKFLOW_TRIGGER)
    kind, own = type(service), getattr(service, "template", None)
    if kind is NotifySlack and not own and service.mode not in by_workflow:
        attachment = slack(letter)
        # Without a template Apprise makes one block of the text, longer than Slack takes.
        _gives(service, attachment, use_blocks=True, template=(attachment,))
    elif kind is NotifyWorkflows and not own:
        _gives(service, teams(letter))
    most = max(service.body_maxlen - len(letter.title) - _ROOM, 0)
    return _notify(service, message, text_within(letter, most))


def _gives(service: Any, payload: Any, **more: Any) -> None:
    """Let a service send this payload instead of one that it makes of the text."""
    service.gen_payload = lambda *_, **__: payload
    for name, setting in more.items():
        setattr(service, name, setting)


def _is_mail(service: Any) -> bool:
    """Services that send mail by an API, and mail with PGP: those whose own format is HTML."""
    from apprise import NotifyFormat
    from apprise.plugins.email.base import NotifyEmail

    return isinstance(service, NotifyEmail) or type(service).notify_format == NotifyFormat.HTML


def _html(service: Any, message: Outgoing, letter: Letter) -> bool:
    """HTML with the pictures beside it: such a service cannot put them inside."""
    import apprise
    from apprise.attachment import memory

    in_memory: Any = memory.AttachMemory
    attached = apprise.AppriseAttachment()
    if service.attachment_support:
        for of_entry in pictures(letter):
            for picture in of_entry[:1]:
                attached.add(in_memory(picture.png, name=picture.name, mimetype="image/png"))
    return _notify(service, message, mail_html(letter), apprise.NotifyFormat.HTML, attached or None)


def _notify(
    service: Any, message: Outgoing, body: str, body_format: Any = None, attach: Any = None
) -> bool:
    import apprise

    sender = apprise.Apprise(asset=service.asset)
    sender.add(service)
    taken = sender.notify(
        title=message.title,
        body=body,
        notify_type=apprise.NotifyType.WARNING,
        body_format=body_format or apprise.NotifyFormat.TEXT,
        attach=attach,
    )
    return bool(taken)
