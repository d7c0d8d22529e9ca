"""Sessions of the app without a browser: they speak Streamlit's protocol, and poll as its page does.

    python benchmarks/watching_sessions.py http://127.0.0.1:8501 19

In a workshop every laptop draws for itself; twenty browsers on the machine of the server would measure the
browsers. Each session runs the page once and then follows the server's orders to run fragments again. Prints
READY once all have drawn the page, and at the end (end of input) how often fragments were run again.
"""
# ruff: noqa: T201 - prints its results

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

    def __init__(self, address: str) -> None:
        self.stream = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
        self.drawn = asyncio.Event()
        self.reruns = 0
        self._timers: dict[str, asyncio.Task[None]] = {}

    async def watch(self) -> None:
        """Open the page and do as the server says, until cancelled."""
        try:
            async with connect(
                self.stream, subprotocols=[Subprotocol("streamlit")], max_size=None
            ) as channel:
                await self._ask(channel, BackMsg())
                async for frame in channel:
                    if isinstance(frame, bytes):
                        self._obey(channel, ForwardMsg.FromString(frame))
        finally:
            self._stop_timers()

    def _obey(self, channel: ClientConnection, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self._stop_timers()  # a whole run orders anew
        elif kind == "auto_rerun":
            order = message.auto_rerun
            timer = self._repeat(channel, order.fragment_id, order.interval)
            self._timers[order.fragment_id] = asyncio.ensure_future(timer)
        elif kind == "script_finished" and message.script_finished == PAGE_FINISHED:
            self.drawn.set()

    async def _repeat(self, channel: ClientConnection, fragment_id: str, interval_s: float) -> None:
        while True:
            await asyncio.sleep(interval_s)
            request = BackMsg()
            request.rerun_script.fragment_id = fragment_id
            request.rerun_script.is_auto_rerun = True
            await self._ask(channel, request)
            self.reruns += 1

    async def _ask(self, channel: ClientConnection, request: BackMsg) -> None:
        request.rerun_script.query_string = ""
        await channel.send(request.SerializeToString())

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
