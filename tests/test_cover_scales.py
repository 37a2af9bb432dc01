"""Cover codes become per cent."""

from __future__ import annotations

from pathlib import Path

import pytest

from botaclip.core.cover_scales import MIDPOINT, TURBOVEG, Covers, read_covers
from botaclip.core.errors import CoverScaleError
from botaclip.core.tables import read_table


def covers(
    folder: Path, codes: list[str], scale: str = "auto", data_type: str = "auto", field: str = "cover"
) -> Covers:
    path = folder / "releves.csv"
    path.write_text(f"n;{field}\n" + "".join(f"{index};{code}\n" for index, code in enumerate(codes)))
    return read_covers(read_table(path), field, scale=scale, data_type=data_type)


def test_golden_values() -> None:
    """Turboveg 2 tvscale.dbf, scales 01 and 02, and the class mid-points."""
    assert [TURBOVEG[code] for code in "r + 1 2 2m 2a 2b 3 4 5".split()] == [1, 2, 3, 13, 4, 8, 18, 38, 68, 88]
    assert [MIDPOINT[code] for code in "r + 1 2 3 4 5".split()] == [0.1, 0.5, 2.5, 15, 37.5, 62.5, 87.5]


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
    ("codes", "scale", "words"),
    [
        (["1", "9", "2", "zz", "9"], "braun-blanquet", r"3 covers .* braun-blanquet: '9' \(row 3\), 'zz' \(row 5\)"),
        (["1", "101", "-2"], "percent", r"'101' \(row 3\), '-2' \(row 4\)"),
        (["1", "lots", "+"], "auto", r"1 covers .* any cover scale: 'lots' \(row 3\)"),
        (["12.5", "+"], "auto", "any cover scale"),
        (["perhaps"], "presence", "'perhaps'"),
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
