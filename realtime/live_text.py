"""What a live decoder of gist says after each sample: the record that outputs receive."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..decoder.gist.meter import NOT_DISTINGUISHABLE

RECENT_WORDS = 60
TOO_FEW, TOO_STRONG = "too few words yet", "signals too strong"


@dataclass(frozen=True)
class LiveText:
    """The text of a live stream, so far.

    Attributes
    ----------
    final : tuple of str
        Words that have become final since the record before.
    draft : tuple of str
        The best guess at the words after those: it may still change.
    recent : tuple of str
        The newest final words, at most 60.
    n_final : int
        Final words since the beginning.
    z : float or None
        The meter: evidence for the newest words above that without a brain's words, in standard deviations.
    distinguishable : bool
        Whether the text can be told from what the language model alone would say.
    stop_s : float
        The end of the newest sample, in seconds since the first.
    stop_stamp_s : float
        The same on the clock of the stream's stamps.
    n_lost : int
        Samples that did not come so far: they are left out of the evidence.
    width : int
        Of the beam.
    age_s, compute_s : float
        From the newest sample's stamp until it was pulled; how long the words then took.
    bundle : str
        SHA-256 of the bundle.
    passage : str or None
        Which of the bundle's passages is heard, by the newest 20 s or so. None while it is not likelier than all others
        together, none of them included, or explains no more than it does of recordings that heard nothing.
    passage_p : float or None
        The probability of the likeliest passage, also where it is not named; None without passages.
    passage_s : float or None
        The second of it that the newest sample ends with.
    why : str or None
        Why there is no `z`: too few words yet, or signals too strong to tell.
    """

    final: tuple[str, ...]
    draft: tuple[str, ...]
    recent: tuple[str, ...]
    n_final: int
    z: float | None
    distinguishable: bool
    stop_s: float
    stop_stamp_s: float
    n_lost: int
    width: int
    age_s: float
    compute_s: float
    bundle: str
    passage: str | None = None
    passage_p: float | None = None
    passage_s: float | None = None
    why: str | None = None

    @property
    def said(self) -> str:
        """The newest final words; where they are not distinguishable from the language model, that."""
        return " ".join(self.recent) if self.distinguishable else NOT_DISTINGUISHABLE

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"type": "text", **asdict(self), "said": self.said}
