"""How often a decoder of gist seems to hear what nobody heard.

    python benchmarks/heard_nothing.py [--quick] [--json]

Synthetic listeners hear nothing: their voxels are noise. The settings are those of ``studies/gist-synthetic.toml``, on
fewer stories and words, since noise tells no more in more of them. Each listener has noise of its own, and a decoder
fitted on its recording of short stories. Its noise is decoded at the times of the first words of the story that the
study holds out, as `hotwire gist` decodes a run, beside nulls.

deaf       Mean r is 0: nothing was heard while the decoder was fitted, either.
silent     Mean r is that of the study while the decoder is fitted.

Counted are texts less than two standard deviations from those of nulls, by each score, and listeners of whom the meter
says nothing; of 40 at most two should be the others. How words are read is the same for all, and found once.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported

import argparse  # noqa: E402
import json  # noqa: E402
from collections.abc import Mapping  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

import numpy as np  # noqa: E402
from tqdm import tqdm  # noqa: E402

from hotwire.decoder.experiments.gist.decoding import DecodingTask, decode_all  # noqa: E402
from hotwire.decoder.experiments.gist.result import Evidence  # noqa: E402
from hotwire.decoder.experiments.gist.study import GistStudy, open_gist  # noqa: E402
from hotwire.decoder.gist.fitting import encode_words, fit_gist  # noqa: E402
from hotwire.decoder.gist.meter import DISTINGUISHABLE  # noqa: E402
from hotwire.decoder.gist.window_scores import score_windows, windows_of  # noqa: E402
from hotwire.decoder.recordings.synthetic_listener import SyntheticListener  # noqa: E402
from hotwire.decoder.recordings.timed_words import TimedWords  # noqa: E402
from hotwire.decoder.statistics.surrogates import phase_randomised  # noqa: E402

STUDY = Path(__file__).parents[1] / "studies" / "gist-synthetic.toml"
N_LISTENERS, N_STORIES, N_WORDS, N_NULLS = 40, 8, 150, 9


class Heard(NamedTuple):
    """Of one listener: z of its text, by the score, and of its evidence; whether the text is said to be the brain's."""

    text_z: dict[str, float]
    evidence_z: float
    distinguishable: bool


def stories_of(study: GistStudy) -> dict[Any, TimedWords]:
    """The shortest stories, and last the first words of that which the study holds out."""
    words = study.sections.words.read(None)
    [test] = study.sections.evaluation.held_out
    shortest = sorted((run for run in words if run != test), key=lambda run: len(words[run]))[:N_STORIES]
    of, first = words[test], slice(N_WORDS)
    return {run: words[run] for run in shortest} | {
        test: TimedWords(of.word[first], of.onset_s[first], of.offset_s[first], of.source)
    }


def listeners(study: GistStudy, stories: Mapping[Any, TimedWords], mean_r: float, n: int) -> list[Heard]:
    """Fit a decoder for each of n listeners with that mean r, and decode noise of the same voxels."""
    section, settings, network = study.sections.listener, study.settings(), study.network()
    sentences, found, fitted = study.sentences(), [], None
    *training, test = stories
    known, words = {run: stories[run] for run in training}, stories[test]
    assert section is not None

    def heard(r: float, seed: int) -> Any:
        listener = section.model_copy(update={"mean_r": r, "seed": seed})
        return listener.hears(dict(stories), network, settings.layer, settings.n_tokens)

    for seed in tqdm(range(n), desc=f"mean r {mean_r:g}", unit="listener", disable=None):
        recording = heard(mean_r, seed).select(runs=training)
        if fitted is None:
            fitted = fit_gist(network, known, recording, settings)
        encoding = encode_words(network, fitted.words.of_words, known, recording, settings).model
        noise = heard(0.0, seed).select(runs=[test]).data[:, encoding.voxels].astype(np.float64)
        rng, model = np.random.default_rng(seed), encoding.whitened()
        brains = [noise, *(phase_randomised(noise, rng) for _ in range(N_NULLS))]
        own, *nulls = decode_all(fitted, words, [DecodingTask(brain, model=model) for brain in brains], "decoding")
        said = {"own": own.said}
        scores = score_windows(
            words.word.tolist(), said, [one.said for one in nulls], windows_of(words.middle_s), sentences
        )["own"]
        evidence = Evidence.of(own, nulls)
        text_z = {name: score.z for name, score in scores.items()}
        found.append(Heard(text_z, evidence.z, evidence.distinguishable))
    return found


def summary(found: list[Heard]) -> dict[str, Any]:
    """How many of the listeners are as near to nulls as they should be."""
    z = {name: np.array([one.text_z[name] for one in found]) for name in found[0].text_z}
    return {
        "n_listeners": len(found),
        "texts_near_nulls": {name: int((np.abs(of) < DISTINGUISHABLE).sum()) for name, of in z.items()},
        "meter_silent": sum(not one.distinguishable for one in found),
        "text_z": {name: of.tolist() for name, of in z.items()},
        "evidence_z": [one.evidence_z for one in found],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two listeners of each kind: a look, no verdict")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    study = open_gist(STUDY)
    assert study.sections.listener is not None
    of_study = SyntheticListener(**study.sections.listener.given("layer", "silence_s", "runs"))
    stories, n = stories_of(study), 2 if given.quick else N_LISTENERS
    kinds = {"deaf": 0.0, "silent": of_study.mean_r}
    found: dict[str, Any] = {"n_nulls": N_NULLS, "n_words": N_WORDS, "n_stories": N_STORIES}
    found["kinds"] = {name: summary(listeners(study, stories, r, n)) for name, r in kinds.items()}
    if given.json:
        print(json.dumps(found))
        return
    for name, of in found["kinds"].items():
        near = ", ".join(f"{score} {count}" for score, count in of["texts_near_nulls"].items())
        print(
            f"{name}: of {of['n_listeners']} listeners the meter is silent in {of['meter_silent']}; near nulls: {near}"
        )


if __name__ == "__main__":
    main()
