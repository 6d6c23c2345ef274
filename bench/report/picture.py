"""The picture: CPU time per unit on a logarithmic axis, with rate and latency, as SVG."""

import math
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape

from bench.measure.measurement import Measurement
from bench.report.table import number

_WIDTH, _ROW, _TOP = 940, 26, 58
_LEFT, _RIGHT = 300, 640  # of the axis
_RATE, _LATENCY = 760, 900  # right ends of these columns
_DECADES = (0.01, 0.1, 1, 10, 100)  # milliseconds
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f } .right { text-anchor: end } .middle { text-anchor: middle }
  .grid { stroke: #d0d7de } .servers { stroke: #8c959f; stroke-width: 3 } .all { fill: #8c959f } .ours { fill: #0969da }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #30363d } .ours { fill: #58a6ff } }
"""


def draw(measurements: Iterable[Measurement]) -> str:
    """Return the picture of all measurements that have a cost for each request, post, delivery, client or login."""
    shown = [one for one in measurements if one.cpu and one.count and one.unit != "second"]
    height = _TOP + _ROW * len(shown) + 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    title = "<title>CPU milliseconds, rate and latency of each scenario</title>"
    return "\n".join([head, title, f"<style>{_STYLE}</style>", *_axis(height), *_rows(shown), "</svg>", ""])


def position(milliseconds: float) -> float:
    """Return where a time is on the axis; what is beyond its ends is at its ends."""
    first, last = math.log10(_DECADES[0]), math.log10(_DECADES[-1])
    share = (math.log10(max(milliseconds, _DECADES[0])) - first) / (last - first)
    return round(_LEFT + min(share, 1) * (_RIGHT - _LEFT), 1)


def _axis(height: int) -> Iterator[str]:
    yield f'<circle class="ours" cx="{_LEFT + 5}" cy="14" r="5"/><circle class="all" cx="{_LEFT + 118}" cy="14" r="5"/>'
    yield _text(_LEFT + 16, 18, "CPU ms, ours")
    yield _text(_LEFT + 129, 18, "with RabbitMQ, PostgreSQL and Redis")
    yield _text(_RATE, 18, "per second", "right")
    yield _text(_LATENCY, 18, "p99 ms", "right")
    for decade in _DECADES:
        at = position(decade)
        yield f'<line class="grid" x1="{at}" x2="{at}" y1="{_TOP - 14}" y2="{height - 8}"/>'
        yield _text(at, _TOP - 20, f"{decade:g}", "middle")


def _rows(measurements: Sequence[Measurement]) -> Iterator[str]:
    for index, one in enumerate(measurements):
        y = _TOP + _ROW * index + 12
        ours, total = position(one.ours), position(one.total)
        yield _text(8, y + 4, f"{one.name}")
        yield f'<line class="servers" x1="{ours}" x2="{total}" y1="{y}" y2="{y}"/>'
        yield f'<circle class="all" cx="{total}" cy="{y}" r="5"/><circle class="ours" cx="{ours}" cy="{y}" r="5"/>'
        yield _text(_RATE, y + 4, number(one.rate), "right")
        yield _text(_LATENCY, y + 4, number(one.latency.p99) if one.latency else "", "right")


def _text(x: float, y: float, text: str, style: str = "left") -> str:
    return f'<text class="{style}" x="{x}" y="{y}">{escape(text)}</text>'
