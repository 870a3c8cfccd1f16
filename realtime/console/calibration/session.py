"""A calibration session: gives cues, takes trials from the stream, decides on them and learns from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ....decoder.experiments.calibration import Calibration
from ....decoder.windows import EventWindow, Trials
from ....errors import StreamLostError, StreamMismatchError, StreamNotFoundError
from ...clock import SystemClock
from ...decision import LiveDecision, Output, Status
from ...engine.engine import Engine
from ...health import State
from ...outputs.block_recorder import BlockRecorder
from ...settings import LiveSettings
from ...sources.cued_source import CuedSource, CueOutlet
from ...sources.source import Marker
from ..session import Stop, stop_on_signal
from .collector import Collector
from .cues import Timing
from .trial import Trial
from .view import CalibrationView

TURN_S = 0.05
LATE_S = 1.0
"""How late samples may arrive: a wireless amplifier delays some."""
COMES_BACK_S = 60.0
"""How long to wait for a stream that was lost in a break."""
AWAY = (State.SEARCHING, State.STALE, State.LOST)


class _Interrupted(Exception):
    """The user requested to stop."""


class CalibrationSession:
    """Runs blocks of cues until they are over, or the decoder is good enough.

    Each block is a run: the engine starts again, and the recording has a gap before it. ``labels`` are those of the
    calibration's classes. ``source`` is connected. Blocks count from ``first_block``, because there may be earlier
    ones. ``losses`` are those of the stream, over all blocks.
    """

    def __init__(
        self,
        calibration: Calibration,
        labels: Mapping[str, str],
        collector: Collector,
        source: CuedSource,
        outlet: CueOutlet,
        recorder: BlockRecorder,
        view: CalibrationView,
        timing: Timing,
        stop: Literal["when-good", "all"],
        first_block: int = 1,
    ) -> None:
        self.trials: list[Trial] = []
        self.losses: dict[str, int] = {}
        self._calibration, self._labels, self._collector, self._view = calibration, labels, collector, view
        self._source, self._outlet, self._recorder = source, outlet, recorder
        self._timing, self._policy, self._first_block = timing, stop, first_block
        window = collector.window
        assert isinstance(window, EventWindow)
        self._window_s = timing.cue_s if window.stop_s is None else window.stop_s
        self._clock = SystemClock()
        self._decisions: dict[int, list[LiveDecision]] = {}
        self._rows: dict[int, list[NDArray[np.float32]]] = {}

    def run(self, blocks: Sequence[Sequence[str]]) -> str:
        """Give all cues; return why the session ended."""
        n_cues = sum(map(len, blocks))
        try:
            with stop_on_signal() as stop:
                for number, block in enumerate(blocks, self._first_block):
                    if number > self._first_block:
                        self._rest_between_blocks(number, stop)
                    if self._run_block(number, block, n_cues, stop):
                        return "good enough"
        except _Interrupted:
            return "interrupted"
        except (StreamNotFoundError, StreamLostError, StreamMismatchError) as error:
            self._view.say(str(error))
            return "the stream is gone"
        return "all cues were given"

    def _run_block(self, number: int, block: Sequence[str], n_cues: int, stop: Stop) -> bool:
        """Give the cues of a block; return whether the decoder is good enough."""
        settings = LiveSettings(channels="by name", backlog="every", min_present=1.0, timeout_s=COMES_BACK_S)
        listener = _Listener(self._view)
        collector: Any = self._collector
        self._decisions, self._rows = {}, {}
        with Engine(collector, self._source, settings, outputs=[listener], recorder=self._recorder) as engine:
            try:
                self._view.phase("get ready", "", self._timing.ready_s)
                self._turn_until(engine, self._clock.now() + self._timing.ready_s, stop)
                for event, label in enumerate(block):
                    self._wait_for_samples(engine, stop)
                    self._view.phase(f"cue {len(self.trials) + 1} of {n_cues}", label, self._timing.cue_s)
                    trial = self._trial(engine, event, number, label, stop)
                    self.trials.append(trial)
                    self._view.trial(trial)
                    if trial.said is not None:
                        progress = self._calibration.progress()
                        self._view.progress(progress)
                        if progress.good_enough and self._policy == "when-good":
                            return True
                    until_s = trial.onset_stamp_s + self._timing.cue_s + self._timing.rest_s
                    self._turn_until(engine, until_s, stop)
            finally:
                for name, n in engine.losses.items():
                    self.losses[name] = self.losses.get(name, 0) + n
        return False

    def _trial(self, engine: Engine, event: int, block: int, label: str, stop: Stop) -> Trial:
        """Give a cue, take its trial from the stream, decide on it and learn from it."""
        timing = self._timing
        marker = self._outlet.send(label, timing.cue_s)
        self._source.cue(marker)
        over_s = marker.stamp_s + timing.cue_s
        self._turn_until(engine, over_s, stop)
        self._view.phase("rest", "", timing.rest_s)
        # The newest sample of the window, and the later samples that the steps need.
        last_s = marker.stamp_s + self._window_s + self._collector.delay_s + 1 / self._collector.rate_hz
        give_up_s = over_s + max(timing.rest_s, LATE_S)
        while self._source.newest_stamp_s < last_s and self._clock.now() < give_up_s:
            self._turn(engine, TURN_S, stop)
        trial = Trial(len(self.trials) + 1, block, label, marker.stamp_s)
        if self._source.newest_stamp_s < last_s:
            return replace(trial, lost=f"its last samples had not come after {give_up_s - over_s:g} s")
        decisions = self._decisions.get(event, [])
        refusal = next((one.abstained for one in decisions if one.abstained is not None), None)
        if refusal is not None or not decisions:
            return replace(trial, lost=refusal or "its window could not be cut")
        return self._learned(trial, event, decisions, marker)

    def _learned(self, trial: Trial, event: int, decisions: Sequence[LiveDecision], marker: Marker) -> Trial:
        calibration, n_decided = self._calibration, len(self._calibration.decisions)
        n = len(decisions)
        learned = Trials(
            X=np.array(self._rows[event], np.float32),
            label=np.array([trial.label] * n),
            run=np.full(n, trial.block),
            event=np.full(n, event),
            start_s=np.array([one.start_s for one in decisions]),
            stop_s=np.array([one.stop_s for one in decisions]),
            stimulus=None,
            left_out=np.empty(0, np.int64),
            n_times=self._collector.n_times,
            times_hz=self._collector.times_hz,
        )
        right = calibration.learn(learned)
        self._recorder.write_marker(marker)
        decided = calibration.decisions[n_decided:]
        if not decided:
            return trial
        said, by_answer = self._labels[decided[-1].answer], decided[-1].probabilities
        probabilities = {self._labels[answer]: share for answer, share in by_answer.items()}
        return replace(trial, said=said, probabilities=probabilities, right=float(right[-1]))

    def _rest_between_blocks(self, number: int, stop: Stop) -> None:
        self._view.phase(f"break before block {number}", "", self._timing.ready_s)
        until_s = self._clock.now() + self._timing.ready_s
        while (left_s := until_s - self._clock.now()) > 0:
            self._view.draw()
            if stop.requested:
                raise _Interrupted
            try:
                self._source.pull(min(TURN_S, left_s))
            except StreamLostError as error:
                self._view.say(str(error))
                self._clock.sleep(left_s)

    def _wait_for_samples(self, engine: Engine, stop: Stop) -> None:
        """Wait, without cues, until samples arrive."""
        while engine.state in AWAY:
            self._view.phase("the stream is away; waiting for it", "", 0.0)
            self._turn(engine, TURN_S, stop)

    def _turn_until(self, engine: Engine, until_s: float, stop: Stop) -> None:
        while (left_s := until_s - self._clock.now()) > 0:
            self._turn(engine, min(TURN_S, left_s), stop)

    def _turn(self, engine: Engine, timeout_s: float, stop: Stop) -> None:
        """Run the engine once, and sort the new windows by their cues."""
        for one in engine.turn(timeout_s):
            self._decisions.setdefault(one.event, []).append(one)
            if one.abstained is None:
                self._rows.setdefault(one.event, []).append(self._collector.rows.pop(0))
        self._view.draw()
        if stop.requested:
            raise _Interrupted


class _Listener(Output):
    """Passes the stream's states to the view."""

    def __init__(self, view: CalibrationView) -> None:
        self._view = view

    def status(self, status: Status) -> None:
        self._view.status(status)
