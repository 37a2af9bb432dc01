"""Cover codes become per cent."""

from __future__ import annotations

from pathlib import Path

import pytest

from botaclip.core.cover_scales import Covers, is_cover, read_covers
from botaclip.core.errors import CoverScaleError
from botaclip.core.tables import read_table


def covers(
    folder: Path, codes: list[str], scale: str = "auto", data_type: str = "auto", field: str = "cover"
) -> Covers:
    path = folder / "releves.csv"
    path.write_text(f"n;{field}\n" + "".join(f"{index};{code}\n" for index, code in enumerate(codes)))
    return read_covers(read_table(path), field, scale=scale, data_type=data_type)


@pytest.mark.parametrize(
    ("codes", "scale", "values"),
    [
        (["r", "+", "1", "2a", "4"], "braun-blanquet", [1, 2, 3, 8, 68]),
        (["R", " + ", "2.3", "+.1", "5"], "braun-blanquet", [1, 2, 13, 2, 88]),
        (["0,5", "12", "100", "0"], "percent", [0.5, 12, 100, 0]),
        (["10 %", "5%"], "percent", [10, 5]),
        (["1", "0", "1"], "presence", [100, 0, 100]),
        (["x", "x", "-"], "presence", [100, 100, 0]),
        (["+", "1"], "braun-blanquet", [2, 3]),
        (["i", "2,3", "2m.1", "2 b", "."], "braun-blanquet", [1, 13, 4, 18, 0]),
        (["r.1", "+/2", "1·3"], "braun-blanquet", [1, 2, 3]),
        ([".1", "p.2", "1-", "3+", "10"], "londo", [0.5, 2, 7, 32, 97]),
        (["0,4", "m4", "5–"], "londo", [4, 4, 47]),
    ],
)
def test_deduced(tmp_path: Path, codes: list[str], scale: str, values: list[float]) -> None:
    result = covers(tmp_path, codes)
    assert result.scale.name == scale and result.scale.deduced
    assert result.values.tolist() == values
    assert any("deduced" in line and scale in line for line in result.report)


def test_whole_numbers_to_five_are_never_guessed(tmp_path: Path) -> None:
    with pytest.raises(CoverScaleError, match="1, 2, 5: this may be per cent or Braun-Blanquet"):
        covers(tmp_path, ["1", "2", "5"])
    assert covers(tmp_path, ["1", "2", "5"], "percent").values.tolist() == [1, 2, 5]
    assert covers(tmp_path, ["1", "2", "5"], "braun-blanquet-midpoint").values.tolist() == [2.5, 15, 87.5]
    assert covers(tmp_path, ["1", "2", "5"], field="percent_cover").values.tolist() == [1, 2, 5]


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (["1", "3", "9"], "may be per cent or classes of the ordinal scale. .*percent, ordinal, londo or presence"),
        (["0.5", "0.05", "1"], "may be per cent or fractions. .*percent or fraction"),
        (["2.3", "1.1", "4"], "may be per cent or Braun-Blanquet classes with sociability"),
        ([".1", ".4", "7"], "may be per cent or Londo's scale. .*percent or londo"),
    ],
)
def test_codes_of_two_scales_are_never_guessed(tmp_path: Path, codes: list[str], words: str) -> None:
    with pytest.raises(CoverScaleError, match=words):
        covers(tmp_path, codes)


@pytest.mark.parametrize(
    ("codes", "scale", "values"),
    [
        (["0.5", "0,05", "1", "0"], "fraction", [50, 5, 100, 0]),
        (["1", "9", "5.0", "-"], "ordinal", [1, 88, 8, 0]),
        (["1", "9+", "10", "a.1", "0.2"], "londo", [10, 92, 97, 0.5, 2]),
        (["1", "2", "2.3", "R"], "braun-blanquet-old", [3, 13, 13, 1]),
        (["2.3", "3.0"], "braun-blanquet", [13, 38]),
        (["2", "2a.2", "4"], "braun-blanquet-midpoint", [15, 8.75, 62.5]),
        (["0.5", "2.3"], "percent", [0.5, 2.3]),
    ],
)
def test_stated(tmp_path: Path, codes: list[str], scale: str, values: list[float]) -> None:
    result = covers(tmp_path, codes, scale)
    assert result.values.tolist() == values
    assert result.scale.name == scale and not result.scale.deduced


def test_the_column_may_say_what_it_holds(tmp_path: Path) -> None:
    codes = ["0.5", "0.25"]
    assert covers(tmp_path, codes, field="cover_fraction").values.tolist() == [50, 25]
    assert covers(tmp_path, codes, field="Cover %").values.tolist() == [0.5, 0.25]
    assert covers(tmp_path, ["1", "9"], field="ordinal").values.tolist() == [1, 88]


def test_a_plain_2_among_2m_2a_2b_is_the_whole_class(tmp_path: Path) -> None:
    result = covers(tmp_path, ["2", "2.1", "2a", "3"])
    assert result.values.tolist() == [13, 13, 8, 38]
    assert "2 rows say 2 beside 2m, 2a and 2b: the whole class, 13 %, was taken." in result.report


def test_what_can_be_a_cover() -> None:
    assert all(is_cover(code) for code in ("r", "2m", "(+)", "12,5", "1-", "p.1", "x", "0", "-", "2.3", "TRUE"))
    assert not any(is_cover(code) for code in ("forest", "650123.5", "-3", "2019-05-01"))


@pytest.mark.parametrize(
    ("codes", "scale", "words"),
    [
        (["1", "9", "2", "zz", "9"], "braun-blanquet", r"3 covers .* braun-blanquet: '9' \(row 3\), 'zz' \(row 5\)"),
        (["1", "101", "-2"], "percent", r"'101' \(row 3\), '-2' \(row 4\)"),
        (["1", "lots", "+"], "auto", r"1 covers .* any cover scale: 'lots' \(row 3\)"),
        (["12.5", "+"], "auto", "any cover scale"),
        (["perhaps"], "presence", "'perhaps'"),
        (["r", "2m", "2"], "braun-blanquet-old", r"1 covers .* braun-blanquet-old: '2m' \(row 3\)"),
        (["0.5", "1.5"], "fraction", r"'1.5' \(row 3\)"),
        (["1", "10", "0"], "ordinal", r"'10' \(row 3\)"),
        ([".1", ".3", "11"], "londo", r"'.3' \(row 3\), '11' \(row 4\)"),
    ],
)
def test_unknown_codes_are_named_with_their_rows(tmp_path: Path, codes: list[str], scale: str, words: str) -> None:
    with pytest.raises(CoverScaleError, match=words):
        covers(tmp_path, codes, scale)


def test_blank_and_outside(tmp_path: Path) -> None:
    result = covers(tmp_path, ["2", "", "(+)", "r"], "braun-blanquet")
    assert result.values.tolist() == [13, 1, 0, 1]
    assert result.outside.tolist() == [False, False, True, False]
    assert [line.split()[0] for line in result.report] == ["1", "1"]


def test_abundance_is_taken_as_it_stands(tmp_path: Path) -> None:
    result = covers(tmp_path, ["250", "0.1"], data_type="abundance")
    assert result.values.tolist() == [250, 0.1] and result.scale.name == "abundance"
