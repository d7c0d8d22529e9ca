"""The run as a graph in DOT, laid out by the browser: tasks are boxes, what is handed on are arrows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from data_pipeline.run_views import TaskView
from pages._state_style import NOT_STARTED, in_words, style_of

TASKS = {
    "download_titanic_dataset": "download",
    "convert_to_sqlite": "convert",
    "load_titanic_data": "load",
}
HANDED_ON = {"convert_to_sqlite": "raw file", "load_titanic_data": "table"}
"""What a task is given, by the task that receives it."""
LONGEST_LABEL = 38


def shortened(label: str) -> str:
    """A label whose middle is left out where it is long, so that an address does not make all else tiny.

    >>> shortened("download from https://example.org/some/where/titanic.csv")
    'download from http…where/titanic.csv'
    """
    half = LONGEST_LABEL // 2 - 1
    return label if len(label) <= LONGEST_LABEL else f"{label[:half]}…{label[-half + 1 :]}"


def not_started(tasks: Sequence[TaskView]) -> list[str]:
    """The verbs of the tasks that have not begun yet, in the order of the flow."""
    begun = {task.task for task in tasks}
    return [verb for name, verb in TASKS.items() if name not in begun]


def run_graph(tasks: Sequence[TaskView], *, is_dark: bool) -> str:
    """The DOT source of the graph: a box for each task run, dashed boxes for tasks not yet started."""
    ink = "#e6ebf0" if is_dark else "#1b2733"
    lines = [
        "digraph run {",
        'rankdir=TB; bgcolor="transparent"; nodesep=0.3; ranksep=0.24;',
        f'node [shape=box, style="filled", fontname="sans-serif", fontsize=12, fontcolor="{ink}",'
        ' penwidth=1.6, margin="0.16,0.06"];',
        f'edge [fontname="sans-serif", fontsize=10, color="#868e96", fontcolor="{ink}", arrowsize=0.7];',
        *_boxes(tasks),
        *_arrows(tasks),
        "}",
    ]
    return "\n".join(lines)


def graph_in_words(tasks: Sequence[TaskView]) -> str:
    """The same for those who hear it: each task run with its state."""
    return "; ".join(f"{task.label}: {in_words(task.state)}" for task in tasks) or "No task has started yet."


def _boxes(tasks: Sequence[TaskView]) -> Iterable[str]:
    for name, verb in TASKS.items():
        runs = [task for task in tasks if task.task == name]
        for task in runs:
            yield _box(f"{task.id}", task.label, in_words(task.state), style_of(task.state).colour, "filled")
        if not runs:
            yield _box(name, verb, in_words(NOT_STARTED), style_of(NOT_STARTED).colour, "dashed")


def _box(identity: str, label: str, state: str, colour: str, style: str) -> str:
    text = f"{_escaped(shortened(label))}\\n{_escaped(state)}"
    return f'"{identity}" [label="{text}", color="{colour}", fillcolor="{colour}26", style="{style}"];'


def _arrows(tasks: Sequence[TaskView]) -> Iterable[str]:
    """Solid: what one task handed to the next. Dashed: a source that failed, and the one tried instead."""
    for task in tasks:
        for origin in task.inputs:
            yield f'"{origin}" -> "{task.id}" [label="  {HANDED_ON.get(task.task, "")}"];'
    downloads = [task for task in tasks if task.task == "download_titanic_dataset"]
    for before, after in pairwise(downloads):
        yield f'"{before.id}" -> "{after.id}" [label="  instead", style=dashed];'
    ends = [next((str(task.id) for task in reversed(tasks) if task.task == name), name) for name in TASKS]
    for name, before_end, end in zip(list(TASKS)[1:], ends, ends[1:], strict=False):
        if end == name:  # not started yet, so the Prefect API knows no arrow to it
            yield f'"{before_end}" -> "{end}" [label="  {HANDED_ON[name]}", style=dotted];'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
