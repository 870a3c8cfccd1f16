"""The speech recogniser: on a tiny random model always, on Whisper where its weights are there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from scipy.special import log_softmax

from hotwire.errors import AssetError, DownloadError, InputError, UnknownNameError
from hotwire.models import open_network
from hotwire.models.export.scoring_graph import scoring_graph
from hotwire.models.networks.free_text import GeneratesText
from hotwire.models.networks.whisper.recogniser import SpeechRecogniser, spellings
from hotwire.models.networks.whisper.sounds import log_mel
from hotwire.models.networks.whisper.whisper_pass import SILENCE_S
from hotwire.models.weights.registry import Asset, Member

from ...small_recogniser import LONGEST_S, byte_tokenizer, noises, said, small_model, small_recogniser

WORDS = ["left", "right", "down", "house", "yes", "no", "water", "five"]
SOUNDS = noises(5)


@pytest.fixture(scope="module")
def network() -> SpeechRecogniser:
    return small_recogniser()


@pytest.fixture(scope="module")
def whole() -> SpeechRecogniser:
    """Hears as long as the model can, with no silence behind it."""
    return small_recogniser(LONGEST_S)


def continued(model: torch.nn.Module, sound: np.ndarray, tokens: list[int]) -> np.ndarray:
    """Logits of the token that follows, by transformers' own forward pass."""
    mel = log_mel([sound], seconds=LONGEST_S, n_bins=80)
    with torch.inference_mode():
        return model(input_features=mel, decoder_input_ids=torch.tensor([tokens])).logits[0, -1].numpy()


def test_layers(network: SpeechRecogniser) -> None:
    assert network.layers == {"0": (20, 16), "1": (20, 16), "2": (20, 16)}
    assert network.seconds == 0.4
    assert isinstance(network, GeneratesText)


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_re_entering_at_every_layer_gives_the_output_bit_for_bit(network: SpeechRecogniser, batch_size: int) -> None:
    recorded = network.activations(SOUNDS, list(network.layers), batch_size=batch_size)
    outputs = network.outputs(SOUNDS, batch_size=batch_size)
    assert np.ptp(outputs, axis=0).max() > 0.01
    for layer in network.layers:
        np.testing.assert_array_equal(network.resume(layer, recorded[layer], batch_size=batch_size), outputs)
        alone = network.activations(SOUNDS, [layer], batch_size=batch_size)[layer]
        np.testing.assert_array_equal(alone, recorded[layer])


def test_what_is_injected_is_what_is_heard(network: SpeechRecogniser) -> None:
    recorded = network.activations(SOUNDS[:2], list(network.layers))
    for layer in network.layers:
        scores = network.log_probabilities(layer, recorded[layer], WORDS)
        np.testing.assert_allclose(scores, network.log_probabilities("0", recorded["0"], WORDS), atol=1e-5)
        assert np.abs(scores[0] - scores[1]).max() > 1e-3
        flat = recorded[layer].reshape(2, -1)
        np.testing.assert_array_equal(network.log_probabilities(layer, flat, WORDS), scores)


def test_without_silence_it_is_transformers_own_whisper(whole: SpeechRecogniser) -> None:
    model = small_model()
    mel = log_mel(SOUNDS, seconds=LONGEST_S, n_bins=80)
    with torch.inference_mode():
        encoded = model.model.encoder(mel, output_hidden_states=True)
    recorded = whole.activations(SOUNDS, list(whole.layers))
    np.testing.assert_allclose(recorded["0"], encoded.hidden_states[0].numpy(), atol=1e-6)
    np.testing.assert_allclose(recorded["1"], encoded.hidden_states[1].numpy(), atol=1e-5)
    np.testing.assert_allclose(recorded["2"], encoded.last_hidden_state.numpy(), atol=1e-5)
    expected = np.stack([continued(model, sound, [257, 258]) for sound in SOUNDS])
    np.testing.assert_allclose(whole.outputs(SOUNDS), expected, atol=1e-5)


def test_the_silence_behind_is_what_whisper_makes_of_silence(network: SpeechRecogniser) -> None:
    model = small_model()
    n, m = 20, 20 + round(SILENCE_S * 50)
    with torch.inference_mode():
        silence = model.model.encoder(log_mel([np.zeros(1)], seconds=LONGEST_S, n_bins=80), output_hidden_states=True)
        recorded = {name: torch.from_numpy(of) for name, of in network.activations(SOUNDS, ["0", "1", "2"]).items()}
        for number, block in enumerate(model.model.encoder.layers):
            behind = silence.hidden_states[number][:, n:m].expand(len(SOUNDS), -1, -1)
            states = block(torch.cat([recorded[str(number)], behind], 1), None)[:, :n]
            expected = model.model.encoder.layer_norm(states) if number == 1 else states
            np.testing.assert_allclose(recorded[str(number + 1)].numpy(), expected.numpy(), atol=1e-5)
        heard = torch.cat([recorded["2"], silence.last_hidden_state[:, n:m].expand(len(SOUNDS), -1, -1)], 1)
        decoded = model(encoder_outputs=(heard,), decoder_input_ids=torch.tensor([[257, 258]] * len(SOUNDS)))
    np.testing.assert_allclose(network.outputs(SOUNDS), decoded.logits[:, -1].numpy(), atol=1e-5)


def test_log_probabilities_are_those_of_the_spellings_one_by_one(whole: SpeechRecogniser) -> None:
    model, tokenizer = small_model(), byte_tokenizer()
    words = ["no", "nod", "a b"]

    def of_spelling(sound: np.ndarray, spelling: str) -> float:
        tokens, total = [257, 258], 0.0
        for token in [*tokenizer.encode(f" {spelling}", add_special_tokens=False).ids, 256]:
            total += float(log_softmax(continued(model, sound, tokens))[token])
            tokens.append(token)
        return total

    expected = np.array(
        [
            [np.logaddexp.reduce([of_spelling(sound, spelling) for spelling in spellings(word)]) for word in words]
            for sound in SOUNDS[:2]
        ]
    )
    activations = whole.activations(SOUNDS[:2], ["1"])["1"]
    np.testing.assert_allclose(whole.log_probabilities("1", activations, words), expected, rtol=1e-5)


def test_free_transcripts_take_the_likeliest_token_that_may_be_said(whole: SpeechRecogniser) -> None:
    model, tokenizer = small_model(), byte_tokenizer()
    expected = []
    for sound in SOUNDS:
        tokens: list[int] = []
        while len(tokens) < 6 and 256 not in tokens:
            logits = continued(model, sound, [257, 258, *tokens])
            logits[[257, 258, *([] if tokens else [256])]] = -np.inf
            tokens.append(int(logits.argmax()))
        expected.append(tokenizer.decode(tokens).strip("\n").partition("\n")[0].strip())
    activations = whole.activations(SOUNDS, ["1"])["1"]
    assert whole.generate("1", activations, max_tokens=6, batch_size=2) == expected
    assert any(expected)


def test_untrained(network: SpeechRecogniser) -> None:
    state = torch.random.get_rng_state()
    one, same, other = network.untrained(1), network.untrained(1), network.untrained(2)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert one.fingerprint == same.fingerprint
    assert len({one.fingerprint, other.fingerprint, network.fingerprint}) == 3
    np.testing.assert_array_equal(one.outputs(SOUNDS), same.outputs(SOUNDS))
    layer = one.activations(SOUNDS, ["1"])["1"]
    np.testing.assert_array_equal(one.resume("1", layer), one.outputs(SOUNDS))


def test_how_long_it_hears_tells_networks_apart(network: SpeechRecogniser) -> None:
    assert small_recogniser().fingerprint == network.fingerprint
    assert small_recogniser(0.5).fingerprint != network.fingerprint


def test_wrong_arguments(network: SpeechRecogniser) -> None:
    states = np.zeros((1, 20, 16), np.float32)
    for candidates, reason in [([], "at least one"), (["no", " "], "at position 1"), (["no", "no"], "there twice")]:
        with pytest.raises(InputError, match=reason):
            network.log_probabilities("0", states, candidates)
    with pytest.raises(UnknownNameError, match="There are: 0, 1, 2"):
        network.generate("3", states)
    with pytest.raises(UnknownNameError, match="There are: 0, 1, 2"):
        network.log_probabilities("3", states, WORDS)
    for seconds in (0.0, 3.02, 0.41):
        with pytest.raises(InputError, match=r"seconds: expected a multiple of 0.02 up to 3"):
            small_recogniser(seconds)
    with pytest.raises(InputError, match=r"sound 0 lasts 0\.50 s"):
        network.outputs(noises(1, seconds=0.5))
    tokenizer = byte_tokenizer()
    with pytest.raises(InputError, match="no token '<|startoftranscript|>'".replace("|", r"\|")):
        SpeechRecogniser(small_model(), type(tokenizer)(tokenizer.model))
    with pytest.raises(InputError, match="only speech recognisers"):
        open_network("all-minilm-l6-v2", seconds=2.0)


def test_weights_that_are_no_whisper_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hotwire.models.networks.whisper import recogniser

    config = small_model().config
    names = ("vocab_size", "d_model", "max_source_positions", "encoder_attention_heads", "decoder_attention_heads")
    monkeypatch.setattr(recogniser, "read_whisper", lambda _: ({name: getattr(config, name) for name in names}, {}))
    byte_tokenizer().save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(AssetError, match="does not hold the weights"):
        SpeechRecogniser.open(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["0", "2"])
def test_exported_it_gives_the_same_scores(network: SpeechRecogniser, layer: str) -> None:
    graph = scoring_graph(network, layer, WORDS)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    recorded = network.activations(SOUNDS, [layer])[layer]
    found = np.concatenate([np.asarray(session.run(None, {"activation": own.reshape(1, -1)})[0]) for own in recorded])
    np.testing.assert_allclose(found, network.log_probabilities(layer, recorded, WORDS), atol=1e-4)


# The real one

# A sentence that a person reads: CMU ARCTIC a0007.
SENTENCE = Asset(
    name="arctic-a0007",
    kind="recording",
    title="",
    project="pysptk",
    version="1.0.1",
    filename="pysptk-1.0.1.tar.gz",
    sha256="78b1c9338bf795a41cdc3ff03fcd4699c401c323f54630bb71a19710078d0b3f",
    size_bytes=461_930,
    licence="",
    citation="",
    members=(
        Member(
            "pysptk-1.0.1/pysptk/example_audio_data/arctic_a0007.wav",
            "sentence.wav",
            128_044,
            "1b850392f8c87ee2efe5a686523f1bab61d2a38d59bc43d1127e17e406f9e57d",
        ),
    ),
)


@pytest.fixture(scope="module")
def whisper(fetched: Callable[[str], Path]) -> SpeechRecogniser:
    return SpeechRecogniser.open(fetched("whisper-tiny.en"), name="whisper-tiny.en")


@pytest.mark.slow
def test_whisper_writes_down_what_a_person_says(fetched: Callable[[str], Path], tmp_path: Path) -> None:
    from hotwire.models.weights.download import make_ready

    try:
        make_ready(SENTENCE, tmp_path)
    except DownloadError as error:
        pytest.skip(f"needs a sentence: {error}")
    network = SpeechRecogniser.open(fetched("whisper-tiny.en"), seconds=5.0)
    heard = network.activations([tmp_path / SENTENCE.name / "sentence.wav"], list(network.layers))
    for layer, states in heard.items():
        [text] = network.generate(layer, states, max_tokens=20)
        assert text.lower() == "and you always want to see it in the superlative degree."


@pytest.mark.slow
def test_whisper_tells_words_apart_in_every_layer(whisper: SpeechRecogniser, tmp_path: Path) -> None:
    from scipy.io import wavfile

    for word in WORDS:
        wavfile.write(tmp_path / f"{word}.wav", *said(word))
    sounds = [tmp_path / f"{word}.wav" for word in WORDS]
    heard = whisper.activations(sounds, list(whisper.layers))
    assert heard["0"].shape == (len(WORDS), 100, 384)
    for layer, states in heard.items():
        assert whisper.log_probabilities(layer, states, WORDS).argmax(axis=1).tolist() == list(range(len(WORDS)))
    written = whisper.generate("2", heard["2"])
    assert sum(text.strip(".").lower() == word for text, word in zip(written, WORDS, strict=True)) >= 5
    untrained = whisper.untrained(0)
    guesses = untrained.log_probabilities("2", untrained.activations(sounds, ["2"])["2"], WORDS).argmax(axis=1)
    assert len(set(guesses.tolist())) <= 2


@pytest.mark.slow
def test_whisper_is_opened_by_name(whisper: SpeechRecogniser) -> None:
    opened = open_network("whisper-tiny.en")
    assert opened.name == "whisper-tiny.en"
    assert opened.fingerprint == whisper.fingerprint
    assert open_network("whisper-tiny.en", seconds=1.0).layers["0"] == (50, 384)
    with pytest.raises(InputError, match="prompt"):
        open_network("whisper-tiny.en", prompt="a {}:")
