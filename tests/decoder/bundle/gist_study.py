"""A small study of gist in a folder: a synthetic listener, its stories, and a language model of 16 units."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hotwire.decoder.bundle.compiled_gist import CompiledGist
from hotwire.decoder.bundle.save_gist import save_gist
from hotwire.decoder.experiments.gist.study import open_gist
from hotwire.decoder.gist.fitting import FittedGist, fit_gist
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.decoder.volumes import VolumeSpace

from ..small_study import save_network

STUDY = """
kind = "gist"
[listener]
layer = 2
n_features = 60
mean_r = 0.7
spread_r = 0.2
private = 0.1
silence_s = 16.0
[words]
path = "stories.tsv"
run = "story"
[network]
name = "network"
[gist]
layer = 1
n_components = 8
n_voxels = 40
n_folds = 3
n_mixtures = 0
[beam]
width = 4
extensions = 6
nucleus = { ratio = 0.0, mass = 1.0 }
context_s = 0.0
context_words = 1
commit_words = 8
[evaluation]
held_out = "d"
"""
N_WORDS = 190
SPACE = VolumeSpace((2, 3, 2), np.diag([3.0, 3.0, 4.0, 1.0]), np.arange(12, dtype=np.float32).reshape(2, 3, 2))


def save_gist_study(folder: Path) -> Path:
    """Write all of it, and return the study file."""
    save_network(folder / "network")
    rng = np.random.default_rng(0)
    rows = ["story\tword\tonset_s\toffset_s"]
    for story in "abcd":
        said = np.array(["picture", "tree", "dog", "face", "shoe", "cat"])[np.cumsum(rng.integers(1, 6, N_WORDS)) % 6]
        rows += [f"{story}\t{word}\t{3 + 1.5 * i:.2f}\t{3.4 + 1.5 * i:.2f}" for i, word in enumerate(said)]
    (folder / "stories.tsv").write_text("\n".join(rows))
    (folder / "gist.toml").write_text(STUDY)
    return folder / "gist.toml"


class SavedGist(NamedTuple):
    """A decoder that was fitted on the runs a, b and c, as it was and as it was loaded; all runs, and their words."""

    study: Path
    fitted: FittedGist
    loaded: CompiledGist
    recording: Recording
    words: dict[Any, TimedWords]


def fit_and_save(folder: Path) -> SavedGist:
    study = save_gist_study(folder)
    opened = open_gist(study)
    network = opened.network()
    recording, words = opened.read(network)
    training = replace(recording.select(runs=["a", "b", "c"]), space=SPACE)
    known = {run: words[run] for run in training.runs}
    fitted = fit_gist(network, known, training, opened.settings())
    saved = save_gist(fitted, training, known, (), folder / "me.hotwire", passages=words)
    return SavedGist(study, fitted, saved, recording, words)
