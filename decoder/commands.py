"""The commands, one function each: it works out an `Answer`, which is then printed as tables or as JSON.

What a command needs is imported when it runs, so that ``hotwire --help`` comes at once.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import HotwireError, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from .recording import Recording
    from .study import Study

DEMO = Path(__file__).with_name("demo.toml")
INTERRUPTED = 130


@dataclass(frozen=True)
class Answer:
    """What a command found: for programs, and how to show it to a person."""

    data: dict[str, Any]
    show: Callable[[Console], None]


class Hotwire(click.Group):
    """Prints answers and errors of all commands in one way."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> None:  # type: ignore[override]
        args = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in args
        try:
            # Standard output holds the answer alone, whatever the packages underneath print.
            with redirect_stdout(sys.stderr) if as_json else nullcontext():
                answer = super().main(args, "hotwire", standalone_mode=False)
            if isinstance(answer, Answer):
                _print(answer, as_json)
            sys.exit(answer if isinstance(answer, int) else 0)
        except click.exceptions.Abort:
            sys.exit(_fail("Interrupted", "interrupted", INTERRUPTED, as_json))
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "hotwire"
            message = f"{error.format_message().rstrip('.')}; `{where} --help` tells how to use it"
            sys.exit(_fail("UsageError", message, error.exit_code, as_json))
        except (HotwireError, OSError) as error:
            sys.exit(_fail(type(error).__name__, str(error), 1, as_json))


def _print(answer: Answer, as_json: bool) -> None:
    if as_json:
        print(json.dumps(answer.data, ensure_ascii=False, allow_nan=False))
        return
    from rich.console import Console

    answer.show(Console(highlight=False, soft_wrap=not sys.stdout.isatty()))


def _fail(kind: str, message: str, code: int, as_json: bool) -> int:
    print(f"hotwire: {message}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": {"type": kind, "message": message}}, ensure_ascii=False))
    return code


json_option = click.option("--json", expose_value=False, is_flag=True, help="Print one JSON object and nothing else.")
report_option = click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Where to write it.")


@click.group(cls=Hotwire, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("hotwire"), message="hotwire %(version)s")
@click.pass_context
def hotwire(context: click.Context) -> None:
    """Feed recorded brain activity into the middle of a pretrained network and let it finish the thought."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@hotwire.command()
@report_option
@json_option
def demo(report: Path | None) -> Answer:
    """Decode what a person saw in the scanner into words, cross-validated, and write a report.

    The study behind it is what `hotwire init` writes. The report is hotwire-demo.html in the current folder, if not
    told otherwise.
    """
    return _evaluated(DEMO, report or Path("hotwire-demo.html"), "hotwire demo")


@hotwire.command()
@click.argument("study", type=click.Path(path_type=Path))
@report_option
@json_option
def evaluate(study: Path, report: Path | None) -> Answer:
    """Cross-validate a study's decoder over runs, with its ceiling and its controls, and write a report.

    The report has the study's name, with .html, and lies in the current folder, if not told otherwise.
    """
    return _evaluated(study, report or Path(f"{study.stem}.html"), f"hotwire evaluate {study}")


def _evaluated(path: Path, report: Path, command: str) -> Answer:
    _check_folder("report", report)  # before the minutes that the evaluation takes
    start = time.perf_counter()
    from . import terminal
    from .report import write_report
    from .study import open_study

    study = open_study(path)
    recording = study.recording()
    evaluation = study.evaluate(study.decoder(), recording)
    written = write_report(
        evaluation,
        report,
        title=f"hotwire: {path.stem}",
        study_text=study.text,
        command=command,
        seconds=time.perf_counter() - start,
        recording=recording.summary(),
    )
    summary = terminal.summary_of(evaluation) | {
        "recording": recording.summary(),
        "seconds": time.perf_counter() - start,
        "report": str(written),
    }
    return Answer(summary, lambda console: terminal.show_evaluation(console, evaluation, summary))


@hotwire.command()
@click.argument("path", type=click.Path(path_type=Path), default="study.toml")
@json_option
def init(path: Path) -> Answer:
    """Write a study file to begin with, in PATH (study.toml): the demo's, with comments."""
    _check_folder("path", path)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(DEMO.read_text(encoding="utf-8"))
    except FileExistsError:
        raise InputError(f"path: {path} is already there, and stays as it is; give another name") from None
    hint = f"Wrote {path}; change it to your recording and words, then run `hotwire evaluate {path}`."
    return Answer({"path": str(path)}, lambda console: console.print(hint, markup=False))


fetch_option = click.option("--fetch", "names", multiple=True, metavar="NAME", help="Fetch it first; may be repeated.")
verify_option = click.option("--verify", is_flag=True, help="Read all that are ready again and check their SHA-256.")


@hotwire.command()
@fetch_option
@verify_option
@json_option
def models(names: tuple[str, ...], verify: bool) -> Answer:
    """List the networks and their label lists, with licence and SHA-256; fetch or verify them."""
    return _registered(("network", "labels"), names, verify)


@hotwire.command()
@fetch_option
@verify_option
@json_option
def data(names: tuple[str, ...], verify: bool) -> Answer:
    """List the recordings to try things on, with licence and SHA-256; fetch or verify them."""
    return _registered(("recording",), names, verify)


def _registered(kinds: tuple[str, ...], names: tuple[str, ...], verify: bool) -> Answer:
    from ..errors import UnknownNameError
    from ..models import assets
    from . import terminal

    listed = {found.name: found for found in assets.assets() if found.kind in kinds}
    for name in names:
        if name not in listed:
            raise UnknownNameError(kinds[0], name, listed)
    for name in names:
        assets.fetch(name)
    if verify:
        for name in filter(assets.is_ready, listed):
            assets.verify(name)
    entries = [
        {
            "name": one.name,
            "kind": one.kind,
            "title": one.title,
            "project": one.project,
            "version": one.version,
            "size_bytes": one.size_bytes,
            "ready_bytes": one.ready_bytes,
            "licence": one.licence,
            "citation": one.citation,
            "sha256": one.sha256,
            "ready": assets.is_ready(one.name),
            "verified": verify and assets.is_ready(one.name),
        }
        for one in listed.values()
    ]
    found = {"cache": str(assets.cache_folder()), "assets": entries}
    return Answer(found, lambda console: terminal.show_assets(console, found))


@hotwire.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="By default the study's name .hotwire.")
@json_option
def fit(study: Path, out: Path | None) -> Answer:
    """Fit a study's decoder on its whole recording and save it as a bundle.

    What [[evaluation.choose]] lists is chosen first, by cross-validation over all runs.
    """
    path = out or Path(f"{study.stem}.hotwire")
    _check_folder("out", path)
    from . import bundle, terminal
    from .study import open_study

    opened = open_study(study)
    recording = opened.recording()
    bundle.save(opened.fit(opened.decoder(), recording), path)
    found = {"path": str(path), "recording": recording.summary(), "bundle": terminal.plain_data(bundle.describe(path))}
    told = f"Fitted on {recording.summary()} and saved as {path}; `hotwire inspect {path}` tells what is in it."
    return Answer(found, lambda console: console.print(told, markup=False))


@hotwire.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("recording", metavar="STUDY|RECORDING.npz", type=click.Path(path_type=Path))
@click.option("--network", help="Where its network lies, if neither in the registry nor in the bundle.")
@json_option
def predict(bundle: Path, recording: Path, network: str | None) -> Answer:
    """Decode the recording of a study, or a recording that hotwire wrote, with a saved decoder."""
    from ..models.opening import open_network
    from . import terminal
    from .bundle import describe, load

    opened = None if network is None else open_network(network, prompt=describe(bundle)["network"]["prompt"])
    decoder = load(bundle, network=opened)
    source = _recording_of(recording)
    found = {
        "bundle": str(bundle),
        "recording": source.summary(),
        "network": decoder.network.name,
        "decisions": terminal.decisions_on(decoder, source),
    }
    return Answer(found, lambda console: terminal.show_decisions(console, found["decisions"]))


def _recording_of(path: Path) -> Recording:
    if path.suffix == ".toml":
        from .study import open_study

        return open_study(path).recording()
    from .readers import read_npz

    return read_npz(path)


@hotwire.command()
@click.argument("what", metavar="PATH|NETWORK")
@json_option
def inspect(what: str) -> Answer:
    """Say what is in a study, a recording (.npz), a bundle (.hotwire) or a network (a name, .onnx, or a folder)."""
    from . import terminal

    found = terminal.plain_data(_inspected(Path(what)))
    return Answer(found, lambda console: terminal.show_mapping(console, found))


def _inspected(path: Path) -> dict[str, Any]:
    from . import terminal

    if path.suffix == ".toml":
        from .study import open_study

        return _study_data(open_study(path))
    if path.suffix == ".npz":
        return {"kind": "recording", **terminal.recording_data(_recording_of(path))}
    if path.suffix == ".hotwire":
        from .bundle import describe

        return {"kind": "bundle", **describe(path)}
    from ..models.opening import open_network

    network = open_network(str(path))
    return {
        "kind": "network",
        "name": network.name,
        "fingerprint": network.fingerprint,
        "n_labels": None if network.labels is None else len(network.labels),
        "layers": {name: list(shape) for name, shape in network.layers.items()},
    }


def _study_data(study: Study) -> dict[str, Any]:
    from . import terminal

    settings = study.sections.decoder.settings()
    return {
        "kind": "study",
        "recording": terminal.recording_data(study.recording()),
        "network": study.sections.network.model_dump(exclude_none=True),
        "decoder": {name: str(value) for name, value in vars(settings).items()},
    }


def _check_folder(what: str, path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError(f"{what}: there is no folder {path.parent} to write {path.name} into; make it first")
