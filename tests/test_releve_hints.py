"""What is said where tables contradict themselves or each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from botaclip.core.errors import CoverScaleError, ReleveError
from botaclip.core.releves import ReleveTable, read_releves

X, Y = 700_000, 6_600_000


def read(folder: Path, text: str, plots: str = "", **options: object) -> ReleveTable:
    (folder / "t.csv").write_text(text)
    if plots:
        (folder / "p.csv").write_text(plots)
        options["plots"] = folder / "p.csv"
    return read_releves(folder / "t.csv", **{"crs": "EPSG:2154", **options})  # type: ignore[arg-type]


def test_a_column_that_contradicts_the_stated_crs(tmp_path: Path) -> None:
    codes = ["32631", "EPSG:32632", "32632.0", "", "32631"]
    text = "plot_id,species,x,y,EPSG\n" + "".join(
        f"P{i},Poa annua,{500_000 + 37 * i},5000001,{code}\n" for i, code in enumerate(codes)
    )
    said = "Column 'EPSG' names other CRSs (EPSG:32632 in 2 rows); --crs EPSG:32631 was taken. Where the column is " \
           "right, use --crs-field EPSG."  # fmt: skip
    table = read(tmp_path, text, crs="EPSG:32631")
    assert said in table.report and table.points.crs == "EPSG:32631"
    same = text.replace("32632", "32631")
    assert not any("other CRSs" in line for line in read(tmp_path, same, crs="EPSG:32631").report)
    assert not any("other CRSs" in line for line in read(tmp_path, text, crs="EPSG:32631", crs_field="EPSG").report)


def test_a_datum_that_is_the_stated_one_is_no_contradiction(tmp_path: Path) -> None:
    text = "plot_id,species,longitude,latitude,geodeticDatum\nA,Poa annua,5.12345,45.1,WGS84\nB,Poa annua,5.2,45.2,{}\n"
    assert not any("other CRSs" in line for line in read(tmp_path, text.format("EPSG:4326"), crs="EPSG:4326").report)
    assert any("EPSG:4258 in 1 row)" in line for line in read(tmp_path, text.format("4258"), crs="EPSG:4326").report)


@pytest.mark.parametrize(("mine", "other"), [("a1", "A1"), ("01", "1"), ("1.0", "1"), ("P 1", "P1"), ("P-01", "P-1")])
def test_plot_names_that_look_alike(tmp_path: Path, mine: str, other: str) -> None:
    releves = f"plot_id,species\n{mine},Poa annua\nB,Salix alba\n"
    plots = f"plot_id,x,y\n{other},{X},{Y}\nB,{X + 13},{Y}\n"
    table = read(tmp_path, releves, plots)
    said = f"{mine!r} in the relevés and {other!r} in the plots look alike"
    assert f"{said}: write them the same way in both tables." in table.report
    with pytest.raises(ReleveError, match="belongs to a plot with coordinates") as caught:
        read(tmp_path, releves.replace("B,", f"{mine},"), plots)
    assert said in str(caught.value)
    other_plots = plots.replace(f"\n{other},", "\nQ7,")
    assert not any("look alike" in line for line in read(tmp_path, releves, other_plots).report)


def test_lists_that_are_cut_say_so(tmp_path: Path) -> None:
    head = "plot_id,species,x,y,cover\n"
    rows = [f"P{i},Poa annua,{X + 17 * i},{Y},{code}\n" for i, code in enumerate(["q1", "q2", "q3", "q4", "q5", "r"])]
    with pytest.raises(CoverScaleError, match=r"5 covers do not belong .*'q5' \(row 6\)\. "):
        read(tmp_path, head + "".join(rows), cover_scale="braun-blanquet")
    rows += [f"Q,Poa annua,{X},{Y},q6\n", f"R,Poa annua,{X},{Y},q7\n"]
    with pytest.raises(CoverScaleError, match=r"7 covers do not belong .*'q5' \(row 6\) and 2 more"):
        read(tmp_path, head + "".join(rows), cover_scale="braun-blanquet")


SPECIES = "Poa annua,Carex nigra L.,Salix alba,Acer campestre,Bromus hordeaceus subsp. hordeaceus"


def test_a_plot_that_a_matrix_repeats(tmp_path: Path) -> None:
    text = f"plot_id,x,y,{SPECIES}\nA,{X},{Y},1,2,0,0,0\nB,{X + 13},{Y},0,20,0,1,1\nA,{X},{Y},0,3,0,0,5\n"
    with pytest.raises(ReleveError, match=r"the matrix has several rows of plot 'A' \(rows 2, 4\)"):
        read(tmp_path, text)
    with pytest.raises(ReleveError, match=r"several rows of plot 'A' \(rows 2, 4\)"):
        read(tmp_path, text.replace("plot_id", "Nr"))
    with pytest.raises(ReleveError, match=r"several rows of 2 plots: 'A' \(rows 2, 4\), 'B' \(rows 3, 5\)"):
        read(tmp_path, text + f"B,{X + 13},{Y},0,20,0,1,1\n")
    layered = "\n".join(
        line + "," + layer for line, layer in zip(text.splitlines(), ["layer", "H", "H", "T"], strict=True)
    )
    assert read(tmp_path, layered, layers="max").cover.toarray()[0].tolist() == [0, 5, 3, 1]


def test_columns_that_are_no_species_are_left_out_or_asked_about(tmp_path: Path) -> None:
    measured = "Soil moisture,Canopy height,Bryophyta total,Herb layer (%),Soil pH"
    doubtful = "Gravel bars,Leaf litter"
    text = f"plot_id,x,y,{SPECIES},{measured},{doubtful}\n"
    text += f"A,{X},{Y},10,2,0,0,3,5,5,5,5,5,7,8\nB,{X + 13},{Y},0,20,2,1,1,5,6,7,8,9,7,8\n"
    table = read(tmp_path, text, cover_scale="percent")
    assert "Left out, as their names say that they are measured: Soil moisture, Canopy height, Bryophyta total, " \
           "Herb layer (%), Soil pH. Rename one that is a species." in table.report  # fmt: skip
    assert "Read as species although their names do not look like it: Gravel bars, Leaf litter. Rename or remove " \
           "such a column where it is none, or name the species with --species." in table.report  # fmt: skip
    assert not {"Soil moisture", "Canopy height", "Bryophyta total", "Soil pH"} & set(table.species.tolist())
    assert {"Poa annua", "Carex nigra", "Salix alba", "Acer campestre"} <= set(table.species.tolist())
    plain = read(tmp_path, f"plot_id,x,y,{SPECIES}\nA,{X},{Y},10,2,0,0,3\nB,{X + 13},{Y},0,20,2,1,1\n")
    assert not any("Read as species although" in line or "Left out, as" in line for line in plain.report)


def test_species_whose_columns_all_say_per_cent(tmp_path: Path) -> None:
    names = ",".join(f"{name} (%)" for name in ("Poa annua", "Carex nigra", "Salix alba"))
    table = read(tmp_path, f"plot_id,x,y,{names}\nA,{X},{Y},10,2,0\nB,{X + 13},{Y},0,20,2\n", cover_scale="percent")
    assert len(table.species) == 3 and table.cover.sum() == 34
