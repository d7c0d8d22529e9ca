"""Earlier runs, wherever they were started: outcome, source, duration; a click opens one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

import streamlit as st

from data_pipeline.run_views import RunView
from pages._state_style import colour_scale, in_words


def show_history(runs: Sequence[RunView]) -> None:
    """The runs as a small chart of durations and a table; selecting a row opens that run."""
    st.vega_lite_chart(_durations(runs), alt=f"Seconds of the last {len(runs)} runs")
    st.dataframe(
        [
            {
                "started": run.started,
                "state": in_words(run.state),
                "source": run.source,
                "seconds": run.seconds,
            }
            for run in runs
        ],
        column_config={
            "started": st.column_config.DatetimeColumn(format="distance"),
            "seconds": st.column_config.NumberColumn(format="%.2f"),
        },
        hide_index=True,
        on_select=partial(_open_selected, [run.id for run in runs]),
        selection_mode="single-row",
        key=_table_key(),
    )


def leave_opened_run() -> None:
    """From an earlier run back to the latest one; no row is selected any more."""
    st.query_params.pop("run", None)
    st.session_state["history-turn"] = st.session_state.get("history-turn", 0) + 1


def _table_key() -> str:
    """A new key for each turn: Streamlit offers no other way to take a selection back."""
    return f"history-{st.session_state.get('history-turn', 0)}"


def _open_selected(run_ids: Sequence[UUID]) -> None:
    """Put the run of the selected row into the address; without a selection, back to the latest."""
    rows = st.session_state[_table_key()]["selection"]["rows"]
    if rows:
        st.query_params["run"] = str(run_ids[rows[0]])
    else:
        leave_opened_run()


def _durations(runs: Sequence[RunView]) -> dict[str, Any]:
    """A thin bar for each run in Vega-Lite, oldest first, coloured by its outcome."""
    bars = [
        {"run": number, "seconds": run.seconds, "state": in_words(run.state), "source": run.source}
        for number, run in enumerate(reversed(runs), start=1)
    ]
    return {
        "data": {"values": bars},
        "height": 90,
        "mark": {"type": "bar", "cornerRadius": 2},
        "encoding": {
            "x": {"field": "run", "type": "ordinal", "axis": None},
            "y": {"field": "seconds", "type": "quantitative", "axis": {"tickCount": 3}},
            "color": {
                "field": "state",
                "type": "nominal",
                "scale": colour_scale(run.state for run in runs),
                "title": None,
                "legend": {"orient": "top"},
            },
            "tooltip": [
                {"field": "source"},
                {"field": "state"},
                {"field": "seconds", "type": "quantitative", "format": ".2f"},
            ],
        },
    }
