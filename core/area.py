"""Which nodes of the lattice a map has, and which of them lie inside an extent and a mask."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray
from rasterio.features import rasterize

from botaclip.core.errors import NothingLeft, OptionError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.places import Points, crs_name, parse_crs, same_crs, transformer
from botaclip.core.rasters import RasterSource
from botaclip.core.vector_io import Polygons, Ring, read_polygons

_NUMBER = r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*"
_EXTENT = re.compile(rf"{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}(?:\[\s*(.+?)\s*\])?\s*")
_PIECES = 100  # an edge is cut so before it is reprojected: straight there is not straight here


@dataclasses.dataclass(frozen=True)
class Extent:
    """A rectangle in one CRS."""

    xmin: float
    xmax: float
    ymin: float
    ymax: float
    crs: str

    @classmethod
    def parse(cls, text: str, *, crs: str) -> Extent:
        """Read ``xmin,xmax,ymin,ymax`` (QGIS's order), with ``[EPSG:code]`` behind it when not in ``crs``.

        Raises
        ------
        OptionError
            It is written otherwise, is empty, or has no CRS.
        """
        match = _EXTENT.fullmatch(text)
        if match is None:
            raise OptionError(f"{text!r} is not an extent", where="--extent",
                              remedy="write xmin,xmax,ymin,ymax [EPSG:code]")  # fmt: skip
        xmin, xmax, ymin, ymax = (float(match.group(i)) for i in range(1, 5))
        if xmin >= xmax or ymin >= ymax:
            raise OptionError(f"{text!r} is empty: xmin must be below xmax and ymin below ymax", where="--extent",
                              remedy="the order is xmin,xmax,ymin,ymax")  # fmt: skip
        spoken = match.group(5) or crs
        if not spoken:
            raise OptionError(f"{text!r} does not say its CRS, and the imagery lies in several", where="--extent",
                              remedy="write xmin,xmax,ymin,ymax [EPSG:code]")  # fmt: skip
        parse_crs(spoken)
        return cls(xmin=xmin, xmax=xmax, ymin=ymin, ymax=ymax, crs=spoken)

    def bounds_in(self, crs: str) -> tuple[float, float, float, float]:
        """Return xmin, ymin, xmax, ymax of the rectangle in another CRS."""
        if same_crs(self.crs, crs):
            return self.xmin, self.ymin, self.xmax, self.ymax
        try:
            move = transformer(self.crs, crs)
            bounds = move.transform_bounds(self.xmin, self.ymin, self.xmax, self.ymax, densify_pts=21)
        except pyproj.exceptions.ProjError:
            bounds = (math.nan,) * 4
        if not all(math.isfinite(bound) for bound in bounds):
            raise OptionError(f"the extent has no place in {crs_name(crs)}", where="--extent", remedy="check its CRS")
        return bounds


@dataclasses.dataclass(frozen=True, eq=False)
class Limits:
    """What a map is limited to: an extent, the polygons of a mask, both or nothing; read once for all scenes.

    ``optional`` says that a raster on which the limits have no place is only left out.
    """

    extent: Extent | None = None
    polygons: Polygons | None = None
    optional: bool = False
    _moved: dict[str, tuple[dict[str, Any], ...]] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, extent: str | None, mask: str | Path | None, *, crs: str, optional: bool = False) -> Limits:
        """Read extent (in ``crs`` where it names none) and mask.

        Raises
        ------
        OptionError
            One of them cannot be read.
        """
        return cls(
            Extent.parse(extent, crs=crs) if extent else None, read_polygons(mask) if mask else None, optional
        )

    def bounds_in(self, crs: str) -> list[tuple[float, float, float, float]]:
        """Return xmin, ymin, xmax, ymax of the extent and of all polygons, as far as there are such."""
        bounds = [self.extent.bounds_in(crs)] if self.extent is not None else []
        rings = self.rings_in(crs)
        if rings is not None:
            corners = np.concatenate([np.asarray(ring["coordinates"][0]) for ring in rings])
            (xmin, ymin), (xmax, ymax) = corners.min(axis=0), corners.max(axis=0)
            bounds.append((float(xmin), float(ymin), float(xmax), float(ymax)))
        return bounds

    def rings_in(self, crs: str) -> tuple[dict[str, Any], ...] | None:
        """Return the polygons as GeoJSON-like geometries in a CRS; None without a mask."""
        if self.polygons is None:
            return None
        if crs not in self._moved:
            self._moved[crs] = tuple(
                {"type": "Polygon", "coordinates": [ring.tolist() for ring in rings]}
                for rings in moved(self.polygons, crs)
            )
        return self._moved[crs]


def nothing_left(raster: str, *, extent: str | None, mask: str | Path | None) -> NothingLeft:
    """Return the error of a map that has no pixel."""
    return NothingLeft(
        "nothing of the raster is left to map", where="--extent" if extent else "--mask" if mask else raster,
        remedy="check that extent and mask lie on the raster, in the right CRS",
    )  # fmt: skip


@dataclasses.dataclass(frozen=True, eq=False)
class Area:
    """The pixels of a map: every ``step``-th node of a lattice in a window.

    Map pixel (i, j) is node (``row`` + i ``step``, ``col`` + j ``step``). The first node is a multiple of the
    step, so that maps of different extents lie on the same pixels.
    """

    lattice: Lattice
    patch: PatchSpec
    row: int
    col: int
    height: int
    width: int
    step: int
    rings: tuple[dict[str, Any], ...] | None = None

    @classmethod
    def of(
        cls, source: RasterSource, lattice: Lattice, patch: PatchSpec, *, step: int,
        extent: str | None = None, mask: str | Path | None = None,
    ) -> Area:  # fmt: skip
        """Return the nodes whose centres lie on the raster, within ``extent`` and around ``mask``.

        Parameters
        ----------
        source, lattice, patch, step
            The raster, its lattice, the patch, cells per map pixel.
        extent
            See :meth:`Extent.parse`; None takes the whole raster.
        mask
            A polygon layer in any CRS; pixels whose centres lie outside it are not :meth:`inside`.

        Raises
        ------
        OptionError
            Extent or mask cannot be read, or nothing of the raster is left.
        """
        limits = Limits.of(extent, mask, crs=source.crs_wkt)
        area = cls.within(source, lattice, patch, step=step, limits=limits)
        if area is None:
            raise nothing_left(source.name, extent=extent, mask=mask)
        return area

    @classmethod
    def within(
        cls, source: RasterSource, lattice: Lattice, patch: PatchSpec, *, step: int, limits: Limits
    ) -> Area | None:
        """Return the nodes of a raster within limits as :meth:`of` does; None where there are none."""
        with LatticeReader(source, lattice) as reader:
            top, left, bottom, right = reader.bounds_px()
        pixel = lattice.pixel
        xmin, xmax = lattice.origin_x + left * pixel, lattice.origin_x + right * pixel
        ymin, ymax = lattice.origin_y - bottom * pixel, lattice.origin_y - top * pixel
        bounds = [(xmin, ymin, xmax, ymax)]
        try:
            bounds += limits.bounds_in(lattice.crs_wkt)
            rings = limits.rings_in(lattice.crs_wkt)
        except OptionError:
            # Far from the limits their CRS and the raster's may not meet; where they do, there is something to say.
            if limits.optional:
                return None
            raise
        table = np.array(bounds)
        (xmin, ymin), (xmax, ymax) = table[:, :2].max(axis=0), table[:, 2:].min(axis=0)
        first_col, last_col = _nodes(xmin - lattice.origin_x, xmax - lattice.origin_x, lattice, patch, step)
        first_row, last_row = _nodes(lattice.origin_y - ymax, lattice.origin_y - ymin, lattice, patch, step)
        if first_col > last_col or first_row > last_row:
            return None
        return cls(
            lattice=lattice, patch=patch, row=first_row * step, col=first_col * step, height=last_row - first_row + 1,
            width=last_col - first_col + 1, step=step, rings=rings,
        )  # fmt: skip

    def node(self, row: int, col: int) -> tuple[int, int]:
        """Return the lattice node (row, column) of a map pixel."""
        return self.row + row * self.step, self.col + col * self.step

    def to_json(self) -> dict[str, Any]:
        """Return what says which nodes of which lattice these are, the mask as a digest."""
        mask = None if self.rings is None else hashlib.sha256(json.dumps(self.rings).encode()).hexdigest()
        numbers = {name: getattr(self, name) for name in ("row", "col", "height", "width", "step")}
        return {"lattice": self.lattice.to_json(), "cells": self.patch.cells, "mask": mask, **numbers}

    def centres(self) -> Points:
        """Return the centres of all map pixels, row by row."""
        rows, cols = np.meshgrid(np.arange(self.height), np.arange(self.width), indexing="ij")
        return self.lattice.node_xy(
            (self.row + rows * self.step).ravel(), (self.col + cols * self.step).ravel(), self.patch
        )

    def inside(self, row: int, col: int, height: int, width: int) -> NDArray[np.bool_]:
        """Return which map pixels of a window have their centre in the mask, bool (h, w); all without a mask."""
        if self.rings is None:
            return np.ones((height, width), dtype=bool)
        first_row, first_col = self.node(row, col)
        transform = self.lattice.node_transform(first_row, first_col, self.step, self.patch)
        burnt = rasterize(
            self.rings, out_shape=(height, width), transform=transform, fill=0, default_value=1, dtype="uint8"
        )
        return np.asarray(burnt, dtype=bool)


def _nodes(near: float, far: float, lattice: Lattice, patch: PatchSpec, step: int) -> tuple[int, int]:
    """First and last multiple of ``step`` whose node lies between two distances from the origin, in CRS units."""
    shift = 0.5 if patch.cells % 2 else 0.0
    first = math.ceil((near / lattice.cell - shift) / step - 1e-6)
    last = math.floor((far / lattice.cell - shift) / step + 1e-6)
    return first, last


def moved(polygons: Polygons, crs: str, *, where: str = "--mask") -> list[tuple[Ring, ...]]:
    """Return polygons in another CRS, with edges cut so that they stay where they were.

    Raises
    ------
    OptionError
        None of them has a place there.
    """
    if same_crs(polygons.crs, crs):
        return list(polygons.polygons)
    move = transformer(polygons.crs, crs)
    found = []
    for rings in polygons.polygons:
        limit = float(np.ptp(rings[0], axis=0).max()) / _PIECES
        changed = [np.column_stack(move.transform(*_cut(ring, limit).T)) for ring in rings]
        if all(np.isfinite(ring).all() for ring in changed):
            found.append(tuple(changed))
    if not found:
        raise OptionError(
            f"{'the mask' if where == '--mask' else 'it'} has no place in {crs_name(crs)}", where=where,
            remedy="check its CRS",
        )  # fmt: skip
    return found


def _cut(ring: Ring, limit: float) -> Ring:
    """Return the ring with vertices added so that no edge is longer than ``limit``."""
    lengths = np.hypot(*np.diff(ring, axis=0).T)
    counts = np.maximum(1, np.ceil(lengths / max(limit, 1e-300)).astype(int))
    at = np.concatenate([i + np.arange(n) / n for i, n in enumerate(counts)] + [[len(ring) - 1.0]])
    steps = np.arange(len(ring))
    return np.column_stack([np.interp(at, steps, ring[:, 0]), np.interp(at, steps, ring[:, 1])])
