"""Entry of the app: `streamlit run streamlit_app.py`.

An `st.App` rather than a plain script, for four things a script cannot do: pages that answer a deep link
on a fresh server, headers on every response, a download of any size, and a warm-up that runs once when the
server starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

from data_pipeline.prefect_server import release_server
from data_pipeline.settings import Settings
from pages._passenger_csv import routes
from pages._security import SecurityHeaders
from pages._warm_up import start_warm_up


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Warm up in the background while the first page is drawn; at the end let go of the Prefect server.

    Here and not in `atexit`: Ctrl-C and SIGTERM end the web server by a signal, which skips that.
    """
    start_warm_up()
    yield
    await asyncio.to_thread(release_server, Settings().prefect_home)


app = st.App("pages/_shell.py", lifespan=lifespan, routes=routes(), middleware=[Middleware(SecurityHeaders)])
