"""Targets for recordings of people who hear words: the activations of a speech network for these sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..models.networks.network import Network
from .targets import WordTargets, mean_of_each


@dataclass(frozen=True)
class SoundTargets(WordTargets):
    """Spoken words: for each label of the recording its sounds, and the spoken words.

    The target is the mean activation over a label's sounds. Activations of a word in other voices, or faster, differ
    much: averaged over ten different sounds of each word, only the last layer of Whisper still names it. So give the
    exact sound that was heard, if it was always the same.

    Activations are cached on disk, see `hotwire.models.cache.recorded.record`.

    Parameters
    ----------
    words : mapping of str to str or sequence of str
        For each label of the recording the words that mean it. The first is the class; each counts as right in a free
        answer, so give a numeral, too ("five" is written down as "5").
    sounds : mapping of str to a sound or sequence of sounds
        What was heard for each of these labels: the path of a file, or a float array (n_samples,) at 16 kHz.

    Raises
    ------
    InputError
        A word is empty or stands for two labels, or a label has a word and no sound, or a sound and no word.

    Examples
    --------
    >>> SoundTargets({"L": "left", "R": "right"}, {"L": "left.wav", "R": ["right-1.wav", "right-2.wav"]}).answers
    ('left', 'right')
    """

    # A heard word has no text around it.
    template: str = field(default="{}", init=False)
    # Arrays cannot be compared like settings.
    sounds: Mapping[str, Any | Sequence[Any]] = field(compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        sounds = {str(label): tuple(of) if isinstance(of, list | tuple) else (of,) for label, of in self.sounds.items()}
        if sounds.keys() != set(self.keys):
            odd = ", ".join(map(repr, sorted(sounds.keys() ^ set(self.keys))))
            raise InputError(f"sounds: expected one or more for each label that has a word; not in both: {odd}")
        for label, of in sounds.items():
            if not of:
                raise InputError(f"sounds: expected one or more for label {label!r}, got none")
        object.__setattr__(self, "sounds", {label: sounds[label] for label in self.keys})

    @property
    def stimuli(self) -> list[Any]:
        """All sounds, label by label."""
        return [sound for of in self.sounds.values() for sound in of]

    def activations(self, network: Network, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        from ..models.cache.recorded import record  # a rig that runs bundles needs none of it

        return mean_of_each(record(network, self.stimuli, layers).tables, self.sounds)
