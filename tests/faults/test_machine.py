"""A machine with too little memory, open files or rights, and state that grows with every night
(faults A7, A13, A14 and G19), and who holds the file that readers get (F3, F4)."""

from __future__ import annotations

import datetime as dt
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipelines import dagster_home, machine
from pipelines.machine import MachineError, allow_files, memory, memory_limit
from pipelines.nightly import RunFailedError
from pipelines.publication import PublicationError, current, open_publication, publish, snapshots
from pipelines.publication_build import connect
from pipelines.publishing import roll_back_all
from pipelines.recovery.causes import why
from pipelines.recovery.folders import FolderError, check_folders
from pipelines.recovery.pruning import prune_runs
from pipelines.settings import PROJECT_DIR, Home
from tests.faults.test_recovery import Builder, night
from tests.publication.tiny import fact, month, warehouse

MIB = 1024**2


def limited(code: str, *, addresses: int = 0, files: int = 0) -> subprocess.CompletedProcess[str]:
    """Python code in a process of its own, with limits of the system."""

    def limit() -> None:
        if addresses:
            resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    return subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_DIR, capture_output=True, text=True,
        preexec_fn=limit, check=False, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.mark.fault("A7")
def test_duckdb_is_told_how_much_memory_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    monkeypatch.setattr(machine, "memory", lambda: 1000 * MIB)
    assert memory_limit() == "600MiB"
    monkeypatch.setattr(machine, "memory", lambda: 10 * MIB)
    assert memory_limit() == "256MiB", "less cannot build anything"
    monkeypatch.setenv("KOERS_MEMORY_LIMIT", "300MiB")
    with connect() as db:
        said = db.execute("select current_setting('memory_limit')").fetchone()
    assert said == ("300.0 MiB",)


@pytest.mark.fault("A7")
def test_a_container_says_how_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "_CGROUP", (file,))
    file.write_text("max\n")
    everything = memory()
    file.write_text(f"{512 * MIB}\n")
    assert memory() == 512 * MIB < everything


SORT = """
from pipelines.machine import memory_limit
import duckdb
print(memory_limit())
db = duckdb.connect(config={"memory_limit": memory_limit(), "temp_directory": "", "threads": 1})
try:
    db.execute("select list(repeat('x', 1000)) from range(2000000)").fetchone()
except duckdb.Error as error:
    print(type(error).__name__, error)
"""


@pytest.mark.fault("A7")
def test_a_process_with_little_memory_says_so_and_lives() -> None:
    """Without the limit, DuckDB would plan with the memory of the machine."""
    done = limited(SORT, addresses=1200 * MIB)
    assert done.returncode == 0, done.stderr
    limit, *said = done.stdout.splitlines()
    assert limit == "480MiB"
    assert any(line.startswith("OutOfMemoryException") for line in said)
    assert "out of memory" in why("\n".join(said), Path("/"))


@pytest.mark.fault("A7")
def test_a_build_that_ran_out_of_memory_says_so_and_changes_nothing(home: Home) -> None:
    builder = Builder(home)
    night(home, builder)
    before = current(home)
    (home.landing / "tool" / "deals" / "load=2").mkdir()
    for said in (
        "dbt build failed: Out of Memory Error: failed to allocate data of size 16.0 MiB",
        "The dbt CLI process with command `dbt build` failed with exit code `-9`",
    ):
        builder.transform = lambda said=said, **_: said  # type: ignore[method-assign]
        with pytest.raises(RunFailedError, match=r"ran out of memory.*KOERS_MEMORY_LIMIT"):
            night(home, builder)
    assert current(home) == before


@pytest.mark.fault("A4")
def test_a_build_on_a_full_disk_says_so(tmp_path: Path) -> None:
    said = why("IO Error: Could not write file: No space left on device", tmp_path)
    assert said.startswith("The disk is full: ")
    assert str(tmp_path) in said
    assert why("a test failed", tmp_path) == ""


@pytest.mark.fault("A14")
def test_too_few_open_files_are_told_before_anything_is_started() -> None:
    code = "from pipelines.machine import allow_files; allow_files()"
    done = limited(code, files=64)
    assert done.returncode == 1
    assert "MachineError: This process may open 64 files" in done.stderr
    assert "ulimit -n 1024" in done.stderr


@pytest.mark.fault("A14")
def test_what_the_system_allows_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(64, 10_000)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: limits.append(new))
    allow_files()
    assert limits[-1] == (4096, 10_000)
    limits.append((64, 64))
    with pytest.raises(MachineError, match="64 files"):
        allow_files()


PUBLISH = """
import os, sys
from pathlib import Path
from pipelines.publication import publish, PublicationError
from pipelines.settings import Home
home, held = Home(Path(sys.argv[1])) if len(sys.argv) > 1 else Home(Path(os.environ["AT"])), []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    for handle in held[:2]:
        os.close(handle)
try:
    publish(home.warehouse, home, run_id="r", keep=2)
except PublicationError as error:
    print(error)
"""


@pytest.mark.fault("A14")
def test_files_run_out_in_the_middle_of_a_publish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    warehouse(home.warehouse, [fact("revenue", "north", month(5), 1.0, "on_course")])
    before = publish(home.warehouse, home, run_id="r", keep=2)
    monkeypatch.setenv("AT", str(home.root))
    done = limited(PUBLISH, files=64)
    assert done.returncode == 0, done.stderr
    assert "Too many open files" in done.stdout, done.stderr
    assert str(home.published) in done.stdout
    assert current(home) == before
    assert publish(home.warehouse, home, run_id="r", keep=2) == current(home)


@pytest.fixture
def home(koers_home: Home) -> Home:
    (koers_home.landing / "tool" / "deals" / "load=1").mkdir(parents=True)
    return koers_home


@pytest.mark.fault("A13")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("part", ["", "landing", "landing/tool", "state", "state/alerts.sqlite"])
def test_what_another_user_owns_is_named_before_anything_is_written(
    tmp_path: Path, home: Home, part: str
) -> None:
    """As after `sudo koers run`: a file or folder of root, in a home of somebody else."""
    night(home, Builder(home))
    for path in [home.root, *home.root.rglob("*")]:
        os.chown(path, 65534, 65534, follow_symlinks=False)
    spoiled = home.root / part
    os.chown(spoiled, 0, 0)
    spoiled.chmod(0o700 if spoiled.is_dir() else 0o600)
    for above in tmp_path.parents:  # which another user may not even pass through
        if not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o011)
    tmp_path.chmod(0o755)
    child = os.fork()
    if child == 0:
        code = 2
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            check_folders(home)
            code = 3
        except FolderError as error:
            is_told = f"{spoiled}: " in str(error) and "chown -R 65534" in str(error)
            code = 0 if is_told else 4
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.fault("A13")
def test_a_home_that_can_be_used_passes(tmp_path: Path, home: Home) -> None:
    night(home, Builder(home))
    check_folders(home)
    check_folders(Home(tmp_path / "not" / "there" / "yet"))


@pytest.mark.fault("F3")
def test_who_opens_the_published_file_for_writing_is_refused_or_left_behind(home: Home) -> None:
    """Read-only files stop whoever is not root; root's lock and log stay with the old file."""
    warehouse(home.warehouse, [fact("revenue", "north", month(5), 1.0, "on_course")])
    publish(home.warehouse, home, run_id="r", keep=2)
    home.publication().chmod(0o644)
    code = f"""
import duckdb, sys
db = duckdb.connect({str(home.publication())!r})
db.execute("update fct_kpi_status set kpi_value = 99")
print("held", flush=True)
sys.stdin.read()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    now = publish(home.warehouse, home, run_id="r", keep=2)
    with open_publication(now) as db:
        assert db.execute("select kpi_value from fct_kpi_status").fetchone() == (1.0,)
    holder.communicate("")
    with duckdb.connect(str(home.publication()), read_only=True) as db:
        assert db.execute("select kpi_value from fct_kpi_status").fetchone() == (1.0,)
    assert current(home) == now


@pytest.mark.fault("F4")
def test_a_wrong_build_is_not_published_and_going_back_takes_less_than_a_second(
    home: Home,
) -> None:
    warehouse(home.warehouse, [fact("revenue", "north", month(5), 1.0, "on_course")])
    first = publish(home.warehouse, home, run_id="first", keep=3)
    second = publish(home.warehouse, home, run_id="second", keep=3)
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("insert into fct_kpi_status from fct_kpi_status")
    with pytest.raises(PublicationError, match="2 rows for"):
        publish(home.warehouse, home, run_id="wrong", keep=3)
    assert [each.publication_id for each in snapshots(home)] == [
        second.publication_id, first.publication_id,
    ]  # fmt: skip
    began = time.process_time()
    roll_back_all(home)
    assert time.process_time() - began < 1
    assert current(home) == first


@pytest.mark.fault("G19")
def test_runs_of_long_ago_go_with_all_they_left(koers_home: Home) -> None:
    dagster_home.prepare(koers_home)

    @dg.op
    def work() -> None:
        print("a line, for the log of the run")

    job = dg.GraphDefinition(name="nights", node_defs=[work]).to_job()
    with dg.DagsterInstance.from_config(str(koers_home.dagster)) as instance:
        for _ in range(3):
            assert job.execute_in_process(instance=instance).success
        waiting = instance.create_run_for_job(job)
        before = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=5)
        assert prune_runs(instance, koers_home.dagster, before - dt.timedelta(days=1)) == 0
        assert instance.get_runs_count() == 4
        assert prune_runs(instance, koers_home.dagster, before) == 3
        assert [run.run_id for run in instance.get_runs()] == [waiting.run_id]
        left = {file.stem for file in (koers_home.dagster / "history" / "runs").glob("*-*.db")}
        assert left <= {waiting.run_id}
        assert not list((koers_home.dagster / "storage").glob("*-*/*"))


@pytest.mark.fault("G19")
def test_logs_that_others_wrote_beside_a_publication_do_not_pile_up(home: Home) -> None:
    warehouse(home.warehouse, [fact("revenue", "north", month(5), 1.0, "on_course")])
    for _ in range(5):
        publish(home.warehouse, home, run_id="r", keep=2)
        home.publication().with_name("koers.duckdb.wal").write_bytes(b"of somebody")
    assert len(list(home.publication().parent.glob("*.of-before-*"))) == 2
