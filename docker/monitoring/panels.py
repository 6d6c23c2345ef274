"""What a dashboard is made of, and the JSON that Grafana reads."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

COLUMNS = 24  # Grafana's
_SOURCE = {"type": "prometheus", "uid": "prometheus"}
_COLOURS = ("green", "orange", "red")


@dataclass(frozen=True)
class Query:
    """A PromQL expression, and what its lines are called: {{label}} is a label's value."""

    expression: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One picture. `limits` are where it turns orange and red; where a fall is bad (`falling`), red and orange."""

    title: str
    description: str
    queries: Sequence[Query]
    unit: str = "short"  # as Grafana names them
    kind: str = "timeseries"  # or stat
    width: int = 8
    height: int = 7
    limits: Sequence[float] = ()
    falling: bool = False

    def steps(self) -> list[dict[str, Any]]:
        """Return the colours with the values from which they hold; the first holds from minus infinity."""
        colours = _COLOURS[: len(self.limits) + 1]
        if self.falling:
            colours = ("red", *_COLOURS[len(self.limits) - 1 :: -1])
        return [{"color": colour, "value": value} for colour, value in zip(colours, (None, *self.limits), strict=True)]


@dataclass(frozen=True)
class Dashboard:
    """A page of panels, from left to right and from top to bottom."""

    uid: str
    title: str
    description: str
    panels: Sequence[Panel]

    def json(self) -> str:
        """Return the file that Grafana is given."""
        document = {
            "uid": f"baraza-{self.uid}",
            "title": f"Baraza: {self.title}",
            "description": self.description,
            "tags": ["baraza"],
            "schemaVersion": 39,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,  # one moment in all panels
            "refresh": "30s",
            "time": {"from": "now-1h", "to": "now"},
            "timezone": "browser",
            "links": [{"type": "dashboards", "title": "Baraza", "tags": ["baraza"], "asDropdown": True}],
            "annotations": {"list": [_ALERTS]},
            "panels": [
                _panel(number, panel, place) for number, (panel, place) in enumerate(placed(self.panels), start=1)
            ],
        }
        return json.dumps(document, indent=1) + "\n"


# Every dashboard shows when something was wrong.
_ALERTS = {
    "name": "Alerts",
    "datasource": _SOURCE,
    "enable": True,
    "iconColor": "red",
    "expr": 'ALERTS{alertstate="firing"}',
    "titleFormat": "{{alertname}}",
    "textFormat": "{{severity}}",
}


def placed(panels: Iterable[Panel]) -> Iterable[tuple[Panel, dict[str, int]]]:
    """Place panels side by side, and begin a new row where one is full."""
    x = y = height = 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y, height = 0, y + height, 0
        yield panel, {"x": x, "y": y, "w": panel.width, "h": panel.height}
        x, height = x + panel.width, max(height, panel.height)


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    stat = panel.kind == "stat"
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": panel.steps()},
                "color": {"mode": "thresholds" if stat else "palette-classic"},
                "custom": {} if stat else _lines(panel),
            },
            "overrides": [],
        },
        "options": _STAT if stat else _GRAPH,
        "targets": [_target(letter, query) for letter, query in zip("ABCDEFGH", panel.queries, strict=False)],
    }


def _target(letter: str, query: Query) -> dict[str, Any]:
    return {
        "refId": letter,
        "datasource": _SOURCE,
        "expr": query.expression,
        "legendFormat": query.legend,
        "range": True,
    }


def _lines(panel: Panel) -> dict[str, Any]:
    style = "dashed" if panel.limits else "off"
    return {"drawStyle": "line", "fillOpacity": 8, "showPoints": "never", "thresholdsStyle": {"mode": style}}


_STAT = {
    "colorMode": "value",
    "graphMode": "area",
    "textMode": "auto",
    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
}
_GRAPH = {
    "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"], "showLegend": True},
    "tooltip": {"mode": "multi", "sort": "desc"},
}
