"""Which true words are offered: counted by hand from what the network says of the whole text."""

from __future__ import annotations

import numpy as np
import torch

from hotwire.decoder.gist.beam_settings import BeamSettings
from hotwire.decoder.gist.coverage import coverage_of
from hotwire.decoder.gist.encoding_fit import EncodingSettings
from hotwire.decoder.gist.fitting import GistSettings, fit_gist
from hotwire.decoder.gist.proposals import Nucleus
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.models.networks.language.language_model import LanguageModel


def test_coverage_is_that_of_the_whole_text(network: LanguageModel) -> None:
    said = np.array(["cat", "dog", "tree", "face", "shoe"])[np.random.default_rng(0).integers(0, 5, 24)]
    onset_s = np.arange(0.0, 48.0, 2.0)
    words = TimedWords(said, onset_s, onset_s + 0.5)
    data = np.random.default_rng(1).normal(size=(60, 4)).astype(np.float32)
    recording = Recording(data, 1.0, tuple("abcd"), np.ones(60, int))
    nucleus = Nucleus(0.0, 0.4)
    beam = BeamSettings(nucleus=nucleus, context_s=0.0, context_words=1)
    encoding = EncodingSettings((1, 2), n_voxels=4, n_folds=2, n_mixtures=0)
    fitted = fit_gist(network, {1: words}, recording, GistSettings("1", 32, 2, encoding, beam))
    other = TimedWords(np.where(said == "face", "zebra", said), words.onset_s, words.offset_s)
    found = coverage_of(fitted, other)
    assert found.sayable == np.mean(said != "face")

    vocabulary = fitted.vocabulary
    tokens = [0, *(network.tokenizer(f" {word}", add_special_tokens=False)["input_ids"][0] for word in other.word)]
    with torch.inference_mode():
        log_p = torch.log_softmax(network.model(torch.tensor([tokens])).logits[0], dim=-1)
    of_words = network.tokenizer.convert_tokens_to_ids([f"Ġ{word}" for word in vocabulary.words])
    n_proposed = int(said[0] in [vocabulary.words[i] for i in vocabulary.first])
    for i in range(1, 24):
        p = np.exp(log_p[i, of_words].double().numpy())
        before = list(vocabulary.words).index(other.word[i - 1]) if other.word[i - 1] != "zebra" else None
        context = np.array([] if before is None else [before], np.intp)
        offered = vocabulary.proposals(p / p.sum(), context, nucleus)
        n_proposed += other.word[i] in [vocabulary.words[one] for one in offered]
    assert 0 < n_proposed < 24
    assert found.proposed == n_proposed / 24
