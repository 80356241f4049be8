"""Zip files: bounded before a byte is inflated, one level deep, names never used as paths."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath

from connectors.core.files.errors import FileRefused, printable
from connectors.core.files.source import open_regular
from connectors.core.files.table import Limits

# Below this many inflated bytes a high ratio harms nobody, and sparse sheets do reach it.
_HARMLESS = 10_000_000
_CHUNK = 1 << 20
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".json")
_ARCHIVES = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar")
BROKEN_ZIP = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError
)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """A file to read. `name` is for showing and for matching a mapping, never for opening;
    `path` is what `open_table` reads."""

    name: str
    path: Path


def checked_zip(path: Path, file: BufferedReader, limits: Limits) -> zipfile.ZipFile:
    """The zip's directory, once its declared sizes are found bearable. zipfile never inflates
    beyond a declared size. Raises FileRefused."""
    try:
        archive = zipfile.ZipFile(file)
    except BROKEN_ZIP as error:
        raise FileRefused(path, f"is no whole zip ({error}); copy or export it again") from error
    entries = archive.infolist()
    inflated = sum(entry.file_size for entry in entries)
    # Overlapping entries declare more than the file has: the file's own size is what counts.
    packed = max(1, os.fstat(file.fileno()).st_size)
    if len(entries) > limits.members:
        raise FileRefused(path, f"holds {len(entries):,} files; at most {limits.members:,}")
    if inflated > limits.inflated_bytes:
        raise FileRefused(
            path, f"would inflate to {inflated:,} bytes; at most {limits.inflated_bytes:,}"
        )
    if inflated > _HARMLESS and inflated > limits.ratio * packed:
        raise FileRefused(
            path,
            f"would inflate {packed:,} bytes to {inflated:,}, over {limits.ratio} times: a bomb?",
        )
    if any(entry.compress_type not in _COMPRESSIONS for entry in entries):
        raise FileRefused(path, "is compressed in an unusual way; zip it anew")
    if any(entry.flag_bits & 1 for entry in entries):
        raise FileRefused(path, "has a password; save it without")
    return archive


def unpack(path: Path, folder: Path, limits: Limits = Limits()) -> list[Member]:  # noqa: B008
    """The files to read: of a zip its members, else the file itself.

    Members are written to `folder` (which must exist; the caller clears it) under names of our
    own. Folders and the droppings of macOS are left out. Raises FileRefused for a zip in a zip,
    a link, a password, a bomb, or a member of another kind than Koers reads.
    """
    if path.suffix.lower() != ".zip":
        return [Member(path.name, path)]
    with open_regular(path) as file, checked_zip(path, file, limits) as archive:
        entries = [entry for entry in archive.infolist() if not _is_dropping(entry)]
        if not entries:
            raise FileRefused(path, "holds no files")
        for entry in entries:
            _refuse_kind(path, entry)
        try:
            return [_extract(archive, e, folder, n) for n, e in enumerate(entries)]
        except BROKEN_ZIP as error:
            raise FileRefused(path, f"a member is damaged ({error}); copy it again") from error


def _base(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename.replace("\\", "/")).name


def _suffix(entry: zipfile.ZipInfo) -> str:
    # Not PurePosixPath's: to that, the name `.csv` has none.
    _, dot, suffix = _base(entry).rpartition(".")
    return f"{dot}{suffix}".lower()


def _is_dropping(entry: zipfile.ZipInfo) -> bool:
    base = _base(entry)
    return entry.is_dir() or "__MACOSX" in entry.filename or base in (".DS_Store", "Thumbs.db")


def _refuse_kind(path: Path, entry: zipfile.ZipInfo) -> None:
    shown = printable(entry.filename)
    suffix = _suffix(entry)
    mode = entry.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise FileRefused(path, f"'{shown}' in it is a link or device, not a file")
    if suffix in _ARCHIVES:
        raise FileRefused(path, f"'{shown}' in it is an archive itself; unpack that first")
    if suffix not in _SUFFIXES:
        raise FileRefused(
            path, f"'{shown}' in it is not one of {', '.join(_SUFFIXES)}; leave it out"
        )


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, n: int) -> Member:
    target = folder / f"member-{n:05d}{_suffix(entry)}"
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out, archive.open(entry) as packed:
        while chunk := packed.read(_CHUNK):
            out.write(chunk)
    return Member(printable(_base(entry)), target)
