"""Mail: HTML with its pictures inside, and the same as text, over the server of an Apprise URL.

Apprise reads the URL and speaks SMTP. The mail itself is made here, since Apprise makes the text
part out of the HTML, without the links and the course of the series.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from pipelines.security.exchange import is_here
from pipelines.watch.letter import Letter
from pipelines.watch.mail_html import mail_html
from pipelines.watch.outgoing import ChannelError, Outgoing
from pipelines.watch.pictures import Picture, pictures
from pipelines.watch.text import text


def send_mail(service: Any, message: Outgoing, letter: Letter) -> None:
    """Send to everybody that the URL names. service: an Apprise NotifyEmail. Raises ChannelError,
    or OSError (of smtplib too)."""
    from apprise.plugins.email import smtp

    drawn = pictures(letter)
    controller: Any = smtp.AppriseSMTPController
    with controller(
        host=service.smtp_host,
        port=service.port,
        secure_mode=service.secure_mode,
        user=service.user,
        password=service.password,
        verify_certificate=service.verify_certificate,
        socket_connect_timeout=service.socket_connect_timeout,
    ) as server:
        refused = 0
        for name, address in service.targets:
            copies = service.cc - service.bcc - {address}
            hidden = service.bcc - {address}
            made = mail(letter, drawn, message)
            made["From"] = _address(service.from_addr[0], service.from_addr[1])
            made["To"] = _address(name, address)
            if copies:
                made["Cc"] = [_address(service.names.get(each), each) for each in sorted(copies)]
            if answers := service.reply_to - {address}:
                made["Reply-To"] = [_address(service.names.get(a), a) for a in sorted(answers)]
            domain = service.from_addr[1].rpartition("@")[2]
            # Of the key: a mail that is sent again after a crash is the same mail to its receiver.
            made["Message-ID"] = f"<{message.key}@{domain}>"
            for header, said in service.headers.items():
                if header not in made:
                    made[header] = said
            to = [address, *sorted(copies), *sorted(hidden)]
            refused += not server.sendmail(service.from_addr[1], to, made.as_bytes())
        if refused:
            raise ChannelError(f"the mail server refused {refused} of {len(service.targets)} mails")


def must_be_encrypted(service: Any, message: Outgoing) -> None:
    """Raises ChannelError where a mail would go over the internet as it is. service: an Apprise
    NotifyEmail."""
    is_open = service.secure_mode == "insecure" and not is_here(service.smtp_host)
    if is_open and not message.private_network:
        raise ChannelError(
            "the mail would go unencrypted: write mailtos:// for mailto://, or `private_network: "
            "true` of a mail server in your own network"
        )


def mail(letter: Letter, drawn: Sequence[Sequence[Picture]], message: Outgoing) -> EmailMessage:
    """The mail without its addresses: text, and HTML with the pictures that it shows."""
    made = EmailMessage(policy=SMTP)
    made["Subject"] = letter.title
    made["Date"] = format_datetime(message.at)
    made["Idempotency-Key"] = message.key
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies
    made.set_content(text(letter))
    made.add_alternative(mail_html(letter, drawn), subtype="html")
    html: Any = made.get_payload(1)
    for picture in (picture for of_entry in drawn for picture in of_entry):
        html.add_related(
            picture.png,
            "image",
            "png",
            cid=f"<{picture.name}>",
            filename=picture.name,
            disposition="inline",
        )
    return made


def _address(name: Any, address: str) -> Address:
    return Address(display_name=name or "", addr_spec=address)
