"""Sessions that ask the chat's first suggestion, without a browser: they speak Streamlit's protocol.

    python benchmarks/asking_sessions.py http://127.0.0.1:8501 20

All open the chat; a line of input makes all of them click at once. Then prints, for each session, the seconds
from the click to the answer with the right figure, `nan` where none came in time. Ends with the input.
"""
# ruff: noqa: T201 - prints its results

from __future__ import annotations

import asyncio
import math
import sys
import time
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.watching_sessions import Session

SUGGESTION, FIGURE = "suggestion-0", "342"
ANSWER = 'class="answer"'
LIMIT_S = 60.0


class AskingSession(Session):
    """A tab on the chat; `answered` is set once an answer holds the figure."""

    def __init__(self, address: str) -> None:
        super().__init__(address, "chat")
        self.answered = asyncio.Event()
        self._button = ""

    def obey(self, message: ForwardMsg) -> None:
        """Note the suggestion's button and the answer."""
        element = message.delta.new_element
        if element.WhichOneof("type") == "button" and element.button.id.endswith(SUGGESTION):
            self._button = element.button.id
        elif element.WhichOneof("type") == "html":
            body = element.html.body
            if ANSWER in body and FIGURE in body:
                self.answered.set()
        super().obey(message)

    async def seconds_to_the_answer(self) -> float:
        """Click on the suggestion and wait."""
        click = BackMsg()
        click.rerun_script.widget_states.widgets.add(id=self._button, trigger_value=True)
        started = time.perf_counter()
        await self.ask(click)
        try:
            await asyncio.wait_for(self.answered.wait(), LIMIT_S)
        except TimeoutError:
            return math.nan
        return time.perf_counter() - started


async def main(address: str, count: int) -> None:
    """Open the sessions, say READY, and at the word let all of them ask."""
    sessions = [AskingSession(address) for _ in range(count)]
    async with asyncio.TaskGroup() as group:
        watchers = []
        for session in sessions:
            watchers.append(group.create_task(session.watch()))
            await session.drawn.wait()
        print("READY", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        seconds = await asyncio.gather(*(session.seconds_to_the_answer() for session in sessions))
        for watcher in watchers:
            watcher.cancel()
    print(*(f"{each:.3f}" for each in seconds), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
