"""Edits of the data layer take effect without a restart: changed modules are forgotten and imported anew."""

from __future__ import annotations

import sys

from data_pipeline.cache_key import code_fingerprint

FORGOTTEN = ("data_pipeline.", "pages.")  # pages hold names that they imported from the layer
_known = code_fingerprint()


def forget_changed_code() -> None:
    """Let the next import read from disk if a file of the layer changed since the last call."""
    global _known
    code = code_fingerprint()
    if code == _known:
        return
    for name in [name for name in sys.modules if name.startswith(FORGOTTEN) and name != __name__]:
        del sys.modules[name]
    _known = code
