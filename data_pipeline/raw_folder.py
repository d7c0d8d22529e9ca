"""The folder of downloaded raw files: one private place per download, and nothing kept for ever."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART_KEPT_S = 3600.0
"""Age at which what a killed download left is swept; a living one is younger than its total deadline."""
RAW_KEPT_S = 24 * 3600.0
"""Age at which a raw file is swept; results that point to it are cached for one hour."""

_RAW_NAME = re.compile(r"(hub|url|link)-[0-9a-f]{16}\.(csv|parquet)")


@contextmanager
def working_folder(raw_folder: Path) -> Iterator[Path]:
    """A folder that one download has for itself, gone with everything in it when the block ends."""
    folder = raw_folder.resolve() / f"{uuid.uuid4().hex}.part"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(finished: Path, raw_folder: Path, source: str, sha256: str) -> Path:
    """Move a finished file out of its working folder, to a name made of its source and content."""
    return finished.replace(raw_folder / f"{source}-{sha256[:16]}{finished.suffix}")


def sweep(raw_folder: Path) -> None:
    """Remove left-overs of killed downloads and old raw files; leave what bears a name not given here."""
    for path in raw_folder.glob("*"):
        if path.suffix == ".part" and _age_s(path) > PART_KEPT_S:
            shutil.rmtree(path, ignore_errors=True)
        elif _RAW_NAME.fullmatch(path.name) and _age_s(path) > RAW_KEPT_S:
            path.unlink(missing_ok=True)


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # another build swept it first
        return 0.0
