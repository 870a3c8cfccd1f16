"""Saving a decoder of gist as one file, with the graphs that a rig runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...models.export.onnx_precision import Precision
from ...models.export.sliding_graphs import SlidingGraphs, sliding_graphs
from ..fitted_on import run_digests
from ..gist.fitting import FittedGist, model_without
from ..gist.gist_decoder import GistDecoder
from ..gist.meter_fit import fit_meter
from ..gist.network_words import SlidingWords
from ..gist.passages import Passages, compared_with_nothing
from ..gist.passages_fit import expect_passages, surrogates
from ..gist.window_scores import WINDOW_S
from ..recordings.recording import Recording
from ..recordings.timed_words import TimedWords
from ..steps import Step, run_steps
from .compiled_gist import OF_MODEL, OF_RATE, OF_VOCABULARY, CompiledGist
from .gist_precision import words_that_differ
from .graph import check_causal
from .saved_network import described
from .saved_space import described_space, reference_part
from .sealed import GIST, VOCABULARY, seal
from .versions import versions

OF_PASSAGES = ("names", "lengths", "n_window", "least", "strongest")
METER_PART = 0.2
"""Of the runs, on which the meter is fitted by a fit without them."""


def save_gist(
    fitted: FittedGist,
    recording: Recording,
    words: Mapping[Any, TimedWords],
    steps: Sequence[Step],
    path: str | PathLike[str],
    *,
    precision: Precision = "float32",
    passages: Mapping[Any, TimedWords] | None = None,
    window_s: float = WINDOW_S,
) -> CompiledGist:
    """Save a fitted decoder of gist, and return it as it is run from now on.

    The network is saved as two graphs, so that neither it nor its weights are needed again. With them, a meter is
    fitted, see `hotwire.decoder.gist.meter`.

    Parameters
    ----------
    fitted : FittedGist
    recording : Recording
        What it was fitted on, before any step.
    words : mapping of int or str to TimedWords
        Of its runs.
    steps : sequence of Step
        Applied to it before the fit.
    path : path
        ``.hotwire`` is customary. The file gets its name only when it is complete.
    precision : {"float32", "float16", "int8"}
        Of the network's large matrices. With fewer bits, the words that differ by them are counted on a run of the
        training: ``manifest["network"]["words_that_differ"]``.
    passages : mapping of int or str to TimedWords, optional
        What may be heard live, by its name. Default: the words of the runs that it was fitted on.
    window_s : float
        By how much of the recording a passage is found.

    Raises
    ------
    InputError
        A step needs the whole run, the network cannot be exported, or there are too few words for a meter.
    """
    check_causal(steps)
    network = fitted.words.network
    if not isinstance(network, SlidingWords):
        raise InputError("fitted: expected a decoder that was fitted, got one that was loaded; copy its file")
    graphs = sliding_graphs(network.sliding, network.tokens.tolist(), fitted.settings.beam.width, precision)
    features, texts = fitted.words.of_words, words if passages is None else passages
    expected = expect_passages(network.sliding.network, features, fitted.model, texts, fitted.settings, window_s)
    parts = {
        GIST: _packed(fitted, graphs, expected),
        VOCABULARY: json.dumps(fitted.vocabulary.words).encode(),
        **graphs.graphs,
        **reference_part(recording.space),
    }
    manifest = _manifest(fitted, recording, words, steps)
    manifest["network"] = {**described(network.sliding.network, embedded=True), "precision": precision}
    manifest["passages"] = {name: getattr(expected, name) for name in OF_PASSAGES}
    manifest["graphs"] = asdict(graphs.shapes)
    made = CompiledGist(Path(path), "", manifest, parts)
    after_steps = run_steps(steps, recording)
    tried = recording.runs[-max(1, round(METER_PART * len(recording.runs))) :]
    encoding = fitted.encoding.model
    if len(recording.runs) > 1:  # a fit on the run itself explains it better: then the meter shows less than it could
        encoding = model_without(fitted, network.sliding.network, words, after_steps, tried)
    model = encoding.whitened()
    runs = [(after_steps.data[after_steps.samples_of(run)][:, encoding.voxels], words[run]) for run in tried]
    tested = expect_passages(network.sliding.network, features, model, texts, fitted.settings, window_s)
    compared = compared_with_nothing(tested, surrogates(model, [samples for samples, _ in runs]))
    manifest["passages"] |= {"least": compared.least, "strongest": compared.strongest}
    if precision != "float32":
        whole = GistDecoder(model, fitted.words, fitted.vocabulary, fitted.settings.beam)
        differ = words_that_differ(whole, made.decoder(model), *runs[0])
        manifest["network"]["words_that_differ"] = differ._asdict()
    manifest["meter"] = asdict(fit_meter(lambda: made.decoder(model), runs))
    seal(path, manifest, parts)
    return CompiledGist.load(path)


def _manifest(
    fitted: FittedGist, recording: Recording, words: Mapping[Any, TimedWords], steps: Sequence[Step]
) -> dict[str, Any]:
    n_words = sum(len(words[run]) for run in recording.runs)
    spoken_s = sum(words[run].offset_s[-1] - words[run].onset_s[0] for run in recording.runs)
    return {
        "decodes": "gist",
        "hotwire": version("hotwire"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "layer": fitted.settings.layer,
        "steps": [step.to_dict() for step in steps],
        "feature_names": list(recording.feature_names),
        "unit": recording.unit,
        "rate_hz": recording.rate_hz,
        "timing": asdict(fitted.model.timing),
        "beam": asdict(fitted.settings.beam),
        "words_per_s": float(n_words / spoken_s),
        "word_rate": {name: getattr(fitted.rate, name) for name in ("delays", "intercept", "duration_s")},
        "meter": {},
        "live": {"reason": None},
        "space": described_space(recording.space),
        "fitted_on": run_digests(recording),
    }


def _packed(fitted: FittedGist, graphs: SlidingGraphs, passages: Passages) -> bytes:
    features = fitted.words.of_words
    file = BytesIO()
    np.savez(
        file,
        voxels=fitted.encoding.model.voxels,
        **{name: getattr(fitted.model, name) for name in OF_MODEL},
        **{name: getattr(fitted.vocabulary, name) for name in OF_VOCABULARY},
        **{f"rate_{name}": getattr(fitted.rate, name) for name in OF_RATE},
        passages_expected=passages.expected,
        feature_mean=features.mean,
        feature_components=features.components,
        usual_states=fitted.words.usual_states.astype(np.float32),
        frequencies=graphs.frequencies,
        first_log_p=graphs.first_log_p,
        first_log_mass=np.array(graphs.first_log_mass),
    )
    return file.getvalue()
