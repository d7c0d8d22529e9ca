"""What a task gave, as facts for people: a raw file, a build record or a DataFrame, without folders."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any


def result_facts(result: Any) -> dict[str, str]:
    """Name -> value of what a task returned; empty for a result that is gone or of an unknown kind.

    >>> from data_pipeline.table import SourceFailure
    >>> result_facts(SourceFailure("hub", "No answer."))
    {'source': 'hub', 'cause': 'No answer.'}
    """
    if is_dataclass(result) and not isinstance(result, type):
        values = {field.name.replace("_", " "): getattr(result, field.name, None) for field in fields(result)}
        return {name: _in_words(value) for name, value in values.items() if value not in (None, ())}
    if hasattr(result, "shape") and hasattr(result, "dtypes"):
        rows, columns = result.shape
        types = ", ".join(f"{name} {dtype}" for name, dtype in result.dtypes.items())
        return {"DataFrame": f"{rows:,} rows, {columns} columns", "types": types}
    return {}


def _in_words(value: object) -> str:
    if isinstance(value, Path):
        return value.name
    if isinstance(value, tuple):
        return "; ".join(" - ".join(result_facts(item).values()) for item in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)
