"""A study of sounds: sites that follow a layer of a small recogniser, or the spectrum of the sounds, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hotwire.decoder.experiments.encoding.controls import values_of
from hotwire.decoder.experiments.encoding.gather import BEST, SHUFFLED
from hotwire.decoder.experiments.encoding.predictors import COCHLEAGRAM, LABELS, NUISANCE, PIXELS, SPECTRUM, UNTRAINED
from hotwire.decoder.experiments.encoding.report import EncodingReport
from hotwire.decoder.experiments.encoding.result import Encoding
from hotwire.decoder.experiments.encoding.run import encode
from hotwire.decoder.experiments.encoding.session import EncodingSession
from hotwire.decoder.experiments.encoding.studies import session_of
from hotwire.decoder.experiments.kernel.cache import ArrayCache
from hotwire.decoder.pooling import pooled
from hotwire.decoder.study import networks as study_networks
from hotwire.decoder.study.study import open_study
from hotwire.decoder.targets import StimulusTargets
from hotwire.errors import StudyError
from hotwire.models import SpeechRecogniser
from hotwire.models.sounds.cochleagram import cochleagram
from hotwire.models.sounds.modulation import spectrum_and_modulation

from ....models.small_recogniser import small_recogniser

N = 36
STUDY = """
[recording]
kind = "responses"
responses = "sites.tsv"
stimuli = "sounds"
label = "kind"
[network]
name = "whisper-tiny.en"
[targets]
stimuli = "recording"
[decoder]
layer = "2"
[map]
regions = { ear = { features = ["ear"] }, deep = { features = ["deep"] }, none = { features = ["none"] } }
[encode]
pool = 1
n_folds = 6
n_draws = 100
n_untrained = 1
hold_out = ["stimulus", "class"]
hierarchy = ["ear", "deep", "none"]
"""


def sounds() -> list[np.ndarray]:
    """Noise of different colour, loudness and length, 0.2 to 0.4 s."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(N):
        white = rng.normal(size=3_200 + 100 * (i % 33))
        coloured = np.convolve(white, rng.normal(size=5))[: len(white)]
        made.append((0.3 * coloured / np.abs(coloured).max()).astype(np.float32))
    return made


def means(network: SpeechRecogniser, made: list[np.ndarray]) -> np.ndarray:
    """The mean over the states of each sound alone, as loops."""
    table = network.activations(made, ["2"])["2"]
    return np.stack(
        [one[: int(np.ceil(len(sound) / 320))].mean(axis=0) for one, sound in zip(table, made, strict=True)]
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, made, rng = tmp_path_factory.mktemp("study"), sounds(), np.random.default_rng(1)
    (folder / "sounds").mkdir()
    for i, sound in enumerate(made):
        soundfile.write(folder / "sounds" / f"{i:02}.flac", sound, 16_000, subtype="PCM_24")
    deep = means(small_recogniser(), made) @ rng.normal(size=16)
    ear = spectrum_and_modulation([cochleagram(one) for one in made])[:, 10]
    sites = [(one - one.mean()) / one.std() for one in (ear, deep, rng.normal(size=N))]
    rows = [f"{i:02}\tkind {i % 9}\t" + "\t".join(f"{one[i]:.6g}" for one in sites) for i in range(N)]
    (folder / "sites.tsv").write_text("\n".join(["stimulus\tkind\tear\tdeep\tnone", *rows]) + "\n")
    (folder / "study.toml").write_text(STUDY)
    return folder


@pytest.fixture(scope="module")
def session(folder: Path) -> Iterator[EncodingSession]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study_networks, "open_network", lambda *_, **__: small_recogniser())
        yield session_of(open_study(folder / "study.toml"))


@pytest.fixture(scope="module")
def found(session: EncodingSession, tmp_path_factory: pytest.TempPathFactory) -> Encoding:
    return encode([session], cache=ArrayCache(tmp_path_factory.mktemp("results")))


def test_silence_behind_a_sound_counts_for_nothing() -> None:
    network, made = small_recogniser(), sounds()
    table = network.activations(made, ["2"])["2"]
    filled = network.n_positions(made)
    flat = table.reshape(N, -1)
    np.testing.assert_allclose(pooled(flat, table.shape[1:], 1, filled), means(network, made), rtol=1e-5)
    thirds = pooled(flat, table.shape[1:], 3, filled).reshape(N, 3, 16)
    np.testing.assert_allclose(thirds[5, 1], table[5, filled[5] // 3 : 2 * filled[5] // 3].mean(axis=0), rtol=1e-5)
    assert pooled(flat, table.shape[1:], None, filled) is flat


def test_sites_are_explained_by_what_they_follow(found: Encoding) -> None:
    ear, deep, none = found.regions
    assert deep.best.explained.low > 0.5  # of one site, over stimuli alone
    assert ear.rows[SPECTRUM].explained.value > 0.8
    assert none.best.explained.value < 0.2
    assert set(ear.rows) == {BEST, UNTRAINED, NUISANCE, SPECTRUM, COCHLEAGRAM, LABELS, SHUFFLED}
    assert set(ear.beside["class"]) == set(ear.rows) - {UNTRAINED, LABELS}


def test_classes_are_the_labels_of_the_table(session: EncodingSession) -> None:
    groups, splits = session.holding_out("class")
    assert groups.tolist() == [i % 9 for i in range(N)]
    assert all(not set(groups[train]) & set(groups[test]) for train, test in splits)


def test_the_report_tests_the_hierarchy_and_says_over_what_intervals_are(found: Encoding) -> None:
    [one] = found.hierarchies
    assert {region: stage for region, (stage, _) in one.regions.items()} == {"ear": 1, "deep": 2, "none": 3}
    report = EncodingReport(found)
    assert report.summary()["hierarchies"][0]["rise"]["least_p"] >= 1 / 6
    assert any("rank correlation of stage and depth" in one.text for one in report.sentences())
    assert report.numbers()[1].label == "95 % interval over stimuli"


def test_controls_of_sounds_are_not_those_of_pictures() -> None:
    made = {f"{i}": one for i, one in enumerate(sounds()[:4])}
    targets = StimulusTargets(made, small_recogniser(), labels=dict.fromkeys(made, "noise"))
    assert values_of(PIXELS, targets) is None
    assert values_of(LABELS, targets) is None  # all are of one class
    heard = values_of(COCHLEAGRAM, targets)
    loudness = values_of(NUISANCE, targets)
    assert heard is not None
    assert loudness is not None
    assert heard.shape == (4, 40 * 32)
    np.testing.assert_allclose(loudness[:, 0], [cochleagram(one).mean() for one in made.values()], rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"deep", "none"]', '"deep", "belt"]'), "encode: unknown region of the hierarchy 'belt'"),
        (('"deep", "none"]', '"ear"]'), "hierarchy: expected two or more stages of three or more regions in all, each"),
        (('name = "whisper-tiny.en"', 'name = "efficientnet-lite0"'), "expected a network that hears sounds, such as"),
        (('stimuli = "sounds"', 'stimuli = "nowhere"'), r"stimuli: there is no folder or zip file .*nowhere"),
        (("pool = 1", 'pool = "receptive field"'), r"pool: 'receptive field' needs layers of maps .* is \("),
        (('label = "kind"', 'label = "class"'), r"expected a column 'class', got the columns stimulus, kind"),
        (('label = "kind"', 'label = "kind"\nrepeats = "r.npy"'), "repeats: expected beside responses in a .npy file"),
    ],
)
def test_wrong_studies(folder: Path, change: tuple[str, str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_networks, "open_network", lambda *_, **__: small_recogniser())
    (folder / "wrong.toml").write_text(STUDY.replace(*change).replace('layer = "2"', 'layer = "4"'))
    with pytest.raises(StudyError, match=message):
        session_of(open_study(folder / "wrong.toml"))


def test_a_sound_longer_than_the_network_takes_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_networks, "open_network", lambda *_, **__: small_recogniser(seconds=0.3))
    (folder / "long.toml").write_text(STUDY)
    message = (
        r"network.seconds: expected 0.4 or more, as 32.flac lasts 0.40 s, got 0.3; write seconds = 0.4 in \[network"
    )
    with pytest.raises(StudyError, match=message):
        session_of(open_study(folder / "long.toml"))
