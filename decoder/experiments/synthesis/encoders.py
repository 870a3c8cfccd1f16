"""Encoders of the sites: for each network the layer, or all of its layers, that predict them best within the training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.ridge.ridge import RidgeAdapter
from ....models.cache.ingredients import code_of_class
from ....models.networks.network import Network
from ...encoder import Encoder
from ..kernel.cache import Arrays
from ..kernel.jobs import Experiment
from ..kernel.keys import content_key, digest_of
from .session import SynthesisSession

FORMAT = 1
"""The format of cached fits: with another number they are computed again."""

TRAINED, UNTRAINED, SHUFFLED = "trained", "untrained network", "shuffled map"
HELD_OUT = "held out"
"""A fit of the trained network without the pictures that show how well it predicts."""


class Fit(NamedTuple):
    """An encoder of all sites from a network, of a kind above."""

    network: str
    kind: str = TRAINED


def fits_of(session: SynthesisSession, lacks: Callable[[str], bool] = lambda _: True) -> list[Fit]:
    """All fits whose results are missing."""
    jobs = [Fit(network, kind) for network in session.networks for kind in (TRAINED, HELD_OUT, UNTRAINED, SHUFFLED)]
    jobs += [Fit(network, kind) for network in session.judging for kind in (TRAINED, HELD_OUT)]
    return [job for job in jobs if lacks(entry_of(session, job))]


def entry_of(session: SynthesisSession, job: Fit) -> str:
    """The file of a fit, named by a key of all that it depends on."""
    return content_key("encoders", FORMAT, job.kind, *session.ingredients(job.network), code_of_class(RidgeAdapter)) + ".npz"


def fit(session: SynthesisSession, job: Fit) -> Arrays:
    """Fit the encoder, and predict all pictures.

    ``layers`` (n_layers,) and ``pool`` say which was chosen; the weights of each layer (n_sites, n_units) have its name,
    and ``intercept`` is (n_sites,). ``predicted`` (n_pictures, n_sites).
    """
    network = session.network(job.network, untrained=job.kind == UNTRAINED)
    rows = session.training if job.kind == HELD_OUT else session.natural
    responses = session.responses[rows]
    if job.kind == SHUFFLED:
        responses = np.random.default_rng(session.settings.seed).permutation(responses)
    encoder = chosen(network, session.layers(job.network), session.settings.pool, session.pictures_at(rows), responses)
    arrays: Arrays = {"predicted": encoder.predict(session.pictures_at(np.arange(len(session.responses))))}
    if job.kind != HELD_OUT:
        arrays |= {f"weights.{layer}": of.astype(np.float32) for layer, of in encoder.weights().items()}
        arrays |= {"intercept": encoder.intercept()}
    return arrays | {"layers": np.array(list(encoder.spaces_)), "pool": np.array(encoder.pool)}


def chosen(
    network: Network, layers: Sequence[str], pools: Sequence[int], pictures: Sequence[Any], responses: NDArray
) -> Encoder:
    """The encoder with the least generalised error relative to the site's variance, on average over sites.

    Candidates are each layer, and all layers together, with each pooling.
    """
    every = [*layers, list(layers)] if len(layers) > 1 else layers
    encoders = [Encoder(network, layer, pool=pool).fit(pictures, responses) for pool in pools for layer in every]
    errors = [(of.adapter_.cv_errors_.min(axis=0) / responses.var(axis=0)).mean() for of in encoders]  # type: ignore[union-attr]
    return encoders[int(np.argmin(errors))]


def _entries(session: SynthesisSession, job: Fit) -> list[str]:
    return [entry_of(session, job)]


def _results(session: SynthesisSession, job: Fit) -> list[Arrays]:
    return [fit(session, job)]


ENCODERS = Experiment("encoders", fits_of, _entries, _results)
