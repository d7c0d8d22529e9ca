"""A source's address with its secrets stays in this process; what is recorded is the address without them.

Prefect stores and shows the parameters and names of runs. So the flow is given the redacted address, and the
task that fetches it asks here for the real one. It travels in a context variable, as `cancellation.py` does.
A flow that is called directly, without `keep_private`, has its parameters recorded as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from data_pipeline.network_failure import redacted

_real_addresses: ContextVar[dict[str, str] | None] = ContextVar("real_addresses", default=None)


@contextmanager
def keep_private(source: str) -> Iterator[str]:
    """The source as it may be recorded: a URL without user, password, query and fragment."""
    shown = redacted(source) if "://" in source else source
    token = _real_addresses.set({shown: source})
    try:
        yield shown
    finally:
        _real_addresses.reset(token)


def real_address(source: str) -> str:
    """The source to fetch for one that was recorded; itself where nothing was kept private."""
    return (_real_addresses.get() or {}).get(source, source)
