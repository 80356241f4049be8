"""A dbt metric as Koers can compute it: which fields its YAML entry may have.

Names and meanings are those of the dbt Semantic Layer. What dbt accepts and Koers does not compute
is refused with a remedy, in `rules.py` or by a field that is not here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipelines.kpis.kpi import Kpi, Strict, Text

Name = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", min_length=2, max_length=60)
]


class MeasureInput(Strict):
    """A measure, and which of its rows."""

    name: Name
    filter: Text | list[Text] | None = None
    alias: Name | None = None
    fill_nulls_with: float | None = Field(
        default=None, description="What a period without records counts as in a derived metric."
    )
    join_to_timespine: bool = False


class MetricInput(Strict):
    """A metric that goes into another, and which of its rows."""

    name: Name
    filter: Text | list[Text] | None = None
    alias: Name | None = None


class Simple(Strict):
    measure: Name | MeasureInput


class Ratio(Strict):
    numerator: Name | MetricInput
    denominator: Name | MetricInput


class Derived(Strict):
    expr: Text = Field(description="Arithmetic over the names (or aliases) of `metrics`.")
    metrics: list[Name | MetricInput] = Field(min_length=1)


class Accumulation(Strict):
    """Over which days. A balance has neither window nor grain_to_date."""

    period_agg: Literal["last"] = Field(
        description="A period counts as its last day; MetricFlow would else take the first."
    )
    window: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]* days?$")] | None = None
    grain_to_date: Literal["month", "quarter", "year"] | None = None


class Cumulative(Strict):
    measure: Name | MeasureInput
    cumulative_type_params: Accumulation


class Meta(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    kpi: Kpi | None = Field(default=None, description="What makes this metric a KPI.")


class Config(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    meta: Meta = Meta()


class _Metric(Strict):
    name: Name = Field(description="Of the metric and, as a KPI, everywhere in Koers.")
    label: Text
    description: Text | None = None
    filter: Text | list[Text] | None = Field(
        default=None,
        description="SQL over {{ Dimension('entity__dimension') }} of its semantic model.",
    )
    config: Config = Config()

    @property
    def kpi(self) -> Kpi | None:
        return self.config.meta.kpi


class SimpleMetric(_Metric):
    type: Literal["simple"]
    type_params: Simple


class RatioMetric(_Metric):
    type: Literal["ratio"]
    type_params: Ratio


class DerivedMetric(_Metric):
    type: Literal["derived"]
    type_params: Derived


class CumulativeMetric(_Metric):
    type: Literal["cumulative"]
    type_params: Cumulative


Metric = Annotated[
    SimpleMetric | RatioMetric | DerivedMetric | CumulativeMetric, Field(discriminator="type")
]


class DefinitionFile(BaseModel):
    """A properties file of dbt with metrics in it."""

    model_config = ConfigDict(extra="allow")

    metrics: list[Metric] = Field(default_factory=list)
    semantic_models: list[dict[str, Any]] = Field(default_factory=list)
