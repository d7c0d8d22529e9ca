"""The tasks of the flow as text: docstring, decorator and body, read from the file as it stands on disk.

Reading instead of importing costs nothing, works while Prefect is still loading, and shows an edit at once.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from data_pipeline.settings import PACKAGE_FOLDER


@dataclass(frozen=True)
class TaskSource:
    """One task: its name, first line of documentation, whole source, and the options of its decorator."""

    name: str
    summary: str
    code: str
    options: dict[str, str]


def read_tasks(path: Path = PACKAGE_FOLDER / "titanic_pipeline.py") -> dict[str, TaskSource]:
    """The tasks of the flow by name, in the order of the file; empty while the file does not parse."""
    source = path.read_text()
    try:
        module = ast.parse(source)
    except SyntaxError:
        return {}
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    tasks = [(function, call) for function in functions if (call := _task_decorator(function))]
    return {function.name: _describe(function, call, source) for function, call in tasks}


def _task_decorator(function: ast.FunctionDef) -> ast.Call | None:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "task":
            return decorator
    return None


def _describe(function: ast.FunctionDef, call: ast.Call, source: str) -> TaskSource:
    first = min(decorator.lineno for decorator in function.decorator_list)
    lines = source.splitlines()[first - 1 : function.end_lineno]
    return TaskSource(
        name=function.name,
        summary=(ast.get_docstring(function) or "").partition("\n")[0],
        code="\n".join(lines),
        options={keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg},
    )
