"""What hotwire says of damaged files: one line that names what is wrong, and never a traceback, a hang or a crash.

    python benchmarks/malformed.py [--rig] [--quick] [--json] [--files N] [--first N] [--seed N]

Small files of each format (NIfTI, TSV, JSON, XDF, FIF, EDF, NWB, npz, mat, TOML, DICOM) are damaged at random, as
disks, transfers, editors and other programs do: bits, numbers in headers and in text, lost and repeated stretches,
encodings; what is compressed is damaged inside, too. Each goes through `inspect`, a check of a study that reads it, and
`predict`.

With --rig, what a rig is given: XDF chunks, the headers of LSL streams, command files, and bundles, the latter also
damaged inside and sealed again. There, a code that controls a terminal and reaches the screen is a find, too.

A *find* is whatever is not a result or one of hotwire's own errors: the line of the unexpected, a traceback, silence,
more than 20 s, more than 2 GB, or the end of the process, which therefore is another one than this. The same seed and
numbers give the same files; a find names its number.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from _malformed_dicom import read_on_a_rig
from _processes import Process, ProcessError

HERE = Path(__file__).parent
FULL, QUICK = 10_000, 150
PATIENCE_S = 120.0
N_ON_A_RIG = 1000


def run(script: str, seed: int, first: int, stop: int) -> dict[str, Any]:
    """Damage and read files number `first` to `stop`; return how each format ended, and all finds."""
    ended: dict[str, Counter[str]] = {}
    finds: list[dict[str, Any]] = []
    formats: list[str] = []
    while first < stop:
        with tempfile.TemporaryDirectory(prefix="malformed-") as name:
            folder = Path(name)
            arguments = [str(HERE / script), name, str(seed), str(first), str(stop)]
            process = Process(
                "reader", arguments, folder, {**os.environ, "OMP_NUM_THREADS": "1", "HOTWIRE_CACHE": name}
            )
            try:
                formats = process.says(PATIENCE_S)["formats"]
                while first < stop:
                    said = process.says(PATIENCE_S)
                    count = ended.setdefault(said["format"], Counter())
                    count.update("read" if code == 0 else "refused" for code in said["ended"] if code is not None)
                    finds += [{"i": said["i"], "format": said["format"], **one} for one in said["finds"]]
                    first += 1
            except ProcessError as error:
                if not formats:
                    raise
                kind = formats[first % len(formats)]
                finds.append({"i": first, "format": kind, "command": "", "problem": str(error)[:400], "where": ""})
                first += 1
            finally:
                process.end()
    return {"ended": {kind: dict(count) for kind, count in ended.items()}, "finds": finds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rig", action="store_true", help="what a rig is given, instead of recordings")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} files, under 50 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--files", type=int, default=FULL, help=f"how many (default {FULL})")
    parser.add_argument("--first", type=int, default=0, help="the number of the first, to go on or to repeat a find")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    n_files = QUICK if arguments.quick else arguments.files
    script = "_malformed_rig.py" if arguments.rig else "_malformed_process.py"
    start = time.perf_counter()
    on_a_rig = read_on_a_rig(N_ON_A_RIG, arguments.seed)
    found = run(script, arguments.seed, arguments.first, arguments.first + n_files)
    found |= {
        "files": n_files,
        "first": arguments.first,
        "seed": arguments.seed,
        "seconds": time.perf_counter() - start,
    }
    found["dicom_on_a_rig"] = on_a_rig
    found["finds"] += [
        {"i": -1, "format": "DICOM", "command": "rig", "problem": one, "where": ""} for one in on_a_rig["finds"]
    ]
    found["goals"] = {"finds": {"value": len(found["finds"]), "goal": "0", "met": not found["finds"]}}
    if arguments.json:
        print(json.dumps(found))
        return
    print(f"{n_files} damaged files in {found['seconds']:.0f} s")
    for kind, count in found["ended"].items():
        print(f"  {kind:16} read {count.get('read', 0):6}  refused {count.get('refused', 0):6}")
    print(f"  DICOM on a rig   {on_a_rig['files']} files: {on_a_rig['ended']}")
    alike = Counter((one["where"], one["problem"][:80]) for one in found["finds"])
    for (where, problem), n in alike.most_common():
        first = next(one for one in found["finds"] if (one["where"], one["problem"][:80]) == (where, problem))
        print(f"  {n:4} x number {first['i']} ({first['format']}, {first['command']}): {problem}\n       {where}")
    print(f"finds {len(found['finds'])}  goal 0  {'met' if not found['finds'] else 'NOT MET'}")


if __name__ == "__main__":
    main()
