"""The results of several subjects, read from files, and their means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ....errors import InputError
from ...statistics.difference import Difference
from ...statistics.subjects import SubjectsMean, mean_over_subjects

EXPECTED = "expected what `hotwire evaluate STUDY --json` prints"
NEEDED = ("measure", "measures", "field", "recording", "run_digests", "held_out")


@dataclass(frozen=True)
class SubjectResult:
    """What an evaluation found for one subject.

    Attributes
    ----------
    name : str
        That of the file.
    recording : str
        What was decoded from, in a few words.
    held_out : str
        What folds held out: ``"runs"``, ``"sessions"`` or ``"classes"``.
    main : str
        The name of the measure that sums the evaluation up.
    measures : dict of str to dict of str to Measure's fields
        Of the decoder, its ceiling, its controls and the classifiers of the field.
    differences : dict of str to dict of str to float
        The decoder minus each classifier of the field, by measure.
    run_digests : frozenset of str
        SHA-256 of the recording's runs.
    question : str
        What was decoded: the classes, or the quantity and its dimensions.
    """

    name: str
    recording: str
    held_out: str
    main: str
    measures: Mapping[str, Mapping[str, Mapping[str, Any]]]
    differences: Mapping[str, Mapping[str, float]]
    run_digests: frozenset[str]
    question: str


@dataclass(frozen=True)
class SubjectGroup:
    """Several subjects' results by the same measure; at least two."""

    subjects: tuple[SubjectResult, ...]

    @property
    def main(self) -> str:
        return self.subjects[0].main

    @property
    def names(self) -> list[str]:
        """The measures that every subject has, the main one first."""
        first, *others = (one.measures["decoder"] for one in self.subjects)
        return sorted((name for name in first if all(name in of for of in others)), key=lambda name: name != self.main)

    @property
    def rows(self) -> list[str]:
        """Decoder, ceiling, controls and classifiers that every subject has."""
        return [row for row in self.subjects[0].measures if all(row in one.measures for one in self.subjects)]

    @property
    def not_of_all(self) -> list[str]:
        """Controls and classifiers that only some subjects have."""
        every = dict.fromkeys(row for one in self.subjects for row in one.measures)
        return [row for row in every if row not in self.rows]

    @cached_property
    def means(self) -> dict[str, dict[str, SubjectsMean]]:
        """For each row and each measure that all have in it, the mean over subjects."""
        found: dict[str, dict[str, SubjectsMean]] = {}
        for row in self.rows:
            of_row = [one.measures[row] for one in self.subjects]
            found[row] = {
                name: mean_over_subjects([of[name]["value"] for of in of_row], [of[name]["chance"] for of in of_row])
                for name in self.names
                if all(of.get(name, {}).get("value") is not None for of in of_row)
            }
        return found

    @cached_property
    def differences(self) -> dict[str, Difference]:
        """The decoder minus each classifier that all have, by the measure it is compared by; interval over subjects."""
        found = {}
        for name, of_first in self.subjects[0].differences.items():
            by = self.main if self.main in of_first else next(iter(of_first), "")
            each = [one.differences.get(name, {}).get(by) for one in self.subjects]
            known = [one for one in each if one is not None]
            if len(known) == len(each):
                found[name] = Difference(*mean_over_subjects(known)[:3])
        return found

    @property
    def chances(self) -> list[float]:
        """Each subject's chance level of the main measure."""
        return [one.measures["decoder"][self.main]["chance"] for one in self.subjects]


def read_group(paths: Sequence[Path]) -> SubjectGroup:
    """Read what evaluations of several subjects printed for ``--json``, a file for each subject.

    It is an InputError if a file is no such result, subjects are summed up by different measures or held out different
    things, or two files are of the same subject: of the same name, or with a run in common.
    """
    if len(paths) < 2:
        raise InputError(f"results: expected two subjects or more, one file for each, got {len(paths)}")
    subjects = tuple(_read(path) for path in paths)
    for what, values in (
        ("by the same measure", [one.main for one in subjects]),
        ("with the same held out", [one.held_out for one in subjects]),
        ("of the same question", [one.question for one in subjects]),
    ):
        if len(set(values)) > 1:
            each = ", ".join(f"{path}: {value}" for path, value in zip(paths, values, strict=True))
            raise InputError(f"results: expected evaluations {what}, got {each}; evaluate all subjects alike")
    _check_different(paths, subjects)
    return SubjectGroup(subjects)


def _check_different(paths: Sequence[Path], subjects: Sequence[SubjectResult]) -> None:
    for i, (path, one) in enumerate(zip(paths, subjects, strict=True)):
        for earlier, other in zip(paths[:i], subjects[:i], strict=True):
            same = len(one.run_digests & other.run_digests)
            if same:
                raise InputError(
                    f"results: expected each subject once, but {path} and {earlier} are of the same recording: "
                    f"{same} of {len(one.run_digests)} runs have the same samples; leave one of them out"
                )
            if one.name == other.name:
                raise InputError(
                    f"results: expected each subject once, with a name of its own, got {one.name!r} twice: {earlier} "
                    f"and {path}; give one of the files another name"
                )


def _read(path: Path) -> SubjectResult:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file; {EXPECTED}, such as with > {path.name}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: {EXPECTED}; this cannot be read as JSON: {error}") from error
    if isinstance(found, dict) and "error" in found:
        raise InputError(f"{path}: {EXPECTED}, got the message of one that failed: {found['error']}")
    missing = [name for name in NEEDED if not isinstance(found, dict) or name not in found]
    if missing:
        raise InputError(f"{path}: {EXPECTED}, got JSON without {', '.join(missing)}; evaluate again with this hotwire")
    try:
        main = found["measure"]
        if found["measures"]["decoder"][main]["value"] is None:
            raise InputError(f"{path}: {EXPECTED}, with a number for {main!r}, got none")
        return SubjectResult(
            path.stem,
            found["recording"],
            found["held_out"],
            main,
            found["measures"],
            {name: _values(of["differences"]) for name, of in found["field"].items()},
            frozenset(found["run_digests"].values()),
            _question(found),
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: {EXPECTED}, got JSON that is made otherwise ({error!r})") from error


def _question(found: Mapping[str, Any]) -> str:
    if "quantity" in found:
        return f"{found['quantity']} ({', '.join(sorted(found['dimensions']['decoder']['r2']))})"
    return ", ".join(sorted(found.get("classes", ())))


def _values(differences: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {name: one["value"] for name, one in differences.items() if one["value"] is not None}
