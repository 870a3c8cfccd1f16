"""How many decisions the graph that runs live changes, on trials that were held out."""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from ...models.export.onnx_precision import Precision
from ..bundle.agreement import Agreement, agreement, together
from ..bundle.graph import check_causal
from ..decoder import Decoder
from ..inner_folds import LEAST_RUNS, N_FOLDS
from ..recordings.recording import Recording
from .engine import Graphs
from .fold_data import FoldData
from .folds import fit_fold
from .splits import HeldOut, split_runs

MOST_TRIALS = 96


def agreement_held_out(decoder: Decoder, recording: Recording, precision: Precision = "int8") -> Agreement | None:
    """Compare the decisions of the network and of the graph on at most `MOST_TRIALS` trials of a recording.

    The decoder's settings are fitted anew on all runs except some, in at most `N_FOLDS` folds, and decide on trials of
    those. On trials of the fit, decisions are surer, and fewer would differ. The trials are drawn at random.

    Parameters
    ----------
    decoder : Decoder
        Fitted; it is not changed.
    recording : Recording
    precision : {"float32", "float16", "int8"}
        As for `hotwire.decoder.save`.

    Returns
    -------
    Agreement or None
        None where the decoder cannot run live, which `hotwire.decoder.save` gives the reason for, or the recording has
        fewer than three runs or no trials.
    """
    decoder.require_fitted()
    settings = decoder.settings
    try:
        check_causal(settings.steps)
    except InputError:
        return None
    data = FoldData(decoder.network, decoder.targets, recording, (settings.layer,))
    trials = data.trials(settings)
    if len(recording.runs) < LEAST_RUNS or not len(trials):
        return None
    drawn = np.random.default_rng(0).permutation(len(trials))[:MOST_TRIALS]
    graphs, parts = Graphs(precision), []
    for runs in split_runs(recording.runs, min(N_FOLDS, len(recording.runs))):
        test = drawn[np.isin(trials.run[drawn], runs)]
        if not len(test):
            continue
        one = Decoder(decoder.network, decoder.targets, settings)
        # Calibrating anew would take many more passes; the decoder's own moves both kinds of decisions alike.
        linear = fit_fold(data, settings.uncalibrated(), (), HeldOut(tuple(runs)), N_FOLDS).linear
        one.adopt(linear, data.table(settings.layer), recording, decoder.calibration_)
        try:
            compiled = graphs.of(one)
        except InputError:
            return None
        parts.append(agreement(one, compiled, trials.take(np.sort(test))))
    return together(parts)
