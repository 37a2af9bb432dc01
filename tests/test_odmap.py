"""The ODMAP protocol: its 84 elements, what is filled in, and that nothing is made up."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from botaclip.core.commands import REPORT
from botaclip.core.errors import OptionError, OutputError
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT
from botaclip.training.odmap import AUTHOR, odmap, write_odmap
from botaclip.training.odmap_elements import ELEMENTS
from botaclip.training.report import report_page
from botaclip.training.report_job import report

METRICS = {
    "summary": {"adapted": {"auc": {"median": 0.75}, "tss_at_train_threshold": {"median": 0.333}},
                "prevalence": {"auc": {"median": 0.5}}},
    "targets": {"Carex nigra": {"adapted": {"auc": 0.75, "tss_at_train_threshold": None}, "raw": {"auc": 0.7}}},
    "data": {"data_type": "presence-absence", "presences": {"Carex nigra": 12, "Poa annua": 30}, "n_plots": 60,
             "patch_size_m": 100.0, "encoder": "random-conv", "raster": "/d/tiles/a.tif", "bands": ["red", "nir"],
             "releves": "/d/releves.csv", "cover_scale": "Braun-Blanquet", "head": "linear"},
    "splits": {"name": "blocks", "words": "spatial blocks, squares of 500 m", "folds": 5, "block_size_m": 500.0,
               "buffer_m": 100.0},
    "alignment": {"picked": "canonical, 8 axes", "reason": "auto picked it."},
    "asked": {"groups": None, "plot_locations": "none", "folds": 5},
    "dropped": [{"plot": "a", "reason": "outside the image"}, {"plot": "b", "reason": "outside the image"}],
    "versions": {"botaclip": "0.1.0"},
    "lists": {"share": 0.9, "coverage": {"all": {"share": 0.912, "presences": 420, "low": 0.88, "high": 0.94,
                                                 "held": 383, "length": 7.5}},
              "coverage_of_prevalence": {"all": {"length": 11.0}}},
    "richness": {"share": 0.9, "coverage": 0.917, "plots": 60, "mean": 7.0, "mean_error": 1.5, "correlation": 0.4},
}  # fmt: skip


def test_the_protocol_has_its_84_elements() -> None:
    assert len(ELEMENTS) == len({each.id for each in ELEMENTS}) == 84
    # Counted in the authors' application (odmap_dict.csv).
    counts = {"Overview": 25, "Data": 33, "Model": 14, "Assessment": 5, "Prediction": 7}
    assert Counter(each.section for each in ELEMENTS) == counts
    known = {"o_authorship_4": "Study link", "d_bio_12": "Errors and biases", "d_proj_8": "Quantification of novelty",
             "m_depend_3": "Nested data", "p_uncertainty_5": "Novel environments"}  # fmt: skip
    assert {each.id: each.name for each in ELEMENTS if each.id in known} == known


def test_what_is_known_is_filled_in_and_the_rest_is_the_authors() -> None:
    texts = odmap(METRICS)
    assert list(texts) == [each.id for each in ELEMENTS]
    assert texts["d_bio_1"] == "Carex nigra, Poa annua."
    assert texts["d_bio_6"] == "60 plots; presences of a species 12 to 30, median 30."
    assert texts["d_bio_9"] == "2 plots were left out: 2 outside the image."
    assert "5 outer folds: spatial blocks, squares of 500 m" in texts["d_part_2"]
    assert "with a buffer of 100 m" in texts["m_depend_1"]
    assert "adapted: auc 0.750, tss_at_train_threshold 0.333; prevalence: auc 0.500" in texts["a_perform_2"]
    assert "held 91.2% of 420" in texts["p_uncertainty_1"]
    for authors in ("o_authorship_1", "o_authorship_2", "o_concept_1", "d_bio_5", "a_plausibility_2"):
        assert texts[authors] == AUTHOR
    # Nothing known: nothing said of data, scores or places.
    empty = odmap({"summary": {}, "targets": {}})
    assert all(empty[key] == AUTHOR for key in ("d_bio_1", "d_bio_6", "a_perform_2", "p_uncertainty_1", "d_pred_1"))


def test_presence_only_is_never_called_a_probability() -> None:
    data = METRICS["data"] | {"data_type": "presence-only"}
    texts = odmap(METRICS | {"data": data})
    assert texts["p_output_1"] == "Relative suitability." and "is absent" not in " ".join(texts.values())
    assert texts["d_bio_10"].startswith("There are none")


def test_table_and_command(tmp_path: Path) -> None:
    filled = write_odmap(METRICS, tmp_path / "odmap.csv")
    with (tmp_path / "odmap.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 84 and sum(row["value"] != AUTHOR for row in rows) == filled > 40
    with pytest.raises(OutputError):
        write_odmap(METRICS, tmp_path / "odmap.csv")
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS))
    asked = {"metrics": str(tmp_path / "metrics.json"), "output": str(tmp_path / "r.html"),
             "table": str(tmp_path / "t.csv"), "odmap": str(tmp_path / "o.csv")}  # fmt: skip
    said = report(parse_parameters(REPORT, asked)[0], SILENT)
    assert said["odmap_filled"] == filled
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == report_page(METRICS)
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        scores = list(csv.DictReader(file))
    assert [tuple(row.values()) for row in scores] == [
        ("Carex nigra", "adapted", "auc", "0.75"), ("Carex nigra", "adapted", "tss_at_train_threshold", ""),
        ("Carex nigra", "raw", "auc", "0.7"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"summary": 1, "targets": []}', "not json"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "metrics.json").write_text(text)
    asked = {"metrics": str(tmp_path / "metrics.json"), "output": str(tmp_path / "r.html")}
    with pytest.raises(OptionError, match="scores"):
        report(parse_parameters(REPORT, asked)[0], SILENT)
    assert not (tmp_path / "r.html").exists()


def test_the_report_says_what_is_promised() -> None:
    page = report_page(METRICS)
    assert "<h2>What the model promises</h2>" in page and "<td class=n>91.2%</td>" in page
    assert "held 91.7% of 60" in page and "<td class=n>11.0</td>" in page
    assert f"of {len(ELEMENTS)} elements are filled in" in page
    assert "<script" not in report_page(METRICS | {"data": METRICS["data"] | {"releves": "<script>x</script>.csv"}})
