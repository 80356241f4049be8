"""Made-up secrets to accounts and channels that refuse and say them back: none of them is in any
byte that was written or said."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import traceback
import zipfile
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from connectors.core.errors import SourceError
from pipelines.sandbox import Fault, serve, vendors
from pipelines.sandbox.server import Call, Reply
from pipelines.settings import Channel, Home
from pipelines.watch.delivery import try_channel
from tests.api.pulling import CONNECTORS, Account, failures
from tests.faults.canaries import canary, leaks, plain_canary


class SaysItBack:
    """Refuses whatever it is asked, with all that it was asked in the answer."""

    def __init__(self, status: int) -> None:
        self.status = status

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        said = f"{call.path} {dict(call.params)} {dict(call.headers)} {call.body.decode('latin-1')}"
        plain = " ".join(call.headers.values())
        body = {"message": plain, "error": plain, "error_description": said, "errors": [said]}
        headers = {"Location": f"https://elsewhere.example/?{plain}", "X-Said": plain[:200]}
        return Reply(body, self.status, headers if self.status == 302 else {})


@pytest.mark.fault("G3")
def test_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    """In every way of writing and packing: else that nothing is found shows nothing."""
    secret = canary(1)
    planted = {
        "plain.log": f"x {secret} y".encode(),
        "query.log": b"GET /?key=" + quote(secret, safe="").encode(),
        "json.log": json.dumps({"a": secret}).encode(),
        "nested.log": json.dumps({"a": json.dumps(secret)}).encode(),
        "hex.log": secret.encode().hex().encode(),
        "b64-0": base64.b64encode(secret.encode()),
        "b64-1": base64.b64encode(b"u" + secret.encode()),
        "b64-2": base64.urlsafe_b64encode(b"us" + secret.encode() + b":p"),
        "packed.gz": gzip.compress(secret.encode()),
        "utf16.txt": secret.encode("utf-16"),
    }
    for name, content in planted.items():
        (tmp_path / name).write_bytes(content)
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.gz", gzip.compress(secret.encode()))
    with duckdb.connect(str(tmp_path / "packed.duckdb")) as db:
        db.execute(
            "create table t as select repeat('x', 20) as a, ? as b from range(5000)", [secret]
        )
        db.execute(f"copy t to '{tmp_path / 'packed.parquet'}' (format parquet, compression zstd)")
    found = {line.split(": ")[0].rsplit("/", 1)[-1] for line in leaks([secret], [tmp_path])}
    assert found == {*planted, "packed.zip", "packed.duckdb", "packed.parquet"}
    assert leaks([canary(2)], [tmp_path]) == []


@pytest.mark.fault("G3")
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 500])
def test_an_account_that_says_secrets_back_has_them_kept_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """Every connector, with each of its secrets made up."""
    secrets, told, got = [], [], b""
    for number, (name, vendor) in enumerate(sorted(vendors().items())):
        variables = CONNECTORS[name].api.variables  # type: ignore[union-attr]
        if any(each.kept or each.is_document for each in variables):
            continue  # files: tests/faults/test_rotating_tokens.py, tests/api/test_web_analytics.py
        with serve(SaysItBack(status)) as server, caplog.at_level(logging.DEBUG):
            given = vendor.environment(server.url)
            for each, variable in enumerate(v for v in variables if v.secret and v.name in given):
                secrets.append(plain_canary(number * 4 + each))
                given[variable.name] = secrets[-1]
            account = Account(CONNECTORS[name], vendor, None, server, tmp_path / "home", given)
            try:
                told += failures(account.pull(name)).values()
            except SourceError as error:
                told.append("".join(traceback.format_exception(error)))
            got += b"".join(server.saw)
    (tmp_path / "told.txt").write_text("\n".join(told) + caplog.text)
    assert len(told) > 5
    assert sum(secret.encode() in got for secret in secrets) > len(secrets) / 3
    assert leaks(secrets, [tmp_path]) == []


@pytest.mark.fault("G3")
@pytest.mark.parametrize("status", [302, 400, 500])
def test_a_channel_that_says_secrets_back_has_them_kept_nowhere(
    koers_home: Home, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    path, password, signing = (plain_canary(number) for number in range(80, 83))
    koers_home.root.mkdir()
    with serve(SaysItBack(status)) as hook, caplog.at_level(logging.DEBUG):
        environment = {
            "HOOK": f"json://user:{password}@127.0.0.1:{hook.port}/{path}",
            "SIGNED": f"{hook.url}/{path}", "SIGNING": signing,
            "MAIL": f"mailto://user:{password}@127.0.0.1:1?from=a@b.example&to=c@b.example",
        }  # fmt: skip
        names = {"url_env": "SIGNED", "secret_env": "SIGNING"}  # pragma: allowlist secret
        signed = Channel(name="signed", **names)
        channels = [Channel(name=name, url_env=name.upper()) for name in ("hook", "mail")]
        told = [try_channel(each, environment=environment) for each in (*channels, signed)]
        assert path.encode() in b"".join(hook.saw)
    assert all(told)
    (koers_home.root / "told.txt").write_text("\n".join(map(str, told)) + caplog.text)
    assert leaks([path, password, signing], [koers_home.root]) == []
