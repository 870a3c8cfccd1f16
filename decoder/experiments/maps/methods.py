"""How a map was made, in words."""

from __future__ import annotations

from ...evaluation.controls import control_named
from ...report.methods import CEILING, RIDGE, WHITENING, control_texts, measure_texts, statistics_text
from ...report.numbers import count
from ...statistics.measures import IN_SENTENCES
from .labels import controls_of
from .result import InjectionMap


def map_methods(result: InjectionMap) -> dict[str, str]:
    """Methods by their headings."""
    several, settings = len(result.sessions) > 1, result.settings
    recordings = [
        f"{f'{one.name}: ' * several}{one.recording}; {count(one.n_trials, 'trial')} of "
        f"{count(one.n_answers, 'answer')} in {count(one.n_runs, 'run')}."
        for one in result.sessions
    ]
    whiten = settings.get("whiten", "none")
    whitening = f" Whitening {WHITENING[whiten]}." if whiten != "none" else ""
    networks = [
        f"{one.name} ({count(len(one.layers), 'layer')}; SHA-256 {one.fingerprint}), read out by {one.readout}"
        for one in result.networks
    ]
    folds = ", ".join(f"{f'{one.name}: ' * several}{count(one.n_folds, 'outer fold')}" for one in result.sessions)
    mean = f" The map is the mean of {len(result.sessions)} sessions; each session chose its own cells." * several
    methods = {
        "recording": f"{' '.join(recordings)} Steps: {settings.get('steps', 'none')}.{whitening}",
        "regions": _regions(result),
        "times": _times(result),
        "networks": f"{'; '.join(networks)}. Their weights were frozen.",
        "injection": (
            "A linear map (ridge regression) predicts the activation of a layer from brain activity: "
            f"{settings.get('adapter', 'ridge')}. One strength holds for all units of a layer, and is chosen anew "
            f"within each training set. {RIDGE}"
        ),
        "cross-validation": (
            f"{folds}; no run was ever split between training and test. Strength, gain, whitening and the choice of "
            f"the cell used the training runs alone. For the nested choice, {count(result.inner_folds, 'inner fold')} "
            f"of the training runs, of whose held-out trials at most {result.inner_trials:,} were judged, gave each "
            f"cell’s pairwise accuracy; the best cell was then judged on the outer fold.{mean}"
        ),
        **measure_texts(result.nested.measures, IN_SENTENCES),
        "statistics": (
            f"{statistics_text('runs', 'runs', result.n_permutations)} The same exchanges are used for all cells, and "
            "the corrected p of a cell compares its value above chance with the greatest of all "
            f"{count(len(result.cells), 'cell')} under each exchange, which controls the family-wise error over the "
            "whole map (Nichols & Holmes 2002, Human Brain Mapping 15, 1–25)."
        ),
        "ceiling": CEILING,
        **control_texts(controls_of(result)),
    }
    again = ", ".join(name for name in controls_of(result) if control_named(name).fits_the_brain)
    if again:
        methods["controls and cells"] = {
            "fit": f"Read at the cells that were chosen with the true labels and the trained network: {again}. They "
            "test the fit, not the search for a cell.",
            "search": f"Read at cells that their own pairing or network chose in the inner folds: {again}. Their "
            "nested figures include what choosing among cells gives by luck.",
        }[result.controls_redo]
    if controls_of(result):
        methods["shuffles"] = f"Every mean over shuffles is the mean of {count(result.n_shuffles, 'shuffle')}."
    return methods | {"random seed": str(result.seed)}


def _regions(result: InjectionMap) -> str:
    if len(result.regions) == 1:
        n = result.sessions[0].n_features[result.regions[0]]
        return f"All {count(n, 'feature')} of the region “{result.regions[0]}” were used, in the first session."
    sizes = [
        f"{region} ({', '.join(str(one.n_features[region]) for one in result.sessions)})" for region in result.regions
    ]
    return f"Each region’s features alone were used: {', '.join(sizes)}."


def _times(result: InjectionMap) -> str:
    if len(result.times) == 1 and result.times[0].start_s is None:
        return f"Window: {result.settings.get('window', 'that of the decoder')}."
    times = [
        one.name if one.start_s is None else f"{one.name} [{one.start_s:g}, {one.stop_s:g}) s" for one in result.times
    ]
    return (
        f"Activity was averaged over {', '.join(times)} from each trial’s onset; a trial without samples at one of "
        "the times was left out at all of them."
    )
