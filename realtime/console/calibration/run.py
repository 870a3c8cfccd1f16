"""A calibration from its study to its bundle: prepared, run, fitted and saved."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import click
from rich.console import Console

from ....decoder.cli.result import CommandResult
from ....decoder.decoder import Decoder
from ....decoder.experiments.calibration import Calibration
from ....decoder.steps import run_steps
from ....decoder.study.study import Study, open_study
from ....decoder.windows import windows
from ....errors import StreamError
from ....errors.printable import json_text
from ...clock import SystemClock
from ...outputs.block_recorder import BlockRecorder
from ...sources.cued_source import CuedSource, CueOutlet
from ...sources.finding import find_stream
from ...sources.lsl_source import LslSource
from ..session import liblsl_aside
from ..stream import stream as stream_command
from .collector import Collector
from .cues import MIN_TRIALS, Timing, schedule
from .outcome import fit_and_save, read_session, show, standing
from .participant import simulated_participant
from .plan import earlier_trials, labels_of, live_window, raw_files, session_decoder
from .session import CalibrationSession
from .signal_check import chosen_channels, first_samples, signal_faults
from .view import CalibrationView, on_console


@dataclass(frozen=True)
class CalibrationRequest:
    """The options of the command."""

    study: Path
    stream: str | None
    out: Path
    n_per_class: int
    cue_s: float
    rest_s: float
    ready_s: float
    good_enough: float
    stop: Literal["when-good", "all"]
    channels: tuple[str, ...]
    markers: str
    find_s: float
    seed: int
    resume: bool
    simulate: bool
    go_live: bool
    draws: bool


def calibrated(context: click.Context, request: CalibrationRequest) -> CommandResult:
    """Run the session, fit, save, and go live if requested."""
    study = open_study(request.study)
    timing = Timing(request.cue_s, request.rest_s, request.ready_s)
    labels = labels_of(study)
    schedule(labels, request.n_per_class)  # raises before anything is opened
    raws = raw_files(request.out, request.resume)
    decoder = session_decoder(study, timing)
    calibration = Calibration(decoder, good_enough=request.good_enough)
    request.out.mkdir(parents=True, exist_ok=True)
    name = request.stream or f"simulated-{uuid4().hex[:8]}"
    with ExitStack() as at_end:
        outlet = CueOutlet(request.markers)
        if request.simulate:
            at_end.enter_context(simulated_participant(name, request.markers, labels, request.seed))
        source = CuedSource(LslSource(name))
        try:
            with liblsl_aside(request.out / "lsl.log") if request.draws else nullcontext():
                view = on_console(request.draws)
                try:
                    parts = _Parts(request, study, timing, labels, decoder, calibration, source, outlet, view)
                    result, collector = parts.session(raws)
                finally:
                    view.close()
        finally:
            source.end()
        _write(request.out, result)
        result |= fit_and_save(decoder, calibration, request.out, raws, collector.feature_names, request.good_enough)
        _write(request.out, result)
        if request.go_live and result["bundle"] is not None:
            show(Console(emoji=False), result)
            window = live_window(decoder.settings.window, timing, collector.rate_after_steps_hz)
            live = context.invoke(
                stream_command,
                bundle=Path(result["bundle"]),
                name=name,
                out=request.out / "live",
                window=(window.length_s, window.every_s),
                channels="by name",
                plain=not request.draws,
            )
            return CommandResult({**result, "live": live.data}, live.show)
    return CommandResult(result, lambda console: show(console, result), code=0 if result["bundle"] else 1)


@dataclass(frozen=True)
class _Parts:
    """The parts of a session."""

    request: CalibrationRequest
    study: Study
    timing: Timing
    labels: Sequence[str]
    decoder: Decoder
    calibration: Calibration
    source: CuedSource
    outlet: CueOutlet
    view: CalibrationView

    def session(self, raws: Sequence[Path]) -> tuple[dict[str, Any], Collector]:
        """Open the stream, check it and give the cues; return the result, ready for JSON, and the collector."""
        request, view, calibration, settings = self.request, self.view, self.calibration, self.decoder.settings
        view.phase(f"looking for {request.stream or 'the simulated participant'}", "", 0.0)
        info = find_stream(
            self.source, SystemClock(), max(request.find_s, 30.0) if request.simulate else request.find_s
        )
        units = ", ".join(sorted({unit or "unit not told" for unit in info.units}))
        view.say(f"found {info.summary()}, in {units}")
        channels = chosen_channels(info, request.channels)
        view.phase("sit still, the signal is looked at", "", self.timing.ready_s)
        samples = first_samples(self.source, info, self.timing.ready_s, view)
        samples = samples[:, [info.channel_names.index(name) for name in channels]]
        faults = signal_faults(samples, channels)
        if len(faults) == len(channels):
            raise StreamError(
                f"the stream {info.name!r} carries no signal: {_listed(faults)}; look after the electrodes and the "
                "amplifier"
            )
        view.say(f"the signal: {_listed(faults) or 'all channels are alive'}")
        with self.study.naming("decoder: "):
            collector = Collector(info, channels, samples, settings.steps, settings.window)
        n_left, first_block, earlier = request.n_per_class, 1, []
        if request.resume:
            recording = read_session(raws[:-1], channels)
            trials = windows(settings.window, run_steps(settings.steps, recording))
            calibration.learn(trials)
            n_done = min(int((trials.label == label).sum()) for label in self.labels)
            n_left = max(n_left - n_done, MIN_TRIALS)
            first_block, earlier = len(recording.runs) + 1, earlier_trials(request.out)
            view.say(f"{len(trials)} trials were learned from before; {n_left} of each word are to come")
        blocks = schedule(self.labels, n_left, seed=request.seed + len(raws) - 1)
        recorder = BlockRecorder(raws[-1])
        session = CalibrationSession(
            *(calibration, dict(zip(self.decoder.targets.answers, self.labels, strict=True)), collector),
            *(self.source, self.outlet, recorder, view, self.timing, request.stop, first_block),
        )
        try:
            ended = session.run(blocks)
        finally:
            recorder.end()
        result = {
            "type": "calibration",
            "study": str(request.study),
            "ended": ended,
            "seed": request.seed,
            "timing": asdict(self.timing),
            "stream": asdict(info),
            "channels": list(channels),
            "faults": faults,
            "losses": session.losses,
            "n_cues": len(session.trials),
            "n_lost": sum(one.lost is not None for one in session.trials),
            "raw": [str(path) for path in raws if path.exists()],
            **standing(calibration, request.good_enough),
            "trials": [*earlier, *(asdict(one) for one in session.trials)],
        }
        return result, collector


def _write(folder: Path, result: dict[str, Any]) -> None:
    (folder / "calibration.json").write_text(json_text(result, indent=1) + "\n", encoding="utf-8")


def _listed(faults: dict[str, str]) -> str:
    return ", ".join(f"{name} is {why}" for name, why in faults.items())
