"""How old the data of a stream and the publication may be, for the Dagster UI: by the same settings
as the alert about a source (`stale_after…` of koers.yaml), which is what people are told.

`koers up` and `koers run` hand the settings on in the environment, since importing the code
location reads none.
"""

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from connectors.core.api.account import is_pulled
from connectors.core.contract import Connector
from pipelines.dagster_home import stale_after

RARELY_CHANGED = dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(days=400))
"""Of reference data, such as the organisation: looked at once a year at least."""


def of_source(connector: Connector) -> dg.FreshnessPolicy:
    """Of the streams with activity of a source."""
    return _window(_days(connector))


def of_publication(connectors: Sequence[Connector]) -> dg.FreshnessPolicy:
    """A publication is made when there is news, so as often as the source that brings it most
    often: one with an API where there is one, else people with their files."""
    pulled = [each for each in connectors if is_pulled(each)]
    return _window(min(_days(each) for each in pulled or connectors))


def _days(connector: Connector) -> int:
    alerts = stale_after()
    usual = alerts.stale_after_days if is_pulled(connector) else alerts.files_stale_after_days
    return alerts.stale_after.get(connector.name, usual)


def _window(days: int) -> dg.FreshnessPolicy:
    # Yesterday's data are 0 days old, and are read in the night after it.
    return dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(days=days + 2))
