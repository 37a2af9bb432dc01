"""The lattice: the one grid of pixels and cells on which training, map and click see the same thing.

Pixels of the lattice are counted from its origin, columns to the east, rows to the south; ``stride_px`` by
``stride_px`` of them are a cell, the smallest piece of ground that has a vector of its own.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from botaclip.core.errors import RasterError
from botaclip.core.places import Points, crs_name, parse_crs, same_crs, transformer
from botaclip.core.rasters import RasterSource, Tile, pixel_vectors_m

SCALE_TOLERANCE = 0.01
FEWEST_CELLS = 4  # per side of a patch; fewer say nothing about its texture
MOST_FINER = 64
WINDOW_CELLS = (8, 12)  # per side of a patch, where an encoder looks at it as a whole and has no cells of its own
_LONGEST_STRIDE_PX = 512
GRID_TOLERANCE_PX = 0.05  # a grid shifted by less is the same grid: no neighbour's value comes nearer
# Coordinates are float64 metres of 1e7 and lattices of 1e-1: places this near to a boundary (in cells) lie on it.
_EPSILON = 1e-6

IntArray = NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class PatchSpec:
    """A square of ground: its side as asked for, and how many cells have their centre in it, per side."""

    size_m: float
    cells: int


@dataclasses.dataclass(frozen=True)
class Lattice:
    """A north-up grid in one projected CRS.

    Parameters
    ----------
    crs_wkt
        The working CRS.
    origin_x, origin_y
        Upper left corner of pixel (0, 0), in units of the CRS.
    unit_m
        Metres per unit of the CRS.
    pixel_m
        Side of a pixel as the encoder sees it, in metres of the CRS.
    stride_px
        Pixels per cell side.
    factor
        How many times finer than the raster it was made for (1: not resampled finer).
    """

    crs_wkt: str
    origin_x: float
    origin_y: float
    unit_m: float
    pixel_m: float
    stride_px: int
    factor: int = 1

    @classmethod
    def of(
        cls, source: RasterSource, encoder_stride_px: int, margin_px: int, patch_m: float, *, finer: int = 1
    ) -> Lattice:
        """Lay the lattice for a raster.

        The CRS is the raster's own where that is projected, unrotated and true to scale within 1 % at the
        raster's centre; otherwise the UTM zone of the centre (a polar stereographic beyond 84 degrees). The
        origin is the first tile's upper left corner. The pixel is the raster's, made finer by the smallest whole
        factor that gives a patch at least 4 x 4 cells and at least the width of the encoder's field.

        Parameters
        ----------
        source
            The raster.
        encoder_stride_px, margin_px
            The encoder's cell and the surroundings it needs on each side; field = stride + 2 margin.
        patch_m
            Side of a patch in metres.
        finer
            The raster is made finer by at least this factor, whatever the patch needs.

        Raises
        ------
        RasterError
            The patch is so small that the raster would have to be made more than 64 times finer.
        """
        crs_wkt = source.crs_wkt if has_own_lattice(source) else metric_crs(source)
        unit_m = _unit_m(crs_wkt)
        first = source.tiles[0]
        if crs_wkt == source.crs_wkt:
            x, y = first.corners
            origin_x, origin_y = float(x.min()), float(y.max())
            width, height = abs(first.transform.a), abs(first.transform.e)
            drift_px = abs(width - height) / width * max(first.width, first.height)
            pixel_m = width * unit_m if drift_px < 0.1 else _three_digits(math.sqrt(width * height) * unit_m)
        else:
            corner = Points(x=first.corners[0][:1], y=first.corners[1][:1], crs=source.crs_wkt).to(crs_wkt)
            origin_x, origin_y = float(corner.x[0]), float(corner.y[0])
            pixel_m = _three_digits(source.pixel_size_m)
        widest_px = min(
            patch_m / (FEWEST_CELLS * encoder_stride_px), patch_m / (encoder_stride_px + 2 * margin_px)
        )
        factor = max(1, finer, math.ceil(pixel_m / widest_px - _EPSILON))
        if factor > MOST_FINER:
            raise RasterError(
                f"a patch of {patch_m:g} m is too small for pixels of {pixel_m:g} m", where=source.name,
                remedy="choose a larger patch or a finer raster",
            )  # fmt: skip
        return cls(
            crs_wkt=crs_wkt, origin_x=origin_x, origin_y=origin_y, unit_m=unit_m, pixel_m=pixel_m / factor,
            stride_px=encoder_stride_px, factor=factor,
        )  # fmt: skip

    @classmethod
    def for_window(cls, source: RasterSource, patch_m: float, *, finer: int = 1) -> Lattice:
        """Lay the lattice for an encoder that looks at the patch as a whole.

        As :meth:`of`, with the stride of :func:`window_stride`; a patch has at least 4 x 4 pixels.

        Parameters
        ----------
        source, patch_m, finer
            See :meth:`of`.

        Raises
        ------
        RasterError
            The patch is so small that the raster would have to be made more than 64 times finer.
        """
        pixels = cls.of(source, 1, 0, patch_m, finer=finer)
        return dataclasses.replace(pixels, stride_px=window_stride(patch_m / pixels.pixel_m))

    def for_source(self, source: RasterSource) -> Lattice:
        """Return the lattice on which a model made with this one looks at another raster.

        Pixels are read as they are wherever that is possible. So it is

        1. this one, where the raster's pixels lie on its grid (the same CRS, within 0.05 pixels);
        2. one of the raster's own CRS and corner with this one's pixel and cell, where the raster's pixels have this
           size in metres and can carry a lattice: another UTM zone, or another crop whose grid is shifted;
        3. this one, where the raster has to be resampled anyway, while its CRS is true to scale (within 1 %) at the
           raster's centre;
        4. elsewhere the one that the raster would get by itself, with this one's pixel and cell.
        """
        grid = self.pixel_transform()
        if same_crs(source.crs_wkt, self.crs_wkt) and all(grid_box(grid, tile) for tile in source.tiles):
            return self
        if has_own_lattice(source):
            unit_m = _unit_m(source.crs_wkt)
            own = dataclasses.replace(
                self, crs_wkt=source.crs_wkt, unit_m=unit_m, factor=1,
                origin_x=float(source.tiles[0].corners[0].min()), origin_y=float(source.tiles[0].corners[1].max()),
            )  # fmt: skip
            grid = own.pixel_transform()
            if all(grid_box(grid, tile) for tile in source.tiles):
                return own
        x, y = source.centre
        centre = Points(x=np.array([x]), y=np.array([y]), crs=source.crs_wkt).to(self.crs_wkt)
        if centre.finite[0] and _true_to_scale(self.crs_wkt, self.unit_m, x=centre.x[0], y=centre.y[0]):
            return self
        own = Lattice.of(source, self.stride_px, 0, math.inf)
        return dataclasses.replace(own, pixel_m=self.pixel_m, factor=self.factor)

    @property
    def cell_m(self) -> float:
        """Side of a cell in metres."""
        return self.pixel_m * self.stride_px

    @property
    def pixel(self) -> float:
        """Side of a pixel in units of the CRS."""
        return self.pixel_m / self.unit_m

    @property
    def cell(self) -> float:
        """Side of a cell in units of the CRS."""
        return self.pixel * self.stride_px

    def pixel_transform(self, row_px: int = 0, col_px: int = 0) -> Affine:
        """Return the geotransform of a window of lattice pixels that starts at ``row_px``, ``col_px``."""
        x, y = self.origin_x + col_px * self.pixel, self.origin_y - row_px * self.pixel
        return Affine(self.pixel, 0.0, x, 0.0, -self.pixel, y)

    def patch(self, size_m: float) -> PatchSpec:
        """Return the patch of ``size_m`` metres: the cells whose centres lie in the square, at least one."""
        return PatchSpec(size_m=size_m, cells=max(1, math.floor(size_m / self.cell_m + _EPSILON)))

    def node_of(self, points: Points, patch: PatchSpec) -> tuple[IntArray, IntArray, NDArray[np.float64]]:
        """Snap places to the nearest node, the centre that a patch of this many cells can have.

        A place exactly half way between two nodes goes to the south or east one, also when rounding in its
        coordinates puts it a hair to the other side.

        Returns
        -------
        row, col, offset_m
            int64 (N,), int64 (N,), float64 (N,): distance from the place to its node. A place that has no
            coordinates in the working CRS gets a node farther away than any raster, and offset NaN.
        """
        placed = points.to(self.crs_wkt)
        shift = 0.5 if patch.cells % 2 else 0.0
        across = (placed.x - self.origin_x) / self.cell - shift
        down = (self.origin_y - placed.y) / self.cell - shift
        lost = ~placed.finite
        col = np.where(lost, -(2.0**40), np.floor(across + 0.5 + _EPSILON)).astype(np.int64)
        row = np.where(lost, -(2.0**40), np.floor(down + 0.5 + _EPSILON)).astype(np.int64)
        offset = np.hypot(across - col, down - row) * self.cell_m
        return row, col, np.where(lost, np.nan, offset)

    def node_xy(self, row: ArrayLike, col: ArrayLike, patch: PatchSpec) -> Points:
        """Return the centres of nodes: cell centres for an odd number of cells, cell corners for an even one."""
        shift = 0.5 if patch.cells % 2 else 0.0
        x = self.origin_x + (np.asarray(col, dtype=np.float64) + shift) * self.cell
        y = self.origin_y - (np.asarray(row, dtype=np.float64) + shift) * self.cell
        return Points(x=x, y=y, crs=self.crs_wkt)

    def node_transform(self, row: int, col: int, step: int, patch: PatchSpec) -> Affine:
        """Return the geotransform of a map whose pixel (0, 0) is centred on a node, every ``step``-th node a pixel."""
        node = self.node_xy(row, col, patch)
        size = self.cell * step
        return Affine(size, 0.0, float(node.x[0]) - size / 2, 0.0, -size, float(node.y[0]) + size / 2)

    def step_of(self, stride_m: float | None, patch: PatchSpec) -> int:
        """Return the whole number of cells nearest to ``stride_m``, or to a tenth of the patch; at least one."""
        wanted = patch.cells / 10 if not stride_m else stride_m / self.cell_m
        return max(1, round(wanted))

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` reads."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Lattice:
        """Return the lattice that :meth:`to_json` described.

        Raises
        ------
        RasterError
            A value is missing or makes no lattice.
        """
        try:
            lattice = cls(
                crs_wkt=str(stored["crs_wkt"]), origin_x=float(stored["origin_x"]), origin_y=float(stored["origin_y"]),
                unit_m=float(stored["unit_m"]), pixel_m=float(stored["pixel_m"]), stride_px=int(stored["stride_px"]),
                factor=int(stored.get("factor", 1)),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise RasterError(f"the stored lattice is not readable ({error})") from error
        sizes = (lattice.unit_m, lattice.pixel_m, lattice.stride_px, lattice.factor)
        if not all(math.isfinite(size) and size > 0 for size in sizes):
            raise RasterError("the stored lattice has sizes that are not above zero")
        parse_crs(lattice.crs_wkt)
        return lattice

    def describe(self) -> str:
        """Return one sentence on the grid, the resampling factor in it."""
        finer = f", the raster made {self.factor} times finer" if self.factor > 1 else ""
        pixels = f"{self.stride_px} pixels of {self.pixel_m:.4g} m{finer}"
        return f"cells of {self.cell_m:.4g} m ({pixels}) in {crs_name(self.crs_wkt)}"


def window_stride(patch_px: float) -> int:
    """Return the stride for patches of so many pixels, where an encoder has none of its own.

    Between a twelfth and an eighth of the patch, the one whose whole cells cover most of it, the finest of equals.
    Patches of 12 to 16 pixels have none there, smaller ones have less than a cell: 1.
    """
    fewest, most = WINDOW_CELLS
    last = max(1, min(_LONGEST_STRIDE_PX, math.floor(patch_px / fewest + _EPSILON)))
    first = min(last, max(1, math.ceil(patch_px / most - _EPSILON)))
    return max(range(first, last + 1), key=lambda stride: (math.floor(patch_px / stride + _EPSILON) * stride, -stride))


def north_up(tile: Tile) -> Affine:
    """Return where a tile's pixels lie when its rows are counted from the north; a south-up tile's are reversed."""
    transform = tile.transform
    if transform.b == transform.d == 0 and transform.e > 0:
        return transform * Affine(1, 0, 0, 0, -1, tile.height)
    return transform


def grid_box(grid: Affine, tile: Tile) -> tuple[int, int, int, int] | None:
    """Return the pixels of ``grid`` that are a tile's pixels: row, column, row after, column after.

    None where a corner of the tile is more than 0.05 pixels off. A south-up tile lies on a north-up grid.
    """
    inverse, transform = ~grid, north_up(tile)
    col, row = inverse * (transform.c, transform.f)
    far_col, far_row = inverse * (transform * (tile.width, tile.height))
    top, left = round(row), round(col)
    gaps = (col - left, row - top, far_col - left - tile.width, far_row - top - tile.height)
    if max(abs(gap) for gap in gaps) > GRID_TOLERANCE_PX:
        return None
    return top, left, top + tile.height, left + tile.width


def has_own_lattice(source: RasterSource) -> bool:
    """Whether the raster's own CRS carries the lattice: projected, unrotated, true to scale within 1 %."""
    rotated = any(
        abs(tile.transform.b) + abs(tile.transform.d) > 1e-9 * abs(tile.transform.a) for tile in source.tiles
    )
    if rotated or not parse_crs(source.crs_wkt).is_projected:
        return False
    x, y = source.centre
    return _true_to_scale(source.crs_wkt, _unit_m(source.crs_wkt), x=x, y=y)


def metric_crs(source: RasterSource) -> str:
    """Return the WKT of the UTM zone of the raster's centre, on the raster's own datum where that has zones."""
    geodetic = parse_crs(source.crs_wkt).geodetic_crs
    if geodetic is None:
        raise RasterError("its CRS is not tied to the Earth", where=source.name, remedy="assign the right CRS")
    x, y = source.centre
    lon, lat = transformer(source.crs_wkt, "EPSG:4326").transform(x, y)
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise RasterError("its centre lies nowhere on the Earth", where=source.name, remedy="check its CRS")
    if abs(lat) > 84:
        return parse_crs("EPSG:5041" if lat > 0 else "EPSG:5042").to_wkt()
    lon = (lon + 180.0) % 360.0 - 180.0
    here = AreaOfInterest(west_lon_degree=lon, south_lat_degree=lat, east_lon_degree=lon, north_lat_degree=lat)
    for datum in (geodetic.name, "WGS 84"):
        # Exactly on a zone's edge, or in the widened zones of Norway, more than one answers: the first by code.
        zones = query_utm_crs_info(datum_name=datum, area_of_interest=here, contains=True)
        if zones:
            zone = min(zones, key=lambda found: int(found.code))
            return pyproj.CRS.from_authority(zone.auth_name, zone.code).to_wkt()
    number = min(60, int((lon + 180) // 6) + 1)
    return parse_crs(f"EPSG:{(32600 if lat >= 0 else 32700) + number}").to_wkt()


def _true_to_scale(crs_wkt: str, unit_m: float, *, x: float, y: float) -> bool:
    try:
        steps = pixel_vectors_m(Affine(1 / unit_m, 0, 0, 0, -1 / unit_m, 0), crs_wkt, centre_x=x, centre_y=y)
    except RasterError:
        return False
    return all(abs(float(np.hypot(*step)) - 1.0) <= SCALE_TOLERANCE for step in steps)


def _unit_m(crs_wkt: str) -> float:
    return float(parse_crs(crs_wkt).axis_info[0].unit_conversion_factor)


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")


