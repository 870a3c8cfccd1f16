"""The decoder of Tang et al. (2023) from its description, hypothesis by hypothesis: whole story, all voxels, no state.

Its noise may be a first-order autoregression: then the likelihood is that of all samples at once.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import block_diag

from hotwire.decoder.gist.beam_settings import BeamSettings
from hotwire.decoder.gist.encoding_model import EncodingModel
from hotwire.decoder.gist.proposals import Vocabulary

from .small_language import SmallLanguage


class DenseReference:
    def __init__(
        self,
        encoding: EncodingModel,
        language: SmallLanguage,
        vocabulary: Vocabulary,
        settings: BeamSettings,
        data: np.ndarray,
        middle_s: np.ndarray,
        duration_s: np.ndarray,
    ) -> None:
        self.e, self.language, self.vocabulary, self.settings = encoding, language, vocabulary, settings
        self.middle_s, self.duration_s = middle_s, duration_s
        self.kept = np.asarray(~np.isnan(data).any(axis=1))
        self.data = np.where(self.kept[:, None], data, 0.0)
        volume_s = (np.arange(len(data)) + 0.5) / encoding.rate_hz
        x = (volume_s[:, None] - middle_s[None]) * encoding.rate_hz
        lobes = encoding.timing.lobes
        safe = np.where(x == 0, 1.0, x)
        lanczos = lobes * np.sin(np.pi * safe) * np.sin(np.pi * safe / lobes) / (np.pi * safe) ** 2
        self.lanczos = np.where(x == 0, 1.0, np.where(np.abs(x) < lobes, lanczos, 0.0))
        self.precision = self._precision()
        self.n_ties = self.n_empty = 0

    def _precision(self) -> np.ndarray:
        """Of all samples that are there: stretches between lost samples are independent of each other."""
        r = self.e.timing.autocorrelation
        root = self.e.noise.matrix_
        covariance = np.linalg.inv(root @ root) / (1 - r**2)
        times = np.flatnonzero(self.kept)
        pieces = np.split(times, np.flatnonzero(np.diff(times) > 1) + 1)
        blocks = [np.kron(r ** np.abs(np.subtract.outer(piece, piece)), covariance) for piece in pieces]
        return np.linalg.inv(np.asarray(block_diag(*blocks)))

    def log_likelihood(self, features: list[np.ndarray]) -> float:
        """Of a story that begins with words of these features; the rest are words that are not known."""
        rest = [self.e.unknown] * (len(self.middle_s) - len(features))
        design = (self.lanczos @ np.array([*features, *rest]) - self.e.mean) / self.e.size
        predicted = np.tile(self.e.intercept, (len(design), 1))
        for delay, weights in zip(self.e.timing.delays, self.e.weights, strict=True):
            predicted[delay:] += design[: len(design) - delay] @ weights
        residual = (self.data - predicted)[self.kept].ravel()
        return float(-0.5 * residual @ self.precision @ residual)

    def run(self) -> list[tuple[list[int], float]]:
        """The words and the log likelihood of every hypothesis, the best first."""
        beam = [{"words": [], "log_p": [], "features": [], "score": self.log_likelihood([])}]
        for j in range(len(self.middle_s)):
            totals = [round(sum(h["log_p"]), 6) for h in beam]
            pool = []
            for h, total in zip(beam, totals, strict=True):
                rank = sum(t < total for t in totals) + (1 + sum(t == total for t in totals)) / 2
                limit = int(np.ceil(self.settings.extensions * rank / len(beam) - 1e-9))
                own = []
                for word in self._proposals(h["words"], j):
                    last = h["words"][-1] if h["words"] else -1
                    log_p = self.language.log_p[last, word]
                    feature = self.language.feature(last, word, log_p, self.duration_s[j])
                    features = [*h["features"], feature]
                    score = self.log_likelihood(features)
                    new = {"words": [*h["words"], word], "log_p": [*h["log_p"], log_p], "features": features}
                    weighted = score + self.settings.language_weight * sum(new["log_p"])
                    own.append({**new, "score": score, "key": round(weighted, 6)})
                pool += sorted(own, key=lambda one: -one["key"])[:limit]
            self.n_ties += len(pool) - len({one["key"] for one in pool})
            beam = sorted(pool, key=lambda one: -one["key"])[: self.settings.width]
        return [(h["words"], h["score"]) for h in beam]

    def _proposals(self, words: list[int], j: int) -> list[int]:
        v = self.vocabulary
        if not words:
            return v.first.tolist()
        recent = [i for i in range(j) if self.middle_s[i] >= self.middle_s[j] - self.settings.context_s]
        n = min(max(len(recent), self.settings.context_words), j)
        context = words[-n:]
        p = np.exp(self.language.log_p[words[-1]])
        order = sorted((w for w in range(len(p)) if p[w] >= p.max() * self.settings.nucleus.ratio), key=lambda w: -p[w])
        nucleus, mass = [], 0.0
        for word in order:
            nucleus.append(word)
            mass += p[word]
            if mass >= self.settings.nucleus.mass:
                break
        followed = {context[i + 1] for i in range(len(context) - 1) if context[i] == context[-1]}
        stems = {v.stem[word] for word in context}
        fits = [w for w in nucleus if v.allowed[w] and w not in followed and (v.stop[w] or v.stem[w] not in stems)]
        self.n_empty += not fits
        return fits or [max((w for w in range(len(p)) if v.allowed[w]), key=lambda w: (p[w], -w))]
