"""Maps, points and clicks over scenes that lie far apart and in two CRSs, and with environment rasters."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from tests.model_fixture import SPECIES, write_model, write_raster
from tests.small_scenes import SCENES, write_environment_model, write_layer, write_scene, write_scenes
from tests.window_encoders import exact_encoder

from botaclip.core import scene_maps
from botaclip.core.applied_imagery import AppliedImagery, environment_for, imagery_for
from botaclip.core.applied_model import NODATA, NOWHERE, OK, OUTSIDE
from botaclip.core.click import click
from botaclip.core.embed import embed
from botaclip.core.errors import Cancelled, ModelFileError, OptionError, OutputError
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.places import Points, parse_crs
from botaclip.core.predict import predict
from botaclip.core.progress import SILENT, Progress
from botaclip.core.suitability import suitability

ANYHOW = {
    "device": "cpu", "overwrite": False, "species": None, "extent": None, "mask": None, "stride": 20.0,
    "dimensions": "3", "quantise": "none",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("scenes") / "crops")


@pytest.fixture(scope="module")
def model(folder: Path) -> ModelFile:
    return write_model(folder.parent / "m.botaclip", folder / "east_a.tif")


@pytest.fixture(scope="module")
def applied(folder: Path, model: ModelFile) -> Iterator[AppliedImagery]:
    with AppliedImagery.open(model.path, folder, device="cpu") as opened:
        yield opened


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ask(folder: Path, model: ModelFile, output: Path, **changes: Any) -> dict[str, Any]:
    return ANYHOW | {"raster": str(folder), "model": str(model.path), "output": str(output)} | changes


def test_a_raster_for_every_scene_and_a_vrt_for_every_crs(folder: Path, model: ModelFile, tmp_path: Path) -> None:
    outputs = suitability(ask(folder, model, tmp_path / "maps.tif"), SILENT)
    vrts = [f"maps_{code}" for code in (32631, 32632)]
    files = [f"{name}.{kind}" for name in SCENES for kind in ("tif", "qml", "qmd")]
    assert names(tmp_path / "maps") == sorted(
        files + [f"{name}.{kind}" for name in vrts for kind in ("vrt", "qml", "qmd")]
    )
    assert names(tmp_path) == ["maps"]
    assert outputs["output"] == str(tmp_path / "maps") and outputs["scenes"] == 4
    assert sorted(outputs["rasters"]) == [str(tmp_path / "maps" / f"{name}.vrt") for name in vrts]
    # Each scene has the very file that it gets alone.
    for name in SCENES:
        suitability(ask(folder / f"{name}.tif", model, tmp_path / f"{name}.tif"), SILENT)
        assert (tmp_path / "maps" / f"{name}.tif").read_bytes() == (tmp_path / f"{name}.tif").read_bytes()


def test_a_vrt_shows_each_scene_in_its_place_and_nothing_between(
    folder: Path, model: ModelFile, tmp_path: Path
) -> None:
    outputs = embed(ask(folder, model, tmp_path / "maps.tif", quantise="uint8"), SILENT)
    for vrt, scenes in (("maps_32632", ("east_a", "east_b")), ("maps_32631", ("west_a", "west_b"))):
        assert str(tmp_path / "maps" / f"{vrt}.vrt") in outputs["rasters"]
        with rasterio.open(tmp_path / "maps" / f"{vrt}.vrt") as whole:
            values = whole.read()
            known = 0
            for scene in scenes:
                with rasterio.open(tmp_path / "maps" / f"{scene}.tif") as part:
                    assert whole.crs == part.crs == rasterio.crs.CRS.from_string(SCENES[scene][0])
                    assert (whole.descriptions, whole.scales, whole.nodata) == (part.descriptions, part.scales, 0)
                    assert whole.tags(2)["BOTACLIP_VARIANCE_SHARE"] == part.tags(2)["BOTACLIP_VARIANCE_SHARE"]
                    content = part.read()
                    row, col = whole.index(*part.xy(0, 0))
                    np.testing.assert_array_equal(
                        values[:, row : row + part.height, col : col + part.width], content
                    )
                    known += int((content > 0).sum())
            assert (values > 0).sum() == known and known / values.size < 0.01
            tags = whole.tags()
            assert tags["BOTACLIP_KIND"] == "embedding" and "BOTACLIP_RASTER" not in tags
            assert tags["BOTACLIP_MODEL_SHA256"] == model.sha256


def test_one_crs_is_one_raster_to_load(folder: Path, model: ModelFile, tmp_path: Path) -> None:
    east = tmp_path / "east"
    for name in ("east_a", "east_b"):
        write_scene(east / f"{name}.tif", *SCENES[name])
    outputs = embed(ask(east, model, tmp_path / "e.tif"), SILENT)
    assert outputs["rasters"] == [outputs["output"]] == [str(tmp_path / "e" / "e_32632.vrt")]


def test_points_go_to_the_scene_they_lie_in(applied: AppliedImagery, folder: Path, model: ModelFile) -> None:
    asked = {"east_a": (150.0, 150.0), "east_b": (160.0, 140.0), "west_b": (210.0, 190.0)}
    placed = [Points(np.array([SCENES[n][1] + x]), np.array([SCENES[n][2] - y]), SCENES[n][0]) for n, (x, y) in
              asked.items()]  # fmt: skip
    degrees = [place.to("EPSG:4326") for place in placed]
    extra = Points(np.array([11.0, np.nan]), np.array([50.0, 50.0]), "EPSG:4326")
    every = [*degrees, extra]
    together = Points(np.concatenate([p.x for p in every]), np.concatenate([p.y for p in every]), "EPSG:4326")
    found = applied.at(together, range(3))
    assert found.status.tolist() == [OK, OK, OK, OUTSIDE, NOWHERE] and found.nodes.crs == "EPSG:4326"
    assert np.isnan(found.suitability[3:]).all() and np.isfinite(found.offset_m[:3]).all()
    for index, name in enumerate(asked):
        with AppliedImagery.open(model.path, folder / f"{name}.tif", device="cpu") as alone:
            single = alone.at(placed[index], range(3))
        np.testing.assert_allclose(found.suitability[index], single.suitability[0], atol=1e-6)
        back = found.nodes[index : index + 1].to(SCENES[name][0])
        assert abs(back.x[0] - single.nodes.x[0]) < 1e-3 and abs(back.y[0] - single.nodes.y[0]) < 1e-3
        answer = click(
            {"raster": str(folder), "model": str(model.path), "x": placed[index].x[0], "y": placed[index].y[0],
             "crs": placed[index].crs, "device": "cpu"}, SILENT,
        )  # fmt: skip
        by_name = {kind["name"]: kind["suitability"] for kind in answer["species"]}
        np.testing.assert_allclose([by_name[kind] for kind in SPECIES], single.suitability[0], atol=1e-6)
        assert parse_crs(answer["patch"]["crs"]).to_epsg() == int(SCENES[name][0][5:])


def test_a_place_that_one_scene_hardly_sees_is_answered_by_another(model: ModelFile, tmp_path: Path) -> None:
    # The second one has pixels of the same size in another zone and lies under the border of the first.
    edge = Points(np.array([500_010.0]), np.array([5_199_850.0]), "EPSG:32632")
    there = edge.to("EPSG:32631")
    write_scene(tmp_path / "crops" / "a.tif", *SCENES["east_a"])
    write_scene(tmp_path / "crops" / "b.tif", "EPSG:32631", there.x[0] - 200, there.y[0] + 200, 200, seed=5)
    with AppliedImagery.open(model.path, tmp_path / "crops", device="cpu") as both:
        assert not both.single
        found = both.at(edge, range(3))
        assert both.scene(0).at(edge, range(3)).status.tolist() == [NODATA]
        alone = both.scene(1).at(edge, range(3))
    assert found.status.tolist() == [OK]
    np.testing.assert_array_equal(found.suitability, alone.suitability)


def test_points_of_a_table_in_several_crss(folder: Path, model: ModelFile, tmp_path: Path) -> None:
    rows = [("a", "32632", 500_150.0, 5_199_850.0), ("b", "EPSG:32631", 420_210.0, 5_109_810.0), ("c", "", 11.0, 50.0)]
    table = tmp_path / "points.csv"
    table.write_text("name,zone,east,north\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    asked = ANYHOW | {
        "raster": str(folder), "model": str(model.path), "points": str(table), "output": str(tmp_path / "p.csv"),
        "x_field": "east", "y_field": "north", "crs_field": "zone", "crs": "EPSG:4326",
    }  # fmt: skip
    outputs = predict(asked, SILENT)
    assert outputs["status"] == {OK: 2, OUTSIDE: 1}
    with (tmp_path / "p.csv").open() as file:
        written = list(csv.DictReader(file))
    assert [row["name"] for row in written] == ["a", "b", "c"] and written[0]["crs"] == "EPSG:4326"
    for row, (_, crs, x, y) in zip(written[:2], rows[:2], strict=True):
        place = Points(np.array([x]), np.array([y]), f"EPSG:{crs[-5:]}")
        assert float(row["x"]) == pytest.approx(place.to("EPSG:4326").x[0], abs=1e-9)
        with AppliedImagery.open(model.path, folder, device="cpu") as again:
            expected = again.at(place, range(3)).suitability[0]
        np.testing.assert_allclose([float(row[name]) for name in SPECIES], expected, atol=1e-6)
    with pytest.raises(OptionError, match="column zone: row 3 gives no CRS"):
        predict(asked | {"crs": None, "output": str(tmp_path / "q.csv")}, SILENT)
    with pytest.raises(OptionError, match="no column 'nothing'"):
        predict(asked | {"crs_field": "nothing", "output": str(tmp_path / "q.csv")}, SILENT)
    assert not (tmp_path / "q.csv").exists()


def test_scenes_without_a_patch_are_left_out_and_said_to_be(model: ModelFile, tmp_path: Path) -> None:
    crops = tmp_path / "crops"
    write_scene(crops / "large.tif", *SCENES["east_a"])
    write_scene(crops / "no_node.tif", "EPSG:32632", 520_000.0, 5_200_000.0, 4)
    write_scene(crops / "no_patch.tif", "EPSG:32632", 530_000.0, 5_200_000.0, 30)
    said: list[str] = []
    outputs = embed(ask(crops, model, tmp_path / "e.tif"), Progress(log=lambda _, text: said.append(text)))
    assert names(tmp_path / "e") == ["e_32632.qmd", "e_32632.qml", "e_32632.vrt", "large.qmd", "large.qml", "large.tif"]
    assert "One scene has no pixel of the map and was left out: no_node." in said
    assert "1 of 3 scenes have no patch with enough image data: no map." in said
    assert outputs["scenes"] == 2
    (crops / "large.tif").unlink()
    with pytest.raises(OptionError, match="no patch of any scene has enough image data"):
        embed(ask(crops, model, tmp_path / "f.tif"), SILENT)
    assert names(tmp_path) == ["cache", "crops", "e"] or names(tmp_path) == ["crops", "e"]


def test_an_extent_picks_scenes_and_says_its_crs(folder: Path, model: ModelFile, tmp_path: Path) -> None:
    said: list[str] = []
    extent = "400000,420400,5099700,5110000"
    with pytest.raises(OptionError, match="does not say its CRS, and the imagery lies in several"):
        embed(ask(folder, model, tmp_path / "e.tif", extent=extent), SILENT)
    outputs = embed(
        ask(folder, model, tmp_path / "e.tif", extent=f"{extent} [EPSG:32631]"),
        Progress(log=lambda _, text: said.append(text)),
    )
    assert outputs["output"].endswith("e_32631.vrt")
    assert names(tmp_path / "e") == [
        f"{n}.{k}" for n in ("e_32631", "west_a", "west_b") for k in ("qmd", "qml", "vrt" if n[0] == "e" else "tif")
    ]
    assert "2 scenes have no pixel of the map and were left out: east_a, east_b." in said
    with pytest.raises(OptionError, match="nothing of the raster is left"):
        embed(ask(folder, model, tmp_path / "n.tif", extent="0,1,0,1 [EPSG:4326]"), SILENT)


def test_a_folder_is_replaced_as_a_whole_and_only_when_it_is_ours(
    folder: Path, model: ModelFile, tmp_path: Path
) -> None:
    embed(ask(folder, model, tmp_path / "e.tif"), SILENT)
    (tmp_path / "e" / "east_a.tif.aux.xml").write_text("statistics of QGIS")
    with pytest.raises(OutputError, match="folder exists already"):
        embed(ask(folder, model, tmp_path / "e.tif"), SILENT)
    first = (tmp_path / "e" / "west_b.tif").read_bytes()
    embed(ask(folder / "..", model, tmp_path / "e.tif", overwrite=True, raster=str(folder)), SILENT)
    assert (tmp_path / "e" / "west_b.tif").read_bytes() == first
    assert "east_a.tif.aux.xml" not in names(tmp_path / "e")
    (tmp_path / "e" / "my notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds other files"):
        embed(ask(folder, model, tmp_path / "e.tif", overwrite=True), SILENT)
    assert (tmp_path / "e" / "my notes.txt").read_text() == "mine"
    assert [name for name in names(tmp_path) if "part" in name] == []


def test_nothing_is_left_of_a_folder_that_was_not_finished(
    folder: Path, model: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def stop_at_the_third(path: Path, **options: Any) -> Any:
        made.append(path)
        if len(made) == 3:
            raise Cancelled
        return raster_output(path, **options)

    raster_output = scene_maps.RasterOutput
    monkeypatch.setattr(scene_maps, "RasterOutput", stop_at_the_third)
    with pytest.raises(Cancelled):
        embed(ask(folder, model, tmp_path / "e.tif"), SILENT)
    assert len(made) == 3 and [name for name in names(tmp_path) if name != "cache"] == []


def test_what_differs_is_said_once_for_all_scenes(model: ModelFile, tmp_path: Path) -> None:
    said: list[tuple[str, str]] = []
    for name, (crs, x, y, size) in SCENES.items():
        write_scene(tmp_path / "crops" / f"{name}.tif", crs, x, y, size // 2)
        with rasterio.open(tmp_path / "crops" / f"{name}.tif", "r+") as dataset:
            dataset.transform = rasterio.Affine(0.5, 0, x, 0, -0.5, y)
    AppliedImagery.open(
        model.path, tmp_path / "crops", device="cpu", progress=Progress(log=lambda *line: said.append(line))
    ).close()
    (warning,) = [text for level, text in said if level == "warning"]
    assert warning.startswith("The model was trained on pixels of 2 m, 4 of 4 scenes have 0.5 m; they are resampled")


def test_no_more_scenes_are_open_than_a_few(applied: AppliedImagery) -> None:
    seen = [applied.scene(number) for number in (0, 1, 2, 3, 0)]
    assert len(applied._opened) == 2 and seen[0] is not seen[4] and applied.scene(0) is seen[4]


# --- Environment rasters ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def terrain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, ModelFile]:
    """A raster, a layer of 50 m in another CRS over most of it, and a model of both."""
    place = tmp_path_factory.mktemp("terrain")
    raster = write_raster(place / "r.tif", hole=False)
    corners = Points(np.array([700_000.0, 700_640.0]), np.array([6_599_100.0, 6_600_100.0]), "EPSG:2154")
    bounds = corners.to("EPSG:32631")
    layer = write_layer(
        place / "elevation.tif", crs="EPSG:32631", pixel=50.0,
        bounds=(bounds.x[0] - 100, bounds.y[0] - 100, bounds.x[1], bounds.y[1] + 100),
    )  # fmt: skip
    return raster, layer, write_environment_model(place / "m.botaclip", raster, layer)


def test_environment_joins_the_image_in_maps_points_and_clicks(
    terrain: tuple[Path, Path, ModelFile], tmp_path: Path
) -> None:
    raster, layer, model = terrain
    asked = ask(raster, model, tmp_path / "s.tif", environment=[str(layer)])
    suitability(asked, SILENT)
    embed(ask(raster, model, tmp_path / "e.tif", dimensions="all"), SILENT)  # by the recorded path
    with rasterio.open(tmp_path / "s.tif") as dataset, rasterio.open(layer) as stored:
        values, tags = dataset.read(), dataset.tags()
        assert tags["BOTACLIP_ENVIRONMENT"] == "elevation"
        # Where the layer ends there is no answer, although the image goes on.
        assert np.isfinite(values[0, :, 5]).sum() > 20 and not np.isfinite(values[:, :, -3:]).any()
        row, col = 20, 12
        x, y = dataset.xy(row, col)
        place = Points(np.array([x]), np.array([y]), "EPSG:2154")
        there = place.to("EPSG:32631")
        read = float(next(stored.sample([(there.x[0], there.y[0])]))[0])
        # Species 0 hangs on the layer alone: sigmoid(0.05 value - 5); the layer is smooth, a patch near its value.
        logit = np.log(values[0, row, col] / (1 - values[0, row, col]))
        assert (logit + 5) / 0.05 == pytest.approx(read, abs=12)
        with AppliedImagery.open(model.path, raster, device="cpu", environment=[layer]) as applied:
            found = applied.at(place, range(3))
        np.testing.assert_allclose(found.suitability[0], values[:, row, col], atol=1e-5)
        answer = click({"raster": str(raster), "model": str(model.path), "x": x, "y": y, "crs": "EPSG:2154",
                        "environment": str(layer), "device": "cpu"}, SILENT)  # fmt: skip
    assert {kind["name"]: np.float32(kind["suitability"]) for kind in answer["species"]} == dict(
        zip(SPECIES, found.suitability[0], strict=True)
    )
    with rasterio.open(tmp_path / "e.tif") as dataset:
        assert dataset.count == 16 and np.isfinite(dataset.read(1)).any()


def test_layers_that_are_missing_are_named(terrain: tuple[Path, Path, ModelFile], tmp_path: Path) -> None:
    raster, layer, _ = terrain
    moved = write_environment_model(tmp_path / "m.botaclip", raster, layer, environment=[
        {"name": "elevation", "file": "elevation.tif", "band": 1, "path": str(tmp_path / "gone" / "elevation.tif")}
    ])  # fmt: skip
    with pytest.raises(ModelFileError, match=r"missing: elevation \(band 1 of elevation\.tif\).*--environment"):
        environment_for(Model.open(moved.path), None)
    other = write_layer(tmp_path / "rain.tif", crs="EPSG:2154", bounds=(7e5, 6.5992e6, 7.008e5, 6.6e6), pixel=50)
    with pytest.raises(ModelFileError, match="missing: elevation"):
        environment_for(Model.open(moved.path), [other])
    found = environment_for(Model.open(moved.path), [other, layer])
    assert found is not None and found.names == ("elevation",)


def test_layers_given_for_nothing_are_said_to_be(model: ModelFile, terrain: tuple[Path, Path, ModelFile]) -> None:
    said: list[tuple[str, str]] = []
    progress = Progress(log=lambda *line: said.append(line))
    assert environment_for(Model.open(model.path), [terrain[1]], progress) is None
    assert said == [("warning", "The model was trained without environment rasters; those given are not used.")]


def test_imagery_in_the_order_of_the_models_bands(tmp_path: Path) -> None:
    """FLAIR-HUB looks at near infrared, red, green; so it is read, whatever the order of the file or of --bands."""
    raster = write_raster(tmp_path / "r.tif", size=200, bands=4)
    model = Model(write_model(tmp_path / "m.botaclip", raster, encoder=exact_encoder(("nir", "red", "green"))))
    for bands in (None, "green=2,nir=4,red=1", "blue=3,red=1,green=2,nir=4"):
        scene = imagery_for(model, raster, bands=bands).scenes[0]
        assert (scene.roles, scene.band_indexes) == (("nir", "red", "green"), (4, 1, 2))
    swir = Model(write_model(tmp_path / "s.botaclip", raster, encoder=exact_encoder(("nir", "red", "green")), bands=[
        {"role": "swir1"}, {"role": "um1.38"}, {"role": "red"}
    ]))  # fmt: skip
    with pytest.raises(ModelFileError, match=r"nir: swir1, um1\.38 missing.*named with --bands, for example swir1=5"):
        imagery_for(swir, raster)
    assert imagery_for(swir, raster, bands="red=1,um1.38=2,swir1=3").scenes[0].band_indexes == (3, 2, 1)


def test_imagery_with_other_bands_than_the_models(tmp_path: Path) -> None:
    model = Model(write_model(tmp_path / "m.botaclip", write_raster(tmp_path / "r.tif", size=200)))
    four = imagery_for(model, write_raster(tmp_path / "four.tif", size=100, bands=4)).scenes[0]
    assert four.roles == ("red", "green", "blue") and four.band_indexes == (1, 2, 3)
    with pytest.raises(ModelFileError, match="made for the bands red, green, blue, but .* only red, green: blue miss"):
        imagery_for(model, write_raster(tmp_path / "two.tif", size=100, bands=2))
