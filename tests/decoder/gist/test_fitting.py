"""A synthetic listener is fitted on some stories and decoded on others: the words come from its brain."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.gist.beam_settings import BeamSettings
from hotwire.decoder.gist.encoding_fit import EncodingSettings
from hotwire.decoder.gist.fitting import FittedGist, GistSettings, fit_gist
from hotwire.decoder.gist.network_words import read_stories
from hotwire.decoder.gist.proposals import Nucleus
from hotwire.decoder.gist.window_identification import identify
from hotwire.decoder.gist.window_scores import score_windows, windows_of
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.recordings.synthetic_listener import SyntheticListener
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.errors import RecordingError, UnknownNameError
from hotwire.models.networks.language.language_model import LanguageModel

RUNS, LENGTH, HELD_OUT = 5, 60, 4
SETTINGS = GistSettings(
    "1",
    n_components=8,
    encoding=EncodingSettings(n_voxels=60, n_folds=3, n_mixtures=2),
    beam=BeamSettings(width=5, extensions=6, nucleus=Nucleus(0.0, 1.0), context_s=0.0, context_words=1),
)


@pytest.fixture(scope="module")
def stories() -> dict[int, TimedWords]:
    rng = np.random.default_rng(0)
    made = {}
    for run in range(RUNS):
        onset_s = np.arange(3.0, 2 * LENGTH - 3, 1.5)
        steps = rng.integers(1, 6, len(onset_s))  # never the same word twice in a row
        said = np.array(["picture", "tree", "dog", "face", "shoe", "cat"])[np.cumsum(steps) % 6]
        made[run] = TimedWords(said, onset_s, onset_s + 0.4)
    return made


@pytest.fixture(scope="module")
def recording(network: LanguageModel, stories: dict[int, TimedWords]) -> Recording:
    read = read_stories(network, ["2"], stories, 32)
    listener = SyntheticListener(n_features=80, mean_r=0.7, spread_r=0.2, private=0.1)
    return listener.record(stories, {run: of.states["2"] for run, of in read.items()}, dict.fromkeys(stories, LENGTH))


@pytest.fixture(scope="module")
def fitted(network: LanguageModel, stories: dict[int, TimedWords], recording: Recording) -> FittedGist:
    training = [run for run in stories if run != HELD_OUT]
    words = {run: stories[run] for run in training}
    return fit_gist(network, words, recording.select(runs=training), SETTINGS)


def test_words_come_from_the_brain(fitted: FittedGist, stories: dict[int, TimedWords], recording: Recording) -> None:
    assert fitted.encoding.correlations.mean() > 0.3
    true = stories[HELD_OUT]
    said = fitted.decode(recording, HELD_OUT, true)
    nulls = [fitted.decode(recording, HELD_OUT, true, seed) for seed in range(4)]
    assert [len(text) for text in (said, *nulls)] == [len(true)] * 5
    assert nulls[0] != nulls[1]
    windows = windows_of(true.middle_s)
    scores = score_windows(true.word.tolist(), {"said": said}, nulls, windows)["said"]
    assert scores["WER"].z > 3
    assert scores["BLEU-1"].above > 0.5
    assert identify(true.word.tolist(), said, windows).same_story > 0.7
    # noise is no brain: its text is no better than those without one
    rng = np.random.default_rng(1)
    noise = Recording(
        rng.normal(size=recording.data.shape).astype(np.float32),
        recording.rate_hz,
        recording.feature_names,
        recording.run,
    )
    texts = {"deaf": fitted.decode(noise, HELD_OUT, true)}
    deaf = score_windows(true.word.tolist(), texts, nulls, windows)["deaf"]
    assert deaf["WER"].z < 3


def test_faults(
    network: LanguageModel, stories: dict[int, TimedWords], recording: Recording, fitted: FittedGist
) -> None:
    with pytest.raises(UnknownNameError, match="unknown layer '9'"):
        fit_gist(network, stories, recording, GistSettings("9"))
    with pytest.raises(RecordingError, match="expected words for each run, got none for: 1, 2"):
        fit_gist(network, {0: stories[0]}, recording.select(runs=[0, 1, 2]), SETTINGS)
    late = TimedWords(np.array(["dog"]), np.array([900.0]), np.array([901.0]))
    with pytest.raises(RecordingError, match="1 of 1 words lie outside it"):
        fitted.decode(recording, HELD_OUT, late)
