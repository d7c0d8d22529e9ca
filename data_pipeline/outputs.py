"""Does the file that a cached result speaks of still stand as it was written?

A cached result is only a sentence about a file. When that file was deleted or altered since, or replaced
by one made from something else, the task must run again; so each task notes the SHA-256 of what it wrote,
and the flow asks before it trusts a cache. The notes live in the Prefect home, beside the results.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from data_pipeline.cache_key import content_of, file_fingerprint

NOTE_NAME = "outputs.json"


def remember_output(home: Path, name: str, made_from: object, output: Path) -> None:
    """Note that the file `output`, as it is now, is what task `name` made from this input."""
    notes = _read_notes(home)
    notes[name] = {
        "made_from": _fingerprint(made_from),
        "path": str(output),
        "sha256": file_fingerprint(output),
    }
    home.mkdir(parents=True, exist_ok=True)
    draft = home / f"{NOTE_NAME}.new"
    draft.write_text(json.dumps(notes, indent=1))
    draft.replace(home / NOTE_NAME)


def output_stands(home: Path, name: str, made_from: object) -> bool:
    """True when the last output of task `name` was made from this input and has not changed by a byte."""
    note = _read_notes(home).get(name)
    if not note or note["made_from"] != _fingerprint(made_from):
        return False
    return note["sha256"] is not None and note["sha256"] == file_fingerprint(Path(str(note["path"])))


def _fingerprint(made_from: object) -> str:
    return hashlib.sha256(content_of(made_from).encode()).hexdigest()


def _read_notes(home: Path) -> dict[str, dict[str, str | None]]:
    with suppress(OSError, ValueError):
        notes = json.loads((home / NOTE_NAME).read_text())
        if isinstance(notes, dict):
            return notes
    return {}
