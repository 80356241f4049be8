"""What comes from Spark into the DuckDB warehouse file."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from pipelines.marts import MARTS
from pipelines.settings import PROJECT_DIR
from pipelines.spark.copying import INNER, NotBuiltError, copied, copy_warehouse
from pipelines.spark.dbt import is_whole, models_failed


class Table:
    """As much of a data frame of Spark as copying asks of it."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def select(self, *columns: str) -> Table:
        return Table(self._rows.select(list(columns)))

    def limit(self, number: int) -> Table:
        return Table(self._rows.slice(0, number))

    def toArrow(self) -> Any:  # noqa: N802 - Spark's name
        assert not self._rows.num_rows, "a whole table in the memory of this process"
        return self._rows

    def mapInArrow(self, function: Any, _: str) -> SimpleNamespace:  # noqa: N802 - Spark's name
        def rows(prefetchPartitions: bool) -> Iterator[Any]:  # noqa: N803 - Spark's name
            for batch in function(self._rows.to_batches(max_chunksize=2)):
                yield from zip(*batch.to_pydict().values(), strict=True)

        return SimpleNamespace(toLocalIterator=rows)


def test_all_that_koers_reads_of_the_warehouse_is_copied() -> None:
    read = set()
    for file in (PROJECT_DIR / "pipelines").rglob("*.py"):
        read |= set(re.findall(r"warehouse\.main\.([a-z_]+)", file.read_text(encoding="utf-8")))
    assert "int_org_chains" in read
    assert read <= {mart.name for mart in MARTS} | set(INNER)


def test_a_copy_is_the_table_with_its_comments(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    tables = {
        "koers.dim_kpi": arrow.table({"kpi": ["a", None], "seen_at": [noon, None]}),
        "koers.stg_crm__deals": arrow.table(
            {
                "load_id": ["1"],
                "record_id": ["r"],
                "updated_at": [noon],
                "is_deleted": [False],
                "quarantine_reason": [None],
                "contact_name": ["not copied"],
            }
        ),
    }
    models = [
        {
            "name": name,
            "resource_type": "model",
            "schema": "koers",
            "description": f"What's in {name}.\n",
            "columns": {"kpi": {"description": "The KPI's name."}, "gone": {"description": "x"}},
        }
        for name in ("dim_kpi", "stg_crm__deals", "conformed_deals")
    ]
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"nodes": {model["name"]: model for model in models}}))
    file = tmp_path / "koers.duckdb"
    file.write_text("what stood here before")
    shown = [{"tableName": name.partition(".")[2]} for name in tables]
    spark = SimpleNamespace(
        table=lambda name: Table(tables[name]),
        sql=lambda _: SimpleNamespace(collect=lambda: shown),
    )

    assert copy_warehouse(spark, file, manifest) == 3
    with duckdb.connect(str(file), read_only=True) as db:
        assert db.execute("select kpi, seen_at from dim_kpi order by kpi").fetchall() == [
            ("a", noon.replace(tzinfo=None)),
            (None, None),
        ]
        assert [row[0] for row in db.execute("describe stg_crm__deals").fetchall()] == [
            "load_id", "record_id", "updated_at", "is_deleted", "quarantine_reason",
        ]  # fmt: skip
        assert db.execute(
            "select comment from duckdb_tables() where table_name = 'dim_kpi'"
        ).fetchone() == ("What's in dim_kpi.",)
        assert db.execute(
            "select comment from duckdb_columns() where column_name = 'kpi'"
        ).fetchone() == ("The KPI's name.",)
    assert [each.name for each in tmp_path.glob("*.duckdb*")] == ["koers.duckdb"]

    before = file.read_bytes()
    del shown[0]
    with pytest.raises(NotBuiltError, match="no table dim_kpi, so nothing was copied"):
        copy_warehouse(spark, file, manifest)
    assert file.read_bytes() == before


def test_only_public_tables_and_what_is_read() -> None:
    names = {"dim_kpi": {}, "int_kpi_values": {}, "kpi_targets": {}, "stg_crm__deals": {}}
    assert set(copied(names)) == {"dim_kpi", "kpi_targets", "stg_crm__deals"}


@pytest.mark.parametrize(
    ("kind", "status", "failed"),
    [
        ("model", "success", False),
        ("model", "error", True),
        ("model", "skipped", True),
        ("test", "fail", False),
        ("test", "error", False),
    ],
)
def test_a_failed_test_does_not_keep_tables_from_being_copied(
    kind: str, status: str, failed: bool
) -> None:
    result = SimpleNamespace(status=status, node=SimpleNamespace(resource_type=kind))
    assert models_failed([result]) is failed


@pytest.mark.parametrize(
    ("arguments", "whole"),
    [
        ("build", True),
        ("build --full-refresh --select fqn:*", True),
        ("build --select int_measure_days+", False),
        ("run --exclude int_process_bands", False),
    ],
)
def test_on_one_machine_a_build_is_whole(arguments: str, whole: bool) -> None:
    assert is_whole(arguments.split()) is whole
