"""Run everything that the tables of results rest on, and write the tables in README.md and docs/ anew.

``python studies/tables.py`` runs the demo, every study of the tables, for the studies that can go live the graph of
8 bits that a rig runs, and the simulations of intervals and p; each takes one to ten minutes on two cores. Names run
only some of them. HOTWIRE_DATA names the folder of recordings.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "docs"))

import results  # noqa: E402  (the tables are next door, and docs/ is no package)


def command(name: str, folder: Path) -> list[str]:
    """The command that prints the output of that name as JSON."""
    hotwire = [sys.executable, "-c", "from hotwire.decoder.cli.group import main; main()"]
    if name == results.SIMULATED:
        return [sys.executable, str(PROJECT / "benchmarks" / "intervals.py"), "--json"]
    if name == "demo":
        return [*hotwire, "demo", "--json"]
    study = str(PROJECT / "studies" / f"{name.removesuffix(results.BUNDLE)}.toml")
    if name.endswith(results.BUNDLE):
        return [*hotwire, "evaluate", study, "--engine", "bundle", "--json"]
    if name in results.GIST:
        return [*hotwire, "gist", study, "--json"]
    if name in results.RETRIEVED:
        return [*hotwire, "retrieve", study, "--json"]
    if name.startswith("encode-"):
        return [*hotwire, "encode", study, "--json"]
    if name == results.RECORDED:
        return [*hotwire, "synthesize", study, "--recorded", "--json"]
    if name in (made := results.DRIVEN | results.SOUNDED):
        _, asked, sites = made[name]
        study = str(PROJECT / "studies" / f"{name.partition('.')[0]}.toml")
        return [*hotwire, "synthesize", study, f"--{asked}", sites, "--json"]
    if name == results.METAMERS:
        return [*hotwire, "synthesize", study, "--metamer", "all", "--json"]
    if name.endswith("-map"):
        return [*hotwire, "map", study, "--out", str(folder / f"{name}.map"), "--json"]
    return [*hotwire, "evaluate", study, "--json"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of outputs; all by default")
    given = parser.parse_args()
    known = results.outputs()
    if unknown := sorted(set(given.names) - set(known)):
        parser.error(f"expected names among {', '.join(known)}, got {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in given.names or known:
            start = time.perf_counter()
            if name in (results.METAMERS, *results.DRIVEN):
                twins = PROJECT / "studies" / "twins-190923.onnx"
                subprocess.run([sys.executable, str(PROJECT / "studies" / "twins.py"), str(twins)], check=True)
            with (folder / f"{name}.json").open("wb") as out:
                subprocess.run(command(name, folder), cwd=folder, stdout=out, check=True)
            print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
            results.take(folder, [name])
    results.write()


if __name__ == "__main__":
    main()
