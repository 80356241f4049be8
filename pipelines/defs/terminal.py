"""What a job says, line by line on standard error: for runs that a person started by hand."""

import logging

import dagster as dg

from pipelines.operations.logs import say

LOGGER = "terminal"


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        if meta.get("dagster_event") is None:
            say(meta.get("orig_message", record.getMessage()), record.levelname.lower())


@dg.logger(config_schema=None, description="Only what Koers itself says, not Dagster's events.")
def terminal_logger(_: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger(LOGGER, logging.INFO)
    logger.addHandler(_Lines())
    return logger
