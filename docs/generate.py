"""The reference pages that are written from the code: the Python interface and the fields of study files."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from numpydoc.docscrape import ClassDoc, FunctionDoc
from pydantic.fields import FieldInfo

from hotwire.decoder import Settings, WordTargets, evaluate
from hotwire.decoder.experiments.encoding.settings import EncodeSettings
from hotwire.decoder.experiments.encoding.story.settings import StorySettings
from hotwire.decoder.experiments.encoding.story.study import StoryEncodeSection
from hotwire.decoder.experiments.gist.listeners import ListenerSection, OneStorySection
from hotwire.decoder.experiments.gist.run import evaluate_gist
from hotwire.decoder.experiments.gist.sections import BeamSection, GistEvaluationSection, GistSection
from hotwire.decoder.experiments.kinematics.run import evaluate_kinematics
from hotwire.decoder.experiments.kinematics.study import (
    KinematicsEvaluationSection,
    KinematicsSection,
    LagsDecoderSection,
)
from hotwire.decoder.experiments.kinematics.targets import read_kinematics
from hotwire.decoder.experiments.maps import MapSettings
from hotwire.decoder.experiments.planning.run import plan
from hotwire.decoder.experiments.pseudo_online.policy import Policy
from hotwire.decoder.experiments.pseudo_online.run import pseudo_online
from hotwire.decoder.experiments.reading.settings import ReadingSettings
from hotwire.decoder.experiments.reading.study import ReadingEncodeSection, ReadingTimesSection
from hotwire.decoder.experiments.reading.times import read_times
from hotwire.decoder.experiments.session.settings import SessionSettings
from hotwire.decoder.experiments.synthesis.metamers.settings import MetamerSettings
from hotwire.decoder.experiments.synthesis.settings import PictureSettings, SoundSettings, SynthesizeSettings
from hotwire.decoder.features.catalogue import FEATURES
from hotwire.decoder.gist.beam_settings import BeamSettings
from hotwire.decoder.gist.encoding_fit import EncodingSettings
from hotwire.decoder.gist.fitting import GistSettings
from hotwire.decoder.linear import default_adapter
from hotwire.decoder.readers import read_words
from hotwire.decoder.readers.catalogue import READERS
from hotwire.decoder.readers.listeners import read_listeners
from hotwire.decoder.readouts.catalogue import READOUTS
from hotwire.decoder.recordings.synthetic_listener import SyntheticListener
from hotwire.decoder.steps import STEPS
from hotwire.decoder.study.recordings import CutSection, section_of
from hotwire.decoder.study.schema import study_sections
from hotwire.decoder.study.section import Section
from hotwire.decoder.study.settings import ADAPTERS, SETTINGS, DecoderSection, adapter_section
from hotwire.decoder.study.stories import ListenersSection, PassagesSection, WordsSection
from hotwire.decoder.windows import WINDOWS
from hotwire.models import open_network

PACKAGES = {
    "hotwire.decoder": "Recordings, the decoder and its evaluation",
    "hotwire.decoder.readers": "Readers",
    "hotwire.decoder.steps": "Steps",
    "hotwire.decoder.windows": "Windows",
    "hotwire.decoder.features": "Features",
    "hotwire.adapters": "Adapters",
    "hotwire.models": "Networks",
    "hotwire.realtime": "Live",
    "hotwire.errors": "Errors",
}
KINDS = {"Steps": STEPS, "Windows": WINDOWS, "Features": FEATURES, "Readouts": READOUTS}
IN_A_STUDY = {
    "Steps": 'steps = [{ type = "NAME", setting = value }]` in `[decoder]',
    "Windows": 'window = { type = "NAME", setting = value }` in `[decoder]',
    "Features": 'features = { type = "NAME", setting = value }` in `[decoder]',
    "Readouts": 'readout = { type = "NAME", setting = value }` in `[decoder]',
}

TAKEN_BY: dict[str, tuple[Callable[..., Any], ...]] = {
    "encode": (EncodeSettings,),
    "evaluation": (evaluate,),
    "map": (SessionSettings, MapSettings),
    "metamers": (MetamerSettings,),
    "plan": (plan,),
    "pseudo_online": (pseudo_online, Policy),
    "synthesize": (SynthesizeSettings, PictureSettings, SoundSettings),
    "network": (open_network,),
    "targets": (WordTargets,),
}


def write_python_reference(folder: Path) -> None:
    """Write one page with a table of all public names, each a link to a page of its own."""
    parts = ["# Python", "", "Import names from the packages named here: `from hotwire.decoder import Decoder`."]
    for package, title in PACKAGES.items():
        module = import_module(package)
        names = [name for name in _public(module) if inspect.getdoc(getattr(module, name))]
        rows = [f"   {package}.{name}" for name in names]
        parts += ["", f"## {title}: `{package}`", "", "```{eval-rst}", ".. autosummary::", "   :toctree: generated", ""]
        parts += [*rows, "```"]
    folder.mkdir(exist_ok=True)
    (folder / "python.md").write_text("\n".join(parts) + "\n", encoding="utf-8")


def _public(module: Any) -> list[str]:
    """The functions and classes that a package offers, in alphabetical order."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    return sorted(name for name in names if callable(getattr(module, name)))


def write_study_reference(folder: Path) -> None:
    """Write one page with every section of a study file, its fields, their values and defaults."""
    parts = [
        "# Study files",
        "",
        "A study file is TOML. `hotwire init study.toml` writes one, `hotwire inspect study.toml` checks it.",
        "Paths are relative to the file; `${NAME}` stands for an environment variable.",
        *_recordings(),
        *_others(),
        *_continuous(),
        *_gist(),
        *_of_words(),
        *_kinds(),
    ]
    (folder / "study.md").write_text("\n".join(parts) + "\n", encoding="utf-8")


def _recordings() -> Iterator[str]:
    yield from ["", "## [recording]", "", 'What to read. `kind = "..."` chooses the reader:']
    for kind, reader in READERS.items():
        yield from ["", f'### `kind = "{kind}"`', "", _summary(reader)]
        fields = {name: field for name, field in section_of(kind).model_fields.items() if name not in ("kind", "cut")}
        yield from _table(fields, reader)
    yield from ["", "### `cut = { ... }`", "", "Cuts a recording that was made in one go into runs, in the pauses."]
    yield from _table(CutSection.model_fields)


def _others() -> Iterator[str]:
    for name, field in study_sections().model_fields.items():
        section = field.annotation
        if name in ("recording", "decoder") or not isinstance(section, type):
            continue
        yield from ["", f"## [{name}]", "", _summary(section)]
        yield from _table(section.model_fields, *TAKEN_BY.get(name, ()))
        if name == "evaluation":
            names = ", ".join(f"`{one}`" for one in SETTINGS)
            yield from ["", "### `[[evaluation.choose]]`", ""]
            yield f"A setting that inner folds choose: `setting` (one of {names}) and `values`, a list of what to try."
        if name == "targets":
            yield from ["", "## [decoder]", "", "The settings of the decoder."]
            yield from _table(DecoderSection.model_fields, Settings)
            for kind in ADAPTERS:
                yield from ["", f'### `[decoder.adapter] kind = "{kind}"`', "", _summary(type(default_adapter(kind)))]
                options = {key: one for key, one in adapter_section(kind).model_fields.items() if key != "kind"}
                yield from _table(options, type(default_adapter(kind)))


def _continuous() -> Iterator[str]:
    yield from [
        "",
        "## Studies of continuous targets",
        "",
        "They have a [recording], no [network], and these sections.",
    ]
    sections = {
        "targets.kinematics": (KinematicsSection, read_kinematics),
        "decoder": (LagsDecoderSection, evaluate_kinematics),
        "evaluation": (KinematicsEvaluationSection, evaluate_kinematics),
    }
    for name, (section, source) in sections.items():
        yield from [
            "",
            f"### [{name}]" + " of continuous targets" * (name != "targets.kinematics"),
            "",
            _summary(section),
        ]
        yield from _table(section.model_fields, source)


def _gist() -> Iterator[str]:
    yield from [
        "",
        "## Studies of gist",
        "",
        'They begin with `kind = "gist"`, and have a [recording], [listeners] or a [listener], a [network] and, where '
        "texts are compared by a sentence encoder, too, one as [sentences]; and these sections.",
    ]
    sections: dict[str, tuple[type[Section], tuple[Callable[..., Any], ...]]] = {
        "words": (WordsSection, (read_words,)),
        "passages": (PassagesSection, (read_words,)),
        "listeners": (OneStorySection, ()),
        "listener": (ListenerSection, (SyntheticListener,)),
        "gist": (GistSection, (GistSettings, EncodingSettings)),
        "beam": (BeamSection, (BeamSettings,)),
        "evaluation": (GistEvaluationSection, (evaluate_gist,)),
    }
    for name, (section, sources) in sections.items():
        yield from ["", f"### [{name}]" + " of gist" * (name == "evaluation"), "", _summary(section)]
        yield from _table(section.model_fields, *sources)


def _of_words() -> Iterator[str]:
    yield from ["", "## Studies of stories and of reading times", ""]
    yield 'They are for `hotwire encode`, and have a [network], a language model. One of `kind = "story"` also has a'
    yield "[recording] of one listener, or [listeners] of one story, [words] as a study of gist has them, and [encode];"
    yield 'one of `kind = "reading"` has [reading] and [encode].'
    sections: dict[str, tuple[type[Section], tuple[Callable[..., Any], ...]]] = {
        "[listeners] of a story": (ListenersSection, (read_listeners,)),
        "[encode] of a story": (StoryEncodeSection, (StorySettings,)),
        "[reading]": (ReadingTimesSection, (read_times,)),
        "[encode] of reading times": (ReadingEncodeSection, (ReadingSettings,)),
    }
    for name, (section, sources) in sections.items():
        yield from ["", f"### {name}", "", _summary(section)]
        yield from _table(section.model_fields, *sources)


def _kinds() -> Iterator[str]:
    for title, kinds in KINDS.items():
        yield from ["", f"## {title}", "", f"Written as `{IN_A_STUDY[title]}`."]
        for name, kind in kinds.items():
            yield from ["", f"### {name}", "", _summary(kind)]
            known = {one.name: one for one in _parameters(kind)}
            rows = [
                [f"`{one}`", _words(known[one].type), _default(parameter.default), _prose(known[one].desc)]
                for one, parameter in inspect.signature(kind).parameters.items()
                if one in known
            ]
            yield from _rows(rows)


def _table(fields: Mapping[str, FieldInfo], *sources: Callable[..., Any]) -> Iterator[str]:
    """The fields of a section; what they mean is said where the functions or classes that take them say it."""
    known = {one.name: one for source in sources for one in _parameters(source)}
    rows = []
    for name, field in fields.items():
        described = known.get(name)
        meaning = field.description or ("" if described is None else _prose(described.desc))
        kind = _annotation(field.annotation)
        if described is not None and '"' not in kind:  # texts to choose from are best said by the section
            kind = _words(described.type)
        default = "required" if field.is_required() else _default(field.default)
        rows.append([f"`{name}`", kind, default, meaning])
    yield from _rows(rows)


def _rows(rows: list[list[str]]) -> Iterator[str]:
    if rows:
        cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
        yield from ["", "| field | value | default | meaning |", "|---|---|---|---|"]
        yield from ("| " + " | ".join(row) + " |" for row in cells)


def _parameters(source: Callable[..., Any]) -> Iterable[Any]:
    """The parameters that a docstring describes; several may share one description."""
    document = ClassDoc(source) if isinstance(source, type) else FunctionDoc(source)
    for one in document["Parameters"]:
        for name in one.name.split(", "):
            yield one._replace(name=name.lstrip("*"))


def _summary(source: Any) -> str:
    return _prose((inspect.getdoc(source) or "").split("\n\n")[0].splitlines())


def _prose(lines: Iterable[str]) -> str:
    """A description in one paragraph of Markdown: names of the docstring's are code."""
    text = " ".join(line.strip() for line in lines)
    text = re.sub(r":\w+:(?=`)", "", text).replace("<", "&lt;")
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def _words(kind: str) -> str:
    return re.sub(r"\s*,? ?(optional|default \S+)$", "", kind).replace("<", "&lt;").replace("*", "\\*")


def _annotation(kind: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _annotation(inner[0])
    if origin is Literal:
        return ", ".join(f'`"{one}"`' if isinstance(one, str) else f"`{one}`" for one in inner)
    if origin in (Union, UnionType):
        return " or ".join(_annotation(one) for one in inner if one is not type(None))
    if origin in (list, tuple):
        return "list of " + _annotation(inner[0])
    if origin is dict:
        return f"table of {_annotation(inner[1])}"
    names = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path"}
    if isinstance(kind, type) and issubclass(kind, Section):
        return "table"
    return names.get(kind, "")


def _default(value: Any) -> str:
    missing = value is inspect.Parameter.empty or type(value).__name__ == "PydanticUndefinedType"
    if missing or value is None or (isinstance(value, list | tuple | dict) and not value):
        return ""
    text = f"`{value!r}`".replace("'", '"')
    return text if len(text) < 80 else "a list"
