"""Plots and patches meet; those that do not are named with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from scipy.sparse import csr_array

from botaclip.core.cover_scales import SCALES
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.errors import OptionError, PairingError
from botaclip.core.imagery import open_imagery
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.pairing import DUPLICATE, OUTSIDE, UNSEEN, Pairs, inside, pair, remedy
from botaclip.core.pairing_rules import FAR_YEARS, LARGER, NOT_SURVEYED, UNCERTAIN, PairingRules, years_between
from botaclip.core.places import Points
from botaclip.core.progress import Progress
from botaclip.core.rasters import RasterSource, open_raster
from botaclip.core.releves import ReleveTable

from .model_fixture import PATCH_M
from .model_fixture import write_raster as write_noise
from .small_rasters import write_raster
from .window_encoders import exact_encoder, token_encoder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> RasterSource:
    return open_raster(write_noise(tmp_path_factory.mktemp("raster") / "r.tif"))


@pytest.fixture()
def imagery(source: RasterSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LatticeImagery:
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))
    return LatticeImagery.lay(open_imagery(source.name), encoder="random-conv", patch_m=PATCH_M)


def releves(x: list[float], y: list[float], digests: list[str], crs: str = "EPSG:2154", **more: Any) -> ReleveTable:
    count = len(x)
    given = {"dates": np.full(count, ""), "cover": csr_array(np.ones((count, 1), np.float32))} | more
    return ReleveTable(
        plot_ids=np.array([f"p{i}" for i in range(count)]), points=Points(np.array(x), np.array(y), crs),
        groups=None, species=np.array(["Poa"]), data_type="presence-absence", cover_scale=SCALES["percent"],
        report=(), digests=np.array(digests), **given,
    )


# Raster: 800 m from (700000, 6600000) down; nodata in its upper left 200 m.
X = [700_400.0, 700_401.0, 700_402.0, 700_050.0, 690_000.0, 700_799.0]
Y = [6_599_600.0, 6_599_600.0, 6_599_600.0, 6_599_950.0, 6_599_600.0, 6_599_600.0]


def paired(
    imagery: LatticeImagery, table: ReleveTable, progress: Progress | None = None, rules: PairingRules | None = None
) -> Pairs:
    patch = imagery.lattice.patch(PATCH_M)
    return pair(table, imagery, patch, rules or PairingRules(PATCH_M), progress or Progress())


def test_dropped_with_reasons(imagery: LatticeImagery) -> None:
    said: list[str] = []
    table = releves(X, Y, ["a", "a", "b", "c", "d", "e"])
    pairs = paired(imagery, table, Progress(log=lambda _, text: said.append(text)))
    assert pairs.plots.tolist() == [0, 2]
    assert {drop["plot"]: drop["reason"] for drop in pairs.dropped} == {
        "p1": DUPLICATE, "p3": UNSEEN, "p4": OUTSIDE, "p5": UNSEEN,
    }
    assert pairs.dropped_counts == {DUPLICATE: 1, UNSEEN: 2, OUTSIDE: 1}
    assert f"2 of 6 plots were left out: {UNSEEN}." in said
    with imagery.cells(0) as cells:
        vectors, _ = cells.patches(pairs.rows, pairs.cols, pairs.patch)
    np.testing.assert_array_equal(pairs.vectors, vectors)
    node = pairs.lattice.node_xy(pairs.rows, pairs.cols, pairs.patch)
    np.testing.assert_allclose(np.hypot(node.x - pairs.points.x, node.y - pairs.points.y), pairs.offset_m, atol=1e-6)
    assert pairs.field_m == pytest.approx((10 + 8) * 2.0)
    assert pairs.scene.tolist() == [0, 0] and pairs.lattices == (pairs.lattice,) and pairs.one_crs
    assert pairs.environment is None and pairs.flagged == []


def test_cache_gives_the_same_and_notices_a_change(imagery: LatticeImagery, tmp_path: Path) -> None:
    table = releves(X[:1], Y[:1], ["a"])
    said: list[str] = []
    first = paired(imagery, table)
    files = list((tmp_path / "cache").glob("*.safetensors"))
    assert len(files) == 1
    again = paired(imagery, table, Progress(log=lambda _, text: said.append(text)))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert any("from the cache" in text for text in said)
    files[0].write_bytes(b"damaged")
    np.testing.assert_array_equal(first.vectors, paired(imagery, table).vectors)
    paired(imagery, releves([X[0] + 100], Y[:1], ["a"]))
    assert len(list((tmp_path / "cache").glob("*.safetensors"))) == 2


def test_nothing_meets(imagery: LatticeImagery) -> None:
    with pytest.raises(PairingError, match="none of the 1 plots meets the image .1 outside the raster"):
        paired(imagery, releves([600_000.0], [6_000_000.0], ["a"]))


def test_inside_asks_in_the_rasters_crs(source: RasterSource) -> None:
    points = Points(np.array([700_400.0, 700_801.0]), np.array([6_599_600.0] * 2), "EPSG:2154")
    assert inside(source, points.to("EPSG:4326")).tolist() == [True, False]


# --- several scenes -------------------------------------------------------------------------------------------------

# The same spot on the ground in two UTM zones, near their border at 6 degrees east, and a third scene far away.
BORDER = Points(np.array([5.98]), np.array([48.0]), "EPSG:4326")
FAR = Points(np.array([9.0]), np.array([48.0]), "EPSG:4326")


@pytest.fixture()
def crops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LatticeImagery:
    """Three crops of 400 m: ``a`` in zone 31, ``b`` in zone 32 half over it, ``c`` in zone 32 far away."""
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "crops"
    folder.mkdir()
    random = np.random.default_rng(1)
    for name, place, crs, shift in (
        ("a", BORDER, "EPSG:32631", 0.0), ("b", BORDER, "EPSG:32632", 200.0), ("c", FAR, "EPSG:32632", 0.0),
    ):  # fmt: skip
        there = place.to(crs)
        corner = round(float(there.x[0])) - 200 + shift, round(float(there.y[0])) + 200
        write_raster(folder / f"{name}.tif", random.integers(1, 255, (3, 200, 200), dtype=np.uint8), crs=crs,
                     transform=Affine(2.0, 0, corner[0], 0, -2.0, corner[1]), nodata=0,
                     descriptions=("red", "green", "blue"), colours=None)  # fmt: skip
    return LatticeImagery.lay(open_imagery(folder), encoder="random-conv", patch_m=PATCH_M)


def near(place: Points, east_m: float, crs: str = "EPSG:32631") -> tuple[float, float]:
    """Return longitude and latitude of a point so many metres east."""
    there = place.to(crs)
    back = Points(there.x + east_m, there.y, crs).to("EPSG:4326")
    return float(back.x[0]), float(back.y[0])


def test_each_plot_goes_to_the_first_scene_that_sees_it(crops: LatticeImagery) -> None:
    # In the middle of a; near a's east edge, where only b sees the patch; beyond a; in c; nowhere.
    spots = [near(BORDER, 0), near(BORDER, 180), near(BORDER, 300), near(FAR, 10, "EPSG:32632"), near(BORDER, 3_000)]
    table = releves([x for x, _ in spots], [y for _, y in spots], list("abcde"), "EPSG:4326")
    pairs = paired(crops, table)
    names = [Path(scene.name).stem for scene in crops.scenes]
    assert [names[number] for number in pairs.scene] == ["a", "b", "b", "c"]
    assert pairs.plots.tolist() == [0, 1, 2, 3] and pairs.dropped == [{"plot": "p4", "reason": OUTSIDE}]
    assert not pairs.one_crs and pairs.points.crs == "EPSG:4326"
    np.testing.assert_allclose(pairs.points.x, table.points.x[:4])
    for i, number in enumerate(pairs.scene.tolist()):
        with crops.cells(number) as cells:
            vectors, _ = cells.patches(pairs.rows[i : i + 1], pairs.cols[i : i + 1], pairs.patch)
            placed = cells.reader.lattice.node_xy(pairs.rows[i], pairs.cols[i], pairs.patch).to("EPSG:4978")
        np.testing.assert_array_equal(pairs.vectors[i], vectors[0])
        assert pairs.offset_m[i] <= crops.lattice.cell_m and placed.finite.all()
    said: list[str] = []
    again = paired(crops, table, Progress(log=lambda _, text: said.append(text)))
    np.testing.assert_array_equal(again.vectors, pairs.vectors)
    assert any("from the cache" in text for text in said)


def test_the_same_node_number_in_two_scenes_is_no_duplicate(crops: LatticeImagery) -> None:
    a, c = (near(place, 0, crs) for place, crs in ((BORDER, "EPSG:32631"), (FAR, "EPSG:32632")))
    pairs = paired(crops, releves([a[0], c[0], c[0]], [a[1], c[1], c[1]], ["same"] * 3, "EPSG:4326"))
    assert pairs.plots.tolist() == [0, 1]
    assert pairs.dropped == [{"plot": "p2", "reason": DUPLICATE}]


# --- rules ----------------------------------------------------------------------------------------------------------


def test_what_is_known_to_be_wrong_is_dropped_and_what_is_doubtful_is_flagged(imagery: LatticeImagery) -> None:
    count = 8
    cover = np.ones((count, 1), np.float32)
    cover[6:] = 0
    table = releves(
        [X[0] + 10 * i for i in range(count)], [Y[0]] * count, list("abcdefgh"), cover=cover,
        dates=np.array(["2018", "2011-05", "2018", "2012-07-01", "2018-06", "", "", "2018"]),
        uncertainty_m=np.array([np.nan, 5, PATCH_M / 2 + 1, PATCH_M / 2, 0, 1, 1, 1]),
        blurred=np.array(["", "", "", "", "coordinates rounded to 0.1 degrees", "", "", ""]),
        area_m2=np.array([np.nan, 100, 1e9, PATCH_M**2, 1e9, PATCH_M**2 * 1.01, 1, 1]),
    )
    said: list[tuple[str, str]] = []
    pairs = paired(imagery, table, Progress(log=lambda *line: said.append(line)), PairingRules(PATCH_M, "2018-07"))
    assert {drop["plot"]: drop["reason"] for drop in pairs.dropped} == {
        "p2": UNCERTAIN, "p4": "the place was blurred: coordinates rounded to 0.1 degrees", "p6": NOT_SURVEYED,
    }  # fmt: skip
    far = f"more than {FAR_YEARS:g} years between the relevé and the image (2018-07)"
    assert pairs.flagged == [{"plot": "p5", "reason": LARGER}, {"plot": "p1", "reason": far},
                             {"plot": "p3", "reason": far}]  # fmt: skip
    assert ("warning", f"2 of 5 plots were kept although they are doubtful: {far}.") in said
    strict = paired(imagery, table, rules=PairingRules(PATCH_M, "2018-07", 6.5))
    assert [drop["plot"] for drop in strict.dropped] == ["p1", "p2", "p4", "p6"]
    assert [flag["plot"] for flag in strict.flagged] == ["p5"]


def test_an_empty_releve_is_one_where_no_plot_has_a_date(imagery: LatticeImagery) -> None:
    cover = np.array([[1], [0]], np.float32)
    assert paired(imagery, releves(X[:1] + [X[0] + 50], Y[:2], ["a", "b"], cover=cover)).plots.tolist() == [0, 1]


@pytest.mark.parametrize(
    "one, other, years",
    [
        ("2013", "2018-07-15", 5.0), ("2018", "2018-12-31", 0.0), ("2017-11", "2018-02", 0.25),
        ("2017-11-30", "2018-02", 0.25), ("2016-01-01", "2016-12-31", 365 / 365.25), ("", "2018", np.nan),
    ],
)  # fmt: skip
def test_dates_are_compared_at_the_coarser_of_the_two(one: str, other: str, years: float) -> None:
    assert years_between(one, other) == pytest.approx(years, nan_ok=True)
    assert years_between(other, one) == pytest.approx(years, nan_ok=True)


def test_dates_that_are_none_are_refused() -> None:
    for text in ("18", "2018-13", "last summer", "2018-7-1"):
        with pytest.raises(OptionError, match=f"--image-date cannot be '{text}'. Write it as 2018, 2018-07"):
            PairingRules(20.0, text)
    with pytest.raises(OptionError, match="needs the date of the image. Give it with --image-date|--date-tolerance"):
        PairingRules(20.0, None, 3.0)


def test_dates_of_the_plots_are_needed_for_a_tolerance_and_missed_without(imagery: LatticeImagery) -> None:
    said: list[tuple[str, str]] = []
    progress = Progress(log=lambda *line: said.append(line))
    table = releves(X[:1], Y[:1], ["a"])
    needed = "--date-tolerance needs the dates of the plots. Name their column with --date-field"
    with pytest.raises(OptionError, match=needed):
        paired(imagery, table, progress, PairingRules(PATCH_M, "2018", 3.0))
    assert len(paired(imagery, table, progress, PairingRules(PATCH_M, "2018"))) == 1
    warning = "No plot has a date: none is compared with --image-date; name the column of the dates with --date-field."
    assert ("warning", warning) in said
    said.clear()
    dated = releves(X[:1], Y[:1], ["a"], dates=np.array(["2018"]))
    paired(imagery, dated, progress, PairingRules(PATCH_M, "2018", 3.0))
    assert not [line for line in said if line[0] == "warning"]


def test_the_remedy_is_that_of_the_reason_most_plots_have(imagery: LatticeImagery) -> None:
    old = np.array(["1990"] * 2 + ["2018"])
    table = releves(X[:2] + [600_000.0], Y[:2] + [6_000_000.0], list("abc"), dates=old)
    with pytest.raises(PairingError, match="2 more than 3 years .* Check --image-date, --date-tolerance"):
        paired(imagery, table, rules=PairingRules(PATCH_M, "2018", 3.0))
    with pytest.raises(PairingError, match="1 less than 75% of the patch .* Choose a smaller --patch-size"):
        paired(imagery, releves(X[3:4], Y[3:4], ["a"]))
    with pytest.raises(PairingError, match="Bring more exact places or choose a larger --patch-size"):
        paired(imagery, releves(X[:1], Y[:1], ["a"], uncertainty_m=np.array([1e4])))
    assert remedy({OUTSIDE: 2, UNCERTAIN: 1}).startswith("check the CRS")
    assert remedy({"the place was blurred: to 10 km": 1}) == "bring the exact places of the plots"
    assert remedy({}) == "bring more relevés"


@pytest.mark.parametrize(
    ("encoder", "reach_px"),
    [(token_encoder(), 16), (exact_encoder(), 0), (JoinedEncoder((exact_encoder(), token_encoder())), 18)],
)
def test_every_kind_of_encoder_gives_vectors_and_a_field(
    source: RasterSource, encoder: Encoder, reach_px: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))
    laid = LatticeImagery.lay(open_imagery(source.name), encoder=encoder, patch_m=PATCH_M)
    table = releves(X, Y, ["a", "a", "b", "c", "d", "e"])
    pairs = paired(laid, table)
    assert pairs.plots.tolist() == [0, 2] and pairs.vectors.shape == (2, encoder.dimension)
    # Plots two metres apart share a node or have neighbouring ones, and edge plots are not seen, whatever looks.
    with laid.cells(0) as cells:
        np.testing.assert_array_equal(pairs.vectors, cells.patches(pairs.rows, pairs.cols, pairs.patch)[0])
    assert pairs.field_m == pytest.approx((laid.lattice.stride_px + 2 * reach_px) * laid.lattice.pixel_m)
    said: list[str] = []
    again = paired(laid, table, Progress(log=lambda _, text: said.append(text)))
    np.testing.assert_array_equal(again.vectors, pairs.vectors)
    assert any("from the cache" in text for text in said)


def test_the_cache_knows_how_a_graph_is_used(
    source: RasterSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same graph with another window, range of values or normalisation makes other vectors."""
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))
    table = releves(X[:1], Y[:1], ["a"])
    uses = [{}, {"drop_tokens": 1}, {"value_range": (0.0, 200.0)}, {"centre": (0.4, 0.4, 0.4)}, {"spread": 0.3}]
    made = []
    for use in uses:
        laid = LatticeImagery.lay(open_imagery(source.name), encoder=token_encoder(**use), patch_m=PATCH_M)
        made.append(paired(laid, table).vectors)
    assert len(list((tmp_path / "cache").glob("*.safetensors"))) == len(uses)
    assert len({vectors.tobytes() for vectors in made}) == len(uses)
