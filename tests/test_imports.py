"""The core of the connectors knows no vendor. Held here, for import-linter would need a list of the
vendors; the other directions are in pyproject.toml."""

from __future__ import annotations

import ast

from connectors.core.discover import discover
from pipelines.settings import PROJECT_DIR


def test_the_core_of_the_connectors_knows_no_vendor() -> None:
    core = PROJECT_DIR / "connectors" / "core"
    files = sorted(core.rglob("*.py"))
    assert len(files) > 30
    vendors = {f"connectors.{name}" for name in discover()}
    found = []
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{each.name}" for each in node.names] + [str(node.module)]
            else:
                continue
            found += [f"{file.name}: {name}" for name in names if name in vendors]
    assert found == []
