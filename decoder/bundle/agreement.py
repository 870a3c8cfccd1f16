"""How far the decisions of the graph that runs live differ from those of the fitted decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

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

    @property
    def at_most(self) -> float:
        """The largest share of decisions that may differ, with 95 % confidence: exact for the more frequent of both.

        References
        ----------
        Clopper & Pearson (1934), The use of confidence or fiducial limits. Biometrika 26, 404-413, one-sided. With no
        difference in n trials it is nearly 3 / n (Hanley & Lippman-Hand 1983, JAMA 249, 1743-1745).

        Examples
        --------
        >>> round(Agreement(96, 0, None, 0.01).at_most, 3)
        0.031
        """
        from scipy.stats import binomtest

        differ = max(self.n_answers_differ, self.n_texts_differ or 0)
        return float(binomtest(differ, self.n_trials, alternative="less").proportion_ci(0.95).high)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**self._asdict(), "at_most": self.at_most}

    def __str__(self) -> str:
        texts = "" if self.n_texts_differ is None else f" and {self.n_texts_differ} free answers"
        return (
            f"of {self.n_trials} trials {self.n_answers_differ} answers{texts} differ (at most "
            f"{100 * self.at_most:.1f} % with 95 % confidence), largest difference in probability "
            f"{self.largest_difference:.2g}"
        )


def agreement(decoder: Decoder, compiled: CompiledDecoder, trials: Trials) -> Agreement:
    """Compare the decisions of both on the same trials, at least one.

    The graph rounds differently from the network, more so with smaller weights. Compare on trials that were held out:
    on those of the fit, decisions are surer, and fewer differ.
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


def together(parts: Sequence[Agreement]) -> Agreement:
    """The agreement on the trials of all parts, at least one.

    >>> together([Agreement(10, 1, None, 0.01), Agreement(5, 0, None, 0.2)])
    Agreement(n_trials=15, n_answers_differ=1, n_texts_differ=None, largest_difference=0.2)
    """
    texts = [one.n_texts_differ for one in parts if one.n_texts_differ is not None]
    return Agreement(
        n_trials=sum(one.n_trials for one in parts),
        n_answers_differ=sum(one.n_answers_differ for one in parts),
        n_texts_differ=sum(texts) if texts else None,
        largest_difference=max(one.largest_difference for one in parts),
    )
