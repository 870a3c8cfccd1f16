"""How a synthesis was made, in words."""

from __future__ import annotations

from typing import Any

from ...receptive_fields import ABOUT_FIELDS, RECEPTIVE_FIELD
from ...report.numbers import count
from .encoders import SHUFFLED, UNTRAINED
from .objectives import ABOUT
from .recorded import HIGH, RecordedSynthesis
from .result import OWN, Synthesis
from .session import N_PARTS


def synthesis_methods(result: Synthesis) -> dict[str, str]:
    """Terms with their explanations."""
    of, noun = result.settings, result.noun
    several = "" if len(result.networks) < 2 else f" Of several networks the objective is the {of['combine']}."
    begins = f"the natural {noun}s that are best by the prediction"
    if of["start"] != "natural":
        begins = "grey with noise" if noun == "picture" else "noise with the spectrum of natural sounds"
    form = _pictures_form(of) if noun == "picture" else _sounds_form(of)
    return {
        "score": f"{result.kind}: {ABOUT[result.kind]}. Responses are standardised by those to the natural {noun}s, "
        "each judge's by its own.",
        **_encoders(result.chosen, result.fingerprints, of, noun),
        "optimiser": (
            f"Gradient ascent through the networks, {of['n_steps']} steps of {of['step']:g} (Adam), from {begins}; "
            f"{form} Of {count(of['n_seeds'], 'seed')} the best by the prediction.{several}"
        ),
        OWN: (
            f"The mean of the encoders' predictions. They were fitted on the natural {noun}s, for which it is "
            f"therefore high; its r is that of a fit without one of {N_PARTS} parts of the {noun}s, over this part."
        ),
        "judges": (
            f"They had no part in the objective. The r of encoders is, as that of the own prediction, over held-out "
            f"{noun}s; that of other models over all natural {noun}s, perhaps their training."
        ),
        SHUFFLED: f"The same optimiser through encoders that were fitted on responses to other {noun}s.",
        UNTRAINED: "The same optimiser through encoders of the same networks with random weights.",
        f"another site's {noun}": f"What the judge says of a site for the {noun}s that were made for the others.",
        "interval": f"Bootstrap over sites, {of['n_draws']:,} draws. Other animals and encoders are not covered.",
        "random seed": str(of["seed"]),
    }


def _pictures_form(of: dict[str, Any]) -> str:
    return (
        f"pictures of {of['side']} x {of['side']} pixels, moved by up to {of['jitter']} pixels, with noise of "
        f"{of['noise']:g}, in each step. Changes fall with spatial frequency f as 1 / f**{of['slope']:g}. What is "
        "judged is the picture in whole grey levels."
    )


def _sounds_form(of: dict[str, Any]) -> str:
    return (
        f"sounds of {of['seconds']:g} s at 16 kHz with a root mean square of {of['rms']:.3g} (full scale is 1), in "
        f"whose units steps are; moved by up to {of['jitter']} samples, with noise of {of['noise']:g} times it and the "
        f"spectrum of natural sounds, in each step. Changes fall with frequency f as 1 / f**{of['slope']:g}. What is "
        "judged is the sound in 16 bits."
    )


def recorded_methods(result: RecordedSynthesis) -> dict[str, str]:
    """Terms with their explanations."""
    of = result.settings
    return {
        **_encoders(result.chosen, result.fingerprints, of, "picture"),
        "r": (
            "The correlation of predicted and recorded responses to the synthesised pictures, median over sites. No "
            "encoder saw a synthesised picture. Natural ones: in a fit without one of "
            f"{N_PARTS} parts of them, over this part."
        ),
        "top tenth": (
            "For each site the tenth of the synthesised pictures that is predicted highest: the share to which it "
            f"responded more than to {100 * HIGH:.0f} % of the natural pictures."
        ),
        "untrained network": "The same networks with random weights, the same layers and choices.",
        SHUFFLED: "Encoders that were fitted on responses to other pictures.",
        "another site's encoder": "Each site is predicted by the encoder of the next one.",
        "interval": (
            f"Pigeonhole bootstrap (Owen 2007), {of['n_draws']:,} draws of sites and synthesised pictures; of "
            "shares, of sites. Encoders are not fitted anew; other animals are not covered."
        ),
        "random seed": str(of["seed"]),
    }


def _encoders(
    chosen: dict[str, str], fingerprints: dict[str, str], settings: dict[str, Any], noun: str
) -> dict[str, str]:
    by = "; ".join(f"{name}: {of} (SHA-256 {fingerprints[name]})" for name, of in chosen.items())
    what = "layer, or all layers together" + (", and which pooling" if len(settings["pool"]) > 1 else "")
    return {
        "encoders": (
            "Ridge regression from a network's layers to each site, with a strength for each site, by generalised "
            f"cross-validation, or in folds of whole groups where more than one {noun} in twenty is like another "
            f"one. Which {what} predicts: that of the least error so, on average over sites, on natural {noun}s "
            f"alone. Predictions of several networks are averaged. Chosen: {by}."
        )
    } | ({RECEPTIVE_FIELD: ABOUT_FIELDS} if RECEPTIVE_FIELD in settings["pool"] else {})
