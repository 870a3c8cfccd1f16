"""Texts that are scored together, laid out as a tree, so that shared beginnings are computed once."""

from __future__ import annotations

from collections.abc import Sequence

import torch


class TokenTree:
    """Texts that may follow a prompt, for one pass in which each token attends to the prompt and its own predecessors.

    `prompt` has the tokens before all texts, one or more. `candidates` has, for each candidate, its possible texts,
    each a sequence of one or more tokens. `tokens` (1, n_tokens) is the prompt and all texts without their last tokens,
    for which only a probability is needed. `depths` (1, n_tokens) is the position of each token in its text. `mask` (1,
    1, n_tokens, n_tokens) is additive: 0 where a token may attend, else the smallest number.

    Examples
    --------
    >>> tree = TokenTree([1, 2], [[[5, 6, 9], [5, 9]], [[7, 9]]])
    >>> tree.tokens, tree.depths
    (tensor([[1, 2, 5, 6, 7]]), tensor([[0, 1, 2, 3, 2]]))
    """

    def __init__(self, prompt: Sequence[int], candidates: Sequence[Sequence[Sequence[int]]]) -> None:
        self._tokens, self._parents = list(prompt), list(range(-1, len(prompt) - 1))
        positions: dict[tuple[int, int], int] = {}
        paths = [[self._path(text, len(prompt) - 1, positions) for text in texts] for texts in candidates]
        depths: list[int] = []
        allowed = torch.eye(len(self._tokens), dtype=torch.bool)
        for position, parent in enumerate(self._parents):
            depths.append(depths[parent] + 1 if position else 0)
            if position:
                allowed[position] |= allowed[parent]
        self.tokens, self.depths = torch.tensor([self._tokens]), torch.tensor([depths])
        self.mask = torch.zeros(allowed.shape).masked_fill(~allowed, torch.finfo(torch.float32).min)[None, None]
        self._lay_out(candidates, paths)

    def scores(self, logits: torch.Tensor) -> torch.Tensor:
        """Log probability (n_candidates,) of each candidate, summed over its texts, from logits (n_tokens, n_all)."""
        log_p = torch.log_softmax(logits, dim=-1)
        of_texts = (log_p[self._read_at, self._next_token] * self._is_token).sum(-1)
        return torch.logsumexp(of_texts + self._no_text, dim=-1)

    def _path(self, text: Sequence[int], position: int, positions: dict[tuple[int, int], int]) -> list[int]:
        """The position after which each token of a text is scored; adds the positions that are missing."""
        path = [position]
        for token in text[:-1]:
            if (position, token) not in positions:
                positions[position, token] = len(self._tokens)
                self._tokens.append(token)
                self._parents.append(position)
            position = positions[position, token]
            path.append(position)
        return path

    def _lay_out(self, candidates: Sequence[Sequence[Sequence[int]]], paths: list[list[list[int]]]) -> None:
        """Fill arrays (n_candidates, n_texts, n_tokens), as large as the largest."""
        n_texts = max(map(len, candidates))
        n_tokens = max(len(text) for texts in candidates for text in texts)
        self._read_at = torch.zeros(len(candidates), n_texts, n_tokens, dtype=torch.int64)
        self._next_token = torch.zeros_like(self._read_at)
        self._is_token = torch.zeros(self._read_at.shape)
        self._no_text = torch.full((len(candidates), n_texts), -torch.inf)
        for i, texts in enumerate(candidates):
            self._no_text[i, : len(texts)] = 0
            for j, text in enumerate(texts):
                self._read_at[i, j, : len(text)] = torch.tensor(paths[i][j])
                self._next_token[i, j, : len(text)] = torch.tensor(text)
                self._is_token[i, j, : len(text)] = 1
