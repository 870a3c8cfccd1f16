"""A synthesis of sounds for sites that follow a small recogniser, judged by other layers and by their spectrum."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner, Result

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.experiments.kernel.cache import ArrayCache
from hotwire.decoder.experiments.synthesis import run as synthesis_run
from hotwire.decoder.experiments.synthesis.encoders import TRAINED, EncoderFit, entry_of
from hotwire.decoder.experiments.synthesis.maps import EncoderMap, predicted
from hotwire.decoder.experiments.synthesis.objectives import of_sites
from hotwire.decoder.experiments.synthesis.players import players
from hotwire.decoder.experiments.synthesis.result import OWN, Synthesis
from hotwire.decoder.experiments.synthesis.session import SynthesisSession
from hotwire.decoder.experiments.synthesis.studies import session_of
from hotwire.decoder.report.result import Playable
from hotwire.decoder.study import networks as study_networks
from hotwire.decoder.study.study import open_study
from hotwire.errors import StudyError
from hotwire.models.sounds.samples import samples_of

from ....models.small_recogniser import small_recogniser

N = 40
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
[map]
layers = ["2"]
[synthesize]
n_steps = 30
step = 0.1
slope = 0.0
noise = 0.0
jitter = 20
n_draws = 100
judges = [
    { kind = "spectrum and modulation" },
    { kind = "encoder", name = "whisper-tiny.en", layers = ["1"] },
    { kind = "encoder", name = "whisper-tiny.en", layers = ["1"], untrained = true },
]
"""
SPECTRUM, OTHER = "spectrum and modulation", "layer 1 of small"


def sounds() -> list[np.ndarray]:
    """Noise of different colour and length, 0.2 to 0.3 s."""
    rng, made = np.random.default_rng(0), []
    for i in range(N):
        coloured = np.convolve(rng.normal(size=3_200 + 100 * (i % 17)), rng.normal(size=5), mode="valid")
        made.append((0.05 * coloured / coloured.std()).astype(np.float32))
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, made, network = tmp_path_factory.mktemp("study"), sounds(), small_recogniser()
    (folder / "sounds").mkdir()
    for i, sound in enumerate(made):
        soundfile.write(folder / "sounds" / f"{i:02}.wav", sound, 16_000, subtype="PCM_16")
    states = network.activations(made, ["2"])["2"]
    means = np.stack([one[:n].mean(axis=0) for one, n in zip(states, network.n_positions(made), strict=True)])
    sites = means @ np.random.default_rng(1).normal(size=(16, 2))
    rows = [f"{i:02}\tkind {i % 4}\t{sites[i, 0]:.6g}\t{sites[i, 1]:.6g}" for i in range(N)]
    (folder / "sites.tsv").write_text("\n".join(["stimulus\tkind\tA\tB", *rows]) + "\n")
    (folder / "study.toml").write_text(STUDY)
    return folder


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study_networks, "open_network", lambda *_, **__: small_recogniser())
        yield


@pytest.fixture(scope="module")
def session(folder: Path) -> SynthesisSession:
    return session_of(open_study(folder / "study.toml", needs_layer=False))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> ArrayCache:
    return ArrayCache(tmp_path_factory.mktemp("synthesis"))


@pytest.fixture(scope="module")
def found(session: SynthesisSession, cache: ArrayCache) -> Synthesis:
    return synthesis_run.synthesize(session, of_sites("stretch", "*", session.sites), cache=cache)


def test_sounds_drive_their_sites_and_have_the_energy_of_natural_ones(found: Synthesis, folder: Path) -> None:
    assert found.noun == "sound"
    assert found.shares[OWN][TRAINED].beyond_best.value == 1.0
    natural = [samples_of(path) for path in sorted((folder / "sounds").iterdir())]
    rms = np.mean([np.sqrt(np.mean(one.astype(float) ** 2)) for one in natural])
    for one in found.made[TRAINED]:
        assert one.made.shape == (max(map(len, natural)),)
        np.testing.assert_allclose(np.sqrt(np.mean(one.made**2)), rms, rtol=0.01)
        np.testing.assert_array_equal(one.made * 2**15, np.rint(one.made * 2.0**15))
    assert {"shuffled map", "untrained network", "another site's sound"} <= set(found.shares[SPECTRUM])


def test_sounds_may_be_longer_than_all_natural_ones_and_begin_at_noise(folder: Path, cache: ArrayCache) -> None:
    (folder / "longer.toml").write_text(STUDY.replace("n_steps = 30", 'n_steps = 3\nseconds = 0.4\nstart = "noise"'))
    longer = session_of(open_study(folder / "longer.toml", needs_layer=False))
    [one] = synthesis_run.synthesize(longer, of_sites("stretch", "A", longer.sites), cache=cache).made[TRAINED]
    assert one.made.shape == (6_400,)
    assert all(np.isfinite(of).all() for of in one.responses.values())


def test_judges_are_named_and_the_one_that_shares_the_network_is_told(found: Synthesis) -> None:
    assert list(found.shares) == [OWN, SPECTRUM, OTHER, "untrained layer 1 of small"]
    [note] = [note for note in found.notes if "another layer" in note]
    assert note.startswith("layer 1 of small is another layer of a network of the objective")
    assert found.chosen[SPECTRUM] == SPECTRUM
    assert found.chosen["small"] == "2; averaged over the sound"


def test_the_map_with_gradients_predicts_what_the_encoder_does(session: SynthesisSession, cache: ArrayCache) -> None:
    """Of sounds as long as the made ones, whose silence behind counts for nothing."""
    fitted = cache.get(entry_of(session, EncoderFit("small")))
    longest = [i for i, one in enumerate(session.stimuli.values()) if len(one) == session.medium.n_samples]  # type: ignore[attr-defined]
    assert longest
    shown = [session.stimulus(i) for i in longest]
    of = EncoderMap(session.network("small"), fitted, session.natural, session.medium)
    made = session.medium.natural(shown).requires_grad_()
    responses = of(made)
    np.testing.assert_allclose(responses.detach(), fitted["predicted"][longest], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(predicted(session.network("small"), fitted, shown), fitted["predicted"][longest], 1e-3)
    responses.sum().backward()
    assert torch.is_tensor(made.grad)
    assert made.grad.any()


def test_players_have_the_sounds_all_louder_by_one_factor(found: Synthesis) -> None:
    [table] = players(found)
    gains = []
    for one, (name, natural, made, _) in zip(found.made[TRAINED], table.rows, strict=True):
        assert name == one.name
        for player, samples in ((natural, found.natural_stimuli[one.natural]), (made, one.made)):
            assert isinstance(player, Playable)
            heard, rate = soundfile.read(io.BytesIO(base64.b64decode(player.address().partition(",")[2])))
            assert rate == 16_000
            gains.append(heard @ samples / (samples @ samples))
    np.testing.assert_allclose(gains, gains[0], rtol=1e-3)


def run(*args: object) -> Result:
    return CliRunner().invoke(hotwire, ["synthesize", *map(str, args)])


def test_files_page_and_json(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(synthesis_run, "results_folder", lambda: tmp_path / "cache")
    result = run(folder / "study.toml", "--one-hot", "A", "--json")
    assert result.exit_code == 0, result.stderr
    data = json.loads(result.stdout)
    assert set(data["shares"]) == {OWN, SPECTRUM, OTHER, "untrained layer 1 of small"}
    [file] = (tmp_path / "study-synthesize").iterdir()
    assert file.name == "one-hot-A.wav"
    samples, rate = soundfile.read(file)
    assert (rate, len(samples)) == (16_000, data["settings"]["seconds"] * 16_000)
    page = Path(data["report"]).read_text()
    assert page.count("<audio controls") == 6  # natural and synthesised, of encoders and of two controls
    for text in ("natural sounds", "Sounds of controls", "spectrum and modulation", "root mean square"):
        assert text in page
    assert "picture" not in page


@pytest.mark.parametrize(
    ("old", "new", "args", "what"),
    [
        ("n_steps = 30", "side = 64", (), "synthesize: side: only pictures have it, and sounds do not; leave it out"),
        ("n_steps = 30", 'start = "grey"', (), "start: expected one of natural, noise, got 'grey'"),
        ("n_steps = 30", 'pool = "receptive field"', (), "pool: sounds have no receptive field"),
        ("n_steps = 30", "seconds = 0.05", (), "seconds: expected 0.1 s or more, got 0.05 s"),
        ("n_steps = 30", "seconds = 3.0", (), "small is opened for 0.4 s, but sounds of 3 s are to be synthesised"),
        ("n_steps = 30", "rms = 1.5", (), "rms: expected at most 1, full scale, got 1.5"),
        ("jitter = 20", "jitter = 16000", (), "jitter: expected less than the sound's 4796 samples"),
        ('layers = ["2"]', 'layers = ["1", "2"]', (), "judges: small is part of the objective in layer 1"),
        ('layers = ["2"]', 'layers = ["5"]', (), "unknown layer '5'"),
        (
            '"spectrum and modulation"',
            '"onnx", path = "twins.onnx"',
            (),
            'kind = "onnx" judges pictures, and not',
        ),
        ("", "", ("--stretch", "C"), "unknown site 'C'"),
        ("", "", ("--metamer", "2"), "--metamer: expected a recording with pictures, but that of wrong.toml presented"),
        ("", "", ("--recorded",), "--recorded: expected a recording with pictures"),
    ],
)
def test_wrong_inputs(folder: Path, old: str, new: str, args: tuple[str, ...], what: str) -> None:
    assert old in STUDY
    (folder / "wrong.toml").write_text(STUDY.replace(old, new, 1))
    result = run(folder / "wrong.toml", *(args or ("--stretch", "*")))
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.stderr
    assert what in " ".join(result.stderr.split())


def test_what_is_wrong_for_pictures_and_sounds_is_wrong_in_the_file_itself(folder: Path) -> None:
    for new, what in (
        ("n_steps = 0", "n_steps: expected 1 or more, got 0"),
        ("rms = 0.0", "rms: expected a number above 0, got 0"),
    ):
        (folder / "wrong.toml").write_text(STUDY.replace("n_steps = 30", new))
        with pytest.raises(StudyError, match=what):
            open_study(folder / "wrong.toml", needs_layer=False)
