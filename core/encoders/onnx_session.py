"""Encoders that are one ONNX graph, run by onnxruntime: nothing else is needed where a map is made."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from botaclip.core.errors import EncoderError

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


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
    try:
        session = onnxruntime.InferenceSession(onnx, options, providers=[provider])
    except Exception as error:  # onnxruntime raises a class of its own for each of a dozen reasons
        raise EncoderError(
            f"the ONNX graph cannot be opened ({str(error).splitlines()[0][:160]})",
            remedy="the file may be damaged, or made for a newer onnxruntime",
        ) from error
    if session.get_providers()[0] != provider:
        raise EncoderError(f"onnxruntime did not take {device!r} but {session.get_providers()[0]}",
                           remedy="use --device cpu")  # fmt: skip
    return session


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
        result: NDArray[np.float32] = self._session.run(None, {"pixels": self.scaled(pixels, valid)})[0]
        return result

    def metadata(self) -> dict[str, Any]:
        """Return what a model file says about the encoder (without ``embedded``)."""
        about = ("id", "sha256", "kind", "licence", "citation")
        numbers = ("stride_px", "margin_px", "dimension", "centre", "spread")
        return {name: getattr(self, name) for name in (*about, *numbers)}
