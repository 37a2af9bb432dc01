"""A small raster and a small, valid model for tests: random numbers in the right shapes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import rasterio
from affine import Affine
from onnx import TensorProto, helper, numpy_helper

from botaclip.core.encoders import opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.model_file import ModelFile
from botaclip.core.rasters import RasterSource, open_raster
from botaclip.core.vector_source import lattice_for, on_lattice

SPECIES = ("Carex nigra", "Poa annua", "Salix alba")
PATCH_M = 100.0
WIDTH = 16


def write_raster(
    path: Path, *, size: int = 400, pixel: float = 2.0, bands: int = 3, hole: bool = True, seed: int = 0
) -> Path:
    """Write a georeferenced uint8 raster of smooth noise in EPSG:2154, with a nodata corner (value 0)."""
    random = np.random.default_rng(seed)
    coarse = random.integers(30, 220, (bands, size // 20 + 1, size // 20 + 1))
    image = np.repeat(np.repeat(coarse, 20, axis=1), 20, axis=2)[:, :size, :size]
    image = np.clip(image + random.normal(0, 12, image.shape), 1, 255).astype(np.uint8)
    if hole:
        image[:, : size // 4, : size // 4] = 0
    with rasterio.open(
        path, "w", driver="GTiff", width=size, height=size, count=bands, dtype="uint8", nodata=0, crs="EPSG:2154",
        transform=Affine(pixel, 0, 700_000, 0, -pixel, 6_600_000), tiled=True, blockxsize=128, blockysize=128,
    ) as dataset:
        dataset.write(image)
        for index, name in enumerate(("red", "green", "blue", "nir")[:bands], start=1):
            dataset.set_band_description(index, name)
    return path


def graph(
    nodes: list[onnx.NodeProto], given: tuple[str, int], made: list[tuple[str, int]], tensors: dict[str, np.ndarray],
    opset: str = "",
) -> bytes:
    """Return an ONNX graph of float matrices."""
    def info(name: str, width: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])

    body = helper.make_graph(
        nodes, "graph", [info(*given)], [info(*entry) for entry in made],
        [
            numpy_helper.from_array(values if values.dtype == np.int64 else values.astype(np.float32), name)
            for name, values in tensors.items()
        ],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid(opset, 17)], ir_version=8)
    return bytes(model.SerializeToString(deterministic=True))


def adapter_graph(dimension: int, random: np.random.Generator, layers: int = 0) -> bytes:
    """Standardise, multiply, normalise; environment values are divided by 10 and joined behind."""
    node = helper.make_node
    if layers:
        return graph(
            [
                node("Slice", ["vectors", "start", "middle", "axis"], ["image"]),
                node("Slice", ["vectors", "middle", "end", "axis"], ["environment"]),
                node("Sub", ["image", "mean"], ["centred"]), node("Mul", ["centred", "scale"], ["standard"]),
                node("Gemm", ["standard", "weight", "bias"], ["adapted_image"]),
                node("LpNormalization", ["adapted_image"], ["unit"], axis=1, p=2),
                node("Mul", ["environment", "tenth"], ["shrunk"]),
                node("Concat", ["adapted_image", "shrunk"], ["adapted"], axis=1),
            ],
            ("vectors", dimension + layers), [("adapted", WIDTH + layers), ("unit", WIDTH)],
            {
                "mean": random.random(dimension) * 0.2, "scale": np.full(dimension, 3.0),
                "weight": random.normal(0, 1 / np.sqrt(dimension), (dimension, WIDTH)),
                "bias": random.normal(0, 0.1, WIDTH), "tenth": np.full(layers, 0.1),
                "start": np.array([0], np.int64), "middle": np.array([dimension], np.int64),
                "end": np.array([dimension + layers], np.int64), "axis": np.array([1], np.int64),
            },
        )
    return graph(
        [
            node("Sub", ["vectors", "mean"], ["centred"]), node("Mul", ["centred", "scale"], ["standard"]),
            node("Gemm", ["standard", "weight", "bias"], ["adapted"]),
            node("LpNormalization", ["adapted"], ["unit"], axis=1, p=2),
        ],
        ("vectors", dimension), [("adapted", WIDTH), ("unit", WIDTH)],
        {
            "mean": random.random(dimension) * 0.2, "scale": np.full(dimension, 3.0),
            "weight": random.normal(0, 1 / np.sqrt(dimension), (dimension, WIDTH)),
            "bias": random.normal(0, 0.1, WIDTH),
        },
    )


def head_graph(random: np.random.Generator, species: int = len(SPECIES), layers: int = 0) -> bytes:
    """One linear head per species."""
    node = helper.make_node
    return graph(
        [node("Gemm", ["adapted", "weight", "bias"], ["logits"]), node("Sigmoid", ["logits"], ["suitability"])],
        ("adapted", WIDTH + layers), [("logits", species), ("suitability", species)],
        {"weight": random.normal(0, 1, (WIDTH + layers, species)), "bias": random.normal(0, 0.5, species)},
    )


def content(
    source: RasterSource, *, patch_m: float = PATCH_M, environment: Sequence[dict[str, Any]] = (),
    encoder: Encoder | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return metadata and parts of a model for a raster, and for environment layers where any are named."""
    encoder = encoder or opening.get("random-conv", bands=source.roles, value_range=(0.0, 255.0))
    lattice = lattice_for(encoder, source, patch_m)
    encoder = on_lattice(encoder, lattice, patch_m)
    patch = lattice.patch(patch_m)
    random = np.random.default_rng(5)
    unit = random.normal(size=(30, WIDTH))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    _, spread, axes = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
    arrays = {
        "pca.mean": unit.mean(axis=0), "pca.components": axes, "pca.share": spread**2 / (spread**2).sum(),
        "plots.vectors": unit,
    }
    metadata = {
        "format_version": 1, "created": "2026-01-01T00:00:00+00:00", "versions": {"botaclip": "0.1.0"},
        "encoder": encoder.metadata() | {"embedded": True},
        "bands": [{"role": role, "wavelength_um": None} for role in encoder.bands], "value_range": [0.0, 255.0],
        "lattice": lattice.to_json(), "patch": {"size_m": patch.size_m, "cells": patch.cells},
        "alignment": {"chosen": "botaclip", "lambda": 1.0, "steps": 40}, "data_type": "presence-absence",
        "cover_scale": {"name": "braun-blanquet", "source": "Turboveg 2"}, "releve_area_m2": 100.0,
        "species": [
            {"name": name, "presences": 12, "prevalence": 0.4, "threshold": 0.3 + 0.1 * index}
            for index, name in enumerate(SPECIES)
        ],
        "training": {"extent_wgs84": [2.9, 46.4, 3.0, 46.5], "crs": "EPSG:2154", "dates": [], "plots": 30},
        "plot_locations": "none", "scores": {}, "licence": "CC0-1.0", "cite": "nobody", "provenance": {},
    }
    parts = {
        "adapter.onnx": adapter_graph(encoder.dimension, random, len(environment)),
        "head.onnx": head_graph(random, layers=len(environment)),
        **encoder.graphs,
        "arrays.safetensors": {key: values.astype(np.float32) for key, values in arrays.items()},
        "plots.json": {"locations": "none", "plots": [{"id": str(i), "date": "", "digest": ""} for i in range(30)]},
    }
    if environment:
        metadata["environment"] = [dict(layer) for layer in environment]
    return metadata, parts


def write_model(
    path: Path, raster: Path, *, environment: Sequence[dict[str, Any]] = (), encoder: Encoder | None = None,
    arrays: dict[str, np.ndarray] | None = None, **changes: Any,
) -> ModelFile:
    """Write a valid model for a raster (and environment layers); ``arrays`` join its own, ``changes`` its metadata."""
    metadata, parts = content(open_raster(raster), environment=environment, encoder=encoder)
    parts["arrays.safetensors"] |= arrays or {}
    return ModelFile.write(path, metadata | changes, parts, overwrite=True)
