"""How an encoding was made, in words."""

from __future__ import annotations

from ...receptive_fields import ABOUT_FIELDS, RECEPTIVE_FIELD
from ...report.numbers import count
from ..session.holding_out import ABOUT as ABOUT_FOLDS
from .gather import BEST, SHUFFLED
from .predictors import ABOUT
from .result import Encoding

HIERARCHY = (
    "The study gives stages of regions. A region's depth is the place of the best single layer among the network's, 0 "
    "for the first and 1 for the last, chosen within the training of each fold and averaged over folds. Spearman's "
    "rank correlation of stage and depth; regions are exchanged, in every order where they are few; p is one-sided."
)


def encoding_methods(result: Encoding) -> dict[str, str]:
    """Terms with their explanations."""
    of = result.settings
    first, *others = of["hold_out"]
    pool = f", averaged over squares to at most {of['pool']} x {of['pool']} positions a channel" if of["pool"] else ""
    if of["pool"] == RECEPTIVE_FIELD:
        pool = ", each channel averaged over a site's receptive field"
    elif of["pool"] and of["sounds"]:
        stretches = "the whole of each sound" if of["pool"] == 1 else f"{of['pool']} stretches of each sound"
        pool = f", averaged over {stretches}; silence behind a sound counts for nothing"
    networks = "; ".join(
        f"{name} ({count(len(layers), 'layer')}; SHA-256 {result.fingerprints[name]})"
        for name, layers in result.networks.items()
    )
    beside = f" Beside: {'; '.join(ABOUT_FOLDS[way] for way in others)}." if others else ""
    gap = f" {of['gap']} stimuli on both sides of the held-out ones train nothing." if of["gap"] else ""
    rows = {name for one in result.regions for name in one.rows}
    return {
        "responses": (
            f"Steps: {of['steps']}. Window: {of['window']}. Responses to the same stimulus are averaged, and a "
            "stimulus is never both in training and test."
        ),
        "networks": f"{networks}. Activations{pool}.",
        "model": (
            "Ridge regression from a layer's activations to the responses of each site, by inner products of "
            "activations. Each site has its own strength, chosen within the training: by generalised cross-validation "
            "(Golub, Heath & Wahba 1979), or in folds of whole groups where stimuli are held out in groups, or more "
            "than one in twenty looks like another one. All "
            "layers: the sum of the layers' kernels, each divided by its trace."
        ),
        **({RECEPTIVE_FIELD: ABOUT_FIELDS} if of["pool"] == RECEPTIVE_FIELD else {}),
        "held out": f"{count(of['n_folds'], 'fold')}: {ABOUT_FOLDS[first]}.{gap}{beside}",
        BEST: (
            "In each fold, the region is predicted by the layer, or all layers together, whose error within the "
            "training is least, on average over its sites."
        ),
        "explained share": (
            "The squared correlation of predicted and recorded responses over all held-out stimuli, with its sign; "
            "predictions are deviations from the mean of the training, as that mean itself is correlated negatively. "
            "It is divided by the reliability of the average over repeats: split halves, stepped up by the formula of "
            "Spearman and Brown; sites of no reliability have no share. Without repeats it is not divided. Median over "
            "sites."
        ),
        "unbiased r2": (
            "The squared correlation with the expected response, without the bias of noise (Pospisil & Bair 2021); "
            "needs repeats, and takes noise out of each stimulus. Median over sites."
        ),
        "interval": (
            f"Pigeonhole bootstrap (Owen 2007), {of['n_draws']:,} draws: sites, and whole groups of stimuli, are drawn "
            "with replacement; of a region of one site, stimuli alone. Differences have intervals of their own, over "
            "the same draws. Predictions and ceilings are not fitted anew; other animals or people are not covered."
        ),
        "beyond nuisance": (
            "What a model of the chosen layers and the nuisance features explains minus what nuisance alone does, site "
            "by site. Both kinds of features have the same variance in the model."
        ),
        **{name: f"{text[0].upper()}{text[1:]}." for name, text in ABOUT.items() if name in rows},
        **(
            {"PLS": f"Partial least squares, {of['pls']} components, in the layers that ridge chose."}
            if of["pls"]
            else {}
        ),
        SHUFFLED: f"Each stimulus gets the responses to another one; mean of {count(of['n_shuffles'], 'shuffle')}.",
        **({"from early to late regions": HIERARCHY} if result.hierarchies else {}),
        "random seed": str(of["seed"]),
    }
