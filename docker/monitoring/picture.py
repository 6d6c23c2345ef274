"""A dashboard as a drawing, with what a Prometheus knows: `python -m docker.monitoring.picture <url> [dashboard]`.

For pages about Baraza, and to look at a panel without Grafana. It prints SVG, and shows the last five minutes.
"""

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from typing import Any

import requests

from docker.monitoring.dashboards import ALL
from docker.monitoring.panels import COLUMNS, Dashboard, Panel, placed
from docker.monitoring.promql import WINDOW

SPAN = 300  # seconds
STEP = 5  # seconds
RATE = "30s"
COLUMN, ROW, GAP, TOP = 50, 31, 8, 40  # pixels: of the grid, between panels, above them
LINE = 15  # pixels
MOST = 8  # lines in a legend
COLOURS = ("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#fade2a")
SHADES = {"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c"}
_BINARY = 1024
_TEXT = '<text x="{x:.0f}" y="{y:.0f}" fill="{fill}" font-size="{size}" text-anchor="{anchor}">{text}</text>'


@dataclass(frozen=True)
class Line:
    """A series: what it is called, and its points."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Box:
    """A place on the drawing, in pixels."""

    x: float
    y: float
    width: float
    height: float


def draw(dashboard: Dashboard, url: str) -> str:
    """Return the drawing."""
    now = time.time()
    parts = []
    bottom = 0.0
    for panel, place in placed(dashboard.panels):
        box = Box(
            place["x"] * COLUMN + GAP / 2, place["y"] * ROW + TOP, place["w"] * COLUMN - GAP, place["h"] * ROW - GAP
        )
        bottom = max(bottom, box.y + box.height)
        lines = [line for query in panel.queries for line in _lines(url, query.expression, query.legend, now)]
        parts += _frame(panel, box)
        parts += _numbers(panel, lines, box) if panel.kind == "stat" else _graph(panel, lines, box, now)
    width, height = COLUMNS * COLUMN, bottom + GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" '
        'font-family="Helvetica, Arial, sans-serif">'
        f'<rect width="{width}" height="{height:.0f}" fill="#111217"/>'
    )
    title = _text(12, 26, f"Baraza: {dashboard.title}", "#d8d9da", 17)
    return "\n".join((head, title, *parts, "</svg>")) + "\n"


def _lines(url: str, expression: str, legend: str, now: float) -> Iterable[Line]:
    words = {"query": expression.replace(WINDOW, RATE), "start": str(now - SPAN), "end": str(now), "step": str(STEP)}
    reply = requests.get(f"{url}/api/v1/query_range", params=words, timeout=30)
    reply.raise_for_status()
    for series in reply.json()["data"]["result"]:
        points = [(moment, number) for moment, word in series["values"] if isfinite(number := float(word))]
        if points:
            yield Line(_named(legend, series["metric"]), points)


def _named(legend: str, labels: dict[str, Any]) -> str:
    for name, value in labels.items():
        legend = legend.replace(f"{{{{{name}}}}}", value)
    return legend


def _frame(panel: Panel, box: Box) -> list[str]:
    edge = f'x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}"'
    return [f'<rect {edge} rx="3" fill="#181b1f"/>', _text(box.x + 10, box.y + 18, panel.title, "#ccccdc", 12)]


def _numbers(panel: Panel, lines: Sequence[Line], box: Box) -> list[str]:
    """Draw the last number of each line, side by side, in the colour of its limit."""
    parts = []
    for index, line in enumerate(lines):
        middle = box.x + box.width * (index + 0.5) / len(lines)
        last = line.points[-1][1]
        parts.append(
            _text(middle, box.y + box.height / 2 + 16, shown(last, panel.unit), _shade(panel, last), 22, "middle")
        )
        if len(lines) > 1:
            parts.append(_text(middle, box.y + box.height - 12, line.name, "#9d9fa5", 11, "middle"))
    return parts


def _graph(panel: Panel, lines: Sequence[Line], box: Box, now: float) -> list[str]:
    """Draw the lines over their legend; the axis begins at 0, as in Grafana."""
    ordered = sorted(lines, key=lambda line: -line.points[-1][1])
    listed = ordered[:MOST]
    rows = (len(listed) + 1) // 2
    plot = Box(box.x + 62, box.y + 30, box.width - 74, box.height - 52 - rows * LINE)
    most = max((number for line in lines for _, number in line.points), default=0) or 1
    parts = []
    for share in (0, 0.5, 1):
        y = plot.y + plot.height * (1 - share)
        parts.append(f'<path d="M{plot.x:.0f} {y:.1f}h{plot.width:.0f}" stroke="#2c3235"/>')
        parts.append(_text(plot.x - 6, y + 4, shown(most * share, panel.unit), "#9d9fa5", 10, "end"))
    for index, line in enumerate(ordered):
        points = " ".join(
            f"{plot.x + plot.width * (1 - (now - moment) / SPAN):.1f},{plot.y + plot.height * (1 - number / most):.1f}"
            for moment, number in line.points
        )
        colour = COLOURS[index % len(COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.4"/>')
    for index, line in enumerate(listed):
        x = box.x + 12 + (index % 2) * box.width / 2
        y = box.y + box.height - 8 - (rows - 1 - index // 2) * LINE
        parts.append(f'<path d="M{x:.0f} {y - 4:.0f}h12" stroke="{COLOURS[index]}" stroke-width="3"/>')
        parts.append(_text(x + 18, y, f"{line.name}  {shown(line.points[-1][1], panel.unit)}", "#ccccdc", 10))
    return parts


def _shade(panel: Panel, number: float) -> str:
    return SHADES[[step["color"] for step in panel.steps() if step["value"] is None or number >= step["value"]][-1]]


def shown(number: float, unit: str) -> str:
    """Write a number the way Grafana does for its unit, more or less."""
    if unit == "s":
        return f"{number * 1000:.3g} ms" if 0 < number < 1 else f"{number:.3g} s"
    if unit == "percentunit":
        return f"{number * 100:.3g} %"
    if unit == "bytes":
        for prefix in ("", "Ki", "Mi", "Gi"):
            if number < _BINARY or prefix == "Gi":
                break
            number /= _BINARY
        return f"{number:.3g} {prefix}B"
    return f"{number:.3g}" + {"reqps": " req/s", "ops": " /s"}.get(unit, "")


def _text(x: float, y: float, text: str, fill: str, size: int, anchor: str = "start") -> str:  # noqa: PLR0913, PLR0917 - a drawing's words
    return _TEXT.format(x=x, y=y, fill=fill, size=size, anchor=anchor, text=escape(text))


def main(url: str, uid: str = "overview") -> None:
    """Print the drawing of one dashboard."""
    (dashboard,) = [one for one in ALL if one.uid == uid]
    sys.stdout.write(draw(dashboard, url))


if __name__ == "__main__":
    main(*sys.argv[1:3])
