"""An hour of a bad day on a rig: is every loss reported, every decision made that may be made, and memory flat?

    python benchmarks/hour.py [--quick] [--json] [--speed N]

64 channels at 250 Hz over LSL, from one process to another, ten times as fast as the clock (--quick: six minutes).
0.5 % of the samples are lost one by one, one channel is NaN for ten minutes, and the stream of markers dies and returns
every minute. All is recorded and published meanwhile.

lost        Samples that were left out, less those that the session counted, one by one: 0.
undecided   Markers that were sent while the session said that their stream is there, without a decision: 0.
unwarranted Abstentions: 0, since at least 75 % of each window's samples came and one channel in 64 may be broken.
memory      The median of the last quarter less that of the second, in MB: below 2.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from bisect import bisect_right
from pathlib import Path
from statistics import median
from typing import Any

from _hour_sender import N_CHANNELS, RATE_HZ
from _processes import Process, environment

HERE = Path(__file__).parent
HOUR_S, QUICK_S, SPEED = 3600.0, 360.0, 10.0
MOST_GROWTH_MB = 2.0
SETTLE_S = 2.0
"""In real time, from the last sample to the end."""
NOTICED_S = 1.0
"""In real time: how long it may take to be noticed that the stream of markers went away or came back."""


def run(seconds: float, speed: float) -> dict[str, Any]:
    """Send and decode; return what was sent and what came of it."""
    with tempfile.TemporaryDirectory(prefix="hour-") as name:
        folder = Path(name)
        env = environment(folder)
        shape = f"{N_CHANNELS}:{RATE_HZ}"
        (bundle,) = Process("bundle", [str(HERE / "_bundle.py"), name, shape], folder, env).says(300)["paths"]
        sender = Process("sender", [str(HERE / "_hour_sender.py"), str(seconds), str(speed)], folder, env)
        consumer = None
        try:
            sender.says()
            consumer = Process("consumer", [str(HERE / "_hour_consumer.py"), bundle, name], folder, env)
            consumer.says()
            sent = sender.says(seconds / speed + 60)
            time.sleep(SETTLE_S)
            consumer.tell("stop")
            got = consumer.says()
            sender.tell("stop")
            recorded = (folder / "raw.xdf").stat().st_size
        finally:
            sender.end()
            if consumer is not None:
                consumer.end()
    return {"sent": sent, "got": got, "recorded_bytes": recorded}


def figures(sent: dict[str, Any], got: dict[str, Any]) -> dict[str, Any]:
    """What the goals are about."""
    decided = {label for label, _ in got["decisions"]}
    changes = got["markers"]
    times = [at_s for at_s, _ in changes]

    def was_there(at_s: float) -> bool:
        """Whether the markers were said to be there, all the time around a moment."""
        first, last = (max(0, bisect_right(times, at_s + off_s) - 1) for off_s in (-NOTICED_S, NOTICED_S))
        return all(state == "LIVE" for _, state in changes[first : last + 1])

    undecided = [one for one in sent["markers"] if one["label"] not in decided]
    memory = [one / 2**20 for one in got["memory"]]
    quarter = len(memory) // 4
    losses = got["losses"]
    return {
        "lost": sent["left_out"] - losses["lost"],
        "others": sum(n for name, n in losses.items() if name in ("duplicated", "reordered", "windows_skipped")),
        "undecided": sum(was_there(one["sent_s"]) for one in undecided),
        "unwarranted": sum(why is not None for _, why in got["decisions"]),
        "memory_mb": median(memory[-quarter:]) - median(memory[quarter : 2 * quarter]),
        "n_left_out": sent["left_out"],
        "n_samples": sent["samples"],
        "n_decisions": len(got["decisions"]),
        "n_markers": len(sent["markers"]),
        "n_markers_while_away": len(undecided),
        "n_said": got["said"],
        "losses": losses,
        "memory_end_mb": memory[-1],
        "processor": got["processor"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="six minutes, in 36 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--speed", type=float, default=SPEED, help=f"times the clock (default {SPEED:g})")
    arguments = parser.parse_args()
    seconds = QUICK_S if arguments.quick else HOUR_S
    ran = run(seconds, arguments.speed)
    found = figures(ran["sent"], ran["got"])
    found |= {"seconds": seconds, "speed": arguments.speed, "recorded_mb": ran["recorded_bytes"] / 2**20}
    goals = {name: (found[name], "0", found[name] == 0) for name in ("lost", "others", "undecided", "unwarranted")}
    growth = found["memory_mb"]
    goals["memory"] = growth, f"at most {MOST_GROWTH_MB:g} MB", growth <= MOST_GROWTH_MB
    found["goals"] = {name: {"value": value, "goal": goal, "met": met} for name, (value, goal, met) in goals.items()}
    if arguments.json:
        print(json.dumps(found))
        return
    print(
        f"{seconds / 60:g} minutes at {arguments.speed:g} times the clock: {found['n_samples']} samples of "
        f"{N_CHANNELS} channels, {found['n_left_out']} left out; {found['n_markers']} markers, "
        f"{found['n_markers_while_away']} sent before the session had their stream again; {found['n_decisions']} "
        "decisions"
    )
    print(f"losses said: {', '.join(f'{name} {n}' for name, n in found['losses'].items() if n)}")
    print(
        f"{found['n_said']} states, {found['memory_end_mb']:.0f} MB in the end, {found['processor']:.0%} of a processor"
    )
    for name, (value, goal, met) in goals.items():
        print(f"{name:12} {value:8.6g}  goal {goal}  {'met' if met else 'NOT MET'}")
    sys.exit(not all(met for *_, met in goals.values()))


if __name__ == "__main__":
    main()
