"""Extra relevés teach VEGETA, and none of them is a plot that is tested on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from botaclip.core.errors import ReleveError
from botaclip.core.metric_places import geocentric
from botaclip.core.releves import ReleveTable, read_releves
from botaclip.training import extra_releves
from botaclip.training.extra_releves import read_extra, united, with_extra, within, without_plots

from .conftest import shared

PLOTS = """plot_id,x,y
a,700000,6600000
b,701000,6600000
c,702000,6600000
"""
RELEVES = """plot_id,species,cover
a,Poa annua,10
a,Carex nigra,20
b,Poa annua,30
c,Salix alba,5
c,Poa annua,1
c,Bellis perennis,2
"""
# Its own names and coordinates in degrees; e1 is plot a again, e2 stands 40 m from b, e3 lists what c does, e4 is new.
EXTRA = """plot_id,species,cover,lon,lat
e1,Carex nigra,20,10.0,50.0
e1,Poa annua,10,10.0,50.0
e2,Briza media,1,{near}
e3,Salix alba,50,11.0,50.0
e3,Poa annua,12,11.0,50.0
e3,Bellis perennis,9,11.0,50.0
e4,Briza media,7,12.0,50.0
e4,Poa annua,3,12.0,50.0
"""


class Told:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, text: str) -> None:
        self.lines.append(text)


def job(folder: Path, **options: Any) -> dict[str, Any]:
    (folder / "plots.csv").write_text(PLOTS)
    (folder / "releves.csv").write_text(RELEVES)
    b = read_releves(folder / "releves.csv", plots=folder / "plots.csv", crs="EPSG:2154").points.to("EPSG:4326")
    near = f"{b.x[1] + 40 / 111_320 / np.cos(np.radians(b.y[1])):.7f},{b.y[1]:.7f}"
    (folder / "extra").mkdir()
    (folder / "extra" / "more.csv").write_text(EXTRA.format(near=near))
    return {
        "releves": str(folder / "releves.csv"), "plots": str(folder / "plots.csv"), "crs": "EPSG:2154", "x_field": "x",
        "y_field": "y", "extra_releves": str(folder / "extra" / "more.csv"), "cover_scale": "percent",
        "min_presences": 1, "species": None, "date_field": None, **options,
    }  # fmt: skip


def first(options: dict[str, Any]) -> ReleveTable:
    return read_releves(options["releves"], plots=options["plots"], crs="EPSG:2154", cover_scale="percent")


def test_a_planted_duplicate_and_a_neighbour_are_left_out(tmp_path: Path) -> None:
    options, told = job(tmp_path), Told()
    table, extra = with_extra(options, first(options), np.array([0, 1, 2]), 100.0, told)  # type: ignore[arg-type]
    assert table.species.tolist() == ["Bellis perennis", "Briza media", "Carex nigra", "Poa annua", "Salix alba"]
    assert extra is not None and extra.plot_ids.tolist() == ["e4"]
    assert isinstance(extra.cover, csr_array) and extra.cover.toarray().tolist() == [[0, 7, 0, 3, 0]]
    assert table.cover.toarray().tolist() == [[0, 0, 20, 10, 0], [0, 0, 0, 30, 0], [2, 0, 0, 1, 5]]
    assert "1 of 4 are learnt from; left out were 2 with the content of a plot that has imagery and 1 within 100 m" in (
        told.lines[-1]
    )


def test_species_of_extra_releves_are_no_targets_and_digests_stay(tmp_path: Path) -> None:
    options = job(tmp_path)
    before = first(options)
    table, _ = with_extra(options, before, np.array([0, 1, 2]), 100.0)
    assert [str(table.species[index]) for index in table.targets] == [str(before.species[i]) for i in before.targets]
    assert table.digests.tolist() == before.digests.tolist()


def test_only_plots_with_imagery_count(tmp_path: Path) -> None:
    options = job(tmp_path)
    _, extra = with_extra(options, first(options), np.array([0]), 100.0)
    assert extra is not None and len(extra) == 3  # e2 and e3 are like plots that no image shows


def test_nothing_asked_changes_nothing(tmp_path: Path) -> None:
    options = job(tmp_path) | {"extra_releves": None}
    table = first(options)
    assert with_extra(options, table, np.array([0]), 100.0) == (table, None)


def test_nothing_left_is_said(tmp_path: Path) -> None:
    options = job(tmp_path)
    with pytest.raises(ReleveError, match="no extra relevé is left"):
        with_extra(options, first(options), np.array([0, 1, 2]), 1e7)


def test_more_than_a_model_file_can_name_is_said_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = job(tmp_path)
    monkeypatch.setattr(extra_releves, "MOST_EXTRA", 2)
    with pytest.raises(ReleveError, match="3 extra relevés are more than the 2 that a model can remember"):
        with_extra(options, first(options), np.array([0]), 100.0)
    assert with_extra(options, first(options), np.array([0, 1, 2]), 100.0)[1] is not None


def test_a_table_without_places_is_refused_or_finds_its_plots_beside_it(tmp_path: Path) -> None:
    options = job(tmp_path)
    bare = tmp_path / "extra" / "bare.csv"
    bare.write_text("plot_id,species,cover\nq,Briza media,4\n")
    options["extra_releves"] = str(bare)
    with pytest.raises(ReleveError, match="no relevé row belongs to a plot with coordinates"):
        read_extra(options)  # the first table's plots do not know q
    (tmp_path / "extra" / "plots.csv").write_text("plot_id,x,y\nq,800000,6600000\n")
    found = read_extra(options)
    assert (found.points.x.tolist(), found.plot_ids.tolist()) == ([800_000.0], ["q"])
    with pytest.raises(ReleveError, match="no coordinates were found"):
        read_extra(options | {"plots": None})


def test_columns_of_the_first_table_are_not_asked_of_the_second(tmp_path: Path) -> None:
    options = job(
        tmp_path, habitat_field="habitat", site_field="site", groups="block", date_field="day", cover_field="percent",
        species_field="scientific_name", layer_field="stratum",
    )
    table = read_extra(options)
    assert (len(table), table.points.crs, table.habitats, table.groups) == (4, "EPSG:4326", None, None)
    assert table.cover.max() == 50.0


def test_places_that_cannot_be_told_are_near() -> None:
    points = read_points([10.0, np.nan], [50.0, 50.0])
    assert within(points, read_points([11.0], [50.0]), 100.0).tolist() == [False, True]
    assert within(points, read_points([np.nan], [50.0]), 100.0).tolist() == [False, True]


def read_points(x: list[float], y: list[float]) -> Any:
    from botaclip.core.places import Points

    return Points(np.array(x), np.array(y), "EPSG:4326")


def test_a_vocabulary_without_some_species_is_said(tmp_path: Path) -> None:
    options = job(tmp_path)
    table = first(options).over(np.array(["Salix alba", "Poa annua"]))
    assert table.cover.toarray().tolist() == [[0, 10], [0, 30], [5, 1]]
    assert "2 species are not in the vocabulary and were ignored." in table.report
    none = first(options).over(np.array(["Carex nigra"]))
    assert none.cover.toarray().tolist() == [[20], [0], [0]]
    assert "2 relevés name no species of the vocabulary and count as empty." in none.report
    one, two = united(first(options), table)
    assert one.species.tolist() == two.species.tolist() and (one.cover[:, [3]] != two.cover[:, [3]]).nnz == 0


def test_no_neon_plot_with_a_picture_is_among_all_neon_releves() -> None:
    folder, every = shared("data/neon_releves_rgb"), shared("data/neon_releves_all/releves.csv")
    said = json.loads((folder / "botaclip.json").read_text())
    options = {key.replace("-", "_"): value for key, value in said.items()}
    options |= {"releves": str(folder / "releves.csv"), "plots": str(folder / "plots.csv"), "species": None,
                "extra_releves": str(every), "min_presences": 5}  # fmt: skip
    known = ("plots", "plot_field", "species_field", "cover_field", "cover_scale", "x_field", "y_field", "crs_field",
             "data_type", "min_presences")  # fmt: skip
    table = read_releves(options["releves"], **{key: options[key] for key in known})
    extra = read_extra(options)
    assert len(extra) == 1097
    left, report = without_plots(extra, table, 50.0)
    with_picture = set(table.plot_ids.tolist())
    assert with_picture & set(extra.plot_ids.tolist()) and not with_picture & set(left.plot_ids.tolist())
    apart = np.linalg.norm(geocentric(left.points)[:, None] - geocentric(table.points)[None], axis=2)
    assert apart.min() > 50.0 and 1000 < len(left) < 1097
    # With no place to go by, the content finds the plots that have a relevé too.
    by_content, _ = without_plots(extra, table, -1.0)
    listed = set(table.plot_ids[np.asarray(table.presence.sum(axis=1)) > 0].tolist())
    assert len(listed) == 48 and not listed & set(by_content.plot_ids.tolist())
    wide, narrow = united(table, left)
    assert wide.cover.shape[1] == narrow.cover.shape[1] > 3000 and len(wide.targets) == len(table.targets)
