"""Plain features of stimuli: a competing explanation for what a decoder reads out of the brain."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.sounds.cochleagram import FRAMES_PER_S, cochleagram
from ...models.sounds.samples import samples_of
from ..readers.pictures import PICTURES
from ..targets import StimulusTargets, Targets, WordTargets

FINE = 0.25
"""Cycles per pixel above which detail is fine: half of what pixels can show."""

SIDE = 32
"""Side of small pictures, in pixels."""

OF_PICTURES = ("luminance", "contrast", "red to green", "blue to yellow", "fine detail")
OF_WORDS = ("letters", "words")
OF_SOUNDS = ("loudness", "duration")


def nuisance(targets: Targets) -> tuple[tuple[str, ...], NDArray[np.float64]] | None:
    """Measure plain features of each stimulus: light, contrast and colour of pictures, the length of words or sounds.

    Returns names and values (n_keys, n_nuisances) of what differs between the keys. Returns None where nothing does, or
    the stimuli are not words, texts, pictures (PIL images, arrays (height, width) or (height, width, 3), files) or
    sounds for a network that hears.

    ``luminance``: mean of the grey picture, 0 to 1; ``contrast``: its standard deviation; ``red to green`` and ``blue
    to yellow``: mean of the opponent colours R - G and B - (R + G) / 2; ``fine detail``: root mean square of the
    picture above 0.25 cycles per pixel. ``letters`` and ``words``: their number, averaged over the words of a key.
    ``loudness``: mean of the cochleagram, whose compression is about that of Stevens' law; ``duration``: in seconds.

    Examples
    --------
    >>> names, values = nuisance(WordTargets({"house": "house", "cat": ("cat", "kitten")}))
    >>> names, values.tolist()
    (('letters',), [[5.0], [4.5]])
    """
    if isinstance(targets, WordTargets):
        names, values = OF_WORDS, [np.mean([_of_words(word) for word in of], axis=0) for of in targets.words.values()]
    elif isinstance(targets, StimulusTargets):
        stimuli = list(targets.stimuli.values())
        if targets.are_sounds:
            heard = cochleagrams_of(targets)
            names, values = OF_SOUNDS, [(one.mean(), one.shape[1] / FRAMES_PER_S) for one in heard]
        elif _are_texts(stimuli):
            names, values = OF_WORDS, [_of_words(text) for text in stimuli]
        else:
            found = picture_nuisance(stimuli)
            if found is None:
                return None
            names, values = OF_PICTURES, list(found)
    else:
        return None
    table = np.array(values, np.float64)
    differs = np.ptp(table, axis=0) > 1e-9
    if not differs.any():
        return None
    return tuple(name for name, one in zip(names, differs, strict=True) if one), table[:, differs]


@lru_cache(maxsize=2)  # several controls need them
def cochleagrams_of(targets: StimulusTargets) -> tuple[NDArray[np.float32], ...]:
    """The cochleagram (n_bands, n_frames) of each of the targets' sounds."""
    return tuple(cochleagram(samples_of(sound)) for sound in targets.stimuli.values())


def picture_nuisance(stimuli: Sequence[Any]) -> NDArray[np.float64] | None:
    """The plain features `OF_PICTURES` of each picture, (n_stimuli, 5); None where they are no pictures."""
    pictures = _pictures(stimuli)
    return None if pictures is None else np.array([_of_picture(picture) for picture in pictures])


def small_pictures(stimuli: Sequence[Any]) -> NDArray[np.float64] | None:
    """The pixels of each picture, scaled to SIDE x SIDE, (n_stimuli, n_pixels); None where they are no pictures."""
    from PIL import Image as images

    pictures = _pictures(stimuli)
    if pictures is None:
        return None
    whole = [images.fromarray((255 * np.clip(one, 0, 1)).round().astype(np.uint8)) for one in pictures]
    small = [one.resize((SIDE, SIDE), images.Resampling.BILINEAR) for one in whole]
    return np.stack([np.asarray(one, np.float64).ravel() / 255 for one in small])


def _pictures(stimuli: Sequence[Any]) -> list[NDArray[np.float64]] | None:
    """The pixels of each picture, (height, width, 3) from 0 to 1; None where one is no picture."""
    found = [] if _are_texts(stimuli) else [_pixels(stimulus) for stimulus in stimuli]
    pictures = [picture for picture in found if picture is not None]
    return pictures if pictures and len(pictures) == len(stimuli) else None


def _are_texts(stimuli: Sequence[Any]) -> bool:
    return all(isinstance(stimulus, str) and not stimulus.lower().endswith(PICTURES) for stimulus in stimuli)


def _of_words(text: str) -> tuple[float, float]:
    return float(sum(map(str.isalnum, text))), float(len(text.split()))


def _of_picture(picture: NDArray[np.float64]) -> tuple[float, ...]:
    """The nuisances of a picture (height, width, 3) with values from 0 to 1."""
    red, green, blue = np.moveaxis(picture, 2, 0)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue  # the weights of ITU-R BT.601
    power = np.abs(np.fft.fft2(grey) / grey.size) ** 2
    frequency = np.hypot(np.fft.fftfreq(grey.shape[0])[:, None], np.fft.fftfreq(grey.shape[1]))
    return (
        float(grey.mean()),
        float(grey.std()),
        float((red - green).mean()),
        float((blue - (red + green) / 2).mean()),
        float(np.sqrt(power[frequency > FINE].sum())),
    )


def _pixels(stimulus: Any) -> NDArray[np.float64] | None:
    """A picture's pixels (height, width, 3) from 0 to 1; None where the stimulus is no picture."""
    from PIL import Image as images

    from ...models.pictures import eight_bits, open_picture

    if isinstance(stimulus, str | os.PathLike):
        stimulus = open_picture(stimulus)
    if isinstance(stimulus, images.Image):
        stimulus = np.asarray(eight_bits(stimulus))
    if not isinstance(stimulus, np.ndarray) or stimulus.ndim not in (2, 3) or stimulus.shape[2:] not in ((), (3,)):
        return None
    pixels = stimulus.astype(np.float64) / (255.0 if stimulus.dtype == np.uint8 else 1.0)
    return np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 else pixels
