"""The parsed project, as the tests of the orchestration have it."""

from tests.orchestration.conftest import parsed, prepared

__all__ = ["parsed", "prepared"]
