"""Encoders for the benchmarks, with the weights that are installed, else with random ones from a fixed seed.

Random weights cost what real ones cost. They tell nothing about what an encoder knows; and how near a smaller
precision, or tokens, come to the full encoder has to be measured again on the real ones. So every result says which
weights it was measured with.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import platform
import zlib
from pathlib import Path
from typing import Any

from checkout import register

register()
ROOT = Path(__file__).resolve().parents[1]

import numpy as np  # noqa: E402

from botaclip.core.encoders import architecture, colour_texture, random_conv  # noqa: E402
from botaclip.core.encoders.onnx_session import OnnxEncoder  # noqa: E402
from botaclip.core.encoders.record import EncoderRecord  # noqa: E402
from botaclip.core.encoders.registry import RECORDS  # noqa: E402
from botaclip.core.encoders.store import Store  # noqa: E402
from botaclip.core.errors import EncoderError  # noqa: E402

SHARED = Path(os.environ.get("BOTACLIP_SHARED") or ROOT.parent / "shared")
SCENES = SHARED / "data" / "scenes"
RESULTS = ROOT / "benchmarks" / "results"
RGB = ("red", "green", "blue")
HAND_MADE = {"random-conv": random_conv, "colour-texture": colour_texture}
# Short names in the tables.
FLAIR, DINOV3_S, DOFA_S, DOFA_B = "flair-inc-rgb-15cl-resnet34-unet", "dinov3-vits16", "dofa-small", "dofa-base"


@dataclasses.dataclass(frozen=True)
class Network:
    """An encoder as torch has it.

    Parameters
    ----------
    record
        What is known of it.
    module
        The network (:class:`botaclip.core.encoders.frozen.FrozenEncoder`).
    bands, stage
        What it was built for.
    weights
        Where they come from, in words.
    """

    record: EncoderRecord
    module: Any
    bands: tuple[str, ...]
    stage: int | None
    weights: str

    def exported(
        self, mode: str, *, value_range: tuple[float, float] = (0.0, 255.0), input_px: int = 0, window_px: int = 0,
        pooling: str = "", drop_tokens: int | None = None, threads: int | None = None,
    ) -> OnnxEncoder:  # fmt: skip
        """Return it as a graph at work, in full precision; what is not given is the record's."""
        from botaclip.core.encoders.export import export_graph

        record, module = self.record, self.module
        input_px, window_px = input_px or record.input_px, window_px or record.window_px
        pooling = pooling or record.poolings[0]
        given: dict[str, Any] = {"window_px": window_px} if mode == "tokens" else {}
        if mode == "exact":
            given = {"pooling": pooling, "input_px": input_px}
        graph = export_graph(module, mode=mode, channels=len(self.bands), **given)
        low, high = record.value_range
        stride = 0 if mode == "exact" else int(module.token_px)
        tokens = mode == "tokens"
        return OnnxEncoder(
            id=record.id, onnx=graph, bands=self.bands, value_range=value_range,
            dimension=int(module.dimension) * (2 if mode == "exact" and pooling == "cls-mean" else 1),
            stride_px=stride, margin_px=int(module.margin_px) if mode == "dense" else 0,
            centre=tuple((record.mean[role] - low) / (high - low) for role in self.bands),
            spread=tuple(record.std[role] / (high - low) for role in self.bands),
            licence=record.licence, citation=record.citation, kind=mode,
            window_tokens=window_px // stride if tokens else 0,
            drop_tokens=(record.drop_tokens if drop_tokens is None else drop_tokens) if tokens else 0,
            input_px=input_px if mode == "exact" else 0, pooling=pooling if mode == "exact" else "",
            stage=self.stage, threads=threads,
        )  # fmt: skip


def hand_made(
    name: str, bands: tuple[str, ...] = RGB, *, value_range: tuple[float, float] = (0.0, 255.0),
    threads: int | None = None,
) -> OnnxEncoder:  # fmt: skip
    """Return ``random-conv`` or ``colour-texture``."""
    made = HAND_MADE[name]
    return OnnxEncoder(
        id=name, onnx=made.build(bands), bands=bands, value_range=value_range, dimension=made.dimension(len(bands)),
        stride_px=made.STRIDE_PX, margin_px=made.MARGIN_PX, centre=made.CENTRE, spread=made.SPREAD,
        licence=made.LICENCE, citation=made.CITATION, threads=threads,
    )  # fmt: skip


@functools.lru_cache(maxsize=8)
def network(name: str, bands: tuple[str, ...] = RGB, stage: int | None = None) -> Network:
    """Return an encoder of the registry, with the checkpoint in the store or, where there is none, random weights."""
    record = RECORDS[name]
    installed = Store().installed(name)
    if installed is None:
        state, weights = random_state(record, bands), "random"
    else:
        from botaclip.core.encoders.checkpoint import read_checkpoint

        state = read_checkpoint(installed.checkpoint, refused=record.refused).state
        weights = f"{installed.checkpoint.name}, SHA-256 {installed.sha256[:12]}"
    module = architecture.build(record, state, bands=bands, stage=stage)
    return Network(record, module, bands, stage, weights)


def random_state(record: EncoderRecord, bands: tuple[str, ...]) -> dict[str, Any]:
    """Return weights for a record, the same on every machine: each tensor has a stream of its own, from its key."""
    import torch

    return {
        key: torch.from_numpy(_random(key, tuple(tensor.shape))) for key, tensor in _shapes(record, bands).items()
    }


def _shapes(record: EncoderRecord, bands: tuple[str, ...]) -> dict[str, Any]:
    """Return the tensors of a fresh network, for their keys and shapes."""
    from botaclip.core.encoders import dofa, timm_library

    if record.architecture == "dofa":
        return dict(dofa.Dofa(**dofa.vit_sizes(record, patch_px=16)).state_dict())
    if record.architecture in ("dinov3", "flair"):
        settings = {"in_chans": len(bands)} if record.architecture == "flair" else {}
        return dict(timm_library.create(record.variant["timm"], **settings).state_dict())
    raise EncoderError(f"the benchmarks make no random weights for {record.architecture}")


def _random(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return numbers as large as trained ones are, so that nothing dies out or explodes on the way through."""
    normal = np.random.RandomState(zlib.crc32(f"botaclip {key}".encode()) % 2**31).standard_normal(shape)
    kind = key.rpartition(".")[2]
    if kind == "num_batches_tracked":
        return np.zeros(shape, dtype=np.int64)
    if kind == "running_var":
        normal = 1 + 0.2 * np.abs(normal)
    elif kind.startswith("gamma"):
        normal = 0.5 + 0.1 * normal  # of LayerScale
    elif len(shape) > 1 and not kind.endswith(("token", "tokens", "embed")):
        normal = normal / np.sqrt(np.prod(shape[1:]))
    else:
        normal = 0.1 * normal + (1.0 if kind == "weight" and len(shape) == 1 else 0.0)
    return np.asarray(normal, dtype=np.float32)


def graph_flops(onnx_bytes: bytes, shape: tuple[int, ...]) -> float:
    """Return the floating point operations of one run: two for each multiplication in a convolution or product.

    Everything else (norms, activations, pooling) is left out, as is usual; for the hand-made encoders, which do much
    of that, the figure is low.

    Parameters
    ----------
    onnx_bytes
        A graph in full precision.
    shape
        Of its input ``pixels``.
    """
    import onnx
    from onnx import shape_inference

    model = onnx.load_from_string(onnx_bytes)
    for dim, size in zip(model.graph.input[0].type.tensor_type.shape.dim, shape, strict=True):
        dim.ClearField("dim_param")
        dim.dim_value = size
    del model.graph.value_info[:]
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    sizes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        sizes[value.name] = tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
    total = 0.0
    for node in graph.node:
        if node.op_type == "Conv":
            total += 2.0 * np.prod(sizes[node.output[0]]) * np.prod(sizes[node.input[1]][1:])
        elif node.op_type in ("MatMul", "Gemm"):
            inner = sizes[node.input[0]][-1]
            if node.op_type == "Gemm" and any(a.name == "transA" and a.i for a in node.attribute):
                inner = sizes[node.input[0]][0]
            total += 2.0 * np.prod(sizes[node.output[0]]) * inner
    return total


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    import onnxruntime
    import torch

    name = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": name, "cores": cores, "system": platform.platform(), "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__,
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "",
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }  # fmt: skip


def about_machine(found: dict[str, Any]) -> str:
    """Return that in a line."""
    return (
        f"{found['processor']}, {found['cores']} cores, torch {found['torch']}, onnxruntime {found['onnxruntime']}, "
        f"load before {found['load_before']:.1f}" + (f", {found['gpu']}" if found["gpu"] else "")
    )
