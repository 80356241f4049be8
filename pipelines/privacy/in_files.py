"""A person in export files: those that wait in the inbox and those in its archive.

Of a contact the whole row goes, since a row holds more of them than Koers looks for; of an employee
the cells that name them get an alias, so that the row still counts for their team. All other bytes
of a CSV file stay as they are; JSON and workbooks are written anew. A file that cannot be read, or
that still names the person afterwards, is removed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import openpyxl

from connectors.core.durable import sync
from connectors.core.failpoints import failpoint
from connectors.core.inbox import ARCHIVE
from connectors.core.mapping import FILE_NAME
from connectors.core.privacy import EMAIL, Pseudonyms
from pipelines.privacy.aliases import Aliases
from pipelines.privacy.marks import Marks
from pipelines.privacy.person import Person
from pipelines.settings import Home

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_TEXTS = (".csv", ".txt", ".tsv")
DRAFT = ".erasing-"
Outcome = Literal["rewritten", "removed"]


class NotReadableError(ValueError):
    """A file is not what its name says."""


@dataclass
class FileEraser:
    """Takes a person out of the files of one connector. `rows`: how many rows told of them."""

    person: Person
    aliases: Aliases
    hasher: Pseudonyms | None
    connector: str
    rows: int = 0
    marks: Marks = field(init=False)
    _cell: re.Pattern[str] | None = field(init=False)

    def __post_init__(self) -> None:
        self.marks = self.aliases.marks(Person(named=self.person.named))
        values = [v for scope, v in self.person.ids if scope in ("*", self.connector)]
        values += [v for scope, _, v in self.person.keys if scope == self.connector]
        values = [v for v in values if v in self._sure(values)]
        either = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
        self._cell = (
            re.compile(rf'(?:^|(?<=[;,\t|"]))(?:{either})(?=[;,\t|"\r\n]|$)', re.IGNORECASE)
            if values
            else None
        )

    def _sure(self, values: list[str]) -> set[str]:
        person = Person(units=frozenset(values))
        return set(self.aliases.marks(person).ids)

    @property
    def drops_rows(self) -> bool:
        return not self.person.is_employee

    def tells(self, text: str) -> bool:
        """Whether a row, or a cell, tells of the person."""
        if self.marks.names(text) or (self._cell and self._cell.search(text)):
            return True
        if self.hasher is None or "@" not in text or not self.person.pseudonyms:
            return False
        return any(self.hasher.of(each) in self.person.pseudonyms for each in EMAIL.findall(text))

    def replaced(self, text: str) -> str:
        """A row, or a cell, with aliases."""
        text = self.marks.text(text)
        if self._cell is not None:
            text = self._cell.sub(lambda found: self.aliases.of(found.group()), text)
        return EMAIL.sub(self._of_address, text) if "@" in text else text

    def _of_address(self, found: re.Match[str]) -> str:
        if self.hasher is not None and self.hasher.of(found.group()) in self.person.pseudonyms:
            return self.aliases.of(found.group())
        return found.group()

    def erased(self, name: str, content: bytes) -> bytes | None:
        """The bytes of a file without the person; None where it cannot be done but by removing it.
        Raises NotReadableError."""
        suffix = Path(name).suffix.lower()
        if suffix in _TEXTS:
            return self._text(content)
        if suffix == ".json":
            return self._json(content)
        if suffix == ".xlsx":
            return self._workbook(content)
        if suffix == ".zip":
            return self._zip(content)
        raise NotReadableError(f"a file {suffix or 'without a suffix'} is of no known kind")

    def _text(self, content: bytes) -> bytes | None:
        text, encoding = decoded(content)
        kept = []
        for number, row in enumerate(records_of(text)):
            if not self.tells(row):
                kept.append(row)
                continue
            self.rows += 1
            if not self.drops_rows:
                kept.append(self.replaced(row))
            elif number == 0:
                return None
        return "".join(kept).encode(encoding)

    def _json(self, content: bytes) -> bytes | None:
        text, encoding = decoded(content)
        try:
            value = json.loads(text)
        except ValueError:
            try:
                lines = [json.loads(line) for line in text.splitlines() if line.strip()]
            except ValueError as error:
                raise NotReadableError(str(error)) from error
            new = self._cleaned(lines)
            return "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in new).encode(encoding)
        new = self._cleaned(value)
        if self.drops_rows and self.tells(json.dumps(new, ensure_ascii=False)):
            return None
        return json.dumps(new, ensure_ascii=False).encode(encoding)

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.marks.text(name): self._cleaned(each) for name, each in value.items()}
        if isinstance(value, list):
            kept = []
            for each in value:
                new = self._cleaned(each)
                if self.drops_rows and self._tells_deeply(new):
                    self.rows += 1
                    continue
                kept.append(new)
            return kept
        if self.drops_rows or not isinstance(value, (str, int)) or isinstance(value, bool):
            return value
        if not self.tells(str(value)):
            return value
        self.rows += 1
        return self.replaced(str(value))

    def _tells_deeply(self, value: Any) -> bool:
        if isinstance(value, dict):
            return any(self._tells_deeply(each) for each in value.values())
        if isinstance(value, list):
            return any(self._tells_deeply(each) for each in value)
        return isinstance(value, (str, int)) and self.tells(str(value))

    def _workbook(self, content: bytes) -> bytes | None:
        try:
            book = openpyxl.load_workbook(io.BytesIO(content))
        except Exception as error:  # openpyxl raises whatever its parsers do
            raise NotReadableError(str(error)) from error
        for sheet in book.worksheets:
            for row in range(sheet.max_row, 0, -1):
                told = [c for c in sheet[row] if c.value is not None and self.tells(str(c.value))]
                if not told:
                    continue
                self.rows += 1
                if self.drops_rows:
                    if row == 1:
                        return None
                    sheet.delete_rows(row)
                else:
                    for cell in told:
                        cell.value = self.replaced(str(cell.value))
        for name in ("creator", "lastModifiedBy", "title", "subject", "description", "keywords"):
            if text := getattr(book.properties, name):
                setattr(book.properties, name, self.replaced(str(text)))
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    def _zip(self, content: bytes) -> bytes | None:
        out = io.BytesIO()
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
                for entry in old.infolist():
                    inner: bytes | None = old.read(entry)
                    if not entry.is_dir() and mentions(self, entry.filename, inner or b""):
                        inner = self.erased(entry.filename, inner or b"")
                    if inner is not None:
                        entry.filename = self.marks.text(entry.filename)
                        new.writestr(entry, inner, zipfile.ZIP_DEFLATED)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
            raise NotReadableError(str(error)) from error
        return out.getvalue()


def decoded(content: bytes) -> tuple[str, str]:
    """The text of a file and the encoding that gives its bytes back."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            with contextlib.suppress(UnicodeDecodeError):
                return content.decode(encoding), encoding
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("latin-1"), "latin-1"  # gives any byte back


def records_of(text: str) -> Iterator[str]:
    """The rows of a CSV file with their ends of line; a line break in quotes ends none."""
    waiting = ""
    for line in text.splitlines(keepends=True):
        waiting += line
        if waiting.count('"') % 2 == 0:
            yield waiting
            waiting = ""
    if waiting:
        yield waiting


def texts_in(name: str, content: bytes) -> Iterator[str]:
    """The texts in a file: of a zip or a workbook those of its members."""
    if content.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                for entry in packed.infolist():
                    yield entry.filename
                    yield from texts_in(entry.filename, packed.read(entry))
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError):
            yield decoded(content)[0]
    else:
        yield decoded(content)[0]


_XML_CELL = re.compile(r"[<>]")


def mentions(eraser: FileEraser, name: str, content: bytes) -> bool:
    """Whether a file tells of the person anywhere."""
    for text in texts_in(name, content):
        if text.lstrip().startswith("<"):  # a part of a workbook
            if any(eraser.tells(each) for each in _XML_CELL.split(text) if each):
                return True
        elif any(eraser.tells(row) for row in records_of(text)) or (
            text.lstrip()[:1] in ("{", "[") and _json_tells(eraser, text)
        ):
            return True
    return False


def _json_tells(eraser: FileEraser, text: str) -> bool:
    try:
        return eraser._tells_deeply(json.loads(text))
    except ValueError:
        return False


def raw_files(home: Home) -> Iterator[tuple[str, Path]]:
    """The export files of a home with their connector, waiting and archived."""
    for place in (home.inbox, home.inbox / ARCHIVE):
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            if folder.is_file() and not folder.is_symlink():
                yield "", folder  # put beside the folders by mistake
            if not folder.is_dir() or folder.name == ARCHIVE or folder.is_symlink():
                continue
            for file in sorted(folder.rglob("*")):
                if file.is_file() and not file.is_symlink() and file.name != FILE_NAME:
                    yield folder.name, file


def erase_files(
    home: Home, make: Callable[[str], FileEraser], *, is_dry: bool = False
) -> dict[str, tuple[Outcome, int]]:
    """Take a person out of the export files: what became of each, by its path in the home with an
    alias for the name, and how many rows that were. To be called again after a kill."""
    done: dict[str, tuple[Outcome, int]] = {}
    for connector, file in list(raw_files(home)):
        if file.name.startswith(DRAFT):  # of an erasure that was killed
            file.unlink()
            continue
        eraser = make(connector)
        content = file.read_bytes()
        is_named = eraser.marks.text(file.name) != file.name
        if not is_named and not mentions(eraser, file.name, content):
            continue
        try:
            new = eraser.erased(file.name, content)
            if new is not None and mentions(make(connector), file.name, new):
                new = None
        except NotReadableError:
            new = None
        shown = str(file.relative_to(home.root).with_name(eraser.marks.text(file.name)))
        done[shown] = ("rewritten" if new is not None else "removed", eraser.rows)
        if not is_dry:
            _put(file, new, file.with_name(eraser.marks.text(file.name)))
    return done


def _put(file: Path, content: bytes | None, target: Path) -> None:
    if content is not None:
        status = file.stat()
        draft = file.with_name(f"{DRAFT}{os.getpid()}")
        draft.write_bytes(content)
        draft.chmod(0o600)
        os.utime(draft, ns=(status.st_atime_ns, status.st_mtime_ns))
        sync(draft)
        failpoint("erasing.before_file")
        draft.replace(target)
    if content is None or target != file:
        file.unlink()
    sync(file.parent)
    failpoint("erasing.after_file")
