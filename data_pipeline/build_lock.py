"""One build at a time, across threads and processes: a lock file beside the database.

The lock is the system's (`flock`), so it ends with its process, however that dies. The file also says who
builds since when, for the one who has to wait. Holding the lock is what allows left-over files of killed
builds to be swept. Does not protect across machines that share a folder without `flock`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from data_pipeline import cancellation
from data_pipeline.errors import BuildInProgress, PublishFailed

POLL_S = 0.05


class _Hold:
    """A lock that is held by the code around; not `active` any more in a thread that outlives it."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.active = True


_holds: ContextVar[tuple[_Hold, ...]] = ContextVar("build_locks", default=())


@contextmanager
def one_build_at_a_time(database: Path, who: str, wait_s: float = 5.0) -> Iterator[None]:
    """Hold the lock of this database; inside the block, the same call again does nothing.

    `who` is what a second build is told about this one, such as "the command line". Waits `wait_s` for
    another build to end, then raises `BuildInProgress`; `BuildCancelled` if asked to stop meanwhile. The
    knowledge of holding travels with the context, so tasks that a flow starts inside the block hold it too.
    """
    target = resolve_target(database)
    if any(hold.active and hold.database == target for hold in _holds.get()):
        yield
        return
    lock = _acquire(target, wait_s)
    hold = _Hold(target)
    token = _holds.set((*_holds.get(), hold))
    try:
        _write_holder(lock_file(target), who)
        sweep_leftovers(target)
        yield
    finally:
        hold.active = False
        _holds.reset(token)
        _clear_holder(lock_file(target))
        lock.release()


def resolve_target(database: Path) -> Path:
    """The file that a build replaces: a link is followed, so that it stays a link. Creates the folder."""
    target = database.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PublishFailed(
            f"The folder of {target.name} cannot be created ({error.strerror}).",
            "Choose another place for the table with TITANIC_DB.",
        ) from error
    if target.is_dir():
        raise PublishFailed(
            f"{target.name} is a folder; the table needs a file of that name.",
            "Name a file, such as titanic.sqlite, in TITANIC_DB.",
        )
    if target.exists() and not target.is_file():  # replacing a device would harm the whole machine
        raise PublishFailed(
            f"{target.name} is a device, not a file.", "Name a file, such as titanic.sqlite, in TITANIC_DB."
        )
    return target


def lock_file(target: Path) -> Path:
    """The lock file beside the database."""
    return target.with_name(f".{target.name}.lock")


def temporary_file(target: Path, unique: str) -> Path:
    """The private file of one build, beside the database, by a name that `sweep_leftovers` knows."""
    return target.with_name(f".{target.name}.{unique}.building")


def sweep_leftovers(target: Path) -> None:
    """Remove what killed builds left behind. Only for the lock's holder, or a live build loses its file."""
    for path in target.parent.iterdir():
        if path.name.startswith(f".{target.name}.") and path.name.endswith(".building"):
            with suppress(OSError):  # what cannot be removed is no reason not to build
                path.unlink()


def _acquire(target: Path, wait_s: float) -> FileLock:
    """The lock, held; asked for again and again, so that a request to stop is heard while waiting."""
    lock = FileLock(lock_file(target))
    deadline = time.monotonic() + wait_s
    while True:
        try:
            lock.acquire(blocking=False)
        except Timeout:
            if time.monotonic() >= deadline:
                raise _in_progress(target) from None
            cancellation.wait(POLL_S)
        except OSError as error:
            raise PublishFailed(
                f"The lock file of {target.name} cannot be opened ({error.strerror}).",
                "Change the folder's permissions, or choose another one with TITANIC_DB.",
            ) from error
        else:
            return lock


def _in_progress(target: Path) -> BuildInProgress:
    holder = _read_holder(lock_file(target))
    remedy = "Wait until it has finished, then build again if you still need to."
    if holder is None:
        return BuildInProgress("Another build of this table is running.", remedy)
    return BuildInProgress(
        f"The table is being built by {holder['who']} (process {holder['pid']}) since {holder['since']}.",
        remedy,
    )


def _write_holder(path: Path, who: str) -> None:
    """Written through a second descriptor: `flock` belongs to the first one and is not lost by closing it."""
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    _overwrite(path, json.dumps({"who": who, "pid": os.getpid(), "since": since}).encode())


def _clear_holder(path: Path) -> None:
    _overwrite(path, b"")


def _overwrite(path: Path, content: bytes) -> None:
    """In place, as a replaced file would be another lock; a full disk is no reason not to have a lock."""
    with suppress(OSError), path.open("r+b") as file:
        file.write(content)
        file.truncate()


def _read_holder(path: Path) -> dict[str, Any] | None:
    """Who builds, or None while that is not (or only half) written."""
    try:
        holder = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return holder if isinstance(holder, dict) and {"who", "pid", "since"} <= holder.keys() else None
