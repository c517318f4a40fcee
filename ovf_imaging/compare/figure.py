"""The Bland–Altman figure: a panel a quantity, drawn as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from ovf_imaging.compare import display
from ovf_imaging.compare.estimates import Estimate
from ovf_imaging.compare.records import ALL, Agreement, Numbers
from ovf_imaging.report import words

_COLUMNS = 3
_WIDTH, _HEIGHT = 340, 270  # of a panel
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 52, 44, 44  # margins round its plot
_ROOM = 1.08  # of the greatest value, to the edge of the plot
_TICKS = 5
_LINES = ("bias", "loa_lower", "loa_upper")
_STYLE = (
    "text{font:11px 'Segoe UI',Helvetica,Arial,sans-serif;fill:#333}.t{font-weight:600;font-size:13px;fill:#1f4e6b}"
    ".g{fill:#777}.e{text-anchor:end}.m{text-anchor:middle}.f{fill:none;stroke:#bbb}.z{stroke:#bbb}"
    ".bias{stroke:#1f4e6b;stroke-width:1.5}.loa{stroke:#a1502b;stroke-width:1.5;stroke-dasharray:5 4}"
    ".bb{fill:#1f4e6b;opacity:.13}.lb{fill:#a1502b;opacity:.1}.p{fill:#1f4e6b;fill-opacity:.55}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """Values from `low` to `high` laid on pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return a value's pixel."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Yield round values inside the axis with their text."""
        rough = (self.high - self.low) / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * k for k in (1, 2, 5, 10) if power * k >= rough)
        digits = max(0, -math.floor(math.log10(step)))
        for n in range(math.ceil(self.low / step), math.floor(self.high / step) + 1):
            yield n * step, words.figure(n * step, digits)


def bland_altman(agreement: Agreement) -> str:
    """Return the differences of every quantity that has limits of agreement, against the mean, as one SVG."""
    limits: dict[tuple[str, str], dict[str, Estimate]] = {}
    for s in agreement.statistics:
        if s.level == ALL and s.name in _LINES and s.estimate.value is not None:
            limits.setdefault((s.quantity, s.view), {})[s.name] = s.estimate
    points: dict[tuple[str, str], list[Numbers]] = {}
    for item in agreement.pairs.numbers:
        points.setdefault((item.quantity, item.place.view), []).append(item)
    panels = [_panel(key, lines, points[key]) for key, lines in limits.items()]
    rows = max(1, math.ceil(len(panels) / _COLUMNS))
    places = ((n % _COLUMNS * _WIDTH, n // _COLUMNS * _HEIGHT) for n in range(len(panels)))
    drawn = "\n".join(f'<g transform="translate({x} {y})">{p}</g>' for (x, y), p in zip(places, panels, strict=True))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_COLUMNS * _WIDTH} {rows * _HEIGHT}" role="img">'
        f"<title>Difference A − B against the mean of A and B</title><style>{_STYLE}</style>\n"
        f"{drawn or _text(12, 30, 'cannot tell: no quantity has three pairs', 'g')}\n</svg>\n"
    )


def _panel(key: tuple[str, str], lines: Mapping[str, Estimate], items: Sequence[Numbers]) -> str:
    (quantity, view), unit = key, items[0].unit
    told = [
        (i, i.a * display.factor(unit), i.b * display.factor(unit))
        for i in items
        if i.a is not None and i.b is not None
    ]
    ends = {
        name: [v * display.factor(unit) for v in (e.value or 0.0, *(e.interval or ()))] for name, e in lines.items()
    }
    reach = _ROOM * max([abs(v) for values in ends.values() for v in values] + [abs(a - b) for _, a, b in told])
    means = [(a + b) / 2 for _, a, b in told]
    pad = (max(means) - min(means)) * (_ROOM - 1) or 1.0
    across = _Axis(low=min(means) - pad, high=max(means) + pad, start=_LEFT, end=_WIDTH - _RIGHT)
    up = _Axis(low=-reach or -1.0, high=reach or 1.0, start=_HEIGHT - _BOTTOM, end=_TOP)
    sign = display.sign(unit)
    parts = [
        _text(_LEFT, 18, display.title(quantity), "t"),
        _text(_LEFT, 33, f"{view + ', ' if view else ''}n = {len(told)}", "g"),
        *_frame(across, up),
        *(part for name in _LINES for part in _line(name, ends[name], across, up, unit)),
        *(_point(item, across.at((a + b) / 2), up.at(a - b)) for item, a, b in told),
        _text((across.start + across.end) / 2, _HEIGHT - 10, f"mean of A and B, {sign}", "m"),
        _text(0, 0, f"A − B, {sign}", "m", f'transform="translate(13 {(up.start + up.end) / 2:g}) rotate(-90)"'),
    ]
    return "".join(parts)


def _frame(across: _Axis, up: _Axis) -> Iterator[str]:
    yield (
        f'<rect class="f" x="{across.start}" y="{up.end}" width="{across.end - across.start}" '
        f'height="{up.start - up.end}"/>'
    )
    yield f'<line class="z" x1="{across.start}" x2="{across.end}" y1="{up.at(0):.1f}" y2="{up.at(0):.1f}"/>'
    for value, text in across.ticks():
        yield _text(across.at(value), up.start + 15, text, "m g")
    for value, text in up.ticks():
        yield _text(across.start - 5, up.at(value) + 4, text, "e g")


def _line(name: str, ends: Sequence[float], across: _Axis, up: _Axis, unit: str) -> Iterator[str]:
    """Yield a line with its interval as a band and its value beside the plot."""
    kind, (value, *interval) = ("bias" if name == "bias" else "loa"), ends
    if interval:
        top, foot = up.at(interval[1]), up.at(interval[0])
        yield (
            f'<rect class="{kind[0]}b" x="{across.start}" y="{top:.1f}" width="{across.end - across.start}" '
            f'height="{foot - top:.1f}"/>'
        )
    y = up.at(value)
    yield f'<line class="{kind}" x1="{across.start}" x2="{across.end}" y1="{y:.1f}" y2="{y:.1f}"/>'
    yield _text(across.end + 4, y + 4, display.number(value / display.factor(unit), unit), "")


def _point(item: Numbers, x: float, y: float) -> str:
    place = item.place
    who = f"study {place.study} {words.level_span(place.levels_a)}: A {display.number(item.a or 0.0, item.unit)}"
    title = f"{who}, B {display.number(item.b or 0.0, item.unit)} {display.sign(item.unit)}"
    return f'<circle class="p" cx="{x:.1f}" cy="{y:.1f}" r="2.6"><title>{escape(title)}</title></circle>'


def _text(x: float, y: float, text: str, kind: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}" {more}>{escape(text)}</text>'
