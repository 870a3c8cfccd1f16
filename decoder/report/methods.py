"""Methods that results share, in words, with their references."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...adapters.factored import FactoredAdapter
from ...adapters.ridge.ridge import GENERALISED
from ...adapters.ridge.strengths import STRONGEST, WEAKEST
from ..evaluation.controls import control_named
from ..settings import Settings
from ..statistics.intervals import LEAST_RUNS
from ..steps import Step

MEASURE_TEXTS = {
    "free": "the language model’s own words, right if they are one of the words for what was shown",
    "candidate": "the right answer scores highest of all; ties of k count 1/k",
    "pairwise": (
        "how often a trial’s own answer scores higher than that of another trial with another answer; ties count half "
        "(after Mitchell et al. 2008, Science 320, 1191–1195)"
    ),
    "auc": (
        "area under the ROC curve: how often a trial of one answer leans more to it than a trial of the other does; "
        "ties count half, trials of the same run are compared (Hanley & McNeil 1982, Radiology 143, 29–36)"
    ),
    "against all": "pairs with classes that were trained on, too; “pairwise” compares classes held out together alone",
}
_SHRINKAGE = "Ledoit–Wolf shrinkage (Ledoit & Wolf 2004, J. Multivariate Analysis 88, 365–411)"
WHITENING = {
    "samples": f"from all samples of the training runs, {_SHRINKAGE}",
    "effective samples": f"from all samples of the training runs, {_SHRINKAGE} for as many samples as are independent "
    "(Bartlett 1946, Suppl. J. Royal Statistical Society 8, 27–41; Bartz & Müller 2014, NIPS 27)",
    "residuals": f"from the training trials around their class’s mean, {_SHRINKAGE}",
}
DISCRIMINANT = (
    " Its discriminant is shrinkage linear discriminant analysis in the span of the differences between the classes’ "
    "mean targets, fitted on what adapters predicted of training runs that they were not fitted on (Hastie, Buja & "
    "Tibshirani 1995, Annals of Statistics 23, 73–102; Ledoit & Wolf 2004)."
)
RIDGE = (
    "Ridge predictions are shrunk towards the mean; a gain of “total” or “unit” gives them back the size of true "
    "activations. The prediction is put in place of the layer’s activation, and the rest of the network, which is "
    "frozen, is computed from there on; a nearest readout instead compares it with the answers’ targets in that "
    "layer."
)
CEILING = (
    "The same readout from the true activations in place of the predicted ones: what the network could say if the "
    "adapter made no error."
)


def setting_texts(
    recording: str, settings: Settings, chosen_from: Callable[[str], Sequence[Any]] = lambda _: ()
) -> dict[str, str]:
    """What was recorded and how it became what the adapter takes: each by its heading, also where nothing was done.

    `recording` is its summary; `chosen_from` gives the values that a setting is chosen from.
    """
    fit_steps, fit_window = settings.to_fit
    texts = {
        "recording": f"{recording or 'Not known'}.",
        "steps": _chosen("steps", chosen_from, _steps) or f"{_steps(settings.steps)}, run by run.",
        "window": _chosen("window", chosen_from, repr) or f"{settings.window!r}.",
        "features": _chosen("features", chosen_from, repr)
        or (f"{settings.features!r}." if settings.features is not None else "The window’s output itself."),
        "whitening": _chosen("whiten", chosen_from, _whitening) or f"{_whitening(settings.whiten)}.",
    }
    if fit_steps != settings.steps or chosen_from("fit_steps"):
        texts["steps"] += f" To fit the adapter: {_chosen('fit_steps', chosen_from, _steps) or _steps(fit_steps)}"
    if fit_window != settings.window or chosen_from("fit_window"):
        texts["window"] += f" To fit the adapter: {_chosen('fit_window', chosen_from, repr) or repr(fit_window)}"
    return texts


def _chosen(name: str, chosen_from: Callable[[str], Sequence[Any]], word: Callable[[Any], str]) -> str:
    """What a setting is chosen from in each fold; empty where it is not chosen."""
    values = [word(value) for value in chosen_from(name)]
    return f"Chosen in each fold from: {'; '.join(values)}." if values else ""


def _steps(steps: Sequence[Step] | None) -> str:
    return ", then ".join(map(repr, steps or ())) or "none"


def _whitening(whiten: str) -> str:
    return WHITENING.get(whiten, whiten)


def in_a_line(adapter: FactoredAdapter) -> str:
    """An adapter with the settings that are not its defaults, in one line."""
    return " ".join(repr(adapter).split())


def strengths_text(adapter: FactoredAdapter, held_out: str = "runs") -> str:
    """Which strengths of a ridge are tried, and by what one is chosen in the training, of which some is held out."""
    params = adapter.get_params(deep=False)
    if "alphas" not in params:
        return "which has no strength to choose"
    alphas = params["alphas"]
    if alphas is None:
        tried = (
            f"with strengths at half powers of ten from {WEAKEST:g} to {STRONGEST:g} times the largest squared "
            "singular value of the training features"
        )
    elif np.ndim(alphas) == 0 and not isinstance(alphas, Mapping):
        return f"with the strength {alphas:g}"
    else:
        of_bands = alphas.items() if isinstance(alphas, Mapping) else [("", alphas)]
        each = (f"{name} {', '.join(f'{one:g}' for one in np.ravel(of))}".strip() for name, of in of_bands)
        tried = f"with the strengths {'; '.join(each)}"
    if params.get("cv") == GENERALISED:
        return f"{tried}, chosen by generalised cross-validation"
    by = "squared cosine with" if params.get("choose_by") == "direction" else "squared error from"
    return f"{tried}, chosen by the {by} the targets of training {held_out} held out in turn"


def measure_texts(names: Iterable[str], words: dict[str, str]) -> dict[str, str]:
    """What each measure counts, by its name in words."""
    return {words[name]: f"{MEASURE_TEXTS[name]}." for name in names}


def control_texts(names: Iterable[str]) -> dict[str, str]:
    """What each control injects, or where its targets are from."""
    return {name: f"{control_named(name).description}." for name in names}


def statistics_text(units: str, groups: str, n_permutations: int) -> str:
    """How chance, intervals and p values are computed."""
    return (
        "Chance is what the best guess reaches that is the same in all trials, 50 % for pairs of equally frequent "
        "answers. 95 % intervals are of log odds (Brown, Cai & DasGupta 2001, Stat. Sci. 16, 101–133), with Student’s "
        f"t over {units}; the variance over {units} is raised by what trials share that are in each other’s training "
        "(after Nadeau & Bengio 2003, Machine Learning 52, 239–281). There are none for fewer "
        f"than {LEAST_RUNS} {units}. p is the share of orders in which the decisions, as they are, do at least as well "
        f"after the true answers of whole events are exchanged within {groups}, {n_permutations:,} times, counting the "
        "order that was seen (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9, 39); the spread over exchanges is "
        "widened by what folds share."
    )


def refit_text(n_refits: int) -> str:
    """What p of the decoder tests after refits."""
    return (
        f"p of the decoder is from {n_refits:,} refits: the answers of whole events were exchanged within runs, for "
        "training and held-out trials together, and the adapter was fitted anew to each. It tests that nothing relates "
        "the recording to the answers; what was chosen of the settings stays as chosen. Every other p is from "
        "fixed decisions."
    )
