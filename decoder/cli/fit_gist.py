"""``hotwire fit`` for a study of gist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import UnknownNameError
from ...errors.printable import printable
from ...models.export.onnx_precision import Precision
from ..bundle.save_gist import save_gist
from ..experiments.gist.study import open_gist
from ..gist.fitting import fit_gist
from ..report.data import plain_data
from ..steps import run_steps
from .result import CommandResult


def fit_gist_study(study: Path, path: Path, left_out: tuple[str, ...], precision: Precision) -> CommandResult:
    """Fit on all runs but those left out, and save the decoder as a bundle."""
    opened = open_gist(study)
    network = opened.network()
    recording, words = opened.read(network)
    passages = opened.passages(words)
    names = {str(run): run for run in recording.runs}
    for name in left_out:
        if name not in names:
            raise UnknownNameError("run to leave out", name, names)
    recording = recording.select(runs=[run for name, run in names.items() if name not in left_out])
    words = {run: words[run] for run in recording.runs}
    steps, window_s = opened.sections.gist.steps, opened.sections.evaluation.window_s
    with opened.naming():
        fitted = fit_gist(network, words, run_steps(steps, recording), opened.settings())
        saved = save_gist(
            fitted, recording, words, steps, path, precision=precision, passages=passages, window_s=window_s
        )
    found = {
        "path": str(path),
        "recording": recording.summary(),
        "left_out": list(left_out),
        "bundle": plain_data({**saved.manifest, "digest": saved.digest}),
    }
    meter = saved.meter
    assert meter is not None
    lines = [
        f"Fitted on {recording.summary()} and saved as {path}; `hotwire inspect {path}` says what is in it.",
        f"Without a brain's words, {meter.n_words} words of text explain {meter.mean:.1f} nats, give or take "
        f"{meter.sd:.1f}; a text that is not well above that is not distinguishable from the language model.",
        *_of_precision(saved.manifest["network"]),
        f"Live it also says which of {len(passages)} passages is heard, by the newest {window_s:g} s.",
    ]
    return CommandResult(found, lambda console: console.print("\n".join(map(printable, lines)), markup=False))


def _of_precision(network: dict[str, Any]) -> list[str]:
    """What fewer bits change, where there are fewer."""
    differ = network.get("words_that_differ")
    if differ is None:
        return []
    n, of = differ["n_differ"], differ["n_words"]
    cure = "; `--precision float32` keeps all bits" if n else ""
    return [
        f"In {network['precision']} {n} of {of} words of a run of the training are others than with all bits{cure}."
    ]
