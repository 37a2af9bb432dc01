"""The refit: the file computes what was fitted, and says of the plots no more than its author allowed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from botaclip.core.encoders.notice import notice
from botaclip.core.encoders.onnx_session import OnnxEncoder, open_session
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.errors import OptionError, PairingError
from botaclip.core.model_file import ModelFile
from botaclip.core.places import Points
from botaclip.core.plot_locations import coarsened
from botaclip.core.progress import SILENT, Progress
from botaclip.training import evaluation
from botaclip.training import model_parts as parts_module
from botaclip.training.evaluation import fit_image_column
from botaclip.training.extent import training_extent
from botaclip.training.model_parts import embedded_parts, model_parts

from .small_landscape import CRS, plot_places
from .small_tables import thirds
from .trained_models import ENCODER, LAYERS, pairs, plots, protocol, releves, trained

EAST, NORTHING = plot_places(40)
POINTS = Points(x=EAST, y=NORTHING, crs=CRS)
DEGREES = POINTS.to("EPSG:4326")
EXACT = [DEGREES.x.min(), DEGREES.y.min(), DEGREES.x.max(), DEGREES.y.max()]


def holds(extent: list[float]) -> bool:
    west, south, east, north = extent
    return west <= EXACT[0] and south <= EXACT[1] and east >= EXACT[2] and north >= EXACT[3]


def test_exact_places_give_the_exact_extent() -> None:
    np.testing.assert_allclose(training_extent(POINTS, "exact"), EXACT, rtol=0, atol=1e-12)


@pytest.mark.parametrize("metres", [50, 300, 5_000])
def test_a_coarse_extent_holds_the_plots_and_is_made_of_coarse_places_alone(metres: int) -> None:
    extent = training_extent(POINTS, f"coarse:{metres}")
    assert holds(extent)
    # Not wider than two squares on a side, in degrees of latitude.
    assert extent[3] - EXACT[3] < 2 * metres / 110_000
    # Whatever plots lie in the same squares give the same numbers: the outermost places cannot be read off.
    moved = coarsened(POINTS, metres)
    assert training_extent(moved, f"coarse:{metres}") == extent
    assert np.abs(np.array(extent) - EXACT).min() > 0


def test_without_places_the_extent_is_of_tenths_of_a_degree() -> None:
    extent = training_extent(POINTS, "none")
    assert extent == [3.0, 46.4, 3.1, 46.5]
    assert holds(extent)


def test_south_and_west_of_zero_are_widened_outwards() -> None:
    points = Points(x=np.array([-70.123, -70.05]), y=np.array([-33.456, -33.401]), crs="EPSG:4326")
    assert training_extent(points, "none") == [-70.2, -33.5, -70.0, -33.4]


@pytest.mark.parametrize("environment", [False, True])
@pytest.mark.parametrize("head, asked", [("linear", "botaclip"), ("forest", "supervised"), ("linear", "none")])
def test_the_file_says_what_was_fitted(
    head: str, asked: str, environment: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At new plots, to 1e-5: standardisers, adapter, head and calibrators are all in the graphs."""
    fit_forest = evaluation.fit_forest
    monkeypatch.setattr(evaluation, "fit_forest", lambda *given, **rest: fit_forest(*given, **rest, trees=20))
    table, new = plots(environment=environment), plots(40, environment=environment, seed=3)
    model, parts, how = trained(tmp_path / "m.botaclip", table, asked, head=head)
    fitted = fit_image_column("adapted", table, table, parts.choice, how, thirds(table), SILENT)
    expected = fitted.calibrate(fitted.predict_logits(new))

    vectors = pairs(new).vectors
    adapted, unit = model.adapt(vectors)
    made = model.suitability(adapted)
    np.testing.assert_allclose(made, expected, atol=1e-5)
    assert np.ptp(made, axis=0).min() > 0.05
    np.testing.assert_allclose(model.thresholds, fitted.thresholds, atol=1e-6)
    layers = 3 if environment else 0
    assert (model.dimension, model.width) == (new.vectors.shape[1] + layers, new.vectors.shape[1] + layers)
    assert parts.metadata["alignment"]["chosen"] == asked
    # The space of the image is that of the image, whatever lies around it.
    image = adapted[:, : model.unit_width]
    np.testing.assert_allclose(unit, image / np.linalg.norm(image, axis=1, keepdims=True), atol=1e-5)
    assert model.plot_vectors.shape == (60, model.unit_width) and model.pca_mean.shape == (model.unit_width,)
    if environment:
        moved = vectors + np.array([0.0] * new.vectors.shape[1] + [800.0, 0.0, 0.0], np.float32)
        np.testing.assert_array_equal(model.adapt(moved)[1], unit)
        assert np.abs(model.suitability(model.adapt(moved)[0]) - made)[:, 0].max() > 0.05


@pytest.mark.parametrize("environment", [False, True])
@pytest.mark.parametrize("asked", ["whitened", "canonical", "joint"])
def test_a_model_of_any_alignment_is_read_as_it_was_fitted(asked: str, environment: bool, tmp_path: Path) -> None:
    """Principal components are fewer than the vector's dimensions: nothing may count on the width of the encoder."""
    table, new = plots(environment=environment), plots(40, environment=environment, seed=3)
    model, parts, how = trained(tmp_path / "m.botaclip", table, asked)
    fitted = fit_image_column("adapted", table, table, parts.choice, how, thirds(table), SILENT)
    adapted, unit = model.adapt(pairs(new).vectors)
    np.testing.assert_allclose(
        model.suitability(adapted), fitted.calibrate(fitted.predict_logits(new)), atol=2e-5
    )
    about, dimension = parts.metadata["alignment"], new.vectors.shape[1]
    width = about["axes"] if asked == "whitened" else dimension
    assert about["chosen"] == asked and model.unit_width == width
    assert model.width == width + (3 if environment else 0) and model.dimension == dimension + (3 if environment else 0)
    assert (about["steps"] == 0) is (asked != "joint")
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1.0, atol=1e-5)
    assert model.plot_vectors.shape == (60, width) and model.pca_mean.shape == (width,)
    assert model.pca_components.shape[1] == width
    # A list of species has its place in the same space.
    cover = np.zeros((1, table.cover.shape[1]), np.float32)
    cover[0, 0] = 40.0
    session = open_session(model.file.parts["vegeta.onnx"])
    np.testing.assert_allclose(np.linalg.norm(session.run(None, {"releves": cover})[0]), 1.0, atol=1e-5)
    assert session.get_outputs()[0].shape[1] == width


def test_layers_are_named_in_the_file(tmp_path: Path) -> None:
    model, _, _ = trained(tmp_path / "m.botaclip", plots(environment=True), "none")
    assert model.environment == LAYERS and model.metadata["environment"] == list(LAYERS)
    plain, parts, _ = trained(tmp_path / "plain.botaclip", plots(), "none")
    assert plain.environment == () and parts.metadata["format_version"] == 1


def test_layers_without_values_are_refused() -> None:
    table = plots()
    with pytest.raises(PairingError, match="0 environment values each, for 3 layers"):
        model_parts(
            table, releves(table), pairs(table), None, protocol(), {}, {}, environment=LAYERS, progress=SILENT
        )


@pytest.mark.parametrize("locations, names", [("exact", ["HARV", "OSBS"]), ("none", [])])
def test_sites_are_named_where_places_are_told(locations: str, names: list[str], tmp_path: Path) -> None:
    table = plots()
    table = dataclasses.replace(table, sites=tuple("HARV" if i % 2 else "OSBS" for i in range(len(table))))
    training = trained(tmp_path / "m.botaclip", table, "none", locations=locations)[1].metadata["training"]
    assert (training["sites"], training["site_count"]) == (names, 2)
    assert training["dates"] == ["2021-06-01", "2023-07-05"]


@pytest.mark.parametrize("asked, weight", [("supervised", None), ("contrastive", None), ("botaclip", 0.1)])
def test_a_weight_is_stated_only_where_something_is_weighed(asked: str, weight: float | None, tmp_path: Path) -> None:
    alignment = trained(tmp_path / "m.botaclip", plots(), asked)[1].metadata["alignment"]
    assert (alignment["chosen"], alignment["lambda"]) == (asked, weight)
    assert alignment["steps"] in (4, 8) and not alignment["continued"]


# --- The encoder in the file -----------------------------------------------------------------------------------------


def licensed(**changes: object) -> OnnxEncoder:
    assert isinstance(ENCODER, OnnxEncoder)
    return dataclasses.replace(
        ENCODER, licence="DINOv3", licence_text="DINOv3 License\r\n\r\nSection 1\x0c\n", **changes
    )  # fmt: skip


def test_an_encoder_takes_the_text_of_its_licence_along(tmp_path: Path) -> None:
    said: list[tuple[str, str]] = []
    progress = Progress(log=lambda *line: said.append(line))
    encoder = licensed(kind="exact", input_px=64, pooling="cls", precision="fp16", verified=False)
    path = tmp_path / "m.botaclip"
    model, _, _ = trained(path, plots(), "none", encoder=encoder, progress=progress)
    assert ModelFile.open(path).parts["encoder.licence.txt"] == b"DINOv3 License\n\nSection 1 \n"
    assert model.metadata["licence"] == (
        "The model's own parts: as its author decides; encoder: DINOv3, whose text is in the file (encoder.licence.txt)"
    )
    assert (model.metadata["format_version"], model.metadata["encoder"]["precision"]) == (3, "fp16")
    assert ("warning", "The model file holds the encoder random-conv: whoever gets it gets that encoder under its "
            "licence (DINOv3), and its notice goes with it. --embed-encoder no leaves both out.") in said  # fmt: skip
    bare = dataclasses.replace(encoder, licence_text=notice(RECORDS["dinov3-vits16"], None))
    model, _, _ = trained(tmp_path / "bare.botaclip", plots(), "none", encoder=bare)
    assert model.metadata["licence"].endswith("DINOv3, whose notice is in the file (encoder.licence.txt)")
    outside = tmp_path / "outside.botaclip"
    model, _, _ = trained(outside, plots(), "none", encoder=encoder, embed_encoder="no")
    assert not any(name.startswith("encoder.") for name in model.file.parts)
    assert not model.metadata["encoder"]["embedded"] and model.metadata["licence"].endswith("encoder: DINOv3")


def test_the_file_says_where_vectors_were_not_computed_as_the_graph_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _, _ = trained(tmp_path / "plain.botaclip", plots(), "none")
    assert "encoder_computed" not in model.metadata["provenance"]
    monkeypatch.setattr(OnnxEncoder, "computed", "in bfloat16 on cuda")
    model, _, _ = trained(tmp_path / "reduced.botaclip", plots(), "none")
    assert model.metadata["provenance"]["encoder_computed"] == "in bfloat16 on cuda"


def test_bands_are_written_with_their_wavelengths(tmp_path: Path) -> None:
    encoder = dataclasses.replace(licensed(), licence_text="", bands=("swir1", "um1.38"))
    metadata = trained(tmp_path / "m.botaclip", plots(), "none", encoder=encoder)[1].metadata
    assert metadata["bands"] == [{"role": "swir1", "wavelength_um": 1.61}, {"role": "um1.38", "wavelength_um": 1.38}]
    assert metadata["format_version"] == 1


def test_how_large_an_encoder_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits as the option table has them; tried on a small encoder with small ones."""
    assert (parts_module.EMBEDDED_BY_ITSELF, parts_module.MOST_EMBEDDED) == (128_000_000, 512_000_000)
    size = len(ENCODER.onnx)
    said: list[tuple[str, str]] = []
    progress = Progress(log=lambda *line: said.append(line))

    def found(by_itself: int, most: int, asked: str) -> list[str]:
        said.clear()
        monkeypatch.setattr(parts_module, "EMBEDDED_BY_ITSELF", by_itself)
        monkeypatch.setattr(parts_module, "MOST_EMBEDDED", most)
        return list(embedded_parts(ENCODER, asked, progress))

    assert found(size, size, "auto") == ["encoder.onnx"] and not said
    assert found(size - 1, size, "auto") == []
    assert len(said) == 1 and "needs the same encoder installed. --embed-encoder yes puts it in." in said[0][1]
    assert found(size - 1, size, "yes") == ["encoder.onnx"] and not said
    assert found(size, size, "no") == [] and not said
    with pytest.raises(OptionError, match=r"too large for a model file.*--embed-encoder no, or a smaller graph"):
        found(size, size - 1, "yes")
    monkeypatch.undo()
    with pytest.raises(OptionError, match="which is no licence"):
        embedded_parts(dataclasses.replace(licensed(), licence_text="x" * 2**21), "yes")
