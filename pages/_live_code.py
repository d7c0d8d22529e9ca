"""Edits of the data layer take effect without a restart: changed modules are forgotten and imported anew."""

from __future__ import annotations

import sys

from data_pipeline.cache_key import code_fingerprint
from data_pipeline.errors import CodeUnreadable
from data_pipeline.settings import PACKAGE_FOLDER

FORGOTTEN = ("data_pipeline.", "pages.")  # pages hold names that they imported from the layer
_known = code_fingerprint()


def forget_changed_code() -> None:
    """Let the next import read from disk if a file of the layer changed since the last call.

    Raises `CodeUnreadable` for an unfinished edit; the code from before then stays in use.
    """
    global _known
    code = code_fingerprint()
    if code == _known:
        return
    _check_that_it_parses()
    for name in [name for name in sys.modules if name.startswith(FORGOTTEN) and name != __name__]:
        del sys.modules[name]
    _known = code


def _check_that_it_parses() -> None:
    for path in sorted(PACKAGE_FOLDER.glob("*.py")):
        try:
            compile(path.read_bytes(), path.name, "exec")
        except (SyntaxError, ValueError) as error:
            where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
            raise CodeUnreadable(
                f"{path.name}{where} is no Python ({getattr(error, 'msg', error)}).",
                "Correct it and click again; until then nothing runs.",
            ) from error
