"""What can be synthesised from a study: each way takes what was asked for and makes a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from numpy.typing import NDArray

from ....errors import InputError
from ...report.result import PageResult
from ...study.study import Study
from .encoders import TRAINED
from .metamers.report import MetamersReport
from .metamers.section import metamers_of
from .objectives import SiteObjective, of_sites, read_pattern
from .recorded import judge_recorded
from .recorded_report import RecordedReport
from .report import SynthesisReport
from .run import synthesize
from .session import SynthesisSession
from .studies import session_of, stimuli_of


class SynthesisOutcome(NamedTuple):
    """A report, the seconds it took, and what was made by the names of its files, without ending: pictures, uint8
    (height, width, 3), or sounds, float32 (n_samples,).
    """

    report: PageResult
    seconds: float
    made: dict[str, NDArray]


def stretch(study: Study, sites: str) -> SynthesisOutcome:
    """For each site a picture or a sound that drives it as high as it goes."""
    session = session_of(study)
    return _made(session, of_sites("stretch", sites, session.sites))


def one_hot(study: Study, sites: str) -> SynthesisOutcome:
    """For each site a picture or a sound that drives it and no other one."""
    session = session_of(study)
    return _made(session, of_sites("one-hot", sites, session.sites))


def pattern(study: Study, path: str) -> SynthesisOutcome:
    """A picture or a sound that drives the pattern of a file."""
    session = session_of(study)
    objective, notes = read_pattern(Path(path), session.sites, session.responses[session.natural])
    return _made(session, [objective], notes)


def metamer(study: Study, layers: str) -> SynthesisOutcome:
    """Pictures that layers cannot tell from photographs."""
    _of_pictures_alone(study, "--metamer")
    found = metamers_of(study, [layer.strip() for layer in layers.split(",")])
    names = [Path(name).stem for name in found.pictures]
    names = names if len(set(names)) == len(names) else list(found.pictures)
    made = {
        f"metamer-{of.layer}-{name}": picture
        for of in found.layers
        for name, picture in zip(names, of.made, strict=True)
    }
    return SynthesisOutcome(MetamersReport(found), found.seconds, made)


def recorded(study: Study, _: str = "") -> SynthesisOutcome:
    """Pictures of the recording that were synthesised are judged by what was recorded."""
    _of_pictures_alone(study, "--recorded")
    found = judge_recorded(session_of(study))
    return SynthesisOutcome(RecordedReport(found), found.seconds, {})


def _made(
    session: SynthesisSession, objectives: Sequence[SiteObjective], notes: Sequence[str] = ()
) -> SynthesisOutcome:
    found = synthesize(session, objectives, notes=notes)
    made = {f"{found.kind}-{one.name}": one.made for one in found.made[TRAINED]}
    return SynthesisOutcome(SynthesisReport(found), found.seconds, made)


def _of_pictures_alone(study: Study, option: str) -> None:
    if stimuli_of(study) == "sounds":
        raise InputError(
            f"{option}: expected a recording with pictures, but that of {study.path.name} presented sounds; they "
            "can be made with --stretch, --one-hot and --pattern"
        )


WAYS: dict[str, Callable[[Study, str], SynthesisOutcome]] = {
    "--stretch": stretch,
    "--one-hot": one_hot,
    "--pattern": pattern,
    "--metamer": metamer,
    "--recorded": recorded,
}
"""By the option of `hotwire synthesize`."""
