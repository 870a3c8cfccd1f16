"""A scanner's run decoded while its files appear: what is right, whether it equals offline, what a volume costs.

    python benchmarks/scanner.py [--speed 10] [--json]

The decoder of studies/opennft.toml is fitted on the first four pairs of a baseline and a regulation. Then the run's 155
DICOM files appear in an empty folder, one every repetition time (or so many times faster), while a live engine decodes
them. Its decisions are compared with those of the same bundle on the whole run offline, bit for bit, and with what the
person did in the last three pairs. A volume's work is everything from its bytes to its decision, in seconds of one
core.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
STUDY = Path(__file__).parents[1] / "studies" / "opennft.toml"
N_FITTED = 4


def run(speed: float) -> dict[str, Any]:
    import numpy as np

    from hotwire.decoder.bundle.compiled import CompiledDecoder
    from hotwire.decoder.bundle.save import save
    from hotwire.decoder.readers import read_events
    from hotwire.decoder.study.study import open_study
    from hotwire.realtime.engine.engine import Engine
    from hotwire.realtime.settings import LiveSettings
    from hotwire.realtime.sources.dicom import DicomFolder
    from hotwire.realtime.sources.planned import PlannedSource

    study = open_study(STUDY)
    recording = study.recording()
    section = study.sections.recording
    with tempfile.TemporaryDirectory(prefix="scanner-") as name:
        bundle = Path(name) / "decoder.hotwire"
        save(study.fit(study.decoder(), recording.select(runs=recording.runs[:N_FITTED])), bundle)
        decoder = CompiledDecoder.load(bundle)
        whole = section.read_whole()
        offline = decoder.predict(whole)
        folder = Path(name) / "scanner"
        folder.mkdir()
        source = DicomFolder(folder, decoder.feature_names, whole.tr_s, decoder.space)
        given: Any = section
        planned = PlannedSource(source, read_events(given.events[0], 1))
        files = sorted(Path(given.folder[0]).glob("*.dcm"))
        threading.Thread(target=appear, args=(files, folder, whole.tr_s / speed), daemon=True).start()
        live: list[Any] = []
        with Engine(decoder, planned, LiveSettings(backlog="every")) as engine:
            until_s = time.monotonic() + len(files) * whole.tr_s / speed + 4 * whole.tr_s
            while time.monotonic() < until_s:
                live += engine.turn(0.2)
            losses = {what: n for what, n in engine.losses.items() if n}
        work_s = volume_work(decoder, files, whole.tr_s)
    at = {place(one, whole.tr_s): one for one in offline}
    twins = [at.get(place(one, whole.tr_s)) for one in live]
    waits = [one.latency.total_s for one in live]
    words: dict[str, Any] = study.sections.targets.words or {}
    starts = whole.events.onset_s
    held_out_from_s = float(np.sort(starts)[2 * N_FITTED])
    held_out = [one for one in live if whole.events.onset_s[one.event] >= held_out_from_s]
    right = [one.answer in words[str(one.label)] for one in held_out]
    differ = [
        a is None or a.answer != b.answer or list(a.probabilities.values()) != list(b.probabilities.values())
        for a, b in zip(twins, live, strict=True)
    ]
    return {
        "speed": speed,
        "n_decisions": len(live),
        "n_offline": len(offline),
        "n_different": int(sum(differ)),
        "n_held_out": len(held_out),
        "accuracy_held_out": float(np.mean(right)),
        "decision_latency_s": {f"p{p}": float(np.percentile(waits, p)) for p in (50, 99)},
        "volume_work_s": {f"p{p}": float(np.percentile(work_s, p)) for p in (50, 99)},
        "tr_s": whole.tr_s,
        "losses": losses,
    }


def place(decision: Any, tr_s: float) -> tuple[int, int]:
    """The first volume of a decision, and one past the last."""
    return round(decision.start_s / tr_s), round(decision.stop_s / tr_s)


def appear(files: list[Path], folder: Path, every_s: float) -> None:
    """Write the files as a scanner does: each under its own name, in one go."""
    begun_s = time.monotonic()
    for number, path in enumerate(files):
        time.sleep(max(0.0, begun_s + number * every_s - time.monotonic()))
        shutil.copyfile(path, folder / path.name)


def volume_work(decoder: Any, files: list[Path], tr_s: float) -> list[float]:
    """Seconds of the processor for each volume: read, put together, aligned, sampled, stepped and decided."""
    from hotwire.decoder.readers.dicom.assembly import VolumeAssembly
    from hotwire.decoder.readers.dicom.slices import read_file
    from hotwire.decoder.steps import open_chain
    from hotwire.decoder.volumes import VolumePreparation
    from hotwire.realtime.sources.volume_names import voxels_named

    prepare = VolumePreparation(decoder.space, voxels_named(decoder.feature_names))
    chain = open_chain(decoder.steps, decoder.feature_names, 1 / tr_s)
    spent = []
    for path in files:
        begun_s = time.process_time()
        slices = read_file(path)
        assert slices is not None
        (volume,) = VolumeAssembly().add(slices)
        rows = chain.push(prepare(volume.values, volume.affine).values[None])
        for row in rows:
            decoder.decide(row)
        spent.append(time.process_time() - begun_s)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", type=float, default=10.0, help="how many times faster than the scanner (default 10)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = run(arguments.speed)
    goals = {
        "decisions unlike offline": (found["n_different"], "0", found["n_different"] == 0),
        "decisions": (found["n_decisions"], f"{found['n_offline']}", found["n_decisions"] == found["n_offline"]),
        "right in held-out pairs": (
            round(found["accuracy_held_out"], 3),
            ">= 0.85",
            found["accuracy_held_out"] >= 0.85,
        ),
        "p99 of a volume's work, s": (
            round(found["volume_work_s"]["p99"], 3),
            "< 0.5",
            found["volume_work_s"]["p99"] < 0.5,
        ),
    }
    found["goals"] = {what: {"value": value, "goal": goal, "met": met} for what, (value, goal, met) in goals.items()}
    if arguments.json:
        print(json.dumps(found))
        return
    for what, (value, goal, met) in goals.items():
        print(f"{what:28} {value:8}  goal {goal:8}  {'met' if met else 'NOT MET'}")
    print(f"losses: {found['losses'] or 'none'}")


if __name__ == "__main__":
    main()
