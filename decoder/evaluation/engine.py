"""Which engine decides on held-out trials: the opened network, or the graph that a rig runs."""

from __future__ import annotations

from threading import Lock
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from ...errors import InputError
from ...models.export.onnx_precision import Precision
from ..bundle.compiled import CompiledDecoder
from ..bundle.save import compiled
from ..decoder import Decoder
from ..readouts.graph import ReadoutGraph
from ..statistics.calibration import log_scores
from .fold_data import FoldData
from .folds import FittedFold

Engine = Literal["network", "bundle"]


class Graphs:
    """The graphs that a rig runs, of decoders that are not saved.

    Exporting a language model is slow: it is done once for all fits in a layer.
    """

    def __init__(self, precision: Precision) -> None:
        self._precision: Precision = precision
        self._exported: dict[object, ReadoutGraph] = {}
        self._exporting = Lock()  # torch exports one network at a time

    def of(self, decoder: Decoder) -> CompiledDecoder:
        """The graph of a fitted decoder; raise `InputError` where it cannot run live."""
        return compiled(decoder, self._precision, self._readout(decoder))

    def _readout(self, decoder: Decoder) -> ReadoutGraph:
        readout, entry = decoder.settings.readout, decoder.entry_
        key = (decoder.settings.layer, decoder.settings.prompt, readout)
        with self._exporting:
            if key not in self._exported:
                self._exported[key] = readout.export(entry, self._precision)
            exported, model = self._exported[key], ModelProto()
            model.CopyFrom(exported.model)
            again = readout.export_again(exported._replace(model=model), entry)
            return readout.export(entry, self._precision) if again is None else again


class BundleEngine:
    """Decides on each fold's held-out trials by the bundle that would be saved of the fold's decoder."""

    def __init__(self, n_trials: int, n_classes: int) -> None:
        self._scores = np.full((n_trials, n_classes), np.nan)
        self._texts: dict[int, str] = {}
        self._graphs = Graphs("int8")

    def decide(self, data: FoldData, fold: FittedFold) -> None:
        """Decide on the trials that a fold holds out; the fold must have its whitener, not whitened trials.

        Probabilities are the graph's: the evaluation calibrates them as a rig does.
        """
        settings = fold.settings
        decoder = Decoder(data.network, data.targets, settings)
        decoder.adopt(fold.linear, data.table(settings.layer), data.recording)
        try:
            live = self._graphs.of(decoder)
        except InputError as error:
            raise InputError(f'engine: the decoder cannot run live: {error}; take engine = "network"') from error
        trials = data.trials(settings)
        for i in fold.test.tolist():
            one = live.decide(trials.X[i])
            self._scores[i] = log_scores(one.probabilities)
            if one.text is not None:
                self._texts[i] = one.text

    def decisions(self, tested: NDArray[np.intp]) -> tuple[NDArray[np.float64], list[str] | None]:
        """Scores (n_tested, n_classes) of these trials, and free answers if there are any."""
        return self._scores[tested], [self._texts[i] for i in sorted(self._texts)] or None
