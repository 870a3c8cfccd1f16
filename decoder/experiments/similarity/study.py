"""A study file of similarity: pictures, the dissimilarity matrices of regions, and a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from ....errors import InputError
from ....models.export.compiled_network import compiled
from ...readers.arrays.array_files import load_arrays
from ...statistics.dissimilarities import rdm_of
from ...study.derived import fields_of
from ...study.networks import NetworkSection
from ...study.section import AnyPath, OneOrMore, Section
from ...study.settings import Layer
from ...study.study import checked_study, naming
from .run import RegionRdm, Similarity, SimilaritySettings, compare_rdms


class PicturesSection(Section):
    """Pictures in a ``.npz`` or ``.mat`` file: uint8 (n, height, width, 3), or a list of such."""

    path: AnyPath
    pictures: str
    """The name of the array."""

    def read(self) -> list[np.ndarray]:
        return list(load_arrays(self.path, [self.pictures])[self.pictures])


class RdmSection(Section):
    """The dissimilarities of a region in a ``.npz`` or ``.mat`` file, square or as pairs; or of several subjects."""

    path: AnyPath
    rdm: str
    """The name of the array."""
    position: int | None = Field(None, ge=0)
    """Which of several; without it they are those of several subjects, whose mean is the region's."""
    per_subject: int = Field(1, ge=1)
    """How many that follow each other are sessions of one subject."""

    def read(self) -> RegionRdm:
        array = load_arrays(self.path, [self.rdm])[self.rdm]
        several = array.dtype.kind == "O" or array.ndim == 3
        every = list(array) if several else [array]
        if self.position is not None:
            if self.position >= len(every):
                raise InputError(f"position: expected 0 to {len(every) - 1}, got {self.position}")
            every = [every[self.position]]
        if len(every) % self.per_subject:
            raise InputError(f"per_subject: expected a divisor of {len(every)} matrices, got {self.per_subject}")
        rdms = np.array([rdm_of(one, self.rdm) for one in every])
        subjects = rdms.reshape(-1, self.per_subject, rdms.shape[1]).mean(axis=1)
        return RegionRdm(subjects.mean(axis=0), subjects)


@fields_of(SimilaritySettings)
class SimilaritySection(Section):
    """See `hotwire.decoder.experiments.similarity.run.SimilaritySettings`."""

    layers: OneOrMore[Layer]


class SimilaritySections(Section):
    """A whole study file of similarity."""

    kind: Literal["similarity"]
    pictures: PicturesSection
    regions: dict[str, RdmSection] = Field(min_length=1)
    network: NetworkSection
    similarity: SimilaritySection


@dataclass(frozen=True)
class SimilarityStudy:
    """A study file of similarity, opened and checked."""

    path: Path
    text: str = field(repr=False)
    sections: SimilaritySections = field(repr=False)

    def run(self) -> Similarity:
        """Read pictures and matrices, and compare. A StudyError says what the file makes impossible."""
        of = self.sections
        with naming(self.path):
            settings = SimilaritySettings(**of.similarity.given())
            regions = {}
            for name, section in of.regions.items():
                with naming(self.path, f"regions.{name}."):
                    regions[name] = section.read()
            known = of.network.outline()
            if known is not None and known.kind != "vision network":
                raise InputError(f"network: expected one that sees pictures, got {known.name}, a {known.kind}")
            network = compiled(of.network.open())
            return compare_rdms(of.pictures.read(), regions, network, settings)


def open_similarity(path: str | PathLike[str]) -> SimilarityStudy:
    """Open a study file of similarity and check all of it; nothing is read yet.

    A StudyError says that there is no such file, it is not TOML, or fields are wrong.
    """
    return SimilarityStudy(*checked_study(path, "similarity", SimilaritySections))
