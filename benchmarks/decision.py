"""How long a language model's decision takes, beside the whole forward pass; and how long it takes to begin.

    python benchmarks/decision.py [--quick] [--json]

In one process and by turns: scoring eight candidates through the tail behind the layer, and transformers' own forward
pass over the whole prompt with one candidate appended, for each of the eight, in one batch. Medians and their ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from hotwire.models import LanguageModel, fetch

WORDS = ["bottle", "cat", "chair", "face", "house", "scissors", "noise", "shoe"]


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def decision(repetitions: int) -> dict[str, float]:
    """Medians of one decision and of the whole forward pass, by turns, on one thread."""
    torch.set_num_threads(1)
    network = LanguageModel.open(fetch("smollm2-135m-instruct"))
    state = network.own_activation("8")[None]
    prompt = network._encode(network.prompt.replace("{}", "x"))
    whole = torch.tensor([[*prompt, *network._encode(f" {word}")] for word in WORDS])

    @torch.inference_mode()
    def forward() -> None:
        network._model(whole)

    def decide() -> None:
        network.log_probabilities("8", state, WORDS)

    for call in (forward, decide):
        call()
    times = [(seconds(decide), seconds(forward)) for _ in range(repetitions)]
    return {
        "decision_s": statistics.median(mine for mine, _ in times),
        "forward_s": statistics.median(theirs for _, theirs in times),
        "speedup": statistics.median(theirs / mine for mine, theirs in times),
    }


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
    repetitions = 15 if arguments.quick else 60
    found = decision(repetitions)
    found["open_s"] = opening(3 if arguments.quick else 7)
    found["help_s"] = in_new_process(["-m", "hotwire.decoder.cli", "--help"], 3 if arguments.quick else 9)
    goals = {
        "decision_speedup": {"value": found["speedup"], "goal": ">= 5", "met": found["speedup"] >= 5},
        "decision_s": {"value": found["decision_s"], "goal": "<= 0.040", "met": found["decision_s"] <= 0.040},
        "open_s": {"value": found["open_s"], "goal": "< 2", "met": found["open_s"] < 2},
        "help_s": {"value": found["help_s"], "goal": "< 0.5", "met": found["help_s"] < 0.5},
    }
    if arguments.json:
        print(json.dumps({**found, "goals": goals}))
        return
    for name, value in found.items():
        print(f"{name:12} {value:.3f}")
    for name, goal in goals.items():
        print(f"{name:18} {goal['value']:.3f}  goal {goal['goal']:9} {'met' if goal['met'] else 'NOT MET'}")


if __name__ == "__main__":
    main()
