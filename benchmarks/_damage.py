"""Ways to damage the bytes of a file: as disks, transfers, editors and other programs do."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable

import numpy as np

Random = np.random.Generator
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
NUMBERS = [b"nan", b"inf", b"-1", b"0", b"1e308", b"-1e-320", b"99999999999999999999", b"", b"1,5", b"true", b"[]",
           b"{}", b"0x10", b"1_0", b"2147483648", b"-0.0", b'"1"', b"0.1"]  # fmt: skip
WORDS = [b"", b"n/a", b"\xe9", b"\xff\xfe", "ß".encode(), b"\t", b'"', b"\\", b"\0", b"a" * 3000, b"None", b"../..",
         b"%s{}", "\u202e".encode(), b"\r\n"]  # fmt: skip
INTEGERS = [0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1]


def damaged(content: bytes, name: str, rng: Random) -> bytes:
    """Return a file's content, damaged once or a few times; what is packed is damaged inside, every other time."""
    inside = rng.random() < 0.6
    if inside and name.endswith(".gz"):
        return gzip.compress(several(gzip.decompress(content), rng, BYTES), 1)
    if inside and name.endswith(".npz"):
        return _in_archive(content, rng)
    if inside and name.endswith(".mat"):
        return _in_mat(content, rng)
    ways = TEXTS if name.endswith((".tsv", ".json", ".toml")) else BYTES
    return several(content, rng, ways)


def several(content: bytes, rng: Random, ways: list[Callable[[bytes, Random], bytes]]) -> bytes:
    for _ in range(1 + rng.poisson(0.7)):
        content = ways[rng.integers(len(ways))](content, rng)
    return content


def _in_archive(content: bytes, rng: Random) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        names = old.namelist()
        chosen = names[rng.integers(len(names))]
        for name in names:
            part = old.read(name)
            if name == chosen and rng.random() < 0.1:
                continue
            new.writestr(name, several(part, rng, BYTES + TEXTS[-2:]) if name == chosen else part)
    return packed.getvalue()


def _in_mat(content: bytes, rng: Random) -> bytes:
    """Damage inside a variable of a MATLAB file of version 5, which is not compressed by default, or compress one."""
    at = 128 + 8 * int(rng.integers((len(content) - 128) // 8))
    field = int(INTEGERS[rng.integers(len(INTEGERS))]).to_bytes(4, "little")
    changed = content[:at] + field + content[at + 4 :]
    if rng.random() < 0.5:
        return changed
    body = zlib.compress(several(content[128:], rng, BYTES))
    return content[:128] + (15).to_bytes(4, "little") + len(body).to_bytes(4, "little") + body


def _place(content: bytes, rng: Random) -> int:
    """A place, mostly near the beginning, where headers are."""
    n = max(len(content), 1)
    return int(rng.integers(n) if rng.random() < 0.5 else rng.integers(min(n, 600)))


def _bit(content: bytes, rng: Random) -> bytes:
    changed = bytearray(content)
    if changed:
        changed[_place(content, rng)] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _integer(content: bytes, rng: Random) -> bytes:
    width = int(rng.choice([1, 2, 4, 8]))
    at = _place(content, rng) // width * width
    value = INTEGERS[rng.integers(len(INTEGERS))] % 256**width
    return content[:at] + value.to_bytes(width, str(rng.choice(["little", "big"]))) + content[at + width :]  # type: ignore[arg-type]


def _float(content: bytes, rng: Random) -> bytes:
    value = rng.choice([np.nan, np.inf, -np.inf, 0.0, -1.0, 1e300, 1e-300])
    kind = str(rng.choice(["<f4", ">f4", "<f8", ">f8"]))
    with np.errstate(over="ignore"):
        written = np.array(value).astype(kind).tobytes()
    at = _place(content, rng) // 4 * 4
    return content[:at] + written + content[at + len(written) :]


def _noise(content: bytes, rng: Random) -> bytes:
    at, n = _place(content, rng), int(rng.integers(1, 64))
    return content[:at] + rng.bytes(n) + content[at + n :]


def _cut(content: bytes, rng: Random) -> bytes:
    return content[: _place(content, rng)]


def _lost(content: bytes, rng: Random) -> bytes:
    at = _place(content, rng)
    return content[:at] + content[at + int(rng.integers(1, 500)) :]


def _twice(content: bytes, rng: Random) -> bytes:
    at, n = _place(content, rng), int(rng.integers(1, 300))
    return content[: at + n] + content[at:]


def _zeros(content: bytes, rng: Random) -> bytes:
    at, n = _place(content, rng), int(rng.integers(1, 300))
    return content[:at] + bytes(min(n, len(content) - at)) + content[at + n :]


def _number(content: bytes, rng: Random) -> bytes:
    found = list(NUMBER.finditer(content))
    if not found:
        return content
    one = found[rng.integers(len(found))]
    return content[: one.start()] + NUMBERS[rng.integers(len(NUMBERS))] + content[one.end() :]


def _word(content: bytes, rng: Random) -> bytes:
    found = list(re.finditer(rb"[A-Za-z_/.]+", content))
    if not found:
        return content
    one, other = (found[i] for i in rng.integers(len(found), size=2))
    words = [*WORDS, other[0], one[0].upper(), one[0] + one[0]]
    return content[: one.start()] + words[rng.integers(len(words))] + content[one.end() :]


def _line(content: bytes, rng: Random) -> bytes:
    lines = content.split(b"\n")
    i, j = rng.integers(len(lines), size=2).tolist()
    lines[i : i + int(rng.integers(2))] = [lines[j]] * int(rng.integers(3))
    return b"\n".join(lines)


def _encoded(content: bytes, rng: Random) -> bytes:
    text = content.decode("utf-8", "replace")
    how = str(rng.choice(["utf-16", "utf-32", "utf-8-sig", "latin-1", "cr", "crlf"]))
    if how in ("cr", "crlf"):
        return text.replace("\n", "\r" if how == "cr" else "\r\n").encode()
    return text.encode(how, "replace")


BYTES = [_bit, _integer, _integer, _float, _noise, _cut, _lost, _twice, _zeros, _number, _word]
TEXTS = [_bit, _noise, _cut, _lost, _twice, _line, _encoded, _number, _number, _word, _word]
