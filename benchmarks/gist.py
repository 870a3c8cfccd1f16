"""How fast gist is decoded live: a beam of 32, three words a second, a volume of 10,000 voxels every two seconds.

    python benchmarks/gist.py [--quick] [--json]

live       SmolLM2 as the two graphs of a bundle, on two cores, and the beam that is the default (a wide nucleus, of
           which 7 candidates are tried): seconds of work for a second of speech, by the clock and of processor time,
           and for each volume; and processor time a word with 100 voxels and with 10,000.
int8       The same with graphs of 8 bits, and how near their states and log probabilities are.
volume     A new volume of 10,000 voxels into whitened numbers.
reference  The reference's way of a word (Tang et al. 2023), written plainly: without a cache, over the whole story,
           with all voxels. Its parts are timed for one hypothesis or proposal each, and counted as often as it needs.

Recording, responses and the words that may be said are made up; the work does not depend on them, but on how many
proposals a hypothesis has, which is said. The graphs are exported once, which takes minutes, and stored in hotwire's
cache; `--quick` takes those that are there, and leaves out what needs them otherwise.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported

import argparse  # noqa: E402
import json  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import asdict, replace  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

from hotwire.decoder.gist.beam_settings import BeamSettings  # noqa: E402
from hotwire.decoder.gist.featured_words import FeaturedWords  # noqa: E402
from hotwire.decoder.gist.gist_decoder import GistDecoder  # noqa: E402
from hotwire.decoder.gist.lanczos import lanczos_matrix  # noqa: E402
from hotwire.decoder.gist.proposals import Vocabulary  # noqa: E402
from hotwire.decoder.gist.timing import WordTiming  # noqa: E402
from hotwire.decoder.gist.whitened import WhitenedModel  # noqa: E402
from hotwire.decoder.gist.word_features import WordFeatures  # noqa: E402
from hotwire.models.cache_folder import cache_folder  # noqa: E402
from hotwire.models.export.onnx_precision import Precision  # noqa: E402
from hotwire.models.networks.language.graph_pass import GraphPass, GraphShapes  # noqa: E402

NETWORK, LAYER, WIDTH = "smollm2-135m-instruct", "8", 32
TR_S, WORDS_PER_S, N_VOXELS, N_COMPONENTS, DELAYS = 2.0, 3.0, 10_000, 64, (1, 2, 3, 4)
N_FEATURES = N_COMPONENTS + 5
BEAM = BeamSettings(width=WIDTH)
STORY_S = 600.0
REACHED = 20
"""Volumes that a beam's hypotheses differ in, which the reference scores again for each proposal."""
CONTEXT_TOKENS, WINDOW_TOKENS = 24, 6


class CountedWords(FeaturedWords):
    """Also counts the proposals."""

    n_words = n_proposals = 0

    def features(self, memory: Any, rows: Any, words: Any, log_p: Any, duration_s: float) -> Any:
        self.n_words, self.n_proposals = self.n_words + 1, self.n_proposals + len(words)
        return super().features(memory, rows, words, log_p, duration_s)


def graphs(precision: Precision, quick: bool) -> tuple[GraphPass, Vocabulary] | None:
    """The network's graphs and vocabulary, from the cache or exported."""
    name = "" if precision == "float32" else f"-{precision}"
    path = Path(cache_folder()) / f"benchmark-gist-{NETWORK}-{LAYER}-{WIDTH}{name}.npz"
    if not path.is_file():
        if quick:
            return None
        export(path, precision)
    with np.load(path, allow_pickle=False) as file:
        of = {name: file[name] for name in file.files}
    halves = {name: of[name].tobytes() for name in ("enter.onnx", "go_on.onnx")}
    shapes = GraphShapes(**json.loads(of["shapes"].tobytes()))
    network = GraphPass(halves, shapes, of["frequencies"], of["first_log_p"], float(of["first_log_mass"]))
    words = tuple(json.loads(of["words"].tobytes()))
    may = np.ones(len(words), bool)
    return network, Vocabulary(words, of["stem"], of["stop"], may, of["first"])


def export(path: Path, precision: Precision) -> None:
    from hotwire.decoder.gist.network_words import FIRST_WORDS, vocabulary_of
    from hotwire.models.export.sliding_graphs import sliding_graphs
    from hotwire.models.networks.language.language_model import LanguageModel
    from hotwire.models.networks.language.sliding_pass import SlidingPass
    from hotwire.models.networks.opening import open_network

    opened = open_network(NETWORK)
    assert isinstance(opened, LanguageModel)
    vocabulary, tokens = vocabulary_of(opened, FIRST_WORDS)
    made = sliding_graphs(SlidingPass(opened, LAYER), tokens.tolist(), WIDTH, precision)
    texts = {"shapes": json.dumps(asdict(made.shapes)), "words": json.dumps(vocabulary.words)}
    np.savez(
        path,
        **{name: np.frombuffer(half, np.uint8) for name, half in made.graphs.items()},
        **{name: np.frombuffer(text.encode(), np.uint8) for name, text in texts.items()},
        **{name: getattr(vocabulary, name) for name in ("stem", "stop", "first")},
        frequencies=made.frequencies,
        first_log_p=made.first_log_p,
        first_log_mass=np.array(made.first_log_mass),
    )


def model(n_voxels: int) -> WhitenedModel:
    rng = np.random.default_rng(0)
    n_directions = min(n_voxels, len(DELAYS) * N_FEATURES)
    size = np.r_[np.full(N_COMPONENTS, 20.0), np.ones(N_FEATURES - N_COMPONENTS)]
    return WhitenedModel(
        timing=WordTiming(DELAYS, autocorrelation=0.3),
        rate_hz=1 / TR_S,
        unknown=np.zeros(N_FEATURES),
        mean=np.zeros(N_FEATURES),
        size=size,
        intercept=np.zeros(n_voxels),
        projection=rng.normal(size=(n_voxels, n_directions)) / np.sqrt(n_voxels),
        responses=0.2 * rng.normal(size=(len(DELAYS), n_directions, N_FEATURES)) / np.sqrt(n_directions),
    )


def live(network: GraphPass, vocabulary: Vocabulary, of: WhitenedModel, n_volumes: int) -> dict[str, Any]:
    """Decode volumes one by one; those before the first words are decided do not count."""
    rng = np.random.default_rng(1)
    features = WordFeatures(np.zeros(network.shapes.n_units), rng.normal(size=(network.shapes.n_units, N_COMPONENTS)))
    features = replace(features, components=features.components / np.sqrt(network.shapes.n_units))
    words = CountedWords(network, vocabulary, features, np.zeros((len(vocabulary.words), N_COMPONENTS)))
    decoder = GistDecoder(of, words, vocabulary, BEAM)
    a_volume = round(WORDS_PER_S * TR_S)
    middle_s = (np.arange(a_volume * (n_volumes + 14)) + 0.5) / WORDS_PER_S
    wall_s, begun = [], None
    for number in range(n_volumes + 14):
        said = middle_s[number * a_volume : (number + 1) * a_volume]
        if len(wall_s) == 12:  # the beam is full, and all buffers are there
            begun = time.process_time(), words.n_words, words.n_proposals
        start = time.perf_counter()
        decoder.push(rng.normal(size=(1, len(of.intercept))), said, np.full(len(said), 1 / WORDS_PER_S))
        wall_s.append(time.perf_counter() - start)
    assert begun is not None
    n_words = words.n_words - begun[1]
    volumes_s = np.array(wall_s[12:])
    cpu_s = time.process_time() - begun[0]
    return {
        "n_words": n_words,
        "proposals": (words.n_proposals - begun[2]) / n_words,
        "real_time_factor": float(volumes_s.mean() / TR_S),
        "p99_volume_s": float(np.percentile(volumes_s, 99)),
        "processor_time_factor": cpu_s / (len(volumes_s) * TR_S),
        "cpu_word_s": cpu_s / n_words,
    }


def nearness(network: GraphPass, other: GraphPass) -> dict[str, float]:
    """How near states and log probabilities are after made-up words, and how often the best word is the same."""
    rng, rows = np.random.default_rng(3), np.zeros(1, np.intp)
    memories, pairs = [one.begin()[0] for one in (network, other)], []
    for word in rng.integers(0, network.shapes.n_words, 40):
        made = [
            one.enter(memory, np.array([word]), rows) for one, memory in zip((network, other), memories, strict=True)
        ]
        gone = [
            one.go_on(memory.take(rows), entered)
            for one, memory, (_, entered) in zip((network, other), memories, made, strict=True)
        ]
        memories = [memory for memory, *_ in gone]
        pairs.append(([states[0] for states, _ in made], [log_p[0] for _, log_p, _ in gone]))
    states, log_p = (np.array([pair[kind] for pair in pairs]) for kind in (0, 1))
    return {
        "states_r": float(np.mean([np.corrcoef(*pair)[0, 1] for pair in states])),
        "log_p_r": float(np.mean([np.corrcoef(*pair)[0, 1] for pair in log_p])),
        "same_best_word": float(np.mean(log_p[:, 0].argmax(axis=1) == log_p[:, 1].argmax(axis=1))),
    }


def least(run: Callable[[], object], n: int) -> float:
    """Seconds of processor time, the least of several."""
    found = []
    for _ in range(n):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


def reference(proposals: float) -> dict[str, float]:
    """Seconds of processor time of the parts of a word, at a beam of 32."""
    import torch

    from hotwire.models.networks.opening import open_network

    torch.set_num_threads(1)
    network = open_network(NETWORK).model  # type: ignore[attr-defined]
    rng = np.random.default_rng(0)
    n_volumes = round(STORY_S / TR_S)
    seconds = (np.arange(n_volumes) + 0.5) * TR_S
    words_s = np.arange(0, STORY_S, 1 / WORDS_PER_S)
    states = rng.normal(size=(len(words_s), N_FEATURES))
    weights = rng.normal(size=(len(DELAYS) * N_FEATURES, N_VOXELS)).astype(np.float32)
    precision = rng.normal(size=(N_VOXELS, N_VOXELS)).astype(np.float32)
    volumes = rng.normal(size=(REACHED, N_VOXELS)).astype(np.float32)

    def forward(n_tokens: int) -> None:
        with torch.inference_mode():
            network(torch.zeros(8, n_tokens, dtype=torch.int64))

    def interpolated() -> np.ndarray:
        return lanczos_matrix(words_s / TR_S, seconds / TR_S) @ states

    def likelihood() -> float:
        table = rng.normal(size=(REACHED, len(weights))).astype(np.float32)
        residuals = volumes - table @ weights
        return float(((residuals @ precision) * residuals).sum())

    return {
        "network": least(lambda: forward(CONTEXT_TOKENS), 2) / 8 * WIDTH,
        "features": least(lambda: forward(WINDOW_TOKENS), 2) / 8 * proposals,
        "story": least(interpolated, 3) * proposals,
        "likelihood": least(likelihood, 2) * proposals,
    }


def goal(value: float | None, most: float | None = None, least: float | None = None) -> dict[str, Any]:
    met = value is not None and (most is None or value <= most) and (least is None or value >= least)
    return {"value": value, "goal": f"<= {most:g}" if most is not None else f">= {least:g}", "met": met}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few volumes, under 50 s: a look, no verdict")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found: dict[str, Any] = {"machine": {"cores": os.cpu_count(), "load": os.getloadavg()[0]}, "beam": asdict(BEAM)}
    whole = model(N_VOXELS)
    volume = np.random.default_rng(0).normal(size=(1, N_VOXELS))
    found["volume_ms"] = 1e3 * least(lambda: whole.project(volume), 20)
    opened, small = (graphs(precision, arguments.quick) for precision in ("float32", "int8"))
    if opened is not None:
        n_voxels, n_volumes = ((N_VOXELS,), 3) if arguments.quick else ((100, N_VOXELS), 20)
        found["live"] = {str(n): live(*opened, model(n), n_volumes) for n in n_voxels}
        if not arguments.quick:
            found["reference_word_s"] = reference(found["live"][str(N_VOXELS)]["proposals"])
    if small is not None:
        found["int8"] = live(*small, whole, 3 if arguments.quick else 20)
        if opened is not None:
            found["int8"] |= nearness(opened[0], small[0])
    of = found.get("live", {}).get(str(N_VOXELS), {})
    few = found.get("live", {}).get("100", {})
    word_s, reference_s = of.get("cpu_word_s"), found.get("reference_word_s")
    found["goals"] = {
        "real_time_factor": goal(of.get("real_time_factor"), most=0.5),
        "real_time_factor_int8": goal(found.get("int8", {}).get("real_time_factor"), most=0.3),
        "p99_volume_s": goal(of.get("p99_volume_s"), most=TR_S),
        "voxels_10000_to_100": goal(word_s / few["cpu_word_s"] if word_s and few else None, most=1.05),
        "volume_ms": goal(found["volume_ms"], most=15.0),
        "reference_to_ours": goal(sum(reference_s.values()) / word_s if reference_s and word_s else None, least=50.0),
    }
    if arguments.json:
        print(json.dumps(found))
        return
    if opened is None or small is None:
        print("the graphs are not there: run it once without --quick")
    if "states_r" in found.get("int8", {}):
        near = {name: f"{found['int8'][name]:.4f}" for name in ("states_r", "log_p_r", "same_best_word")}
        print(f"8 bits against 32, a text of made-up words: {near}")
    print(f"a beam of {BEAM.width}, {BEAM.candidates} candidates of each hypothesis")
    for n, one in found.get("live", {}).items():
        print(
            f"{n} voxels: {one['n_words']} words of {one['proposals']:.0f} proposals, {one['cpu_word_s']:.3f} s of "
            f"processor time a word, {one['processor_time_factor']:.2f} for a second of speech"
        )
    for name, one in found["goals"].items():
        value = "-" if one["value"] is None else f"{one['value']:.3f}"
        print(f"{name:22}{value:>10}  goal {one['goal']:8}{'met' if one['met'] else 'NOT MET'}")


if __name__ == "__main__":
    main()
