"""A small study, encoded: sites that follow a block, sites of noise, and what the predictions are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from hotwire.decoder import Events, LabelReadout, Recording, Settings
from hotwire.decoder.encoder import Encoder
from hotwire.decoder.experiments.encoding.cells import EncodingCell, entry_of, jobs_of, work_out
from hotwire.decoder.experiments.encoding.gather import BEST, SHUFFLED
from hotwire.decoder.experiments.encoding.methods import encoding_methods
from hotwire.decoder.experiments.encoding.predictors import (
    ALL_LAYERS,
    LAYERS,
    NUISANCE,
    PIXELS,
    POSITION,
    UNTRAINED,
    Predictor,
)
from hotwire.decoder.experiments.encoding.report import EncodingReport
from hotwire.decoder.experiments.encoding.result import FIELD_COLUMNS, Encoding
from hotwire.decoder.experiments.encoding.run import encode
from hotwire.decoder.experiments.encoding.session import EncodingSession
from hotwire.decoder.experiments.encoding.settings import EncodeSettings
from hotwire.decoder.experiments.encoding.studies import session_of
from hotwire.decoder.experiments.kernel.cache import ArrayCache
from hotwire.decoder.experiments.session.holding_out import whole_groups
from hotwire.decoder.experiments.session.settings import NetworkSpec
from hotwire.decoder.receptive_fields import FIELDS, ReceptiveField
from hotwire.decoder.statistics.ceilings import noise_ceiling
from hotwire.decoder.study.study import open_study
from hotwire.decoder.targets import StimulusTargets

from ...small_encoding import STUDY, N, network, pictures, repeats, save_study, small_network

MORE = STUDY + 'hold_out = ["stimulus", "group", "shuffled"]\ngroups = "groups.tsv"\npls = 3\n'


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EncodingSession]:
    folder = tmp_path_factory.mktemp("study")
    (folder / "groups.tsv").write_text("stimulus\tgroup\n" + "".join(f"{i:02}.png\tg{i // 6}\n" for i in range(N)))
    with small_network():
        yield session_of(open_study(save_study(folder, MORE)))


@pytest.fixture(scope="module")
def found(session: EncodingSession, tmp_path_factory: pytest.TempPathFactory) -> Encoding:
    return encode([session], cache=ArrayCache(tmp_path_factory.mktemp("results")))


def test_responses_are_averages_and_repeats_come_apart(session: EncodingSession) -> None:
    single = repeats(pictures())
    np.testing.assert_allclose(session.responses(""), single.mean(axis=2).T, rtol=1e-5)
    again = session.repeats("")
    assert again is not None
    np.testing.assert_allclose(np.sort(again, axis=2), np.sort(single.transpose(1, 0, 2), axis=2), rtol=1e-5)
    ceiling = session.ceilings[""]
    assert ceiling is not None
    assert ceiling[:6] == pytest.approx(noise_ceiling(single.transpose(1, 0, 2))[:6], abs=0.05)


def test_predictions_are_the_encoders(session: EncodingSession) -> None:
    """Each fold by itself, from the wide activations."""
    predicted, together = (
        work_out(session, EncodingCell("", "stimulus", Predictor(LAYERS, "two blocks", layer)))["predicted"]
        for layer in ("blocks.1", ALL_LAYERS)
    )
    shown, responses = pictures(), session.responses("")
    train, test = session.holding_out("stimulus")[1][3]
    for layers, of in (("blocks.1", predicted), (["blocks.0", "blocks.1"], together)):
        encoder = Encoder(network(), layers).fit([shown[i] for i in train], responses[train])
        r = [  # but for the mean of the training
            np.corrcoef(*pair)[0, 1]
            for pair in zip(encoder.predict([shown[i] for i in test]).T[:6], of[test].T[:6], strict=True)
        ]
        assert min(r) > 0.98  # the sum weighs layers by all stimuli here, by those of the training there


def test_sites_that_follow_a_block_are_explained_and_others_are_not(found: Encoding) -> None:
    seeing, blind = found.regions
    best = seeing.best.explained
    assert best.low > 0.2
    assert best.low < best.value < best.high < 1.3
    assert seeing.ceiling == pytest.approx(0.8, abs=0.05)
    assert seeing.best.unbiased_r2 == pytest.approx(best.value, abs=0.1)
    assert seeing.layers["two blocks", "blocks.1"].r > seeing.layers["two blocks", "blocks.0"].r - 0.05
    for one in found.regions:  # the mean of the training alone would be correlated negatively
        assert abs(one.rows[SHUFFLED].r) < 0.1
    assert blind.best.explained.value < 0.2 or np.isnan(blind.best.explained.value)
    assert set(seeing.rows) == {BEST, UNTRAINED, NUISANCE, PIXELS, SHUFFLED, "PLS, 3 components"}
    assert set(seeing.gains) == set(seeing.rows) - {BEST}
    assert seeing.gains[NUISANCE].value == pytest.approx(best.value - seeing.rows[NUISANCE].explained.value)
    assert sum(seeing.chosen.values()) == pytest.approx(1.0)
    assert seeing.unique is not None
    assert seeing.unique.low < seeing.unique.value < seeing.unique.high


def test_other_folds_stand_beside(found: Encoding, session: EncodingSession) -> None:
    seeing = found.regions[0]
    assert set(seeing.beside) == {"group", "shuffled"}
    assert UNTRAINED not in seeing.beside["group"]
    assert seeing.beside["shuffled"][BEST].explained.value == pytest.approx(seeing.best.explained.value, abs=0.2)
    groups, splits = session.holding_out("group")
    assert groups.tolist() == [i // 6 for i in range(N)]
    assert all(not set(groups[train]) & set(groups[test]) for train, test in splits)
    assert "Shuffled folds hold out stimuli at random" in found.sessions[0]["notes"][0]


def test_stimuli_that_look_alike_choose_strengths_in_whole_groups(
    session: EncodingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = EncodingCell("", "stimulus", Predictor(LAYERS, "two blocks", "blocks.1"))
    groups, before = np.arange(N) // 3, entry_of(session, job)
    splits = whole_groups(groups, 5)
    monkeypatch.setattr(session, "holding_out", lambda way: (groups, splits))
    assert entry_of(session, job) != before
    errors, shown, train = work_out(session, job)["errors"], pictures(), splits[0].train
    encoder = Encoder(network(), "blocks.1").fit([shown[i] for i in train], session.responses("")[train], groups[train])
    assert encoder.adapter_.cv_errors_ is not None
    np.testing.assert_allclose(errors[0], encoder.adapter_.cv_errors_.min(axis=0), rtol=0.1)


def test_a_second_run_computes_nothing_and_one_more_layer_only_itself(
    session: EncodingSession, found: Encoding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, made = ArrayCache(tmp_path / "results"), []
    from hotwire.decoder.experiments.encoding import cells

    jobs = jobs_of(session)
    assert len(jobs) == 3 * 3 + 2 + 2 * 5  # layers and their sum, trained and untrained twice, controls; others trained
    assert len({cells.entry_of(session, job) for job in jobs}) == len(jobs)
    monkeypatch.setattr(ArrayCache, "put", lambda self, name, arrays: made.append(name))
    monkeypatch.setattr(ArrayCache, "__contains__", lambda self, name: name != cells.entry_of(session, jobs[0]))
    from hotwire.decoder.experiments.kernel.jobs import fill_cache, work_here

    fill_cache(cells.ENCODINGS, [session], cache, work_here)
    assert made == [cells.entry_of(session, jobs[0])]


def test_position_in_time_predicts_drifts_in_shuffled_folds_alone(tmp_path: Path) -> None:
    """Sites that only drift: neighbours in time tell them where folds are shuffled, and nothing does elsewhere."""
    shown = {f"{i}": picture for i, picture in enumerate(pictures())}
    drift = gaussian_filter1d(np.random.default_rng(4).normal(size=(N, 8)), 1.5, axis=0)
    names, one_run = np.array(list(shown)), np.zeros(N, int)
    events = Events(one_run, np.arange(N, dtype=float), np.ones(N), names, names)
    recording = Recording(drift.astype(np.float32), 1.0, tuple("abcdefgh"), one_run, events)
    spec = NetworkSpec(network(), StimulusTargets(shown, network()), ("blocks.1",), LabelReadout())
    settings = EncodeSettings(
        Settings("blocks.1"), n_folds=6, hold_out=("contiguous", "shuffled"), gap=3, n_untrained=1, n_draws=100
    )
    session = EncodingSession("drift", recording, {"all": np.arange(8)}, [spec], settings)
    [found] = encode([session], cache=ArrayCache(tmp_path)).regions
    assert found.rows[POSITION].explained.value < 0.2
    assert found.beside["shuffled"][POSITION].explained.value > 0.6
    assert found.rows[BEST].explained.value < 0.2


def test_without_repeats_there_is_no_ceiling(tmp_path: Path) -> None:
    with small_network():
        study = save_study(tmp_path, STUDY.replace('repeats = "repeats.npy"\n', ""))
        session = session_of(open_study(study))
        found = encode([session], cache=ArrayCache(tmp_path / "results"))
    seeing = found.regions[0]
    assert (seeing.ceiling, seeing.best.unbiased_r2) == (None, None)
    assert 0.3 < seeing.best.explained.value < 0.9
    assert f"No ceiling: {N} of {N} stimuli have a single response" in found.sessions[0]["notes"][0]


def test_receptive_fields_of_made_up_sites_are_in_the_report(tmp_path: Path) -> None:
    """Every site sees the first block through one field, which is chosen in each fold."""
    true, shown = ReceptiveField(0.35, 0.65, 0.1), pictures()
    states = network().activations(shown, ["blocks.0"])["blocks.0"]
    channels = np.tensordot(states, true.mask(*states.shape[2:]), axes=2)
    signal = channels @ np.random.default_rng(3).normal(size=(states.shape[1], 12))
    with small_network():
        text = STUDY.replace('["blocks.0", "blocks.1"]', '["blocks.0"]').replace("n_folds = 5", "n_folds = 3")
        study = save_study(tmp_path, text + 'pool = "receptive field"\nn_untrained = 1\n')
        single = (signal / signal.std(axis=0)).T[..., None] + 0.5 * np.random.default_rng(4).normal(size=(12, N, 4))
        np.save(tmp_path / "repeats.npy", single)
        np.save(tmp_path / "responses.npy", single.mean(axis=2))
        session = session_of(open_study(study))
        found = encode([session], cache=ArrayCache(tmp_path / "results"))
    seeing = found.regions[0]
    assert seeing.best.explained.low > 0.6
    assert seeing.fields is not None
    assert np.abs(np.median(seeing.fields, axis=1) - true).max() < 0.1
    assert abs(seeing.rows[SHUFFLED].r) < 0.15
    assert seeing.unique is not None
    assert {*FIELD_COLUMNS} < {*seeing.of_sites}
    assert "fields-seeing" in [of.name for of in EncodingReport(found).figures()]
    assert "5 x 5 centres" in encoding_methods(found)["receptive field"]
    predicted = work_out(session, EncodingCell("", "stimulus", Predictor(LAYERS, "two blocks", "blocks.0")))
    train = session.holding_out("stimulus")[1][2].train
    encoder = Encoder(network(), "blocks.0", pool="receptive field")
    encoder.fit([shown[i] for i in train], session.responses("")[train])
    np.testing.assert_array_equal(encoder.fields_, np.array(FIELDS)[predicted["fields"][2]])
