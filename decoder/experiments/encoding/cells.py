"""The jobs of an encoding: predict all sites from one predictor, in every fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.factored import FactoredAdapter
from ....adapters.other.pls import PLSAdapter
from ....adapters.ridge.ridge import RidgeAdapter
from ....models.cache.ingredients import code_of_class
from ...encoder import ridge_for, size_of
from ...receptive_fields import FIELDS, RECEPTIVE_FIELD, FieldRidge
from ..kernel.cache import Arrays
from ..kernel.jobs import Experiment
from ..kernel.keys import content_key, digest_of
from ..session.holding_out import HoldOut, nearly_alone
from .predictors import LAYERS, NUISANCE, SPECTRUM, Predictor
from .session import EncodingSession

FORMAT = 2
"""The format of cached results: with another number they are computed again."""

SCALES = {NUISANCE: "unit_variance", SPECTRUM: "unit_variance"}
"""The scale of features that have different units; others have none."""


class EncodingCell(NamedTuple):
    """What predicts the responses at a time, in folds that hold out so."""

    time: str
    hold_out: HoldOut
    predictor: Predictor


def jobs_of(session: EncodingSession, lacks: Callable[[str], bool] = lambda _: True) -> list[EncodingCell]:
    """All jobs whose results are missing. Networks with random weights are fitted where it counts, in the first way to
    hold out.
    """
    times, (first, *others) = [time.name for time in session.settings.times], session.settings.hold_out
    trained = [one for one in session.layers if one.kind == LAYERS]
    jobs = [EncodingCell(time, first, one) for one in (*session.layers, *session.controls_in(first)) for time in times]
    jobs += [
        EncodingCell(time, way, one)
        for way in others
        for one in (*trained, *session.controls_in(way))
        for time in times
    ]
    return [job for job in jobs if lacks(entry_of(session, job))]


def entry_of(session: EncodingSession, job: EncodingCell) -> str:
    """The file of a job's result, named by a key of all that it depends on."""
    of, settings = job.predictor, session.settings
    groups, splits = session.holding_out(job.hold_out)
    ingredients: list[Any] = [
        *("encoding", FORMAT, job.hold_out, of, settings.pool, code_of_class(RidgeAdapter, FactoredAdapter)),
        *([code_of_class(FieldRidge, object), FIELDS] if settings.pool == RECEPTIVE_FIELD else []),
        *(
            digest_of(session.responses(job.time)),
            digest_of(groups),
            [digest_of(part) for one in splits for part in one],
        ),
    ]
    if job.hold_out == "stimulus" and not _independent(job.hold_out, groups):
        ingredients += ["strengths over whole groups"]
    if of.network:
        spec = session.networks[of.network]
        ingredients += [session.network_ingredients(of.network), spec.layers, digest_of(session.stimuli), settings.seed]
    else:
        ingredients += [digest_of(session.coordinates(of))]
    if of.kind == LAYERS:
        ingredients += [settings.pls, digest_of(session.orders), job.hold_out == settings.hold_out[0]]
        ingredients += [digest_of(session.coordinates(one)) for one in session.controls if one.kind == NUISANCE]
    return content_key(*ingredients) + ".npz"


def work_out(session: EncodingSession, job: EncodingCell) -> Arrays:
    """Predict held-out responses.

    ``predicted`` (n_stimuli, n_sites) are deviations from the mean of the training, ``errors`` (n_folds, n_sites) the
    held-out error within the training at the strength chosen there. Layers of trained networks also have predictions
    ``with nuisance``, by ``pls`` if it is asked for, and ``shuffled`` (n_shuffles, n_stimuli, n_sites) of each
    stimulus's shuffled responses, with ``shuffled errors`` (n_shuffles, n_folds, n_sites). Nuisance and PLS are for the
    first way to hold out alone. With receptive fields, ``fields`` (n_folds, n_sites) are positions in `FIELDS`.
    """
    X, Y = session.coordinates(job.predictor), session.responses(job.time)
    scale = SCALES.get(job.predictor.kind, "none")
    if job.predictor.kind != LAYERS:
        predicted, errors, _ = _held_out(session, job, X, Y[None], scale)
        return {"predicted": predicted[0], "errors": errors[0]}
    targets = np.stack([Y, *(Y[order] for order in session.orders)])
    predicted, errors, fields = _held_out(session, job, X, targets, scale)
    arrays = {"predicted": predicted[0], "errors": errors[0]}
    arrays |= {"shuffled": predicted[1:], "shuffled errors": errors[1:]}
    if X.ndim == 3:
        arrays["fields"] = fields[0]
    if job.hold_out != session.settings.hold_out[0]:
        return arrays
    for plain in (one for one in session.controls if one.kind == NUISANCE):
        others = _standardised(session.coordinates(plain))
        others = others if X.ndim == 2 else np.repeat(others[:, np.newaxis], X.shape[1], axis=1)
        both = np.concatenate([of / size_of(of) for of in (X, others.astype(X.dtype))], axis=-1)
        arrays["with nuisance"] = _held_out(session, job, both, Y[None], scale)[0][0]
    if session.settings.pls is not None:
        arrays["pls"] = np.empty(Y.shape, np.float32)
        for train, test in session.holding_out(job.hold_out)[1]:
            fitted = PLSAdapter(session.settings.pls).fit(X[train], Y[train])
            arrays["pls"][test] = fitted.predict(X[test]) - Y[train].mean(axis=0)
    return arrays


def _held_out(
    session: EncodingSession, job: EncodingCell, X: NDArray, targets: NDArray, scale: str
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.intp]]:
    """Predictions of targets (n_targets, n_stimuli, n_sites), and for each fold the errors within the training, and the
    receptive fields, if there are any.

    Predictions are deviations from the mean of the fold's training: that mean alone is below average where the held-out
    responses are above it, so that features which say nothing would be correlated negatively.
    """
    groups, splits = session.holding_out(job.hold_out)
    n_targets, n_stimuli, n_sites = targets.shape
    independent = _independent(job.hold_out, groups)
    labels = groups if job.hold_out in ("stimulus", "class", "group") and not independent else None
    ridge = ridge_for(X, scale, grouped=not independent)
    predicted, errors = np.empty(targets.shape, np.float32), np.empty((n_targets, len(splits), n_sites))
    fields = np.zeros(errors.shape, np.intp)
    side_by_side = targets.transpose(1, 0, 2).reshape(n_stimuli, -1)
    for number, (train, test) in enumerate(splits):
        fitted = ridge.fit(X[train], side_by_side[train], groups=None if labels is None else labels[train])
        deviations = fitted.predict(X[test]) - side_by_side[train].mean(axis=0)
        predicted[:, test] = deviations.reshape(len(test), n_targets, n_sites).transpose(1, 0, 2)
        assert fitted.cv_errors_ is not None
        errors[:, number] = fitted.cv_errors_.min(axis=0).reshape(n_targets, n_sites)
        if isinstance(fitted, FieldRidge):
            fields[:, number] = fitted.field_.reshape(n_targets, n_sites)
    return predicted, errors, fields


def _independent(way: HoldOut, groups: NDArray[np.intp]) -> bool:
    """Whether stimuli may choose strengths without folds of whole groups."""
    return way in ("stimulus", "shuffled") and nearly_alone(groups)


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return (values - values.mean(axis=0)) / values.std(axis=0)


def _entries(session: EncodingSession, job: EncodingCell) -> list[str]:
    return [entry_of(session, job)]


def _results(session: EncodingSession, job: EncodingCell) -> list[Arrays]:
    return [work_out(session, job)]


ENCODINGS = Experiment("encoding", jobs_of, _entries, _results)
