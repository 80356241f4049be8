"""Findings for people, at 80 columns, and for programs."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from pipelines.kpis.lint.facts import Facts
from pipelines.kpis.lint.finding import Finding, Said
from pipelines.kpis.lint.words import SENTENCES
from pipelines.watch.formats import date, label, number

WIDTH = 80
MOST_NAMED = 4


def lines(found: Sequence[Finding], facts: Facts, language: str) -> list[str]:
    """The report, `nl` or `en`."""
    words = SENTENCES[language]
    counts = {"kpis": len(facts.kpis), "findings": len(found)}
    if not found:
        return [words["none"][0].format(**counts)]
    told = [words["title"][0].format(**counts)]
    for severity, group in groupby(found, key=lambda finding: finding.severity):
        told += ["", words[severity][0]]
        for finding in group:
            what, do = sentences(finding, facts, language)
            told += ["", *_wrapped(_named(finding, facts, language), "  ")]
            told += _wrapped(what, "    ")
            told += _wrapped(f"{words['todo'][0]}: {do}", "    ")
    return told


def records(found: Sequence[Finding], facts: Facts) -> list[dict[str, Any]]:
    """For programs: each with its sentences in both languages."""
    return [
        {
            "rule": finding.rule,
            "severity": finding.severity,
            "kpis": list(finding.kpis),
            "owner": finding.owner,
            **{
                f"{part}_{language}": text
                for language in SENTENCES
                for part, text in zip(
                    ("what", "to_do"), sentences(finding, facts, language), strict=True
                )
            },
            "said": {
                name: value.isoformat() if isinstance(value, dt.date) else value
                for name, value in finding.said.items()
            },
        }
        for finding in found
    ]


def sentences(finding: Finding, facts: Facts, language: str) -> tuple[str, str]:
    """What is wrong, and what to do."""
    words = SENTENCES[language]
    said = {name: _said(value, facts, language) for name, value in finding.said.items()}
    if "more" in finding.said:
        others = finding.said["more"]
        said["more"] = words["more_units"][0].format(n=others) if others else ""
    said["owner"] = label(finding.owner or "-")
    what, do = words[finding.rule]
    return what.format(**said), do.format(**said)


def _said(value: Said, facts: Facts, language: str) -> str:
    if isinstance(value, dt.date):
        return date(value, language)
    if isinstance(value, float):
        return number(value, 2, language)
    text = str(value)
    if text.startswith("@"):
        return _label(text[1:], facts, language)
    if text.startswith("#"):
        return SENTENCES[language][text[1:]][0]
    return label(text)


def _named(finding: Finding, facts: Facts, language: str) -> str:
    named = finding.kpis[:MOST_NAMED]
    text = ", ".join(f"{_label(kpi, facts, language)} ({kpi})" for kpi in named)
    if more := len(finding.kpis) - len(named):
        text += SENTENCES[language]["and_more"][0].format(n=more)
    return text


def _label(kpi: str, facts: Facts, language: str) -> str:
    return label(facts.by_name[kpi].label[language])


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
