"""Making a synthesis: fit encoders, synthesise pictures or sounds, let judges judge them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ....models.cache_folder import cache_folder
from ...statistics.bootstrapped import Bootstrapped
from ...statistics.correlations import profile_correlation
from ..kernel.cache import ArrayCache, Arrays
from ..kernel.jobs import fill_cache, work_here
from ..kernel.keys import content_key
from .encoders import ENCODERS, HELD_OUT, TRAINED, EncoderFit, choices, entry_of, fields_of, notes_on_pooling
from .making import KINDS, MAKINGS, Making, MakingSession, made_entry
from .maps import predicted, score, standardised
from .objectives import SiteObjective, not_predicted
from .result import OWN, Judged, Made, Shares, Synthesis
from .session import SynthesisSession

HIGH = 0.99
JUDGED_AT_ONCE = 100
"""Pictures whose responses are then on disk."""


def another(session: SynthesisSession) -> str:
    """What is made for the other sites, as a control."""
    return f"another site's {session.medium.noun}"


def results_folder() -> Path:
    """The default cache of fits and of what is made: with all assets, see `hotwire.models.cache_folder`."""
    return cache_folder() / "synthesis"


def synthesize(
    session: SynthesisSession,
    objectives: Sequence[SiteObjective],
    *,
    notes: Sequence[str] = (),
    cache: ArrayCache | None = None,
) -> Synthesis:
    """Synthesise a picture or a sound for each objective, and let every judge say what it would drive.

    Fits and what is made are cached on disk: what was stopped continues where it was.

    Parameters
    ----------
    session : SynthesisSession
    objectives : sequence of SiteObjective
        All of one kind.
    notes : sequence of str
        What to mind, for the report.
    cache : ArrayCache, optional
        By default in `results_folder`.

    Raises
    ------
    InputError
        There is no objective.
    """
    start = time.perf_counter()
    if not objectives:
        raise InputError("objectives: expected one or more, got none")
    cache = cache or ArrayCache(results_folder())
    fill_cache(ENCODERS, [session], cache, work_here)
    session.forget()
    making = MakingSession(session, cache, objectives)
    fill_cache(MAKINGS, [making], cache, work_here)
    judged = _Judging(making)
    made = {kind: [judged.made(objective, kind) for objective in objectives] for kind in KINDS}
    natural = {one.natural for of in made.values() for one in of}
    medium = session.medium
    chosen, accuracy = choices(session, cache), judged.accuracy()
    return Synthesis(
        name=session.name,
        kind=objectives[0].kind,
        sites=session.sites,
        unit=session.unit,
        n_natural=len(session.natural),
        noun=medium.noun,
        natural_stimuli={name: medium.shown(medium.natural([session.stimuli[name]]))[0] for name in sorted(natural)},
        made=made,
        shares={name: judged.shares(name, made) for name in judged.names},
        chosen=chosen,
        fingerprints={name: session.network(name, False).fingerprint for name in chosen},
        fields=fields_of(session, cache),
        accuracy=accuracy,
        notes=(
            *notes,
            *_notes_on_judges(session),
            *notes_on_pooling(session, cache),
            *not_predicted(objectives, accuracy[OWN], len(session.held_out)),
        ),
        settings=asdict(session.settings) | medium.about(),
        seconds=time.perf_counter() - start,
    )


class _Judging:
    """What judges say of natural and of synthesised stimuli; the first judge is the own prediction."""

    def __init__(self, making: MakingSession) -> None:
        self._making, self._session, self._cache = making, making.session, making.cache
        self._judges = {one.name: one for one in self._session.judges}
        self.names = [OWN, *self._session.judging, *self._judges]
        stimuli = [self._session.stimulus(row) for row in self._session.natural]
        self._natural = {name: self._cached(name, stimuli) for name in self._judges}
        for name in self._session.judging:
            self._natural[name] = self._fitted(name)["predicted"][self._session.natural]
        jobs = [Making(objective, kind) for kind in KINDS for objective in making.objectives]
        self._made = {job: self._cache.get(made_entry(making, job)) for job in jobs}
        best = np.stack([of["made"][0] for of in self._made.values()])
        of_judges = {name: self._responses(name, best) for name in self.names[1:]}
        self._responses_to = {job: {name: of[i] for name, of in of_judges.items()} for i, job in enumerate(jobs)}

    def made(self, objective: SiteObjective, kind: str) -> Made:
        session, job = self._session, Making(objective, kind)
        own = self._making.natural(kind)
        responses = {OWN: self._made[job]["predicted"][0], **self._responses_to[job]}
        natural = {OWN: own, **self._natural}
        best = int(np.argmax(score(objective, standardised(own, own))))
        judged = {}
        for name, of in natural.items():
            scores = score(objective, standardised(of, of))
            of_made = float(score(objective, standardised(responses[name], of)))
            judged[name] = Judged(of_made, float(scores[best]), float(scores.max()), float(np.quantile(scores, HIGH)))
        return Made(
            name=objective.name,
            made=self._made[job]["made"][0],
            natural=list(session.stimuli)[session.natural[best]],
            judged=judged,
            responses=responses,
        )

    def shares(self, judge: str, made: dict[str, list[Made]]) -> dict[str, Shares]:
        """By the kind of encoders, and of what is made for other sites."""
        found = {}
        for kind, of in made.items():
            found[kind] = self._shares(np.array([one.judged[judge] for one in of]))
        objectives, trained = self._making.objectives, made[TRAINED]
        if len(objectives) > 1 and judge != OWN:
            natural = self._natural[judge]
            rows = []
            for objective, own in zip(objectives, trained, strict=True):
                others = np.stack([one.responses[judge] for one in trained if one.name != objective.name])
                scores = score(objective, standardised(others, natural))
                _, *of_natural = own.judged[judge]
                rows.append([[value, *of_natural] for value in scores.tolist()])
            found[another(self._session)] = self._shares(np.array(rows))
        return found

    def _shares(self, judged: NDArray[np.float64]) -> Shares:
        """Of (n_objectives, 4) or (n_objectives, n_others, 4) scores, as in `Judged`."""
        made, natural, best, high = np.moveaxis(judged.reshape(len(judged), -1, 4), -1, 0)
        known = np.isfinite(made[:, 0])
        values = [made > best, made > high, natural > high, made - natural]
        each = np.stack([of[known].mean(axis=1) for of in values], axis=1)
        if not len(each):
            return Shares(*[Bootstrapped(np.nan, np.array([np.nan])).ends] * 4)
        rng, settings = np.random.default_rng(self._session.settings.seed), self._session.settings
        draws = each[rng.integers(0, len(each), (settings.n_draws, len(each)))].mean(axis=1)
        if len(each) < 2:
            draws[:] = np.nan
        return Shares(
            *(Bootstrapped(float(of.mean()), of_draws).ends for of, of_draws in zip(each.T, draws.T, strict=True))
        )

    def accuracy(self) -> dict[str, NDArray[np.float64]]:
        """The correlation of each judge with what was recorded; of encoders over held-out stimuli."""
        session, found = self._session, {}
        held_out = {name: self._held_out([name]) for name in session.judging} | {OWN: self._held_out(session.networks)}
        for name in self.names:
            if name in held_out:
                found[name] = profile_correlation(session.responses[session.held_out], held_out[name])
            else:
                found[name] = profile_correlation(session.responses[session.natural], self._natural[name])
        return found

    def _held_out(self, networks: Any) -> NDArray[np.float64]:
        entries = [entry_of(self._session, EncoderFit(network, HELD_OUT)) for network in networks]
        each = [self._cache.get(entry, lambda name: name == "predicted")["predicted"] for entry in entries]
        return np.mean(each, axis=0)[self._session.held_out]

    def _responses(self, judge: str, shown: NDArray) -> NDArray[np.float64]:
        if judge in self._judges:
            return self._cached(judge, list(shown))
        return predicted(self._session.network(judge), self._fitted(judge), list(shown))

    def _fitted(self, judge: str) -> Arrays:
        return self._cache.get(entry_of(self._session, EncoderFit(judge)))

    def _cached(self, judge: str, stimuli: Sequence[Any]) -> NDArray[np.float64]:
        """A judge's responses to stimuli; those that the cache lacks are put there, so many at once."""
        of, found = self._judges[judge], []
        for first in range(0, len(stimuli), JUDGED_AT_ONCE):
            some = stimuli[first : first + JUDGED_AT_ONCE]
            entry = content_key("judged", of.ingredients, [np.asarray(stimulus) for stimulus in some]) + ".npz"
            if entry not in self._cache:
                self._cache.put(entry, {"responses": of.responses(some)})
            found.append(self._cache.get(entry)["responses"])
        return np.concatenate(found)


def _notes_on_judges(session: SynthesisSession) -> list[str]:
    """Judges that are other layers of a network of the objective, whose mistakes they share."""
    shared = [name for name in session.judging if session.shares_a_network(name)]
    return [
        f"{name} is another layer of a network of the objective: what deceives the one deceives the other, so it says "
        "less than a judge of another kind."
        for name in shared
    ]
