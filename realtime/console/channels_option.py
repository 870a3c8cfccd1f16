"""The option ``--channels`` of ``hotwire stream``: a policy, or which channel is which."""

from __future__ import annotations

import click

POLICIES = {"exact": "exact", "by-name": "by name", "by-position": "by position"}


def read_channels(context: click.Context, parameter: click.Parameter, text: str) -> str | dict[str, str]:
    """Read a policy, or ``OURS=THEIRS,OURS=THEIRS``: the decoder's channel, and the stream's by its name or number."""
    if text in POLICIES:
        return POLICIES[text]
    mapping: dict[str, str] = {}
    for pair in text.split(","):
        ours, equals, theirs = (part.strip() for part in pair.partition("="))
        if not (ours and equals and theirs):
            raise click.BadParameter(
                f"expected {', '.join(POLICIES)}, or pairs such as C3=1,Cz=2,C4=4, got {pair.strip()!r}"
            )
        if ours in mapping:
            raise click.BadParameter(f"expected each of the decoder's channels once, got {ours!r} twice")
        mapping[ours] = theirs
    return mapping
