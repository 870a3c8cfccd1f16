"""Parity of a decoder of gist: live, it says the words that it says of the whole run, bit for bit."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from os import PathLike
from typing import Literal

import numpy as np

from ...decoder.bundle.compiled_gist import CompiledGist
from ...decoder.fitted_on import runs_of_fit
from ...decoder.gist.word_rate import WordRate
from ...decoder.recordings.recording import Recording
from ...errors import InputError, RecordingError
from ..clock import VirtualClock
from ..engine.gist_engine import GistEngine
from ..settings import LiveSettings
from ..sources.recording_source import RecordingSource
from ..word_times import LATE_S, MarkedWords, WordsByRate, word_at
from .parity import recording_digest
from .pass_counts import Progress
from .verify import PACKAGES, Certificate

WordTimesBy = Literal["markers", "brain"]
"""Where the times of words come from."""


@dataclass(frozen=True)
class Said:
    """What was said of a run: the final words, and what each hypothesis explains at the end, in nats."""

    words: tuple[str, ...]
    scores: tuple[float, ...]


def verify_gist(
    bundle: str | PathLike[str],
    recording: Recording,
    *,
    runs: Sequence[int | str] | None = None,
    cuttings: int = 50,
    seed: int = 0,
    progress: Progress | None = None,
) -> Certificate:
    """Compare the words that a bundle finds in whole runs with those that it finds live.

    Events are words. Each run is cut into chunks of random lengths, with early, late and reordered markers, `cuttings`
    times, under a virtual clock. Every second time the words' times are the brain's instead of the markers'.

    Raises
    ------
    BundleError
        The bundle is damaged, or does not decode gist.
    RecordingError
        The recording does not match, or has no words.
    """
    if cuttings < 1:
        raise InputError(f"cuttings: expected 1 or more, got {cuttings}")
    at, decoder = datetime.now(UTC).isoformat(timespec="seconds"), CompiledGist.load(bundle)
    chosen = list(recording.runs if runs is None else runs)
    n_passes, n_words, differences = 0, 0, []
    kinds: list[WordTimesBy] = ["markers", "brain"] if decoder.rate is not None and cuttings > 1 else ["markers"]
    for run in chosen:
        expected = {by: said_of_whole_run(decoder, recording, run, by) for by in kinds}
        n_words += sum(len(of.words) for of in expected.values())
        for number in range(seed, seed + cuttings):
            by = kinds[n_passes % len(kinds)]
            got = said_live(decoder, recording, run, number, by)
            differences += [{"run": str(run), "cutting": number, "word_times": by}] if got != expected[by] else []
            n_passes += 1
            if progress is not None:
                progress(n_passes, len(chosen) * cuttings)
    of_fit = runs_of_fit(recording, decoder.manifest["fitted_on"])
    report = {
        "at": at,
        "bundle": {"path": str(decoder.path), "sha256": decoder.digest, "made_by": decoder.manifest["hotwire"]},
        "recording": {
            "source": recording.source,
            "sha256": recording_digest(recording),
            "runs": [str(run) for run in chosen],
            "part_of_fit": [str(run) for run in chosen if str(run) in (of_fit or [])],
        },
        "versions": {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "n_words": n_words,
        "cuttings": {"n": cuttings, "seed": seed, "n_compared": n_passes, "n_unequal": len(differences)},
        "differences": differences,
    }
    return Certificate(not differences, report)


def said_of_whole_run(decoder: CompiledGist, recording: Recording, run: int | str, by: WordTimesBy = "markers") -> Said:
    """Decode a run at once, at the times of its events, or at the brain's."""
    events = recording.events.take(recording.events.run == run)
    words = sorted(word_at(*one) for one in zip(events.onset_s.tolist(), events.duration_s.tolist(), strict=True))
    if not words:
        raise RecordingError(f"recording: expected words as events of run {run}, got none")
    samples, gist = decoder.samples(recording, run), decoder.decoder()
    middle_s, duration_s = np.array(words).T if by == "markers" else _rate(decoder).words(samples)
    final = gist.push(samples, middle_s, duration_s).final
    final += gist.finish().final
    return Said(tuple(final), tuple(gist.scores.tolist()))


def said_live(
    decoder: CompiledGist, recording: Recording, run: int | str, seed: int, by: WordTimesBy = "markers"
) -> Said:
    """Decode a run as it comes, cut at random."""
    clock = VirtualClock()
    late_s = np.random.default_rng(seed).uniform(0.0, LATE_S)
    source = RecordingSource(recording, clock, run, seed=seed, marker_delay_s=(-late_s, late_s))
    words = MarkedWords(1 / decoder.words_per_s) if by == "markers" else WordsByRate(_rate(decoder))
    engine = GistEngine(decoder, source, words, LiveSettings(lost_s=1e6, stale_s=1e5), clock=clock)
    final: list[str] = []
    with engine:
        for text in engine:
            final += text.final
    return Said(tuple(final), tuple(engine.scores))


def _rate(decoder: CompiledGist) -> WordRate:
    assert decoder.rate is not None
    return decoder.rate
