"""What comes from outside is seen and not obeyed."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.errors import InputError, MissingExtraError, StudyError, UnknownNameError
from hotwire.errors.printable import json_text, printable

NASTY = "\x1b[2Jface\nhouse\rcat\x07\x9b5m[bold]shoe[/]\x7f\u2028\u202eend"
SHOWN = r"\x1b[2Jface\nhouse\rcat\x07\x9b5m[bold]shoe[/]\x7f\u2028\u202eend"


def test_what_a_terminal_obeys_is_written_as_an_escape() -> None:
    assert printable(NASTY) == SHOWN
    assert (
        printable("Größe, 顔, چهره\u200cها, 👩\u200d🔬 and C:\\data")
        == "Größe, 顔, چهره\u200cها, 👩\u200d🔬 and C:\\data"
    )
    assert printable("\ud83d half") == r"\ud83d half"
    assert printable(["\x1b"]) == r"['\x1b']"


@given(st.text(st.characters(codec=None)))
def test_nothing_that_controls_is_left(text: str) -> None:
    told = printable(text)
    assert not {unicodedata.category(character) for character in told} & {"Cc", "Cs", "Zl", "Zp"}
    assert printable(told) == told
    told.encode()


@given(st.dictionaries(st.text(st.characters(codec=None)), st.one_of(st.none(), st.text(st.characters(codec=None)))))
def test_json_says_the_same_and_controls_nothing(data: dict) -> None:
    for options in ({}, {"indent": 1}):
        text = json_text(data, **options)
        assert json.loads(text) == data
        assert printable(text.replace("\n", "")) == text.replace("\n", "")
        assert ("\n" in text) <= bool(options)


@pytest.mark.parametrize("kind", [InputError, MissingExtraError])
def test_errors_are_printable(kind: type[Exception]) -> None:
    assert str(kind(f"label: {NASTY}")) == f"label: {SHOWN}"


def test_names_that_are_not_known_too() -> None:
    assert str(UnknownNameError("label", "\x1b", [NASTY])) == rf"unknown label '\x1b'. There are: {SHOWN}"


def test_a_studys_fields_have_a_line_each() -> None:
    assert str(StudyError("s.toml: several fields are wrong:\n  a\x1b\n  b")) == (
        "s.toml: several fields are wrong:\n  a\\x1b\n  b"
    )
