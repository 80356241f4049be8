"""What stands under `config.meta.kpi` of a dbt metric: all that makes it a KPI."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

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


class Step(Strict):
    """A point of a reward curve; between two points it is straight."""

    attainment: float = Field(ge=0, description="Part of the target that was met; 1 is all of it.")
    payout: float = Field(ge=0, description="Part of the reward that is paid; 1 is the whole.")


class Reward(Strict):
    """What meeting the target pays. Below the threshold nothing, above the cap no more than there.
    Nothing is decided on fewer records than `min_sample_size`, nor on figures that do not cover
    their period."""

    threshold: Step
    target: Step
    cap: Step
    min_sample_size: int = Field(ge=1, description="Records that a fair judgement needs.")
    layers: tuple[Layer, ...] = Field(
        default=(), description="Whose units are rewarded; none: those of the home layer."
    )

    @model_validator(mode="after")
    def _rises(self) -> Self:
        steps = (self.threshold, self.target, self.cap)
        if not self.threshold.attainment < self.target.attainment < self.cap.attainment:
            raise ValueError("attainment has to rise from threshold over target to cap")
        if [step.payout for step in steps] != sorted(step.payout for step in steps):
            raise ValueError("payout must not fall from threshold over target to cap")
        return self


class Band(Strict):
    """The process band, where this KPI needs another budget than all others."""

    budget: float = Field(
        gt=0,
        le=12,
        allow_inf_nan=False,
        description="False drift alerts that are put up with, per unit per year.",
    )


class Alerting(Strict):
    """How soon this KPI alerts, and when an alert is over."""

    fire: int = Field(default=1, ge=1, description="Periods out of its band, of the last `of`.")
    of: int = Field(default=1, ge=1, le=60)
    recover: int | None = Field(
        default=None, ge=1, le=60, description="Periods in a row well inside that end an alert."
    )
    margin: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="How far inside is well inside: a part of the way from edge to target.",
    )

    @model_validator(mode="after")
    def _can_fire(self) -> Self:
        if self.fire > self.of:
            raise ValueError("fire cannot be more than of: an alert would never begin")
        return self


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
    driver_relation: Literal["sum", "product", "ratio"] | None = Field(
        default=None,
        description="What this KPI exactly is of its drivers: their sum, their product, or the "
        "first over the second. A change is then split over them.",
    )
    driver_signs: tuple[Literal[1, -1], ...] = Field(
        default=(), description="Of a sum: 1 or -1 for each driver; none where all are added."
    )
    driver_scale: float = Field(
        default=1, description="Of a product or ratio: the number it is multiplied by."
    )
    smart: Smart
    review_date: dt.date = Field(description="When the definition is looked at again.")
    tolerance: Tolerance = Field(description="Where a target names none of its own.")
    reward: Reward | None = Field(default=None, description="What meeting the target pays.")
    band: Band | None = Field(default=None, description="Its own false-alarm budget, if any.")
    alert: Alerting | None = Field(default=None, description="Other than one period at once.")
