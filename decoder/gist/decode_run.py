"""Decode a whole run whose samples and words' times are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from numpy.typing import ArrayLike

from ..recordings.timed_words import TimedWords
from .gist_decoder import GistDecoder
from .word_rate import WordsAt


class Decoded(NamedTuple):
    """The words (n_words,), and how they explain the samples.

    `evidence` is how many nats they explain the samples better than words that are not known; `gains` how many of them
    came with each `hotwire.decoder.gist.gist_decoder.METER_WORDS` words, one stretch after the other. `beam` has the
    text of each hypothesis in the end, the best first. `strength` is the decoder's largest of the run.
    """

    said: list[str]
    evidence: float
    gains: list[float]
    beam: list[list[str]]
    strength: float


def decode_run(
    decoder: GistDecoder, samples: ArrayLike, words: TimedWords | WordsAt, each: Callable[[], object] = lambda: None
) -> Decoded:
    """Decode the words of a run at their times, one after the other; `each` is called after each of them.

    Parameters
    ----------
    decoder : GistDecoder
        A new one.
    samples : array (n_samples, n_voxels)
        Of the encoding model's voxels.
    words : TimedWords or WordsAt
        Only their times count.
    each : callable, optional
    """
    said, strength = decoder.push(samples).final, 0.0
    for at_s, duration_s in zip(words.middle_s.tolist(), words.duration_s.tolist(), strict=True):
        said += decoder.push(middle_s=[at_s], duration_s=[duration_s]).final
        strength = max(strength, decoder.strength)
        each()
    said += decoder.finish().final
    drafts = decoder.drafts
    known = said[: len(said) - len(drafts[0])]
    beam = [known + draft for draft in drafts]
    return Decoded(said, decoder.evidence, list(decoder.gains), beam, max(strength, decoder.strength))
