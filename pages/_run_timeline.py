"""When each task ran, as bars over the seconds since the run began."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from data_pipeline.run_views import TaskView
from pages._run_graph import not_started, shortened
from pages._state_style import colour_scale, in_words

ROW_HEIGHT_PX = 30
AXIS_HEIGHT_PX = 90
SHORTEST_AXIS_S = 0.5
BARS = pa.schema(
    {
        "task": pa.string(),
        "state": pa.string(),
        "from": pa.float64(),
        "to": pa.float64(),
        "seconds": pa.float64(),
    }
)
STEP_S = 0.5  # the bar of a task that goes on grows in such steps; between them no browser has to draw anew


def timeline(tasks: Sequence[TaskView], now: datetime | None = None) -> dict[str, Any]:
    """A Gantt chart in Vega-Lite: one row a task run, from its start to its end or to `now` (UTC).

    Written as the JSON and the Arrow table that the browser gets: building the same through a chart library
    took 25 ms each time, and through pandas 2 ms, which twenty tabs ask for at once.
    """
    bars = timeline_bars(tasks, now or datetime.now(UTC))
    colour = {
        "field": "state",
        "type": "nominal",
        "scale": colour_scale([task.state for task in tasks]),
        "legend": None,
    }
    return {
        "data": pa.Table.from_pylist(bars, BARS),
        # the outline keeps a bar of 5 ms visible
        "mark": {"type": "bar", "cornerRadius": 3, "height": 14, "strokeWidth": 2},
        "encoding": {
            "x": _seconds_axis(max([SHORTEST_AXIS_S, *(bar["to"] for bar in bars)])),
            "x2": {"field": "to"},
            "y": {
                "field": "task",
                "type": "nominal",
                "scale": {"domain": [*dict.fromkeys(bar["task"] for bar in bars), *not_started(tasks)]},
                "title": None,
                "axis": {"labelLimit": 240, "labelOverlap": False, "ticks": False},
            },
            "color": colour,
            "stroke": colour,
            "tooltip": [
                {"field": "task"},
                {"field": "state"},
                {"field": "seconds", "type": "quantitative", "format": ".3f"},
            ],
        },
    }


def timeline_height(tasks: Sequence[TaskView]) -> int:
    """Pixels for the chart of these task runs and of the tasks to come, the axis included."""
    return AXIS_HEIGHT_PX + ROW_HEIGHT_PX * (len(tasks) + len(not_started(tasks)))


def timeline_bars(tasks: Sequence[TaskView], now: datetime) -> list[dict[str, Any]]:
    """A bar for each task run: label, state, start and end in seconds since the first start."""
    started = [(task, task.started) for task in tasks if task.started]
    begin = min((start for _, start in started), default=now)
    return [
        {
            "task": shortened(task.label),
            "state": in_words(task.state),
            "from": (start - begin).total_seconds(),
            "to": (task.ended - begin).total_seconds()
            if task.ended
            else stepped((now - begin).total_seconds()),
            "seconds": task.seconds if task.ended else stepped(task.seconds),
        }
        for task, start in started
    ]


def stepped(seconds: float) -> float:
    """Seconds that still grow, rounded up to the next step.

    >>> stepped(1.2)
    1.5
    """
    return math.ceil(seconds / STEP_S) * STEP_S


def _seconds_axis(longest: float) -> dict[str, Any]:
    return {
        "field": "from",
        "type": "quantitative",
        "title": "seconds since the start",
        "scale": {"domain": [0, longest]},
        "axis": {"tickCount": 6},
    }
