"""Writes what was found into the text of `mapping.yaml`, and leaves all that a person wrote there.

What is open becomes lines with a `#` to choose from, and a `to_choose` that keeps the files of the
stream from being read until one of the lines is chosen.
"""

from __future__ import annotations

import yaml

from connectors.core.files.errors import printable
from connectors.core.inspection.finding import Choice, Finding, yaml_text
from connectors.core.mapping import StreamMapping
from connectors.core.recognise import matches

_TOP = """\
# What the export files in this folder are like; see docs/connectors/files.md.
# Lines that begin with # say nothing until their # is removed.
streams:
"""
_IN_UNPIVOT = ("value", "year", "columns")
_IN_FORMAT = (
    "encoding", "delimiter", "decimal", "date", "percent", "date_numbers", "last_line_may_be_open",
)  # fmt: skip


class CannotMergeError(ValueError):
    """The mapping is written in a way that no lines can be added to; the text says where."""


def merged(text: str, finding: Finding, said: StreamMapping) -> str:
    """The text of the mapping with what was found. said: what it says of the stream already.

    Raises CannotMergeError where the stream is written between { and }.
    """
    name = finding.stream.name
    if not text.strip() or yaml.compose(text, Loader=yaml.BaseLoader) is None:
        return text + _TOP + _block(name, _parts(finding, said))
    text = text if text.endswith("\n") else text + "\n"
    if _find(text, "streams") is None:
        return f"{text}streams:\n{_block(name, _parts(finding, said))}"
    if _find(text, "streams", name) is None:
        return _add(text, ("streams",), {name: _body(_parts(finding, said))})
    for part, lines in _parts(finding, said).items():
        text = _add(text, ("streams", name), {part: lines})
    return text


def _parts(finding: Finding, said: StreamMapping) -> dict[str, list[str]]:
    """The parts to add, each as its lines: the first goes behind the name of the part."""
    open_now = [c for c in finding.choices if c.what not in said.to_choose]
    parts: dict[str, list[str]] = {}
    if not matches(finding.name, said.files):
        parts["files"] = [f"[{', '.join(map(yaml_text, [*said.files, finding.pattern]))}]"]
    if finding.title_rows and not said.title_rows:
        parts["title_rows"] = [f"{finding.title_rows}  # rows above the headings"]
    if finding.heading_rows > 1 and said.heading_rows == 1:
        parts["heading_rows"] = [f"{finding.heading_rows}  # the upper one over several columns"]
    words = [word for word in finding.total_rows if word not in said.total_rows]
    if words:
        where = ", ".join(finding.total_rows[word] for word in words)
        both = ", ".join(map(yaml_text, [*said.total_rows, *words]))
        parts["total_rows"] = [f"[{both}]  # {where}: no records, left out and counted"]
    lines = [f"{name}: {value}" for name, value in finding.format.items()]
    lines += _to_choose([c for c in open_now if c.what in _IN_FORMAT])
    if lines:
        parts["format"] = ["", *lines]
    if finding.unpivot is not None and said.unpivot is None:
        turned = finding.unpivot.model_dump(exclude_none=True, exclude_defaults=True)
        lines = [f"{name}: {value}" for name, value in turned.items()]
        if finding.unpivot.months:
            lines[-1] += "  # of a flow; a balance is of last_day"
        lines += _to_choose([c for c in open_now if c.what in _IN_UNPIVOT])
        parts["unpivot"] = ["", *lines]
    known = {*said.headings}
    lines = [
        f"{yaml_text(heading)}: {field}  # {score:.0%} alike"
        for heading, (field, score) in finding.headings.items()
        if heading not in known
    ]
    lines += _to_choose([c for c in open_now if c.what not in (*_IN_FORMAT, *_IN_UNPIVOT)])
    lines += _missing(finding)
    if lines:
        parts["headings"] = ["", *lines]
    if open_now:
        names = [*said.to_choose, *dict.fromkeys(c.what for c in open_now)]
        parts["to_choose"] = [f"[{', '.join(names)}]  # the files are refused until it is chosen"]
    return parts


def _to_choose(choices: list[Choice]) -> list[str]:
    lines = []
    for choice in choices:
        lines.append(f"# Choose {choice.what}: remove the # of the line that is right.")
        if choice.is_optional:
            lines.append(f"# If none is, take {choice.what} out of to_choose.")
        width = max(len(line) for line, _ in choice.options)
        lines += [f"# {line:<{width}}  # {_plain(means)}" for line, means in choice.options]
    return lines


def _missing(finding: Finding) -> list[str]:
    asked = {choice.what for choice in finding.choices}
    return [
        f"# {field} is required, and no heading is like it; write its heading here:\n"
        f'# "...": {field}'
        for field in finding.missing
        if field not in asked
    ]


def _plain(text: str) -> str:
    return printable(" ".join(text.split()))


def _body(parts: dict[str, list[str]]) -> list[str]:
    lines = [""]
    for name, value in parts.items():
        lines.append(f"{name}: {value[0]}".rstrip())
        lines += [f"  {line}" for entry in value[1:] for line in entry.split("\n")]
    return lines


def _block(stream: str, parts: dict[str, list[str]]) -> str:
    return _lines(stream, _body(parts), 2)


def _lines(name: str, value: list[str], indent: int) -> str:
    space = " " * indent
    text = [f"{space}{name}: {value[0]}".rstrip()]
    text += [f"{space}  {line}" for entry in value[1:] for line in entry.split("\n")]
    return "\n".join(text) + "\n"


def _find(text: str, *path: str) -> tuple[yaml.Node, yaml.Node] | None:
    """The nodes of a key and its value."""
    node = yaml.compose(text, Loader=yaml.BaseLoader)
    found = None
    for name in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        found = next(((k, v) for k, v in node.value if k.value == name), None)
        if found is None:
            return None
        node = found[1]
    return found


def _add(text: str, path: tuple[str, ...], entry: dict[str, list[str]]) -> str:
    """Adds a part below a key: anew, or into the part that is there."""
    [(name, value)] = entry.items()
    there = _find(text, *path, name)
    if there is None:
        parent = _find(text, *path)
        if parent is None:
            raise AssertionError(f"{path} is there")
        return _append(text, path, parent, lambda indent: _lines(name, value, indent))
    _, node = there
    if value[0]:  # a value of one line takes the place of the old one, which it holds as well
        if isinstance(node, yaml.MappingNode) or node.start_mark.line != node.end_mark.line:
            raise CannotMergeError(f"{'.'.join(path)}.{name} is on several lines")
        plain = value[0].split("  #")[0]
        return text[: node.start_mark.index] + plain + text[node.end_mark.index :]
    lines = [line for entry_ in value[1:] for line in entry_.split("\n")]
    inner = (*path, name)
    return _append(
        text, inner, there, lambda indent: "".join(f"{' ' * indent}{line}\n" for line in lines)
    )


def _append(text, path, parent, made) -> str:  # type: ignore[no-untyped-def]
    """Adds lines at the end of a block; what is written between { and } becomes lines first."""
    key, node = parent
    if isinstance(node, yaml.MappingNode) and node.flow_style:
        if any(not isinstance(v, yaml.ScalarNode) for _, v in node.value):
            raise CannotMergeError(f"{'.'.join(path)} is written between {{ and }}")
        indent = key.start_mark.column + 2
        old = "".join(
            f"\n{' ' * indent}{text[k.start_mark.index : v.end_mark.index]}" for k, v in node.value
        )
        text = text[: node.start_mark.index].rstrip(" ") + old + text[node.end_mark.index :]
        parent = _find(text, *path)
        key, node = parent
    if isinstance(node, yaml.MappingNode):
        indent = node.value[0][0].start_mark.column
        last = _last_line(node)
    else:  # a key without a value
        indent = key.start_mark.column + 2
        last = key.end_mark.line
    lines = text.splitlines(keepends=True)
    at = last + 1
    while at < len(lines) and _is_comment(lines[at], indent):
        at += 1
    return "".join([*lines[:at], made(indent), *lines[at:]])


def _is_comment(line: str, indent: int) -> bool:
    stripped = line.lstrip(" ")
    return stripped.startswith("#") and len(line) - len(stripped) >= indent


def _last_line(node: yaml.Node) -> int:
    """The line on which a value ends; of a block YAML tells only where the next thing begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        if isinstance(last, tuple):
            key, value = last
            empty = isinstance(value, yaml.ScalarNode) and value.value == ""
            return int(key.end_mark.line) if empty else _last_line(value)
        return _last_line(last)
    return int(node.end_mark.line)
