"""What a job says, line by line on standard error: for runs that a person started by hand."""

import logging
import sys

import dagster as dg

from connectors.core.text import visible

LOGGER = "terminal"


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        if meta.get("dagster_event") is None:
            said = str(meta.get("orig_message", record.getMessage()))
            print(visible(said), file=sys.stderr, flush=True)


@dg.logger(config_schema=None, description="Only what Koers itself says, not Dagster's events.")
def terminal_logger(_: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger(LOGGER, logging.INFO)
    logger.addHandler(_Lines())
    return logger
