"""How gist was decoded, in words."""

from __future__ import annotations

import numpy as np

from ...gist.beam_settings import BeamSettings
from ...gist.word_rate_fit import MOST_VOXELS
from ...report.numbers import count
from .controls import CONTROLS
from .held_out import BEST, NO_BRAIN, SURROGATE
from .result import GistResult


def methods_of(result: GistResult) -> dict[str, str]:
    """Terms with their explanations."""
    run = result.runs[0]
    encoding, beam, r = result.settings.encoding, result.settings.beam, np.array(result.correlations)
    return {
        "words": (
            f"States of layer {result.settings.layer} of {result.network}, which attends to the last "
            f"{result.settings.n_tokens} tokens; {result.settings.n_components} principal components, and rate, "
            "length, duration, surprisal and stop word of each word. Interpolated to samples (Lanczos, "
            f"{count(encoding.lobes, 'lobe')}), with delays of {', '.join(map(str, encoding.delays))} samples."
        ),
        "encoding model": (
            f"{_map(result)}, on {count(len(result.fitted_runs), 'run')} of "
            f"{result.n_training_words:,} words. Of {len(r):,} voxels kept, prediction and held-out samples "
            f"correlate by {r.mean():.3f} on average (90th percentile {np.percentile(r, 90):.3f}); their "
            f"squares add up to {result.sum_of_squares:.1f}. The noise's autocorrelation is "
            f"{result.autocorrelation:.2f}."
        ),
        "times of words": (
            f"Ridge from {min(len(r), MOST_VOXELS):,} voxels, those that words predict best, in the samples after "
            "each, at the same delays, to the words said in it. As many words as that, rounded, are evenly inside of "
            "it; what rounding leaves over goes on to the next."
        ),
        "beam": (
            f"{beam.width} hypotheses, words proposed by the language model among the {result.n_vocabulary:,} of "
            f"the training (Tang, LeBel, Jain & Huth 2023, Nat. Neurosci. 26, 858). {_search(beam)}"
        ),
        "evidence": (
            "Nats by which the best text explains the samples better than unknown words; no true word is used. A live "
            "meter has it of one stretch of words at a time, over surrogates of the training."
        ),
        "nulls": (
            f"{result.n_nulls} surrogates: the run’s samples with random phases, the same for all voxels (Prichard & "
            "Theiler 1994, Phys. Rev. Lett. 73, 951), decoded as the run is. They heard nothing, and are as strong, as "
            "slow and as much alike from voxel to voxel. A z is that of a normal distribution that would be as "
            "surprising as the value is for so few nulls, by Student’s t."
        ),
        NO_BRAIN: (
            "The same beam, with noise of the model’s size in place of what the brain leaves unexplained. That is no "
            "null: a recording is stronger than its noise, and its texts are others."
        ),
        SURROGATE: "One more surrogate.",
        BEST: (
            "Of the texts that the beam holds in the end, the one with the fewest errors. The truth chooses it, so "
            "it is an upper limit and no result; the texts differ only where words are not final."
        ),
        **{name: f"{told[0].upper()}{told[1:]}" for name, (_, told, _) in CONTROLS.items() if name in run.controls},
    }


def _map(result: GistResult) -> str:
    if not result.together:
        return "Banded ridge for each voxel, which explained held-out runs best"
    return (
        f"Ridge of all voxels together, whitened by their noise, through {count(result.n_directions, 'direction')} "
        "(Mukherjee & Zhu 2011, Stat. Anal. Data Min. 4, 612), which explained held-out runs better than a banded "
        "ridge for each voxel"
    )


def _search(beam: BeamSettings) -> str:
    """What is proposed, and what is tried of it."""
    return (
        f"Proposed are words of at least {beam.nucleus.ratio:g} of the largest probability, the most probable that "
        f"together reach {beam.nucleus.mass:g}; of these, the {beam.candidates} "
        "that fit the recording best are tried of each hypothesis. A nat of the language "
        f"model counts {beam.language_weight:g} beside one of the recording."
    )
