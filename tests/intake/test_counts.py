from __future__ import annotations

from pathlib import Path

import pytest

from igw_audit.errors import InputError
from igw_audit.intake.counts import read_counts

HEAD = "step,of,group,count,cells\n"
GOOD = HEAD + "all,,a,100,1\nall,,b,50,1\nchosen,all,a,10,1\nchosen,all,b,20,2\n"


def problems(tmp_path: Path, text: str, *, rounded_to: int = 1, suppressed_below: int = 0) -> str:
    file = tmp_path / "counts.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_counts(file, rounded_to=rounded_to, suppressed_below=suppressed_below)
    assert "counts.csv" in caught.value.subject
    return "\n".join(caught.value.problems)


def test_reads_counts_with_steps_groups_and_cells(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("\ufeff" + GOOD, encoding="utf-8")
    table = read_counts(file, rounded_to=10)
    assert table.steps == ("all", "chosen")
    assert table.groups == ("a", "b")
    assert table.row("chosen", "b").count == 20
    assert table.row("chosen", "b").cells == 2
    assert table.row("all", "a").of is None


def test_the_cells_column_may_be_absent_or_empty_and_columns_in_any_order(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("count,group,of,step\n100,a,,all\n10.0,a,all,chosen\n\n", encoding="utf-8")
    assert [(row.step, row.count, row.cells) for row in read_counts(file).rows] == [("all", 100, 1), ("chosen", 10, 1)]


def test_an_empty_count_is_withheld(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text(GOOD.replace("chosen,all,a,10,1", "chosen,all,a,,1"), encoding="utf-8")
    table = read_counts(file, suppressed_below=10)
    assert table.row("chosen", "a").count is None
    assert table.withheld(table.row("chosen", "a"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("step,of,group,count,cells", "step,group,count,cells"), "line 2: 5 values, expected 4"),
        (("step,of,group,count,cells", "stap,of,group,count,cells"), "column 'step' is missing"),
        (("step,of,group,count,cells", "stap,of,group,count,cells"), "column 'stap' is not known"),
        (("step,of,group,count,cells", "step,of,group,count,count"), "column 'count' stands 2 times"),
        (("step,of,group,count,cells", "step;of;group;count;cells"), "semicolons"),
        (("all,,a,100,1", "all,,a,-100,1"), "line 2, column 'count': found '-100', a negative number"),
        (("all,,a,100,1", "all,,a,99.5,1"), "line 2, column 'count': found '99.5', no whole number"),
        (("all,,a,100,1", "all,,a,1.000,1"), "line 2, column 'count': found '1.000', no whole number"),
        (("all,,a,100,1", "all,,a,<10,1"), "line 2, column 'count': found '<10'"),
        (("all,,a,100,1", "all,,a,nan,1"), "line 2, column 'count': found 'nan'"),
        (("all,,a,100,1", "all,,a,100,0"), "line 2, column 'cells': found 0"),
        (("all,,a,100,1", "all,,a,100,x"), "line 2, column 'cells': found 'x'"),
        (("all,,a,100,1", ",,a,100,1"), "line 2, column 'step': this is empty"),
        (("all,,a,100,1", "all,,,100,1"), "line 2, column 'group': this is empty"),
        (("chosen,all,a,10,1", "chosen,each,a,10,1"), "step 'chosen', column 'of': found 'each' on line 4 and 'all'"),
        (("chosen,all,a,10,1", "chosen,each,a,10,1"), "line 4, column 'of': found 'each', and no row has that step"),
        (("chosen,all,b,20,2", "chosen,all,a,20,2"), "line 5: step 'chosen' and group 'a' stand on line 4 already"),
        (("chosen,all,b,20,2", "chosen,all,a,20,2"), "step 'chosen' has no row for 'b'"),
        (("chosen,all,b,20,2", "chosen,all,b,70,2"), "line 5, column 'count': found 70 of group 'b' at step 'chosen'"),
        (("all,,a,100,1\nall,,b,50,1\n", "all,chosen,a,100,1\nall,chosen,b,50,1\n"), "the steps go in a circle"),
        (("chosen,all,b,20,2\n", "chosen,all,b\n"), "line 5: 3 values, expected 5"),
    ],
)  # fmt: skip
def test_each_way_of_breaking_the_file_is_named_with_its_place(
    tmp_path: Path, change: tuple[str, str], expected: str
) -> None:
    broken = GOOD.replace(*change)
    assert broken != GOOD
    assert expected in problems(tmp_path, broken)


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("all,,a,100,1", "all,,a,-1,1").replace("chosen,all,b,20,2", "chosen,all,b,x,0")
    found = problems(tmp_path, text).splitlines()
    assert len(found) == 3


def test_a_part_may_exceed_its_whole_by_rounding_and_no_further(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text(HEAD + "all,,a,100,1\nchosen,all,a,110,1\n", encoding="utf-8")
    assert read_counts(file, rounded_to=10).row("chosen", "a").count == 110
    text = HEAD + "all,,a,100,1\nchosen,all,a,120,1\n"
    assert "a part cannot exceed its whole" in problems(tmp_path, text, rounded_to=10)


def test_counts_that_are_not_rounded_as_said_are_named(tmp_path: Path) -> None:
    assert "found 103, no multiple of 10" in problems(tmp_path, GOOD.replace("a,100", "a,103"), rounded_to=10)


def test_a_total_among_the_groups_is_refused_where_it_adds_up(tmp_path: Path) -> None:
    text = GOOD + "all,,total,150,1\nchosen,all,total,30,1\n"
    assert "group 'total' is the sum of the other groups" in problems(tmp_path, text)
    file = tmp_path / "other.csv"
    file.write_text(GOOD + "all,,total,150,1\nchosen,all,total,90,1\n", encoding="utf-8")
    assert "total" in read_counts(file).groups


@pytest.mark.parametrize(("content", "expected"), [(b"", "empty"), (b"\n\n", "empty"), (b"\xff\xfe\x00", "UTF-8")])
def test_a_file_that_is_no_table_says_so(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "counts.csv"
    file.write_bytes(content)
    with pytest.raises(InputError, match=expected):
        read_counts(file)


def test_a_heading_alone_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    assert "no rows" in problems(tmp_path, HEAD)
    with pytest.raises(InputError, match="no such file"):
        read_counts(tmp_path / "none.csv")
    with pytest.raises(InputError, match="folder"):
        read_counts(tmp_path)


def test_a_quote_that_is_never_closed_is_named(tmp_path: Path) -> None:
    assert "not valid CSV" in problems(tmp_path, GOOD + '"chosen,all,c,1,1\n')
