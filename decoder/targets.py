"""Targets: which activation of the layer belongs to each stimulus, and which class is right for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, UnknownNameError
from ..models.networks.network import Network
from .windows.window import Trials

if TYPE_CHECKING:
    from ..models.cache.recorded import Recorded

TEMPLATE = "A picture of a {}"


class Targets(ABC):
    """The activations that trials are fitted to, and their right classes.

    Every trial has a key: what was presented, as far as the targets distinguish it. Every key has an activation in
    every layer, and a right class.

    Attributes
    ----------
    keys : tuple of str
    answers : tuple of str
        The classes, each once.
    """

    keys: tuple[str, ...]
    answers: tuple[str, ...]

    @abstractmethod
    def key_of(self, trials: Trials) -> NDArray[np.intp]:
        """Index of each trial's key, (n_trials,)."""

    @abstractmethod
    def truth(self) -> NDArray[np.intp]:
        """Index of the right class of each key, (n_keys,)."""

    @abstractmethod
    def activations(self, network: Network, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Activation of each key in each layer, (n_keys, n_units), computed in one pass."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The settings, ready for JSON."""


@dataclass(frozen=True)
class WordTargets(Targets):
    """Categories and the words for them, for language models and sentence encoders.

    Parameters
    ----------
    words : mapping of str to str or sequence of str
        For each label of the recording the words that mean it. The first is the class; the target is the mean state
        over all of them; each counts as right in a free answer.
    template : str
        The text in which the network reads a word, with one ``{}`` at its end.

    Raises
    ------
    InputError
        A word is empty or stands for two labels, or the template has no place for it.

    Examples
    --------
    >>> WordTargets({"scrambledpix": ("noise", "static"), "cat": "cat"}).answers
    ('noise', 'cat')
    """

    words: Mapping[str, str | Sequence[str]]
    template: str = TEMPLATE

    def __post_init__(self) -> None:
        if not self.words:
            raise InputError("words: expected a word for each label of the recording, got none")
        if self.template.count("{}") != 1:
            raise InputError(f"template: expected one {{}} for the word, got {self.template!r}")
        words = {
            str(label): (str(of),) if isinstance(of, str) else tuple(map(str, of)) for label, of in self.words.items()
        }
        meaning: dict[str, str] = {}
        for label, of in words.items():
            if not of or not all(word.strip() for word in of):
                raise InputError(f"words: label {label!r} has an empty word; expected one or more, got {of!r}")
            for word in of:
                if plain(word) in meaning:
                    raise InputError(
                        f"words: {word!r} is there twice, for {meaning[plain(word)]!r} and {label!r}; give each "
                        "candidate once"
                    )
                meaning[plain(word)] = label
        object.__setattr__(self, "words", words)

    @property
    def keys(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(self.words)

    @property
    def answers(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(of[0] for of in self.words.values())

    def key_of(self, trials: Trials) -> NDArray[np.intp]:
        self.check_labels(trials.label.tolist())
        index = {label: i for i, label in enumerate(self.keys)}
        return np.array([index[label] for label in trials.label.tolist()], np.intp)

    def check_labels(self, labels: Sequence[str]) -> None:
        """Raise `InputError` where a label has no word."""
        for label in labels:
            if label not in self.words:
                raise InputError(
                    f"words: the recording's label {label!r} has none; there are words for {', '.join(self.keys)}. "
                    "Give it one, or leave its events out: recording.select(labels=...), in a study targets.others = "
                    '"leave out"'
                )

    def truth(self) -> NDArray[np.intp]:
        return np.arange(len(self.keys))

    def activations(self, network: Network, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        texts = [self.template.format(word) for of in self.words.values() for word in of]
        return mean_of_each(network.activations(texts, layers), self.words)

    def meant(self, text: str) -> int:
        """The index of the key that a free answer means; -1 for none."""
        words = [[plain(word) for word in of] for of in self.words.values()]
        return next((i for i, of in enumerate(words) if plain(text) in of), -1)

    def to_dict(self) -> dict[str, Any]:
        return {"words": {label: list(of) for label, of in self.words.items()}, "template": self.template}


def mean_of_each(
    recorded: Mapping[str, NDArray[np.float32]], stimuli: Mapping[str, Sequence[Any]]
) -> dict[str, NDArray[np.float32]]:
    """For each layer the mean activation, (n_keys, n_units), over each key's stimuli, recorded in order."""
    ends = np.cumsum([len(of) for of in stimuli.values()])
    return {
        layer: np.stack([part.reshape(len(part), -1).mean(axis=0) for part in np.split(states, ends[:-1])])
        for layer, states in recorded.items()
    }


class StimulusTargets(Targets):
    """The presented pictures or sounds; the right class is their label, or what the network itself sees in them.

    Activations and classes are cached on disk, see `hotwire.models.cache.recorded.record`. The pass that records the
    first activations also computes the classes; where classes are needed earlier, they take a pass of their own.

    Parameters
    ----------
    stimuli : mapping of str to picture or sound
        By the name in the recording's events; whatever the network takes.
    network : Network
        It names what it sees in each, unless there are labels.
    labels : mapping of str to str, optional
        The class of each stimulus.

    Raises
    ------
    InputError
        The network does not name its outputs and there are no labels, or a stimulus has none.
    """

    def __init__(
        self, stimuli: Mapping[str, Any], network: Network, *, labels: Mapping[str, str] | None = None
    ) -> None:
        if labels is None and network.labels is None:
            raise InputError(
                f"network: {network.name} does not name its outputs, so what it sees cannot be an answer; open it "
                "with labels (a study opens an ONNX file that sees pictures with numbers for names where [network] has "
                "pixels = { mean = 127, scale = 128 }, or whatever it takes), or give the class of each stimulus"
            )
        if labels is not None and (absent := [name for name in stimuli if name not in labels]):
            raise InputError(f"labels: expected one for each stimulus, got none for {', '.join(absent[:3])}")
        self.stimuli = dict(stimuli)
        self.are_sounds = network.hears
        self.labels = None if labels is None else {name: labels[name] for name in self.stimuli}
        self.keys = tuple(self.stimuli)
        self._network = network

    @property
    def answers(self) -> tuple[str, ...]:  # type: ignore[override]
        return self._classes[0]

    def key_of(self, trials: Trials) -> NDArray[np.intp]:
        if trials.stimulus is None:
            raise InputError("recording: its events name no stimuli; expected a picture's name for each event")
        index = {name: i for i, name in enumerate(self.keys)}
        for name in trials.stimulus.tolist():
            if not name:
                raise InputError(
                    f"stimuli: {np.count_nonzero(trials.stimulus == '')} of {len(trials.stimulus)} trials name no "
                    'stimulus; leave their events out, in a study targets.others = "leave out"'
                )
            if name not in index:
                raise UnknownNameError("stimulus", name, list(index)[:20])
        return np.array([index[name] for name in trials.stimulus.tolist()], np.intp)

    def truth(self) -> NDArray[np.intp]:
        return self._classes[1]

    def activations(self, network: Network, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        return self._recorded(network, layers).tables

    @cached_property
    def _classes(self) -> tuple[tuple[str, ...], NDArray[np.intp]]:
        """The classes, and the index of each key's class."""
        if self.labels is not None:
            answers, truth = np.unique(list(self.labels.values()), return_inverse=True)
            return tuple(answers.tolist()), truth
        best = self._recorded(self._network, ()).outputs.argmax(axis=1)
        # Several outputs may share a name ("crane"): they are one class.
        answers, truth = np.unique(np.array(self._network.labels)[best], return_inverse=True)
        return tuple(answers.tolist()), truth

    def _recorded(self, network: Network, layers: Sequence[str]) -> Recorded:
        from ..models.cache.recorded import record  # a rig that runs bundles needs none of it

        return record(network, list(self.stimuli.values()), layers)

    def to_dict(self) -> dict[str, Any]:
        return {"answers": list(self.answers)}


def plain(text: str) -> str:
    """A free answer without articles, punctuation and capitals.

    Examples
    --------
    >>> plain("A House.")
    'house'
    """
    words = "".join(c if c.isalnum() or c in "-'" else " " for c in text.lower()).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] in ("a", "an", "the") else words)
