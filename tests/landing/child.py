"""A child process that ingests: `python -m tests.landing.child HOME`."""

import sys
from pathlib import Path

from tests.landing.making import LISTS, TOOL, ingest

if __name__ == "__main__":
    ingest(Path(sys.argv[1]), TOOL)
    ingest(Path(sys.argv[1]), LISTS)
