"""Whether and how long to wait before a request is sent again: few times, briefly, and visibly."""

from __future__ import annotations

import math

from llm_agent.client.connection_errors import is_reset
from llm_agent.client.model_errors import PASSING_STATUSES, is_quota
from llm_agent.client.retry_after import asked_seconds

MAX_RETRIES = 2
LONGEST_WAIT_S = 30
"""All waits before one answer together; who is asked to wait longer should know, not wait."""
FIRST_WAIT_S = 2


def seconds_to_wait(error: BaseException, retries: int, waited_s: int) -> int | None:
    """Whole seconds until the next attempt, at least 1; None: give up.

    A broken connection and a busy or limiting server are tried again; an exhausted quota never is.
    """
    is_passing = getattr(error, "status_code", 0) in PASSING_STATUSES or is_reset(error)
    if retries >= MAX_RETRIES or not is_passing or is_quota(error):
        return None
    asked = asked_seconds(error)
    wait = max(1, math.ceil(asked if asked is not None else FIRST_WAIT_S * 2**retries))
    return wait if waited_s + wait <= LONGEST_WAIT_S else None


def why(error: BaseException, host: str) -> str:
    """The reason of the wait, for people."""
    status = getattr(error, "status_code", 0)
    if status == 429:
        return f"{host} limits how often it is asked"
    return f"{host} is overloaded (HTTP {status})" if status else f"the connection to {host} broke"
