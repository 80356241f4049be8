"""What stands open: files, servers, connections, dependencies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines import dagster_home, up
from pipelines.cli import app
from pipelines.dbt import DbtError, dbt_env, run_dbt
from pipelines.operations.proc import listening
from pipelines.publication import open_publication, publish, roll_back
from pipelines.security.environment import secret_names
from pipelines.security.exposure import Exposed, open_paths, readable, secret_files
from pipelines.security.locked import locked
from pipelines.security.sharing import let_through
from pipelines.security.ui import OwnPagesOnly
from pipelines.settings import DBT_PROJECT_DIR, PROJECT_DIR, Channel, Home, Settings
from pipelines.watch.ledger import open_ledger
from tests.publication.tiny import fact, month, warehouse

ROWS = [fact("revenue", "org", month(1), 1.0, "on_course")]


@pytest.fixture
def ordinary_umask() -> Iterator[None]:
    """As a shell has it: what is made may be read by all."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def modes(home: Home) -> dict[str, int]:
    return {
        str(path.relative_to(home.root)): path.stat().st_mode & 0o777
        for path in (home.root, *home.root.rglob("*"))
        if not path.is_symlink()
    }


@pytest.mark.fault("G15")
@pytest.mark.usefixtures("ordinary_umask")
def test_what_koers_writes_is_for_its_own_account(koers_home: Home) -> None:
    """The command line sets how files are made; who lists the KPIs needs nothing else."""
    assert CliRunner().invoke(app, ["connect"]).exit_code == 0
    publish(warehouse(koers_home.warehouse, ROWS), koers_home, run_id="run", keep=2)
    with open_ledger(koers_home.ledger):
        pass
    dagster_home.prepare(koers_home)
    found = modes(koers_home)
    assert len(found) > 20
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o077} == {}
    assert list(open_paths(koers_home.root)) == []


@pytest.mark.fault("G15")
@pytest.mark.usefixtures("ordinary_umask")
@pytest.mark.parametrize("shared", [False, True])
def test_a_publication_is_shared_with_the_group_only_where_it_is_said(
    koers_home: Home, shared: bool
) -> None:
    os.umask(0o077)
    made = warehouse(koers_home.warehouse, ROWS)
    first = publish(made, koers_home, run_id="1", keep=3, shared=shared)
    publish(made, koers_home, run_id="2", keep=3, shared=shared)
    roll_back(koers_home, first)
    found = modes(koers_home)
    group = {name for name, mode in found.items() if mode & 0o070}
    assert not [name for name, mode in found.items() if mode & 0o007]
    assert not [name for name in group if name.startswith(("warehouse", "state"))]
    assert ("published/management/koers.duckdb" in group) == shared
    assert ("published/management/manifest.json" in group) == shared
    assert (found["."] == 0o710) == shared
    assert not [name for name, mode in found.items() if mode & 0o020], "nobody else may change it"
    told = exposed(koers_home, Settings(share_with_group=shared), {})
    assert told == []


def exposed(home: Home, settings: Settings, environment: dict[str, str]) -> list[Exposed]:
    return [*readable(home, settings), *secret_files(environment, settings)]


@pytest.mark.fault("G15")
def test_the_bit_that_hands_a_group_on_stays(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    folder.mkdir(mode=0o700)
    folder.chmod(0o2700)
    let_through(tmp_path, folder, shared=True)
    assert folder.stat().st_mode & 0o7777 == 0o2750


@pytest.mark.fault("G15")
def test_the_doctor_is_told_what_stands_open(koers_home: Home, tmp_path: Path) -> None:
    koers_home.landing.mkdir(parents=True)
    koers_home.root.chmod(0o755)
    koers_home.landing.chmod(0o755)
    key = tmp_path / "key"
    key.write_text("a-key")
    key.chmod(0o644)
    found = exposed(koers_home, Settings(), {"KOERS_PSEUDONYM_KEY_FILE": str(key)})
    assert [each for each in found if str(koers_home.landing) in each.what]
    assert [each for each in found if str(key) in each.what and "chmod 600" in each.remedy]
    koers_home.landing.chmod(0o700)
    key.chmod(0o600)
    assert exposed(koers_home, Settings(), {"KOERS_PSEUDONYM_KEY_FILE": str(key)}) == []


LOCKED_OUT = [
    "from read_csv('/etc/passwd')", "from read_text('/etc/passwd')", "from '/etc/passwd'",
    "from read_blob('/etc/passwd')", "from glob('/etc/*')", "from read_parquet('https://127.0.0.1/x')",
    "copy (select 1) to '{here}/x.csv'", "copy dim_kpi to '{here}/x.parquet'",
    "export database '{here}/all'", "attach '{here}/other.duckdb'", "install httpfs",
    "set enable_external_access = true", "set lock_configuration = false",
    "set autoinstall_known_extensions = true", "set temp_directory = '{here}'",
    "reset enable_external_access", "pragma enable_profiling='json'",
    "load '{here}/x.duckdb_extension'",
    "create secret x (type http)", "import database '{here}'",
]  # fmt: skip


@pytest.mark.fault("G7")
@pytest.mark.parametrize("statement", LOCKED_OUT)
def test_who_reads_a_publication_reads_nothing_else(
    koers_home: Home, tmp_path: Path, statement: str
) -> None:
    made = publish(warehouse(koers_home.warehouse, ROWS), koers_home, run_id="run", keep=1)
    before = sorted(tmp_path.rglob("*"))
    with open_publication(made) as db:
        assert db.execute("select count(*) from fct_kpi_status").fetchone() == (1,)
        with pytest.raises(duckdb.Error):
            db.execute(statement.format(here=tmp_path)).fetchall()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.fault("G7")
def test_without_the_lock_the_same_statements_do_pass(tmp_path: Path) -> None:
    """Else the test above shows nothing."""
    with duckdb.connect() as db:
        assert db.execute("from read_text('/etc/passwd')").fetchall()
    with locked() as db, pytest.raises(duckdb.Error, match="disabled"):
        db.execute("from read_text('/etc/passwd')")


@pytest.mark.fault("G3", "G7")
def test_dbt_gets_no_secret(koers_home: Home) -> None:
    names = {"url_env": "MY_HOOK", "secret_env": "MY_SIGN"}  # pragma: allowlist secret
    channels = [Channel(name="a", **names)]
    settings = Settings(alerts={"channels": channels})  # type: ignore[arg-type]
    given = dict.fromkeys(secret_names(settings), "canary") | {
        "PATH": "/bin", "KOERS_LOG": "json",
        **dict.fromkeys(("AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "GITHUB_TOKEN"), "canary"),
    }  # fmt: skip
    assert {"MY_HOOK", "MY_SIGN", "KOERS_PSEUDONYM_KEY", "KOERS_HUBSPOT_TOKEN_FILE"} <= given.keys()
    found = dbt_env(koers_home, settings, base=given)
    assert "canary" not in found.values()
    assert found["PATH"] == "/bin"
    assert found["KOERS_LOG"] == "json"


@pytest.mark.fault("G11")
def test_the_servers_of_koers_up_listen_on_this_machine_only(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, list[str]] = {}

    class Ended:
        returncode = 1

        def poll(self) -> int:
            return 1

    @contextlib.contextmanager
    def children(commands: dict[str, list[str]], environment: dict[str, str]) -> Iterator[Any]:
        started.update(commands)
        assert environment["KOERS_UI_HOSTS"] == "koers.example.org"
        yield {name: Ended() for name in commands}

    for name in ("prepare_manifest", "_end_dead_runs", "_refuse_taken"):
        monkeypatch.setattr(up, name, lambda *_: None)
    monkeypatch.setattr(up, "_children", children)
    chosen = Settings(ui_hosts=["koers.example.org"])
    with pytest.raises(up.UpError):
        up.up(koers_home, chosen, port=3999, say=lambda _: None)
    assert started["UI"][1:7] == ["-m", "pipelines.security.ui", "-h", "127.0.0.1", "-p", "3999"]


def asked(app: OwnPagesOnly, scope: dict[str, Any]) -> int:
    """The status of an answer; 0 for a web socket that is let through."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return int(sent[0].get("status", sent[0].get("code", 0)))


async def _ui(scope: Any, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


OWN = {"host": "127.0.0.1:3000", "content-type": "application/json"}
SAME = {"origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-origin"}


@pytest.mark.fault("G11")
@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "status"),
    [
        ("GET", "/", "", OWN, 200),
        ("GET", "/runs", "", {**OWN, "sec-fetch-site": "cross-site"}, 200),
        ("POST", "/graphql", "", OWN, 200),
        ("POST", "/graphql", "op=X", {**OWN, **SAME}, 200),
        ("POST", "/graphql", "", {**OWN, "host": "[::1]:3000"}, 200),
        ("POST", "/graphql", "", {**OWN, "host": "koers.example.org"}, 200),
        # A name of somebody else that resolves to this machine.
        ("GET", "/", "", {"host": "evil.example:3000"}, 403),
        ("GET", "/", "", {"host": "127.0.0.1.evil.example"}, 403),
        ("GET", "/", "", {}, 403),
        ("GET", "/", "", {"host": "[bad"}, 403),
        # A form, a picture and a script of another site.
        ("POST", "/graphql", "query=mutation", {"host": "127.0.0.1:3000"}, 403),
        ("POST", "/graphql", "", {**OWN, "content-type": "text/plain"}, 403),
        ("POST", "/graphql", "", {**OWN, "content-type": ""}, 403),
        ("GET", "/graphql", "query=mutation%7B%7D", OWN, 403),
        ("POST", "/graphql", "", {**OWN, "origin": "http://evil.example"}, 403),
        ("POST", "/graphql", "", {**OWN, "origin": "http://127.0.0.1:4000"}, 403),
        ("POST", "/graphql", "", {**OWN, "origin": "null"}, 403),
        ("POST", "/report_asset_check/x", "", {**OWN, "sec-fetch-site": "cross-site"}, 403),
        ("POST", "/report_asset_materialization/x", "", {**OWN, "origin": "https://e.nl"}, 403),
        ("WS", "/graphql", "", {**OWN, "origin": "http://evil.example"}, 1008),
        ("WS", "/graphql", "", {**OWN, **SAME}, 200),
    ],
)  # fmt: skip
def test_a_page_of_another_site_does_nothing_in_the_ui(
    method: str, path: str, query: str, headers: dict[str, str], status: int
) -> None:
    guarded = OwnPagesOnly(_ui, ["127.0.0.1", "localhost", "::1", "koers.example.org"])
    scope = {
        "type": "websocket" if method == "WS" else "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    assert asked(guarded, scope) == status


MUTATION = "mutation%7B__typename%7D"


@pytest.mark.fault("G11")
@pytest.mark.nightly
def test_the_real_ui_is_guarded_and_on_loopback(tmp_path: Path) -> None:
    """Without the guard, the first of these requests does what it asks: Dagster takes a mutation
    from the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.security.ui", "-h", "127.0.0.1", "-p", str(port),
         "--empty-workspace"],
        env={**os.environ, "DAGSTER_HOME": str(tmp_path)}, cwd=PROJECT_DIR,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def status(path: str, **options: Any) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", **options)  # noqa: S310
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    try:
        deadline = time.monotonic() + 200
        while port not in {each for _, (_, each) in listening()}:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert {host for _, (host, each) in listening() if each == port} == {"127.0.0.1"}
        form = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": "http://evil.example",
        }
        assert status(f"/graphql?query={MUTATION}", data=b"a=b", headers=form) == 403
        assert status(f"/graphql?query={MUTATION}", data=b"a=b") == 403
        assert status(f"/graphql?query={MUTATION}") == 403
        assert status("/", headers={"Host": "evil.example"}) == 403
        body, kind = b'{"query": "{ version }"}', {"Content-Type": "application/json"}
        assert status("/graphql", data=body, headers=kind) == 200
    finally:
        process.terminate()
        process.wait()


@pytest.mark.fault("G16")
@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-setup"])
def test_every_locked_package_has_its_hashes(name: str) -> None:
    text = (PROJECT_DIR / f"{name}.lock").read_text().replace("\\\n", " ")
    packages = [line for line in text.splitlines() if line[:1].isalnum()]
    assert packages
    assert [
        p for p in packages if not re.match(r"[\w.-]+(\[\w+\])?==\S+ .*--hash=sha256:", p)
    ] == []
    make = (PROJECT_DIR / "Makefile").read_text()
    installs = [line for line in make.splitlines() if "install" in line and "-r $<" in line]
    installs += [
        line for line in make.splitlines() if line.startswith("\t@$(UV)") and "-r $<" in line
    ]
    assert installs
    assert all("--require-hashes" in line for line in installs)


@pytest.mark.fault("G6", "G10")
@pytest.mark.parametrize("folder", ["a?b"])
def test_a_home_that_no_database_can_lie_in_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv("KOERS_HOME", str(tmp_path / folder))
    said = CliRunner().invoke(app, ["status"])
    assert said.exit_code == 1
    assert "without `?`" in said.output
    assert not (tmp_path / folder).exists()


@pytest.mark.fault("G3", "G7")
@pytest.mark.nightly
def test_a_model_reads_no_file_and_no_secret(
    koers_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write a model may not read the machine with it; the landing can be read."""
    monkeypatch.setenv("MY_HOOK", "canary")
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT_DIR, project)
    quality = project / "models" / "quality"
    (quality / "evil.sql").write_text(
        "select content, '{{ env_var('MY_HOOK', 'none') }}' as said from read_text('/etc/hostname')"
    )
    landing = "{{ env_var('KOERS_HOME') }}/landing"
    (quality / "good.sql").write_text(f"select count(*) as n from glob('{landing}/*')")
    koers_home.landing.mkdir(parents=True)
    chosen = Settings.model_validate(
        {"alerts": {"channels": [{"name": "a", "url_env": "MY_HOOK"}]}}
    )
    with pytest.raises(DbtError, match="disabled by configuration") as told:
        run_dbt(["build", "--select", "evil", "good"], koers_home, chosen, project=project)
    assert "OK created sql table model main.good" in str(told.value)
    (made,) = koers_home.dbt_target.glob("run/**/evil.sql")
    assert "'none' as said" in made.read_text()
