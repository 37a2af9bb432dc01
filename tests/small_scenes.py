"""Small scenes far apart and in two CRSs, with a model for them, with and without environment rasters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from onnx import helper

from botaclip.core.model_file import ModelFile
from botaclip.core.rasters import open_raster

from .model_fixture import WIDTH, content, graph

# Zone 31 and zone 32; the second scene of a zone lies off the first one's pixel grid.
SCENES = {
    "east_a": ("EPSG:32632", 500_000.0, 5_200_000.0, 200), "east_b": ("EPSG:32632", 560_000.7, 5_190_000.3, 150),
    "west_a": ("EPSG:32631", 400_000.0, 5_100_000.0, 150), "west_b": ("EPSG:32631", 420_001.0, 5_110_000.0, 200),
}  # fmt: skip
PIXEL_M = 2.0
PATCH_M = 100.0


def write_scene(path: Path, crs: str, x: float, y: float, size: int, *, seed: int = 0, bands: int = 3) -> Path:
    """Write a scene of patches and noise, never 0."""
    random = np.random.default_rng(seed)
    coarse = random.integers(30, 220, (bands, size // 20 + 1, size // 20 + 1))
    image = np.repeat(np.repeat(coarse, 20, axis=1), 20, axis=2)[:, :size, :size]
    image = np.clip(image + random.normal(0, 12, image.shape), 1, 254).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", width=size, height=size, count=bands, dtype="uint8", nodata=0, crs=crs,
        transform=Affine(PIXEL_M, 0, x, 0, -PIXEL_M, y),
    ) as dataset:  # fmt: skip
        dataset.write(image)
        for index, name in enumerate(("red", "green", "blue", "nir")[:bands], start=1):
            dataset.set_band_description(index, name)
    return path


def write_scenes(folder: Path) -> Path:
    """Write all scenes."""
    for seed, (name, place) in enumerate(SCENES.items()):
        write_scene(folder / f"{name}.tif", *place, seed=seed)
    return folder


def write_layer(path: Path, *, crs: str, bounds: tuple[float, float, float, float], pixel: float) -> Path:
    """Write an environment raster: a smooth slope over ``bounds`` (left, bottom, right, top)."""
    left, bottom, right, top = bounds
    width, height = round((right - left) / pixel), round((top - bottom) / pixel)
    rows, cols = np.mgrid[0:height, 0:width]
    values = (100 + 30 * np.sin(cols / 9) + 20 * np.cos(rows / 7)).astype(np.float32)
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=1, dtype="float32", crs=crs,
        transform=Affine(pixel, 0, left, 0, -pixel, top),
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    return path


def write_environment_model(path: Path, raster: Path, layer: Path, **changes: Any) -> ModelFile:
    """Write a model that reads one environment layer beside the image: species 1 hangs on the layer alone."""
    metadata, parts = content(open_raster(raster))
    random = np.random.default_rng(8)
    depth = int(metadata["encoder"]["dimension"])
    node = helper.make_node
    weight = np.zeros((depth + 1, WIDTH), np.float32)
    weight[:depth] = random.normal(0, 1 / np.sqrt(depth), (depth, WIDTH))
    pick = np.zeros((depth + 1, 1), np.float32)
    pick[depth] = 0.05
    parts["adapter.onnx"] = graph(
        [
            node("MatMul", ["vectors", "weight"], ["image"]), node("MatMul", ["vectors", "pick"], ["layer"]),
            node("Sub", ["layer", "centre"], ["standard"]), node("Concat", ["image", "standard"], ["adapted"], axis=1),
            node("LpNormalization", ["image"], ["unit"], axis=1, p=2),
        ],
        ("vectors", depth + 1), [("adapted", WIDTH + 1), ("unit", WIDTH)],
        {"weight": weight, "pick": pick, "centre": np.array([5.0])},
    )  # fmt: skip
    head = random.normal(0, 1, (WIDTH + 1, 3)).astype(np.float32)
    head[:, 0] = 0
    head[WIDTH, 0] = 1.0
    parts["head.onnx"] = graph(
        [node("MatMul", ["adapted", "weight"], ["logits"]), node("Sigmoid", ["logits"], ["suitability"])],
        ("adapted", WIDTH + 1), [("logits", 3), ("suitability", 3)], {"weight": head},
    )  # fmt: skip
    layers = [{"name": layer.stem, "file": layer.name, "band": 1, "path": str(layer)}]
    return ModelFile.write(path, metadata | {"environment": layers} | changes, parts, overwrite=True)
