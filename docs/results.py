"""The tables of results in README.md and in these pages, written from what the commands print as JSON.

``python docs/results.py`` writes each table again from ``docs/results/*.json``; ``--check`` only compares.
``python studies/tables.py`` runs the commands that print these outputs, and puts them there without the decisions one
by one.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from result_tables.encodings import ENCODED, HEARD, SIMILAR, encoded, heard, rising, similar
from result_tables.evaluations import (
    ADDS,
    BUNDLE,
    CALIBRATED,
    EEG,
    FRESH,
    LIVE,
    NEURONS,
    NEW,
    SCANNER,
    TRAINED,
    adds,
    evaluations,
    graphs,
    probabilities,
    short,
)
from result_tables.gist import GIST, gist, part_of, synthetic
from result_tables.heard_text import READING, RETRIEVED, STORIES, reading, retrieved, stories
from result_tables.maps import MAPS, maps
from result_tables.outputs import OUTPUTS
from result_tables.pictures import DRIVEN, METAMERS, RECORDED, SOUNDED, driven, metamers, recorded, sounded
from result_tables.simulations import SIMULATED, SIMULATED_PARTS, coverage, simulations

DOCS = Path(__file__).parent
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("**/*.md"))]
TABLES = {
    "coverage": coverage,
    "simulations": simulations,
    "adds": lambda: adds(ADDS),
    "trained": lambda: short(TRAINED),
    "new": lambda: evaluations(NEW),
    "scanner": lambda: evaluations(SCANNER),
    "neurons": lambda: evaluations(NEURONS),
    "eeg": lambda: evaluations(EEG),
    "maps": lambda: maps(MAPS),
    "fresh": lambda: evaluations(FRESH),
    "retrieved": retrieved,
    "gist": gist,
    "synthetic_gist": synthetic,
    "encoded": encoded,
    "stories": stories,
    "reading": reading,
    "similar": similar,
    "recorded": recorded,
    "driven": driven,
    "sounded": sounded,
    "heard": heard,
    "rising": rising,
    "metamers": metamers,
    "graphs": lambda: graphs(LIVE),
    "probabilities": lambda: probabilities(CALIBRATED),
}


def filled(text: str) -> str:
    """The page with each table between its two marks written anew."""

    def put(mark: re.Match[str]) -> str:
        return f"<!-- results: {mark[1]} -->\n{TABLES[mark[1]]()}\n<!-- end of results -->"

    return re.sub(r"<!-- results: (\w+) -->\n.*?<!-- end of results -->", put, text, flags=re.DOTALL)


def outputs() -> list[str]:
    """The names of the outputs of the demo and the studies."""
    rows = [*SCANNER, *NEURONS, *EEG, *NEW, *FRESH, *MAPS]
    return [
        *dict.fromkeys(row.name for row in rows),
        *RETRIEVED,
        *GIST,
        *ENCODED,
        *STORIES,
        READING,
        HEARD,
        SIMILAR,
        RECORDED,
        *DRIVEN,
        *SOUNDED,
        METAMERS,
        *(f"{name}{BUNDLE}" for name in LIVE),
        SIMULATED,
    ]


def take(folder: Path, names: list[str]) -> None:
    """Take over the outputs NAME.json of a folder, without what is listed trial by trial."""
    wanted = (
        "measures",
        "field",
        "probabilities",
        "nested",
        "windows",
        "regions",
        "hierarchies",
        "held_out",
        "n_blocks",
        "network",
        "engine",
        "rows",
        "shares",
        "metamers",
        "untrained",
        "recognised",
        "fall",
        *SIMULATED_PARTS,
    )
    of_words = ("network", "unique", "ceiling", "folds", "layers", "gain", "rows", "ms_per_nat")
    OUTPUTS.mkdir(exist_ok=True)
    for name in names:
        whole = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        keys = of_words if name in (*STORIES, READING) else wanted
        part = part_of(whole) if name in GIST else {key: whole[key] for key in keys if whole.get(key) is not None}
        text = json.dumps(part, indent=1, ensure_ascii=False)
        (OUTPUTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def outdated() -> list[Path]:
    """The pages whose tables are not what the outputs say."""
    return [page for page in PAGES if filled(page.read_text(encoding="utf-8")) != page.read_text(encoding="utf-8")]


def write() -> None:
    """Write the tables of all pages anew."""
    for page in outdated():
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a table is not up to date")
    if not parser.parse_args().check:
        write()
    elif old := outdated():
        sys.exit(f"not what docs/results/*.json say, run python docs/results.py: {', '.join(map(str, old))}")


if __name__ == "__main__":
    main()
