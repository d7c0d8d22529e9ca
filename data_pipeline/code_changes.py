"""Which modules of this layer were edited since the last successful run: why tasks run again.

The cache does not depend on this: its key holds the code itself (`cache_key.py`).
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from data_pipeline.settings import PACKAGE_FOLDER

NOTE_NAME = "code.json"


def remember_code(home: Path) -> None:
    """Note the modules as they are now as those of the last successful run."""
    home.mkdir(parents=True, exist_ok=True)
    draft = home / f"{NOTE_NAME}.new"
    draft.write_text(json.dumps(_fingerprints()))
    draft.replace(home / NOTE_NAME)


def changed_modules(home: Path) -> list[str]:
    """File names of the modules that were added, changed or removed since; empty before the first run."""
    noted: dict[str, str] = {}
    with suppress(OSError, ValueError):
        noted = json.loads((home / NOTE_NAME).read_text())
    if not noted:
        return []
    now = _fingerprints()
    return sorted(name for name in noted.keys() | now.keys() if noted.get(name) != now.get(name))


def _fingerprints() -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in PACKAGE_FOLDER.glob("*.py")}
