"""Messages over a pipe: four bytes of length, then JSON. Nothing that is read can become code."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 64_000_000
"""Far above any question or answer: what is longer is not from our own process."""


def write_frame(pipe: IO[bytes], message: dict[str, Any]) -> None:
    """Send one message; raises OSError when nobody reads any more."""
    body = json.dumps(message).encode()
    pipe.write(LENGTH.pack(len(body)) + body)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> dict[str, Any] | None:
    """The next message, or None once the other side has ended, also in the middle of a message."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    if length > MAX_FRAME_BYTES:
        return None
    body = pipe.read(length)
    return json.loads(body) if len(body) == length else None
