"""Sessions of the app without a browser: they speak Streamlit's protocol, and poll as its page does.

    python benchmarks/watching_sessions.py http://127.0.0.1:8501 19

In a workshop every laptop draws for itself; twenty browsers on the machine of the server would measure the
browsers. Each session runs the page once and then follows the server's orders to run fragments again. Prints
READY once all have drawn the page, and at the end (end of input) how often fragments were run again.
"""
# ruff: noqa: T201, S101 - prints its results, and stops where it cannot measure

from __future__ import annotations

import asyncio
import sys

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PAGE_FINISHED = ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY


class Session:
    """One open tab: `drawn` is set once the page has run, `reruns` counts the fragments since."""

    def __init__(self, address: str, page: str = "") -> None:
        self.stream = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
        self.drawn = asyncio.Event()
        self.reruns = 0
        self._page, self._query, self._page_hash = page, "", ""
        self._channel: ClientConnection | None = None
        self._timers: dict[str, asyncio.Task[None]] = {}

    async def watch(self) -> None:
        """Open the page and do as the server says, until cancelled."""
        try:
            async with connect(
                self.stream, subprotocols=[Subprotocol("streamlit")], max_size=None
            ) as self._channel:
                await self.ask(BackMsg())
                async for frame in self._channel:
                    if isinstance(frame, bytes):
                        self.obey(ForwardMsg.FromString(frame))
        finally:
            self._stop_timers()

    def obey(self, message: ForwardMsg) -> None:
        """Do what the server says, as far as its page would without a person."""
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self._stop_timers()  # a whole run orders anew
        elif kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            order = message.auto_rerun
            timer = self._repeat(order.fragment_id, order.interval)
            self._timers[order.fragment_id] = asyncio.ensure_future(timer)
        elif kind == "script_finished" and message.script_finished == PAGE_FINISHED:
            self.drawn.set()

    async def _repeat(self, fragment_id: str, interval_s: float) -> None:
        while True:
            await asyncio.sleep(interval_s)
            request = BackMsg()
            request.rerun_script.fragment_id = fragment_id
            request.rerun_script.is_auto_rerun = True
            await self.ask(request)
            self.reruns += 1

    async def ask(self, request: BackMsg) -> None:
        """Send the request from where the page stands now."""
        assert self._channel
        where = request.rerun_script
        where.query_string, where.page_name, where.page_script_hash = self._query, self._page, self._page_hash
        await self._channel.send(request.SerializeToString())

    async def open(self, query: str) -> None:
        """Run the page with this query string, to its end."""
        self._query = query
        self.drawn.clear()
        await self.ask(BackMsg())
        await self.drawn.wait()

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()


async def main(address: str, count: int) -> None:
    """Open the sessions, say READY, and watch until the input ends."""
    sessions = [Session(address) for _ in range(count)]
    async with asyncio.TaskGroup() as group:
        watchers = []
        for session in sessions:  # one after the other, as people come
            watchers.append(group.create_task(session.watch()))
            await session.drawn.wait()
        print("READY", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for watcher in watchers:
            watcher.cancel()
    print(sum(session.reruns for session in sessions), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
