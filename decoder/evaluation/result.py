"""The result of an evaluation: decisions, their measures, and the comparison with other classifiers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..statistics.bits import bits_per_decision, bits_per_minute
from ..statistics.calibration import ScoreCalibration, softmax
from ..statistics.difference import Difference
from ..statistics.measures import Measure
from ..statistics.reliability import Reliability, reliability
from .design import EvaluationDesign


@dataclass(frozen=True)
class Outcome:
    """Decisions on all trials, and their measures.

    Attributes
    ----------
    scores : array (n_trials, n_classes)
        The network's, in the unit of the readout.
    texts : list of str or None
        Free answers.
    said : array (n_trials,) of int or None
        The class that each free answer means, -1 for none.
    measures : dict of str to Measure
        ``"candidate"``: right class chosen; ``"pairwise"``, by scores; ``"auc"``, of two classes: area under the ROC
        curve; ``"free"``: free answer right. Where whole classes were held out, ``"pairwise"`` compares classes that
        were held out together, and ``"against all"`` compares with the trained classes, too. A fold's training reveals
        which classes are missing. So chance is the best constant guess of each fold; for ``"against all"`` and
        ``"candidate"`` that is a missing class, and chance is far above one half.
    utility : array (n_trials, n_classes) or None
        Probability times cost of missing each class, where the decoder decides by a `DecisionRule`.
    """

    scores: NDArray[np.float32]
    texts: list[str] | None
    said: NDArray[np.intp] | None
    measures: dict[str, Measure]
    utility: NDArray[np.float64] | None = None

    @property
    def preferred(self) -> NDArray[np.float64] | NDArray[np.float32]:
        """What the chosen class has most of, (n_trials, n_classes): the utility, else the score."""
        return self.scores if self.utility is None else self.utility

    @property
    def chosen(self) -> NDArray[np.intp]:
        """The class that is chosen in each trial, (n_trials,)."""
        return self.preferred.argmax(axis=1)

    def with_p(self, p_values: Mapping[str, float]) -> Outcome:
        """The same with other p values, by measure."""
        measures = {name: replace(one, p_value=p_values[name]) for name, one in self.measures.items()}
        return replace(self, measures=measures)


@dataclass(frozen=True)
class RivalComparison:
    """The comparison with a classifier of the field in the decoder's folds.

    `differences` are the decoder's measures minus the classifier's, by name; it gives no free answers. `chosen` are the
    settings that it chose for itself in each fold, as text.
    """

    description: str
    outcome: Outcome
    differences: dict[str, Difference]
    chosen: list[dict[str, str]] = dataclass_field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Evaluation(EvaluationDesign):
    """The result of `evaluate`: its design, and what came out.

    Attributes
    ----------
    chosen : list of dict
        For each fold the chosen settings, as text.
    decoder, ceiling : Outcome
    readouts : dict of str to Outcome
        Other readouts of the same predicted activations, by their own scores.
    controls : dict of str to Outcome
    field : dict of str to RivalComparison
        Classifiers of the field in the same folds.
    fingerprint : str
        Of the network.
    probabilities : array (n_trials, n_classes)
        The decoder's, calibrated within each fold's training runs unless `calibrations` has a None.
    calibrations : tuple of ScoreCalibration or None
        Of each fold; None where its probabilities are the network's own.
    """

    probabilities: NDArray[np.float64]
    calibrations: tuple[ScoreCalibration | None, ...]
    chosen: list[dict[str, str]]
    decoder: Outcome
    ceiling: Outcome
    controls: dict[str, Outcome]
    fingerprint: str
    readouts: dict[str, Outcome] = dataclass_field(default_factory=dict)
    field: dict[str, RivalComparison] = dataclass_field(default_factory=dict)

    @property
    def measure_names(self) -> tuple[str, ...]:
        return tuple(self.decoder.measures)

    def reported_differences(self) -> Iterable[tuple[str, str, Difference]]:
        """Classifier, measure and the decoder's difference to it: the main comparison, and all worse measures."""
        for name, one in self.field.items():
            for kind, difference in sorted(one.differences.items(), key=lambda item: item[0] != self.compared_by):
                if kind == self.compared_by or difference.verdict == "worse":
                    yield name, kind, difference

    @cached_property
    def reliability(self) -> dict[str, Reliability]:
        """How far probabilities can be believed: those of the decoder, and the network's own before calibration."""
        of = {"decoder": self.probabilities, "network": softmax(self.decoder.scores)}
        return {name: reliability(probabilities, self.truth) for name, probabilities in of.items()}

    @property
    def bits(self) -> tuple[float, float] | None:
        """The information transfer rate: bits in a decision and in a minute.

        None where the time from one decision to the next is not known, or the classes are too unequal.
        """
        if self.seconds_per_trial is None or self.main in ("auc", "pairwise"):
            return None
        accuracy, n_classes = self.decoder.measures["candidate"].value, len(self.answers)
        each = bits_per_decision(accuracy, n_classes)
        return each, bits_per_minute(accuracy, n_classes, self.seconds_per_trial)

    def rows(self) -> Iterable[tuple[str, Outcome]]:
        """Decoder, other readouts, ceiling, controls and classifiers of the field, for tables."""
        yield "decoder", self.decoder
        yield from self.readouts.items()
        yield "ceiling", self.ceiling
        yield from self.controls.items()
        yield from ((name, one.outcome) for name, one in self.field.items())
