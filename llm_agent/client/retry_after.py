"""How long a server asks to be left alone: its Retry-After header in seconds."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


def asked_seconds(error: BaseException) -> float | None:
    """What the server's Retry-After says, in seconds from now; None without a readable one."""
    headers: Any = getattr(getattr(error, "response", None), "headers", {})
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    if (seconds := _number(headers.get("retry-after"))) is not None:
        return seconds
    try:
        when = parsedate_to_datetime(headers.get("retry-after") or "")
        return max(0.0, (when - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):  # no date, or one without a zone
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
