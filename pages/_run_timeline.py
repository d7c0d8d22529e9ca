"""When each task ran, as bars over the seconds since the run began."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from data_pipeline.run_views import TaskView
from pages._state_style import in_words, style_of

if TYPE_CHECKING:
    import altair as alt

ROW_HEIGHT_PX = 30
AXIS_HEIGHT_PX = 90
SHORTEST_AXIS_S = 0.5


def timeline(tasks: Sequence[TaskView], now: datetime | None = None) -> alt.Chart:
    """A Gantt chart: one row a task run, from its start to its end or to `now` (UTC)."""
    import altair as alt

    bars = timeline_bars(tasks, now or datetime.now(UTC))
    states = sorted({task.state for task in tasks})
    longest = max([SHORTEST_AXIS_S, *(bar["to"] for bar in bars)])
    colours = alt.Scale(domain=[in_words(s) for s in states], range=[style_of(s).colour for s in states])
    colour = alt.Color("state:N", scale=colours, legend=None)
    return (
        alt.Chart(alt.Data(values=bars))
        .mark_bar(cornerRadius=3, height=14, strokeWidth=2)  # the outline keeps a bar of 5 ms visible
        .encode(
            x=alt.X(
                "from:Q",
                title="seconds since the run began",
                scale=alt.Scale(domain=[0, longest]),
                axis=alt.Axis(tickCount=6),
            ),
            x2="to:Q",
            y=alt.Y(
                "task:N",
                sort=None,
                title=None,
                axis=alt.Axis(labelLimit=220, labelOverlap=False, ticks=False),
            ),
            color=colour,
            stroke=colour,
            tooltip=["task:N", "state:N", alt.Tooltip("seconds:Q", format=".3f")],
        )
    )


def timeline_height(tasks: Sequence[TaskView]) -> int:
    """Pixels for the chart of these task runs, the axis included."""
    return AXIS_HEIGHT_PX + ROW_HEIGHT_PX * max(len(tasks), 1)


def timeline_bars(tasks: Sequence[TaskView], now: datetime) -> list[dict[str, Any]]:
    """A bar for each task run: label, state, start and end in seconds since the first start."""
    started = [task for task in tasks if task.started]
    begin = min((task.started for task in started if task.started), default=now)
    return [
        {
            "task": task.label,
            "state": in_words(task.state),
            "from": (task.started - begin).total_seconds(),
            "to": ((task.ended or now) - begin).total_seconds(),
            "seconds": task.seconds,
        }
        for task in started
        if task.started
    ]
