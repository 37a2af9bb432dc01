"""How many patches a second each encoder turns into vectors, in each precision, beside what the chip can do.

    .venv/bin/python benchmarks/encoder_speed.py                          # all; a quarter of an hour on two cores
    .venv/bin/python benchmarks/encoder_speed.py --encoders dinov3-s --precisions fp32 int8 --rounds 3

A patch is a square of 224 x 224 pixels of a real scene (NEON, 10 cm), read beforehand, and gives one vector: for
transformers and the deep ResNet34 the whole patch is the input; for the hand-made encoders it is the mean over its
22 x 22 cells. The patch's pixels are scaled, the graph runs in onnxruntime as it does for a map, and nothing else is
counted. Rows are measured in turns, round after round, so that a busy moment of the machine meets all of them; median
and best round are given.

The chip's limit is the rate of a product of two matrices, measured beside every row of every round, so that it meets
the machine's quiet moments as often as the rows do, and its best is taken. On a CPU it is the float32 product for all
precisions (fp16 is computed in float32 there, and int8 can be above 1: it does the same operations with smaller
numbers): the fastest of three sizes, two of which stay in the cache, by torch's library and by onnxruntime's. On a GPU
each precision has the product of its own type; float32 is float32, without TF32. The share is the encoder's
multiplications and additions (convolutions and matrix products, as counted in the float32 graph, padding included) per
second over the limit, best over best.

``cosine`` compares each patch's vector with that of float32, on patches that no scale was measured on: the mean and the
lowest. On a GPU that torch sees the networks run in torch: float32, and autocast to float16 and bfloat16.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from checkout import register

register()

import numpy as np  # noqa: E402

from botaclip.core.encoders.onnx_session import OnnxEncoder, open_session, run_session  # noqa: E402
from botaclip.core.encoders.precision import convert  # noqa: E402
from botaclip.core.encoders.record import PRECISIONS  # noqa: E402
from botaclip.core.errors import EncoderError  # noqa: E402
from botaclip.core.lattice import Lattice  # noqa: E402
from botaclip.core.lattice_reader import LatticeReader  # noqa: E402
from botaclip.core.rasters import open_raster  # noqa: E402
from encoder_graphs import (  # noqa: E402
    DINOV3_S,
    DOFA_B,
    DOFA_S,
    FLAIR,
    HAND_MADE,
    RESULTS,
    SCENES,
    about_machine,
    graph_flops,
    hand_made,
    machine,
    network,
)

SCENE = SCENES / "neon_bart_rgb_10cm_2019.tif"
PATCH_PX = 224
NETWORKS = {"dofa-s": DOFA_S, "dofa-b": DOFA_B, "dinov3-s": DINOV3_S, "flair-resnet34": FLAIR}
# What convolutions in eight bits take their scales from, and what all precisions are compared on.
CALIBRATION, COMPARED = 16, 24
# Sides of the products: some that stay in the processor's cache, one that does not.
_SIDES = {"cpu": (384, 768, 2048), "cuda": (8192,)}
# What products are made in, by the precision that they limit.
_TYPES = {"cpu": {"fp32": "float32"}, "cuda": {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}}
_LEAST_S, _LEAST_LIMIT_S = 1.0, 0.1


@dataclasses.dataclass
class Row:
    """One line of the table.

    Parameters
    ----------
    encoder, precision, device, batch
        What runs where; ``batch`` patches at a time.
    run
        Turns ``batch`` patches into vectors.
    flops
        Operations of one patch.
    weights
        Where the weights are from.
    megabytes
        Size of the graph.
    cosine
        Mean and lowest against float32; None for float32 itself.
    rates
        Patches a second, one number a round.
    """

    encoder: str
    precision: str
    device: str
    batch: int
    run: Callable[[], Any]
    flops: float
    weights: str
    megabytes: float = 0.0
    cosine: tuple[float, float] | None = None
    rates: list[float] = dataclasses.field(default_factory=list)

    def to_json(self, limit: float) -> dict[str, Any]:
        """Return its figures; ``limit`` is the chip's for this precision, in operations a second."""
        median, best = float(np.median(self.rates)), max(self.rates)
        return {
            "encoder": self.encoder, "precision": self.precision, "device": self.device, "batch": self.batch,
            "weights": self.weights, "megabytes": self.megabytes, "gflop_per_patch": self.flops / 1e9,
            "patches_per_s": median, "best_patches_per_s": best, "ms_per_patch": 1000 / median,
            "gflops": median * self.flops / 1e9, "share_of_limit": best * self.flops / limit,
            "cosine_mean": self.cosine and self.cosine[0], "cosine_lowest": self.cosine and self.cosine[1],
        }  # fmt: skip


def scene_patches(count: int, side: int, *, offset: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (N, 3, side, side) and validity of squares of the scene; those of another offset are others."""
    source = open_raster(SCENE)
    reader = LatticeReader(source, Lattice.of(source, 1, 0, 10.0))
    tile = source.tiles[0]
    across = math.ceil(math.sqrt(2 * (CALIBRATION + COMPARED)))
    steps = [(size - side) // (across - 1) for size in (tile.height, tile.width)]
    # Every second place of a grid over the scene; neighbours may overlap at their borders.
    places = [(row * steps[0], col * steps[1]) for row in range(across) for col in range(across)][::2]
    squares = [reader.read(row, col, side, side) for row, col in places[offset : offset + count]]
    return np.stack([pixels for pixels, _ in squares]), np.stack([valid for _, valid in squares])


def cpu_rows(name: str, precisions: list[str], threads: int) -> list[Row]:
    """Return the rows of one encoder on the processor."""
    if name in HAND_MADE:
        full, weights = hand_made(name, threads=threads), "none: made by hand"
        side = PATCH_PX // full.stride_px * full.stride_px + 2 * full.margin_px
    else:
        made = network(NETWORKS[name])
        pooling = "mean" if "mean" in made.record.poolings else ""
        full, weights = made.exported("exact", input_px=PATCH_PX, pooling=pooling, threads=threads), made.weights
        side = PATCH_PX
    pixels, valid = scene_patches(COMPARED, side, offset=CALIBRATION)
    flops = graph_flops(full.onnx, (1, len(full.bands), side, side))
    expected = vectors(full, pixels, valid)
    rows = []
    for precision in precisions:
        try:
            encoder = in_precision(full, precision, side)
        except EncoderError as error:
            print(f"{name} has no {precision}: {error}", flush=True)
            continue
        cosine = None if precision == "fp32" else cosines(vectors(encoder, pixels, valid), expected)

        def run(encoder: OnnxEncoder = encoder) -> None:
            encoder.encode(pixels[:1], valid[:1])

        rows.append(Row(name, precision, "cpu", 1, run, flops, weights, len(encoder.onnx) / 1e6, cosine))
    return rows


def in_precision(full: OnnxEncoder, precision: str, side: int) -> OnnxEncoder:
    """Return the encoder in another precision, scales measured on other patches than those compared."""
    pixels, valid = scene_patches(CALIBRATION, side)
    graph = convert(full.onnx, precision, list(full.scaled(pixels, valid)), name=full.id)
    return dataclasses.replace(full, onnx=graph, precision=precision)


def vectors(encoder: OnnxEncoder, pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return one vector (N, D) of each patch."""
    made = np.concatenate([encoder.encode(pixels[i : i + 1], valid[i : i + 1]) for i in range(len(pixels))])
    return made if made.ndim == 2 else made.mean(axis=(2, 3))


def cosines(found: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    """Return the mean and the lowest cosine between rows."""
    found, expected = found.astype(np.float64), expected.astype(np.float64)
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    values = (found * expected).sum(axis=1) / lengths
    return float(values.mean()), float(values.min())


def gpu_rows(name: str) -> list[Row]:
    """Return the rows of one network on the GPU that torch sees; none for those that are a graph only."""
    import torch

    if name in HAND_MADE:
        return []
    made = network(NETWORKS[name])
    pixels, valid = scene_patches(COMPARED, PATCH_PX, offset=CALIBRATION)
    exact = made.exported("exact", input_px=PATCH_PX, pooling="mean")
    flops = graph_flops(exact.onnx, (1, len(made.bands), PATCH_PX, PATCH_PX))
    module = made.module.to("cuda")
    scaled = torch.from_numpy(exact.scaled(pixels, valid)).cuda()
    batch = 256
    inputs = scaled.repeat(math.ceil(batch / len(scaled)), 1, 1, 1)[:batch]
    kinds = {"fp32": None, "fp16": torch.float16, "bf16": torch.bfloat16}

    def look(given: Any, kind: Any) -> Any:
        with torch.no_grad(), torch.autocast("cuda", dtype=kind or torch.float16, enabled=kind is not None):
            return module.pooled(given, "mean").float()

    expected = look(scaled, None).cpu().numpy()
    rows = []
    for precision, kind in kinds.items():
        cosine = None if kind is None else cosines(look(scaled, kind).cpu().numpy(), expected)

        def run(kind: Any = kind) -> None:
            look(inputs, kind)
            torch.cuda.synchronize()

        rows.append(Row(name, precision, "cuda", batch, run, flops, made.weights, 0.0, cosine))
    return rows


def limit_rows(device: str, threads: int) -> list[Row]:
    """Return products of two large matrices as rows, in each type that limits a precision; a "patch" is a product."""
    import torch

    torch.set_num_threads(threads)
    # TF32 has the name of float32 and 10 bits of mantissa: not what is compared here.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    rows = []
    for precision, kind in _TYPES[device].items():
        for side in _SIDES[device]:
            left, right = (torch.rand(side, side, device=device).to(getattr(torch, kind)) for _ in range(2))

            def by_torch(left: Any = left, right: Any = right) -> None:
                torch.mm(left, right)
                if device == "cuda":
                    torch.cuda.synchronize()

            runs: dict[str, Callable[[], Any]] = {"torch": by_torch}
            if device == "cpu":
                session, given = open_session(_product(right.numpy()), threads=threads), {"pixels": left.numpy()}
                runs["onnxruntime"] = functools.partial(run_session, session, given)
            rows += [
                Row(f"{name} {kind} {side}", precision, device, 1, run, 2.0 * side**3, "") for name, run in runs.items()
            ]
    return rows


def limits_of(products: list[Row]) -> dict[str, float]:
    """Return the best rate of the products of each precision, in operations a second."""
    best: dict[str, float] = {}
    for row in products:
        best[row.precision] = max(best.get(row.precision, 0.0), max(row.rates) * row.flops)
    return best


def _product(right: np.ndarray) -> bytes:
    """Return a graph that multiplies with a constant matrix."""
    from onnx import TensorProto, helper, numpy_helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, right.shape) for name in ("pixels", "product")]
    node = helper.make_node("MatMul", ["pixels", "right"], ["product"])
    graph = helper.make_graph([node], "product", ends[:1], ends[1:], [numpy_helper.from_array(right, "right")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def measure(rows: list[Row], rounds: int, products: list[Row]) -> None:
    """Run every row once to warm up, then all of them in turns, the products beside each of them."""
    for row in (*products, *rows):
        row.run()
    for number in range(rounds):
        for row in rows if number % 2 == 0 else reversed(rows):
            for product in products:
                product.rates.append(_rate(product, _LEAST_LIMIT_S))
            row.rates.append(_rate(row, _LEAST_S))


def _rate(row: Row, least_s: float) -> float:
    """Return the patches a second of a row that runs for at least so long."""
    done, began, seconds = 0, time.perf_counter(), 0.0
    while not done or seconds < least_s:
        row.run()
        done += row.batch
        seconds = time.perf_counter() - began
    return done / seconds


def table(results: list[dict[str, Any]]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| encoder | precision | device | patches/s, median (best) | ms/patch | GFLOP/patch | GFLOP/s | share of limit "
        "| file MB | cosine to fp32, mean (lowest) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in results:
        cosine = "" if one["cosine_mean"] is None else f"{one['cosine_mean']:.5f} ({one['cosine_lowest']:.5f})"
        lines.append(
            f"| {one['encoder']} | {one['precision']} | {one['device']} | {one['patches_per_s']:.1f} "
            f"({one['best_patches_per_s']:.1f}) | {one['ms_per_patch']:.1f} | {one['gflop_per_patch']:.2f} | "
            f"{one['gflops']:.1f} | {one['share_of_limit']:.2f} | {one['megabytes']:.1f} | {cosine} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print and keep the figures."""
    names = [*HAND_MADE, *NETWORKS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoders", nargs="*", choices=names, default=names)
    parser.add_argument("--precisions", nargs="*", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))
    parser.add_argument("--results", type=Path, default=RESULTS / "encoder_speed.json")
    options = parser.parse_args()
    import torch

    found: dict[str, Any] = {
        "machine": machine(), "threads": options.threads, "rounds": options.rounds, "patch_px": PATCH_PX,
        "limit_gflops": {}, "products_gflops": {}, "rows": [],
    }  # fmt: skip
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for device in devices:
        products = limit_rows(device, options.threads)
        rows = [
            row for name in options.encoders
            for row in (cpu_rows(name, options.precisions, options.threads) if device == "cpu" else gpu_rows(name))
        ]  # fmt: skip
        if not rows:
            continue
        measure(rows, options.rounds, products)
        limits = limits_of(products)
        found["limit_gflops"][device] = {precision: limit / 1e9 for precision, limit in limits.items()}
        found["products_gflops"][device] = {row.encoder: max(row.rates) * row.flops / 1e9 for row in products}
        found["rows"] += [row.to_json(limits.get(row.precision, limits["fp32"])) for row in rows]
    print(about_machine(found["machine"]), f"{options.threads} threads", sep=", ")
    for device, limits in found["limit_gflops"].items():
        words = (f"{name} {rate:.0f}" for name, rate in found["products_gflops"][device].items())
        best = ", ".join(f"{precision} {limit:.0f}" for precision, limit in limits.items())
        print(f"limit of the {device}: {best} GFLOP/s ({', '.join(words)})")
    print("\n".join(f"{name}: {words}" for name, words in {r["encoder"]: r["weights"] for r in found["rows"]}.items()))
    print(table(found["rows"]))
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
