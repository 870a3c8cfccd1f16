"""Readouts: from a state injected into a layer to scores for the answers, or to free words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..errors import InputError
from ..errors.printable import printable
from ..models.networks.free_text import GeneratesText
from ..models.networks.network import Network
from .kinds import settings_from_dict, settings_to_dict
from .steps.settings import check_count, check_number

PRIORS = ("keep", "remove")


@dataclass(frozen=True)
class Entry:
    """Where states enter a network, and what they are compared with.

    Attributes
    ----------
    network : Network
    layer : str
    answers : tuple of str
    means : array (n_fits, n_units)
        The mean activation of the training trials, for each of the fits that the states come from.
    fit : array (n_trials,) of int, or 0
        From which fit each state comes.
    targets : array (n_answers, n_units)
        The mean activation that belongs to each answer; only the nearest readout looks at it.
    """

    network: Network
    layer: str
    answers: tuple[str, ...]
    means: NDArray[np.float32]
    targets: NDArray[np.float32]
    fit: NDArray[np.intp] | int = 0


class Readout(ABC):
    """How an answer is read from the network. Subclasses are frozen dataclasses of plain settings."""

    @abstractmethod
    def scores(self, entry: Entry, states: NDArray) -> NDArray[np.float32]:
        """Log probability of each answer up to a constant, (n_trials, n_answers), for states (n_trials, n_units)."""

    def texts(self, entry: Entry, states: NDArray) -> list[str] | None:
        """A free answer for each state, where the readout gives any."""
        return None

    def check(self, network: Network) -> None:
        """Raise `InputError` where the network cannot be read out so."""
        return

    def to_dict(self) -> dict[str, Any]:
        return settings_to_dict(self)


@dataclass(frozen=True)
class LabelReadout(Readout):
    """Let the network choose among the answers.

    Parameters
    ----------
    prior : {"keep", "remove"}
        Networks like some answers better whatever they are shown. ``"remove"`` takes from each answer's log
        probability that which it has at the mean activation of the training trials.
    """

    prior: Literal["keep", "remove"] = "keep"

    def __post_init__(self) -> None:
        if self.prior not in PRIORS:
            raise InputError(f"prior: expected one of {', '.join(PRIORS)}, got {self.prior!r}")

    def scores(self, entry: Entry, states: NDArray) -> NDArray[np.float32]:
        log_p = entry.network.log_probabilities(entry.layer, states, entry.answers)
        if self.prior == "keep":
            return log_p
        at_mean = entry.network.log_probabilities(entry.layer, entry.means, entry.answers)
        return log_p - at_mean[np.broadcast_to(entry.fit, len(states))]


@dataclass(frozen=True)
class TextReadout(LabelReadout):
    """Let a language model or a speech recogniser answer freely, and also choose among the answers.

    Parameters
    ----------
    prior : {"keep", "remove"}
        For the choice among the answers, see `LabelReadout`; the free answer is the network's own.
    max_tokens : int
        The longest free answer.
    """

    max_tokens: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("max_tokens", self.max_tokens, 1)

    def check(self, network: Network) -> None:
        if not isinstance(network, GeneratesText):
            raise InputError(
                f"readout: only a language model answers freely, or a speech recogniser; {network.name} is neither. "
                "Use LabelReadout or NearestReadout"
            )

    def texts(self, entry: Entry, states: NDArray) -> list[str]:
        self.check(entry.network)
        assert isinstance(entry.network, GeneratesText)
        return entry.network.generate(entry.layer, states, max_tokens=self.max_tokens)


@dataclass(frozen=True)
class NearestReadout(Readout):
    """Choose the answer whose target is most similar in the layer itself; the network computes nothing.

    The similarity is the cosine between the deviations from the mean activation. Probabilities are a softmax over
    cosines at the given temperature.

    Parameters
    ----------
    temperature : float
    """

    temperature: float = 0.1

    def __post_init__(self) -> None:
        check_number("temperature", self.temperature, may_be_least=False)

    def scores(self, entry: Entry, states: NDArray) -> NDArray[np.float32]:
        cosines = np.empty((len(states), len(entry.targets)))
        fit = np.broadcast_to(entry.fit, len(states))
        for number, mean in enumerate(entry.means):
            cosines[fit == number] = cosine(states[fit == number] - mean, entry.targets - mean)
        return (cosines / self.temperature).astype(np.float32)


READOUTS: dict[str, type[Readout]] = {kind.__name__: kind for kind in (LabelReadout, TextReadout, NearestReadout)}


def readout_from_dict(saved: Mapping[str, Any]) -> Readout:
    """Return the readout that ``to_dict`` described; an `UnknownNameError` lists what there is.

    Examples
    --------
    >>> readout_from_dict({"type": "LabelReadout", "prior": "remove"})
    LabelReadout(prior='remove')
    """
    return settings_from_dict("readout", READOUTS, saved)


TOGETHER = 8
"""How many states `read_out` takes at a time."""


def read_out(
    readout: Readout, entry: Entry, states: NDArray, *, speak: bool = True
) -> tuple[NDArray[np.float32], list[str] | None]:
    """Scores and free answers of states from a single fit, which do not depend on what others come with a state.

    BLAS adds in another order for other numbers of rows. So there are always as many: the last ones are filled up.

    Parameters
    ----------
    readout : Readout
    entry : Entry
    states : array (n_trials, n_units)
    speak : bool
        Whether free answers are wanted, where the readout gives any.

    Returns
    -------
    scores : array (n_trials, n_answers)
        Log probabilities up to a constant.
    texts : list of str, or None
    """
    scores, texts = np.empty((len(states), len(entry.answers)), np.float32), []
    starts = range(0, len(states), TOGETHER)
    for start in tqdm(starts, desc=f"{printable(entry.network.name)}: decisions", delay=1, disable=None):
        some = states[start : start + TOGETHER]
        filled = np.concatenate([some, np.repeat(some[-1:], TOGETHER - len(some), axis=0)])
        scores[start : start + TOGETHER] = readout.scores(entry, filled)[: len(some)]
        texts += (readout.texts(entry, filled) if speak else None) or []
    # What the last pass was filled up with lies at the end.
    return scores, texts[: len(states)] or None


def cosine(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    """Cosine between all rows of two arrays; 0 for a row without length."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    lengths = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    return (a @ b.T) / np.where(lengths > 0, lengths, 1.0)


def softmax(scores: NDArray) -> NDArray[np.float64]:
    """Probabilities over the last axis.

    Examples
    --------
    >>> softmax(np.log([[1.0, 3.0]])).round(2)
    array([[0.25, 0.75]])
    """
    shifted = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)
