"""Readouts: from a state injected into a layer to scores for the classes, or to free words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..errors import InputError
from ..errors.printable import printable
from ..models.networks.free_text import GeneratesText
from ..models.networks.network import Network
from .discriminant import Discriminant
from .kinds import Kinds, settings_from_dict, settings_to_dict
from .linear import Linear
from .steps.settings import check_count, check_number
from .targets import Targets

if TYPE_CHECKING:
    from ..models.export.onnx_precision import Precision
    from .readout_graph import ReadoutGraph

PRIORS = ("keep", "remove")

TOGETHER = 8
"""How many states `read_out` takes at a time."""


@dataclass(frozen=True, eq=False)
class Entry:
    """Where the states of one fit enter a network, and what they are compared with.

    `answers` are the classes; `mean` (n_units,) is the mean activation of the training trials, `targets`
    (n_classes, n_units) the mean activation of each class; `discriminant` is there for a readout that is fitted.
    """

    network: Network
    layer: str
    answers: tuple[str, ...]
    mean: NDArray[np.float32]
    targets: NDArray[np.float32]
    discriminant: Discriminant | None = None

    @cached_property
    def log_p_at_mean(self) -> NDArray[np.float32]:
        """The network's log probability of each class at the mean activation, (1, n_classes)."""
        return self.network.log_probabilities(self.layer, self.mean[None], self.answers)

    @cached_property
    def target_deviations(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The targets minus the mean, (n_classes, n_units), and the length of each."""
        deviations = (self.targets - self.mean).astype(np.float64)
        return deviations, np.linalg.norm(deviations, axis=1)


def make_entry(network: Network, layer: str, targets: Targets, table: NDArray, mean: NDArray) -> Entry:
    """Make the entry; a class's target is the mean over its keys in the `table` (n_keys, n_units)."""
    truth = targets.truth()
    of_classes = np.stack([table[truth == number].mean(axis=0) for number in range(len(targets.answers))])
    return Entry(network, layer, targets.answers, mean, of_classes.astype(np.float32))


def entry_of(network: Network, layer: str, targets: Targets, table: NDArray, linear: Linear) -> Entry:
    """The entry of what a fitted linear part predicts, see `make_entry`."""
    return replace(make_entry(network, layer, targets, table, linear.mean), discriminant=linear.discriminant)


class Readout(ABC):
    """How a class is read from the network.

    Subclasses, also those of other packages, are frozen dataclasses of plain settings. One that is an entry point of
    the group ``hotwire.readouts`` can be named in study files and saved in bundles.
    """

    is_fitted: ClassVar[bool] = False
    """Whether a discriminant is fitted for it, on predictions of held-out runs."""

    @abstractmethod
    def scores(self, entry: Entry, states: NDArray) -> NDArray[np.float32]:
        """Log probability of each class up to a constant, (n_trials, n_classes), for states (n_trials, n_units)."""

    def texts(self, entry: Entry, states: NDArray) -> list[str] | None:
        """A free answer for each state, if the readout gives any."""
        return None

    def scores_of_fits(self, entries: Sequence[Entry], states: Sequence[NDArray]) -> list[NDArray[np.float32]]:
        """The `scores` of several fits that enter one network at one layer."""
        return [self.scores(entry, some) for entry, some in zip(entries, states, strict=True)]

    def check(self, network: Network) -> None:
        """Raise `InputError` where the network does not fit this readout."""
        self.check_can(network.name, write=isinstance(network, GeneratesText), name=network.labels is not None)

    def check_can(self, network: str, *, write: bool, name: bool) -> None:
        """Raise `InputError` where the readout needs more: the network may `write` freely, and `name` its outputs."""
        return

    def without_texts(self) -> Readout:
        """A readout with the same scores and no free answers."""
        return self

    @property
    def speaks(self) -> bool:
        """Whether it gives free answers."""
        return self.without_texts() != self

    def before_fit(self) -> Readout | None:
        """What can be read of states before anything is fitted, None where that is nothing."""
        return self

    def export(self, entry: Entry, precision: Precision) -> ReadoutGraph:
        """The readout as ONNX graphs for a rig, with the network's large weights in this precision.

        Raises
        ------
        InputError
            The readout, or the network, cannot be exported.
        """
        raise InputError(f"readout: {type(self).__name__} cannot be exported; give it a method export, see Readout")

    def export_again(self, exported: ReadoutGraph, entry: Entry) -> ReadoutGraph | None:
        """What `export` would give, from its result for another fit in the same layer, which is changed.

        Exporting a large network is slow. None where nothing slow could be reused.
        """
        return None

    def to_dict(self) -> dict[str, Any]:
        return settings_to_dict(self)


@dataclass(frozen=True)
class LabelReadout(Readout):
    """Let the network choose among the classes.

    Parameters
    ----------
    prior : {"keep", "remove"}
        Networks prefer some classes whatever is injected. ``"remove"`` subtracts from each class's log probability its
        value at the mean activation of the training trials.
    """

    prior: Literal["keep", "remove"] = "keep"

    def __post_init__(self) -> None:
        if self.prior not in PRIORS:
            raise InputError(f"prior: expected one of {', '.join(PRIORS)}, got {self.prior!r}")

    def check_can(self, network: str, *, write: bool, name: bool) -> None:
        if not (write or name):
            raise InputError(
                f"readout: {network} neither writes nor names its outputs, so it cannot choose among words; use "
                "NearestReadout"
            )

    def scores(self, entry: Entry, states: NDArray) -> NDArray[np.float32]:
        log_p = entry.network.log_probabilities(entry.layer, states, entry.answers)
        return log_p if self.prior == "keep" else _less(entry.log_p_at_mean, log_p, states, entry.mean)

    def scores_of_fits(self, entries: Sequence[Entry], states: Sequence[NDArray]) -> list[NDArray[np.float32]]:
        # Fits share the network's passes, each of which reads all its weights.
        first, ends = entries[0], np.cumsum([len(some) for some in states])[:-1]
        log_p = np.split(first.network.log_probabilities(first.layer, np.concatenate(states), first.answers), ends)
        if self.prior == "keep":
            return log_p
        means = np.stack([entry.mean for entry in entries])
        at_means = first.network.log_probabilities(first.layer, means, first.answers)
        return [_less(*of_fit) for of_fit in zip(at_means, log_p, states, means, strict=True)]

    def export(self, entry: Entry, precision: Precision) -> ReadoutGraph:
        # These import torch, which takes seconds and which other readouts do not need.
        from ..models.export.onnx_precision import shrunk
        from ..models.export.scoring_graph import scoring_graph

        return self._exported(shrunk(scoring_graph(entry.network, entry.layer, entry.answers), precision), entry)

    def export_again(self, exported: ReadoutGraph, entry: Entry) -> ReadoutGraph | None:
        from .readout_graph import at_prior

        return exported if self.prior == "keep" else exported._replace(model=at_prior(exported.model, entry.mean))

    def _exported(self, network: Any, entry: Entry, speech: Any = None) -> ReadoutGraph:
        from .readout_graph import ReadoutGraph, less_prior

        mean = entry.mean if self.prior == "remove" else None
        return ReadoutGraph(less_prior(network, mean, len(entry.answers)), speech)


def _less(at_mean: NDArray, log_p: NDArray, states: NDArray, mean: NDArray) -> NDArray[np.float32]:
    """Log probabilities less those at the mean; of the mean itself exactly 0, however another batch was rounded."""
    scores = log_p - at_mean
    scores[(states == mean).all(axis=1)] = 0.0
    return scores


@dataclass(frozen=True)
class TextReadout(LabelReadout):
    """Let a language model or a speech recogniser answer freely, and also choose among the classes.

    Parameters
    ----------
    prior : {"keep", "remove"}
        For the choice among the classes, see `LabelReadout`; the free answer is the network's own.
    max_tokens : int
        The longest free answer.
    """

    max_tokens: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("max_tokens", self.max_tokens, 1)

    def check_can(self, network: str, *, write: bool, name: bool) -> None:
        if not write:
            raise InputError(
                f"readout: only a language model answers freely, or a speech recogniser; {network} is neither. "
                "Use LabelReadout or NearestReadout"
            )

    def texts(self, entry: Entry, states: NDArray) -> list[str]:
        self.check(entry.network)
        assert isinstance(entry.network, GeneratesText)
        return entry.network.generate(entry.layer, states, max_tokens=self.max_tokens)

    def without_texts(self) -> Readout:
        return LabelReadout(self.prior)

    def export(self, entry: Entry, precision: Precision) -> ReadoutGraph:
        from ..models.export.language_graphs import text_graphs
        from ..models.export.onnx_precision import shrunk
        from .readout_graph import Speech

        graphs = text_graphs(entry.network, entry.layer, entry.answers, max_tokens=self.max_tokens)
        speech = Speech(shrunk(graphs.step, precision), graphs.vocabulary, graphs.end, graphs.max_tokens)
        return self._exported(shrunk(graphs.scoring, precision), entry, speech)


@dataclass(frozen=True)
class NearestReadout(Readout):
    """Choose the class whose target is most similar in the layer itself; the network computes nothing.

    The similarity is the cosine between the deviations from the mean activation. Probabilities are a softmax over
    cosines at this temperature.

    Parameters
    ----------
    temperature : float
    """

    temperature: float = 0.1

    def __post_init__(self) -> None:
        check_number("temperature", self.temperature, may_be_least=False)

    def scores(self, entry: Entry, states: NDArray) -> NDArray[np.float32]:
        targets, target_lengths = entry.target_deviations
        deviations = (states - entry.mean).astype(np.float64)
        lengths = np.outer(np.linalg.norm(deviations, axis=1), target_lengths)
        # A deviation without length has no direction: all its cosines are 0.
        cosines = (deviations @ targets.T) / np.where(lengths > 0, lengths, 1.0)
        return (cosines / self.temperature).astype(np.float32)

    def export(self, entry: Entry, precision: Precision) -> ReadoutGraph:
        from .readout_graph import ReadoutGraph, nearest_graph  # where nothing is exported, ONNX is not needed

        return ReadoutGraph(nearest_graph(entry.targets, entry.mean, self.temperature))


@dataclass(frozen=True)
class DiscriminantReadout(Readout):
    """Choose the class by a linear discriminant of the predicted activations; the network computes nothing.

    Shrinkage linear discriminant analysis in the span of the differences between the classes' targets, see
    `hotwire.decoder.discriminant.fit_discriminant`. It is fitted with the adapter, on what adapters predict of training
    runs that they were not fitted on, and so knows which directions of a prediction are noise: among classes that were
    trained on, it is on a par with classifiers that know no network. Classes that were not trained on it cannot name.

    Parameters
    ----------
    max_tokens : int
        The longest free answer of a language model or speech recogniser, which stands beside the class and does not
        depend on the discriminant; with 0 there is none.
    """

    is_fitted = True
    max_tokens: int = 0

    def __post_init__(self) -> None:
        check_count("max_tokens", self.max_tokens, 0)

    def check_can(self, network: str, *, write: bool, name: bool) -> None:
        if self._speaks is not None:
            self._speaks.check_can(network, write=write, name=name)

    def scores(self, entry: Entry, states: NDArray) -> NDArray[np.float32]:
        return _fitted(entry).scores(states - entry.mean)

    def texts(self, entry: Entry, states: NDArray) -> list[str] | None:
        return None if self._speaks is None else self._speaks.texts(entry, states)

    def without_texts(self) -> Readout:
        return DiscriminantReadout()

    def before_fit(self) -> Readout | None:
        return self._speaks

    def export(self, entry: Entry, precision: Precision) -> ReadoutGraph:
        from .readout_graph import ReadoutGraph, discriminant_graph, with_discriminant

        discriminant = _fitted(entry)
        if self._speaks is None:
            return ReadoutGraph(discriminant_graph(discriminant))
        spoken = self._speaks.export(entry, precision)
        return spoken._replace(model=with_discriminant(spoken.model, discriminant))

    def export_again(self, exported: ReadoutGraph, entry: Entry) -> ReadoutGraph:
        from .readout_graph import with_discriminant

        return exported._replace(model=with_discriminant(exported.model, _fitted(entry)))

    @property
    def _speaks(self) -> TextReadout | None:
        return TextReadout(max_tokens=self.max_tokens) if self.max_tokens else None


def _fitted(entry: Entry) -> Discriminant:
    if entry.discriminant is None:
        raise InputError("readout: DiscriminantReadout is fitted with the adapter, and none was fitted here")
    return entry.discriminant


READOUTS: Kinds[Readout] = Kinds(
    "hotwire.readouts", Readout, (LabelReadout, TextReadout, NearestReadout, DiscriminantReadout)
)


def readout_from_dict(saved: Mapping[str, Any]) -> Readout:
    """Return the readout that ``to_dict`` described, hotwire's or a registered one.

    Examples
    --------
    >>> readout_from_dict({"type": "LabelReadout", "prior": "remove"})
    LabelReadout(prior='remove')
    """
    return settings_from_dict("readout", READOUTS, saved)


def read_out(
    readout: Readout, entry: Entry, states: NDArray, *, speak: bool = True
) -> tuple[NDArray[np.float32], list[str] | None]:
    """Scores and free answers of states, each of which does not depend, to the last bit, on the other states.

    Scores are (n_trials, n_classes), log probabilities up to a constant; there are no free answers where `speak` is
    false. BLAS adds in another order for another number of rows, so the number is always the same: the last rows are
    filled up. That takes longer than `read_out_fits`, for trials that always come in the same company.
    """
    scores, texts = np.empty((len(states), len(entry.answers)), np.float32), []
    starts = range(0, len(states), TOGETHER)
    for start in tqdm(starts, f"{printable(entry.network.name)}: decisions", delay=1, disable=None, leave=False):
        some = states[start : start + TOGETHER]
        filled = np.concatenate([some, np.repeat(some[-1:], TOGETHER - len(some), axis=0)])
        scores[start : start + TOGETHER] = readout.scores(entry, filled)[: len(some)]
        texts += (readout.texts(entry, filled) if speak else None) or []
    # The filling of the last pass is at the end.
    return scores, texts[: len(states)] or None


def read_out_fits(
    readout: Readout, entries: Sequence[Entry], states: Sequence[NDArray], *, speak: bool = True
) -> tuple[list[NDArray[np.float32]], list[str] | None]:
    """Read out all states at once, of one fit or several that enter one network at one layer.

    Returns the scores of each fit, see `read_out`, and all free answers in order.
    """
    texts = readout.texts(entries[0], np.concatenate(states)) if speak else None
    return readout.scores_of_fits(entries, states), texts
