"""One build at a time: who waits, who is told what, and what a killed holder leaves behind."""

from __future__ import annotations

import contextvars
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from data_pipeline.build_lock import one_build_at_a_time
from data_pipeline.cancellation import cancellable
from data_pipeline.errors import BuildCancelled, BuildInProgress, PublishFailed

HOLD_SCRIPT = (
    "import sys; from pathlib import Path; from data_pipeline.build_lock import one_build_at_a_time\n"
    "with one_build_at_a_time(Path(sys.argv[1]), 'the schedule'):\n"
    "    print('held', flush=True); sys.stdin.read()\n"
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where a table would be published."""
    return tmp_path / "titanic.sqlite"


def start_holder(database: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_SCRIPT, str(database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def enter(database: Path, wait_s: float = 0) -> None:
    """Take the lock and give it back."""
    with one_build_at_a_time(database, "a test", wait_s):
        pass


def test_the_second_build_is_told_who_builds_since_when(database: Path) -> None:
    """The message names the first build, its process and its start in UTC, and what to do."""
    with start_holder(database) as holder:
        with pytest.raises(BuildInProgress) as caught:
            enter(database, wait_s=0.2)
        holder.communicate("")
    pattern = rf"built by the schedule \(process {holder.pid}\) since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    assert re.search(pattern, caught.value.cause)
    assert "Wait" in caught.value.remedy


def test_a_waiting_build_leaves_the_holders_name_alone(database: Path) -> None:
    """Asking for the lock again and again does not wipe the note of the one who holds it."""
    with start_holder(database) as holder:
        for _ in range(3):
            with pytest.raises(BuildInProgress, match="the schedule"):
                enter(database)
        holder.communicate("")


def test_the_lock_ends_with_a_killed_process(database: Path) -> None:
    """After kill -9 the next build enters at once."""
    with start_holder(database) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    enter(database)


def test_the_note_is_cleared_on_release_and_never_longer_than_itself(database: Path) -> None:
    """The lock file holds one whole note while held, also after a longer one, and nothing afterwards."""
    lock_file = database.with_name(".titanic.sqlite.lock")
    lock_file.write_text("x" * 5_000)
    with one_build_at_a_time(database, "a test"):
        note = lock_file.read_text()
    assert note.startswith('{"who": "a test", "pid": ')
    assert note.endswith('UTC"}')
    assert str(os.getpid()) in note
    assert lock_file.read_text() == ""


def test_a_note_that_is_half_written_still_gives_a_message(database: Path) -> None:
    """Without a readable note the second build says that another one is running."""
    with one_build_at_a_time(database, "a test"):
        database.with_name(".titanic.sqlite.lock").write_text('{"who": "a te')
        with pytest.raises(BuildInProgress, match="Another build"):
            contextvars.Context().run(enter, database)


def test_waiting_ends_when_the_first_build_ends(database: Path) -> None:
    """A second build enters as soon as the first one is done."""
    with start_holder(database) as holder:
        entered = threading.Thread(target=enter, args=(database, 30))
        entered.start()
        holder.communicate("")
        entered.join(10)
        assert not entered.is_alive()


def test_a_request_to_stop_is_heard_while_waiting(database: Path) -> None:
    """Waiting for another build ends with BuildCancelled, long before the wait is over."""
    stop = threading.Event()
    with start_holder(database) as holder:
        threading.Timer(0.1, stop.set).start()
        with cancellable(stop), pytest.raises(BuildCancelled):
            enter(database, wait_s=60)
        holder.communicate("")


def test_the_same_context_holds_the_lock_only_once(database: Path) -> None:
    """Inside the block the lock counts as held, in copied contexts too; in a foreign one it does not."""
    with one_build_at_a_time(database, "a test"):
        enter(database)
        contextvars.copy_context().run(enter, database)
        with pytest.raises(BuildInProgress):
            contextvars.Context().run(enter, database)
    enter(database)


def test_a_context_that_outlives_the_block_holds_nothing(database: Path) -> None:
    """A copy of the context does not pass for the holder once the lock is released."""
    with one_build_at_a_time(database, "a test"):
        outliving = contextvars.copy_context()
    with start_holder(database) as holder:
        with pytest.raises(BuildInProgress):
            outliving.run(enter, database)
        holder.communicate("")


def test_leftovers_are_swept_by_the_holder_and_only_those_of_this_table(database: Path) -> None:
    """Temporary files of killed builds go; other tables' files and unrelated ones stay."""
    leftover = database.with_name(".titanic.sqlite.123-abcd.building")
    others = [
        database.with_name(n) for n in (".other.sqlite.1-a.building", "titanic.sqlite", "notes.building")
    ]
    for path in (leftover, *others):
        path.write_text("")
    with one_build_at_a_time(database, "a test"):
        assert not leftover.exists()
    assert all(path.exists() for path in others)


def test_a_lock_file_that_cannot_be_opened_is_a_failure_in_two_sentences(database: Path) -> None:
    """A folder in the place of the lock file gives a cause and a remedy."""
    database.with_name(".titanic.sqlite.lock").mkdir()
    with pytest.raises(PublishFailed, match=r"lock file of titanic\.sqlite cannot be opened") as caught:
        enter(database)
    assert str(database.parent) not in str(caught.value)


def test_a_lost_lock_file_is_no_error(database: Path) -> None:
    """Somebody who removes the lock file during a build does not make it fail."""
    with one_build_at_a_time(database, "a test"):
        database.with_name(".titanic.sqlite.lock").unlink()
    enter(database)


def test_an_error_inside_the_block_releases_the_lock(database: Path) -> None:
    """A failed build does not keep others out."""
    with pytest.raises(ValueError, match="boom"), one_build_at_a_time(database, "a test"):
        raise ValueError("boom")
    enter(database)
