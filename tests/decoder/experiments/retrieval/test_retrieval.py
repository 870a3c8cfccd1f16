"""`hotwire retrieve` on made-up listeners, whose brains follow a language model's states, or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.experiments.retrieval.report import RetrievalReport
from hotwire.decoder.experiments.retrieval.result import LANGUAGE, NUISANCE_ALONE
from hotwire.decoder.experiments.retrieval.run import retrieve
from hotwire.decoder.experiments.retrieval.settings import RetrievalSettings
from hotwire.decoder.experiments.retrieval.study import open_retrieval
from hotwire.decoder.gist.lanczos import words_to_samples
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.decoder.study.networks import NetworkSection
from hotwire.errors import InputError, RecordingError, StudyError, UnknownNameError
from hotwire.models.networks.language.language_model import LanguageModel
from hotwire.models.networks.language.word_states import word_states

from ...small_words import small_language_model

N_SAMPLES, N_LISTENERS, N_FEATURES = 150, 6, 8
SETTINGS: dict[str, Any] = {"delays": [1, 2], "window_s": [20.0], "n_folds": 3, "n_components": 6, "n_groups": 2}
FEW: dict[str, Any] = {"strengths": [10.0, 100.0], "n_shifts": 12, "n_orders": 1}


@pytest.fixture(scope="module")
def network() -> LanguageModel:
    return small_language_model()


@pytest.fixture(scope="module")
def words() -> TimedWords:
    rng = np.random.default_rng(2)
    onset = np.linspace(1.0, 2 * N_SAMPLES - 2, 400)
    word = np.array([f"word{i}" for i in rng.integers(0, 60, 400)])
    return TimedWords(word, onset, onset + 0.4, source="made.tsv")


def listeners(network: LanguageModel, words: TimedWords, strength: float) -> Recording:
    rng = np.random.default_rng(3)
    states = word_states(network, list(words.word), ["1"]).states["1"].astype(np.float64)
    states = (states - states.mean(axis=0)) / states.std(axis=0)
    shared = words_to_samples(states @ rng.normal(size=(12, N_FEATURES)), words.middle_s, N_SAMPLES, 0.5)
    shared = np.roll(shared, 1, axis=0) / shared.std(axis=0)
    data = strength * shared + rng.normal(size=(N_LISTENERS, N_SAMPLES, N_FEATURES))
    names = [f"feature_{i}" for i in range(N_FEATURES)]
    run = np.repeat([f"listener{i}" for i in range(N_LISTENERS)], N_SAMPLES)
    return Recording(data.reshape(-1, N_FEATURES), 0.5, tuple(names), run, source="made up")


def test_listeners_who_follow_the_story_are_told_apart_from_shifted_ones(
    network: LanguageModel, words: TimedWords
) -> None:
    settings = RetrievalSettings(["1", "2"], **SETTINGS, **FEW)
    result = retrieve(listeners(network, words, 1.0), words, network, settings)
    one, half = result.against_shifted(LANGUAGE, 20.0)
    assert one.value > 0.8
    assert half.value >= one.value
    assert one.z > 4
    assert one.p_value == 1 / 13
    assert result.gain(NUISANCE_ALONE, 20.0).low > 0
    assert sum(result.layers.values()) == pytest.approx(1)
    off = result.matrix[~np.eye(len(result.matrix), dtype=bool)]
    assert np.median(np.diag(result.matrix)) > off.max()


def test_brains_that_follow_nothing_are_at_chance(network: LanguageModel, words: TimedWords) -> None:
    result = retrieve(listeners(network, words, 0.0), words, network, RetrievalSettings(["1"], **SETTINGS, **FEW))
    one, half = result.against_shifted(LANGUAGE, 20.0)
    assert abs(one.z) < 3
    assert abs(half.z) < 3
    assert abs(one.value - 0.5) < 0.1


def test_three_listeners_say_why_there_is_no_interval(network: LanguageModel, words: TimedWords) -> None:
    made = listeners(network, words, 1.0).select(runs=["listener0", "listener1", "listener2"])
    report = RetrievalReport(retrieve(made, words, network, RetrievalSettings(["1"], **SETTINGS, **FEW)))
    gains = [one for one in report.sentences() if "(no interval)" in one.text]
    assert [one.good for one in gains] == [None, None, None]
    assert report.sentences()[-1].text.startswith("There are no intervals: 3 listeners say too little")
    assert report.numbers()[1].value == "none"


def test_what_does_not_fit_is_named(network: LanguageModel, words: TimedWords) -> None:
    made = listeners(network, words, 0.0)
    with pytest.raises(RecordingError, match="two listeners or more, got 1"):
        retrieve(made.select(runs=["listener0"]), words, network, RetrievalSettings(["1"]))
    twice = replace(made, data=np.concatenate([made.data[:N_SAMPLES], made.data[:-N_SAMPLES]]))
    with pytest.raises(RecordingError, match="each listener once, but listener1 and listener0 have the same samples"):
        retrieve(twice, words, network, RetrievalSettings(["1"]))
    late = TimedWords(np.array(["late"]), np.array([301.0]), np.array([301.5]), source="made.tsv")
    with pytest.raises(RecordingError, match=r"'late'\) is said at 301 s, but run listener0 lasts from 0 to 300 s"):
        retrieve(made, late, network, RetrievalSettings(["1"]))
    with pytest.raises(InputError, match="n_shifts: expected at most 101"):
        retrieve(made, words, network, RetrievalSettings(["1"]))
    with pytest.raises(UnknownNameError, match="layer"):
        retrieve(made, words, network, RetrievalSettings(["7"], **SETTINGS, **FEW))
    with pytest.raises(InputError, match="n_folds: expected 3 or more, got 2"):
        RetrievalSettings(["1"], n_folds=2)


def save(folder: Path, made: Recording, words: TimedWords, settings: dict[str, Any]) -> Path:
    arrays: dict[str, Any] = {str(name): made.data[made.samples_of(name)] for name in made.runs}
    np.savez(folder / "made.npz", **arrays)
    rows = zip(words.word, words.onset_s, words.offset_s, strict=True)
    text = "\n".join(["word\tonset_s\toffset_s", *(f"{word}\t{on}\t{off}" for word, on, off in rows)])
    (folder / "words.tsv").write_text(text)
    fields = "\n".join(f"{name} = {value}" for name, value in settings.items())
    (folder / "story.toml").write_text(
        'kind = "retrieval"\n[listeners]\npath = "made.npz"\ntr_s = 2.0\n[words]\npath = "words.tsv"\n'
        f'[network]\nname = "smollm2-135m-instruct"\n[retrieval]\n{fields}\n'
    )
    return folder / "story.toml"


def test_the_command_writes_tables_page_and_json(
    network: LanguageModel, words: TimedWords, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(NetworkSection, "open", lambda self: network)
    study = save(tmp_path, listeners(network, words, 1.0), words, {"layers": 1, **SETTINGS, **FEW})
    answer = CliRunner().invoke(hotwire, ["retrieve", str(study), "--json"])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    scores = found["windows"]["20"]["scores"]
    assert scores[LANGUAGE]["one_listener"]["value"] > 0.8
    assert set(scores[LANGUAGE]["listeners"]) == {f"listener{i}" for i in range(N_LISTENERS)}
    assert scores[LANGUAGE]["one_listener_shifted"]["p_value"] == 1 / 13
    page = (tmp_path / "story-retrieval.html").read_text()
    assert page.count("<svg") == 3
    assert "the true window wins" in page


def test_faults_of_a_study_name_the_field(network: LanguageModel, words: TimedWords, tmp_path: Path) -> None:
    made = listeners(network, words, 0.0)
    study = save(tmp_path, made, words, {"layers": 1, "delays": [-1]})
    with pytest.raises(StudyError, match=r"story.toml: delays: expected samples after the word, from 0, got \[-1\]"):
        open_retrieval(study).run()
    study.write_text(study.read_text().replace("tr_s = 2.0\n", ""))
    with pytest.raises(StudyError, match="listeners: expected a field 'tr_s', got none"):
        open_retrieval(study)
