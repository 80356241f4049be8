"""Where a Koers home keeps its things, and what its owner may set.

Everything lives under `KOERS_HOME` (default `.koers/` in the project folder). `koers.yaml` in it is
optional; `settings()` validates it and names the wrong field. Importing this module reads nothing.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from pipelines.security.yaml_text import YamlError, read_yaml

PROJECT_DIR = Path(__file__).resolve().parent.parent
DBT_PROJECT_DIR = PROJECT_DIR / "dbt_project"


UNFINISHED = "restore.unfinished"
"""Stands in a home while it is restored; see `pipelines.operations.backup.restoring`."""


def _as_people_write_it(value: object) -> object:
    # YAML 1.1 reads a bare 22:00 as 1320, twenty-two times sixty; below 60 it was no time.
    if isinstance(value, int) and value >= 60:
        return f"{value // 60:02}:{value % 60:02}"
    if isinstance(value, str) and value[1:2] == ":":
        return f"0{value}"
    return value


TimeOfDay = Annotated[
    str, BeforeValidator(_as_people_write_it), Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
]
"""A time of day as HH:MM, in the business time zone."""


Engine = Literal["duckdb", "spark"]
"""What builds the facts; a target of dbt's profile."""
ENGINE_VARIABLE = "KOERS_TARGET"


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


PERSON = "individual"
"""The layer whose units are persons."""

Language = Literal["nl", "en"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Channel(BaseModel):
    """Where alerts go. `url_env` names the environment variable that holds the Apprise URL, since
    such a URL often carries a secret. With `secret_env` it is a signed webhook, and the URL plain
    https."""

    model_config = ConfigDict(extra="forbid")

    name: str
    url_env: str = Field(description="The variable that holds the Apprise URL.")
    secret_env: str | None = Field(
        default=None, description="The variable with the secret that signs the webhook."
    )
    private_network: bool = Field(
        default=False,
        description="Whether its service stands in your own network; else nothing is sent there.",
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
    quiet_from: TimeOfDay | None = Field(default=None, description="22:00: nothing from")
    quiet_until: TimeOfDay | None = Field(default=None, description="07:00: until then.")

    @field_validator("url_env", "secret_env")
    @classmethod
    def _names_a_variable(cls, value: str | None) -> str | None:
        # What stands there instead may be the secret itself, so it is not said back.
        if value is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", value):
            raise ValueError(
                "name an environment variable here, such as KOERS_CHANNEL_SALES, and give it the "
                "URL or secret; what stands in this file is in every copy and backup of it"
            )
        return value

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

    def takes(self, owner: str, layer: str) -> bool:
        """Whether what is of an owner and about a unit of a layer goes over it. What is about one
        person goes only where layer `individual` is named: others read a channel too."""
        of_layer = layer in self.layers if self.layers or layer == PERSON else True
        return of_layer and (not self.owners or owner in self.owners)

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
    at: TimeOfDay = "08:00"
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


class Retention(BaseModel):
    """How long each room keeps what is about people; see docs/privacy.md. None: for ever."""

    model_config = ConfigDict(extra="forbid")

    files_days: int | None = Field(
        default=365, ge=1, description="Export files in the archive of the inbox."
    )
    rejected_days: int | None = Field(
        default=365, ge=1, description="Rows of the landing that could not be read."
    )
    superseded_days: int | None = Field(
        default=365,
        ge=1,
        description="Versions of a record in the landing that a newer one took the place of.",
    )
    landing_months: int | None = Field(
        default=None,
        ge=13,
        description="Records of the landing whose day is longer ago: figures of those days go too.",
    )
    individual_months: int | None = Field(
        default=24, ge=1, description="Figures of single persons: published, said, alerted on."
    )
    messages_days: int | None = Field(
        default=365, ge=1, description="Texts of messages that were sent."
    )
    logs_days: int | None = Field(default=90, ge=1, description="Logs of dbt.")
    hold: list[str] = Field(
        default_factory=list,
        description="What nothing is removed of, as long as it stands here: a connector, a stream"
        " (hubspot.deals), or one of files, rejected, individual, messages, logs.",
    )

    def told(self) -> dict[str, str]:
        """How long each room keeps what it has, for people."""

        def days(number: int | None, else_: str = "until it is removed by hand") -> str:
            return f"{number} days" if number else else_

        landing = "as long as the figures go back"
        if self.landing_months:
            landing = f"{self.landing_months} months"
        individual = (
            f"{self.individual_months} months" if self.individual_months else "as long as facts are"
        )
        return {
            "landing": f"landing: {landing}; versions that were superseded"
            f" {days(self.superseded_days, 'as long')}; rejected rows {days(self.rejected_days)}",
            "files": f"export files: {days(self.files_days)}",
            "warehouse": "built anew from the landing; as long as that",
            "publications": f"figures of single persons: {individual}",
            "said": f"figures of single persons: {individual}",
            "ledger": f"alerts on single persons: {individual}; messages: "
            f"{days(self.messages_days)}",
            "dagster": "as long as runs are kept",
        }


class Settings(BaseModel):
    """`koers.yaml`."""

    model_config = ConfigDict(extra="forbid")

    engine: Engine = Field(
        default="duckdb",
        description="What builds the facts: DuckDB on this machine, or Apache Spark"
        " (docs/spark.md). KOERS_TARGET, which `koers run --target` sets, goes before it.",
    )
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
    share_with_group: bool = Field(
        default=False,
        description="Whether accounts of the same group may read `published/` and `report/`; else"
        " only the account that runs Koers may.",
    )
    ui_hosts: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+$")]] = Field(
        default_factory=list,
        description="Names under which a proxy that asks for a password hands the Dagster UI on.",
    )
    keep_runs_days: int = Field(
        default=90, ge=7, description="How long the Dagster UI shows a run, its events and logs."
    )
    nightly_at: TimeOfDay = "02:15"
    metrics_file: str | None = Field(
        default=None,
        pattern=r"^/.+\.prom$",
        description="Where figures for Prometheus are written after each run, as a whole path that"
        " ends in .prom; else state/metrics.prom.",
    )
    alerts: Alerts = Field(default_factory=Alerts)
    retention: Retention = Field(default_factory=Retention)

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
    """The home that `KOERS_HOME` names, or `.koers/` in the project folder. Raises SettingsError
    for a path that DuckDB cannot open a file in."""
    root = Path(os.environ.get("KOERS_HOME") or PROJECT_DIR / ".koers").resolve()
    if "?" in str(root):
        raise SettingsError(f"KOERS_HOME is {root}: choose a folder without `?` in its path")
    return Home(root)


def _engine(name: str) -> str:
    if name not in get_args(Engine):
        raise SettingsError(
            f"{ENGINE_VARIABLE} is {name!r}: Koers builds on {' or '.join(get_args(Engine))}."
        )
    return name


def settings(at: Home | None = None) -> Settings:
    """The settings of a home. Raises SettingsError, naming the file, the field and the remedy; and
    for a home that a restore left half full, so that nothing is done with it."""
    file = (at or home()).settings_file
    if (file.parent / UNFINISHED).exists():
        raise SettingsError(
            f"{file.parent} is half a home: its restore was broken off. Run koers restore again."
        )
    try:
        written = (read_yaml(file) or {}) if file.exists() else {}
        if (engine := os.environ.get(ENGINE_VARIABLE)) and isinstance(written, dict):
            written = {**written, "engine": _engine(engine)}
        return Settings.model_validate(written)
    except YamlError as error:
        raise SettingsError(f"{file} {error}") from None
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()
        )
        # Without the error itself, whose text holds what was written: it may be a secret.
        raise SettingsError(f"{file}: {wrong}") from None
