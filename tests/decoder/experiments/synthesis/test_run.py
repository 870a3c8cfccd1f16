"""A synthesis for sites that follow a network, judged by the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.decoder import Encoder
from hotwire.decoder.experiments.kernel.cache import ArrayCache
from hotwire.decoder.experiments.synthesis import making
from hotwire.decoder.experiments.synthesis.encoders import (
    HELD_OUT,
    SHUFFLED,
    TRAINED,
    UNTRAINED,
    EncoderFit,
    chosen_encoder,
    entry_of,
)
from hotwire.decoder.experiments.synthesis.maps import EncoderMap
from hotwire.decoder.experiments.synthesis.objectives import SiteObjective, of_sites
from hotwire.decoder.experiments.synthesis.recorded import ANOTHER, ENCODERS_OF_ALL, judge_recorded
from hotwire.decoder.experiments.synthesis.recorded_report import RecordedReport
from hotwire.decoder.experiments.synthesis.result import OWN, Synthesis
from hotwire.decoder.experiments.synthesis.run import synthesize
from hotwire.decoder.experiments.synthesis.session import OpenedNetwork, SynthesisSession
from hotwire.decoder.experiments.synthesis.settings import PictureSettings
from hotwire.decoder.receptive_fields import ReceptiveField
from hotwire.errors import InputError
from hotwire.models.synthesis import optimise as optimise_module
from hotwire.models.synthesis.generators import pixels_of
from hotwire.models.synthesis.optimise import SAVED_EVERY

from ...small_encoding import network, pictures

N_SITES = 5
SETTINGS = PictureSettings(pool=(3, 6), n_seeds=2, side=16, n_steps=20, step=0.02, jitter=1, noise=0.0, n_draws=100)


class Truth:
    """What the sites do: a linear map of the second block."""

    name, ingredients = "truth", "truth"

    def __init__(self) -> None:
        self.network = network()
        self.weights = np.random.default_rng(1).normal(size=(np.prod(self.network.layers["blocks.1"]), N_SITES))

    def responses(self, shown: Sequence[Any]) -> np.ndarray:
        states = self.network.activations(list(shown), ["blocks.1"])["blocks.1"].reshape(len(shown), -1)
        return states.astype(np.float64) @ self.weights


class Partly(Truth):
    """It does not know the first site."""

    name, ingredients = "partly", "partly"

    def responses(self, shown: Sequence[Any]) -> np.ndarray:
        return super().responses(shown) + np.where(np.arange(N_SITES) == 0, np.nan, 0.0)


def session(
    settings: PictureSettings = SETTINGS,
    responses: np.ndarray | None = None,
    judging: dict[str, OpenedNetwork] | None = None,
    judge: Truth | None = None,
) -> SynthesisSession:
    truth, shown = Truth(), pictures()
    names = [f"{'synthetic' if i < 15 else 'photo'}_{i:02}" for i in range(len(shown))]
    found = truth.responses(shown) if responses is None else responses
    return SynthesisSession(
        "small",
        [f"site_{i}" for i in range(N_SITES)],
        dict(zip(names, shown, strict=True)),
        found,
        np.arange(len(shown)),
        {"two blocks": OpenedNetwork(truth.network, ("blocks.0", "blocks.1"))},
        settings,
        judging,
        judges=[judge or truth],  # type: ignore[list-item]
        unit="spikes",
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> ArrayCache:
    return ArrayCache(tmp_path_factory.mktemp("synthesis"))


@pytest.fixture(scope="module")
def stretched(cache: ArrayCache) -> Synthesis:
    whole = session()
    return synthesize(whole, of_sites("stretch", "*", whole.sites), cache=cache)


def test_pictures_drive_the_sites_and_controls_do_not(stretched: Synthesis) -> None:
    of = stretched.shares["truth"]
    assert of[TRAINED].beyond_best.value >= 0.8
    assert of[TRAINED].gain.low > 0
    for control in (SHUFFLED, "another site's picture"):  # the untrained network is as good here, as truth is untrained
        assert of[control].gain.value < of[TRAINED].gain.value - 0.5
        assert of[control].beyond_best.value <= 0.4
    assert set(stretched.shares[OWN]) == {TRAINED, SHUFFLED, UNTRAINED}
    assert (stretched.accuracy[OWN] > 0.5).all()
    assert stretched.accuracy["truth"] == pytest.approx(np.ones(N_SITES))


def test_scores_are_standardised_responses(stretched: Synthesis) -> None:
    """Computed anew from the picture itself."""
    truth, shown = Truth(), pictures()
    natural = truth.responses(shown)
    for i, one in enumerate(stretched.made[TRAINED]):
        response = truth.responses([one.made])[0]
        judged = one.judged["truth"]
        z = (natural[:, i] - natural[:, i].mean()) / natural[:, i].std()
        made = (response[i] - natural[:, i].mean()) / natural[:, i].std()
        assert judged.made == pytest.approx(made, rel=1e-4)
        assert judged.best == pytest.approx(z.max(), rel=1e-4)
        assert judged.high == pytest.approx(np.quantile(z, 0.99), rel=1e-4)
        assert judged.natural == pytest.approx(z[int(one.natural[-2:])], rel=1e-4)


def test_what_is_cached_is_not_made_again(
    stretched: Synthesis, cache: ArrayCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "optimise", None)
    whole = session()
    again = synthesize(whole, of_sites("stretch", "*", whole.sites), cache=cache)
    assert (again.made[TRAINED][0].made == stretched.made[TRAINED][0].made).all()
    other = session(replace(SETTINGS, n_steps=13))
    with pytest.raises(TypeError):
        synthesize(other, of_sites("stretch", "site_0", whole.sites), cache=cache)


def test_what_was_stopped_goes_on_within_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after the first state on disk, the same pictures come out, and no state is left."""
    whole = session(replace(SETTINGS, n_seeds=1, n_steps=SAVED_EVERY + 5))
    objectives = of_sites("stretch", "site_0", whole.sites)
    save = optimise_module.save

    def stopped(*args: Any) -> None:
        save(*args)
        raise KeyboardInterrupt

    cache = ArrayCache(tmp_path / "stopped")
    with monkeypatch.context() as patch:
        patch.setattr(optimise_module, "save", stopped)
        with pytest.raises(KeyboardInterrupt):
            synthesize(whole, objectives, cache=cache)
    unfinished = tmp_path / "stopped" / making.UNFINISHED
    assert list(unfinished.glob("*.npz"))
    resumed, straight = (
        synthesize(whole, objectives, cache=of).made for of in (cache, ArrayCache(tmp_path / "straight"))
    )
    for kind in resumed:
        assert (resumed[kind][0].made == straight[kind][0].made).all()
    assert not list(unfinished.glob("*.npz"))


def test_a_judge_may_know_some_of_the_sites(stretched: Synthesis, cache: ArrayCache) -> None:
    whole = session(judge=Partly())
    found = synthesize(whole, of_sites("stretch", "*", whole.sites), cache=cache)
    unknown, *others = (one.judged["partly"] for one in found.made[TRAINED])
    assert np.isnan(unknown).all()
    expected = [one.judged["truth"] for one in stretched.made[TRAINED][1:]]
    np.testing.assert_allclose(np.array(others), np.array(expected))
    shares = found.shares["partly"][TRAINED]
    assert shares.beyond_best.value == np.mean([one.beyond_best for one in expected])
    assert shares.gain.value == pytest.approx(np.mean([one.made - one.natural for one in expected]))


def test_one_hot_prefers_one_site_and_a_pattern_is_approached(cache: ArrayCache) -> None:
    other = network()
    other.name = "other"
    judging = {"other": OpenedNetwork(other, ("blocks.1",))}
    whole = session(replace(SETTINGS, n_seeds=1, combine="worst"), judging=judging)
    one_hot = synthesize(whole, of_sites("one-hot", "site_0,site_2", whole.sites), cache=cache)
    assert one_hot.shares["truth"][TRAINED].gain.value > 0.1
    assert one_hot.shares["other"][TRAINED].gain.value > 0.1
    assert one_hot.networks == ["two blocks"]
    assert (one_hot.accuracy["other"] > 0.5).all()
    pattern = SiteObjective("pattern", "wanted", pattern=(1.0, -1.0, float("nan"), 1.0, 0.0))
    grey = session(replace(SETTINGS, n_seeds=1, n_steps=25, start="grey"))
    found = synthesize(grey, [pattern], cache=cache, notes=["it may be out of reach"])
    [made] = found.made[TRAINED]
    assert made.judged["truth"].made > made.judged["truth"].high
    assert np.isnan(found.shares["truth"][TRAINED].gain.low)  # one pattern has no interval
    assert found.notes == ("it may be out of reach",)


def test_the_map_with_gradients_predicts_as_the_encoder_does(stretched: Synthesis, cache: ArrayCache) -> None:
    whole = session()
    fitted = cache.get(entry_of(whole, EncoderFit("two blocks")))
    layers = fitted["layers"].tolist()
    encoder = Encoder(whole.network("two blocks", False), layers, pool=int(fitted["pool"]))
    shown = pictures()
    expected = encoder.fit(shown, whole.responses).predict(shown[:5])
    np.testing.assert_allclose(fitted["predicted"][:5], expected, rtol=1e-6)
    of = EncoderMap(whole.network("two blocks", False), fitted, whole.natural, whole.medium)
    spread = whole.responses.std(axis=0)
    np.testing.assert_allclose(of(pixels_of(shown[:5], 16)).numpy() / spread, expected / spread, atol=1e-4)


def test_recorded_responses_judge_pictures_that_trained_nothing(cache: ArrayCache) -> None:
    settings = replace(SETTINGS, synthesised=("synthetic*",))
    whole = session(settings)
    assert len(whole.natural) == 45
    found = judge_recorded(whole, cache=cache)
    predicted = cache.get(entry_of(whole, EncoderFit("two blocks")))["predicted"][:15]
    r = [np.corrcoef(*pair)[0, 1] for pair in zip(predicted.T, whole.responses[:15].T, strict=True)]
    np.testing.assert_allclose(found.r["synthesised"], r)
    assert found.rows[ENCODERS_OF_ALL].r.value == pytest.approx(np.median(r))
    assert found.rows[ENCODERS_OF_ALL].r.low < np.median(r) < found.rows[ENCODERS_OF_ALL].r.high
    assert max(found.rows[name].r.value for name in (SHUFFLED, ANOTHER)) < 0.6 * np.median(r)
    high = np.quantile(whole.responses[15:], 0.95, axis=0)
    top = [whole.responses[np.argsort(-predicted[:, i])[:2], i] > high[i] for i in range(N_SITES)]
    assert found.rows[ENCODERS_OF_ALL].top.value == pytest.approx(np.mean(top))
    assert found.beyond.value == np.mean(whole.responses[:15].max(axis=0) > whole.responses[15:].max(axis=0))
    # Other responses to the synthesised pictures give the same encoders.
    changed = whole.responses.copy()
    changed[:15] = np.random.default_rng(0).normal(size=(15, N_SITES))
    again = session(settings, changed)
    judge_recorded(again, cache=cache)
    for kind in (TRAINED, HELD_OUT):
        one, other = (cache.get(entry_of(of, EncoderFit("two blocks", kind)))["predicted"] for of in (whole, again))
        np.testing.assert_array_equal(one, other)


def test_receptive_fields_are_a_pooling_with_gradients(cache: ArrayCache) -> None:
    """Sites that see the first block through a field: it is chosen beside others, and found."""
    true, shown, opened = ReceptiveField(0.35, 0.65, 0.1), pictures(), network()
    states = opened.activations(shown, ["blocks.0"])["blocks.0"]
    channels = np.tensordot(states, true.mask(*states.shape[2:]), axes=2)
    responses = channels @ np.random.default_rng(3).normal(size=(states.shape[1], N_SITES))
    settings = replace(SETTINGS, pool=(3, "receptive field"), synthesised=("synthetic*",))
    whole = session(settings, responses)
    found = judge_recorded(whole, cache=cache)
    assert "through receptive fields" in found.chosen["two blocks"]
    assert np.abs(found.fields["two blocks"].mean(axis=1) - true).max() < 0.1
    assert found.rows[ENCODERS_OF_ALL].r.value > 0.9
    assert [of.name for of in RecordedReport(found).figures()] == ["sites", "fields-two-blocks"]
    fitted = cache.get(entry_of(whole, EncoderFit("two blocks")))
    of = EncoderMap(opened, fitted, whole.natural, whole.medium)
    seen = pixels_of(shown[:5], 16).requires_grad_()
    predicted = of(seen)
    spread = responses.std(axis=0)
    np.testing.assert_allclose(predicted.detach().numpy() / spread, fitted["predicted"][:5] / spread, atol=1e-4)
    predicted.sum().backward()
    assert seen.grad is not None
    assert seen.grad.any()
    assert found.notes == []
    [note] = judge_recorded(session(replace(settings, pool=(3,)), responses), cache=cache).notes
    assert "two blocks: through a receptive field 5 of 5 sites are predicted better than by pooling" in note
    assert 'write pool = [3, "receptive field"]' in note


def test_pictures_that_look_alike_choose_strengths_in_whole_groups() -> None:
    whole = session()
    whole.groups = np.arange(len(whole.stimuli)) // 3
    found = chosen_encoder(whole, "two blocks", False, [6], whole.natural, whole.responses)
    again = Encoder(whole.network("two blocks"), list(found.spaces_), pool=6)
    again.fit(pictures(), whole.responses, groups=whole.groups)
    np.testing.assert_allclose(found.alpha_, again.alpha_)
    assert (found.alpha_ != again.fit(pictures(), whole.responses).alpha_).any()


def test_wrong_inputs() -> None:
    with pytest.raises(InputError, match="ten or more pictures of the recording that were synthesised"):
        judge_recorded(session())
    with pytest.raises(InputError, match=r"the recording has no picture 'x\*'; they are synthetic_00"):
        session(replace(SETTINGS, synthesised=("x*",)))
    with pytest.raises(InputError, match="expected 10 natural ones or more to fit encoders on, got 0"):
        session(replace(SETTINGS, synthesised=("*",)))
    constant = Truth().responses(pictures())
    constant[15:, 2] = 1.0
    with pytest.raises(InputError, match="site 'site_2' never varies"):
        session(replace(SETTINGS, synthesised=("synthetic*",)), constant)
    for wrong, said in (
        ({"pool": ()}, "pool: expected one or more"),
        ({"pool": ("field",)}, "or 'receptive field', got"),
        ({"n_seeds": 0}, "n_seeds: expected 1"),
        ({"jitter": 16}, "jitter: expected less than the picture's side, 16"),
        ({"slope": -1.0}, "slope: expected 0 or more"),
        ({"start": "black"}, "start: expected one of natural, grey"),
        ({"step": 0.0}, "step: expected a number above 0"),
    ):
        with pytest.raises(InputError, match=said):
            replace(SETTINGS, **wrong)  # type: ignore[arg-type]


def test_no_judge_may_be_part_of_the_objective(tmp_path: Path) -> None:
    opened = {"two blocks": OpenedNetwork(network(), ("blocks.0",))}
    whole = session()
    with pytest.raises(InputError, match="judges: two blocks is part of the objective"):
        SynthesisSession(
            *("small", whole.sites, whole.stimuli, whole.responses, whole.groups, opened, SETTINGS), judging=opened
        )
