"""Settings chosen by all runs of a recording, for a decoder that is then fitted on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..decoder import Decoder
from ..recordings.recording import Recording
from .choices import Choice, SettingsSearch, layers_tried, values_tried
from .fold_data import FoldData
from .prepared import prepared_for
from .splits import Folds, HeldOut, by_class
from .threads import in_parallel
from .trial_data import TrialData


def tune(
    decoder: Decoder, recording: Recording, choose: Sequence[Choice], *, inner_folds: int = 4, folds: Folds = "run"
) -> Decoder:
    """Choose settings by cross-validation over all runs of a recording, as `evaluate` does within each fold.

    Parameters
    ----------
    decoder : Decoder
        Not changed.
    recording : Recording
    choose : sequence of Choice
    inner_folds : int
    folds
        As for `evaluate`; where it held out whole classes, inner folds do, too.

    Returns
    -------
    Decoder
        With the chosen settings, not fitted yet. `evaluate` says how well it does.
    """
    settings, targets = decoder.settings, decoder.targets
    cut = TrialData(targets, recording, prepared_for(recording, values_tried(settings, choose)))
    data = FoldData(decoder.network, targets, recording, layers_tried(settings, choose), cut)
    search = SettingsSearch(data, HeldOut((), () if by_class(folds) else None), inner_folds)
    [settings] = in_parallel([partial(search.choose, settings, choose)], "choosing settings")
    return Decoder(decoder.network, targets, settings)
