"""Full garbage collections stay short, because what has proved to stay is no longer looked at.

Streamlit runs one after each run of a page or fragment. With Prefect, pandas and Plotly loaded one takes 50
to 100 ms of the one core that Python uses; with twenty tabs that was almost half of all work. `gc.freeze`
puts what survived aside. Now and then everything is looked at again, so that nothing dead is kept for ever.
"""

from __future__ import annotations

import gc
import time
from typing import Any

LONG_S = 0.005
"""A full collection that takes longer has too much to look at."""
PAUSE_S = 10.0
"""Between two freezes, so that what lives for a moment only is mostly gone by then."""
LOOK_AGAIN_S = 1800.0


class GarbageWatch:
    """A callback for `gc.callbacks` that freezes what survives a long full collection."""

    def __init__(
        self, long_s: float = LONG_S, pause_s: float = PAUSE_S, again_s: float = LOOK_AGAIN_S
    ) -> None:
        self._long_s, self._pause_s, self._again_s = long_s, pause_s, again_s
        self._began = 0.0
        self._frozen_at = -pause_s
        self._looked_at = time.monotonic()

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """Called by Python at the start and at the end of each collection."""
        now = time.monotonic()
        if info["generation"] != 2:
            return
        if phase == "start":
            self._began = now
            if now - self._looked_at > self._again_s:
                self._looked_at, self._frozen_at = now, now - self._pause_s
                gc.unfreeze()
        elif now - self._began > self._long_s and now - self._frozen_at >= self._pause_s:
            self._frozen_at = now
            gc.freeze()


def keep_collections_short() -> None:
    """Put aside what is there now, and watch from here on; once for a process."""
    if not any(isinstance(callback, GarbageWatch) for callback in gc.callbacks):
        gc.callbacks.append(GarbageWatch())
    gc.collect()
    gc.freeze()
