"""Dates and date-times in a declared order, or ISO; nothing is guessed from the values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.core.files.errors import CellError, quoted
from connectors.core.files.months import month_number

_DECLARED = re.compile(r"(d{1,2}|m{1,4}|y{4}|j{4})([^dmyj\w]*)" * 3, re.IGNORECASE)
_ISO = r"(?P<iy>\d{4})-(?P<im>\d\d)-(?P<id>\d\d)"
_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,9})?)?"
    r"(?:\s*(?P<half>[AaPp]\.?[Mm]\.?))?"
    r"(?:\s*(?P<offset>[Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?))?"
)


def date_pattern(declared: str) -> str:
    """The regular expression of a declared date format such as `dd-mm-yyyy` (Dutch `jjjj` too), or
    `mmm d, yyyy` with the month in letters, before which the weekday may stand (`Fri, `).

    Raises ValueError when day, month and year are not each there once."""
    match = _DECLARED.fullmatch(declared.strip())
    parts = match.groups() if match else ()
    letters = "".join(p[0].lower().replace("j", "y") for p in parts[::2])
    if match is None or sorted(letters) != ["d", "m", "y"] or parts[5]:
        raise ValueError(
            f"date format {declared!r} is not a day, a month and a year of four digits, "
            "such as dd-mm-yyyy, mm/dd/yyyy, yyyy-mm-dd or mmm d, yyyy"
        )
    # Without separators only fixed widths say where a part ends.
    width = r"\d\d" if "" in (parts[1], parts[3]) else r"\d{1,2}"
    pattern = {"d": f"(?P<d>{width})", "m": f"(?P<m>{width})", "y": r"(?P<y>\d{4})"}
    weekday = ""
    if any(part[:3].lower() == "mmm" for part in parts[::2]):
        pattern["m"], weekday = r"(?P<m>[A-Za-z]{3,9}\.?)", r"(?:[A-Za-z]{2,9}\.?,?\s+)?"
    one, two, three = (pattern[letter] for letter in letters)
    return f"{weekday}{one}{re.escape(parts[1])}{two}{re.escape(parts[3])}{three}"


@lru_cache(maxsize=32)
def zone_of(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises ValueError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Amsterdam") from error


def _readings(text: str) -> str:
    """The dates that three numbers could be, for the message."""
    numbers = re.match(r"\D*(\d{1,4})\D+(\d{1,4})\D+(\d{1,4})(?!\d)", text[:60])
    if not numbers:
        return ""
    a, b, c = (int(n) for n in numbers.groups())
    found = []
    for order, (year, month, day) in (
        ("day first", (c, b, a)),
        ("month first", (c, a, b)),
        ("year first", (a, b, c)),
    ):
        try:
            shown = dt.date(year if year > 99 else 2000 + year, month, day).isoformat()
        except ValueError:
            continue
        found.append(f"{shown} ({order})")
    return f"; it could mean {' or '.join(found)}" if found else ""


def _refuse(text: str, declared: str, kind: str) -> CellError:
    return CellError(
        f"{quoted(text)} is not {kind} as declared ({declared}) nor yyyy-mm-dd{_readings(text)}"
    )


def _utc(local: dt.datetime, zone: ZoneInfo, text: str) -> dt.datetime:
    """A local clock reading as UTC. The hour that happens twice in autumn is taken as its first
    time; the hour that spring skips is refused, since no clock of that zone ever showed it."""
    try:
        moment = local.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)
        if moment.astimezone(zone).replace(tzinfo=None) != local:
            raise CellError(
                f"{quoted(text)} never was in {zone.key}: the clock skipped it (summer time); "
                "is this the time zone of the file?"
            )
    except OverflowError as error:
        raise CellError(f"{quoted(text)} is outside the years 1 to 9999") from error
    return moment


def _offset(text: str) -> dt.timezone:
    if text[0] not in "+-":
        return dt.UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes > 14 * 60 or int(digits[2:]) > 59:
        raise ValueError(f"offset {text}")
    return dt.timezone(dt.timedelta(minutes=-minutes if text[0] == "-" else minutes))


class Moments:
    """Reads dates and date-times of one declared format and time zone.

    Raises ValueError when the declaration itself is wrong."""

    def __init__(self, declared: str, time_zone: str) -> None:
        self.declared = declared
        self.zone = zone_of(time_zone)
        day = f"(?:{date_pattern(declared)}|{_ISO})"
        self._pattern = re.compile(rf"{day}(?:(?:\s+|,\s*|[Tt]){_TIME})?", re.ASCII)

    def _read(self, text: str, kind: str) -> tuple[dt.date, dt.datetime | None]:
        """The day as written and, where a time follows, the moment in UTC."""
        match = self._pattern.fullmatch(text.strip())
        if match is None:
            raise _refuse(text, self.declared, kind)
        part = match.groupdict()
        year, month, day = (part[k] or part["i" + k] for k in "ymd")
        if (number := month_number(month)) is not None:
            month = str(number)
        try:
            date = dt.date(int(year), int(month), int(day))
            if part["hour"] is None:
                return date, None
            hour = int(part["hour"])
            if part["half"]:
                if not 1 <= hour <= 12:
                    raise ValueError("hour")
                hour = hour % 12 + (12 if part["half"][0] in "pP" else 0)
            clock = dt.time(hour, int(part["minute"]), int(part["second"] or 0))
            local = dt.datetime.combine(date, clock)
            if part["offset"]:
                return date, local.replace(tzinfo=_offset(part["offset"])).astimezone(dt.UTC)
        except OverflowError as error:
            raise CellError(f"{quoted(text)} is outside the years 1 to 9999") from error
        except ValueError as error:
            raise CellError(
                f"{quoted(text)} is not {kind}: there is no such day or time "
                f"({self.declared}{_readings(text)})"
            ) from error
        return date, _utc(local, self.zone, text)

    def date(self, text: str) -> str:
        """Text as `YYYY-MM-DD`; of a date-time, its calendar day in the file's time zone."""
        day, moment = self._read(text, "a date")
        return (moment.astimezone(self.zone).date() if moment else day).isoformat()

    def datetime(self, text: str) -> str:
        """Text as UTC `YYYY-MM-DDTHH:MM:SSZ`, parts of a second cut off; a date alone is its
        local midnight."""
        day, moment = self._read(text, "a date-time")
        return stamp(moment) if moment else self._midnight(day, text)

    def _midnight(self, day: dt.date, text: str) -> str:
        # Where summer time starts at midnight, the day begins at one o'clock: that is what this
        # gives, and it is not refused, since no clock reading was written.
        try:
            local = dt.datetime.combine(day, dt.time(), self.zone)
            return stamp(local.astimezone(dt.UTC))
        except OverflowError as error:
            raise CellError(f"{quoted(text)} is outside the years 1 to 9999") from error

    def local(self, moment: dt.datetime) -> str:
        """A date-time cell of a workbook, which has no time zone, as UTC; to the nearest second,
        since Excel keeps it as a float."""
        rounded = (moment + dt.timedelta(milliseconds=500)).replace(microsecond=0)
        return stamp(_utc(rounded, self.zone, moment.isoformat(sep=" ")))


def stamp(moment: dt.datetime) -> str:
    """A moment in UTC as `YYYY-MM-DDTHH:MM:SSZ`."""
    return moment.replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def memoised(read: Callable[[str], str]) -> Callable[[str], str]:
    """The same reader, remembering the values that columns of dates repeat."""
    return lru_cache(maxsize=20_000)(read)
