"""The outcome of a calibration: the decoder's scores, the bundle fitted on all trials, and their display."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ....decoder.bundle.save import save
from ....decoder.bundle.sealed import describe
from ....decoder.decoder import Decoder
from ....decoder.experiments.calibration import Calibration, share
from ....decoder.readers import read_xdf
from ....decoder.recordings.joining import joined
from ....decoder.recordings.recording import Recording
from ....decoder.steps import run_steps
from ....decoder.windows import windows
from ....errors import RecordingError
from ....errors.printable import printable
from .figure import AHEAD, learning_curve_figure


def standing(calibration: Calibration, good_enough: float) -> dict[str, Any]:
    """The decoder's scores so far, ready for JSON."""
    result: dict[str, Any] = {
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
        result |= {
            "reached": progress.good_enough,
            "accuracy": asdict(share(float(calibration.right.sum()), len(calibration.right))),
            "latest": asdict(progress.accuracy),
            "forecast": None if curve.silent else asdict(curve.at(float(curve.sizes.max()) + AHEAD)),
            "told": progress.message,
        }
    return result


def fit_and_save(
    decoder: Decoder, calibration: Calibration, out: Path, raws: Sequence[Path], channels: Sequence[str], enough: float
) -> dict[str, Any]:
    """Fit on the whole recording, save the bundle and the learning curve; return the result, ready for JSON."""
    if not calibration.decisions:
        return {
            "bundle": None,
            "n_fitted": 0,
            "reason": "there were too few trials to fit a decoder on",
            "figure": None,
        }
    figure = out / "learning-curve.svg"
    figure.write_bytes(learning_curve_figure(calibration, enough).file("svg"))
    recording = read_session([path for path in raws if path.exists()], channels)
    decoder.fit(recording)
    bundle = out / "calibrated.hotwire"
    save(decoder, bundle)
    trials = windows(decoder.settings.window, run_steps(decoder.settings.steps, recording))
    return {
        "bundle": str(bundle),
        "n_fitted": len(trials),
        "reason": describe(bundle)["live"]["reason"],
        "figure": str(figure),
    }


def read_session(paths: Sequence[Path], channels: Sequence[str]) -> Recording:
    """All parts of a session as one recording, without runs that have no trial."""
    parts = [read_xdf(path, channels=channels, on_event_outside="drop") for path in paths]
    parts = [part.select(runs=np.unique(part.events.run).tolist()) for part in parts if len(part.events)]
    if not parts:
        raise RecordingError(f"{', '.join(map(str, paths))}: there is no whole trial")
    return joined(parts)


def show(console: Console, result: dict[str, Any]) -> None:
    def say(line: str) -> None:
        console.print(printable(line), markup=False)

    counts = f"{result['n_cues']} cues, {result['n_lost']} lost, {result['n_learned']} learned from"
    say(f"Ended: {result['ended']}. {counts}.")
    say(result["told"])
    if result["accuracy"] is not None:
        of = result["accuracy"]
        say(
            f"Of all {result['n_decided']} decisions {of['value']:.2f} were right (95 % interval {of['low']:.2f} to "
            f"{of['high']:.2f}, chance {result['chance']:.2f})."
        )
    if result["bundle"] is None:
        say(f"No decoder was fitted: {result['reason']}.")
    else:
        say(f"The decoder, fitted on {result['n_fitted']} trials, is {result['bundle']}; its curve {result['figure']}.")
    if result["bundle"] is not None and result["reason"] is not None:
        say(f"It cannot run live: {result['reason']}")
    raw = result["raw"][-1] if result["raw"] else None
    if raw is not None:
        say(f'The raw stream is {raw}; a study reads it with [recording] kind = "xdf", path = "{raw}".')
    if result["ended"] != "all cues were given" and not result["reached"]:
        say("To go on where it ended, give the same command with --resume.")
