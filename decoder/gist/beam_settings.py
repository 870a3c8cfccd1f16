"""How wide a beam searches."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import InputError
from .proposals import Nucleus


@dataclass(frozen=True)
class BeamSettings:
    """How wide a beam searches, and when its words are final.

    Tang et al. (2023) search otherwise: a width of 200, the nucleus of a ratio of 0.1 and a mass of 0.9, all of whose
    proposals are tried, and a language weight of 0. The true word is often not in so narrow a nucleus; on stories of a
    synthetic listener a wide one, of which few are tried, found far more of them at the same cost.

    Parameters
    ----------
    width : int
        How many hypotheses survive each word.
    extensions : int
        How many words the hypothesis that the language model finds most probable may add; the others fewer, by rank.
    nucleus : Nucleus
    candidates : int
        How many of a hypothesis's proposals are tried, at most: those that explain the recording best by what the
        network's states of each word usually are, see `hotwire.decoder.gist.featured_words`. So a wide nucleus costs
        hardly more than a narrow one.
    context_s : float
        Seconds of words that a proposal must not repeat, see `Vocabulary.proposals`.
    context_words : int
        The fewest words of that context.
    language_weight : float
        What a nat of the language model counts beside one of the recording. 0: it only proposes.
    commit_words : int, optional
        After so many words the best hypothesis's oldest word is final, and those that disagree are dropped. Default: a
        word is final once all agree.
    """

    width: int = 32
    extensions: int = 5
    nucleus: Nucleus = field(default_factory=Nucleus)
    candidates: int = 7
    context_s: float = 8.0
    context_words: int = 5
    language_weight: float = 0.25
    commit_words: int | None = 30

    def __post_init__(self) -> None:
        for name in ("width", "extensions", "candidates", "context_words"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: expected a whole number of at least 1, got {getattr(self, name)}")
        if self.commit_words is not None and self.commit_words < 1:
            raise InputError(f"commit_words: expected at least 1, got {self.commit_words}")
        if not self.language_weight >= 0 or not self.context_s >= 0:
            raise InputError(
                "expected a language_weight and context_s of at least 0, got "
                f"{self.language_weight} and {self.context_s}"
            )
