"""Where requests with credentials and messages with figures may go, and what is read of the answer.
Nothing here leaves loopback."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.api.auth import Header
from connectors.core.api.client import Client
from connectors.core.api.messages import Request
from connectors.core.api.transport import HttpTransport
from connectors.core.api.values import Variable, resolve
from connectors.core.errors import SourceError, UnsafeAddressError
from pipelines.security import exchange
from pipelines.security.exchange import LARGEST_ANSWER, RefusedAddressError, bounded, check
from pipelines.settings import Channel, Home, Settings, SettingsError, settings
from pipelines.watch.delivery import try_channel
from pipelines.watch.outgoing import ChannelError, Outgoing
from pipelines.watch.sending import send
from tests.faults.listening import Listener, listening

MESSAGE = Outgoing(key="key-1", owner="eva", title="Title", body="Body")
SIGNED = replace(MESSAGE, secret="a-secret-of-24-characters")
INSIDE = ["127.0.0.1", "10.9.8.7", "192.168.3.4", "fd00::7", "169.254.169.254", "10.0.0.1"]
"""What pytest-socket lets through, so that it is Koers that refuses. Nothing is there."""
SECRET = "s3cret-of-the-account"


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Listener]]:
    """The account's own server, and others on the same machine that are not the account's."""
    with (
        listening() as own,
        listening() as other,
        listening("::1") as sixth,
    ):
        yield {"own": own, "other": other, "sixth": sixth}


def client(own: Listener) -> Client:
    base = f"http://127.0.0.1:{own.port}"
    values = resolve([Variable("KEY", "A key.", secret=True)], {"KEY": SECRET})
    auth = Header("Authorization", SECRET)
    return Client("tool", base, transport=HttpTransport(base), auth=auth, values=values)


def forms(port: int, sixth: int) -> st.SearchStrategy[str]:
    """URLs that lead elsewhere, or would if they were taken apart carelessly."""
    own, host = "127.0.0.1", st.sampled_from
    elsewhere = [
        f"http://localhost:{port}", f"http://[::1]:{sixth}", f"http://127.0.0.2:{port}",
        f"http://2130706433:{port}", f"http://0x7f000001:{port}", f"http://127.1:{port}",
        f"http://[::ffff:127.0.0.1]:{port}", f"http://0.0.0.0:{port}", f"https://{own}:{port}",
        f"http://{own}.:{port}", "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/",
        f"http://{own}:{port}", f"//{own}:{port}", f"///{own}:{port}", f"HTTP://{own}:{port}",
        f"http:\\\\{own}:{port}", f"http://{own}:{port}\\@{own}", f"http://{own}%3a{port}",
        f"ftp://{own}:{port}", "file:///etc/passwd", f"gopher://{own}:{port}", "javascript:1",
        f"http://user@{own}:{port}", f"http://user:pass@{own}:{port}", f"http://{own}@localhost:{port}",
        f"http://{own}#@localhost:{port}", f"http://①②⑦.⓪.⓪.①:{port}", f"http://local\thost:{port}",
        f"http://evil.example:{port}",
    ]  # fmt: skip
    path = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
    spelled = st.sampled_from([str, str.upper, lambda url: url.replace("0", "%30"), str.strip])
    return st.builds(lambda at, how, rest: f"{how(at)}/{rest}", host(elsewhere), spelled, path)


@pytest.mark.fault("G1")
def test_no_address_that_an_answer_names_gets_a_byte(servers: dict[str, Listener]) -> None:
    """Every form is tried as a link to the next page. Those that are read as a path go to the
    account's own server, and to nobody else."""
    own, other, sixth = servers["own"], servers["other"], servers["sixth"]
    asking = client(own)
    tried = []

    @given(forms(other.port, sixth.port))
    def follow(url: str) -> None:
        tried.append(url)
        with contextlib.suppress(SourceError, UnsafeAddressError):
            asking.send(Request(url, repeatable=False), expect="any")
        assert other.came == sixth.came == 0, url

    follow()
    asking.close()
    assert len(set(tried)) > 25
    # And the others do answer whoever comes: else nothing was shown.
    with socket.create_connection(("127.0.0.1", other.port)) as visitor:
        visitor.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert visitor.recv(100)
    assert other.came == 1
    other.came = 0


@pytest.mark.fault("G1")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["http://localhost:{port}/", "//127.0.0.1:{port}/", "http://[::1]:{sixth}/"])  # fmt: skip  # noqa: E501
def test_no_redirect_is_followed(servers: dict[str, Listener], status: int, to: str) -> None:
    link = to.format(port=servers["other"].port, sixth=servers["sixth"].port)
    reply = f"HTTP/1.1 {status} Moved\r\nLocation: {link}\r\nContent-Length: 0\r\n\r\n"
    with listening(reply=reply.encode()) as own:
        asking = client(own)
        with pytest.raises(UnsafeAddressError, match="redirect") as told:
            asking.send(Request("/x"))
        asking.close()
        assert own.came == 1
        assert SECRET not in str(told.value)
    assert servers["other"].came == servers["sixth"].came == 0


@pytest.mark.fault("G2")
@pytest.mark.parametrize(
    ("host", "where"),
    [
        ("10.0.0.1", "private"), ("172.16.9.9", "private"), ("192.168.1.1", "private"),
        ("100.64.0.1", "private"), ("fd00::1", "private"), ("::ffff:10.0.0.1", "private"),
        ("192.0.2.1", "private"), ("198.18.0.1", "private"),
        ("169.254.169.254", "never"), ("fe80::1", "never"), ("fe80::1%eth0", "never"),
        ("0.0.0.0", "never"), ("::", "never"),  # noqa: S104
        ("224.0.0.1", "never"), ("ff02::1", "never"),
        ("::ffff:169.254.169.254", "never"),
        ("127.0.0.1", "here"), ("127.9.9.9", "here"), ("::1", "here"), ("::ffff:127.0.0.1", "here"),
        ("93.184.216.34", "public"), ("2606:4700:4700::1111", "public"),
    ],
)  # fmt: skip
def test_what_kind_of_address_it_is(host: str, where: str) -> None:
    def passes(private_network: bool) -> bool:
        try:
            check(host, private_network=private_network)
        except RefusedAddressError:
            return False
        return True

    assert passes(False) == (where in ("here", "public"))
    assert passes(True) == (where != "never")


@pytest.mark.fault("G2")
@pytest.mark.allow_hosts(INSIDE)
@pytest.mark.parametrize("message", [MESSAGE, SIGNED], ids=["apprise", "signed"])
@pytest.mark.parametrize("host", ["10.9.8.7", "192.168.3.4", "[fd00::7]", "169.254.169.254"])
def test_a_webhook_inside_the_network_is_refused_before_a_connection(
    message: Outgoing, host: str
) -> None:
    """It is refused at once: at a connection there would be a timeout."""
    scheme = "https" if message.secret else "jsons"
    with pytest.raises(ChannelError, match="its host is"):
        send(f"{scheme}://{host}:65530/hook", message)


@pytest.mark.fault("G1", "G2")
@pytest.mark.allow_hosts(INSIDE)
def test_a_name_that_changes_its_address_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the name is public when it is looked at, and private when it is used."""
    answers = iter(["93.184.216.34", "10.0.0.1", "10.0.0.1", "10.0.0.1"])
    asked = []

    def resolving(host: str, port: int, *_: object, **__: object) -> list[object]:
        asked.append(host)
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolving)
    assert socket.getaddrinfo("rebinding.example", 443)[0][4][0] == "93.184.216.34"
    with pytest.raises(ChannelError, match=r"its host is 10\.0\.0\.1"):
        send("jsons://rebinding.example/hook", MESSAGE)
    assert len(asked) >= 2


@pytest.mark.fault("G2")
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("json://hooks.example.org/x", MESSAGE),
        ("xml://hooks.example.org/x", MESSAGE),
        ("http://hooks.example.org/x", SIGNED),
        ("mailto://user:pass@mail.example.org", replace(MESSAGE, letter=None)),
    ],
)
def test_nothing_goes_over_the_internet_unencrypted(url: str, message: Outgoing) -> None:
    with pytest.raises(ChannelError, match=r"unencrypted|its host is|https"):
        send(url, message)


@pytest.mark.fault("G2")
@pytest.mark.parametrize("message", [MESSAGE, SIGNED], ids=["apprise", "signed"])
def test_a_channel_follows_no_redirect(message: Outgoing) -> None:
    with listening() as other:
        reply = f"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:{other.port}/\r\n\r\n"
        with listening(reply=reply.encode()) as hook:
            scheme = "http" if message.secret else "json"
            with pytest.raises(ChannelError):
                send(f"{scheme}://127.0.0.1:{hook.port}/x", message)
            assert hook.came == 1
        assert other.came == 0


@pytest.mark.fault("G2")
def test_a_channel_in_the_own_network_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    monkeypatch.setenv("KOERS_HOOK", "jsons://10.0.0.1/x")
    for own in (False, True):
        channel = Channel(name="hook", url_env="KOERS_HOOK", private_network=own)
        try_channel(channel, send=lambda _, message: sent.append(message.private_network))
    assert sent == [False, True]


@pytest.mark.fault("G2")
@pytest.mark.parametrize("name", ["report_url", "links_url"])
@pytest.mark.parametrize(
    "url",
    ["http://koers.example.org", "ftp://x", "https://u:p@x.example", "https://x.example/?a=1", "x"],
)
def test_addresses_in_messages_are_encrypted_ones(name: str, url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Settings.model_validate({"alerts": {name: url}})


@pytest.mark.fault("G18")
@pytest.mark.parametrize("message", [MESSAGE, SIGNED], ids=["apprise", "signed"])
@pytest.mark.parametrize("status", ["200 OK", "500 Bad"])
def test_an_endless_answer_is_not_read(message: Outgoing, status: str) -> None:
    reply = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n\r\n{'secret-words ' * 8}".encode()
    with listening(reply=reply, endless=True) as hook:
        scheme = "http" if message.secret else "json"
        try:
            send(f"{scheme}://127.0.0.1:{hook.port}/x", message)
            told = ""
        except ChannelError as error:
            told = str(error)
        assert bool(told) == status.startswith("500")
        assert "secret-words" not in told
    assert hook.came == 1
    # What the kernel buffers on both sides is sent beside what is read.
    assert LARGEST_ANSWER < hook.sent < 40 * 1024 * 1024


@pytest.mark.fault("G18")
@pytest.mark.parametrize("message", [MESSAGE, SIGNED], ids=["apprise", "signed"])
def test_an_answer_that_drips_has_a_deadline(
    message: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quick(**options: bool) -> object:
        return bounded(deadline_seconds=0.5, **options)

    monkeypatch.setattr("pipelines.watch.sending.bounded", quick)
    with listening(reply=b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 900, seconds=0.05) as hook:
        scheme = "http" if message.secret else "json"
        began = time.monotonic()
        with pytest.raises(ChannelError, match="no whole exchange"):
            send(f"{scheme}://127.0.0.1:{hook.port}/x", message)
    assert time.monotonic() - began < 15
    assert 0 < hook.sent < 900


@pytest.mark.fault("G18")
@pytest.mark.allow_hosts(INSIDE)
def test_bounds_end_with_their_block() -> None:
    with listening() as near, bounded() as held:
        with socket.create_connection(("127.0.0.1", near.port)):
            pass
        assert held.refused is None
    with bounded(), socket.socket() as line, pytest.raises(RefusedAddressError):
        line.connect(("10.0.0.1", 80))
    assert exchange._held.get() is None


@pytest.mark.fault("G4")
@pytest.mark.parametrize("field", ["url_env", "secret_env"])
@pytest.mark.parametrize("secret", ["https://hooks.slack.com/services/T0/B0/Xy", "whsec_abc+/=", "p ss"])  # fmt: skip  # noqa: E501
def test_a_secret_in_the_settings_is_refused_and_not_said_back(
    koers_home: Home, field: str, secret: str
) -> None:
    koers_home.root.mkdir(parents=True)
    channel = {"name": "hook", "url_env": "KOERS_HOOK", field: secret}
    said = ", ".join(f'{name}: "{value}"' for name, value in channel.items())
    koers_home.settings_file.write_text(f"alerts: {{channels: [{{{said}}}]}}\n")
    with pytest.raises(SettingsError, match="environment variable") as told:
        settings(koers_home)
    assert secret not in str(told.value)
    assert told.value.__cause__ is None


@pytest.mark.fault("G4")
@pytest.mark.parametrize("line", ['url: "{secret}"', "url_env: {secret}: x", "password: {secret}"])
def test_a_secret_on_a_line_that_is_wrong_is_not_said_back(koers_home: Home, line: str) -> None:
    koers_home.root.mkdir(parents=True)
    secret = quote("xoxb-secret-of-a-channel")
    koers_home.settings_file.write_text(
        f"alerts:\n  channels:\n    - name: a\n      {line.format(secret=secret)}\n"
    )
    with pytest.raises(SettingsError) as told:
        settings(koers_home)
    assert secret not in str(told.value)
