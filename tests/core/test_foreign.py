"""Text of others is shown as what it is, in a terminal, in JSON and TOML, in markup and in a spreadsheet's cell."""

from __future__ import annotations

import json
import tomllib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from igw_audit.core.foreign import isolated, toml_string, visible, visible_json
from igw_audit.core.markup import as_attribute, as_html, as_svg
from igw_audit.core.spreadsheet import spreadsheet_text, text_of_spreadsheet

#: One of each kind: escape, bell, backspace, C1's own CSI, DEL, overrides, isolates, marks, BOM, zero width, tags.
CONTROLS = (
    "\x1b\x07\x08\x00\x9b\x7f\x85\u202e\u202a\u2066\u2069\u200e\u200f\u061c\ufeff\u200b\u2028\u2029\u3164\U000e0041"
)
HEBREW, ARABIC = "\u05e2\u05d1\u05e8\u05d9\u05ea", "\u0633\u0648\u0631\u064a\u0627"
texts = st.text(st.characters(codec="utf-8"), max_size=40)


def controls_in(text: str) -> list[str]:
    return [one for one in text if one not in "\n\t" and unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp", "Cs"}]


@pytest.mark.parametrize("control", CONTROLS)
def test_no_control_is_obeyed_and_none_vanishes(control: str) -> None:
    shown = visible(f"a{control}b")
    assert shown == f"a<U+{ord(control):04X}>b"
    assert str(as_html(f"a{control}b")).count(f"&lt;U+{ord(control):04X}&gt;") == 1


def test_a_half_of_a_character_is_shown_and_can_be_written() -> None:
    assert visible("a\ud83d").encode() == b"a<U+D83D>"


def test_letters_accents_and_emoji_of_all_scripts_stay_as_they_are() -> None:
    persian = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    for text in (
        "Türkiye",
        "Côte d’Ivoire",
        HEBREW,
        persian,
        "नेपाल",
        "한국",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "a\u00a0b",
    ):
        assert visible(text) == text


def test_a_joiner_between_plain_letters_only_hides_and_is_shown() -> None:
    assert visible("cham\u200dpion") == "cham<U+200D>pion"


def test_a_line_break_stays_where_lines_may_be_and_is_shown_where_they_may_not() -> None:
    assert visible("one\r\ntwo\nthree") == "one\ntwo\nthree"
    assert visible("one\ntwo", one_line=True) == "one<U+000A>two"
    assert visible("one\rtwo") == "one<U+000D>two", "a bare return would paint over its line"


@given(texts)
def test_json_says_the_same_after_its_controls_were_escaped(text: str) -> None:
    written = visible_json(json.dumps({"name": text}, ensure_ascii=False))
    assert json.loads(written) == {"name": text}
    assert not set(controls_in(written)) - set("\u200c\u200d")


@given(texts)
def test_toml_reads_back_what_was_written(text: str) -> None:
    assert tomllib.loads(f"name = {toml_string(text)}") == {"name": text}


@pytest.mark.parametrize("name", [HEBREW, ARABIC, f"{ARABIC} AB {HEBREW}", f"A {HEBREW} (3)"])
def test_a_name_that_turns_text_round_is_one_isolated_piece_of_a_sentence(name: str) -> None:
    assert as_html(f"of {isolated(name)}, 31 of 100") == f"of <bdi>{name}</bdi>, 31 of 100"


def test_a_name_that_nobody_marked_is_isolated_where_it_turns() -> None:
    assert as_html(f"{ARABIC} {ARABIC} 31%: <b>") == f"<bdi>{ARABIC} {ARABIC}</bdi> 31%: &lt;b&gt;"
    assert as_svg(f"{HEBREW} 3") == f'<tspan unicode-bidi="isolate">{HEBREW}</tspan> 3'


def test_marks_of_others_open_nothing() -> None:
    assert as_html("a\ufdd0b<i>\ufdd1 é \ufdd0") == "a<bdi>b&lt;i&gt;</bdi> é "
    assert as_attribute(f'{isolated(HEBREW)}"x') == f"{HEBREW}&#34;x"


@given(texts)
def test_whatever_a_text_holds_markup_of_it_has_no_tag_but_ours(text: str) -> None:
    for made, element in ((str(as_html(text)), "bdi"), (str(as_svg(text)), "tspan"), (str(as_attribute(text)), "bdi")):
        bare = (
            made.replace(f"<{element}>", "").replace('<tspan unicode-bidi="isolate">', "").replace(f"</{element}>", "")
        )
        assert "<" not in bare
        assert ">" not in bare
        assert not set(controls_in(made)) - set("\r\u200c\u200d")


def test_ordinary_names_come_out_byte_for_byte() -> None:
    assert as_html("cases of people with nationality Türkiye") == "cases of people with nationality Türkiye"


FORMULAS = [
    *("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "'=1"),
    *(f"{before}=1" for before in " \t\r\n\ufeff\u00a0\u200b"),
    *("＝1", "＋1", "－1", "＠A1", "﹢1", "﹣1", "﹦1", "﹫1"),
]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_cell_begins_a_formula(text: str) -> None:
    cell = spreadsheet_text(text)
    first = unicodedata.normalize("NFKC", cell.lstrip())[:1]
    assert first not in set("=+-@"), cell
    assert cell[:1] not in set("\t\r\n\ufeff")


@pytest.mark.parametrize(
    "text", ["17", "-17", "+3,5", "-1e5", "A-17", "2026-11-30", "'s-Gravenhage", "", "a=b", "–5 °C"]
)
def test_numbers_and_harmless_texts_stay_as_they_are(text: str) -> None:
    assert spreadsheet_text(text) == text


@given(texts)
def test_a_cell_gives_back_its_text(text: str) -> None:
    assert text_of_spreadsheet(spreadsheet_text(text)) == visible(text, one_line=True)
