"""How a retrieval was made, in words."""

from __future__ import annotations

from ...gist.story import NUISANCE
from ...report.numbers import listed
from .result import RetrievalResult
from .settings import MIN_SHIFT


def methods(result: RetrievalResult) -> dict[str, str]:
    """Terms with their explanations."""
    of = result.settings
    chosen = ", ".join(f"{layer} in {100 * share:.0f} %" for layer, share in result.layers.items())
    return {
        "model": (
            f"Nuisance features of each word{listed(NUISANCE)}, and {of.n_components} principal components of a layer "
            f"of {result.network}, interpolated to samples (Lanczos) and delayed by {', '.join(map(str, of.delays))} "
            "samples. Ridge from these to the mean of the listeners of training, outside of the part held out."
        ),
        "held out": (
            f"Listener and stretch: the story is cut into {of.n_folds} parts that follow each other; {of.gap} samples "
            "on both sides of the part held out are not used. A listener is predicted by a model of all others; the "
            f"mean of half of them by a model of the other half ({of.n_groups} random divisions)."
        ),
        "choices": (
            f"Layer ({', '.join(of.layers)}) and strength ({', '.join(f'{one:g}' for one in of.strengths)}, one for "
            "all features at unit variance) by the correlation of predictions within the training of each test. "
            f"Layers chosen: {chosen}. Features count by their squared correlation between listeners of training. "
            "Components and scales are of the words and samples outside of the part held out. All other settings "
            "are the study's: if they were settled by a look at these figures, the figures flatter."
        ),
        "pairs": (
            "A window begins at every sample. Its similarity with a predicted window is the cosine over samples and "
            "features. It is compared with that of each other window of the same part that does not overlap it: a "
            "share of pairs won, averaged over windows and parts."
        ),
        "drift": (
            f"The mean of the last {of.drift_s:g} s is taken out of recordings, which are divided by the standard "
            "deviation of that time; only the past counts. The same mean is taken out of the delayed features, so "
            "that predictions have the shape that is left of a response. Beside it: a parabola over the whole run, "
            "which no live decoder can have. Listeners of training are recordings that exist already; of the listener "
            "tested only the past is used."
        ),
        "z and p": (
            f"All recordings together are shifted in a circle against the story by {MIN_SHIFT} samples or more, "
            f"{of.n_shifts} times; layer and strength are chosen and everything is fitted anew each time. z: the "
            "distance from the mean of these in their standard deviations; p: the share at least as high."
        ),
        "interval": (
            "Student’s t over listeners. Their models share recordings of training, so listeners are not quite "
            "independent; the z over shifts does not rest on that. There is one story: nothing is said of others."
        ),
        "controls": (
            "Words in another order: each word has its own time and nuisance features and the states of another word, "
            f"mean of {of.n_orders} orders; it may lie below nuisance alone, because states that say nothing add "
            "noise. Untrained network: the same architecture with random weights, and its surprisal. Other listeners’ "
            "brains: the recordings of those of training in the place of the prediction, a ceiling for any model of "
            "them."
        ),
        "network": f"{result.network}, SHA-256 {result.fingerprint}; words in lower case, each after those before it.",
        "random seed": str(of.seed),
    }
