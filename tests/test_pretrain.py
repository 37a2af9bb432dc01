"""The command that pre-trains the bundled encoder: quick, resumed to the identical result, refusing what is wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from botaclip.core.errors import Cancelled, OptionError, RasterError
from botaclip.core.progress import Progress
from botaclip.training import pretrain as module
from botaclip.training.fit_state import FitState, digest_of
from botaclip.training.pretrain import OBJECTIVES, Pretraining, main, pretrain
from botaclip.training.pretrain_export import graph_of_network
from botaclip.training.pretrain_imagery import Picture, read_pictures
from botaclip.training.pretrain_labels import picture_labels
from botaclip.training.pretrain_views import LABELLED, SIDE_PX, WHOLE, ViewSource

DATA = Path(os.environ.get("BOTACLIP_SHARED") or Path(__file__).resolve().parents[2] / "shared") / "data"
needs_data = pytest.mark.skipif(not (DATA / "scenes").is_dir(), reason=f"there is no {DATA / 'scenes'}")
HOW = Pretraining(steps=4, batch=6, sources=("naip", "neon"))


def pictures(seed: int = 0) -> list[Picture]:
    """Return invented pictures of two sources, with and without near infrared, one place on two dates."""
    random = np.random.default_rng(seed)

    def pixels(bands: int, side: int = 96) -> np.ndarray:
        return random.integers(0, 256, (bands, side, side), dtype=np.uint8)

    made = [Picture("naip", f"naip/{city}", f"{city} {i}", pixels(4)) for city in ("a", "b") for i in range(3)]
    return [*made, Picture("neon", "neon/S_01", "S_001", pixels(3)), Picture("neon", "neon/S_01", "S_001", pixels(3))]


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read invented pictures instead of real ones."""
    monkeypatch.setattr(module, "read_pictures", lambda *_, **__: pictures())
    labels = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    labels[:6, 1:], labels[6:, 0] = np.nan, np.nan
    monkeypatch.setattr(module, "picture_labels", lambda *_: labels)


def graphs(kept: FitState | None = None, progress: Progress | None = None, how: Pretraining = HOW) -> bytes:
    network, about = pretrain(Path("nowhere"), how, kept=kept, progress=progress)
    assert about["parameters"] == sum(p.numel() for p in network.parameters())
    return graph_of_network(network, 4, name="test")


@pytest.mark.usefixtures("invented")
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_run_that_was_stopped_ends_identical(tmp_path: Path, objective: str) -> None:
    how = Pretraining(steps=4, batch=6, sources=HOW.sources, objective=objective, dimension=32)
    whole = graphs(how=how)
    kept = FitState(tmp_path, digest_of("pretraining"), every_s=0.0)
    checks = iter([False, False, True])
    with pytest.raises(Cancelled):
        graphs(kept, Progress(cancelled=lambda: next(checks)), how)
    state = kept.finished("pretraining", depends=_digest(how))
    assert state is not None and state.about["step"] == 2
    assert graphs(FitState(tmp_path, digest_of("pretraining")), how=how) == whole
    # Another seed is another network.
    assert graphs(how=Pretraining(**{**vars(how), "random_state": 2})) != whole


def _digest(how: Pretraining) -> str:
    labels = module.picture_labels() if how.labels else None
    return digest_of(how, "cpu", module.torch.__version__, labels, [picture.pixels for picture in pictures()])


@pytest.mark.usefixtures("invented")
def test_every_step_moves_the_network() -> None:
    assert len({graphs(how=Pretraining(steps=n, batch=6, sources=HOW.sources, dimension=32)) for n in (1, 2)}) == 2


def test_what_cannot_be_trained_for_is_refused() -> None:
    with pytest.raises(OptionError, match="--objective cannot be 'best'"):
        Pretraining(objective="best")


# --- Views -----------------------------------------------------------------------------------------------------------


def test_a_step_sees_the_same_whenever_it_is_asked() -> None:
    one, other = (ViewSource(pictures(), batch=8, random_state=3) for _ in range(2))
    other.at(1)
    first, again = one.at(5), other.at(5)
    for name in ("first", "second", "plain", "first_nir", "second_nir", "plain_nir"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert first.first.shape == (8, 4, SIDE_PX, SIDE_PX)
    assert not np.array_equal(first.first, one.at(6).first)


def test_an_unknown_band_is_zero_and_said_to_be_unknown() -> None:
    source = ViewSource(pictures(), batch=64, random_state=1)
    views = source.at(0)
    infrared = np.array([len(source.pictures[i].pixels) == 4 for i in views.pictures])
    np.testing.assert_array_equal(views.plain_nir.numpy() > 0, infrared)
    for pixels, known in ((views.first, views.first_nir), (views.second, views.second_nir)):
        gone = known.numpy() == 0
        assert (pixels[gone, 3] == 0).all() and (pixels[~gone, 3] != 0).any()
        assert not (known.numpy()[~infrared] > 0).any()
        # Sometimes a known band is taken away, so that images without it are met.
        assert 0.2 < gone[infrared].mean() < 0.7
    assert float(views.plain.min()) >= 0.0 and float(views.plain.max()) <= 1.0 + 1e-6


def test_a_picture_smaller_than_a_view_is_mirrored_not_black() -> None:
    bright = Picture("bart", "bart/2019", "one", np.full((3, 40, 40), 200, np.uint8))
    views = ViewSource([bright], batch=4, random_state=0).at(0)
    np.testing.assert_allclose(views.plain[:, :3].numpy(), 200 / 255, atol=1e-4)


def test_whole_pictures_come_with_what_is_known_of_them() -> None:
    labels = np.full((8, 3), np.nan, np.float32)
    labels[:6, 0], labels[7] = np.arange(6), 9.0
    source = ViewSource(pictures(), batch=2, random_state=1, labels=labels)
    naip, neon = source.labelled_at(0), source.labelled_at(1)
    assert naip is not None and neon is not None
    assert naip.pixels.shape == (LABELLED, 4, WHOLE["naip"], WHOLE["naip"])
    assert set(naip.labels[:, 0].tolist()) <= set(range(6)) and torch.isnan(naip.labels[:, 1:]).all()
    # The one NEON picture of which something is known, without near infrared.
    assert (neon.labels == 9.0).all() and (neon.has_nir == 0).all()
    assert ViewSource(pictures(), batch=2, random_state=1).labelled_at(0) is None


# --- Real images -----------------------------------------------------------------------------------------------------


@needs_data
def test_what_is_left_out_is_not_read() -> None:
    everything = read_pictures(DATA, sources=("neon",))
    kept = read_pictures(DATA, ("neon/SJER", "naip/chico"), sources=("neon",))
    gone = {picture.group for picture in everything} - {picture.group for picture in kept}
    assert len(gone) > 3 and all(group.startswith("neon/SJER_") for group in gone)
    # Both dates of a plot go together.
    assert sum(picture.name.startswith("SJER") for picture in everything) == 27 + 27
    assert not any(picture.name.startswith("SJER") for picture in kept)
    one = next(iter(gone))
    assert one not in {picture.group for picture in read_pictures(DATA, (one,), sources=("neon",))}
    with pytest.raises(RasterError, match="no picture belongs to neon/PARIS"):
        read_pictures(DATA, ("neon/PARIS",), sources=("neon",))
    with pytest.raises(RasterError, match="no picture is left"):
        read_pictures(DATA, ("bart",), sources=("bart",))


@needs_data
def test_quick_writes_graphs_and_what_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", str(DATA), "--output", str(tmp_path / "made"), "--quick"]
    assert main([*words, "--checkpoint", str(tmp_path / "state")]) == 0
    assert {path.name for path in (tmp_path / "made").iterdir()} == {"rgb.onnx", "rgbn.onnx", "pretrained.json"}
    about = json.loads((tmp_path / "made" / "pretrained.json").read_text())
    assert about["recipe"]["steps"] == 6 and about["sources"] == {"landsat": about["pictures"]}
    first = (tmp_path / "made" / "rgb.onnx").read_bytes()
    # Finished work is found again.
    assert main([*words, "--checkpoint", str(tmp_path / "state")]) == 0
    assert (tmp_path / "made" / "rgb.onnx").read_bytes() == first
    capsys.readouterr()
    assert main(["--data", str(tmp_path), "--output", str(tmp_path / "none"), "--quick"]) == 1
    assert "cannot be read" in capsys.readouterr().err and not (tmp_path / "none").exists()
    assert main([*words, "--steps", "0"]) == 1
    assert "--steps" in capsys.readouterr().err


@needs_data
def test_labels_are_those_of_the_tables() -> None:
    pictures_ = read_pictures(DATA, ("naip/riverside",), sources=("neon", "naip"))
    labels = picture_labels(pictures_, DATA)
    naip = np.array([picture.source == "naip" for picture in pictures_])
    assert np.isfinite(labels[naip, 0]).all() and np.isnan(labels[naip, 1:]).all() and np.isnan(labels[~naip, 0]).all()
    known = labels[~naip][np.isfinite(labels[~naip]).all(axis=1, where=[False] + [True] * 8)]
    # 48 relevés, one of them not in its image and some seen twice; standardised, uncorrelated axes within sites.
    assert len(known) >= 46
    np.testing.assert_allclose(np.nanstd(labels, axis=0), 1.0, rtol=1e-4)
    one = next(i for i, picture in enumerate(pictures_) if picture.name == "bishop_2020_0.tif")
    other = next(i for i, picture in enumerate(pictures_) if picture.name == "bishop_2020_1.tif")
    counts = np.log1p([119, 56])
    mean, spread = _trees_without("riverside")
    np.testing.assert_allclose(labels[[one, other], 0], (counts - mean) / spread, rtol=1e-4)


def _trees_without(city: str) -> tuple[float, float]:
    lines = (DATA / "naip_rgbn_60cm" / "trees.csv").read_text().splitlines()[1:]
    counts = np.log1p([float(line.split(",")[3]) for line in lines if line.split(",")[1] != city])
    return float(counts.mean()), float(counts.std())
