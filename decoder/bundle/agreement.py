"""How far the decisions of the graph that runs live differ from those of the fitted decoder."""

from __future__ import annotations

from typing import NamedTuple

from tqdm import tqdm

from ..decoder import Decoder
from ..windows import Trials
from .compiled import CompiledDecoder


class Agreement(NamedTuple):
    """How far a compiled decoder's decisions differ from those of its source.

    The number of trials with another most probable class, and with another free answer if the readout gives any; and
    the largest difference in the probability of any class in any trial.
    """

    n_trials: int
    n_answers_differ: int
    n_texts_differ: int | None
    largest_difference: float

    def __str__(self) -> str:
        texts = "" if self.n_texts_differ is None else f" and {self.n_texts_differ} free answers"
        return (
            f"of {self.n_trials} trials {self.n_answers_differ} answers{texts} differ, largest difference in "
            f"probability {self.largest_difference:.2g}"
        )


def agreement(decoder: Decoder, compiled: CompiledDecoder, trials: Trials) -> Agreement:
    """Compare the decisions of both on the same trials, at least one.

    The graph rounds differently from the network, more so with smaller weights.
    """
    ours = decoder.decide(trials)
    rows = tqdm(range(len(trials)), desc="live graph", delay=1, disable=None)
    pairs = list(zip(ours, (compiled.decide_trial(trials, i) for i in rows), strict=True))
    speaks = ours[0].text is not None
    return Agreement(
        n_trials=len(trials),
        n_answers_differ=sum(a.answer != b.answer for a, b in pairs),
        n_texts_differ=sum(a.text != b.text for a, b in pairs) if speaks else None,
        largest_difference=max(abs(p - b.probabilities[name]) for a, b in pairs for name, p in a.probabilities.items()),
    )
