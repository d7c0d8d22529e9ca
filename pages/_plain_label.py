"""Text of models and cells inside Markdown of ours, such as a label: letters only, addresses included.

Markdown turns a bare address into a link, escaped or not; an invisible joiner inside it prevents that.
"""

from __future__ import annotations

import re

from data_pipeline.plain_markdown import plain
from pages._answer_html import INVISIBLE

JOINER = "\u2060"
_ADDRESS_STARTS = re.compile(r"(?i)((?:https?|ftp|xmpp|mailto)(?=\\?:)|www(?=\.)|@)")


def label(text: str) -> str:
    r"""The text escaped, without characters that turn its direction, and without anything to click.

    >>> label("*see* http://h") == "\\*see\\* http\u2060\\://h"
    True
    """
    return _ADDRESS_STARTS.sub(rf"\1{JOINER}", plain(INVISIBLE.sub("", text)))
