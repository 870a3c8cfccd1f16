"""Files of a BIDS dataset: entities in names, the images of a task, and the files that apply to an image."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from ....errors import RecordingError, UnknownNameError
from ..tables import listing

ALL = "all"


class Bold(NamedTuple):
    """An image of one run, with the entities in its name."""

    path: Path
    entities: dict[str, str]
    run: int | str


def entities_of(path: Path) -> dict[str, str]:
    """Return the entities in a BIDS file name, its suffix and its extension.

    Examples
    --------
    >>> entities_of(Path("sub-01_task-faces_run-2_bold.nii.gz"))
    {'sub': '01', 'task': 'faces', 'run': '2', 'suffix': 'bold', 'extension': '.nii.gz'}
    """
    stem, _, extension = path.name.partition(".")
    *pairs, suffix = stem.split("_")
    entities = dict(pair.split("-", maxsplit=1) for pair in pairs if "-" in pair)
    return {**entities, "suffix": suffix, "extension": f".{extension}"}


def named(entities: Mapping[str, str], without: Collection[str] = ()) -> dict[str, str]:
    """The entities alone, without suffix, extension and those given."""
    return {key: value for key, value in entities.items() if key not in {"suffix", "extension", *without}}


def find_bolds(
    root: Path, subject: str, task: str, session: str | None, space: str | None, entities: Mapping[str, str]
) -> list[Bold]:
    """Return the images to read, one per run, in the order of the runs."""
    above = root / f"sub-{subject}"
    if not above.is_dir():
        raise RecordingError(f"{above}: there is no such folder; {root} holds {listing(root)}")
    sessions = sorted(path.name.removeprefix("ses-") for path in above.glob("ses-*") if path.is_dir())
    if session is None and len(sessions) > 1:
        raise RecordingError(
            f"session: {above} has several, name one of them: {', '.join(sessions)}; or take all, session = 'all'"
        )
    if session is not None and session not in [*sessions, ALL]:
        raise UnknownNameError("session", session, [*sessions, ALL])
    if session == ALL and len(sessions) > 1:
        each = [(one, _bolds_in(above / f"ses-{one}" / "func", task, space, entities)) for one in sessions]
        return [bold._replace(run=f"{one} {bold.run}") for one, bolds in each for bold in bolds]
    if sessions:
        above = above / f"ses-{sessions[0] if session in (None, ALL) else session}"
    return _bolds_in(above / "func", task, space, entities)


def _bolds_in(folder: Path, task: str, space: str | None, wanted: Mapping[str, str]) -> list[Bold]:
    present = {path: entities_of(path) for path in sorted(folder.glob("*_bold.nii*"))}
    fitting = {path: entities for path, entities in present.items() if entities.get("task") == task}
    if any(entities.get("desc") == "preproc" for entities in fitting.values()):
        fitting = {path: entities for path, entities in fitting.items() if entities.get("desc") == "preproc"}
    spaces = sorted({entities.get("space", "none") for entities in fitting.values()})
    if space is None and len(spaces) > 1:
        raise RecordingError(f"space: {folder} has several, name one of them: {', '.join(spaces)}")
    wanted = {**wanted} if space in (None, "none") else {**wanted, "space": str(space)}
    if space == "none":
        fitting = {path: entities for path, entities in fitting.items() if "space" not in entities}
    fitting = {path: entities for path, entities in fitting.items() if wanted.items() <= entities.items()}
    if not fitting:
        words = " and ".join(f"{key}-{value}" for key, value in {"task": task, **wanted}.items())
        raise RecordingError(f"{folder}: expected *_bold.nii.gz with {words}, found {listing(folder)}")
    bolds = [Bold(path, entities, _run_name(entities)) for path, entities in fitting.items()]
    if len({bold.run for bold in bolds}) < len(bolds):
        raise RecordingError(f"{folder}: expected one image for each run, {_how_to_choose(bolds)}")
    if any(isinstance(bold.run, str) for bold in bolds):
        return sorted((bold._replace(run=str(bold.run)) for bold in bolds), key=lambda bold: bold.run)
    return sorted(bolds, key=lambda bold: bold.run)


def _how_to_choose(bolds: list[Bold]) -> str:
    """Names the entities in which images of one run differ, and how one of them is chosen."""
    keys = dict.fromkeys(key for bold in bolds for key in named(bold.entities, ("run",)))
    values = {key: sorted({bold.entities.get(key, "") for bold in bolds}) for key in keys}
    differing = {key: some for key, some in values.items() if len(some) > 1}
    names = ", ".join(bold.path.name for bold in bolds)
    if not differing:
        return f"got {names}"
    each = "; ".join(f"{key}: {', '.join(one or 'none' for one in some)}" for key, some in differing.items())
    key, some = next(iter(differing.items()))
    return f"got {names}. They differ in {each}. Choose by entities = {{ {key} = {some[-1]!r} }}"


def _run_name(entities: dict[str, str]) -> int | str:
    run = entities.get("run", "1")
    return int(run) if run.isdecimal() else run


def inherited(bold: Bold, folder: Path, top: Path, suffix: str, extension: str) -> list[Path]:
    """Return the files that apply to an image by BIDS's inheritance principle, the most general first."""
    levels = [folder, *folder.parents]
    levels = levels[: levels.index(top) + 1] if top in levels else levels[:1]
    applying = []
    for level in reversed(levels):
        here = []
        for path in level.glob(f"*{suffix}{extension}"):
            entities = entities_of(path)
            if entities["suffix"] == suffix and named(entities).items() <= bold.entities.items():
                here.append((len(named(entities)), path))
        applying += [path for _, path in sorted(here)]
    return applying


def brain_mask_of(bold: Bold) -> Path | None:
    """FMRIPrep's brain mask for a preprocessed image: in the same space; None where there is none."""
    without = ("desc", "echo", "part")
    for path in sorted(bold.path.parent.glob("*_desc-brain_mask.nii*")):
        if named(entities_of(path), without) == named(bold.entities, without):
            return path
    return None
