"""A landscape of two textures and a table of relevés that follow them, with deliberate dirt; small and quick."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from affine import Affine

from .small_rasters import write_raster

PIXEL_M = 2.0
SIDE_PX = 600
WEST, NORTH = 700_000.0, 6_600_000.0
CRS = "EPSG:2154"
SPECIES = ("Carex nigra", "Juncus effusus", "Molinia caerulea", "Poa annua", "Quercus robur", "Salix alba")


def habitat(easting: np.ndarray, northing: np.ndarray) -> np.ndarray:
    """Return how wooded a place is, 0 to 1: waves of 400 m, so that every spatial block holds woods and open land."""
    return 0.5 + 0.5 * np.sin((easting - WEST) / 75.0) * np.cos((northing - NORTH) / 65.0)


def write_image(path: Path, *, seed: int = 3) -> Path:
    """Write four bands of 1.2 km: woods are dark, rough and bright in the infrared."""
    random = np.random.default_rng(seed)
    rows, cols = np.mgrid[0:SIDE_PX, 0:SIDE_PX]
    wood = habitat(WEST + PIXEL_M * cols, NORTH - PIXEL_M * rows)
    rough = random.normal(0, 1, (SIDE_PX, SIDE_PX)) * (4 + 22 * wood)
    bands = np.stack([130 - 60 * wood, 140 - 40 * wood, 110 - 50 * wood, 120 + 70 * wood]) + rough
    return write_raster(
        path, np.clip(bands, 1, 254).astype("uint8"), crs=CRS, colours=None, nodata=0,
        transform=Affine(PIXEL_M, 0, WEST, 0, -PIXEL_M, NORTH), descriptions=("red", "green", "blue", "nir"),
    )  # fmt: skip


def plot_places(count: int, *, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Return easting and northing of plots whose patch of 100 m lies inside the image."""
    random = np.random.default_rng(seed)
    east = WEST + random.uniform(80, SIDE_PX * PIXEL_M - 80, count)
    return east, NORTH - random.uniform(80, SIDE_PX * PIXEL_M - 80, count)


def releves(count: int = 70, *, seed: int = 4) -> list[dict[str, object]]:
    """Return rows of plot, species, cover, x, y, site and date; species 0-2 like the open, 3-5 the wood."""
    east, north = plot_places(count, seed=seed)
    random = np.random.default_rng(seed + 1)
    wood = habitat(east, north)
    rows: list[dict[str, object]] = []
    for i in range(count):
        for s, name in enumerate(SPECIES):
            suits = wood[i] if s >= 3 else 1 - wood[i]
            if random.random() < 0.03 + 0.94 * suits:
                rows.append({
                    "plot_id": f"p{i:03}", "species": name, "cover": round(float(5 + 60 * suits), 1),
                    "x": round(float(east[i]), 2), "y": round(float(north[i]), 2),
                    "site": f"s{int((east[i] - WEST) // 300)}{int((NORTH - north[i]) // 600)}",
                    "date": f"20{10 + i % 9}-06-0{1 + i % 9}",
                })  # fmt: skip
    # One plot lies outside the image: it is dropped and said to be.
    rows.append({"plot_id": "far", "species": SPECIES[0], "cover": 10.0, "x": WEST - 5_000, "y": NORTH, "site": "far",
                 "date": ""})  # fmt: skip
    return rows


def write_releves(path: Path, rows: list[dict[str, object]]) -> Path:
    """Write the rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
