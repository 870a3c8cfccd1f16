"""What a verification counts: passes over runs, decisions compared, and those that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from .parity import DecisionRecord, differences
from .twin import TwinDecision

MAX_REPORTED = 10

Progress = Callable[[int, int], object]


class PassCounts:
    """Counts passes and compares their decisions; several threads may call it at once."""

    def __init__(self, n_passes: int, progress: Progress | None) -> None:
        self.reported: list[dict[str, Any]] = []
        self.n_unequal_in_all = 0
        self._n_passes, self._n_passed = n_passes, 0
        self._counts: Counter[str] = Counter()
        self._progress = progress
        self._lock = Lock()

    def passed(self) -> None:
        with self._lock:
            self._n_passed += 1
            if self._progress is not None:
                self._progress(self._n_passed, self._n_passes)

    def compared(self, where: str, expected: Sequence[DecisionRecord], got: Sequence[DecisionRecord]) -> None:
        """Compare one pass over a run."""
        unequal = differences(expected, got)
        self._add(where, unequal, {"n_compared": max(len(expected), len(got))})
        self.passed()

    def compared_with_gaps(
        self,
        where: str,
        offline: Sequence[DecisionRecord],
        twins: Sequence[TwinDecision],
        got: Sequence[DecisionRecord],
        injected: dict[str, int],
        losses: dict[str, int],
    ) -> None:
        """Compare one pass over a run of which samples are missing.

        Live decisions with those of the offline twin; of these, the ones without a missing sample with the decisions on
        the whole recording, as if the policy did not abstain there; and the samples that the stream counted with those
        `injected`.
        """
        expected = [one.record for one in twins]
        decided = [one.record for one in twins if one.record.abstained is None]
        untouched = [one.record for one in twins if one.is_untouched and one.record.abstained is None]
        windows = {one[:4] for one in untouched}
        unequal = differences(expected, got)
        beside = differences([one for one in offline if one[:4] in windows], untouched)
        run = offline[0].run if offline else ""
        miscounted = [
            f"{name}: {n} samples, {losses.get(name, 0)} counted"
            for name, n in injected.items()
            if losses.get(name, 0) != n
        ]
        if miscounted:
            beside.append({"run": run, "label": "", "first": 0, "stop": 0, "differs": miscounted})
        counts = {
            "n_compared": max(len(expected), len(got)),
            "n_untouched": len(untouched),
            "n_with_missing": len(decided) - len(untouched),
            "n_abstained": len(expected) - len(decided),
            **injected,
        }
        self._add(where, [*unequal, *beside], counts)
        self.passed()

    def figures(self) -> dict[str, int]:
        """Return the counts since the last call."""
        counted, self._counts = dict(self._counts), Counter()
        return {"n_compared": 0, "n_unequal": 0} | counted

    def _add(self, where: str, unequal: Sequence[dict[str, Any]], counts: dict[str, int]) -> None:
        with self._lock:
            self._counts.update(counts)
            self._counts["n_unequal"] += len(unequal)
            self.n_unequal_in_all += len(unequal)
            room = MAX_REPORTED - len(self.reported)
            self.reported += [{"where": where, **one} for one in unequal[:room]]
