"""Encoders that are one ONNX graph, run by onnxruntime: nothing else is needed where a map is made."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import re
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from botaclip.core.errors import EncoderError

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
# What all graphs together may hold in memory: several times what the windows of a map need, and little enough that
# a graph that asks for more is refused before the machine begins to swap.
MOST_MEMORY = 4 * 2**30
# Where in its sources onnxruntime found something wrong: file, line and function.
_PLACE = re.compile(r"\S*onnxruntime\S*:\d+ [^()]*\([^()]*\)(?: const)?\s*")
_CODE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")
_SHARED_ARENA = "session.use_env_allocators"


@functools.cache
def _limit_memory() -> bool:
    """Give onnxruntime one arena of limited size for the whole process; return whether it took it.

    No look into a graph can tell how much it will ask for: a product of two short vectors is enough. So the limit
    holds at run time, where what is asked for is known.
    """
    limit = min(MOST_MEMORY, _memory() // 2)
    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    # 1: grow by what is asked for, not to the next power of two.
    settings = onnxruntime.OrtArenaCfg({"max_mem": limit, "arena_extend_strategy": 1})
    try:
        onnxruntime.create_and_register_allocator(place, settings)
    except Exception:  # a class of onnxruntime's own; the graphs still run, each with an arena without a limit
        return False
    return True


def _memory() -> int:
    """Return the bytes of this machine's memory, or so many that they do not matter where that is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return 2 * MOST_MEMORY


def open_session(onnx: bytes, *, device: str = "cpu", threads: int | None = None) -> onnxruntime.InferenceSession:
    """Open a graph for one device, without spinning threads that starve reading and writing.

    Parameters
    ----------
    onnx
        The serialised graph.
    device
        ``cpu`` or ``cuda``; what cannot be had is an error, never silently the CPU.
    threads
        Threads of one operator; None takes ``OMP_NUM_THREADS`` or all cores.

    Raises
    ------
    EncoderError
        The graph cannot be opened, or the device cannot be had.
    """
    provider = PROVIDERS.get(device, device)
    if provider not in onnxruntime.get_available_providers():
        raise EncoderError(f"onnxruntime cannot compute on {device!r} here", remedy="use --device cpu")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads or int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Bytes that pass for a model of another kind would not be what scan_onnx looked at.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    if device == "cpu" and _limit_memory():
        options.add_session_config_entry(_SHARED_ARENA, "1")
    try:
        session = onnxruntime.InferenceSession(onnx, options, providers=[provider])
    except Exception as error:  # onnxruntime raises a class of its own for each of a dozen reasons
        raise EncoderError(
            f"the ONNX graph cannot be opened ({_reason(str(error))})",
            remedy="the file may be damaged, or made for a newer onnxruntime",
        ) from error
    if session.get_providers()[0] != provider:
        raise EncoderError(f"onnxruntime did not take {device!r} but {session.get_providers()[0]}",
                           remedy="use --device cpu")  # fmt: skip
    return session


def run_session(session: onnxruntime.InferenceSession, inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """Run a graph and return its outputs, in order.

    Raises
    ------
    EncoderError
        The graph fails on this input, or asks for more memory than graphs may have.
    """
    try:
        outputs: list[NDArray[Any]] = session.run(None, inputs)
    except Exception as error:  # as above
        reason = str(error)
        if "bfc_arena" in reason or "bad_alloc" in reason or "Failed to allocate" in reason:
            raise EncoderError(
                "the ONNX graph asks for more memory than there is for it",
                remedy="close other programs, or do not use this model",
            ) from error
        raise EncoderError(f"the ONNX graph fails ({_reason(reason)})", remedy="the file may be damaged") from error
    return outputs


def _reason(text: str) -> str:
    """Return what onnxruntime says, without its codes and the places in its sources."""
    told = _PLACE.sub("", text.strip()).splitlines() or [""]
    return _CODE.sub("", told[0].rpartition("Status Message: ")[2]).strip().rstrip(".")[:160]


@dataclasses.dataclass(frozen=True, eq=False)
class OnnxEncoder:
    """A convolutional encoder: graph ``pixels (B, C, H, W) -> cells (B, D, h, w)`` on scaled values.

    Parameters
    ----------
    id, licence, citation
        Name, licence of the weights, and whom to cite.
    onnx
        The graph. ``H = h * stride_px + 2 * margin_px``, widths likewise.
    bands
        Roles of the input bands, in order.
    value_range
        Pixel values that become 0 and 1.
    dimension, stride_px, margin_px
        Length of a cell's vector, side of a cell, surroundings needed on each side; the field is
        ``stride_px + 2 * margin_px`` wide.
    centre, spread
        The graph's input is ``(scaled - centre) / spread``; a pixel that is not valid enters as 0.
    device, threads
        See :func:`open_session`.
    """

    id: str
    onnx: bytes
    bands: tuple[str, ...]
    value_range: tuple[float, float]
    dimension: int
    stride_px: int
    margin_px: int
    centre: float
    spread: float
    licence: str
    citation: str
    kind: str = "dense"
    device: str = "cpu"
    threads: int | None = None

    @functools.cached_property
    def sha256(self) -> str:
        """Digest of the graph."""
        return hashlib.sha256(self.onnx).hexdigest()

    @functools.cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        return open_session(self.onnx, device=self.device, threads=self.threads)

    def scaled(self, pixels: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return what the graph sees: values of the range to 0..1 (clipped), centred; 0 where not valid."""
        low, high = self.value_range
        scaled = np.subtract(pixels, np.float32(low), dtype=np.float32)
        scaled *= np.float32(1.0 / (high - low))
        np.clip(scaled, 0.0, 1.0, out=scaled)
        scaled -= np.float32(self.centre)
        scaled *= np.float32(1.0 / self.spread)
        if not valid.all():
            scaled *= valid[:, None]
        return scaled

    def encode(self, pixels: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Turn pixels into cell vectors.

        Parameters
        ----------
        pixels
            float32 (B, C, h * stride + 2 margin, w * stride + 2 margin), in the raster's values.
        valid
            bool (B, H, W).

        Returns
        -------
        float32 (B, D, h, w)

        Raises
        ------
        EncoderError
            The window is no whole number of cells plus margins, or has other bands.
        """
        if pixels.shape[1] != len(self.bands):
            raise EncoderError(f"{self.id} looks at {', '.join(self.bands)} but got {pixels.shape[1]} bands",
                               remedy="choose the bands that the model was trained on with --bands")  # fmt: skip
        for side in pixels.shape[2:]:
            if side - 2 * self.margin_px < self.stride_px or (side - 2 * self.margin_px) % self.stride_px:
                raise EncoderError(
                    f"a window of {side} pixels is no whole number of cells of {self.stride_px} "
                    f"with margins of {self.margin_px}"
                )
        result = run_session(self._session, {"pixels": self.scaled(pixels, valid)})[0]
        cells = tuple((side - 2 * self.margin_px) // self.stride_px for side in pixels.shape[2:])
        if result.dtype != np.float32 or result.shape != (len(pixels), self.dimension, *cells):
            raise EncoderError(
                f"the graph of {self.id} made {result.dtype} {result.shape} of {pixels.shape}, not what it states",
                remedy="do not use this model",
            )
        return result

    def metadata(self) -> dict[str, Any]:
        """Return what a model file says about the encoder (without ``embedded``)."""
        about = ("id", "sha256", "kind", "licence", "citation")
        numbers = ("stride_px", "margin_px", "dimension", "centre", "spread")
        return {name: getattr(self, name) for name in (*about, *numbers)}
