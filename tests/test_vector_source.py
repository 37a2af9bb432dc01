"""One lattice function for every kind of encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from tests.small_rasters import UTM_CORNER, awkward, texture, write_raster
from tests.window_encoders import RGB, exact_encoder, token_encoder

from botaclip.core.cells import CellSource
from botaclip.core.encoders import opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.errors import EncoderError
from botaclip.core.imagery import open_imagery
from botaclip.core.joined_source import JoinedSource
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.patch_source import PatchSource
from botaclip.core.rasters import open_raster
from botaclip.core.token_source import TokenSource
from botaclip.core.vector_source import lattice_for, on_lattice, vector_source


def dense(bands: tuple[str, ...] = RGB) -> Encoder:
    return opening.get("random-conv", bands=bands, value_range=(0.0, 255.0))


ALL = {
    CellSource: dense, TokenSource: token_encoder, PatchSource: exact_encoder,
    JoinedSource: lambda: JoinedEncoder((token_encoder(), dense(), exact_encoder())),
}  # fmt: skip


@pytest.mark.parametrize("expected", ALL)
def test_the_kind_chooses(tmp_path: Path, expected: type) -> None:
    raster = open_raster(awkward(tmp_path, "own"))
    encoder = ALL[expected]()
    lattice = lattice_for(encoder, raster, 48.0)
    encoder = on_lattice(encoder, lattice, 48.0)
    source = vector_source(LatticeReader(raster, lattice), encoder)
    assert type(source) is expected
    assert source.encoder is encoder and source.environment is None and source.dimension == encoder.dimension
    patch = lattice.patch(48.0)
    vectors, seen = source.patches([100 // lattice.stride_px], [90 // lattice.stride_px], patch)
    assert np.isfinite(vectors).all() and vectors.shape == (1, encoder.dimension) and seen == 1


# Rasters of 1 m; stride and factor, by the rule of each kind.
@pytest.mark.parametrize(
    ("encoder", "patch_m", "stride", "factor", "cells"),
    [
        (dense(), 40.0, 10, 1, 4), (dense(), 20.0, 10, 2, 4), (token_encoder(), 16.0, 4, 1, 4),
        # Not the window of 28 pixels, only 4 tokens, have to find room in the patch.
        (token_encoder(), 15.0, 4, 2, 7), (exact_encoder(), 30.0, 3, 1, 10), (exact_encoder(), 3.0, 1, 2, 6),
        (JoinedEncoder((token_encoder(), dense())), 20.0, 4, 2, 10),
        (JoinedEncoder((exact_encoder(), dense())), 20.0, 4, 2, 10),
        (JoinedEncoder((dense(), exact_encoder())), 40.0, 10, 1, 4),
    ],
)  # fmt: skip
def test_every_kind_lays_its_lattice(
    tmp_path: Path, encoder: Encoder, patch_m: float, stride: int, factor: int, cells: int
) -> None:
    lattice = lattice_for(encoder, open_raster(awkward(tmp_path, "own")), patch_m)
    assert (lattice.stride_px, lattice.factor, lattice.patch(patch_m).cells) == (stride, factor, cells)
    assert on_lattice(encoder, lattice, patch_m).stride_px == stride


def test_an_exact_part_gets_a_stride_for_the_patch(tmp_path: Path) -> None:
    encoder = JoinedEncoder((dense(), exact_encoder()))
    lattice = lattice_for(encoder, open_raster(awkward(tmp_path, "own")), 60.0)
    placed = on_lattice(encoder, lattice, 60.0)
    assert isinstance(placed, JoinedEncoder)
    assert [part.stride_px for part in placed.parts] == [10, 5]


def test_a_band_that_is_not_there_is_said(tmp_path: Path) -> None:
    raster = open_raster(awkward(tmp_path, "own"))
    encoder = JoinedEncoder((dense(), token_encoder(("red", "nir"))))
    with pytest.raises(EncoderError, match="toy-tokens looks at red, nir, the raster has red, green, blue"):
        vector_source(LatticeReader(raster, lattice_for(encoder, raster, 48.0)), encoder)
    for one in (encoder, token_encoder(("red", "nir"))):
        with pytest.raises(EncoderError, match="red, green, blue: nir missing"):
            LatticeImagery.lay(open_imagery(raster.name), encoder=one, patch_m=48.0)


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    raster = open_raster(awkward(tmp_path, "own"))
    encoder = token_encoder()
    object.__setattr__(encoder, "kind", "sparse")
    with pytest.raises(EncoderError, match="of a kind that is not known here, 'sparse'"):
        vector_source(LatticeReader(raster, lattice_for(token_encoder(), raster, 48.0)), encoder)


def test_bands_that_the_encoder_does_not_want_are_left_out(tmp_path: Path) -> None:
    """The same vectors as from a raster that never had the others, in the encoder's order."""
    pixels = texture(4)
    path = write_raster(tmp_path / "four.tif", pixels, colours=None)
    names = "red=1,green=2,blue=3,nir=4"
    encoder = exact_encoder(("nir", "red"))
    laid = LatticeImagery.lay(open_imagery(path, bands=names), encoder=encoder, patch_m=30.0)
    assert laid.imagery.roles == ("nir", "red") and laid.scenes[0].band_indexes == (4, 1)
    assert laid.identity != open_imagery(path, bands=names).identity
    with laid.cells(0) as cells:
        vectors, _ = cells.patches([20], [22], laid.lattice.patch(30.0))
    stride = laid.lattice.stride_px
    window = pixels[[3, 0], 20 * stride - 15 : 20 * stride + 15, 22 * stride - 15 : 22 * stride + 15]
    np.testing.assert_array_equal(
        vectors, encoder.encode(window[None].astype("float32"), np.ones((1, 30, 30), bool))
    )
    whole = LatticeImagery.lay(open_imagery(path, bands=names), encoder=dense((*RGB, "nir")), patch_m=40.0)
    assert whole.imagery == open_imagery(path, bands=names)


@pytest.mark.parametrize("expected", ALL)
def test_scenes_share_pixel_and_cell(tmp_path: Path, expected: type) -> None:
    """Two crops far apart: each its own lattice, the same vectors as if they were alone."""
    for number in range(2):
        write_raster(tmp_path / f"crop{number}.tif", texture(height=120, width=120, seed=number),
                     transform=Affine.translation(5000.25 * number, 0) * UTM_CORNER)  # fmt: skip
    laid = LatticeImagery.lay(open_imagery(tmp_path), encoder=ALL[expected](), patch_m=48.0)
    assert len(laid.scenes) == 2
    patch = laid.lattice.patch(48.0)
    node = 60 // laid.lattice.stride_px
    for number in range(2):
        alone = LatticeImagery.lay(open_imagery(tmp_path / f"crop{number}.tif"), encoder=ALL[expected](), patch_m=48.0)
        with laid.cells(number) as cells, alone.cells(0) as own:
            shift = round((laid.scenes[number].bounds[0] - laid.lattices[number].origin_x) / laid.lattice.cell_m)
            assert type(cells) is expected
            np.testing.assert_array_equal(
                cells.patches([node], [node + shift], patch)[0], own.patches([node], [node], patch)[0]
            )
