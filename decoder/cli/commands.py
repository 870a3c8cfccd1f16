"""The commands, one function each: it works out an `Answer`, which is then printed as tables or as JSON.

What a command needs is imported when it runs, so that ``hotwire --help`` comes at once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import HotwireError, InputError
from ...errors.printable import json_text, printable

if TYPE_CHECKING:
    from rich.console import Console

    from ..decision import Decision
    from ..recordings.recording import Recording
    from ..steps import Step
    from ..study.study import Study

DEMO = Path(__file__).parents[1] / "study" / "demo.toml"
INTERRUPTED = 130
PLUGINS = "hotwire.commands"


@dataclass(frozen=True)
class Answer:
    """What a command found: for programs, and how to show it to a person; and the exit code."""

    data: dict[str, Any]
    show: Callable[[Console], None]
    code: int = 0


class Hotwire(click.Group):
    """Prints answers and errors of all commands in one way; commands of other folders come as entry points."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *sorted(entry_points(group=PLUGINS).names)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        found = entry_points(group=PLUGINS, name=cmd_name)
        return next((plugin.load() for plugin in found), None) if own is None else own

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> None:  # type: ignore[override]
        args = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in args
        try:
            # Standard output holds the answer alone, whatever the packages underneath print.
            with redirect_stdout(sys.stderr) if as_json else nullcontext():
                answer = super().main(args, "hotwire", standalone_mode=False)
            if isinstance(answer, Answer):
                _print(answer, as_json)
                sys.exit(answer.code)
            sys.exit(answer if isinstance(answer, int) else 0)
        except click.exceptions.Abort:
            sys.exit(_fail("Interrupted", "interrupted", INTERRUPTED, as_json))
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "hotwire"
            message = f"{printable(error.format_message()).rstrip('.')}; `{where} --help` tells how to use it"
            sys.exit(_fail("UsageError", message, error.exit_code, as_json))
        except HotwireError as error:
            sys.exit(_fail(type(error).__name__, str(error), 1, as_json))
        except OSError as error:
            sys.exit(_fail(type(error).__name__, printable(error), 1, as_json))


def _print(answer: Answer, as_json: bool) -> None:
    if as_json:
        print(json_text(answer.data, allow_nan=False))
        return
    from rich.console import Console

    answer.show(Console(highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty()))


def _fail(kind: str, message: str, code: int, as_json: bool) -> int:
    print(f"hotwire: {message}", file=sys.stderr)
    if as_json:
        print(json_text({"error": {"type": kind, "message": message}}))
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
@click.option("--live", is_flag=True, help="Instead, replay one run over LSL and decode it as it comes.")
@click.option("--speed", type=float, help="With --live: how many seconds of the run to replay in one.")
@json_option
@click.pass_context
def demo(context: click.Context, report: Path | None, live: bool, speed: float | None) -> Any:
    """Decode what a person saw in the scanner into words, cross-validated, and write a report.

    The study behind it is what `hotwire init` writes. The report is hotwire-demo.html in the current folder, if not
    told otherwise.
    """
    if live:
        plugin = hotwire.get_command(context, "demo-live")
        assert plugin is not None  # it is installed along
        return context.invoke(plugin, **({} if speed is None else {"speed": speed}))
    if speed is not None:
        raise click.UsageError("--speed goes with --live", context)
    return _evaluated(DEMO, report or Path("hotwire-demo.html"), "hotwire demo")


@hotwire.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option(
    "--engine",
    type=click.Choice(["network", "bundle"]),
    help="What decides on held-out trials, in place of what the study says: the network, or the graph that a rig runs.",
)
@report_option
@json_option
def evaluate(study: Path, report: Path | None, engine: str | None) -> Answer:
    """Cross-validate a study's decoder over runs, with its ceiling and its controls, and write a report.

    The report has the study's name, with .html, and lies in the current folder, if not told otherwise.
    """
    chosen = "" if engine is None else f" --engine {engine}"
    return _evaluated(study, report or Path(f"{study.stem}.html"), f"hotwire evaluate {study}{chosen}", engine)


def _evaluated(path: Path, report: Path, command: str, engine: str | None = None) -> Answer:
    check_folder("report", report)  # before the minutes that the evaluation takes
    start = time.perf_counter()
    from ..report.evaluation_report import EvaluationReport
    from ..report.html import write_page
    from ..report.terminal import show_result
    from ..study.study import open_study

    study = open_study(path)
    recording = study.recording()
    evaluation = study.evaluate(study.decoder(), recording, **({} if engine is None else {"engine": engine}))
    result, seconds = EvaluationReport(evaluation, recording.summary()), time.perf_counter() - start
    title, studies = f"hotwire: {path.stem}", {path.name: study.text}
    written = write_page(result, report, title=title, command=command, seconds=seconds, studies=studies)
    summary = result.summary() | {"recording": recording.summary(), "seconds": seconds, "report": str(written)}
    return Answer(summary, lambda console: show_result(console, result, seconds, f"The report is {written}"))


@hotwire.command()
@click.argument("path", type=click.Path(path_type=Path), default="study.toml")
@json_option
def init(path: Path) -> Answer:
    """Write a study file to begin with, in PATH (study.toml): the demo's, with comments."""
    check_folder("path", path)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(DEMO.read_text(encoding="utf-8"))
    except FileExistsError:
        raise InputError(f"path: {path} is already there, and stays as it is; give another name") from None
    hint = f"Wrote {path}; change it to your recording and words, then run `hotwire evaluate {path}`."
    return Answer({"path": str(path)}, lambda console: console.print(printable(hint), markup=False))


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
    from ...errors import UnknownNameError
    from ...models.cache.folder import cache_folder
    from ...models.weights.assets import fetch, is_ready
    from ...models.weights.assets import verify as verify_asset
    from ...models.weights.registry import assets
    from ..report import terminal

    listed = {found.name: found for found in assets() if found.kind in kinds}
    for name in names:
        if name not in listed:
            raise UnknownNameError(kinds[0], name, listed)
    for name in names:
        fetch(name)
    if verify:
        for name in filter(is_ready, listed):
            verify_asset(name)
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
            "ready": is_ready(one.name),
            "verified": verify and is_ready(one.name),
        }
        for one in listed.values()
    ]
    found = {"cache": str(cache_folder()), "assets": entries}
    return Answer(found, lambda console: terminal.show_assets(console, found))


@hotwire.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="By default the study's name .hotwire.")
@click.option(
    "--leave-out",
    "left_out",
    multiple=True,
    metavar="RUN",
    help="Do not fit on this run, to try the decoder on it; may be repeated.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "float16", "int8"]),
    default="int8",
    show_default=True,
    help="Of the network's large matrices, where the decoder runs live; how many decisions differ by it is told.",
)
@json_option
def fit(study: Path, out: Path | None, left_out: tuple[str, ...], precision: Any) -> Answer:
    """Fit a study's decoder on its whole recording and save it as a bundle, ready to run live if its steps are causal.

    What [[evaluation.choose]] lists is chosen first, by cross-validation over all runs that are fitted on.
    """
    path = out or Path(f"{study.stem}.hotwire")
    check_folder("out", path)
    from ..bundle.agreement import agreement
    from ..bundle.compiled import CompiledDecoder
    from ..bundle.load import describe
    from ..bundle.save import save
    from ..report.data import plain_data
    from ..study.study import open_study

    opened, left_out = open_study(study), tuple(dict.fromkeys(left_out))
    recording, held_out = _parted(opened.recording(), left_out)
    decoder = opened.fit(opened.decoder(), recording)
    save(decoder, path, precision=precision)
    saved = describe(path)
    without = f" without {'run' if len(left_out) == 1 else 'runs'} {', '.join(left_out)}" if left_out else ""
    told = [
        f"Fitted on {recording.summary()}{without} and saved as {path}; `hotwire inspect {path}` tells what is in it."
    ]
    agreed = None
    on = "the recording it was fitted on" if held_out is None else "what was left out"
    if saved["live"]["reason"] is None:
        compiled = CompiledDecoder.load(path)
        trials = compiled.trials(recording if held_out is None else held_out)
        agreed = agreement(decoder, compiled, trials) if len(trials) else None
        told.append(f"It can run live. Beside the network itself, on {on}: {agreed or 'no trials to compare'}.")
    else:
        told.append(f"It cannot run live: {saved['live']['reason']}.")
    found = {
        "path": str(path),
        "recording": recording.summary(),
        "left_out": list(left_out),
        "agreement": None if agreed is None else agreed._asdict(),
        "agreement_on": None if agreed is None else on,
        "bundle": plain_data(saved),
    }
    return Answer(found, lambda console: console.print("\n".join(map(printable, told)), markup=False))


def _parted(recording: Recording, left_out: tuple[str, ...]) -> tuple[Recording, Recording | None]:
    """What to fit on, and what is left out of it."""
    from ...errors import UnknownNameError

    if not left_out:
        return recording, None
    known = {str(run): run for run in recording.runs}
    for name in left_out:
        if name not in known:
            raise UnknownNameError("run to leave out", name, known)
    kept = [run for name, run in known.items() if name not in left_out]
    if not kept:
        raise InputError(f"leave-out: expected a run to be left to fit on, got all {len(known)} of them")
    return recording.select(runs=kept), recording.select(runs=[known[name] for name in left_out])


@hotwire.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("recording", metavar="STUDY|RECORDING.npz", type=click.Path(path_type=Path))
@click.option("--network", help="Where the network of a bundle that cannot run live lies, if not in the registry.")
@json_option
def predict(bundle: Path, recording: Path, network: str | None) -> Answer:
    """Decode the recording of a study, or a recording that hotwire wrote, with a saved decoder.

    A decoder that can run live decides with the very graph it runs then: its answers are the same, bit for bit. Runs
    that it was fitted on are named.
    """
    from ..bundle.load import describe, saved_targets
    from ..fitted_on import runs_of_fit, warning_of
    from ..report import terminal
    from ..report.data import decisions_on
    from ..report.markup import in_markup

    manifest = describe(bundle)
    source = recording_of(recording)
    live = manifest["live"]["reason"] is None
    decisions = _decided_live(bundle, source) if live else _decided(bundle, source, network, manifest)
    found = {
        "bundle": str(bundle),
        "digest": manifest["digest"],
        "recording": source.summary(),
        "network": manifest["network"]["name"],
        "as_live": live,
        "part_of_fit": runs_of_fit(source, manifest.get("fitted_on")),
        "decisions": decisions_on(decisions, saved_targets(manifest), source),
    }
    warning = warning_of(found["part_of_fit"])

    def show(console: Console) -> None:
        terminal.show_table(console, terminal.decisions_table(found["decisions"]))
        if warning is not None:
            console.print(f"[yellow]{in_markup(warning)}[/]")

    return Answer(found, show)


def _decided_live(bundle: Path, recording: Recording) -> list[Decision]:
    from tqdm import tqdm

    from ..bundle.compiled import CompiledDecoder

    compiled = CompiledDecoder.load(bundle)
    trials = compiled.trials(recording)
    rows = tqdm(range(len(trials)), desc="decisions", delay=1, disable=None)
    return [compiled.decide_trial(trials, i) for i in rows]


def _decided(bundle: Path, recording: Recording, network: str | None, manifest: Mapping[str, Any]) -> list[Decision]:
    from ...models.networks.opening import open_network
    from ..bundle.load import load

    opened = None if network is None else open_network(network, prompt=manifest["network"]["prompt"])
    return load(bundle, network=opened).predict(recording)


def recording_of(path: Path) -> Recording:
    if path.suffix == ".toml":
        from ..study.study import open_study

        return open_study(path).recording()
    from ..readers import read_npz

    return read_npz(path)


@hotwire.command()
@click.argument("what", metavar="PATH|NETWORK")
@json_option
def inspect(what: str) -> Answer:
    """Say what is in a study, a recording (.npz), a bundle (.hotwire) or a network (a name, .onnx, or a folder)."""
    from ..report import terminal
    from ..report.data import plain_data

    found = plain_data(_inspected(Path(what)))
    return Answer(found, lambda console: terminal.show_mapping(console, found))


def _inspected(path: Path) -> dict[str, Any]:
    from ..report.data import recording_data

    if path.suffix == ".toml":
        from ..study.study import open_study

        return _study_data(open_study(path))
    if path.suffix == ".npz":
        return {"kind": "recording", **recording_data(recording_of(path))}
    if path.suffix == ".hotwire":
        from ..bundle.load import describe
        from ..steps import step_from_dict

        manifest = describe(path)
        steps = [step_from_dict(saved) for saved in manifest["steps"]]
        return {"kind": "bundle", "delays": delays_data(steps, manifest["rate_hz"]), **manifest}
    from ...models.networks.opening import open_network

    network = open_network(str(path))
    return {
        "kind": "network",
        "name": network.name,
        "fingerprint": network.fingerprint,
        "n_labels": None if network.labels is None else len(network.labels),
        "layers": {name: list(shape) for name, shape in network.layers.items()},
    }


def _study_data(study: Study) -> dict[str, Any]:
    from ..report.data import recording_data

    settings = study.sections.decoder.settings()
    recording = study.recording()
    return {
        "kind": "study",
        "recording": recording_data(recording),
        "network": study.sections.network.model_dump(exclude_none=True),
        "decoder": {name: str(value) for name, value in vars(settings).items()},
        "delays": delays_data(settings.steps, recording.rate_hz),
    }


def delays_data(steps: Sequence[Step], rate_hz: float) -> dict[str, str]:
    """What each step costs in time, in words."""
    from ..steps import delays

    return {
        f"{number}. {type(one.step).__name__}": f"waits {1e3 * one.waits_s:.3g} ms, lags {1e3 * one.lags_s:.3g} ms"
        for number, one in enumerate(delays(steps, rate_hz), 1)
    }


def check_folder(what: str, path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError(f"{what}: there is no folder {path.parent} to write {path.name} into; make it first")
