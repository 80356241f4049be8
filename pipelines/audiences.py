"""Who gets which publication: `audiences.yaml` of a home, beside `koers.yaml`.

    audiences:
      management:
        individuals:
          kpis: all
          purpose: "Guidance of employees by their own managers"
          legal_basis: legitimate_interests
      organisation:
        layers: [organisation, department, team, project]
        min_group_size: 5
      sales:
        units: [verkoop]            # with everything below
        kpis: [revenue, win_rate]
        min_group_size: 5

Without the file there are the first two. `management` is always there: the drift watch, the checks
and `koers status` read it. Importing this module reads nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from pipelines.security.yaml_text import YamlError, read_yaml
from pipelines.settings import Home, SettingsError

Layer = Literal["organisation", "department", "team", "project"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]
LegalBasis = Literal[
    "consent",
    "contract",
    "legal_obligation",
    "vital_interests",
    "public_task",
    "legitimate_interests",
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
ALL_LAYERS: tuple[Layer, ...] = ("organisation", "department", "team", "project")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Individuals(_Strict):
    """Figures of single persons: of which KPIs, and what for (GDPR articles 5 and 6)."""

    kpis: tuple[str, ...] | Literal["all"] = Field(description="Named one by one, or `all`.")
    purpose: Text = Field(description="What the figures of a person are used for, and by whom.")
    legal_basis: LegalBasis = Field(description="Which of GDPR article 6 (1).")
    agreed: Text | None = Field(
        default=None, description="The works council's consent: its date and where it is kept."
    )

    @property
    def told(self) -> str:
        """The purpose with its legal basis, for people."""
        agreed = f"; works council: {self.agreed}" if self.agreed else ""
        return f"{self.purpose} (legal basis: {self.legal_basis.replace('_', ' ')}{agreed})"


class Audience(_Strict):
    """What one audience may see. DuckDB has no rights by row: what is not for it is not in its
    file."""

    layers: tuple[Layer, ...] = Field(default=ALL_LAYERS, min_length=1)
    units: tuple[str, ...] = Field(default=(), description="With all below; none: everything.")
    kpis: tuple[str, ...] = Field(default=(), description="None: every KPI.")
    min_group_size: int = Field(
        default=1, ge=1, le=1000, description="Figures about fewer people are not shown; 1: all."
    )
    individuals: Individuals | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing at all is left out or hidden."""
        return (
            self.min_group_size == 1
            and not self.units
            and not self.kpis
            and set(self.layers) == set(ALL_LAYERS)
            and self.individuals is not None
            and self.individuals.kpis == "all"
        )

    def names_individuals(self, kpi: str) -> bool:
        """Whether single persons are shown for a KPI."""
        chosen = self.individuals
        return chosen is not None and (chosen.kpis == "all" or kpi in chosen.kpis)


WHOLE = Audience(
    individuals=Individuals(
        kpis="all",
        purpose="Guidance of employees by their own managers",
        legal_basis="legitimate_interests",
    )
)
DEFAULTS = {"management": WHOLE, "organisation": Audience(min_group_size=5)}


class _File(_Strict):
    audiences: dict[Name, Audience]

    @model_validator(mode="after")
    def _has_management(self) -> Self:
        if "management" not in self.audiences:
            raise ValueError(
                "there has to be an audience `management`: the drift watch reads its publication"
            )
        return self


def audiences(home: Home) -> dict[str, Audience]:
    """The audiences of a home by name, `management` first. Raises SettingsError naming the file,
    the field and what is wrong with it."""
    file = home.audiences_file
    if not file.exists():
        return dict(DEFAULTS)
    try:
        found = _File.model_validate(read_yaml(file) or {}).audiences
    except YamlError as error:
        raise SettingsError(f"{file} {error}") from None
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in e['loc']) or 'file'}: {e['msg']}"
            for e in error.errors()
        )
        raise SettingsError(f"{file}: {wrong}. docs/publications.md shows one.") from error
    return {"management": found.pop("management"), **found}
