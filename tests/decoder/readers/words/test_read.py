from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.readers import read_words
from hotwire.errors import RecordingError, UnknownNameError

LONG = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "phone"
        xmin = 0
        xmax = 2.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 2.5
            text = "AH0"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 2.5
        points: size = 1
        points [1]:
            number = 1.5
            mark = "9 lives"
    item [3]:
        class = "IntervalTier"
        name = "Word"
        xmin = 0
        xmax = 2.5
        intervals: size = 5
        intervals [1]:
            xmin = 0
            xmax = 0.25
            text = ""
        intervals [2]:
            xmin = 0.25
            xmax = 0.75
            text = "so "
        intervals [3]:
            xmin = 0.75
            xmax = 1.25
            text = "{BR}"
        intervals [4]:
            xmin = 1.25
            xmax = 2
            text = "say ""10"""
        intervals [5]:
            xmin = 2
            xmax = 2.5
            text = "sp"
'''
SHORT = """File type = "ooTextFile"
"TextGrid"

0
2.5
<exists> ! tiers
1
"IntervalTier" "any name" 0 2.5 2
0.25 0.75 "so"
1.25 2e0 "say ""10""\"
"""


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("text", [LONG, SHORT])
def test_textgrid(tmp_path: Path, text: str, encoding: str) -> None:
    words = read_words(written(tmp_path / "a.TextGrid", text, encoding), starts_s=1.0)
    assert words.word.tolist() == ["so", 'say "10"']
    assert words.onset_s.tolist() == [1.25, 2.25]
    assert words.offset_s.tolist() == [1.75, 3.0]


def test_tier_of_a_textgrid(tmp_path: Path) -> None:
    path = written(tmp_path / "a.TextGrid", LONG)
    assert read_words(path, tier="phone").word.tolist() == ["AH0"]
    with pytest.raises(UnknownNameError, match=r"unknown tier of .*a.TextGrid 'word'; did you mean 'Word'"):
        read_words(path, tier="word")
    with pytest.raises(RecordingError, match="got the tiers: 'phone', 'clause'; name the one"):
        read_words(written(path, LONG.replace('"Word"', '"clause"')))


def test_tables(tmp_path: Path) -> None:
    rows = [("word", "onset_s", "offset_s"), ("don't", "0.5", "0.75"), ("n/a", "0.75", "1"), ("go", "1", "1.5")]
    for suffix, separator in ((".tsv", "\t"), (".csv", ",")):
        words = read_words(written(tmp_path / f"w{suffix}", "\n".join(separator.join(row) for row in rows)))
        assert words.word.tolist() == ["don't", "go"]
        np.testing.assert_allclose(words.offset_s, [0.75, 1.5])
    events = "onset\tduration\ttrial_type\tvalue\n0.5\t0.25\tword\tgo\n2\t1\tpause\tn/a\n3\t0.5\tword\ton\n"
    words = read_words(written(tmp_path / "sub-1_events.tsv", events), column="value")
    assert (words.word.tolist(), words.offset_s.tolist()) == (["go", "on"], [0.75, 3.5])
    with pytest.raises(RecordingError, match=r"expected the columns 'word', .*duration, trial_type, value; name"):
        read_words(tmp_path / "sub-1_events.tsv")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.TextGrid", "", "got an empty file"),
        ("a.TextGrid", "/annex/objects/MD5E-s1234--0a.TextGrid\n", "a pointer .* run git annex get"),
        ("a.tsv", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer .* run git lfs pull"),
        ("a.TextGrid", "word\tonset_s\toffset_s\n", 'which begins with File type = "ooTextFile"'),
        ("a.TextGrid", LONG[:800], "the end of the file; it is cut off"),
        ("a.TextGrid", LONG.replace("size = 5", 'size = "five"'), "expected the size of a tier, a number, got 'five'"),
        ("a.TextGrid", SHORT.replace('"so"', "so"), "expected a text, a text in double quotes, got 1.25"),
        ("a.TextGrid", SHORT.replace("TextGrid", "PitchTier"), 'got an object of class "PitchTier"'),
        ("a.tsv", "word\tonset_s\toffset_s\n", "got none"),
        ("a.tsv", "word\tonset_s\toffset_s\ngo\tsoon\t1\n", "line 2: expected a number in the column 'onset_s'"),
    ],
)
def test_unusable_files(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        read_words(written(tmp_path / name, text))


def test_files_that_are_not_here(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        read_words(tmp_path / "none.tsv")
    os.symlink("../.git/annex/objects/aa/bb/key", tmp_path / "link.TextGrid")
    with pytest.raises(RecordingError, match=r"only git-annex's link .* run git annex get"):
        read_words(tmp_path / "link.TextGrid")


def test_real_recordings() -> None:
    folder = Path(os.environ.get("HOTWIRE_DATA", ""))
    if not (folder / "alice" / "words.tsv").is_file():
        pytest.skip("needs HOTWIRE_DATA with alice and pieman")
    assert len(read_words(folder / "alice" / "words.tsv")) == 2129
    assert len(read_words(folder / "pieman" / "words.tsv")) == 965


def test_the_column_that_is_missing_is_the_one_to_mend(tmp_path: Path) -> None:
    (tmp_path / "w.tsv").write_text("word\tstart\toffset_s\nthe\t0.0\t0.2\n")
    with pytest.raises(RecordingError, match="got: word, start, offset_s; rename the columns of times"):
        read_words(tmp_path / "w.tsv")
    (tmp_path / "w.tsv").write_text("onset_s\toffset_s\ttext\n0.0\t0.2\tthe\n")
    with pytest.raises(RecordingError, match="name that of the words: column = 'text'"):
        read_words(tmp_path / "w.tsv")
    (tmp_path / "w.tsv").write_text("token\tstart\tend\nthe\t0.0\t0.2\n")
    with pytest.raises(RecordingError, match="rename the columns of times, and that of 'word'"):
        read_words(tmp_path / "w.tsv")
    (tmp_path / "w.csv").write_text("word;onset_s;offset_s\nthe;0.0;0.2\n")
    with pytest.raises(RecordingError, match=r"expected commas between the fields of a .csv file, got semicolons"):
        read_words(tmp_path / "w.csv")
