"""Splits `<think>...</think>` out of an answer's text while it streams, wherever the chunks are cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

TAG = re.compile(r"<(/?)think(?:ing)?>")
TAGS = ("<think>", "</think>", "<thinking>", "</thinking>")


class ThinkSplitter:
    """Feed it pieces of text; it gives pairs of a piece and whether the model thinks aloud in it.

    >>> list(ThinkSplitter().feed("<think>Hm.</think>Yes"))
    [('Hm.', True), ('Yes', False)]
    """

    def __init__(self) -> None:
        self._held = ""
        self._is_thinking = False

    def feed(self, text: str) -> Iterator[tuple[str, bool]]:
        """The pieces that are certain by now; what may be the start of a tag is held back."""
        text = self._held + text
        self._held = ""
        while tag := TAG.search(text):
            yield from self._piece(text[: tag.start()])
            self._is_thinking = not tag.group(1)
            text = text[tag.end() :]
        start = text.rfind("<")
        if start >= 0 and any(name.startswith(text[start:]) for name in TAGS):
            text, self._held = text[:start], text[start:]
        yield from self._piece(text)

    def rest(self) -> Iterator[tuple[str, bool]]:
        """What was held back, at the end of the answer."""
        held, self._held = self._held, ""
        yield from self._piece(held)

    def _piece(self, text: str) -> Iterator[tuple[str, bool]]:
        if text:
            yield text, self._is_thinking
