"""The log of a run: coloured by level, filtered, escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from uuid import UUID

from data_pipeline.run_views import LogLine

LEVEL_COLOURS = {"WARNING": "#b08900", "ERROR": "#d9480f", "CRITICAL": "#d9480f", "DEBUG": "#868e96"}
FILTERS = {
    "All": {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"},
    "Warnings and errors": {"WARNING", "ERROR", "CRITICAL"},
}
_ROW = (
    '<div style="display:flex;flex-wrap:wrap;column-gap:.75em;font-family:monospace;font-size:.82em;'
    'line-height:1.5">'
    '<span style="opacity:.6">{time}</span>'
    '<span style="flex:0 0 5.2em;color:{colour};font-weight:600">{level}</span>'
    '<span style="flex:0 0 13em;opacity:.75;overflow:hidden;text-overflow:ellipsis;white-space:nowrap">'
    "{task}</span>"
    '<span style="flex:1 1 18em;overflow-wrap:anywhere">{text}</span></div>'
)


def log_html(lines: Iterable[LogLine], labels: Mapping[UUID, str], shown: str) -> str:
    """The lines of the chosen filter as HTML; `labels` names the task run of a line."""
    rows = [_row(line, labels) for line in lines if line.level in FILTERS[shown]]
    return f'<div role="log" aria-label="Log of the run">{"".join(rows) or "Nothing to show."}</div>'


def _row(line: LogLine, labels: Mapping[UUID, str]) -> str:
    label = labels.get(line.task_run_id, "") if line.task_run_id else "the run"
    return _ROW.format(
        time=f"{line.at:%H:%M:%S}",
        colour=LEVEL_COLOURS.get(line.level, "inherit"),
        level=html.escape(line.level),
        task=html.escape(label),
        text=html.escape(line.text),
    )
