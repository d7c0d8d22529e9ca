"""Naming a process for good, so that others can tell later whether it still lives.

An id alone is used again by the system; with the host and the time of creation it is unique.
"""

from __future__ import annotations

import os
import socket

import psutil

PREFIX = "process:"
CLOCK_STEP_S = 2.0  # creation times are read with this much slack


def this_process() -> str:
    """The mark of this process, such as `process:laptop:4711:1790000000`."""
    return f"{PREFIX}{socket.gethostname()}:{os.getpid()}:{psutil.Process().create_time():.0f}"


def is_alive(mark: str) -> bool:
    """Whether the marked process lives; True for one on another host, which cannot be known from here."""
    host, pid, created = mark.removeprefix(PREFIX).rsplit(":", 2)
    if host != socket.gethostname():
        return True
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(created)) < CLOCK_STEP_S
    except psutil.Error:
        return False
