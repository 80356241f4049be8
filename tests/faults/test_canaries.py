"""Made-up secrets through a real run in which every account and channel fails and says them back:
none of them is in any byte that was written or said."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import subprocess
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from connectors.core.discover import discover
from pipelines.dbt import DbtError, run_dbt
from pipelines.sandbox import Fault, Sandbox, serve, vendors
from pipelines.sandbox.server import Call, Reply
from pipelines.security.exposure import open_paths
from pipelines.settings import DBT_PROJECT_DIR, Home, settings
from tests.commands import koers
from tests.faults.canaries import canary, leaks, plain_canary
from tests.test_nightly import DEALS

STATUSES = (400, 401, 403, 404, 302)


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


@dataclass
class Ran:
    home: Home
    tmp: Path
    said: list[Path]
    secrets: list[str]
    servers: list[Sandbox]
    runs: list[subprocess.CompletedProcess[str]]


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


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A night in which one file is read, every account is refused, and every channel fails."""
    root = tmp_path_factory.mktemp("canaries").resolve()
    home, tmp = Home(root / "home"), root / "tmp"
    tmp.mkdir()
    for folder, text in (
        ("hubspot", DEALS),
        ("organisation", "Medewerker;Team;Afdeling\nAnn;N;V\n"),
    ):
        (home.inbox / folder).mkdir(parents=True, mode=0o700)
        (home.inbox / folder / "file.csv").write_text(text)
    secrets = [plain_canary(number) for number in range(80, 86)]
    path, signing, password, pseudonym, links, token = secrets
    environment = {
        "KOERS_PSEUDONYM_KEY": pseudonym * 2, "KOERS_LINKS_KEY": links * 2, "TMPDIR": str(tmp),
        "KOERS_SIGNING": signing, "DBT_ENV_SECRET_X": token,
        "XDG_CONFIG_HOME": str(root / "config"),
    }  # fmt: skip
    with ExitStack() as stack:
        servers = []
        for number, (name, vendor) in enumerate(sorted(vendors().items())):
            variables = discover()[name].api.variables  # type: ignore[union-attr]
            if any(each.kept or each.is_document for each in variables):
                continue
            server = stack.enter_context(serve(SaysItBack(STATUSES[number % len(STATUSES)])))
            servers.append(server)
            given = vendor.environment(server.url)
            for each, variable in enumerate(v for v in variables if v.secret and v.name in given):
                secrets.append(plain_canary(number * 4 + each))
                given[variable.name] = secrets[-1]
            environment |= given
        hook = stack.enter_context(serve(SaysItBack(500)))
        servers.append(hook)
        environment["KOERS_HOOK"] = f"json://user:{password}@127.0.0.1:{hook.port}/{path}"
        environment["KOERS_SIGNED"] = f"{hook.url}/{path}"
        environment["KOERS_MAIL"] = (
            f"mailto://user:{password}@127.0.0.1:1?from=a@b.example&to=c@b.nl"
        )
        channels = ["{name: hook, url_env: KOERS_HOOK}", "{name: mail, url_env: KOERS_MAIL}"]
        channels.append("{name: signed, url_env: KOERS_SIGNED, secret_env: KOERS_SIGNING}")
        channels.append("{name: data, url_env: KOERS_HOOK, owners: [data]}")
        home.settings_file.write_text(
            "alerts:\n  links_url: http://127.0.0.1:3080\n  channels:\n"
            + "".join(f"    - {channel}\n" for channel in channels)
        )
        home.settings_file.chmod(0o600)  # Koers did not make it
        before = os.umask(0o022)
        try:
            runs = [koers(home, *each, **environment) for each in (
                ["run"], ["connect", "hubspot"], ["connect", "matomo"], ["alerts", "test"],
                ["status"],
            )]  # fmt: skip
        finally:
            os.umask(before)
    said = []
    for number, done in enumerate(runs):
        said.append(root / f"said-{number}.txt")
        said[-1].write_text(done.stdout + done.stderr)
    return Ran(home, tmp, said, secrets, servers, runs)


@pytest.mark.nightly
@pytest.mark.xdist_group("canaries")
@pytest.mark.fault("G3")
def test_no_secret_is_in_any_byte_that_was_written_or_said(ran: Ran) -> None:
    assert ran.runs[0].returncode == 3, ran.runs[0].stderr
    assert "hubspot.deals: 3 read, 2 loaded, 1 rejected" in ran.runs[0].stdout
    # The other side must have got them, or this shows nothing.
    got = b"".join(each for server in ran.servers for each in server.saw)
    assert all(server.saw for server in ran.servers)
    assert sum(secret.encode() in got for secret in ran.secrets) > len(ran.secrets) / 2
    assert any(ran.home.dagster.rglob("*.db"))
    assert any(ran.home.dbt_logs.rglob("*"))
    assert leaks(ran.secrets, [ran.home.root, ran.tmp, *ran.said]) == []


@pytest.mark.nightly
@pytest.mark.xdist_group("canaries")
@pytest.mark.fault("G15")
def test_after_a_run_all_is_private_and_nothing_is_pickled(ran: Ran) -> None:
    """Its folders in the inbox are those that somebody else made."""
    assert [path for path in open_paths(ran.home.root) if ran.home.inbox not in path.parents] == []
    files = [file for file in ran.home.root.rglob("*") if file.is_file()]
    assert len(files) > 100
    assert [file for file in files if file.read_bytes()[:2] in (b"\x80\x04", b"\x80\x05")] == []


@pytest.mark.nightly
@pytest.mark.xdist_group("canaries")
@pytest.mark.fault("G7")
def test_a_model_reads_no_file_and_no_secret(ran: Ran, tmp_path: Path) -> None:
    """Whoever may write a model may not read the machine with it."""
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT_DIR, project)
    (project / "models" / "quality" / "evil.sql").write_text(
        "select content, '{{ env_var('KOERS_SIGNING', 'none') }}' as said "
        "from read_text('/etc/hostname')"
    )
    home = Home(tmp_path / "home")
    home.landing.mkdir(parents=True)
    with pytest.raises(DbtError, match="disabled by configuration"):
        run_dbt(["build", "--select", "evil"], home, settings(home), project=project)
    made = next(home.dbt_target.rglob("run/**/evil.sql"))
    assert "'none' as said" in made.read_text()
