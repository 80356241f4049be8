"""Where credentials come from, and what is said of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.core.api.values import Variable, is_configured, resolve
from connectors.core.errors import CredentialsError
from pipelines.settings import PROJECT_DIR
from pipelines.variables import env_example
from tests.api.pulling import CONNECTORS

KEY = Variable("KOERS_TOOL_KEY", "the key", secret=True)
URL = Variable("KOERS_TOOL_URL", "the address", default="https://api.example.com")


def test_a_variable_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from-a-file\n")
    assert resolve([KEY], {"KOERS_TOOL_KEY": " direct-key "})["KOERS_TOOL_KEY"] == "direct-key"
    assert resolve([KEY], {"KOERS_TOOL_KEY_FILE": str(file)})["KOERS_TOOL_KEY"] == "from-a-file"
    found = resolve([KEY, URL], {})
    assert found.missing == ["KOERS_TOOL_KEY"]
    assert found["KOERS_TOOL_URL"] == "https://api.example.com"


@pytest.mark.parametrize(
    "text", ["s3cr", "with a\nline", "caf\N{LATIN SMALL LETTER E WITH ACUTE}-key"]
)
def test_what_cannot_be_a_secret(text: str) -> None:
    with pytest.raises(CredentialsError, match="KOERS_TOOL_KEY") as error:
        resolve([KEY], {"KOERS_TOOL_KEY": text})
    assert text not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="KOERS_TOOL_KEY_FILE cannot be read"):
        resolve([KEY], {"KOERS_TOOL_KEY_FILE": str(tmp_path / "none")})


def test_configured_is_who_gave_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_configured([KEY, URL])
    monkeypatch.setenv("KOERS_TOOL_URL", "https://elsewhere.example")
    assert not is_configured([KEY, URL])
    monkeypatch.setenv("KOERS_TOOL_KEY_FILE", "/run/secrets/key")
    assert is_configured([KEY, URL])


def test_values_show_no_value() -> None:
    assert "s3cret" not in repr(resolve([KEY], {"KOERS_TOOL_KEY": "s3cret-key"}))


def test_the_example_names_every_variable() -> None:
    """`python -c 'from pipelines.variables import env_example; print(env_example(), end="")'`"""
    text = (PROJECT_DIR / ".env.example").read_text(encoding="utf-8")
    assert text == env_example()
    for connector in CONNECTORS.values():
        for variable in connector.api.variables:  # type: ignore[union-attr]
            name = f"{variable.name}_FILE" if variable.kept else variable.name
            assert f"#{name}=" in text
    # Those that the code itself reads, outside of connectors.
    code = " ".join(
        file.read_text(encoding="utf-8")
        for folder in ("connectors", "pipelines")
        for file in (PROJECT_DIR / folder).rglob("*.py")
    )
    read = set(re.findall(r"environ(?:\.get\(|\[)\s*\"(KOERS_\w+)\"", code))
    assert read - INTERNAL <= set(re.findall(r"#(KOERS_\w+)=", text))


INTERNAL = {"KOERS_NIGHTLY_AT", "KOERS_STALE_AFTER", "KOERS_TIME_ZONE", "KOERS_UI_HOSTS",
            "KOERS_WAREHOUSE"}  # fmt: skip
"""Handed on by `koers up` from koers.yaml; nobody sets them."""
