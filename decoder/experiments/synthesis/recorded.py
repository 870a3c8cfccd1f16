"""Pictures that were synthesised and presented: encoders of natural pictures, judged by what was recorded."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ...statistics.bootstrapped import Bootstrapped, Ends
from ...statistics.correlations import profile_correlation
from ..kernel.cache import ArrayCache
from ..kernel.jobs import fill_cache, work_here
from .encoders import (
    ENCODERS,
    HELD_OUT,
    SHUFFLED,
    TRAINED,
    UNTRAINED,
    EncoderFit,
    choices,
    entry_of,
    fields_of,
    notes_on_pooling,
)
from .run import results_folder
from .session import SynthesisSession

TOP, HIGH = 0.1, 0.95
"""Of synthesised pictures those that are predicted highest, and the quantile of the recorded natural responses."""
ENCODERS_OF_ALL, ANOTHER = "encoders", "another site's encoder"


class RecordedScore(NamedTuple):
    """How well synthetic responses are predicted: the correlation, median over sites; and of the synthesised pictures
    that are predicted in the top tenth, the share to which the site responded more than to 95 % of the natural ones.
    """

    r: Ends
    top: Ends


@dataclass(frozen=True, kw_only=True)
class RecordedSynthesis:
    """All of it.

    Attributes
    ----------
    rows : dict of str to RecordedScore
        All networks together, each by itself, and the controls.
    r : dict of str to array (n_sites,)
        Of the first row: over ``synthesised`` pictures, and over held-out ``natural`` ones.
    of_all : Ends
        Of all synthesised pictures, the share to which a site responded more than to 95 % of the natural ones.
    beyond : Ends
        The share of sites that responded more to a synthesised picture than to any natural one.
    beyond_equal : float
        The same where as many natural pictures as synthesised ones are drawn.
    fields : dict of str to array (3, n_sites)
        For each network whose encoder has receptive fields, see `hotwire.decoder.report.fields.fields_figure`.
    notes : list of str
        What to mind.
    """

    name: str
    sites: tuple[str, ...]
    n_synthesised: int
    n_natural: int
    rows: dict[str, RecordedScore]
    r: dict[str, NDArray[np.float64]]
    of_all: Ends
    beyond: Ends
    beyond_equal: float
    chosen: dict[str, str]
    fingerprints: dict[str, str]
    fields: dict[str, NDArray[np.float64]]
    notes: list[str]
    settings: dict[str, Any]
    seconds: float


def judge_recorded(session: SynthesisSession, *, cache: ArrayCache | None = None) -> RecordedSynthesis:
    """Predict the recorded responses to synthesised pictures by encoders that were fitted on natural ones alone.

    Parameters
    ----------
    session : SynthesisSession
    cache : ArrayCache, optional
        By default in `hotwire.decoder.experiments.synthesis.run.results_folder`.

    Raises
    ------
    InputError
        The study names fewer than ten synthesised pictures.
    """
    start = time.perf_counter()
    if len(session.synthesised) < 10:
        raise InputError(
            "synthesised: expected the names of ten or more pictures of the recording that were synthesised and "
            f'presented, got {len(session.synthesised)}; write synthesised = "synthetic*" in [synthesize]'
        )
    cache = cache or ArrayCache(results_folder())
    fill_cache(ENCODERS, [session], cache, work_here)

    def predicted(kind: str, *networks: str) -> NDArray[np.float64]:
        entries = [entry_of(session, EncoderFit(network, kind)) for network in networks or session.networks]
        return np.mean([cache.get(entry, lambda name: name == "predicted")["predicted"] for entry in entries], axis=0)

    scorer = _Scorer(session)
    shown = predicted(TRAINED)[session.synthesised]
    several = len(session.networks) > 1
    rows = {ENCODERS_OF_ALL: scorer.score(shown)}
    rows |= {name: scorer.score(predicted(TRAINED, name)[session.synthesised]) for name in session.networks if several}
    rows |= {kind: scorer.score(predicted(kind)[session.synthesised]) for kind in (UNTRAINED, SHUFFLED)}
    if len(session.sites) > 1:
        rows[ANOTHER] = scorer.score(np.roll(shown, 1, axis=1))
    held_out = session.held_out
    chosen = choices(session, cache)
    return RecordedSynthesis(
        name=session.name,
        sites=session.sites,
        n_synthesised=len(session.synthesised),
        n_natural=len(session.natural),
        rows=rows,
        r={
            "synthesised": profile_correlation(scorer.true, shown),
            "natural": profile_correlation(session.responses[held_out], predicted(HELD_OUT)[held_out]),
        },
        of_all=scorer.share(scorer.true > scorer.high).ends,
        beyond=scorer.share((scorer.true.max(axis=0) > scorer.natural.max(axis=0))[None]).ends,
        beyond_equal=scorer.beyond_equal(),
        chosen=chosen,
        fingerprints={name: session.network(name, False).fingerprint for name in chosen},
        fields=fields_of(session, cache),
        notes=notes_on_pooling(session, cache),
        settings=asdict(session.settings),
        seconds=time.perf_counter() - start,
    )


class _Scorer:
    """Scores with intervals: sites and synthesised pictures are drawn with replacement, alike for each prediction."""

    def __init__(self, session: SynthesisSession) -> None:
        self.true, self.natural = session.responses[session.synthesised], session.responses[session.natural]
        self.high = np.quantile(self.natural, HIGH, axis=0)
        self._rng = np.random.default_rng(session.settings.seed)
        n, n_sites, n_draws = len(self.true), self.true.shape[1], session.settings.n_draws
        self._pictures = self._rng.integers(0, n, (n_draws, n))
        self._sites = self._rng.integers(0, n_sites, (n_draws, n_sites))

    def score(self, predicted: NDArray[np.float64]) -> RecordedScore:
        drawn = zip(self._pictures, self._sites, strict=True)
        r = [np.median(_r(self.true[of], predicted[of])[sites]) for of, sites in drawn]
        n_top = max(1, round(TOP * len(predicted)))
        top = np.argsort(-predicted, axis=0, kind="stable")[:n_top]
        above = np.take_along_axis(self.true > self.high, top, axis=0)
        return RecordedScore(
            Bootstrapped(float(np.median(_r(self.true, predicted))), np.array(r)).ends, self.share(above).ends
        )

    def share(self, of: NDArray[np.bool_]) -> Bootstrapped:
        """The share of true ones (n, n_sites), with its interval over sites."""
        each = of.mean(axis=0)
        return Bootstrapped(float(each.mean()), each[self._sites].mean(axis=1))

    def beyond_equal(self) -> float:
        """The share of sites whose best synthesised picture is beyond as many natural ones, on average over draws."""
        n = min(len(self.true), len(self.natural))
        best = [self.natural[self._rng.permutation(len(self.natural))[:n]].max(axis=0) for _ in range(100)]
        return float(np.mean(self.true.max(axis=0) > best))


def _r(true: NDArray[np.float64], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlations (n_sites,); 0 where one of the two is constant: it says nothing."""
    return np.nan_to_num(profile_correlation(true, predicted))
