"""A Whisper of 16 units with random weights, whose tokens are bytes, and words said by a synthesiser."""

from __future__ import annotations

import ctypes
from functools import cache

import numpy as np
import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import WhisperConfig, WhisperForConditionalGeneration

from hotwire.models.networks.whisper.recogniser import END, PROMPT, SpeechRecogniser

N_TOKENS = 256 + 3
LONGEST_S = 3.0


def small_model(seed: int = 0) -> WhisperForConditionalGeneration:
    config = WhisperConfig(
        vocab_size=N_TOKENS,
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        max_source_positions=round(50 * LONGEST_S),
        max_target_positions=40,
        pad_token_id=256,
        bos_token_id=256,
        eos_token_id=256,
        # Larger weights than usual, so that sounds make a difference.
        init_std=0.3,
    )
    torch.manual_seed(seed)
    return WhisperForConditionalGeneration(config).eval()


def byte_tokenizer() -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in (END, *PROMPT)])
    return tokenizer


def small_recogniser(seconds: float = 0.4, seed: int = 0) -> SpeechRecogniser:
    return SpeechRecogniser(
        small_model(seed),
        byte_tokenizer(),
        seconds=seconds,
        suppressed=[257, 258],
        suppressed_first=[256],
        name="small",
    )


def noises(n_sounds: int, seconds: float = 0.3) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.clip(rng.normal(0, 0.2, round(seconds * 16_000)), -1, 1).astype(np.float32) for _ in range(n_sounds)]


def said(text: str, voice: str = "en-us", words_per_minute: int = 150) -> tuple[int, np.ndarray]:
    """Rate and samples, int16, of a text as eSpeak NG says it; skips where its package is not there."""
    library, rate_hz = _synthesiser()
    pieces: list[np.ndarray] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
    def take(samples: ctypes._Pointer, n_samples: int, _: int) -> int:
        if n_samples > 0:
            pieces.append(np.ctypeslib.as_array(samples, (n_samples,)).copy())
        return 0

    library.espeak_SetSynthCallback(take)
    assert library.espeak_SetVoiceByName(voice.encode()) == 0
    assert library.espeak_SetParameter(1, words_per_minute, 0) == 0
    encoded = text.encode()
    n_bytes = ctypes.c_size_t(len(encoded) + 1)
    assert library.espeak_Synth(encoded, n_bytes, 0, 0, 0, 1, None, None) == 0  # 1: in UTF-8
    return rate_hz, np.concatenate(pieces)


@cache
def _synthesiser() -> tuple[ctypes.CDLL, int]:
    espeakng_loader = pytest.importorskip("espeakng_loader", reason="needs the package espeakng-loader, which speaks")
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    # 2: whole texts at a time, to a callback.
    rate_hz = library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
    assert rate_hz > 0
    return library, rate_hz
