"""The processes behind the guard: bounded, replaceable, alone with their data, and gone with their parent."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from data_pipeline.plain_pipeline import run_plain
from llm_agent.guard import sql_pool
from llm_agent.guard.sql_pool import START, SqlPool
from llm_agent.readonly_sql import QueryFailed, run_select
from tests.waiting import wait_for

PROJECT = Path(__file__).parent.parent
COUNT = "SELECT COUNT(*) FROM titanic"
BOMB = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT COUNT(*) FROM r"
ONE_LONG_CALL = "SELECT instr(printf('%900000s', 'a'), printf('%400000s', 'b'))"
"""Takes minutes, and no handler is called inside it: only the end of the process stops it."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built table."""
    path = tmp_path_factory.mktemp("workers") / "titanic.sqlite"
    run_plain("snapshot", path)
    return path


@pytest.fixture
def pool() -> Iterator[SqlPool]:
    """A pool of this test."""
    with SqlPool() as pool:
        yield pool


def is_gone(pid: int) -> bool:
    """Whether no process with this id runs any more."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def start_bomb(executor: ThreadPoolExecutor, pool: SqlPool, database: Path, seconds: float = 2):
    """A thread that runs an endless statement, once a worker has it."""
    busy = len(pool.busy_pids())
    future = executor.submit(run_select, BOMB, database, timeout_s=seconds, pool=pool)
    wait_for(lambda: len(pool.busy_pids()) > busy)
    return future


@pytest.mark.parametrize("bombs", [1, 3, 8])
def test_sessions_are_answered_while_others_run_bombs(pool: SqlPool, database: Path, bombs: int) -> None:
    """Twenty quick queries asked at once are all answered before the first bomb has ended."""
    with ThreadPoolExecutor(bombs + 20) as executor:
        running = [start_bomb(executor, pool, database, 3) for _ in range(bombs)]
        answers = list(executor.map(lambda _: run_select(COUNT, database, pool=pool).rows, range(20)))
        assert answers == [((891,),)] * 20
        assert not any(bomb.done() for bomb in running)
        pool.close()  # so that this test need not wait for the bombs
        for bomb in running:
            assert isinstance(bomb.exception(), QueryFailed)


def test_a_worker_killed_while_idle_is_replaced_unnoticed(pool: SqlPool, database: Path) -> None:
    """The next query finds its process dead, starts another, and answers."""
    run_select(COUNT, database, pool=pool)
    (pid,) = pool.pids()
    psutil.Process(pid).kill()
    assert run_select(COUNT, database, pool=pool).rows == ((891,),)
    assert pid not in pool.pids()


def test_a_statement_that_cannot_be_interrupted_costs_only_its_own_process(
    pool: SqlPool, database: Path
) -> None:
    """The process is killed, the caller hears that time was up, the next query is answered."""
    run_select(COUNT, database, pool=pool)
    before = pool.pids()
    with pytest.raises(QueryFailed, match=r"stopped after 0\.2 s"):
        run_select(ONE_LONG_CALL, database, timeout_s=0.2, pool=pool)
    assert all(is_gone(pid) for pid in before)
    assert run_select(COUNT, database, pool=pool).rows == ((891,),)


def test_many_threads_share_a_bounded_number_of_processes(database: Path) -> None:
    """Forty queries from twenty threads are right, and never more processes run than the pool allows."""
    with SqlPool(max_workers=4, warm_workers=2) as pool, ThreadPoolExecutor(20) as executor:
        seen: set[int] = set()

        def ask(number: int) -> object:
            result = run_select(f"SELECT {number}, COUNT(*) FROM titanic", database, pool=pool)
            seen.add(len(pool.pids()))
            return result.rows

        assert list(executor.map(ask, range(40))) == [((number, 891),) for number in range(40)]
        assert max(seen) <= 4
        assert len(pool.pids()) <= 2


def test_when_all_workers_are_busy_the_caller_hears_so(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting is bounded, and the message says that the same query may work in a moment."""
    monkeypatch.setattr(sql_pool, "MAX_WAIT_S", 0.1)
    with SqlPool(max_workers=1, warm_workers=1) as pool, ThreadPoolExecutor(1) as executor:
        bomb = start_bomb(executor, pool, database)
        with pytest.raises(QueryFailed, match=r"Too many queries.*in a moment"):
            run_select(COUNT, database, pool=pool)
        pool.close()
        assert isinstance(bomb.exception(), QueryFailed)


def test_a_closed_pool_leaves_no_process_and_starts_none(database: Path) -> None:
    """Closing ends idle and working processes; asking afterwards fails in words."""
    pool = SqlPool()
    run_select(COUNT, database, pool=pool)
    pids = pool.pids()
    pool.close()
    assert all(is_gone(pid) for pid in pids)
    with pytest.raises(QueryFailed, match="ended"):
        run_select(COUNT, database, pool=pool)
    assert pool.pids() == []


def test_workers_know_no_secret_and_cannot_write_files(
    pool: SqlPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their environment holds no key, and on Linux no file of theirs can grow and memory is bounded."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    pool.warm_up()
    worker = psutil.Process(pool.pids()[0])
    assert not [name for name in worker.environ() if "OPENAI" in name or "PYTHON" in name]
    if sys.platform == "linux":
        wait_for(lambda: worker.rlimit(psutil.RLIMIT_FSIZE) == (0, 0))
        assert worker.rlimit(psutil.RLIMIT_AS)[1] == 256 * 1024 * 1024


def test_a_worker_loads_nothing_but_the_standard_library() -> None:
    """That is why it starts quickly: no Streamlit, Prefect, pandas or openai, and no site packages."""
    list_modules = START.replace("serve()", "print(*{name.partition('.')[0] for name in sys.modules})")
    command = [sys.executable, "-I", "-S", "-c", list_modules, str(PROJECT)]
    modules = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert "sqlite3" in modules
    assert modules - set(sys.stdlib_module_names) == {"llm_agent", "__main__"} - set(sys.stdlib_module_names)


SCRIPT = """
import sys, threading
from llm_agent.readonly_sql import QueryFailed, default_pool, run_select
print("started", flush=True)
print(run_select("SELECT COUNT(*) FROM titanic", sys.argv[1]).rows, flush=True)
if len(sys.argv) > 2:
    for bomb in sys.argv[2:]:
        threading.Thread(target=run_select, args=(bomb, sys.argv[1]), daemon=True).start()
    while len(default_pool().busy_pids()) < len(sys.argv) - 2:
        threading.Event().wait(0.02)
print(*default_pool().pids(), flush=True)
if len(sys.argv) > 2:
    threading.Event().wait(60)
"""


def run_script(database: Path, *bombs: str) -> subprocess.Popen[str]:
    """A program without `if __name__ == "__main__"` that asks the default pool, and runs the bombs."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(database), *bombs],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )


def test_the_default_pool_ends_with_the_program(database: Path) -> None:
    """The main script runs once, not again in each worker, and no process is left at its end."""
    with run_script(database) as program:
        lines = program.communicate(timeout=30)[0].splitlines()
    assert lines[:2] == ["started", "((891,),)"]
    assert program.returncode == 0
    assert all(is_gone(int(pid)) for pid in lines[2].split())


def test_workers_end_when_their_parent_is_killed(database: Path) -> None:
    """Idle, in an endless statement or in one long call: after kill -9 of the parent none goes on."""
    with run_script(database, BOMB, ONE_LONG_CALL) as program:
        assert program.stdout is not None
        pids = [int(pid) for pid in [program.stdout.readline() for _ in range(3)][2].split()]
        assert len(pids) >= 2
        program.kill()
    wait_for(lambda: all(is_gone(pid) for pid in pids), 10)


def test_a_stop_of_the_app_does_not_reach_the_workers_first(pool: SqlPool) -> None:
    """Ctrl+C goes to the app's process group, in which the workers are not."""
    pool.warm_up()
    if hasattr(os, "getpgid"):
        assert os.getpgid(pool.pids()[0]) != os.getpgid(os.getpid())


def test_a_pool_can_be_closed_while_threads_ask(database: Path) -> None:
    """Each of them gets an answer or hears that it has ended; none hangs."""
    pool = SqlPool()
    stop = threading.Event()

    def ask_on() -> str:
        while not stop.is_set():
            try:
                run_select(COUNT, database, pool=pool)
            except QueryFailed as error:
                return str(error)
        return "never heard"

    with ThreadPoolExecutor(6) as executor:
        asking = [executor.submit(ask_on) for _ in range(6)]
        wait_for(lambda: pool.pids())
        pool.close()
        heard = [future.result(timeout=10) for future in asking]
        stop.set()
    assert "never heard" not in heard
    assert wait_for(lambda: not pool.pids())
