"""What the first click would otherwise wait for, done once in the background when the server starts."""

from __future__ import annotations

import logging
import threading

from data_pipeline import prefect_runtime
from data_pipeline.errors import PipelineError
from data_pipeline.settings import Settings
from pages._garbage import keep_collections_short

_log = logging.getLogger(__name__)


THREAD_NAME = "warm-up"


def is_warming_up() -> bool:
    """True until the warm-up of this server has ended, well or not."""
    return any(thread.name == THREAD_NAME for thread in threading.enumerate())


def start_warm_up() -> threading.Thread:
    """Start the thread that warms up, and return it; failures are left to the click that needs the part."""
    thread = threading.Thread(target=_warm_up, name=THREAD_NAME, daemon=True)
    thread.start()
    return thread


def _warm_up() -> None:
    try:
        prefect_runtime.connect(Settings())
    except PipelineError as error:
        _log.warning("Warm-up: %s", error)
    _import_slow_modules()
    keep_collections_short()


def _import_slow_modules() -> None:
    """Import what is needed later: 0.6 s for pandas, 1 s each for Plotly and openai, 2 s for Prefect."""
    import openai  # noqa: F401
    import pandas  # noqa: F401
    import plotly.graph_objects  # noqa: F401

    import data_pipeline.titanic_pipeline  # noqa: F401
    import llm_agent.agent  # noqa: F401
