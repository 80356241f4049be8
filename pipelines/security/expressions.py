"""The SQL that a KPI may hold: a filter over dimensions, arithmetic over metrics.

Who writes a KPI chooses figures, and runs no SQL: an expression is read as a tree, and whatever in
it is not on these lists is refused. No subquery, no table, no file, no function beside arithmetic.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlglot
from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

LONGEST = 2_000

_COMMON = (
    sql.Column, sql.Identifier, sql.Literal, sql.Null, sql.Boolean, sql.Paren, sql.Neg,
    sql.And, sql.Or, sql.Not, sql.Is, sql.In, sql.Between, sql.Case, sql.If,
    sql.EQ, sql.NEQ, sql.GT, sql.GTE, sql.LT, sql.LTE,
    sql.Add, sql.Sub, sql.Mul, sql.Div, sql.Mod,
    sql.Coalesce, sql.Nullif, sql.Abs, sql.Round, sql.Greatest, sql.Least,
)  # fmt: skip
FILTER = (
    *_COMMON, sql.Like, sql.ILike, sql.Lower, sql.Upper, sql.Trim, sql.Cast, sql.DataType,
    sql.NullSafeEQ, sql.NullSafeNEQ,
)  # fmt: skip
ARITHMETIC = (*_COMMON, sql.Exp, sql.Ln, sql.Pow, sql.Sqrt)


def refused(text: str, allowed: Collection[type[sql.Expression]]) -> str | None:
    """What in an expression is not allowed, in a few words; None where all of it is."""
    if len(text) > LONGEST:
        return f"it is longer than {LONGEST:,} characters"
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except (SqlglotError, RecursionError):
        return "it cannot be read as an SQL expression"
    found = [each for each in statements if each is not None]
    if len(found) != 1 or len(statements) != 1:
        return "it is not one expression"
    for node in found[0].walk():
        if node.comments:
            return "it holds a comment"
        if not isinstance(node, tuple(allowed)):
            return f"it holds {_named(node)}"
        if isinstance(node, sql.Column) and (node.table or node.args.get("db")):
            return f"it holds {node.sql()!r}, with a point in it"
    return None


def columns(text: str) -> set[str]:
    """The names of the columns in an expression that is not refused."""
    tree = sqlglot.parse_one(text, dialect="duckdb")
    return {column.name for column in tree.find_all(sql.Column)}


def _named(node: Any) -> str:
    if isinstance(node, sql.Anonymous):
        return f"the function {node.name}"
    if isinstance(node, sql.Func):
        return f"the function {node.sql_name().lower()}"
    return f"`{node.sql()[:60]}` ({node.key})"
