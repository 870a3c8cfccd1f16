"""Study files: a recording, a network, a decoder and its evaluation, written down in TOML.

The fields are those of the Python API, with the same defaults. Paths are relative to the study file, and may name
environment variables as ``${NAME}``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ...errors import InputError, LeakError, RecordingError, StudyError
from ...models.networks.network import Network
from ..decoder import Decoder
from ..evaluation.audit.leaks import warn_before_fit, windows_in_time
from ..evaluation.audit.samples import SLOW_HZ
from ..evaluation.evaluate import Evaluation, evaluate_prepared
from ..evaluation.preparation import Arguments, Preparation, check_strength, prepare
from ..evaluation.splits import by_class, inner_splits
from ..evaluation.tuning import tune
from ..recordings.recording import Recording
from ..targets import StimulusTargets, Targets
from .messages import AnySections, checked_sections
from .network_checks import check_lengths
from .networks import NetworkSection
from .schema import StudySections, study_sections
from .section import Section

CONTINUOUS = "kinematics"
"""The table in [targets] of a study of continuous targets, which has no network."""
COMMANDS = {
    "gist": "gist",
    "retrieval": "retrieve",
    "similarity": "encode",
    "story": "encode",
    "reading": "encode",
}
"""The commands for studies of another kind."""
AnySection = TypeVar("AnySection", bound=Section)


@dataclass(frozen=True)
class Study:
    """A study file, opened and checked; `text` is the whole file."""

    path: Path
    text: str = field(repr=False)
    sections: StudySections = field(repr=False)

    def section(self, kind: type[AnySection]) -> AnySection:
        """Return the section of an experiment, by the class that the experiment registered for it."""
        return next(section for section in vars(self.sections).values() if isinstance(section, kind))

    def recording(self, *, presentations: bool = False) -> Recording:
        """Read the recording, with the requested events; with `presentations` each repeat of a stimulus by itself."""
        targets, section = self.sections.targets, self.sections.recording
        with self.naming("recording: "):
            recording = section.read_presentations() if presentations else section.read()
            if targets.others == "error":
                return recording
            if targets.words is not None:
                return recording.select(labels=list(targets.words))
            events, presented = recording.events, list(self.sections.recording.presented)
            known = np.zeros(len(events), bool) if events.stimulus is None else np.isin(events.stimulus, presented)
            return replace(recording, events=events.take(known))

    def check_network(self) -> None:
        """Raise `StudyError` where there is no such network; before a long recording is read."""
        with self.naming("network: "):
            self.sections.network.check_there()

    def network(self) -> Network:
        """Open the network."""
        return self.open(self.sections.network)

    def open(self, section: NetworkSection) -> Network:
        """Open one of the networks that the study names."""
        with self.naming("network: "):
            return section.open()

    def decoder(self) -> Decoder:
        """Open the network and return the decoder, unfitted."""
        network = self.network()
        targets = self.targets(network)
        with self.naming("decoder: "):
            return Decoder(network, targets, self.sections.decoder.settings())

    def prepare(self, recording: Recording, targets: Targets | None = None, **changes: Any) -> Preparation:
        """All of `evaluate` that needs no network, with these of its arguments changed.

        By default the targets are the study's words; for pictures, the network names them first, see `targets`.
        """
        sections, targets = self.sections, targets or self.sections.targets.of_words()
        arguments = Arguments(**sections.evaluation.arguments() | changes)
        with self.naming():
            return prepare(targets, sections.decoder.settings(), recording, arguments, sections.network.name)

    def evaluate(
        self, recording: Recording, before: Callable[[Preparation, Decoder], None] | None = None, **changes: Any
    ) -> Evaluation:
        """Evaluate as the study says, with these arguments of `evaluate` changed.

        All that needs no network comes first, so that it fails before the network is opened. Then `before` is called,
        before anything is fitted.
        """
        prepared = self.prepare(recording, **changes) if self.sections.targets.words is not None else None
        decoder = self.decoder()
        prepared = prepared or self.prepare(recording, decoder.targets, **changes)
        if before is not None:
            before(prepared, decoder)
        with self.naming():
            return evaluate_prepared(prepared, decoder)

    def check_words(self, recording: Recording) -> None:
        """Raise where a label of the recording has no word, or choices have too few runs; before the network opens."""
        section, evaluation = self.sections.targets, self.sections.evaluation
        with self.naming():
            if section.words is not None:
                section.of_words().check_labels(recording.events.label.tolist())
            if evaluation.choose and not by_class(evaluation.folds):
                inner_splits(recording.runs, (), evaluation.inner_folds, "choose")

    def check_fit(self, recording: Recording) -> None:
        """Raise where the decoder cannot be fitted on the whole recording; before the network opens."""
        self.check_words(recording)
        with self.naming():
            do = "cut it into runs, such as by cut = { n_runs = 8 } in [recording]"
            check_strength(self.sections.decoder.settings(), recording.runs, "the fit", do)

    def fit(self, decoder: Decoder, recording: Recording) -> Decoder:
        """Fit on the whole recording, after making the evaluation's choices by all its runs."""
        section = self.sections.evaluation
        with self.naming():
            if recording.rate_hz <= SLOW_HZ:
                warn_before_fit(windows_in_time(recording, decoder.settings, section.choices()))
            if section.choose:
                decoder = tune(
                    decoder, recording, section.choices(), inner_folds=section.inner_folds, folds=section.folds
                )
            return decoder.fit(recording)

    def targets(self, network: Network) -> Targets:
        """The targets for trials in a network."""
        section, recording = self.sections.targets, self.sections.recording
        if section.words is not None:
            return section.of_words()
        if network.hears:
            with self.naming():
                check_lengths(network, recording.presented)
        with self.naming("targets: "):
            return StimulusTargets(recording.presented, network, labels=recording.stimulus_labels)

    def naming(self, place: str = "") -> AbstractContextManager[None]:
        """Name the file, and the place in it, in errors that its contents cause."""
        return naming(self.path, place)


@contextmanager
def naming(path: Path, place: str = "") -> Iterator[None]:
    """Name a study file, and the place in it, in errors that its contents cause."""
    try:
        yield
    except LeakError:  # the design's fault, not the file's
        raise
    except (InputError, RecordingError) as error:
        raise StudyError(f"{path}: {place}{error}") from error


def open_study(path: str | PathLike[str], *, needs_layer: bool = True) -> Study:
    """Open a study file and check all of it; nothing is read or fetched yet.

    `needs_layer` is false for experiments that take their layers from sections of their own: [decoder] may then be left
    out.

    A StudyError is raised where there is no such file, it is no TOML, or fields are wrong; it names each of them, with
    the expected value and the actual one.
    """
    path = Path(path)
    text, document = read_document(path)
    if isinstance(targets := document.get("targets"), dict) and CONTINUOUS in targets:
        raise StudyError(
            f"{path}: targets.{CONTINUOUS}: continuous targets are decoded without a network, by "
            f"`hotwire evaluate {path}` alone, and `hotwire inspect {path}` says what that will do; for this command "
            "give words or stimuli"
        )
    check_kind(path, document)
    return Study(path, text, checked_sections(study_sections(), document, path.parent, path, needs_layer=needs_layer))


def read_document(path: Path) -> tuple[str, dict[str, Any]]:
    """Read a study file: its text and its content; raise `StudyError` where it is missing or no TOML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return text, tomllib.loads(text)
    except FileNotFoundError as error:
        raise StudyError(f"{path}: there is no such file; `hotwire init {path}` writes one to begin with") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        if path.suffix != ".toml":
            raise StudyError(
                f"{path}: expected a study (.toml), which says how a recording is read; `hotwire init --help` tells "
                "how to write one"
            ) from error
        raise StudyError(f"{path}: cannot be read as TOML: {error}") from error


def checked_study(path: str | PathLike[str], kind: str, sections: type[AnySections]) -> tuple[Path, str, AnySections]:
    """A study file of one kind: its path, its text and its sections, checked; nothing is read or fetched yet.

    A StudyError says that there is no such file, it is not TOML, is of another kind, or fields are wrong.
    """
    path = Path(path)
    text, document = read_document(path)
    check_kind(path, document, kind)
    return path, text, checked_sections(sections, document, path.parent, path)


def check_kind(path: Path, document: dict[str, Any], kind: str | None = None) -> None:
    """Raise `StudyError` where a study is for the command of another kind, and name that; by default kind is none."""
    given = document.get("kind")
    if given != kind and given in COMMANDS:
        raise StudyError(f'{path}: kind: a study of kind "{given}" is for `hotwire {COMMANDS[given]} {path}` alone')
    if kind is not None and given != kind and "targets" in document:
        raise StudyError(
            f'{path}: kind: expected "{kind}", got {given or "none"}; a study with [targets] is for '
            f"`hotwire evaluate {path}`"
        )
