"""What ``make demo`` reads, clears, and prints; the whole of it runs in ``make demo`` itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .script_modules import script

demo = script("demo")
demo_tables = script("demo_tables")

SCORES = {
    "summary": {
        "raw": {"tss_at_train_threshold": {"median": 0.1}, "auc": {"median": 0.6}},
        "adapted": {
            "tss_at_train_threshold": {
                "median": 0.25, "difference_to_raw": {"median": 0.15, "low": 0.05, "high": 0.2},
            },
            "auc": {"median": None},
        },
        "environment_only": {"tss_at_train_threshold": {"median": float("nan")}, "auc": {"median": 0.55}},
        "prevalence": {"tss_at_train_threshold": {"median": 0.0}, "auc": {"median": 0.5}},
    },
    "targets": {"Abies alba": {}, "Fagus sylvatica": {}},
    "data": {"n_plots": 48},
    "omitted": {
        "Carex nigra": "3 presences, fewer than 5", "Carex flava": "1 presences, fewer than 5",
        "Poa annua": "present in every plot", "maps": "the truth is known only in the demo landscape",
        "location_only": "no places", "Salix alba": "no score: no fold that learnt from its presences",
    },
    "dropped": [
        {"plot": "p1", "reason": "outside the raster"}, {"plot": "p2", "reason": "outside the raster"},
        {"plot": "p3", "reason": "duplicate"},
    ],
}  # fmt: skip


def test_the_table_has_every_column_that_is_there() -> None:
    lines = demo_tables.table(SCORES["summary"]).splitlines()
    assert lines[0].split() == ["TSS", "AUC", "TSS", "against", "raw", "(95", "%", "interval)"]
    assert [line.split() for line in lines[1:]] == [
        ["adapted", "0.250", "-", "+0.150", "(+0.050", "to", "+0.200)"],
        ["raw", "0.100", "0.600"],
        ["environment_only", "-", "0.550"],
        ["prevalence", "0.000", "0.500"],
    ]
    assert demo_tables.table({"raw": {}}) == "no score could be computed"


def test_columns_of_later_versions_are_shown_too() -> None:
    lines = demo_tables.table({"new": {"auc": {"median": 0.7}}, "raw": {"auc": {"median": 0.5}}}).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["raw", "new"]
    assert lines[0].split()[1:3] == ["AUC", "against"], "the first score that there is"


def test_presence_only_tables_have_their_own_score() -> None:
    said = demo_tables.table({"raw": {"auc_background": {"median": 0.7}}})
    assert "AUC (background)" in said and "TSS" not in said


def test_pooled_and_within_sites() -> None:
    alone = demo_tables.scores(SCORES)
    assert alone.startswith("Median over 2 species, spatial folds, 48 plots:\n\n")
    assert "Within sites" not in alone
    both = demo_tables.scores(SCORES | {
        "summary_within_site": {"raw": {"auc": {"median": 0.51}}},
        "targets_within_site": {"Abies alba": {"HARV": {}, "OSBS": {}}, "Fagus sylvatica": {"HARV": {}}},
    })  # fmt: skip
    assert both.startswith(alone)
    assert "median over 3 pairs of a species and a site (HARV, OSBS)" in both
    assert "raw  0.510" in both


def test_what_is_left_out_is_named_with_its_reason_and_species_are_counted() -> None:
    assert demo_tables.left_out(SCORES).splitlines() == [
        "Left out, and why:",
        "  maps: the truth is known only in the demo landscape",
        "  location_only: no places",
        "  2 species (Carex nigra, Carex flava): fewer than 5 presences",
        "  1 species (Poa annua): present in every plot",
        "  1 species (Salix alba): no score: no fold that learnt from its presences",
        "  2 plots (p1, p2): outside the raster",
        "  1 plot (p3): duplicate",
    ]
    many = {f"Species {i:03}": "not asked for" for i in range(500)}
    said = demo_tables.left_out({"omitted": many})
    assert said == "Left out, and why:\n  500 species (Species 000, Species 001, Species 002, …): not asked for"
    assert demo_tables.left_out({"omitted": {}}) == ""


def test_options_become_processing_parameters(tmp_path: Path) -> None:
    (tmp_path / "image.tif").touch()
    (tmp_path / "r.csv").touch()
    options = {"raster": "image.tif", "releves": "r.csv", "patch-size": 20, "crs-field": "epsg"}
    (tmp_path / "botaclip.json").write_text(json.dumps(options))
    assert demo.read_options(tmp_path) == {
        "RASTER": f"{tmp_path}/image.tif", "RELEVES": f"{tmp_path}/r.csv", "PATCH_SIZE": "20", "CRS_FIELD": "epsg",
    }  # fmt: skip
    (tmp_path / "botaclip.json").write_text(json.dumps(options | {"patchsize": 3}))
    with pytest.raises(demo.StepFailed, match="Did you mean 'patch-size'"):
        demo.read_options(tmp_path)


def test_nothing_of_an_earlier_demo_is_left(tmp_path: Path) -> None:
    for name in ("model.botaclip", "embedding.tif", "embedding.qml", "demo.qgz", "image_EPSG_32618.vrt", "mine.txt"):
        (tmp_path / name).touch()
    for name in ("landscape", "suitability"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.tif").touch()
    demo.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"], "what is not the demo's stays"


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path: Path) -> None:
    data, made = tmp_path / "data", tmp_path / "demo"
    data.mkdir()
    made.mkdir()
    (data / "precious.tif").touch()
    (made / "landscape").symlink_to(data)
    demo.clear(made)
    assert (data / "precious.tif").exists() and not (made / "landscape").exists()


def test_maps_are_files_or_folders_and_a_missing_one_is_told(tmp_path: Path) -> None:
    for name in ("model.botaclip", "report.html", "metrics.json", "predictions.gpkg", "demo.qgz", "embedding.tif"):
        (tmp_path / name).touch()
    with pytest.raises(demo.StepFailed, match=r"suitability\.tif is missing"):
        demo.written(tmp_path)
    (tmp_path / "suitability").mkdir()
    assert demo.written(tmp_path)[1:3] == ["embedding.tif", "suitability"]
