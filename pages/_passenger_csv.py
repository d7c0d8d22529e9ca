"""All passengers behind the filters as CSV, at `passengers.csv?class=1&order=fare` (the page's parameters).

A route of the server and not `st.download_button`, which keeps the bytes of every download in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from data_pipeline.errors import TableUnavailable
from data_pipeline.settings import Settings
from data_pipeline.table import COLUMN_NAMES
from pages._chart_data import QueryTooSlow, check_table
from pages._chart_filters import Filters, from_address, to_address
from pages._chart_queries import Query
from pages._csv_text import csv_lines
from pages._passenger_queries import ALL_ROWS, ORDERS, SEARCH_LENGTH, page_query, stream

NAME = "passengers.csv"
HEADERS = {
    "Content-Disposition": 'attachment; filename="titanic-passengers.csv"',
    "Cache-Control": "no-store",
    "Content-Encoding": "identity",  # packed on the way, it costs the server more than the network saves
}
AT_ONCE = 4
"""Downloads that read at the same time; the server's other threads stay free for pages."""

_reading = asyncio.Semaphore(AT_ONCE)


def link(filters: Filters, search: str, order: str) -> str:
    """The address of this download beside the page's own, so below the same base path."""
    asked = {**to_address(filters), "search": search, "order": "" if order == "number" else order}
    told = urlencode({name: value for name, value in asked.items() if value})
    return f"{NAME}?{told}" if told else NAME


def query_of(address: Mapping[str, str]) -> Query:
    """The query that such an address asks for; parameters that make no sense are left out."""
    order = ORDERS.get(address.get("order", "number"), ORDERS["number"])
    search = address.get("search", "")[:SEARCH_LENGTH]
    return page_query(from_address(address)[0], search, order, None, ALL_ROWS)


def passengers_csv(database: Path, query: Query) -> Generator[str, None, None]:
    """The rows of the query as CSV in pieces; raises `TableUnavailable`, and `QueryTooSlow` between two."""
    check_table(database)
    yield from csv_lines(COLUMN_NAMES, stream(database, query))


async def answer(request: Request) -> Response:
    """The file, piece by piece; without a table a plain sentence (404 for none, 503 for an unfit one)."""
    if request.method != "GET":
        return PlainTextResponse("This address only answers GET.", 405, {"Allow": "GET"})
    database = Settings().database
    pieces = _pieces(passengers_csv(database, query_of(request.query_params)))
    try:
        first = await anext(pieces)  # what is wrong shows here, while the status can still say so
    except TableUnavailable as error:
        return PlainTextResponse(f"{error.cause} {error.remedy}", 503 if database.is_file() else 404)
    except QueryTooSlow:
        return PlainTextResponse("This takes too long in a table of this size. Sort by number.", 503)
    return StreamingResponse(_all(first, pieces), headers=HEADERS, media_type="text/csv")


async def _all(first: str, rest: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    async with aclosing(rest):
        yield first
        async for piece in rest:
            yield piece


async def _pieces(lines: Generator[str, None, None]) -> AsyncGenerator[str, None]:
    """The pieces, each made in a thread when the one before is sent; lets go of the file at the end.

    Whoever goes away is not waited for: the piece in work is the last one.
    """
    try:
        while True:
            async with _reading:
                piece = await run_in_threadpool(next, lines, None)
            if piece is None:
                return
            yield piece
    finally:
        lines.close()


def routes() -> list[Route]:
    """The download's address, below the base path that the server is told to have."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    every_method = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return [Route(f"/{base}/{NAME}" if base else f"/{NAME}", answer, methods=every_method)]
