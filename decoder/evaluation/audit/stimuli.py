"""The audit of stimuli: which are the same under different names, and which pictures look the same."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ....models.cache.ingredients import content_of
from ...finding import NEGLIGIBLE, Finding, share_of
from ...recordings.events import listed
from ...targets import StimulusTargets, Targets
from ...windows import Trials

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 12
"""Side of the thumbnails in pixels: so small that neither encoding nor size matters."""

ALIKE = 0.15
"""Largest distance of thumbnails, in units of the contrast. Pictures re-encoded at JPEG quality 30, or scaled to half
or double their size, differ by at most 0.14; of thousands of different photographs the nearest two differ by 0.25.
"""

FAINTEST = 2.0
"""The least contrast assumed, in grey levels: what encoding leaves of an even surface."""

ROWS_AT_ONCE = 1024


def stimuli_findings(trials: Trials, targets: Targets, fold: NDArray[np.intp]) -> tuple[Finding, Finding]:
    """Is the same stimulus, or one that looks the same, in training and test?"""
    if isinstance(targets, StimulusTargets):
        content, keys = looks(targets.stimuli.values()), targets.key_of(trials)
        return _same_stimulus(content, targets, keys, fold), _similar_pictures(content, targets, keys, fold)
    return _same_exemplar(trials, fold), Finding("similar pictures", "fine", "The targets are no pictures.")


def _same_stimulus(
    stimuli: StimulusContents, targets: StimulusTargets, keys: NDArray[np.intp], fold: NDArray[np.intp]
) -> Finding:
    twice = _in_several_folds(stimuli.content[keys], fold)
    if not twice.any():
        return Finding("stimuli", "fine", "No stimulus is both trained and tested on, by name or by content.")
    renamed = twice & ~_in_several_folds(keys, fold)
    example = ""
    if renamed.any():
        same = np.flatnonzero(stimuli.content == stimuli.content[keys[renamed][0]])
        names = " = ".join(targets.keys[i] for i in same[:3])
        example = f", {np.count_nonzero(renamed)} of them under another name ({names})"
    return Finding(
        "stimuli",
        "leak" if twice.mean() > NEGLIGIBLE else "warning",
        f"{share_of(twice)} show a stimulus that another fold shows, too{example}; there the adapter was fitted on the "
        "very activation that it is tested on.",
    )


def _same_exemplar(trials: Trials, fold: NDArray[np.intp]) -> Finding:
    if trials.stimulus is None:
        return Finding("stimuli", "fine", "The targets are categories, whose labels repeat by design.")
    named = (trials.stimulus != "") & (trials.stimulus != trials.label)
    twice = named & _in_several_folds(trials.stimulus, fold)
    if not twice.any():
        return Finding("stimuli", "fine", "The targets are categories, and no exemplar is both trained and tested on.")
    return Finding(
        "stimuli",
        "warning",
        f"{share_of(twice)} show an exemplar that another fold shows, too, so what is decoded may be the exemplar and "
        "not its category.",
    )


def _similar_pictures(
    stimuli: StimulusContents, targets: StimulusTargets, keys: NDArray[np.intp], fold: NDArray[np.intp]
) -> Finding:
    check = "similar pictures"
    if stimuli.thumbnails is None:
        return Finding(check, "fine", "The targets are no pictures.")
    folds_of: dict[int, set[int]] = {}
    for key, of in zip(keys.tolist(), fold.tolist(), strict=True):
        folds_of.setdefault(key, set()).add(of)
    pairs = [(i, j) for i, j in stimuli.alike() if i in folds_of and j in folds_of]
    across = [f"{targets.keys[i]} and {targets.keys[j]}" for i, j in pairs if len(folds_of[i] | folds_of[j]) > 1]
    if not across:
        return Finding(check, "fine", "No picture looks like another one of a different fold.")
    return Finding(
        check,
        "warning",
        f"{len(across)} pairs of pictures in different folds look the same, as if re-encoded, rescaled or "
        f"retouched: {listed(across, 3)}.",
    )


class StimulusContents(NamedTuple):
    """What stimuli are, apart from their names.

    `content` (n_stimuli,) has the same number for the same content; `thumbnails` (n_stimuli, SIDE * SIDE * 3) are
    float32, or None for what is no picture.
    """

    content: NDArray[np.intp]
    thumbnails: NDArray[np.float32] | None

    def alike(self) -> list[tuple[int, int]]:
        """Pairs of pictures that look the same and are not: re-encoded, rescaled, or slightly retouched."""
        if self.thumbnails is None:
            return []
        T = self.thumbnails
        contrast = np.maximum(T.std(axis=1), FAINTEST)
        size = np.einsum("ij,ij->i", T, T, dtype=np.float64)
        pairs = []
        for first in range(0, len(T), ROWS_AT_ONCE):
            rows = slice(first, first + ROWS_AT_ONCE)
            squared = size[rows, None] + size - 2.0 * (T[rows] @ T.T).astype(np.float64)
            limit = ALIKE * np.maximum(contrast[rows, None], contrast)
            near = (squared <= limit**2 * T.shape[1]) & (self.content[rows, None] != self.content)
            pairs += [(first + i, j) for i, j in np.argwhere(near).tolist() if first + i < j]
        return pairs


def looks(stimuli: Iterable[Any]) -> StimulusContents:
    """Read stimuli: pictures by their pixels (PIL images, uint8 arrays or paths), texts and arrays as they are.

    Examples
    --------
    >>> looks(["a cat", "a dog", "a cat"]).content.tolist()
    [0, 1, 0]
    """
    contents: list[str] = []
    thumbnails: list[NDArray[np.float32]] = []
    for stimulus in tqdm(list(stimuli), desc="comparing stimuli", delay=1, disable=None):
        picture = _as_picture(stimulus)
        contents.append(content_of(stimulus if picture is None else np.asarray(picture)))
        if picture is not None:
            thumbnails.append(_thumbnail(picture))
    number = {content: i for i, content in enumerate(dict.fromkeys(contents))}
    content = np.array([number[content] for content in contents], np.intp)
    are_pictures = bool(contents) and len(thumbnails) == len(contents)
    return StimulusContents(content, np.stack(thumbnails) if are_pictures else None)


def _in_several_folds(what: NDArray, fold: NDArray[np.intp]) -> NDArray[np.bool_]:
    """For each trial, whether another fold has the same, too."""
    codes = np.unique(what, return_inverse=True)[1]
    pairs = np.unique(np.stack([codes, fold]), axis=1)
    return np.bincount(pairs[0], minlength=codes.max(initial=-1) + 1)[codes] > 1


def _as_picture(stimulus: Any) -> Image | None:
    from PIL import Image as images
    from PIL import UnidentifiedImageError

    from ....models.pictures import eight_bits, open_picture

    if isinstance(stimulus, images.Image):
        return eight_bits(stimulus)
    if isinstance(stimulus, np.ndarray) and stimulus.dtype == np.uint8 and stimulus.ndim in (2, 3):
        return images.fromarray(stimulus).convert("RGB") if stimulus.shape[2:] in ((), (3,)) else None
    if isinstance(stimulus, str | os.PathLike) and os.path.isfile(stimulus):
        try:
            return open_picture(stimulus)
        except UnidentifiedImageError:
            return None  # some other file
    return None


def _thumbnail(picture: Image) -> NDArray[np.float32]:
    from PIL.Image import Resampling

    return np.asarray(picture.resize((SIDE, SIDE), Resampling.BILINEAR), np.float32).ravel()
