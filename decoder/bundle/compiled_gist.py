"""Saved decoders of gist as a rig runs them: with numpy and onnxruntime, without what fitting needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...models.networks.language.graph_pass import ENTER, GO_ON, GraphPass, GraphShapes
from ...models.networks.one_thread import ORT_ERRORS
from ..gist.beam_settings import BeamSettings
from ..gist.decode_run import decode_run
from ..gist.featured_words import FeaturedWords
from ..gist.gist_decoder import METER_WORDS, GistDecoder
from ..gist.meter import Meter
from ..gist.passages import Passages
from ..gist.proposals import Nucleus, Vocabulary
from ..gist.timing import WordTiming
from ..gist.whitened import WhitenedModel
from ..gist.word_features import WordFeatures
from ..gist.word_rate import WordRate
from ..recordings.matching import check_agrees
from ..recordings.recording import Recording
from ..recordings.timed_words import TimedWords, check_words
from ..steps import Step, open_chain, run_steps, step_from_dict
from .saved_space import saved_space
from .sealed import GIST, MANIFEST, REFERENCE, VOCABULARY, naming, part_of, unseal

PARTS = (GIST, VOCABULARY, ENTER, GO_ON, REFERENCE)
OF_MODEL = ("unknown", "mean", "size", "intercept", "projection", "responses")
OF_RATE = ("places", "mean", "weights")
OF_VOCABULARY = ("stem", "stop", "allowed", "first")


class CompiledGist:
    """A saved decoder of gist, ready to decode: the same words, bit for bit, of a run at once and as it comes.

    Attributes
    ----------
    path : Path
    digest : str
        SHA-256 of the bundle.
    manifest : dict
        The bundle's description of itself.
    feature_names : tuple of str
    unit : str or tuple of str
    rate_hz : float
        Of the recording that it was fitted on; a stream has to agree.
    steps : tuple of Step
    voxels : array (n_voxels,) of int
        Which features it decodes from, after the steps.
    words_per_s : float
        How fast was spoken in the training.
    space : VolumeSpace or None
        The grid of its voxels and how volumes are prepared, where it was fitted on volumes.
    rate : WordRate or None
        How fast is spoken, from the samples that it decodes from; None in older formats.
    passages : Passages or None
        What it expects of passages that may be heard; None in older formats.
    meter : Meter or None
        None only while it is fitted.
    """

    answers: tuple[str, ...] = ()
    """It has no classes."""

    def __init__(self, path: Path, digest: str, manifest: dict[str, Any], parts: Mapping[str, bytes]) -> None:
        self.path, self.digest, self.manifest = path, digest, manifest
        self.feature_names = tuple(map(str, manifest["feature_names"]))
        unit = manifest["unit"]
        self.unit = unit if isinstance(unit, str) else tuple(map(str, unit))
        self.rate_hz, self.words_per_s = float(manifest["rate_hz"]), float(manifest["words_per_s"])
        self.steps: tuple[Step, ...] = tuple(step_from_dict(saved) for saved in manifest["steps"])
        self.space = saved_space(manifest, parts)
        self.meter = Meter(**manifest["meter"]) if manifest["meter"] else None
        if self.meter is not None and self.meter.n_words != METER_WORDS:
            raise InputError(f"meter: expected one of {METER_WORDS} words, got one of {self.meter.n_words}")
        arrays = _arrays(part_of(parts, GIST))
        chain = open_chain(self.steps, self.feature_names, self.rate_hz)
        self.voxels: NDArray[np.intp] = arrays["voxels"]
        of_model = {name: arrays[name] for name in OF_MODEL}
        timing = manifest["timing"]
        self._timing = WordTiming(**{**timing, "delays": tuple(timing["delays"])})
        self._model = WhitenedModel(self._timing, chain.rate_out_hz, **of_model)
        if self.voxels.shape != of_model["intercept"].shape or not set(self.voxels) <= set(range(len(chain.names_out))):
            raise InputError(f"voxels: expected some of {len(chain.names_out)} features, got {self.voxels}")
        self.rate = None if "word_rate" not in manifest else _rate(manifest["word_rate"], arrays, chain.rate_out_hz)
        if self.rate is not None and not set(self.rate.places) <= set(range(len(self.voxels))):
            raise InputError(f"rate_places: expected some of {len(self.voxels)} voxels, got {self.rate.places}")
        self.passages = _passages(manifest["passages"], arrays, self._model) if "passages" in manifest else None
        words = tuple(json.loads(part_of(parts, VOCABULARY)))
        self._vocabulary = Vocabulary(words, **{name: arrays[name] for name in OF_VOCABULARY})
        beam: dict[str, Any] = dict(manifest["beam"])
        self._beam = BeamSettings(**{**beam, "nucleus": Nucleus(**beam["nucleus"])})
        shapes = GraphShapes(**manifest["graphs"])
        if shapes.n_words != len(words) or shapes.n_rows < self._beam.width:
            raise InputError(
                f"graphs: expected those of {len(words)} words and {self._beam.width} texts or more, got those of "
                f"{shapes.n_words} and {shapes.n_rows}"
            )
        network = GraphPass(
            {name: part_of(parts, name) for name in (ENTER, GO_ON)},
            shapes,
            arrays["frequencies"],
            arrays["first_log_p"],
            float(arrays["first_log_mass"]),
        )
        features = WordFeatures(arrays["feature_mean"], arrays["feature_components"])
        n_components = features.components.shape[1]
        usual = arrays.get("usual_states", np.zeros((len(words), n_components)))  # older formats try all proposals
        if usual.shape != (len(words), n_components):
            raise InputError(f"usual_states: expected {(len(words), n_components)}, got {usual.shape}")
        self._words = FeaturedWords(network, self._vocabulary, features, usual.astype(np.float64))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> CompiledGist:
        """Open a bundle and check every byte of it.

        Raises
        ------
        BundleError
            The file is damaged, incomplete, too new or no bundle; or it does not decode gist.
        """
        contents = unseal(path, wanted=PARTS, decodes="gist")
        with naming(path, ValueError, TypeError, AttributeError, KeyError, BadZipFile, *ORT_ERRORS):
            return cls(Path(path), contents.digest, contents.manifest, contents.parts)

    def decoder(self, model: WhitenedModel | None = None) -> GistDecoder:
        """Return a decoder for one run, of samples after the steps; with a model, by that one."""
        return GistDecoder(model or self._model, self._words, self._vocabulary, self._beam)

    def samples(self, recording: Recording, run: int | str) -> NDArray[np.float32]:
        """Return what a decoder takes (n_samples, n_voxels) of a run, as it was recorded.

        Raises
        ------
        RecordingError
            The recording has other features, units or another rate than the decoder was fitted on.
        """
        check_agrees(recording, self.feature_names, self.unit, self.rate_hz)
        return run_steps(self.steps, recording.select(runs=[run])).data[:, self.voxels]

    def decode(self, recording: Recording, run: int | str, words: TimedWords) -> list[str]:
        """Return the words (n_words,) decoded from a run, at the times of its words.

        Raises
        ------
        RecordingError
            The recording is not as that of the fit, or the words lie outside the run.
        """
        check_words({run: words}, recording.select(runs=[run]))
        return decode_run(self.decoder(), self.samples(recording, run), words).said


def _rate(saved: dict[str, Any], arrays: Mapping[str, NDArray], rate_hz: float) -> WordRate:
    of: dict[str, Any] = {**saved, **{name: arrays[f"rate_{name}"] for name in OF_RATE}}
    return WordRate(**{**of, "rate_hz": rate_hz, "delays": tuple(saved["delays"])})


def _passages(saved: dict[str, Any], arrays: Mapping[str, NDArray], model: WhitenedModel) -> Passages:
    expected = arrays["passages_expected"]
    if expected.ndim != 2 or expected.shape[1] != model.n_directions:
        raise InputError(f"passages_expected: expected (n_samples, {model.n_directions}), got {expected.shape}")
    return Passages(
        names=tuple(map(str, saved["names"])),
        lengths=tuple(map(int, saved["lengths"])),
        expected=expected,
        autocorrelation=model.timing.autocorrelation,
        rate_hz=model.rate_hz,
        n_window=int(saved["n_window"]),
        least=float(saved["least"]),
        strongest=saved.get("strongest"),
    )


def _arrays(content: bytes) -> dict[str, NDArray]:
    with np.load(BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def decodes_gist(path: str | PathLike[str]) -> bool:
    """Whether a bundle's decoder decodes gist; nothing is checked, which loading does."""
    try:
        with ZipFile(path) as archive:
            return json.loads(archive.read(MANIFEST)).get("decodes") == "gist"
    except (
        OSError,
        BadZipFile,
        KeyError,
        ValueError,
        AttributeError,
        RecursionError,
        NotImplementedError,
        RuntimeError,
    ):
        return False
