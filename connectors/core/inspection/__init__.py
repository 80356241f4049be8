"""Looks at a file that nobody declared yet, and proposes how it is to be read.

    look = look_for(path, connectors)               # rows, headings, what the columns hold
    fits(look, connectors)                          # which streams it may be of
    found = inspect_file(path, look, connector, stream, said)
    text = merged(old_text, found, said)            # of mapping.yaml, for a person to edit

What the file itself says (a byte-order mark, a number such as `1.234,50`) is proposed as declared.
What can be read in two ways is a `Choice` with both readings and a row that shows them; it is
written as lines to choose from, and the run refuses the file until a person did. What is proposed
is only a mapping: the landing reads it as strictly as one that was written by hand.
"""

from connectors.core.inspection.finding import Choice, Column, Finding, Fit
from connectors.core.inspection.looking import fits, inspect_file, look_for
from connectors.core.inspection.raw import Look
from connectors.core.inspection.writing import CannotMergeError, merged

__all__ = [
    "CannotMergeError",
    "Choice",
    "Column",
    "Finding",
    "Fit",
    "Look",
    "fits",
    "inspect_file",
    "look_for",
    "merged",
]
