"""Start a decoder of one session on another: the alignment between them becomes part of its adapter.

An adapter is a linear map in factors and an alignment an affine one, so one after the other they are again a linear map
with the same expansion. The result is an ordinary decoder: it is saved, runs live and decides as any other.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...adapters.alignment.aligner import Aligner
from ...adapters.alignment.covariance import MATCHES, CovarianceAligner
from ...adapters.alignment.procrustes import ProcrustesAligner
from ...adapters.kinds import adapter_from_arrays
from ...adapters.whiten import Whitener
from ...errors import InputError, RecordingError, UnknownNameError
from ..decoder import Decoder
from ..fitted_on import run_digests, runs_of_fit
from ..linear import Linear
from ..recordings.events import listed
from ..recordings.matching import check_agrees
from ..recordings.recording import Recording, few
from ..steps import run_steps
from ..windows import Trials, windows

HOW = (*MATCHES, "procrustes")
SHARED = ("stimulus", "label")
PLAIN = ("banded", "pls", "reduced_rank", "ridge")
"""Kinds of adapter that, once fitted, are just a linear map of each sample's features."""


def start_on(
    decoder: Decoder, recording: Recording, reference: Recording, *, how: str = "variance", shared: str = "stimulus"
) -> Decoder:
    """Start a decoder of one session on another, without fitting it again.

    Parameters
    ----------
    decoder : Decoder
        Fitted; it stays as it is.
    recording : Recording
        The available part of the session to start on, used for alignment. It must not contain test data of the new
        decoder, unless `how` needs no labels and the report of the test says so.
    reference : Recording
        From the session that the decoder was fitted on, or another one with the same features.
    how : {"mean", "variance", "covariance", "procrustes"}
        The first three match statistics of all samples, see `CovarianceAligner`: they need no labels, but the same
        features in the same order. ``"procrustes"`` rotates by trials that both sessions have, see `ProcrustesAligner`;
        features may differ, also in number, such as another person's. Where the decoder whitens, whitened features are
        rotated, each session's by its own covariance: otherwise noise that features share would dominate the rotation.
    shared : {"stimulus", "label"}
        For ``"procrustes"``: which trials are the same in both sessions. For each stimulus, or label, the mean over its
        trials is used. n of them determine n - 1 dimensions; the new decoder ignores all others.

    Returns
    -------
    Decoder
        For the features of `recording`. Its activations are those of the old one for the aligned features. Unless
        rotated, whitening, if any, has become part of its adapter, and its settings say ``whiten="none"``.

    Raises
    ------
    UnknownNameError
        There is no such `how` or `shared`.
    RecordingError
        `reference` does not have the decoder's features, unit or rate; `recording` has another rate or, unless rotated,
        other features; there are fewer than two shared stimuli or labels.
    InputError
        The adapter's kind is not among `PLAIN`, or the decoder takes samples, or features of them; recording and
        reference seem to be exchanged.
    """
    for name, given, known in (("how", how, HOW), ("shared", shared, SHARED)):
        if given not in known:
            raise UnknownNameError(name, given, known)
    decoder.require_fitted()
    decoder.settings.require_averages("decoder")
    if how == "procrustes" and decoder.settings.whiten == "residuals":
        raise InputError(
            'decoder: whiten = "residuals" whitens by the trials that it was fitted on, and the new session has none; '
            'take how = "covariance", or a decoder with whiten = "samples"'
        )
    check_agrees(reference, decoder.feature_names_, decoder.unit_, decoder.rate_hz_)
    _check_not_exchanged(decoder, recording, reference)
    steps = decoder.settings.steps
    if how == "procrustes":
        if round(recording.rate_hz, 6) != round(decoder.rate_hz_, 6):
            raise RecordingError(
                f"recording: rate_hz is {recording.rate_hz}, but the decoder was fitted on {decoder.rate_hz_}"
            )
        linear = _rotated(decoder, run_steps(steps, recording), run_steps(steps, reference), shared)
    else:
        # An alignment may correct another unit, but not another feature.
        check_agrees(recording, decoder.feature_names_, recording.unit, decoder.rate_hz_)
        aligner = CovarianceAligner(how).fit(run_steps(steps, recording).data, run_steps(steps, reference).data)
        linear = folded(decoder.linear_, aligner)
    started = copy.copy(decoder)
    started.settings = replace(decoder.settings, whiten="none" if linear.whitener is None else decoder.settings.whiten)
    started.linear_ = linear
    started.feature_names_ = recording.feature_names
    started.unit_ = recording.unit
    started.space_ = recording.space
    started.feature_low_ = recording.data.min(axis=0)
    started.feature_high_ = recording.data.max(axis=0)
    if decoder.fitted_on_ is not None:
        aligned = {f"{run} (aligned)": digest for run, digest in run_digests(recording).items()}
        started.fitted_on_ = {**decoder.fitted_on_, **aligned}
    return started


def _check_not_exchanged(decoder: Decoder, recording: Recording, reference: Recording) -> None:
    """Raise where the decoder was fitted on runs of the recording, and on none of the reference."""
    ours, theirs = (runs_of_fit(of, decoder.fitted_on_) for of in (recording, reference))
    if ours and not theirs:
        raise InputError(
            f"recording, reference: the decoder was fitted on the recording that it is to start on (its runs "
            f"{listed(ours, 6)}), and on none of the reference; exchange the two"
        )


def folded(linear: Linear, aligner: Aligner) -> Linear:
    """Alignment, whitening and adapter as one adapter, for the features that the aligner takes and without whitening.

    It predicts what `linear` predicts for the aligned features. Where the alignment does not reach all directions of
    these, its predictions are those of `linear` with the deviation from its mean features set to zero in the directions
    out of reach. It is an InputError if the adapter's kind is not among `PLAIN`.
    """
    adapter, whitener = linear.adapter, linear.whitener
    if adapter.kind not in PLAIN:
        raise InputError(
            f"decoder: its adapter is of kind {adapter.kind!r}, which is more than a linear map of each sample; only "
            f"these can be started on another session: {', '.join(PLAIN)}"
        )
    weights, origin = adapter.projection_ / adapter.x_scale_[:, np.newaxis], adapter.x_mean_
    if whitener is not None:
        weights = whitener.pulled_back(weights)
        origin = whitener.inverse_transform(origin[np.newaxis])[0]
    arrays = adapter.to_arrays() | {
        "projection": aligner.pulled_back(weights),
        "x_mean": aligner.inverse_transform(origin[np.newaxis])[0],
        "x_scale": np.ones_like(aligner.source_mean_),
    }
    return Linear(adapter_from_arrays(arrays))


def matched(trials: Trials, reference: Trials, shared: str) -> tuple[NDArray, NDArray, list[str]]:
    """The mean trial of each stimulus, or label, that both sessions have, (n_shared, n_features) each, and their names.

    It is a RecordingError if they share fewer than two.
    """
    names_of = []
    for what, of in (("recording", trials), ("reference", reference)):
        names = getattr(of, shared)
        if names is None:
            raise RecordingError(
                f"{what}: its events do not say which stimulus was shown; match by labels: "
                '--shared label on the command line, shared = "label" in Python'
            )
        names_of.append(names)
    names = sorted({*names_of[0].tolist()} & {*names_of[1].tolist()} - {""})
    if len(names) < 2:
        lists = [sorted({*of.tolist()} - {""}) for of in names_of]
        raise RecordingError(
            f"recording, reference: expected trials of two {shared} names or more that both have, got {len(names)}; "
            f"recording has {', '.join(few('', lists[0])) or 'none'}, reference has "
            f"{', '.join(few('', lists[1])) or 'none'}"
        )
    ours, theirs = (
        np.stack([of.X[names_of_it == name].mean(axis=0, dtype=np.float64) for name in names])
        for of, names_of_it in zip((trials, reference), names_of, strict=True)
    )
    return ours, theirs, names


def _rotated(decoder: Decoder, recording: Recording, reference: Recording, shared: str) -> Linear:
    """Takes both recordings preprocessed."""
    linear, window = decoder.linear_, decoder.settings.window
    ours, theirs, _ = matched(windows(window, recording), windows(window, reference), shared)
    whitener = None
    if linear.whitener is not None:
        whitener = Whitener(decoder.settings.whiten).fit(recording.data, groups=recording.run)
        ours, theirs = whitener.transform(ours), linear.whitener.transform(theirs)
    aligner = ProcrustesAligner("variance").fit(ours, theirs)
    return Linear(folded(Linear(linear.adapter), aligner).adapter, whitener)
