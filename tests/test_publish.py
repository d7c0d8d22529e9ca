"""Publishing: the old table or the new one, never half, whatever is killed, full, stale or in the way."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from data_pipeline.build_lock import one_build_at_a_time
from data_pipeline.cancellation import cancellable
from data_pipeline.errors import BuildCancelled, DataRefused, PipelineError, PublishFailed
from data_pipeline.publish import publish
from data_pipeline.settings import snapshot_path
from data_pipeline.sources import RawFile
from data_pipeline.table import SourceFailure, create_table_sql, read_build_record
from tests.passenger_files import query, raw_file, write_passengers

PUBLISH_SCRIPT = (
    "import sys; from pathlib import Path\n"
    "from data_pipeline.errors import PipelineError; from data_pipeline.publish import publish\n"
    "from data_pipeline.sources import RawFile\n"
    "{before}\n"
    "print('ready', flush=True)\n"
    "try: print(publish(RawFile(Path(sys.argv[1]), 'file', 'x', ''), Path(sys.argv[2])).rows)\n"
    "except PipelineError as error: print(type(error).__name__, error)\n"
)
KILLS = 30
PARALLEL_BUILDS = 10


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A published table of three passengers in a folder of its own."""
    path = tmp_path / "published" / "titanic.sqlite"
    publish(raw_file(write_passengers(tmp_path / "old.csv", 3)), path)
    return path


def files_beside(database: Path) -> list[str]:
    """What stands in the folder besides the table and its lock file."""
    names = {path.name for path in database.parent.iterdir()}
    return sorted(names - {database.name, f".{database.name}.lock"})


def start_publishing(source: Path, database: Path, before: str = "") -> subprocess.Popen[str]:
    """A process that has imported everything and begins to publish."""
    command = [sys.executable, "-c", PUBLISH_SCRIPT.format(before=before), str(source), str(database)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


class ConstantReader:
    """A thread that reads the table without a pause; knows the row counts that it ever saw."""

    def __init__(self, database: Path) -> None:
        self.seen: set[tuple[int, int, int]] = set()
        self.errors: list[Exception] = []
        self.reads = 0
        self._database = database
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        sql = """SELECT (SELECT COUNT(*) FROM titanic), (SELECT SUM(rows) FROM titanic_cube),
                 (SELECT rows FROM titanic_build)"""
        while not self._stop.is_set():
            try:
                self.seen.add(query(self._database, sql)[0])
            except (sqlite3.Error, OSError) as error:
                self.errors.append(error)
            self.reads += 1

    @contextmanager
    def reading(self) -> Iterator[ConstantReader]:
        """Read all the time inside the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()


def test_the_published_file_is_complete_and_says_where_it_came_from(tmp_path: Path) -> None:
    """The file holds the strict table, the cube and one build record equal to the one returned."""
    database = tmp_path / "not" / "yet" / "there" / "titanic.sqlite"
    failed = (SourceFailure("hub", "No answer."),)
    raw = RawFile(snapshot_path(), "snapshot", "titanic.csv", "ab" * 32, 891, failed)
    progress: list[int] = []
    record = publish(raw, database, flow_run_id="run-1", on_progress=progress.append)
    assert read_build_record(database) == record
    assert (record.rows, record.source, record.sha256, record.flow_run_id) == (
        891,
        "snapshot",
        "ab" * 32,
        "run-1",
    )
    assert record.failed_sources == failed
    assert record.built_at.endswith("+00:00")
    assert 0 < record.seconds < 60
    assert progress == [891]
    assert query(database, "SELECT sql FROM sqlite_schema WHERE name = 'titanic'") == [(create_table_sql(),)]
    assert query(database, "SELECT COUNT(*), SUM(survived) FROM titanic") == [(891, 342)]
    assert query(database, "PRAGMA integrity_check") == [("ok",)]
    assert query(database, "PRAGMA journal_mode") == [("delete",)]
    assert files_beside(database) == []


def test_progress_is_told_in_the_calling_thread_while_rows_are_written(tmp_path: Path) -> None:
    """Each call names more rows than the one before, the last one all of them."""
    calls: list[tuple[int, int]] = []
    source = write_passengers(tmp_path / "a.csv", 60_000)
    publish(
        raw_file(source),
        tmp_path / "t.sqlite",
        on_progress=lambda n: calls.append((n, threading.get_ident())),
    )
    rows = [row for row, _ in calls]
    assert len(rows) > 2
    assert rows == sorted(set(rows))
    assert rows[-1] == 60_000
    assert {thread for _, thread in calls} == {threading.get_ident()}


def test_ids_in_any_order_are_published_sorted(tmp_path: Path) -> None:
    """Ids that fall instead of rising are no error."""
    source = write_passengers(tmp_path / "a.csv", 40_000, lambda n, cells: [str(50_000 - n), *cells[1:]])
    publish(raw_file(source), tmp_path / "t.sqlite")
    assert query(tmp_path / "t.sqlite", "SELECT MIN(passenger_id), COUNT(*) FROM titanic") == [
        (10_000, 40_000)
    ]


def test_odd_names_of_folder_and_file_are_taken_literally(tmp_path: Path) -> None:
    """Blanks, percent signs, question marks and brackets in a path mean nothing but themselves."""
    database = tmp_path / "a b %41 ?x=1#é" / "t[1]*.sqlite"
    leftover = database.with_name(f".{database.name}.1-a.building")
    for _ in range(2):
        publish(raw_file(snapshot_path()), database)
        assert query(database, "SELECT COUNT(*) FROM titanic") == [(891,)]
        assert not leftover.exists()
        leftover.write_text("")
    assert files_beside(database) == [leftover.name]


def test_a_linked_database_stays_a_link(tmp_path: Path, database: Path) -> None:
    """Where the database is a symbolic link, the file that it names is replaced."""
    link = tmp_path / "link.sqlite"
    link.symlink_to(database)
    publish(raw_file(snapshot_path()), link)
    assert link.is_symlink()
    assert query(database, "SELECT COUNT(*) FROM titanic") == [(891,)]
    assert not list(tmp_path.glob(".link*"))


def test_a_folder_in_the_place_of_the_database_is_refused(tmp_path: Path) -> None:
    """A folder is neither removed nor written into."""
    (tmp_path / "t.sqlite").mkdir()
    with pytest.raises(PublishFailed, match=r"t\.sqlite is a folder"):
        publish(raw_file(snapshot_path()), tmp_path / "t.sqlite")
    assert list((tmp_path / "t.sqlite").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_failure_in_two_sentences(tmp_path: Path) -> None:
    """A file where the folder should be gives a cause and a remedy, not a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(PublishFailed) as caught:
        publish(raw_file(snapshot_path()), tmp_path / "file" / "t.sqlite")
    assert "cannot be created" in caught.value.cause
    assert "TITANIC_DB" in caught.value.remedy
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("bytes_left", [0, 40_000, 3_000_000])
def test_a_full_disk_is_a_failure_in_two_sentences(tmp_path: Path, database: Path, bytes_left: int) -> None:
    """When the file system takes no more bytes the old table stands and nothing is left over."""
    before = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({max(bytes_left, 200)}, -1))"
    ignore = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    process = start_publishing(write_passengers(tmp_path / "a.csv", 100_000), database, f"{ignore}; {before}")
    output, _ = process.communicate(timeout=60)
    assert output.startswith("PublishFailed The new table could not be written: the disk is full or failing.")
    assert query(database, "SELECT COUNT(*) FROM titanic") == [(3,)]
    assert files_beside(database) == []


def test_stale_journals_beside_the_target_are_gone(database: Path) -> None:
    """A journal of another program cannot be mixed into the new table, also for an ordinary reader."""
    for suffix in ("-journal", "-wal", "-shm"):
        database.with_name(database.name + suffix).write_bytes(b"stale" * 1000)
    publish(raw_file(snapshot_path()), database)
    assert files_beside(database) == []
    connection = sqlite3.connect(database)
    assert connection.execute("SELECT COUNT(*) FROM titanic").fetchone() == (891,)
    connection.close()


def test_a_new_file_that_lost_rows_is_not_published(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If SQLite stored fewer rows than were read, the check before the swap refuses the file."""
    from data_pipeline import publish as module

    load = module.load

    def load_and_lose(batches: object, path: Path, on_progress: object) -> object:
        cube = load(batches, path, on_progress)  # type: ignore[arg-type]
        with sqlite3.connect(path) as connection:
            connection.execute("DELETE FROM titanic WHERE passenger_id = 7")
        connection.close()
        return cube

    monkeypatch.setattr(module, "load", load_and_lose)
    with pytest.raises(PublishFailed, match="890 rows stored, 891 read"):
        publish(raw_file(snapshot_path()), database)
    assert query(database, "SELECT COUNT(*) FROM titanic") == [(3,)]
    assert files_beside(database) == []


def test_a_damaged_new_file_is_not_published(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that a disk garbled are found before the swap."""
    from data_pipeline import publish as module

    write_cube = module._write_cube

    def write_and_garble(path: Path, cube: object) -> None:
        write_cube(path, cube)  # type: ignore[arg-type]
        content = bytearray(path.read_bytes())
        content[70_000:70_400] = b"\xff" * 400
        path.write_bytes(content)

    monkeypatch.setattr(module, "_write_cube", write_and_garble)
    with pytest.raises(PublishFailed):
        publish(raw_file(snapshot_path()), database)
    assert query(database, "SELECT COUNT(*) FROM titanic") == [(3,)]
    assert files_beside(database) == []


def test_cancelling_leaves_the_old_table_and_nothing_else(tmp_path: Path, database: Path) -> None:
    """A request to stop in the middle of loading ends the build at once, with its thread and its file."""
    stop = threading.Event()
    progress: list[int] = []

    def stop_at_first_news(rows: int) -> None:
        progress.append(rows)
        stop.set()

    source = write_passengers(tmp_path / "a.csv", 150_000)
    with cancellable(stop), pytest.raises(BuildCancelled):
        publish(raw_file(source), database, on_progress=stop_at_first_news)
    assert query(database, "SELECT COUNT(*) FROM titanic") == [(3,)]
    assert files_beside(database) == []
    assert progress[-1] < 150_000  # the thread that reads ahead heard it too
    assert not [thread for thread in threading.enumerate() if thread.name == "read-ahead"]


def test_ctrl_c_while_loading_comes_out_as_itself(tmp_path: Path, database: Path) -> None:
    """A KeyboardInterrupt inside the load is not turned into an error of the database driver."""

    def interrupt(rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(raw_file(write_passengers(tmp_path / "a.csv", 60_000)), database, on_progress=interrupt)
    assert files_beside(database) == []


def test_a_refusal_late_in_the_file_leaves_nothing(tmp_path: Path, database: Path) -> None:
    """A bad last row of many undoes everything."""
    source = write_passengers(tmp_path / "a.csv", 60_000, lambda n, c: [*c[:-1], "X"] if n == 60_000 else c)
    with pytest.raises(DataRefused, match="line 60001, column embarked"):
        publish(raw_file(source), database)
    assert query(database, "SELECT COUNT(*) FROM titanic") == [(3,)]
    assert files_beside(database) == []


@pytest.mark.timeout(120)
def test_kill_minus_nine_at_any_moment_leaves_the_old_or_the_new_table(
    tmp_path: Path, database: Path
) -> None:
    """30 builds killed at random moments under a constant reader: no wrong state, at most one left-over."""
    chance = random.Random(1912)
    killed_while_building = 0
    source = write_passengers(tmp_path / "a.csv", 50_000)
    with ConstantReader(database).reading() as reader:
        for _ in range(KILLS):
            process = start_publishing(source, database)
            with suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0, 0.35))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            leftovers = files_beside(database)
            assert len(leftovers) <= 1
            killed_while_building += len(leftovers)
    assert reader.errors == []
    assert reader.reads > KILLS
    assert killed_while_building > 0
    assert reader.seen <= {(3, 3, 3), (50_000, 50_000, 50_000)}
    publish(raw_file(snapshot_path()), database)
    assert files_beside(database) == []


@pytest.mark.timeout(120)
def test_parallel_rebuilds_give_whole_tables_to_a_constant_reader(tmp_path: Path, database: Path) -> None:
    """Ten processes rebuild at once, one after the other by the lock; each read sees a whole table."""
    sources = [write_passengers(tmp_path / f"{n}.csv", 20_000 + n) for n in range(PARALLEL_BUILDS)]
    with ConstantReader(database).reading() as reader:
        processes = [start_publishing(source, database) for source in sources]
        outputs = [process.communicate(timeout=100)[0].strip() for process in processes]
    assert reader.errors == []
    assert all(counts[0] == counts[1] == counts[2] for counts in reader.seen)
    built = {output for output in outputs if output.isdigit()}
    assert built
    assert all(output.startswith("BuildInProgress") for output in outputs if output not in built)
    assert str(query(database, "SELECT rows FROM titanic_build")[0][0]) in built
    assert files_beside(database) == []


def test_builds_in_threads_of_one_process_wait_for_each_other(tmp_path: Path, database: Path) -> None:
    """Two threads that publish at once both succeed."""
    errors: list[PipelineError] = []

    def build() -> None:
        try:
            publish(raw_file(snapshot_path()), database)
        except PipelineError as error:
            errors.append(error)

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert query(database, "SELECT COUNT(*) FROM titanic") == [(891,)]


def test_a_build_inside_the_lock_of_its_flow_does_not_wait_for_itself(database: Path) -> None:
    """Publishing inside `one_build_at_a_time` uses the lock that is held."""
    with one_build_at_a_time(database, "the flow", wait_s=0):
        publish(raw_file(snapshot_path()), database)
    assert query(database, "SELECT COUNT(*) FROM titanic") == [(891,)]
