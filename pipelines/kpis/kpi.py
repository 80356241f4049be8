"""What stands under `config.meta.kpi` of a dbt metric: all that makes it a KPI."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Layer = Literal["organisation", "department", "team", "project", "individual"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(Strict):
    nl: Text
    en: Text


class Smart(Strict):
    """Why this KPI may be steered on."""

    specific: Text = Field(description="What exactly is counted.")
    measurable: Text = Field(description="The source the figures come from.")
    accepted: Text = Field(description="Who accepted the target, and when.")
    realistic: Text = Field(description="The evidence that the target can be met.")
    time_bound: Text = Field(description="Until when the target holds, and how often it is judged.")


class Tolerance(Strict):
    """How far from its target a value may be. `percent` is a fraction of the target (0.1 is 10 %),
    `absolute` is in the KPI's own unit."""

    type: Literal["percent", "absolute"]
    lower: float = Field(ge=0, description="Below the target.")
    upper: float = Field(ge=0, description="Above the target.")


class Band(Strict):
    """The process band, where this KPI needs another budget than all others."""

    budget: float = Field(
        gt=0,
        le=12,
        allow_inf_nan=False,
        description="False drift alerts that are put up with, per unit per year.",
    )


class Kpi(Strict):
    """One KPI."""

    label: Bilingual
    description: Bilingual
    home_layer: Layer = Field(description="The layer whose units steer on it.")
    owner: Text = Field(description="Who answers for it: a name used in the organisation.")
    unit: Literal["currency", "percent", "count", "score", "days", "hours", "number"] = Field(
        description="Of the value; a percent is a fraction (0.23), a number any other figure."
    )
    direction: Literal["higher", "lower", "within"] = Field(description="Which way is better.")
    cadence: Literal["day", "week", "month", "quarter", "year"] = Field(
        description="The length of the periods that are judged."
    )
    drivers: tuple[str, ...] = Field(default=(), description="KPIs that move this one.")
    smart: Smart
    review_date: dt.date = Field(description="When the definition is looked at again.")
    tolerance: Tolerance = Field(description="Where a target names none of its own.")
    band: Band | None = Field(default=None, description="Its own false-alarm budget, if any.")
