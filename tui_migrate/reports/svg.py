"""A chart as inline SVG: no script, no style and nothing loaded, in the colour of the text around it."""

from collections.abc import Iterator
from html import escape
from typing import Final

from tui_migrate.reports.chart_words import chart_words, clock_words, peak, span
from tui_migrate.reports.model import ReportChart

_WIDTH: Final = 720
_HEIGHT: Final = 240
_LEFT: Final = 90
_RIGHT: Final = 20
_TOP: Final = 16
_BOTTOM: Final = 48
_MOST_LABELS: Final = 5
_STEPS: Final = (1, 2, 5)
_UNITS: Final = ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k"))


def chart_svg(chart: ReportChart) -> Iterator[str]:
    """Draw a chart: values as steps over time, both axes with their units."""
    top, end = _rounded(peak(chart)), max(1, span(chart))
    said = escape(f"{chart.title}: {chart_words(chart)}")
    yield f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{said}" width="100%" fill="none">'
    yield f"<title>{said}</title>"
    for place in range(_MOST_LABELS):
        yield from _value_line(top * place // (_MOST_LABELS - 1), top)
        yield _time_label(end * place // (_MOST_LABELS - 1), end)
    for line in chart.lines:
        yield _steps(line, end, top)
    middle = (_TOP + _HEIGHT - _BOTTOM) // 2
    yield _text(_LEFT + (_WIDTH - _LEFT - _RIGHT) // 2, _HEIGHT - 8, "middle", "time since the run began")
    yield _text(16, middle, "middle", chart.unit, f' transform="rotate(-90 16 {middle})"')
    yield "</svg>"


def _value_line(value: int, top: int) -> Iterator[str]:
    y = _y(value, top)
    yield f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="currentColor" stroke-opacity=".2"/>'
    yield _text(_LEFT - 8, y + 4, "end", _short(value))


def _time_label(at: int, end: int) -> str:
    anchor = "start" if at == 0 else "end" if at == end else "middle"
    return _text(_x(at, end), _HEIGHT - _BOTTOM + 18, anchor, clock_words(at) if at else "0")


def _steps(line: tuple[tuple[int, int], ...], end: int, top: int) -> str:
    path = f"M{_x(line[0][0], end)} {_y(line[0][1], top)}"
    path += "".join(f"V{_y(value, top)}H{_x(at, end)}" for at, value in line[1:])
    return f'<path d="{path}" stroke="#2a7fb8" stroke-width="2" stroke-linejoin="round"/>'


def _text(x: int, y: int, anchor: str, text: str, more: str = "") -> str:
    place = f'x="{x}" y="{y}" text-anchor="{anchor}"'
    return f'<text {place}{more} fill="currentColor" font-size="12">{escape(text)}</text>'


def _x(at: int, end: int) -> int:
    return _LEFT + round(at * (_WIDTH - _LEFT - _RIGHT) / end)


def _y(value: int, top: int) -> int:
    return _HEIGHT - _BOTTOM - round(value * (_HEIGHT - _TOP - _BOTTOM) / top)


def _rounded(value: int) -> int:
    """Give the next value above that reads well on an axis: a multiple of four of 1, 2 or 5 times a power of ten."""
    scale = 1
    while True:
        for step in _STEPS:
            if step * scale * (_MOST_LABELS - 1) >= value:
                return step * scale * (_MOST_LABELS - 1)
        scale *= 10


def _short(value: int) -> str:
    for scale, unit in _UNITS:
        if value >= scale:
            return f"{value / scale:g} {unit}"
    return f"{value}"
