"""A letter as HTML for mail: one column, styles inline, since many mail programs read no others.

A style sheet adds the dark theme for those that do. Everything that stands in it was escaped;
nothing is loaded from elsewhere. Pictures are named `cid:NAME`, where the mail holds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from pipelines.watch.letter import Entry, Letter, Link, Moves, Section
from pipelines.watch.pictures import Picture

_TONES = {
    # Sign, colour on the light page. A shape besides a colour: not everybody sees colours.
    "off": ("&#9670;", "#b42318"),
    "drift": ("&#9650;", "#7a3fb0"),
    "back": ("&#10003;", "#1a7f37"),
    "normal": ("&#10003;", "#1a7f37"),
}
_OTHER = ("&#8226;", "#57606a")
_MUTED = "color:#57606a"
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"

_STYLE = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
.dark { display: none; }
@media (prefers-color-scheme: dark) {
  .page { background: #0d1117 !important; color: #e6edf3 !important; }
  .card, .advice { background: #1c2128 !important; }
  .muted { color: #b6c0ca !important; }
  .track { background: #30363d !important; }
  .link { background: #1c2128 !important; color: #8ecbff !important; }
  .off { color: #ff8a7a !important; }
  .drift { color: #cf9dfa !important; }
  .back, .normal { color: #6fdc8c !important; }
  .fill { background: #6cb2f7 !important; }
  .light { display: none !important; }
  .dark { display: block !important; max-height: none !important; }
}
"""


def mail_html(letter: Letter, pictures: Sequence[Sequence[Picture]] = ()) -> str:
    """The whole document. pictures: of each entry, in the order of the letter; may be fewer."""
    of_entry = iter(pictures)
    sections = "".join(_section(section, letter.language, of_entry) for section in letter.sections)
    opening = "".join(f"<div>{_safe(line)}</div>" for line in letter.opening)
    return (
        f'<!doctype html><html lang="{letter.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{_safe(letter.title)}</title><style>{_STYLE}</style></head>"
        f'<body class="page" style="margin:0;background:#f3f5f7;color:#1f2328;{_FONT};'
        'font-size:16px;line-height:1.45">'
        '<div style="max-width:560px;margin:0 auto;padding:20px 12px">'
        '<h1 style="font-size:22px;line-height:1.25;margin:0 0 4px">'
        f"{_safe(letter.title.removeprefix('Koers: '))}</h1>"
        f'<div class="muted" style="{_MUTED};font-size:14px">{opening}</div>'
        f"{sections}{_advice(letter.advice)}"
        f'<div class="muted" style="{_MUTED};font-size:12px;margin-top:20px">'
        f"Koers. {_safe(letter.reference)}</div></div></body></html>"
    )


def _section(section: Section, language: str, pictures: Iterator[Sequence[Picture]]) -> str:
    heading = ""
    if section.heading:
        heading = f'<h2 style="font-size:17px;margin:24px 0 8px">{_safe(section.heading)}</h2>'
    entries = "".join(_entry(entry, next(pictures, ())) for entry in section.entries)
    rest = section.rest_line(language)
    counted = f'<p style="margin:12px 0">{_safe(rest)}</p>' if rest else ""
    return heading + entries + counted


def _entry(entry: Entry, pictures: Sequence[Picture]) -> str:
    sign, colour = _TONES.get(entry.tone, _OTHER)
    # Those without a colour of their own are readable on a dark page too.
    tone = entry.tone if entry.tone in _TONES else "muted"
    where = " &middot; ".join(_safe(part) for part in (entry.unit, entry.period) if part)
    parts = [
        f'<div class="{tone}" style="color:{colour};font-size:13px;font-weight:600">'
        f"{sign} {_safe(entry.badge)}</div>"
        if entry.badge
        else "",
        f'<h3 style="font-size:18px;line-height:1.3;margin:2px 0 0">{_safe(entry.kpi)}</h3>',
        f'<div class="muted" style="{_MUTED};font-size:14px">{where}</div>' if where else "",
        _value(entry, tone, colour),
        "".join(map(_image, pictures)),
        _facts(entry),
        "".join(map(_moves, entry.moves)),
        _links(entry.links),
    ]
    return (
        f'<div class="card" style="background:#ffffff;border-left:4px solid {colour};'
        'border-radius:6px;padding:14px 16px;margin:0 0 14px">'
        f"{''.join(parts)}</div>"
    )


def _value(entry: Entry, tone: str, colour: str) -> str:
    if not entry.value:
        return "".join(f'<p style="margin:8px 0 0">{_safe(line)}</p>' for line in entry.lines)
    gap = ""
    if entry.gap:
        gap = (
            f' <span class="{tone}" style="color:{colour};font-size:15px">{_safe(entry.gap)}</span>'
        )
    return (
        '<div style="margin:10px 0 8px"><span style="font-size:30px;font-weight:700;'
        f'line-height:1.1;white-space:nowrap">{_safe(entry.value)}</span>{gap}</div>'
    )


def _image(picture: Picture) -> str:
    hidden = "" if picture.theme == "light" else "display:none;max-height:0;mso-hide:all;"
    return (
        f'<img class="{picture.theme}" src="cid:{picture.name}" alt="{_safe(picture.alt)}" '
        f'width="528" style="{hidden}width:100%;max-width:528px;height:auto;border:0">'
    )


def _facts(entry: Entry) -> str:
    rows = "".join(
        f'<tr><th scope="row" class="muted" style="{_MUTED};font-weight:400;text-align:left;'
        f'vertical-align:top;padding:2px 14px 2px 0">{_safe(name)}</th>'
        f'<td style="vertical-align:top;padding:2px 0">{_safe(said)}</td></tr>'
        for name, said in entry.facts
    )
    if not rows:
        return ""
    return f'<table style="border-collapse:collapse;font-size:14px;margin:8px 0 0">{rows}</table>'


def _moves(moves: Moves) -> str:
    """What moved it, each with a bar as long as its share of the largest."""
    widest = max((abs(move.part or 0.0) for move in moves.moves), default=0.0) or 1.0
    rows = []
    for move in moves.moves:
        width = round(abs(move.part or 0.0) / widest * 100)
        bar = (
            '<div class="track" style="background:#e6eaee;height:5px;border-radius:3px;'
            'margin-top:3px"><div class="fill" style="background:#1f5fa8;height:5px;'
            f'border-radius:3px;width:{width}%"></div></div>'
        )
        rows.append(
            '<tr><td style="padding:3px 10px 3px 0;width:60%">'
            f"{_safe(move.label)}{bar if len(moves.moves) > 1 else ''}</td>"
            '<td style="padding:3px 10px 3px 0;text-align:right;white-space:nowrap;'
            f'vertical-align:top">{_safe(move.amount)}</td>'
            '<td class="muted" style="padding:3px 0;text-align:right;white-space:nowrap;'
            f'vertical-align:top;{_MUTED}">{_safe(move.share)}</td></tr>'
        )
    return (
        '<div style="font-size:14px;font-weight:600;margin:14px 0 2px">'
        f"{_safe(moves.heading)}</div>"
        '<table role="presentation" style="border-collapse:collapse;font-size:14px;width:100%">'
        f"{''.join(rows)}</table>"
    )


def _links(links: Sequence[Link]) -> str:
    buttons = "".join(
        f'<a class="link" href="{_safe(link.url)}" style="display:inline-block;background:#ffffff;'
        "color:#1f5fa8;border:1px solid #1f5fa8;border-radius:6px;padding:8px 14px;"
        f'margin:6px 8px 0 0;font-size:14px;text-decoration:none">{_safe(link.text)}</a>'
        for link in links
        # Nothing but the web: a link of another kind may run something.
        if link.url.startswith(("https://", "http://"))
    )
    return f'<div style="margin-top:8px">{buttons}</div>' if buttons else ""


def _advice(advice: tuple[str, str] | None) -> str:
    if advice is None:
        return ""
    heading, said = advice
    title = f'<h2 style="font-size:17px;margin:0 0 4px">{_safe(heading)}</h2>' if heading else ""
    return (
        '<div class="advice" style="background:#ffffff;border-radius:6px;padding:14px 16px;'
        f'margin:20px 0 0;font-size:15px">{title}<div>{_safe(said)}</div></div>'
    )


def _safe(said: str) -> str:
    """As text, also where it is a value of an attribute."""
    return escape(said, quote=True)
