"""Draw the README's picture of a live session: ``python docs/pictures/live.py``.

It runs the live demo on the command line's own view, and keeps the frame that stands at the end of a block.
"""

from __future__ import annotations

import io
import re
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from hotwire.realtime.console.demo import live_demo
from hotwire.realtime.console.view import Scorer, TerminalView
from hotwire.realtime.decision import LiveDecision
from hotwire.realtime.health import State

BLOCK, SIZE = 4, (92, 26)


class Kept(TerminalView):
    """Keeps the frame of the last decision of one block."""

    def __init__(self, scorer: Scorer) -> None:
        super().__init__(
            Console(file=io.StringIO(), force_terminal=True, width=SIZE[0], height=SIZE[1]), "hotwire", scorer
        )
        self.kept = None

    def decision(self, decision: LiveDecision) -> None:
        super().decision(decision)
        if decision.event == BLOCK:
            self._state = State.LIVE
            self.kept = self.frame()


if __name__ == "__main__":
    views = []
    live_demo(20.0, lambda scorer: views.append(Kept(scorer)) or views[-1], nullcontext)
    console = Console(record=True, file=io.StringIO(), force_terminal=True, width=SIZE[0], height=SIZE[1])
    console.print(views[0].kept)
    path = Path(__file__).with_name("live.svg")
    # Without the fonts that rich would have a browser fetch.
    picture = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="hotwire demo --live"), flags=re.DOTALL)
    path.write_text(picture, encoding="utf-8")
    print(path)
