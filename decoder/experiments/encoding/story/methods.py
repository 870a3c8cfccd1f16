"""How the encoding of a story was made, in words."""

from __future__ import annotations

from ....report.numbers import count
from .features import WIDTHS
from .models import N_MIXTURES, STRENGTHS
from .result import FULL, POSITION_ALONE, SHIFTED, UNTRAINED, StoryEncoding


def story_methods(result: StoryEncoding) -> dict[str, str]:
    """Terms with their explanations."""
    of = result.settings
    chosen = ", ".join(f"{layer} in {100 * share:.0f} %" for layer, share in result.layers.items())
    many = result.n_listeners > 1
    sound = " The sound is not delayed, but as it is given." if "sound" in result.nuisance else ""
    fitted = (
        "Each listener is predicted by a model of the mean of all others, on samples that the model was not fitted on: "
        "no brain's noise is in its own training. Strengths and layer are the same for all listeners and sites, by the "
        "error of all of them within the training samples."
        if many
        else "The listener is predicted by a model of the other parts of the recording. Strengths and layer are the "
        "same for all sites, by the error of all of them within the training samples."
    )
    held_out = (
        f"{count(of.n_folds, 'stretch')} of samples that follow each other; {of.gap} "
        "samples on both sides of the held-out ones are not used: further than delays and interpolation reach, also "
        "where strengths are chosen. Of several runs whole ones are held out. Shuffled folds, under that name alone, "
        "draw samples at random."
    )
    return {
        "model": (
            f"Of each word: {', '.join(result.nuisance)} (nuisance), and {of.n_components} principal components of a "
            f"layer of {result.network}, read with at most {of.n_tokens} tokens before it; interpolated to samples "
            f"(Lanczos; Huth et al. 2016), and delayed by {', '.join(map(str, of.delays))} samples (finite impulse "
            f"response). Components and scales are of the training.{sound}"
        ),
        "banded ridge": (
            "Nuisance, position and layer each have a strength (Dupre la Tour et al. 2022), from "
            f"{STRENGTHS[0]:g} to {STRENGTHS[-1]:g} in powers of ten: one for all and {N_MIXTURES} mixtures first, "
            "then one band after the other, by held-out error within the training. A band that does not help gets the "
            f"largest. The layer ({', '.join(of.layers)}) is chosen by the same error: {chosen} of contiguous folds."
        ),
        "fitted to": fitted,
        "held out": held_out,
        "drift": (
            "A parabola over each run is taken out of the recording, whose sites are then of unit variance, and out of "
            "the delayed features alike."
        ),
        "explained variance": (
            "One minus the variance of what is left over that of the recording, over all held-out samples; predictions "
            "are deviations from the mean of the training. Mean over sites. It is below 0 where a prediction is worse "
            "than none."
        ),
        "beyond nuisance and position": (
            f"The explained variance of “{FULL}” minus that of “nuisance and position”, of the same listener and "
            "site (variance partitioning, de Heer et al. 2017)."
        ),
        POSITION_ALONE: (
            f"Gaussians around each sample, {', '.join(f'{width:g}' for width in WIDTHS)} samples wide: a model that "
            "knows no word, only which samples are neighbours (Hadidi et al. 2024)."
        ),
        UNTRAINED: f"The same network with random weights; mean of {count(of.n_untrained, 'draw')}.",
        SHIFTED: (
            "The layer's features put later by a random number of samples, round the run's end; nuisance stays. Mean "
            f"of {count(of.n_shifts, 'shift')}."
        ),
        "ceiling": (
            "The share of a listener's variance that all listeners have in common: the reliability of their mean "
            "(split halves, Spearman and Brown), brought back to one listener. No model of the story alone can "
            "explain more."
            if many
            else "None: nobody else heard the same, and nothing was heard twice."
        ),
        "interval": (
            f"Student's t over {result.unit}s; p by flips of signs. "
            + ("All heard one story, so nothing is said of other stories." if many else "Nothing is said of others.")
        ),
        "network": f"{result.network}, SHA-256 {result.fingerprint}; words in lower case.",
        "random seed": str(of.seed),
    }
