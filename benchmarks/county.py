"""A raster of the size of a county and a model for it, generated: what ``scale.py`` and ``peers.py`` measure on."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
import rasterio  # noqa: E402
from rasterio.transform import from_origin  # noqa: E402
from rasterio.windows import Window  # noqa: E402

PIXEL_M = 0.5
PATCH_M = 100.0
WEST, NORTH, CRS = 600_000.0, 5_200_000.0, "EPSG:32632"
SPECIES = 20
_WINDOW = 1024
_FIELD_PX = 128  # side of a parcel
_KINDS = 6  # of parcels: colour and texture


def kinds(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return colour (kinds, 4) and roughness (kinds) of each kind of parcel."""
    random = np.random.default_rng(seed)
    return random.uniform(50, 190, (_KINDS, 4)), random.uniform(4, 35, _KINDS)


def parcels(side: int, seed: int) -> np.ndarray:
    """Return the kind of every parcel: patches of patches, (rows, cols)."""
    random = np.random.default_rng([seed, 1])
    count = -(-side // _FIELD_PX)
    large = random.integers(0, _KINDS, (count // 8 + 1, count // 8 + 1)).repeat(8, axis=0).repeat(8, axis=1)
    own = random.integers(0, _KINDS, (count, count))
    return np.where(random.random((count, count)) < 0.6, large[:count, :count], own)


def write_county(path: Path, *, side: int, seed: int = 1) -> Path:
    """Write ``side`` x ``side`` pixels of parcels with textures of several scales, red to near infrared, uint8.

    Tiled 512, ZSTD; made window by window from a noise image that is shifted and turned, so that it costs neither
    memory nor much time.
    """
    random = np.random.default_rng([seed, 2])
    noise = random.normal(0, 1, (4, 2 * _WINDOW, 2 * _WINDOW)).astype(np.float32)
    coarse = random.normal(0, 1, (4, _WINDOW // 4, _WINDOW // 4)).astype(np.float32)
    noise = 0.6 * noise + 0.8 * coarse.repeat(8, axis=1).repeat(8, axis=2)
    colour, rough = kinds(seed)
    kind = parcels(side, seed)
    profile = {
        "driver": "GTiff", "width": side, "height": side, "count": 4, "dtype": "uint8", "crs": CRS, "nodata": 0,
        "transform": from_origin(WEST, NORTH, PIXEL_M, PIXEL_M), "tiled": True, "blockxsize": 512, "blockysize": 512,
        "compress": "zstd", "zstd_level": 1, "predictor": 2, "interleave": "pixel", "BIGTIFF": "IF_SAFER",
        "NUM_THREADS": "ALL_CPUS",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        for band, name in enumerate(("red", "green", "blue", "nir"), start=1):
            dataset.set_band_description(band, name)
        for top in range(0, side, _WINDOW):
            for left in range(0, side, _WINDOW):
                height, width = min(_WINDOW, side - top), min(_WINDOW, side - left)
                down, right = random.integers(0, _WINDOW, 2)
                texture = noise[:, down : down + _WINDOW, right : right + _WINDOW]
                texture = texture[:, :: 1 - 2 * int(random.integers(2)), :: 1 - 2 * int(random.integers(2))]
                here = kind[top // _FIELD_PX : -(-(top + height) // _FIELD_PX), left // _FIELD_PX :
                            -(-(left + width) // _FIELD_PX)]  # fmt: skip
                wide = here.repeat(_FIELD_PX, axis=0).repeat(_FIELD_PX, axis=1)[:height, :width]
                values = colour.T.astype(np.float32)[:, wide]
                values += texture[:, :height, :width] * rough.astype(np.float32)[wide]
                np.clip(values, 1, 254, out=values)
                dataset.write(values.astype(np.uint8), window=Window(left, top, width, height))
    return path


def write_releves(path: Path, *, side: int, plots: int = 240, seed: int = 1) -> Path:
    """Write relevés of species that like some kinds of parcels more than others."""
    random = np.random.default_rng([seed, 3])
    kind = parcels(side, seed)
    liking = random.random((SPECIES + 4, _KINDS)) ** 2
    places = random.uniform(PATCH_M, side * PIXEL_M - PATCH_M, (plots, 2))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["plot_id", "species", "cover", "x", "y"])
        for plot, (east, south) in enumerate(places):
            found = kind[int(south / PIXEL_M) // _FIELD_PX, int(east / PIXEL_M) // _FIELD_PX]
            for species in np.flatnonzero(random.random(SPECIES + 4) < 0.1 + 0.8 * liking[:, found]):
                cover = round(float(5 + 60 * liking[species, found]), 1)
                writer.writerow([f"p{plot}", f"Species {species:02d}", cover, WEST + east, NORTH - south])
    return path


def call(*words: object, cache: Path) -> subprocess.Popen[str]:
    """Start the real command line."""
    variables = {**os.environ, "BOTACLIP_PYTHON": sys.executable, "BOTACLIP_CACHE": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-I", str(ROOT / "core" / "cli_boot.py"), *map(str, words)], text=True, env=variables,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def train(folder: Path, *, side: int = 3000, seed: int = 1) -> Path:
    """Train a small model by the command line on a corner of such a county; return its path."""
    raster = write_county(folder / "corner.tif", side=side, seed=seed)
    table = write_releves(folder / "releves.csv", side=side, seed=seed)
    model = folder / "county.botaclip"
    process = call(
        "train", "--raster", raster, "--releves", table, "--crs", CRS, "--x-field", "x", "--y-field", "y",
        "--alignment", "supervised", "--epochs", 20, "--folds", 2, "--min-presences", 15, "--patch-size", PATCH_M,
        "--device", "cpu", "--output", model, "--progress", "none", cache=folder / "cache",
    )  # fmt: skip
    _, errors = process.communicate()
    if process.returncode:
        raise SystemExit(errors)
    return model
