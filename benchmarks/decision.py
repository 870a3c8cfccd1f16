"""How long a language model's decision takes, beside the whole forward pass; and how long it takes to begin.

    python benchmarks/decision.py [--quick] [--json]

In one process, by turns and on one thread: scoring eight candidates through the tail behind the layer, as torch runs
it and as a graph that onnxruntime runs, with weights of 32 and of 8 bits; and transformers' own forward pass over the
whole prompt with one candidate appended, for each of the eight, in one batch. Medians and their ratios. How well 8
bits agree with 32 is found on states as an adapter may give them. Most of the time of ``--quick`` is the export.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.special import softmax

from hotwire.models import LanguageModel, fetch
from hotwire.models.export.onnx_precision import shrunk
from hotwire.models.export.scoring_graph import scoring_graph
from hotwire.models.networks.one_thread import open_session

LAYER = "8"
WORDS = ["bottle", "cat", "chair", "face", "house", "scissors", "noise", "shoe"]


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def decision(repetitions: int, n_states: int) -> dict[str, float]:
    """Medians of one decision and of the whole forward pass, by turns, on one thread; and what 8 bits cost."""
    torch.set_num_threads(1)
    network = LanguageModel.open(fetch("smollm2-135m-instruct"))
    prefix, tail = network.prompt_tokens
    whole = torch.tensor([[*prefix, *tail, *tokens] for tokens in network.candidate_tokens(WORDS)])
    states = word_states(network, n_states)
    start = time.perf_counter()
    graph = scoring_graph(network, LAYER, WORDS)
    export_s = time.perf_counter() - start
    graphs = {"graph": graph, "graph_int8": shrunk(graph, "int8")}
    sessions = {name: open_session(model.SerializeToString()) for name, model in graphs.items()}

    @torch.inference_mode()
    def forward() -> None:
        network.model(whole)

    def run(name: str) -> np.ndarray:
        rows = [sessions[name].run(None, {"activation": state[None]})[0] for state in states]
        return np.concatenate([np.asarray(row) for row in rows])

    calls: dict[str, Callable[[], Any]] = {
        "forward": forward,
        "decision": lambda: network.log_probabilities(LAYER, states[:1], WORDS),
        **{name: partial(sessions[name].run, None, {"activation": states[:1]}) for name in sessions},
    }
    for call in calls.values():
        call()
    times = {name: [] for name in calls}
    for _ in range(repetitions):
        for name, call in calls.items():
            times[name].append(seconds(call))
    found = {f"{name}_s": statistics.median(one) for name, one in times.items()}
    for name in ("decision", *sessions):
        ratios = [theirs / mine for theirs, mine in zip(times["forward"], times[name], strict=True)]
        found[f"{name}_speedup"] = statistics.median(ratios)
    exact, rounded = (softmax(run(name), axis=1) for name in ("graph", "graph_int8"))
    return {
        **found,
        "int8_agreement": float((exact.argmax(1) == rounded.argmax(1)).mean()),
        "int8_off_mean": float(np.abs(exact - rounded).mean()),
        "int8_off_most": float(np.abs(exact - rounded).max()),
        "export_s": export_s,
        **{f"{name}_mb": model.ByteSize() / 1e6 for name, model in graphs.items()},
    }


def word_states(network: LanguageModel, count: int) -> np.ndarray:
    """States (count, n_units) as an adapter may give them: those of the words, drawn to their mean, with noise."""
    words = network.activations([f"A picture of a {word}" for word in WORDS], [LAYER])[LAYER]
    mean, rng = words.mean(0), np.random.default_rng(0)
    spread = (words - mean).std()
    gains = np.resize([0.3, 0.6, 1.0], count)[:, None]
    noise = np.repeat([0.25, 0.5, 1.0], -(-count // 3))[:count, None] * spread * rng.normal(size=(count, len(mean)))
    drawn = words[rng.integers(len(WORDS), size=count)] - mean
    return (mean + gains * (drawn + noise)).astype(np.float32)


def in_new_process(code: list[str], repetitions: int) -> float:
    """Median seconds that a fresh Python takes."""
    return statistics.median(
        seconds(lambda: subprocess.run([sys.executable, *code], check=True, capture_output=True))
        for _ in range(repetitions)
    )


def opening(repetitions: int) -> float:
    """Median seconds to open the converted model once transformers is imported."""
    folder = fetch("smollm2-135m-instruct")
    return statistics.median(seconds(lambda: LanguageModel.open(folder)) for _ in range(repetitions))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, under 50 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = decision(10, 40) if arguments.quick else decision(60, 288)
    found["open_s"] = opening(3 if arguments.quick else 7)
    found["help_s"] = in_new_process(["-m", "hotwire.decoder.cli.group", "--help"], 3 if arguments.quick else 9)
    goals = {
        f"{name}_{what}": {"value": found[f"{name}_{what}"], "goal": goal, "met": met(found[f"{name}_{what}"])}
        for name in ("decision", "graph", "graph_int8")
        for what, goal, met in (
            ("speedup", ">= 5", lambda ratio: ratio >= 5),
            ("s", "<= 0.040", lambda duration: duration <= 0.040),
        )
    }
    goals["open_s"] = {"value": found["open_s"], "goal": "< 2", "met": found["open_s"] < 2}
    goals["help_s"] = {"value": found["help_s"], "goal": "< 0.5", "met": found["help_s"] < 0.5}
    if arguments.json:
        print(json.dumps({**found, "goals": goals}))
        return
    for name, value in found.items():
        print(f"{name:18} {value:.4f}")
    for name, goal in goals.items():
        print(f"{name:18} {goal['value']:.4f}  goal {goal['goal']:9} {'met' if goal['met'] else 'NOT MET'}")


if __name__ == "__main__":
    main()
