"""A file that somebody uploaded: checked on this side, whatever the browser said, and kept for a day."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from pathlib import Path

from data_pipeline.errors import DataRefused

MAX_UPLOAD_BYTES = 200 * 1024 * 1024  # as server.maxUploadSize in .streamlit/config.toml
SUFFIXES = ("csv", "parquet")
PARQUET_MAGIC = b"PAR1"
KEPT_S = 24 * 3600.0


def save_upload(name: str, content: bytes, folder: Path) -> Path:
    """Store the content under its own name in a folder of its own, and return the path.

    Raises `DataRefused` for an empty or oversized file, a name that is neither .csv nor .parquet, or a
    content that belies its name. What stands in the rows is the converter's business.
    """
    safe_name = re.sub(r"[^\w.-]+", "_", Path(name).name)[-80:]
    suffix = Path(safe_name).suffix.removeprefix(".").lower()
    if suffix not in SUFFIXES:
        raise DataRefused(f"{safe_name} is neither .csv nor .parquet.", "Upload a CSV or Parquet file.")
    if not 0 < len(content) <= MAX_UPLOAD_BYTES:
        raise DataRefused(
            f"{safe_name} has {len(content):,} bytes; 1 to {MAX_UPLOAD_BYTES:,} were expected.",
            "Upload another file, or give its path to `titanic-pipeline --source`.",
        )
    if (suffix == "parquet") != content.startswith(PARQUET_MAGIC):
        raise DataRefused(
            f"The content of {safe_name} is not {suffix}.", "Upload the file under its true name."
        )
    _sweep(folder)
    target = folder / f"upload-{hashlib.sha256(content).hexdigest()[:16]}" / safe_name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


def _sweep(folder: Path) -> None:
    """Remove uploads of earlier days."""
    for old in folder.glob("upload-*"):
        if time.time() - old.stat().st_mtime > KEPT_S:
            shutil.rmtree(old, ignore_errors=True)
