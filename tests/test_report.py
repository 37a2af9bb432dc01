"""The report: one offline file, hostile names harmless, missing parts said, verdicts as the numbers are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import html5lib
import numpy as np
import pytest

from botaclip.core.errors import OutputError
from botaclip.training.report import report_page, write_report
from botaclip.training.report_words import difference_between, headline, limits, number, presence_only, verdicts
from botaclip.training.statistics import paired_difference

HOSTILE = "<script>alert('x')</script> & $\\frac{1}{0}$ \"Rosa\""
LEVEL = {
    "raw": 0.28, "supervised": 0.33, "botaclip": 0.31, "adapted": 0.33, "shuffled": 0.27, "location_only": 0.12,
    "prevalence": 0.0,
}  # fmt: skip


def made_up(n_species: int = 12, n_plots: int = 60, *, seed: int = 1) -> dict[str, Any]:
    """Return a metrics document with every part; nothing in it was measured."""
    rng = np.random.default_rng(seed)
    names = [HOSTILE, "Salix herbacea"] + [f"Species number {i}" for i in range(n_species - 2)]
    ease = rng.normal(0, 0.12, n_species)
    score = {c: level + (0 if c == "prevalence" else 1) * (ease + rng.normal(0, 0.03, n_species))
             for c, level in LEVEL.items()}  # fmt: skip

    def summary(lift: float) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for column, tss in score.items():
            values = {"tss_at_train_threshold": tss + lift, "auc": 0.5 + tss / 2 + lift / 2,
                      "brier": 0.12 - tss / 10, "truth_correlation": tss + 0.2}  # fmt: skip
            raw = {"tss_at_train_threshold": score["raw"] + lift, "auc": 0.5 + score["raw"] / 2 + lift / 2,
                   "brier": 0.12 - score["raw"] / 10, "truth_correlation": score["raw"] + 0.2}  # fmt: skip
            out[column] = {
                metric: {
                    "median": float(np.median(v)), "fold_mean": float(np.median(v) - 0.02), "n_targets": n_species,
                    "difference_to_raw": paired_difference(v, raw[metric]),
                }
                for metric, v in values.items()
            }  # fmt: skip
        return out

    predicted = np.linspace(0.03, 0.85, 10)
    return {
        "summary": summary(0.0),
        "summary_random_folds": summary(0.09),
        "targets": {
            name: {c: {"tss_at_train_threshold": float(score[c][i])} for c in LEVEL} for i, name in enumerate(names)
        },
        "folds": [{"fold": f, "n_train": 700 + f, "n_test": 200, "n_buffered": 100 - f} for f in range(5)],
        "richness": {
            "share": 0.9, "coverage": 0.9, "plots": n_plots, "mean": 7.0, "mean_error": 1.5, "correlation": None,
        },
        "importance": {"image": {"median": 0.2, "targets": {}}},
        "nearest_releves": {
            "pairs": [
                {"plot": f"p{i}", "nearest": f"p{i + 1}", "cosine": 0.9 - i / 50, "shared": 0.4} for i in range(30)
            ],
            "shared": 0.4, "chance": 0.15, "similarity": "Sørensen",
        },
        "card": "# Card\n\nNot for <b>decisions</b>.",
        "embedding": {
            "x": [0.1, -0.2, 0.3], "y": [0.0, 0.2, -0.1], "share": [0.4, 0.1], "habitats": ["fen", "", "$bog$"],
        },
        "dropped": [
            {"plot": f"P{i}", "reason": "outside the image" if i % 3 else "too much nodata"} for i in range(20)
        ],
        "omitted": {"Rara avis": "4 presences, 20 are needed", "boyce": "needs background points",
                    "summary_within_site": "all plots lie on one site (site 1)"},
        "flagged": [],
        "versions": {"botaclip": "0.1.0", "python": "3.11.2", "torch": "2.13.0"},
        "seconds": 312.4,
        "plots": [
            {"id": f"P{i}", "x": 5e5 + x * 6e3, "y": 5e6 + y * 6e3, "fold": int(x * 5) % 5}
            for i, (x, y) in enumerate(rng.uniform(size=(n_plots, 2)))
        ],
        "alignment": {
            "asked": "auto", "picked": "supervised, 40 steps",
            "reason": "Alignment: auto picked supervised, 40 steps; inner spatial validation put the head's relative "
            "error at 0.8712, against 0.8954 for the frozen vectors (1 is the prevalence alone).",
            "candidates": [
                {"label": "supervised, 40 steps", "penalty": 30.0, "relative_error": 0.8712},
                {"label": "botaclip λ=1, 80 steps", "penalty": 30.0, "relative_error": 0.8790},
                {"label": "none", "penalty": 100.0, "relative_error": 0.8954},
            ],
        },
        "calibration": {
            "bins": [
                {"predicted": float(p), "observed": float(p * 0.92), "n": int(9_000 * (1 - p) ** 3) + 40,
                 "low": float(p * 0.85), "high": float(p * 0.99)}
                for p in predicted
            ]
        },
        "data": {
            "raster": "/demo/landscape/tiles", "bands": ["red", "green", "blue", "nir"], "n_plots": n_plots,
            "releves": "/demo/landscape/releves.csv", "n_species": n_species, "data_type": "presence-absence",
            "cover_scale": "braun-blanquet", "patch_size_m": 100.0, "encoder": "random-conv", "head": "linear",
            "lattice": "cells of 10 m in EPSG:32632", "notes": ["3 cover codes were read as r"],
            "presences": {name: 20 + i for i, name in enumerate(names)},
        },
    }  # fmt: skip


def text_of(page: str) -> str:
    return re.sub(r"<[^>]+>", " ", page)


def test_everything_is_in_one_offline_file() -> None:
    page = report_page(made_up(), figures={"Habitats": b"\x89PNG\r\n"})
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<iframe|@import|javascript:| on\w+=", page, flags=re.IGNORECASE)
    sources = re.findall(r'src="([^"]{0,30})', page)
    assert len(sources) == 6 and all(source.startswith("data:image/") for source in sources)
    assert "Left out of this report" not in page and "<h2>Habitats</h2>" in page
    assert "Not for &lt;b&gt;decisions&lt;/b&gt;." in page, "a card is text"
    assert "share 40 % of their species" in page and "p29" in page and "p15" not in page


def test_hostile_species_names_are_shown_as_text() -> None:
    page = report_page(made_up())
    assert "<script>" not in page
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; $\\frac{1}{0}$ &quot;Rosa&quot;" in page


def test_the_table_holds_the_numbers_of_the_document() -> None:
    metrics = made_up()
    text = text_of(report_page(metrics))
    for column in LEVEL:
        entry = metrics["summary"][column]["tss_at_train_threshold"]
        assert number(entry["median"], 3) in text and number(entry["fold_mean"], 3) in text
    difference = metrics["summary"]["adapted"]["tss_at_train_threshold"]["difference_to_raw"]
    assert f"[{difference['low']:+.3f} to {difference['high']:+.3f}]" in text
    for said in ("auto picked supervised, 40 steps", "outside the image", "4 presences, 20 are needed", "5.2 minutes",
                 "arXiv:2511.21194", "3 cover codes were read as r", "torch"):  # fmt: skip
        assert said in text


def test_headline_and_verdicts_say_what_the_numbers_say() -> None:
    metrics = made_up()
    assert re.search(r"moderately well: median TSS 0\.[23]\d over 12 species \(0 is chance", headline(metrics))
    assert [verdict.sign for verdict in verdicts(metrics)] == [1, 1, 1]
    found = difference_between(metrics, "tss_at_train_threshold", "adapted", "shuffled")
    assert found is not None and found["median"] == pytest.approx(0.06, abs=0.02)
    for columns in metrics["targets"].values():
        columns["shuffled"] = dict(columns["adapted"])
        columns["location_only"] = {"tss_at_train_threshold": columns["adapted"]["tss_at_train_threshold"] + 0.1}
    signs = {verdict.question: (verdict.sign, verdict.answer) for verdict in verdicts(metrics)}
    assert signs["Is the gain due to the plants?"][0] == 0
    assert signs["Does the image tell more than the place?"][0] == -1
    assert "location only does better" in signs["Does the image tell more than the place?"][1]


def test_a_model_no_better_than_chance_is_called_so() -> None:
    metrics = made_up()
    metrics["summary"]["adapted"]["tss_at_train_threshold"]["median"] = 0.02
    assert "no better than chance" in headline(metrics)
    noise = np.tile([0.1, -0.1], 6)
    for columns, difference in zip(metrics["targets"].values(), noise, strict=True):
        columns["adapted"] = {"tss_at_train_threshold": columns["raw"]["tss_at_train_threshold"] + difference}
    assert verdicts(metrics)[0].sign == 0 and "includes no difference" in verdicts(metrics)[0].answer


def test_presence_only_is_never_called_a_probability() -> None:
    metrics = made_up()
    metrics["data"]["data_type"] = "presence-only"
    for summary in (metrics["summary"], metrics["summary_random_folds"]):
        for column, scores in summary.items():
            summary[column] = {"auc_background": scores["auc"]}
    metrics["targets"] = {
        name: {c: {"auc_background": 0.5 + s["tss_at_train_threshold"] / 2} for c, s in columns.items()}
        for name, columns in metrics["targets"].items()
    }
    assert presence_only(metrics)
    text = text_of(report_page(metrics))
    assert "AUC against background" in text and "relative suitability" in text
    assert not re.search(r"probabilit|calibrated|TSS", text, flags=re.IGNORECASE)


def test_the_demo_is_called_invented() -> None:
    metrics = made_up()
    assert "invented" in limits(metrics)[0]
    for scores in metrics["summary"].values():
        del scores["truth_correlation"]
    assert not any("invented" in said for said in limits(metrics))


@pytest.mark.parametrize("key", sorted(made_up(3)))
def test_any_part_may_be_missing_or_empty(key: str) -> None:
    metrics = made_up(3)
    del metrics[key]
    assert "What this does not show" in report_page(metrics)
    for nothing in (None, type(made_up(3)[key])()):
        assert "What this does not show" in report_page({**metrics, key: nothing, "plots": None})


def test_an_empty_document_says_what_is_missing() -> None:
    text = text_of(report_page({}))
    assert "could not be scored" in text
    assert "Choice of alignment: the choice was not recorded" in text


def test_missing_values_are_dashes() -> None:
    metrics = json.loads(json.dumps(made_up(5)))
    for scores in metrics["summary"]["location_only"].values():
        scores |= {"median": None, "fold_mean": None, "difference_to_raw": None}
    for columns in metrics["targets"].values():
        columns["location_only"]["tss_at_train_threshold"] = None
        columns["raw"] = {}
    page = report_page(metrics)
    assert "nan" not in text_of(page).lower().replace("nanum", "") and "None " not in text_of(page)
    assert "–" in page


def test_the_same_document_makes_the_same_file(tmp_path: Path) -> None:
    assert report_page(made_up(8)) == report_page(made_up(8))
    write_report(made_up(8), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == report_page(made_up(8))
    with pytest.raises(OutputError, match="exists already"):
        write_report({}, tmp_path / "report.html")
    write_report({}, tmp_path / "report.html", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(ValueError, match="neither PNG nor SVG"):
        write_report({}, tmp_path / "other.html", figures={"x": b"GIF89a"})
    assert not (tmp_path / "other.html").exists()


def with_sites() -> dict[str, Any]:
    """Return a document with two sites, where the model only tells them apart."""
    metrics = made_up(6)
    within = {
        name: {site: {c: {"tss_at_train_threshold": 0.01 * i} for c in LEVEL} for site in ("north", HOSTILE)}
        for i, name in enumerate(metrics["targets"])
    }
    entry = {"median": 0.02, "n_targets": 12, "difference_to_raw": {"median": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}}
    metrics |= {
        "targets_within_site": within,
        "summary_within_site": {c: {"tss_at_train_threshold": dict(entry)} for c in LEVEL},
        "flagged": [{"plot": "P7", "reason": "the relevé's area is larger than the patch"}],
    }
    metrics["data"] |= {
        "sites": {"north": 40, HOSTILE: 20}, "habitats": {"bog": 12, "wood": 48}, "n_scenes": 60,
        "taxa": {"exact": 50, "normalised": 7, "left out": 3}, "environment": ["dem", "climate:bio1"],
    }  # fmt: skip
    for i, plot in enumerate(metrics["plots"]):
        plot["site"] = "north" if i % 3 else HOSTILE
    return metrics


def test_where_there_are_sites_the_headline_is_what_holds_within_them() -> None:
    metrics = with_sites()
    assert headline(metrics) == (
        "Within sites, in areas it has never seen, the model tells where species grow no better than chance: median "
        "TSS 0.02 over 12 pairs of a species and a site (0 is chance, 1 is perfect)."
    )
    page = report_page(metrics)
    text = " ".join(text_of(page).split())
    pooled = number(metrics["summary"]["adapted"]["tss_at_train_threshold"]["median"])
    assert f"Over all sites together the median TSS is {pooled}, over 6 species. Pooled over sites" in text
    assert "<script>" not in page and "Every pair of a species and a site" in text
    assert "Differences are medians over species, all sites together" in text
    # The table within sites has no mean over folds.
    part = page[page.index("<h2>Within sites</h2>") : page.index("<h2>Species by species</h2>")]
    assert "fold mean" not in part and part.count("0.020") >= len(LEVEL)
    assert "0.025" in part  # median of a site over its species, 0.00 to 0.05


def test_what_went_in_and_what_is_doubtful_is_listed() -> None:
    text = " ".join(text_of(report_page(with_sites())).split())
    for said in (
        "habitat plots bog 12 wood 48", "site plots north 40", "normalised (authors, cf., aff., ranks) 7",
        "left out: not identified to a species 3", "environment dem, climate:bio1", "scenes 60",
        "the relevé&#x27;s area is larger than the patch 1 P7",
    ):  # fmt: skip
        assert said in text, said


def test_scores_within_sites_that_are_left_out_have_their_reason() -> None:
    metrics = made_up(4)
    metrics["omitted"]["summary_within_site"] = "all plots lie on one site (site 1)"
    assert "Left out: all plots lie on one site (site 1)." in text_of(report_page(metrics))


def test_it_is_valid_html() -> None:
    """By the algorithm of the standard (WHATWG), which a strict parser follows: any error is one."""
    for metrics in (made_up(), {}, {"targets": {}, "summary": {}}):
        html5lib.HTMLParser(strict=True).parse(report_page(metrics))
    # The parser does find errors.
    with pytest.raises(html5lib.html5parser.ParseError):
        html5lib.HTMLParser(strict=True).parse(report_page(made_up()).replace("</table>", "", 1))
