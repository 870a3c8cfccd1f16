"""Sounds as targets: on a tiny random recogniser always, on Whisper where its weights are there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hotwire.adapters import RidgeAdapter
from hotwire.decoder.bundle.load import load
from hotwire.decoder.bundle.save import save
from hotwire.decoder.bundle.sealed import describe
from hotwire.decoder.decoder import Decoder
from hotwire.decoder.readouts.label import LabelReadout
from hotwire.decoder.readouts.text import TextReadout
from hotwire.decoder.recordings.events import Events
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.settings import Settings
from hotwire.decoder.sound_targets import SoundTargets
from hotwire.errors import BundleError, InputError
from hotwire.models.networks.whisper.recogniser import SpeechRecogniser
from hotwire.models.networks.whisper.sounds import log_mel

from ..models.small_recogniser import noises, said, small_recogniser

WORDS = {"L": "left", "R": ("right", "rechts"), "N": "no"}
SOUNDS = dict(zip(WORDS, noises(3), strict=True))
N_RUNS = 4


@pytest.fixture(scope="module")
def network() -> SpeechRecogniser:
    return small_recogniser()


def heard(sounds: dict[str, np.ndarray], noise: float) -> Recording:
    """A brain in which each sound leaves a pattern made of its spectrogram, five times a run, with noise."""
    rng = np.random.default_rng(0)
    mel = log_mel(list(sounds.values()), seconds=2.0, n_bins=80).numpy().reshape(len(sounds), -1)
    described = (mel - mel.mean(axis=0)) @ rng.normal(size=(mel.shape[1], 4))
    patterns = dict(zip(sounds, described / described.std() @ rng.normal(size=(4, 24)), strict=True))
    labels = np.concatenate([rng.permutation(np.repeat(list(sounds), 5)) for _ in range(N_RUNS)])
    run = np.repeat(np.arange(N_RUNS), len(labels) // N_RUNS)
    data = rng.normal(0, noise, size=(len(labels), 10, 24))
    data[:, 2:8] += np.stack([patterns[label] for label in labels.tolist()])[:, None]
    onset_s = np.tile(np.arange(len(labels) // N_RUNS, dtype=np.float64) + 0.2, N_RUNS)
    events = Events(run=run, onset_s=onset_s, duration_s=np.full(len(labels), 0.6), label=labels)
    names = tuple(f"electrode {i}" for i in range(24))
    return Recording(data.reshape(-1, 24).astype(np.float32), 10.0, names, np.repeat(run, 10), events)


def test_the_target_is_the_mean_over_a_label_s_sounds(network: SpeechRecogniser) -> None:
    a, b, c, d = noises(4)
    targets = SoundTargets(WORDS, {"N": [d], "R": (b, c), "L": a})
    assert targets.keys == ("L", "R", "N")
    assert targets.answers == ("left", "right", "no")
    tables = targets.activations(network, ["2", "0"])
    each = network.activations([a, b, c, d], ["0", "2"])
    for layer, table in tables.items():
        expected = np.stack([each[layer][0], each[layer][1:3].mean(axis=0), each[layer][3]])
        np.testing.assert_allclose(table, expected.reshape(3, -1), atol=1e-6)
    assert targets.meant("Rechts.") == 1
    assert targets.meant("house") == -1


def test_words_and_sounds_have_to_agree() -> None:
    for sounds, reason in [
        ({"L": SOUNDS["L"]}, "not in both: 'N', 'R'"),
        ({**SOUNDS, "X": SOUNDS["L"]}, "not in both: 'X'"),
        ({**SOUNDS, "N": []}, "label 'N', got none"),
    ]:
        with pytest.raises(InputError, match=reason):
            SoundTargets(WORDS, sounds)
    with pytest.raises(InputError, match="'Left' is there twice"):
        SoundTargets({"L": "left", "R": "Left"}, {"L": SOUNDS["L"], "R": SOUNDS["R"]})


def test_a_decoder_is_saved_and_had_again(network: SpeechRecogniser, tmp_path: Path) -> None:
    settings = Settings(layer="1", readout=TextReadout(max_tokens=3), adapter=RidgeAdapter(alphas=[1.0]))
    recording = heard(SOUNDS, noise=0.5)
    decoder = Decoder(network, SoundTargets(WORDS, SOUNDS), settings).fit(recording)
    save(decoder, tmp_path / "d.hotwire", live="never")
    with pytest.raises(BundleError, match=r"opened for 0.4 s of sound, but 'small' is for 0.5"):
        load(tmp_path / "d.hotwire", network=small_recogniser(0.5))
    again = load(tmp_path / "d.hotwire", network=small_recogniser())
    trials = recording.select(runs=[0])
    before, after = decoder.predict(trials), again.predict(trials)
    assert [one.probabilities for one in before] == [one.probabilities for one in after]
    assert [one.text for one in before] == [one.text for one in after]
    with pytest.raises(InputError, match="there is no sound file 'left'"):
        again.fit(recording)


@pytest.mark.slow
def test_free_answers_keep_a_decoder_from_running_live(network: SpeechRecogniser, tmp_path: Path) -> None:

    settings = Settings(layer="1", readout=TextReadout(), adapter=RidgeAdapter(alphas=[1.0]))
    decoder = Decoder(network, SoundTargets(WORDS, SOUNDS), settings).fit(heard(SOUNDS, noise=0.5))
    save(decoder, tmp_path / "d.hotwire")
    assert "only a language model's free answers can be exported" in describe(tmp_path / "d.hotwire")["live"]["reason"]


@pytest.mark.slow
def test_a_choice_runs_live(network: SpeechRecogniser, tmp_path: Path) -> None:
    from hotwire.decoder.bundle.compiled import CompiledDecoder

    settings = Settings(layer="1", readout=LabelReadout("remove"), adapter=RidgeAdapter(alphas=[1.0]))
    recording = heard(SOUNDS, noise=0.5)
    decoder = Decoder(network, SoundTargets(WORDS, SOUNDS), settings).fit(recording)
    save(decoder, tmp_path / "d.hotwire", precision="float32")
    some = recording.select(runs=[0])
    expected = [[*one.probabilities.values()] for one in decoder.predict(some)]
    found = [[*one.probabilities.values()] for one in CompiledDecoder.load(tmp_path / "d.hotwire").predict(some)]
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.slow
def test_whisper_names_the_words_that_a_made_up_brain_heard(fetched: Callable[[str], Path], tmp_path: Path) -> None:
    from scipy.io import wavfile

    from hotwire.models import open_network
    from hotwire.models.sounds.samples import samples_of

    words = ["left", "right", "down", "house", "yes", "no", "water", "five"]
    for word in words:
        wavfile.write(tmp_path / f"{word}.wav", *said(word))
    fetched("whisper-tiny.en")
    whisper = open_network("whisper-tiny.en")
    files = {word: tmp_path / f"{word}.wav" for word in words}
    recording = heard({word: samples_of(path) for word, path in files.items()}, noise=1.5)
    targets = SoundTargets({word: word for word in words}, files)
    decoder = Decoder(whisper, targets, Settings(layer="4")).fit(recording.select(runs=[0, 1, 2]))
    unseen = recording.select(runs=[3])
    right = np.mean([one.answer == unseen.events.label[one.event] for one in decoder.predict(unseen)])
    assert right > 0.6  # chance: 0.125
