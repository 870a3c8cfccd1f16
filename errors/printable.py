"""Text from outside, made safe to print: labels, names, words and paths may contain codes that control a terminal."""

from __future__ import annotations

import json
import re
from typing import Any

# Control characters (C0, DEL, C1), line separators, marks that change the direction of text, surrogates.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: object) -> str:
    r"""Return a text in which codes that control a terminal are escaped, so that they are visible and have no effect.

    Every path by which text from outside reaches a terminal or a log uses it: the errors themselves, the lines that
    commands print, and (through `hotwire.decoder.report.markup`) rich's tables. Printable characters stay as they are.

    Parameters
    ----------
    text : object
        Its `str` is used.

    Examples
    --------
    >>> print(printable("face\x1b[2J\r\nhouse\x9b5m"))
    face\x1b[2J\r\nhouse\x9b5m
    """
    return _UNPRINTABLE.sub(lambda match: repr(match[0])[1:-1], str(text))


def json_text(data: Any, **options: Any) -> str:
    r"""Return data as JSON whose text has no codes that control a terminal; its meaning is the same.

    JSON itself escapes the control characters below U+0020 only.

    Parameters
    ----------
    data : JSON
    **options
        Of `json.dumps`.

    Examples
    --------
    >>> print(json_text({"label": "Größe\x9b2J"}))
    {"label": "Größe\u009b2J"}
    """
    text = json.dumps(data, ensure_ascii=False, **options)
    # Line breaks between the parts are json's own: it has escaped those within texts.
    return _UNPRINTABLE.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text)
