"""Where ``hotwire stream`` sends what is decoded, what it says of them, and what they became."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .monitor_option import monitor_of

if TYPE_CHECKING:
    from ..decision import Output
    from ..engine.live_engine import LiveEngine
    from ..live_decoder import LiveDecoder
    from ..monitor.server import Monitor
    from ..outputs.json_lines import JsonLines
    from ..outputs.lsl_outputs import LslOutlets
    from ..outputs.xdf import XdfRecorder


@dataclass
class SessionOutputs:
    """The outputs of a session, beside its view and its tally."""

    out: Path | None
    every: list[Output] = field(default_factory=list)
    recorder: XdfRecorder | None = None
    monitor: Monitor | None = None
    outlets: LslOutlets | None = None
    lines: JsonLines | None = None

    def warn(self, engine: LiveEngine[Any, Any]) -> None:
        """Say where another machine publishes the same names."""
        if self.outlets is not None and self.outlets.elsewhere:
            engine.report(
                f"{', '.join(self.outlets.elsewhere)} publishes {self.outlets.name}-decisions, too: receivers have to "
                "ask for a source_id, or give this session another name (--publish)"
            )

    def result(self, engine: LiveEngine[Any, Any]) -> dict[str, Any]:
        """What a summary says of them."""
        return {
            "out": None if self.out is None else str(self.out),
            "out_stopped": None if self.lines is None else engine.why_stopped(self.lines),
        }


def outputs_of(
    decoder: LiveDecoder, options: dict[str, Any], about: dict[str, Any], commands: Path | None
) -> SessionOutputs:
    """Open the outputs that the options choose; `about` is the first line of ``decisions.jsonl``."""
    from ..outputs.json_lines import JsonLines
    from ..outputs.lsl_outputs import LslOutlets
    from ..outputs.xdf import XdfRecorder
    from ..plugins import make_output
    from .session import JsonStream

    out = options["out"]
    made = SessionOutputs(out, monitor=monitor_of(options, commands))
    made.every += [make_output(text, decoder) for text in options["to"]]
    if made.monitor is not None:
        made.every.append(made.monitor)
    if options["publish"] != "none":
        made.outlets = LslOutlets(options["publish"])
        made.every.append(made.outlets)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        made.lines = JsonLines(out / "decisions.jsonl", about)
        made.every.append(made.lines)
        made.recorder = XdfRecorder(_unused(out / "raw.xdf")) if options["record"] else None
    if options["as_json"]:
        assert sys.__stdout__ is not None
        made.every.append(JsonStream(sys.__stdout__))
    return made


def where_kept(result: dict[str, Any]) -> list[str]:
    """A line of the summary that says where the decisions are, if anywhere."""
    if result["out"] is None:
        return []
    path, why = Path(result["out"]) / "decisions.jsonl", result["out_stopped"]
    return [f"Decisions are in {path}." if why is None else f"{path} lacks later decisions: {why}."]


def _unused(path: Path) -> Path:
    """The path, with a number if an earlier session's file has that name."""
    number = 1
    numbered = path
    while numbered.exists():
        number += 1
        numbered = path.with_stem(f"{path.stem}-{number}")
    return numbered
