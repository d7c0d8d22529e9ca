"""One reading for all who want it at the same moment.

Not `st.cache_data` with a time to live: where a reading takes longer than it lives, all who waited for it
would find it out of date and read one after the other. Here they take what was read while they waited.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedReading(Generic[T]):
    """Keeps the last value of each key for `kept_s` seconds; one thread reads, the others wait for it.

    A failure is shared with those who waited for it as well, so that they do not fail one after the other.
    """

    def __init__(self, kept_s: float) -> None:
        self._kept_s = kept_s
        self._values: dict[Hashable, tuple[float, T]] = {}
        self._failures: dict[Hashable, tuple[float, Exception]] = {}
        self._locks: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)

    def read(self, key: Hashable, reader: Callable[[], T]) -> T:
        """The value of the key, read at most `kept_s` before the call; raises what `reader` raises."""
        asked_at = time.monotonic()
        with self._locks[key]:
            if key in self._values:
                read_at, value = self._values[key]
                if read_at > asked_at - self._kept_s:
                    return value
            failed_at, failure = self._failures.get(key, (asked_at, None))
            if failure and failed_at > asked_at:
                raise failure
            try:
                value = reader()
            except Exception as error:
                self._failures = {key: (time.monotonic(), error)}
                raise
            self._values = {key: (time.monotonic(), value)}  # of other keys nobody asks at this moment
            return value

    def forget(self) -> None:
        """Read anew at the next call."""
        self._values = {}
