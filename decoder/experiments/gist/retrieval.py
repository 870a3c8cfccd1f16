"""Which passage was heard, and where in it, for the report: the humbler answer, which needs no decoded text."""

from __future__ import annotations

import numpy as np

from ...report.numbers import percent
from ...report.result import Cell, Sentence, Table
from .held_out import DECODER
from .result import DecodedRun, GistResult

TOO_SHORT = "the run is too short to say how far that is from chance: compare it with the controls"


def retrieval_sentence(run: DecodedRun) -> Sentence:
    """What is retrieved of a run."""
    found = run.retrieved
    z = f" ({TOO_SHORT})" if np.isnan(found.z) else f" (z {found.z:.1f})"
    others = "" if np.isnan(found.other_passages) else f", and {percent(found.other_passages)} % of those of other runs"
    return Sentence(
        f"Run {run.run}: what was heard explains a window of the brain better than {percent(found.same_passage)} % of "
        f"the other stretches of the same run{z}{others}; chance is 50. A live session would name a passage in "
        f"{percent(found.named)} % of the windows, and be right in {percent(found.right)} %."
    )


def retrieval_table(result: GistResult) -> Table:
    """The same of all runs, beside controls."""
    rows: list[list[Cell]] = []
    for run in result.runs:
        of_brains = {DECODER: run.retrieved, **{name: of.retrieved for name, of in run.controls.items()}}
        for name, found in of_brains.items():
            if found is not None:
                shares = [found.other_passages, found.named, found.right]
                rows.append(
                    [
                        str(run.run),
                        "brain" if name == DECODER else name,
                        percent(found.same_passage),
                        "" if np.isnan(found.z) else f"{found.z:+.1f}",
                        *("" if np.isnan(share) else percent(share) for share in shares),
                    ]
                )
        rows.append([])
    caption = (
        "Which stretch of the words of all runs is heard, by how well the encoding model explains a window of the "
        "brain with it: how often the true one wins against another of the same run, its z over circular shifts of "
        "brain and words, and how often it wins against those of other runs, in per cent (chance 50). Then in how many "
        "windows a live session names a passage, likelier than all others and none, and better than any in 95 % of the "
        "windows of surrogates, which heard nothing; and in how many it is right, also in the place"
    )
    columns = ["run", "brain", "same run", "z", "other runs", "named", "right"]
    return Table(columns, rows[:-1], caption)
