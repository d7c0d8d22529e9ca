"""Warm processes in which statements run, each of which can be killed without harm to anybody else.

A new interpreter is started for each (no fork of a process with threads, no second run of the main
script), isolated and without its site packages. It gets neither secrets nor settings: its environment is
empty but for what an interpreter needs. When this process ends, however it ends, so do they.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self, cast

from llm_agent.errors import QueryFailed
from llm_agent.guard.pipe_frames import read_frame, write_frame

MAX_WORKERS = 16
"""At most this many statements run at once."""
WARM_WORKERS = 3
"""So many idle ones are kept; those that a rush needed beyond end when it is over."""
PATIENCE_S = 0.1
"""A caller waits so long for a warm worker before a further one is started for it."""
MAX_WAIT_S = 1.5
GRACE_S = 0.5
"""From the time limit, at which SQLite is asked to stop, to the end of the process."""

START = "import sys; sys.path.append(sys.argv[1]); from llm_agent.guard.sql_worker import serve; serve()"
ENVIRONMENT = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")


class SqlWorker:
    """One process. Ask it one thing at a time, and not again once it is `used_up`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", START, str(Path(__file__).parent.parent.parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
            start_new_session=True,  # Ctrl+C in the terminal is for the app, which then ends its workers
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._questions = cast(IO[bytes], self._process.stdin)
        self._answers = cast(IO[bytes], self._process.stdout)
        self.pid = self._process.pid
        self.used_up = False

    def ask(self, request: dict[str, Any], kill_after_s: float) -> dict[str, Any] | None:
        """Its answer, or None when it ended without one, killed after `kill_after_s` at the latest."""
        alarm = threading.Timer(kill_after_s, self._process.kill)
        alarm.daemon = True
        alarm.start()
        try:
            write_frame(self._questions, request)
            answer = read_frame(self._answers)
        except (OSError, ValueError):  # it had ended before, or the pool was closed
            answer = None
        finally:
            alarm.cancel()
        self.used_up = answer is None or bool(answer.get("used_up"))
        return answer

    def close(self) -> None:
        """End the process, whatever it does, and wait for that."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._questions, self._answers):
            with suppress(OSError):  # what was left in the pipe's buffer has no reader any more
                pipe.close()


class SqlPool:
    """A bounded number of workers, started when needed and replaced when killed. Close it at the end.

    Safe to share between threads; each `ask` has a worker for itself.
    """

    def __init__(self, max_workers: int = MAX_WORKERS, warm_workers: int = WARM_WORKERS) -> None:
        self.max_workers = max_workers
        self.warm_workers = warm_workers
        self._idle: list[SqlWorker] = []
        self._working: set[SqlWorker] = set()
        self._starting = 0
        self._closed = False
        self._changed = threading.Condition()

    def ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """The answer of a worker; `{"error": "time"}` when it had to be killed.

        Raises `QueryFailed` when all workers stay busy, or when the process ended twice for no reason.
        """
        for _ in range(2):  # the second time: a worker that somebody else ended
            started = time.monotonic()
            with self._worker() as worker:
                hard_limit_s = timeout_s + GRACE_S
                limits = {"timeout_s": timeout_s, "hard_limit_s": hard_limit_s}
                answer = worker.ask({**request, **limits}, hard_limit_s)
            if answer is not None:
                return answer
            timeout_s -= time.monotonic() - started
            if timeout_s <= 0:
                return {"error": "time"}
        raise QueryFailed("The process that runs queries ended unexpectedly, twice.", "Ask a simpler query.")

    def pids(self) -> list[int]:
        """The process ids of all workers, idle and working."""
        with self._changed:
            return [worker.pid for worker in (*self._idle, *self._working)]

    def busy_pids(self) -> list[int]:
        """The process ids of the workers that have a statement just now."""
        with self._changed:
            return [worker.pid for worker in self._working]

    def warm_up(self) -> None:
        """Start one worker now, so that the first question finds it warm."""
        with self._worker():
            pass

    def close(self) -> None:
        """End all workers; those at work are killed."""
        with self._changed:
            self._closed = True
            workers = [*self._idle, *self._working]
            self._idle.clear()
        for worker in workers:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _worker(self) -> Iterator[SqlWorker]:
        worker = self._take_idle() or self._start()
        try:
            yield worker
        finally:
            self._give_back(worker)

    def _take_idle(self) -> SqlWorker | None:
        """An idle worker; None when the caller shall start one, which then is counted already."""
        asked = time.monotonic()
        with self._changed:
            while not self._idle:
                if self._closed:
                    raise QueryFailed("Queries have ended here.", "Reload the page and ask again.")
                waited = time.monotonic() - asked
                running = len(self._working) + self._starting
                if running < (self.warm_workers if waited < PATIENCE_S else self.max_workers):
                    self._starting += 1
                    return None
                if waited > MAX_WAIT_S:
                    raise QueryFailed(
                        "Too many queries run at once.", "Ask the same query again in a moment."
                    )
                self._changed.wait(PATIENCE_S)
            worker = self._idle.pop()
            self._working.add(worker)
            return worker

    def _start(self) -> SqlWorker:
        try:
            worker = SqlWorker()
        except OSError as error:
            raise QueryFailed(
                f"No process could be started to run the query ({error.strerror}).",
                "Close other programs, then ask again.",
            ) from error
        finally:
            with self._changed:
                self._starting -= 1
        with self._changed:
            self._working.add(worker)
        return worker

    def _give_back(self, worker: SqlWorker) -> None:
        with self._changed:
            self._working.discard(worker)
            keep = not (worker.used_up or self._closed or len(self._idle) >= self.warm_workers)
            if keep:
                self._idle.append(worker)
            self._changed.notify()
        if not keep:
            worker.close()
