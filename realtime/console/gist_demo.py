"""The demo of gist: a decoder fitted on stories that a synthetic listener heard decodes another one over LSL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ...decoder.bundle.compiled_gist import CompiledGist
from ...decoder.cli.demo import DEMO
from ...decoder.gist.meter import NOT_DISTINGUISHABLE
from ...decoder.readers import read_npz, write_npz
from ...decoder.recordings.recording import Recording
from ...decoder.statistics.texts import word_error_rate
from ...errors import InputError
from ...errors.printable import printable
from ..decision import Status
from ..engine.gist_engine import GistEngine
from ..health import State
from ..live_decoder import LiveDecoder
from ..live_text import LiveText
from ..settings import LiveSettings
from ..sources.source import Source, StreamInfo
from ..verify.replayed import replayed
from ..word_times import MarkedWords
from .demo import FIND_S
from .prepared import Prepared, prepared
from .session import decode
from .stream_gist import TextTally
from .view import View

STUDY, STORIES = DEMO.with_name("demo_gist.toml"), DEMO.with_name("demo_stories.tsv")
SYNTHETIC = "a synthetic listener: this says what the decoder does, and nothing of a brain"


def prepare_gist() -> Prepared:
    """Return the fitted decoder and the story that it replays, cached or new."""
    from ...decoder.experiments.gist.study import open_gist

    return prepared("gist-demo", [STUDY, STORIES], [open_gist(STUDY).sections.network.name], lambda to: fit(STUDY, to))


def fit(study: Path, to: Prepared) -> None:
    """Fit on all stories of a study but the first that is held out, and write the bundle and that story's run."""
    from ...decoder.bundle.save_gist import save_gist
    from ...decoder.experiments.gist.study import open_gist
    from ...decoder.gist.fitting import fit_gist
    from ...decoder.recordings.timed_words import words_as_events

    say = Console(stderr=True).print
    opened = open_gist(study)
    held_out = opened.sections.evaluation.held_out[0]
    say("The synthetic listener hears the stories.")
    network = opened.network()
    recording, words = opened.read(network)
    others = [run for run in recording.runs if run != held_out]
    known, training = {run: words[run] for run in others}, recording.select(runs=others)
    say(f"Fitting the demo's decoder on {len(others)} stories; next time it is there at once.")
    fitted = fit_gist(network, known, training, opened.settings())
    write_npz(words_as_events(recording, words).select(runs=[held_out]), to.run)
    say("Saving it, with its meter.")
    save_gist(fitted, training, known, opened.sections.gist.steps, to.bundle, passages=words)


def gist_demo(
    found: Prepared, speed: float, console: Console, aside: Callable[[], AbstractContextManager[None]]
) -> dict[str, Any]:
    """Replay and decode the story, show it as it comes, and return what was said, ready for JSON."""
    if not speed > 0:
        raise InputError(f"speed: expected seconds of the story in one, above 0, got {speed}")
    decoder, recording = CompiledGist.load(found.bundle), read_npz(found.run)
    with aside(), replayed(recording, speed=speed) as source:
        return {"speed": speed, **decode_story(decoder, recording, source, console)}


def decode_story(decoder: CompiledGist, recording: Recording, source: Source, console: Console) -> dict[str, Any]:
    """Decode a story's recording as it comes from a source, beside its words."""
    true = [str(word) for word in recording.events.label]
    tally, view = TextTally(), BesideTruth(true, console)
    words = MarkedWords(1 / decoder.words_per_s)
    engine = GistEngine(decoder, source, words, LiveSettings(timeout_s=FIND_S), outputs=[tally, view])
    ended = decode(engine, view)
    return {
        "type": "gist demo",
        "listener": SYNTHETIC,
        "ended": ended,
        "story": str(recording.runs[0]),
        "bundle": str(decoder.path),
        "digest": decoder.digest,
        "true": true,
        "said": view.said,
        "word_error_rate": word_error_rate(true, view.said),
        "n_right": sum(one == other for one, other in zip(true, view.said, strict=False)),
        "n_samples": tally.n_samples,
        "n_with_meter": view.n_with_meter,
        "n_distinguishable": tally.n_distinguishable,
        "longest_compute_s": tally.longest_s,
        "losses": engine.losses,
    }


class BesideTruth(View):
    """Final words with what was said at their times, the draft after them, and the meter, as they come."""

    def __init__(self, true: list[str], console: Console) -> None:
        self._true, self._console = true, console
        self.said: list[str] = []
        self.n_with_meter = 0

    def open(self, info: StreamInfo, decoder: LiveDecoder) -> None:
        self._print(Text(f"decoding {info.summary()}, {SYNTHETIC}"))

    def status(self, status: Status) -> None:
        self._print(Text(f"[{status.state}] {status.why}", "dim"))

    def draw(self, state: State) -> None:
        """All is printed as it comes."""

    def text(self, text: LiveText) -> None:
        true = self._true[len(self.said) : len(self.said) + len(text.final)]
        self.said += text.final
        self.n_with_meter += text.z is not None
        verdict = "" if text.distinguishable else f"  {NOT_DISTINGUISHABLE}"
        meter = f"meter: {text.why}" if text.z is None else f"meter: {text.z:+.1f}{verdict}"
        passage = "" if text.passage is None else f"; passage: {text.passage}, second {text.passage_s:.0f}"
        lines = [Text.assemble(f"{text.stop_s:7.1f} s  ", (f"synthetic listener, {meter}{passage}", "dim"))]
        if text.final:
            lines.append(Text("    heard  " + " ".join(map(printable, true))))
            lines.append(Text("    final  "))
            for said, word in zip(text.final, true, strict=False):
                lines[-1].append(f"{printable(said)} ", "bold green" if said == word else "red")
        lines.append(Text("    draft  " + " ".join(map(printable, text.draft)), "dim"))
        self._print(*lines)

    def _print(self, *lines: Text) -> None:
        for line in lines:
            self._console.print(line, soft_wrap=True, highlight=False)


def show_gist(console: Console, result: dict[str, Any]) -> None:
    """Print what was said beside what was heard."""
    n = len(result["true"])
    lines = [
        f"From {result['listener']}.",
        f"Of {n} words, {result['n_right']} are right at their places; word error rate "
        f"{result['word_error_rate']:.3f}.",
        f"The meter says of {result['n_distinguishable']} of {result['n_with_meter']} volumes that the text can be "
        "told from what the language model alone would say.",
        f"The words of a volume took at most {result['longest_compute_s']:.2f} s.",
    ]
    console.print("\n".join(map(printable, lines)), markup=False, highlight=False)
