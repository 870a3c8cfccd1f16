"""A calibration from its study to its bundle: what is made ready, run, fitted and kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import click
import numpy as np
from rich.console import Console

from ....decoder.bundle.load import describe
from ....decoder.bundle.save import save
from ....decoder.cli.commands import Answer
from ....decoder.decoder import Decoder
from ....decoder.experiments.calibration import Calibration, share
from ....decoder.readers import read_xdf
from ....decoder.recordings.events import Events
from ....decoder.recordings.recording import Recording
from ....decoder.steps import run_steps
from ....decoder.study.study import Study, open_study
from ....decoder.windows import windows
from ....errors import RecordingError, StreamError
from ....errors.printable import json_text, printable
from ...clock import SystemClock
from ...outputs.block_recorder import BlockRecorder
from ...sources.cued_source import CuedSource, CueOutlet
from ...sources.finding import find_stream
from ...sources.lsl_source import LslSource
from ..session import liblsl_aside
from ..stream import stream as stream_command
from .collector import Collector
from .cues import LEAST_TRIALS, Timing, schedule
from .figure import AHEAD, learning_curve_figure
from .plan import earlier_trials, labels_of, live_window, raw_files, session_decoder
from .session import CalibrationSession
from .signal_check import signal_faults
from .stream import chosen_channels, looked_at
from .view import CalibrationView, on_console

GOODBYE_S = 10.0


@dataclass(frozen=True)
class Asked:
    """What the command was asked for; see there."""

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


def calibrated(context: click.Context, asked: Asked) -> Answer:
    """Run the session, fit, save, and go live if that was asked for."""
    study = open_study(asked.study)
    timing = Timing(asked.cue_s, asked.rest_s, asked.ready_s)
    labels = labels_of(study)
    schedule(labels, asked.n_per_class)  # says what is wrong before anything is opened
    raws = raw_files(asked.out, asked.resume)
    decoder = session_decoder(study, timing)
    calibration = Calibration(decoder, good_enough=asked.good_enough)
    asked.out.mkdir(parents=True, exist_ok=True)
    name = asked.stream or f"simulated-{uuid4().hex[:8]}"
    with ExitStack() as at_end:
        outlet = CueOutlet(asked.markers)
        if asked.simulate:
            at_end.enter_context(_simulated(name, asked.markers, labels, asked.seed))
        source = CuedSource(LslSource(name))
        try:
            with liblsl_aside(asked.out / "lsl.log") if asked.draws else nullcontext():
                view = on_console(asked.draws)
                try:
                    parts = _Parts(asked, study, timing, labels, decoder, calibration, source, outlet, view)
                    found, collector = parts.session(raws)
                finally:
                    view.close()
        finally:
            source.end()
        _write(asked.out, found)
        found |= _fitted(asked, decoder, calibration, raws, collector)
        _write(asked.out, found)
        if asked.go_live and found["bundle"] is not None:
            _show(Console(emoji=False), found)
            window = live_window(decoder.settings.window, timing, collector.rate_after_steps_hz)
            live = context.invoke(
                stream_command,
                bundle=Path(found["bundle"]),
                name=name,
                out=asked.out / "live",
                window=(window.length_s, window.every_s),
                channels="by-name",
                plain=not asked.draws,
            )
            return Answer({**found, "live": live.data}, live.show)
    return Answer(found, lambda console: _show(console, found), code=0 if found["bundle"] else 1)


@dataclass(frozen=True)
class _Parts:
    """All that a session is made of."""

    asked: Asked
    study: Study
    timing: Timing
    labels: Sequence[str]
    decoder: Decoder
    calibration: Calibration
    source: CuedSource
    outlet: CueOutlet
    view: CalibrationView

    def session(self, raws: Sequence[Path]) -> tuple[dict[str, Any], Collector]:
        """Find the stream, look at it, and give the cues; return what came of it, ready for JSON."""
        asked, view, calibration, settings = self.asked, self.view, self.calibration, self.decoder.settings
        view.phase(f"looking for {asked.stream or 'the simulated participant'}", "", 0.0)
        info = find_stream(self.source, SystemClock(), max(asked.find_s, 30.0) if asked.simulate else asked.find_s)
        units = ", ".join(sorted({unit or "unit not told" for unit in info.units}))
        view.say(f"found {info.summary()}, in {units}")
        channels = chosen_channels(info, asked.channels)
        view.phase("sit still, the signal is looked at", "", self.timing.ready_s)
        samples = looked_at(self.source, info, self.timing.ready_s, view)
        samples = samples[:, [info.channel_names.index(name) for name in channels]]
        faults = signal_faults(samples, channels)
        if len(faults) == len(channels):
            raise StreamError(
                f"the stream {info.name!r} carries no signal: {_told(faults)}; look after the electrodes and the "
                "amplifier"
            )
        view.say(f"the signal: {_told(faults) or 'all channels are alive'}")
        with self.study.naming("decoder: "):
            collector = Collector(info, channels, samples, settings.steps, settings.window)
        n_left, first_block, earlier = asked.n_per_class, 1, []
        if asked.resume:
            recording = _recorded(raws[:-1], channels)
            trials = windows(settings.window, run_steps(settings.steps, recording))
            calibration.learn(trials)
            n_done = min(int((trials.label == label).sum()) for label in self.labels)
            n_left = max(n_left - n_done, LEAST_TRIALS)
            first_block, earlier = len(recording.runs) + 1, earlier_trials(asked.out)
            view.say(f"{len(trials)} trials were learned from before; {n_left} of each word are to come")
        blocks = schedule(self.labels, n_left, seed=asked.seed + len(raws) - 1)
        recorder = BlockRecorder(raws[-1])
        session = CalibrationSession(
            *(calibration, dict(zip(self.decoder.targets.answers, self.labels, strict=True)), collector),
            *(self.source, self.outlet, recorder, view, self.timing, asked.stop, first_block),
        )
        try:
            ended = session.run(blocks)
        finally:
            recorder.end()
        found = {
            "type": "calibration",
            "study": str(asked.study),
            "ended": ended,
            "seed": asked.seed,
            "timing": asdict(self.timing),
            "stream": asdict(info),
            "channels": list(channels),
            "faults": faults,
            "losses": session.losses,
            "n_cues": len(session.trials),
            "n_lost": sum(one.lost is not None for one in session.trials),
            "raw": [str(path) for path in raws if path.exists()],
            **_standing(calibration, asked.good_enough),
            "trials": [*earlier, *(asdict(one) for one in session.trials)],
        }
        return found, collector


def _standing(calibration: Calibration, good_enough: float) -> dict[str, Any]:
    """How well the decoder does, as far as it has decided on anything, ready for JSON."""
    standing: dict[str, Any] = {
        "n_learned": calibration.n_learned,
        "n_decided": len(calibration.right),
        "chance": calibration.chance,
        "good_enough": good_enough,
        "reached": False,
        "accuracy": None,
        "latest": None,
        "forecast": None,
        "told": "No trial was decided on: there were too few to learn from.",
    }
    if len(calibration.right):
        progress, curve = calibration.progress(AHEAD), calibration.curve()
        standing |= {
            "reached": progress.good_enough,
            "accuracy": asdict(share(float(calibration.right.sum()), len(calibration.right))),
            "latest": asdict(progress.accuracy),
            "forecast": None if curve.silent else asdict(curve.at(float(curve.sizes.max()) + AHEAD)),
            "told": progress.message,
        }
    return standing


def _fitted(
    asked: Asked, decoder: Decoder, calibration: Calibration, raws: Sequence[Path], collector: Collector
) -> dict[str, Any]:
    """Fit on everything recorded, save the bundle and the learning curve; say what there is, ready for JSON."""
    if not calibration.decisions:
        return {
            "bundle": None,
            "n_fitted": 0,
            "reason": "there were too few trials to fit a decoder on",
            "figure": None,
        }
    figure = asked.out / "learning-curve.svg"
    figure.write_bytes(learning_curve_figure(calibration, asked.good_enough).file("svg"))
    recording = _recorded([path for path in raws if path.exists()], collector.feature_names)
    decoder.fit(recording)
    bundle = asked.out / "calibrated.hotwire"
    save(decoder, bundle)
    trials = windows(decoder.settings.window, run_steps(decoder.settings.steps, recording))
    return {
        "bundle": str(bundle),
        "n_fitted": len(trials),
        "reason": describe(bundle)["live"]["reason"],
        "figure": str(figure),
    }


def _recorded(paths: Sequence[Path], channels: Sequence[str]) -> Recording:
    """All parts of a session as one recording, without the runs in which no trial lies."""
    parts = [read_xdf(path, channels=channels, on_event_outside="drop") for path in paths]
    parts = [part.select(runs=np.unique(part.events.run).tolist()) for part in parts if len(part.events)]
    if not parts:
        raise RecordingError(f"{', '.join(map(str, paths))}: there is no whole trial")
    if len({(part.rate_hz, part.unit) for part in parts}) > 1:
        raise RecordingError(f"{', '.join(map(str, paths))}: the stream changed its rate or its units in between")
    runs, event_runs, n_runs = [], [], 0
    for part in parts:
        number = {run: n_runs + i for i, run in enumerate(part.runs, 1)}
        runs += [number[run] for run in part.run.tolist()]
        event_runs += [number[run] for run in part.events.run.tolist()]
        n_runs += len(number)
    onset_s, duration_s, label = (
        np.concatenate([getattr(part.events, name) for part in parts]) for name in ("onset_s", "duration_s", "label")
    )
    return replace(
        parts[0],
        data=np.concatenate([part.data for part in parts]),
        run=np.array(runs),
        events=Events(np.array(event_runs), onset_s, duration_s, label),
        source="; ".join(part.source for part in parts),
    )


@contextmanager
def _simulated(stream: str, cues: str, labels: Sequence[str], seed: int) -> Iterator[None]:
    """Let a simulated participant take part, in a process of its own."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "hotwire.realtime.sources.simulated_participant"),
            *("--seed", str(seed), "--", stream, cues, *labels),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _write(folder: Path, found: dict[str, Any]) -> None:
    (folder / "calibration.json").write_text(json_text(found, indent=1) + "\n", encoding="utf-8")


def _told(faults: dict[str, str]) -> str:
    return ", ".join(f"{name} is {why}" for name, why in faults.items())


def _show(console: Console, found: dict[str, Any]) -> None:
    def say(line: str) -> None:
        console.print(printable(line), markup=False)

    say(f"Ended: {found['ended']}. {found['n_cues']} cues, {found['n_lost']} lost, {found['n_learned']} learned from.")
    say(found["told"])
    if found["accuracy"] is not None:
        of = found["accuracy"]
        say(
            f"Of all {found['n_decided']} decisions {of['value']:.2f} were right (95 % interval {of['low']:.2f} to "
            f"{of['high']:.2f}, chance {found['chance']:.2f})."
        )
    if found["bundle"] is None:
        say(f"No decoder was fitted: {found['reason']}.")
    else:
        say(f"The decoder, fitted on {found['n_fitted']} trials, is {found['bundle']}; its curve {found['figure']}.")
    if found["bundle"] is not None and found["reason"] is not None:
        say(f"It cannot run live: {found['reason']}")
    raw = found["raw"][-1] if found["raw"] else None
    if raw is not None:
        say(f'The raw stream is {raw}; a study reads it with [recording] kind = "xdf", path = "{raw}".')
    if found["ended"] != "all cues were given" and not found["reached"]:
        say("To go on where it ended, give the same command with --resume.")
