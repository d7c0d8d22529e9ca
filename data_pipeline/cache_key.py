"""When may a task's result be used again? When its inputs, their content and the code are all the same.

Prefect's own `TASK_SOURCE + INPUTS` sees the task's body and its arguments. It misses a change in a
function that the task calls, and new bytes in a file whose path is an argument. The key made here covers
both: it hashes the source of every module of this layer, and the content of every file handed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from data_pipeline.private_address import real_address
from data_pipeline.settings import PACKAGE_FOLDER, Settings, snapshot_path
from data_pipeline.sources import RawFile


class TaskContext(Protocol):
    """The part of Prefect's task run context that a key needs."""

    @property
    def task(self) -> Any:
        """The task that runs; only its `name` is read."""


def cache_key(context: TaskContext, inputs: Mapping[str, Any], outputs: Set[str] = frozenset()) -> str:
    """The key under which Prefect stores this task run's result: 64 hexadecimal digits.

    Handed to Prefect as `cache_key_fn`. `outputs` names the arguments that say where to write: of those
    the path counts and not the content, which the task itself is about to make.
    """
    parts = [context.task.name, code_fingerprint()]
    for name, value in sorted(inputs.items()):
        parts.append(f"{name}={value if name in outputs else content_of(value)}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def code_fingerprint() -> str:
    """SHA-256 over the source of all modules of this layer, as it stands on disk now."""
    digest = hashlib.sha256()
    for module in sorted(PACKAGE_FOLDER.glob("*.py")):
        digest.update(module.name.encode() + b"\0" + module.read_bytes() + b"\0")
    return digest.hexdigest()


def file_fingerprint(path: Path) -> str | None:
    """SHA-256 of a file's content, None where there is no file.

    Read once for each version of the file; a version is told by inode, size and time of change.
    """
    try:
        stat = path.stat()
    except OSError:
        return None
    return _hash_file(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _hash_file(path: Path, _inode: int, _size: int, _changed_ns: int) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_of(value: object) -> str:
    """What a task argument stands for: the bytes of the file it names, where it names one.

    May hold a secret (a URL's query decides what comes): to be hashed, never stored or shown.
    """
    if isinstance(value, str):
        value = real_address(value)
    match value:
        case RawFile():
            return repr((value.sha256, value.source, value.origin, value.failed_sources))
        case "hub":
            return f"hub {Settings().dataset}"
        case "url":
            return f"url {Settings().csv_url}"
        case "snapshot":
            return f"snapshot {file_fingerprint(snapshot_path())}"
        case str() | Path() if fingerprint := file_fingerprint(Path(value)):
            return f"{value} {fingerprint}"
        case _:
            return repr(value)
