"""Classifiers of the field in the decoder's own folds: the same trials to fit on and to decide on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ....adapters.plan import fits_at_once
from ....errors import InputError
from ...settings import Settings
from ..choices import Choice, chosen_in_words
from ..fold_data import FoldData
from ..folds import FittedFold, gathered
from ..splits import HeldOut
from ..threads import in_parallel
from .base import Rival, TrialShape
from .choosing import RivalSearch, own_choices
from .inputs import FoldInputs
from .plan import plan_rivals


@dataclass(frozen=True)
class RivalDecisions:
    """A classifier's scores (n_trials, n_classes) of all tested trials, each from a fit without its fold.

    `chosen` are the settings that it chose in each fold, as text.
    """

    classifier: Rival
    scores: NDArray[np.float32]
    chosen: list[dict[str, str]]


def decide_in_folds(
    data: FoldData,
    splits: Sequence[HeldOut],
    folds: Sequence[FittedFold],
    rivals: Sequence[Rival],
    settings: Settings,
    choices: Sequence[Choice],
    inner_folds: int,
) -> list[RivalDecisions]:
    """Decide on all trials by each classifier, which chooses for itself in inner folds of the training runs.

    It chooses among the same values as the decoder whatever concerns what it takes, and one of its candidates; the
    `settings` are the decoder's before any choice. The rest, such as whitening, is as the decoder has it in the fold.
    """
    if not rivals:
        return []
    each = zip(splits, folds, strict=True)
    jobs = [partial(_in_fold, data, *one, rivals, settings, choices, inner_folds) for one in each]
    plan = plan_rivals(data, settings, rivals, choices, inner_folds, len(data.trials_to_fit(settings)))
    by_fold = in_parallel(jobs, "classifiers of the field", fits_at_once(plan, len(jobs)))
    decided = []
    for i, one in enumerate(rivals):
        names = [choice.setting for choice in own_choices(one, choices)]
        scores = gathered(folds, [made[i][0] for made in by_fold]).astype(np.float32)
        decided.append(RivalDecisions(one, scores, [chosen_in_words(made[i][1], names) for made in by_fold]))
    return decided


def _in_fold(
    data: FoldData,
    held_out: HeldOut,
    fold: FittedFold,
    rivals: Sequence[Rival],
    settings: Settings,
    choices: Sequence[Choice],
    inner_folds: int,
) -> list[tuple[NDArray[np.float64], Settings]]:
    """Each classifier's scores of the held-out trials, and its settings."""
    inputs = FoldInputs(data, held_out, inner_folds)
    made = []
    for one in rivals:
        search = RivalSearch(one, inputs, inner_folds)
        own = search.choose(settings, fold.settings, choices)
        made.append((search.decide(own), own))
    return made


def check_rival(classifier: Rival, shape: TrialShape, window: object) -> None:
    """Raise where the classifier cannot take such trials, before the slow part.

    InputError: it takes samples, but the windows hold averages; or its settings do not fit the classes.
    MissingExtraError: pyriemann is needed and not installed.
    """
    if classifier.takes == "samples" and shape.n_times == 1:
        raise InputError(
            f"field: {classifier.name!r} takes samples, so it needs a window that holds them, such as Epoch, got "
            f'{window!r}; "lda" and "logistic" take whatever the decoder does'
        )
    classifier.before(shape)
    classifier.candidates(shape)
