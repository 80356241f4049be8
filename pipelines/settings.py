"""Where a Koers home keeps its things, and what its owner may set.

Everything lives under `KOERS_HOME` (default `.koers/` in the project folder). `koers.yaml` in it is
optional; `settings()` validates it and names the wrong field. Importing this module reads nothing.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

PROJECT_DIR = Path(__file__).resolve().parent.parent
DBT_PROJECT_DIR = PROJECT_DIR / "dbt_project"


_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"


class SettingsError(ValueError):
    """`koers.yaml` cannot be used; the text says which field and what to write."""


@dataclass(frozen=True)
class Home:
    """The folders and files of one Koers home. Paths only: nothing is created by asking."""

    root: Path

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse" / "koers.duckdb"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def report(self) -> Path:
        return self.root / "report"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def ledger(self) -> Path:
        return self.state / "alerts.sqlite"

    @property
    def run_lock(self) -> Path:
        return self.state / "run.lock"

    @property
    def dbt_target(self) -> Path:
        return self.state / "dbt" / "target"

    @property
    def dbt_logs(self) -> Path:
        return self.state / "dbt" / "logs"

    @property
    def manifest(self) -> Path:
        """Of the dbt project, whole at any moment: dbt itself writes in `dbt_target`."""
        return self.state / "dbt" / "manifest.json"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def settings_file(self) -> Path:
        return self.root / "koers.yaml"

    @property
    def audiences_file(self) -> Path:
        return self.root / "audiences.yaml"

    @property
    def shown_groups(self) -> Path:
        """Which units were ever shown in which month, where groups are small."""
        return self.state / "shown_groups.json"

    def publication(self, audience: str = "management") -> Path:
        return self.published / audience / "koers.duckdb"


Language = Literal["nl", "en"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Channel(BaseModel):
    """Where alerts go. `url_env` names the environment variable that holds the Apprise URL, since
    such a URL often carries a secret. With `secret_env` it is a signed webhook, and the URL plain
    https."""

    model_config = ConfigDict(extra="forbid")

    name: str
    url_env: str
    secret_env: str | None = Field(
        default=None, description="The variable with the secret that signs the webhook."
    )
    language: Language | None = Field(
        default=None, description="Of who reads this channel; else that of the owner."
    )
    owners: list[str] = Field(default_factory=list, description="Only alerts of these owners.")
    layers: list[str] = Field(default_factory=list, description="Only alerts of these layers.")
    escalation: bool = Field(
        default=False, description="Only alerts that nobody acknowledged in time, of any owner."
    )
    digest: bool | None = Field(
        default=None,
        description="Whether it gets the digest; else all do but those of escalation, of owner"
        " `data` alone, and signed webhooks.",
    )
    quiet_from: str | None = Field(default=None, pattern=_TIME, description="22:00: nothing from")
    quiet_until: str | None = Field(default=None, pattern=_TIME, description="07:00: until then.")

    @model_validator(mode="after")
    def _both_ends(self) -> Channel:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet_from and quiet_until go together: give both or neither")
        return self

    @model_validator(mode="after")
    def _alerts_only(self) -> Channel:
        if self.digest and self.secret_env is not None:
            raise ValueError("a signed webhook posts alerts to a program: it takes no digest")
        return self

    def read_in(self, owner: str, default: str, languages: Mapping[str, str]) -> str:
        """The language of a message to an owner over this channel. Those who read escalations are
        others than the owner."""
        if self.language is not None:
            return self.language
        return default if self.escalation else languages.get(owner, default)

    def is_quiet(self, moment: dt.datetime) -> bool:
        """Whether nothing is to be sent at a moment, given in the business time zone."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        at = f"{moment:%H:%M}"
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= at < self.quiet_until
        return at >= self.quiet_from or at < self.quiet_until


class Digest(BaseModel):
    """When the digest is made, in the business time zone, and who gets that of everything."""

    model_config = ConfigDict(extra="forbid")

    every: Literal["week", "month", "off"] = "week"
    day: Weekday = Field(
        default="monday", description="Of the week, or the first of its name in a month."
    )
    at: str = Field(default="08:00", pattern=_TIME)
    organisation: list[str] | None = Field(
        default=None,
        min_length=1,
        description="Owners who get that of the whole organisation instead of their own; else the"
        " owner of the organisation.",
    )

    @field_validator("every", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: object) -> object:
        # YAML reads a bare `off` as false.
        return "off" if value is False else value

    @field_validator("at", mode="before")
    @classmethod
    def _a_time_of_day(cls, value: object) -> object:
        # YAML reads a bare 10:00 as 600, ten times sixty.
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value // 60:02}:{value % 60:02}"
        return value


class Alerts(BaseModel):
    model_config = ConfigDict(extra="forbid")

    channels: list[Channel] = Field(default_factory=list)
    digest: Digest = Field(default_factory=Digest)
    language: Language = "nl"
    languages: dict[str, Language] = Field(
        default_factory=dict, description="Of owners who read another language: {eva: en}."
    )
    escalate_after_days: int | None = Field(
        default=None,
        ge=1,
        description="Alerts that nobody acknowledged for so long go to the channels of escalation.",
    )
    stale_after_days: int = Field(
        default=3, ge=0, description="How old the data of a source with an API may be."
    )
    files_stale_after_days: int = Field(
        default=35, ge=0, description="The same of a source whose export files people bring."
    )
    stale_after: dict[str, int] = Field(
        default_factory=dict, description="Other ages, by connector: {ledger: 45}."
    )
    links_url: str | None = Field(
        default=None,
        description="The address under which people reach `koers alerts serve`; without it messages"
        " hold no links.",
    )
    report_url: str | None = Field(
        default=None,
        description="The address under which people reach the report of `report_audience`; messages"
        " then hold a link to the page of their KPI.",
    )
    report_audience: str = Field(
        default="organisation", description="Whose report that is; see audiences.yaml."
    )
    links_days: int = Field(default=7, ge=1, le=90, description="How long a link works.")
    links_port: int = Field(
        default=3080, ge=1, le=65535, description="Where it listens, on this machine only."
    )

    @field_validator("links_url", "report_url")
    @classmethod
    def _usable_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        near = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or parts.scheme not in (("https", "http") if near else ("https",)):
            raise ValueError(
                f"{value!r} is no address such as https://koers.example.org/alerts (http only for "
                "this machine: whoever sees a link may use it)"
            )
        if parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError("give an address without ?, # or a user: a link is added to its path")
        return value


class Settings(BaseModel):
    """`koers.yaml`."""

    model_config = ConfigDict(extra="forbid")

    organisation_name: str = "Organisatie"
    time_zone: str = "Europe/Amsterdam"
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    fiscal_year_starts: int = Field(
        default=1, ge=1, le=12, description="The month (1 to 12) in which the fiscal year begins."
    )
    end_date: dt.date | None = Field(
        default=None, description="The last day your data cover; set it for history that stopped."
    )
    machine_opens: Literal["count", "leave_out"] = Field(
        default="leave_out",
        description="Whether the open rate counts opens made by machines (a mail program that loads"
        " pictures beforehand), of tools that tell them apart.",
    )
    false_alarm_budget: float = Field(
        default=1.0,
        gt=0,
        le=12,
        allow_inf_nan=False,
        description="False drift alerts that are put up with, per KPI of a unit per year.",
    )
    most_kpis_per_owner: int = Field(
        default=12, ge=1, description="More KPIs for one owner are a finding of `koers kpi lint`."
    )
    keep_publications: int = Field(default=7, ge=1)
    keep_runs_days: int = Field(
        default=90, ge=7, description="How long the Dagster UI shows a run, its events and logs."
    )
    nightly_at: str = Field(default="02:15", pattern=_TIME)
    alerts: Alerts = Field(default_factory=Alerts)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no IANA time zone, such as Europe/Amsterdam")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def home() -> Home:
    """The home that `KOERS_HOME` names, or `.koers/` in the project folder."""
    return Home(Path(os.environ.get("KOERS_HOME") or PROJECT_DIR / ".koers").resolve())


def settings(at: Home | None = None) -> Settings:
    """The settings of a home. Raises SettingsError, naming the file, the field and the remedy."""
    file = (at or home()).settings_file
    if not file.exists():
        return Settings()
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        return Settings.model_validate(content)
    except yaml.YAMLError as error:
        raise SettingsError(f"{file} is not valid YAML: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()
        )
        raise SettingsError(f"{file}: {wrong}") from error
