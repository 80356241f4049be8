"""What the fakes of web analytics have in common: the sample company's visits and conversions by
day, of which the newest may still change."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.sandbox.tables import Row, Tables

DAY = {"visits": "visit_date", "conversions": "conversion_date"}
COUNT = {"visits": "visits", "conversions": "conversions"}
LACKS = {
    "expired_page": "pages go by number, which does not expire",
    "future": "it is asked for days: what a clock that was ahead left out is read with the days "
    "before it, not by what changed",
}


class WebStatistics:
    """The statistics of one site, a row per page or goal, campaign and day."""

    def __init__(self, tables: Tables) -> None:
        self._rows: dict[str, list[Row]] = {
            "visits": [dict(row) for row in tables.visits],
            "conversions": [dict(row) for row in tables.conversions],
        }
        for stream, rows in self._rows.items():
            rows.sort(key=lambda row: row[DAY[stream]])

    def between(self, stream: str, first: str, last: str) -> list[Row]:
        """The rows of the days from the first to the last, both as `YYYY-MM-DD`."""
        day = DAY[stream]
        return [row for row in self._rows[stream] if first <= row[day].isoformat() <= last]

    # What a test may look at and do.

    def counts(self) -> Mapping[str, tuple[int, int]]:
        return {stream: (len(rows), 0) for stream, rows in self._rows.items()}

    def change(self, stream: str, records: int) -> None:
        """Count one more in the newest rows, as is done when late visits are worked up."""
        for row in self._rows[stream][-records:]:
            row[COUNT[stream]] += 1

    def forget_newest(self, stream: str, records: int) -> None:
        """Take the newest rows away, as is done when visits turn out to be of another campaign."""
        del self._rows[stream][-records:]

    def remove(self, stream: str, records: int) -> None:
        del self._rows[stream][:records]
