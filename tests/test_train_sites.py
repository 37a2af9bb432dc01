"""Training on crops in two UTM zones, with environment rasters, few plots and all that goes wrong with them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine

from botaclip.core.commands import TRAIN
from botaclip.core.data_folder import read_data_folder
from botaclip.core.errors import OptionError, OutputError, RasterError
from botaclip.core.model_file import ModelFile
from botaclip.core.options import parse_parameters
from botaclip.core.places import Points
from botaclip.core.progress import Progress
from botaclip.core.vector_io import read_points
from botaclip.training import location
from botaclip.training.train import train

from .conftest import shared
from .small_rasters import write_raster

ZONES = {"west": "EPSG:32631", "east": "EPSG:32632"}
CORNERS = {"west": (690_000.0, 5_300_000.0), "east": (310_000.0, 5_340_000.0)}  # 26 km apart on the ground
PLOTS_A_SITE = 21
CROP_PX = 80
PATCH_M = 40.0
SPECIES = ("Betula alba", "Carex nigra", "Molinia alba", "Poa nigra")


class Survey:
    """Crops, tables and an environment raster in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        random = np.random.default_rng(5)
        plots: list[dict[str, Any]] = []
        rows: list[dict[str, Any]] = []
        self.height: dict[str, float] = {}
        for site, crs in ZONES.items():
            for i in range(PLOTS_A_SITE):
                name, wood = f"{site}{i:02}", random.random()
                x, y = np.add(CORNERS[site], random.uniform(0, 4_000, 2)).round(1)
                texture = 150 - 90 * wood + random.normal(0, 4 + 25 * wood, (3, CROP_PX, CROP_PX))
                half = CROP_PX / 2
                write_raster(
                    folder / "crops" / f"{name}.tif", np.clip(texture, 1, 254).astype(np.uint8), crs=crs, nodata=0,
                    transform=Affine(1.0, 0, x - half, 0, -1.0, y + half), descriptions=("red", "green", "blue"),
                )  # fmt: skip
                plots.append({
                    "plot_id": name, "x": x, "y": y, "epsg": crs.split(":")[1], "block": f"{site}{i % 4}",
                    "habitat": "wood" if wood > 0.5 else "open", "year": 2015 + i % 4, "site": site.upper(),
                    "uncertainty": 30 if i == 3 else 2, "area": 2_500 if i == 5 else 400,
                })  # fmt: skip
                shares = (4 * wood - 1.5, 2.5 - 4 * wood, 0.6 * (site == "west"), 0.5)
                rows += [
                    {"plot_id": name, "species": species, "cover": 10.0}
                    for species, share in zip(SPECIES, shares, strict=True) if random.random() < share
                ]  # fmt: skip
        # In the table of plots, but never surveyed.
        plots.append(plots[0] | {"plot_id": "unvisited", "x": plots[0]["x"] + 3, "year": ""})
        self.write("plots.csv", plots)
        self.write("releves.csv", rows)
        self.plots = plots
        # One raster over both zones, in degrees: longitude itself.
        lon = 5.0 + (np.arange(400) + 0.5) * 0.01
        write_raster(
            folder / "longitude.tif", np.broadcast_to(lon, (1, 200, 400)).astype(np.float32), crs="EPSG:4326",
            transform=Affine(0.01, 0, 5.0, 0, -0.01, 48.8), colours=None,
        )  # fmt: skip

    def write(self, name: str, rows: list[dict[str, Any]]) -> None:
        with (self.folder / name).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def train(self, name: str, **asked: Any) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
        """Return outputs, metrics and what was said."""
        given: dict[str, Any] = {
            "raster": self.folder / "crops", "plots": self.folder / "plots.csv", "releves": self.folder / "releves.csv",
            "x_field": "x", "y_field": "y", "crs_field": "epsg", "date_field": "year", "groups": "block",
            "patch_size": PATCH_M, "data_type": "presence-absence", "min_presences": 5, "folds": 3, "epochs": 1,
            "device": "cpu", "output": self.folder / f"{name}.botaclip", "metrics": self.folder / f"{name}.json",
        }
        parameters, unknown = parse_parameters(TRAIN, given | asked)
        assert not unknown
        said: list[str] = []
        outputs = train(parameters, Progress(None, lambda level, text: said.append(f"{level}: {text}")))
        return outputs, json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8")), said


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survey]:
    folder = tmp_path_factory.mktemp("survey")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTACLIP_CACHE", str(folder / "cache"))
        fit_forest = location.fit_forest
        patch.setattr(location, "fit_forest", lambda *given, **rest: fit_forest(*given, **(rest | {"trees": 10})))
        yield Survey(folder)


@pytest.fixture(scope="module")
def full(survey: Survey) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    return survey.train(
        "full", report=survey.folder / "full.html", predictions=survey.folder / "full.gpkg", habitat_field="habitat",
        uncertainty_field="uncertainty", area_field="area", image_date="2022-06",
        environment=[str(survey.folder / "longitude.tif")],
    )


def test_plots_are_dropped_and_flagged_by_the_rules(full: Any) -> None:
    _, metrics, said = full
    reasons = {drop["plot"]: drop["reason"] for drop in metrics["dropped"]}
    assert set(reasons) == {"unvisited", "west03", "east03"}
    assert "never surveyed" in reasons["unvisited"] and "uncertain by more than half a patch" in reasons["west03"]
    large = [flag["plot"] for flag in metrics["flagged"] if "larger than the patch" in flag["reason"]]
    old = [flag["plot"] for flag in metrics["flagged"] if "more than 5 years" in flag["reason"]]
    assert large == ["west05", "east05"]
    assert set(old) == {f"{site}{i:02}" for site in ZONES for i in range(PLOTS_A_SITE) if i % 4 < 2 and i != 3}
    assert any(line.startswith("warning: 2 of 40 plots were kept although they are doubtful") for line in said)
    assert metrics["data"]["n_plots"] == 40
    assert metrics["data"]["n_scenes"] == 41  # two of the 42 crops overlap


def test_sites_are_told_apart_and_scored_by_themselves(full: Any) -> None:
    outputs, metrics, _ = full
    assert metrics["data"]["sites"] == {"site 1": 20, "site 2": 20}
    assert sum(metrics["data"]["habitats"].values()) == 40
    # It grows in the west only: there is no second site to score it on.
    assert set(metrics["targets_within_site"]["Molinia alba"]) == {"site 1"}
    assert set(metrics["targets_within_site"]["Betula alba"]) == {"site 1", "site 2"}
    pairs = sum(len(sites) for sites in metrics["targets_within_site"].values())
    assert metrics["summary_within_site"]["raw"]["auc"]["n_targets"] == pairs
    text = "\n".join(outputs["print"])
    assert f"Within sites, {pairs} pairs of a species and a site (site 1, site 2):" in text
    assert text.count("location_only") == text.count("environment_only") == 2
    assert "mostly shows that the model recognises the site" in text
    # Longitude is the site, and knows nothing within it.
    both = ("summary", "summary_within_site")
    alba = [metrics["targets"]["Molinia alba"], metrics["targets_within_site"]["Molinia alba"]["site 1"]]
    assert alba[0]["environment_only"]["auc"] > 0.7 > alba[1]["environment_only"]["auc"]
    assert all(np.isfinite(metrics[part]["adapted"]["auc"]["median"]) for part in both)


def test_the_image_tells_the_woods_within_sites(full: Any) -> None:
    _, metrics, _ = full
    for site in ("site 1", "site 2"):
        assert metrics["targets_within_site"]["Betula alba"][site]["adapted"]["auc"] > 0.6


def test_predictions_are_out_of_fold_and_in_degrees(full: Any, survey: Survey) -> None:
    outputs, metrics, _ = full
    points, columns = read_points(outputs["predictions"])
    assert len(points) == len(survey.plots) and points.crs == "EPSG:4326"
    fold = {plot["id"]: plot["fold"] + 1 for plot in metrics["plots"]}
    names = columns["plot"].tolist()
    for i, name in enumerate(names):
        assert (columns["fold"][i] == fold[name]) if name in fold else columns["dropped"][i]
    here = names.index("east10")
    there = Points(*(np.array([survey.plots[here][axis]]) for axis in "xy"), ZONES["east"]).to("EPSG:4326")
    assert (points.x[here], points.y[here]) == pytest.approx((there.x[0], there.y[0]), abs=1e-7)
    tested = np.array([name in fold for name in names])
    held, found = columns["Betula alba suitability"][tested], columns["Betula alba found"][tested]
    assert np.isfinite(held).all() and np.isnan(columns["Betula alba suitability"][~tested]).all()
    brier = metrics["targets"]["Betula alba"]["adapted"]["brier"]
    assert np.mean((held - found) ** 2) == pytest.approx(brier, abs=1e-4)


def test_the_model_knows_its_environment_and_sites(full: Any, survey: Survey) -> None:
    metadata = ModelFile.open(full[0]["output"]).metadata
    assert [layer["name"] for layer in metadata["environment"]] == ["longitude"]
    assert metadata["training"]["sites"] == ["site 1", "site 2"]
    assert full[1]["data"]["environment"] == ["longitude"]


def test_the_cache_notices_another_environment(survey: Survey, full: Any) -> None:
    files = set((survey.folder / "cache").glob("*.safetensors"))
    _, metrics, said = survey.train("bare", alignment="none", site_field="site", species="Betula alba")
    assert len(set((survey.folder / "cache").glob("*.safetensors")) - files) == 1
    assert metrics["data"]["sites"] == {"WEST": 21, "EAST": 21} and metrics["data"]["environment"] == []
    assert "environment_only" not in metrics["summary"]
    *_, again = survey.train("again", alignment="none", species="Betula alba")
    assert any("taken from the cache" in line for line in again)


def test_fewer_groups_than_folds_make_fewer_folds(survey: Survey) -> None:
    _, metrics, said = survey.train("folds", alignment="none", groups="site", folds=5)
    assert len(metrics["folds"]) == 2
    assert "warning: The plots lie in 2 groups only: 2 folds are made instead of 5." in said
    assert sum("choices inside it were made on 2 random inner folds" in line for line in said) == 2
    # What grows on one site only was tested by no model that had met it.
    assert metrics["omitted"]["Molinia alba"].startswith("no score")
    assert {"Molinia alba"} == {name for fold in metrics["folds"] for name in fold["not_learnt"]}
    assert all(scores["auc"] is None for scores in metrics["targets"]["Molinia alba"].values())
    assert metrics["summary"]["raw"]["auc"]["n_targets"] == len(SPECIES) - 1


def test_what_cannot_be_is_refused_before_any_work(survey: Survey, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--image-date cannot be 'June'"):
        survey.train("wrong", image_date="June", raster="nowhere.tif")
    with pytest.raises(OutputError, match="--plot-locations is none"):
        survey.train("wrong", predictions=tmp_path / "p.gpkg", plot_locations="none", raster="nowhere.tif")
    far = write_raster(tmp_path / "far.tif", np.ones((1, 9, 9), np.float32), colours=None)
    with pytest.raises(RasterError, match="does not touch the image at all"):
        survey.train("wrong", environment=[str(far)])
    assert not list(survey.folder.glob("wrong*"))


@pytest.mark.slow
@pytest.mark.parametrize("name, plots, sites", [("neon_releves_rgb", 48, 5), ("s2_london_camden_trees", 453, 1)])
def test_real_data(name: str, plots: int, sites: int, tmp_path: Path) -> None:
    folder = shared(f"data/{name}")
    outputs = {key: tmp_path / f"m.{key}" for key in ("output", "metrics", "report")}
    options = {name.replace("-", "_"): value for name, value in read_data_folder(folder).items()}
    given = options | outputs | {"predictions": tmp_path / "p.gpkg"}
    parameters, unknown = parse_parameters(TRAIN, given)
    assert not unknown
    printed = "\n".join(train(parameters, Progress())["print"])
    metrics = json.loads(outputs["metrics"].read_text(encoding="utf-8"))
    assert (metrics["data"]["n_plots"], len(metrics["data"]["sites"])) == (plots, sites)
    assert ("Within sites" in printed) == (sites > 1)
    assert {"truth_correlation", "maps"} <= set(metrics["omitted"])
