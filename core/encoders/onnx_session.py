"""Encoders that are one ONNX graph, run by onnxruntime: nothing else is needed where a map is made."""

from __future__ import annotations

import collections
import dataclasses
import functools
import hashlib
import json
import os
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from botaclip.core.encoders.batches import Batches, OutOfGraphMemory, first_size
from botaclip.core.encoders.execution_providers import FIXED_SHAPES, PROVIDERS, adapt_options, fix_shapes
from botaclip.core.errors import EncoderError

# What all graphs together may hold in memory: several times what the windows of a map need, and little enough that
# a graph that asks for more is refused before the machine begins to swap.
MOST_MEMORY = 4 * 2**30
# Where in its sources onnxruntime found something wrong: file, line and function.
_PLACE = re.compile(r"\S*onnxruntime\S*:\d+ [^()]*\([^()]*\)(?: const)?\s*")
_CODE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")
_SHARED_ARENA = "session.use_env_allocators"
# How onnxruntime, CUDA and its libraries say that memory is not enough.
_NO_MEMORY = re.compile(r"bfc_arena|bad_alloc|Failed to allocate|out of memory|ALLOC_FAILED|CUDA failure 2\b", re.I)

# Sessions of one graph kept open at a time: the windows inside a map, and those at its borders.
_MOST_SHAPES = 8

KINDS = ("dense", "tokens", "exact")
Number = float | tuple[float, ...]
Own = TypeVar("Own", bound="OnnxEncoder")


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


def open_session(
    onnx: bytes, *, device: str = "cpu", threads: int | None = None, shapes: Sequence[Sequence[int]] = ()
) -> onnxruntime.InferenceSession:
    """Open a graph for one device, without spinning threads that starve reading and writing.

    Parameters
    ----------
    onnx
        The serialised graph.
    device
        ``cpu``, ``cuda``, ``directml`` or ``coreml``; what cannot be had is an error, never silently the CPU.
    threads
        Threads of one operator; None takes ``OMP_NUM_THREADS`` or all cores.
    shapes
        Of each input the one shape that the session is for; nothing given: any.

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
    adapt_options(options, device)
    try:
        if shapes:
            fix_shapes(options, onnx, shapes)
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


def run_session(
    session: onnxruntime.InferenceSession, inputs: dict[str, NDArray[Any]], wanted: Sequence[str] | None = None
) -> list[NDArray[Any]]:
    """Run a graph and return its outputs, in order; only those ``wanted`` where they are named.

    Raises
    ------
    OutOfGraphMemory
        The graph asks for more memory than graphs may have.
    EncoderError
        The graph fails on this input.
    """
    try:
        outputs: list[NDArray[Any]] = session.run(wanted, inputs)
    except Exception as error:  # as above
        reason = str(error)
        if _NO_MEMORY.search(reason):
            raise OutOfGraphMemory(
                "the ONNX graph asks for more memory than there is for it",
                remedy="close other programs, or do not use this model",
            ) from error
        raise EncoderError(f"the ONNX graph fails ({_reason(reason)})", remedy="the file may be damaged") from error
    return outputs


def _reason(text: str) -> str:
    """Return what onnxruntime says, without its codes and the places in its sources."""
    told = _PLACE.sub("", text.strip()).splitlines() or [""]
    return _CODE.sub("", told[0].rpartition("Status Message: ")[2]).strip().rstrip(".")[:160]


class FixedShapeSessions:
    """A graph on a device that wants to know the shape of its input: a session for each shape, one run at a time.

    DirectML runs a session for one thread only, and several blocks of a map are computed at the same time.

    Parameters
    ----------
    onnx, device, threads
        See :func:`open_session`.
    """

    def __init__(self, onnx: bytes, device: str, threads: int | None) -> None:
        self._onnx, self._device, self._threads = onnx, device, threads
        self._turn = threading.Lock()
        self._opened: collections.OrderedDict[tuple[int, ...], onnxruntime.InferenceSession] = collections.OrderedDict()

    def run(self, pixels: NDArray[np.float32]) -> list[NDArray[Any]]:
        """Return the graph's outputs for its input ``pixels``; errors as :func:`run_session` and its opening."""
        with self._turn:
            session = self._opened.pop(pixels.shape, None)
            if session is None:
                while len(self._opened) >= _MOST_SHAPES:
                    self._opened.popitem(last=False)
                session = open_session(
                    self._onnx, device=self._device, threads=self._threads, shapes=[pixels.shape]
                )
            self._opened[pixels.shape] = session
            return run_session(session, {"pixels": pixels})


@dataclasses.dataclass(frozen=True, eq=False)
class OnnxEncoder:
    """One graph that turns scaled pixels into vectors, of one of three kinds.

    ``dense``: ``pixels (B, C, h s + 2 m, w s + 2 m) -> cells (B, D, h, w)`` with ``s = stride_px``,
    ``m = margin_px``: a cell sees its own square and the margin around it and nothing else.
    ``tokens``: ``pixels (B, C, W, W) -> cells (B, D, W / s, W / s)`` with ``W = window_tokens * s``: a token sees the
    whole window, so windows lie at fixed places (:class:`~botaclip.core.token_source.TokenSource`).
    ``exact``: ``pixels (B, C, P, P) -> vectors (B, D)`` for any P: the patch itself is the input.

    Parameters
    ----------
    id, licence, citation
        Name, licence of the weights, and whom to cite.
    onnx
        The graph.
    bands
        Roles of the input bands, in order.
    value_range
        Pixel values that become 0 and 1.
    dimension, stride_px, margin_px
        Length of a vector, side of a cell, and (``dense``) surroundings needed on each side. The stride of an
        ``exact`` encoder is that of the lattice: :meth:`with_stride`.
    centre, spread
        The graph's input is ``(scaled - centre) / spread``, one number or one for each band; a pixel that is not
        valid enters as 0.
    kind
        ``dense``, ``tokens`` or ``exact``.
    window_tokens, drop_tokens
        Of ``tokens``: side of the window, and how many rings of tokens at its border are dropped.
    input_px
        Of ``exact``: side of the square that the graph resizes a patch to.
    pooling, stage, precision, checkpoint_sha256, fidelity, verified
        How the graph was made, of what, how near it is to the full precision, and whether its loader was held
        against the official one.
    licence_text
        Text of a licence that goes wherever the graph goes; empty where there is none.
    device, threads
        See :func:`open_session`.

    Raises
    ------
    EncoderError
        The settings contradict each other.
    """

    id: str
    onnx: bytes
    bands: tuple[str, ...]
    value_range: tuple[float, float]
    dimension: int
    stride_px: int
    margin_px: int
    centre: Number
    spread: Number
    licence: str
    citation: str
    kind: str = "dense"
    window_tokens: int = 0
    drop_tokens: int = 0
    input_px: int = 0
    pooling: str = ""
    stage: int | None = None
    precision: str = "fp32"
    checkpoint_sha256: str = ""
    fidelity: Mapping[str, Any] | None = None
    verified: bool = True
    licence_text: str = ""
    device: str = "cpu"
    threads: int | None = None

    def __post_init__(self) -> None:
        """Check what the rest of the house relies on."""
        if self.kind not in KINDS:
            raise EncoderError(f"{self.id} is of a kind that is not known here, {self.kind!r}",
                               remedy="update the plugin")  # fmt: skip
        for name in ("centre", "spread"):
            value = getattr(self, name)
            if isinstance(value, (list, tuple)):
                object.__setattr__(self, name, tuple(float(number) for number in value))
                if len(value) != len(self.bands):
                    raise EncoderError(f"{self.id} has {len(self.bands)} bands and a {name} for {len(value)}")
        if self.kind == "tokens" and not 0 <= 2 * self.drop_tokens < self.window_tokens:
            raise EncoderError(
                f"{self.id} has windows of {self.window_tokens} tokens, of which nothing is left after "
                f"{self.drop_tokens} at each border"
            )

    @functools.cached_property
    def sha256(self) -> str:
        """Digest of the graph."""
        return hashlib.sha256(self.onnx).hexdigest()

    @functools.cached_property
    def identity(self) -> str:
        """Digest of everything that a vector depends on besides the pixels: the graph and its settings."""
        names = ("sha256", "kind", "bands", "value_range", "stride_px", "margin_px", "centre", "spread",
                 "window_tokens", "drop_tokens")  # fmt: skip
        return hashlib.sha256(json.dumps([getattr(self, name) for name in names]).encode()).hexdigest()

    @property
    def computed(self) -> str:
        """``on cuda`` and the like; empty on the CPU."""
        return "" if self.device == "cpu" else f"on {self.device}"

    @property
    def reach_px(self) -> int:
        """How far beyond its own cell (or patch) a vector sees, in pixels."""
        if self.kind == "tokens":
            return (self.window_tokens - self.drop_tokens - 1) * self.stride_px
        return self.margin_px if self.kind == "dense" else 0

    @property
    def kept_tokens(self) -> int:
        """Side of what is kept of a window, in tokens; 0 where there are none."""
        return self.window_tokens - 2 * self.drop_tokens

    @property
    def blocks(self) -> tuple[int, ...]:
        """Lengths of the parts of a vector that come from different encoders: this one's only."""
        return (self.dimension,)

    @property
    def graphs(self) -> dict[str, bytes]:
        """The graph by the name of its part in a model file."""
        return {"encoder.onnx": self.onnx}

    @property
    def batch(self) -> int:
        """How many windows are best handed to :meth:`encode` at once."""
        return self._batches.size

    @property
    def tile_px(self) -> int:
        """Side of a tile on which the encoder can be tried."""
        if self.kind == "tokens":
            return self.window_tokens * self.stride_px
        return 4 * self.stride_px + 2 * self.margin_px if self.kind == "dense" else self.input_px or 64

    def with_stride(self: Own, stride_px: int) -> Own:
        """Return the encoder on a lattice of another stride; only where the stride is no property of the encoder.

        Raises
        ------
        EncoderError
            Its cells have a size of their own.
        """
        if stride_px == self.stride_px:
            return self
        if self.kind != "exact":
            raise EncoderError(f"{self.id} has cells of {self.stride_px} pixels, the lattice of {stride_px}")
        return dataclasses.replace(self, stride_px=stride_px)

    def with_threads(self: Own, threads: int | None) -> Own:
        """Return the encoder on so many threads; a GPU takes no notice of them."""
        return self if self.device != "cpu" or threads == self.threads else dataclasses.replace(self, threads=threads)

    @functools.cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        return open_session(self.onnx, device=self.device, threads=self.threads)

    @functools.cached_property
    def _shaped(self) -> FixedShapeSessions:
        return FixedShapeSessions(self.onnx, self.device, self.threads)

    def _run(self, pixels: NDArray[np.float32]) -> NDArray[Any]:
        if self.device in FIXED_SHAPES:
            return self._shaped.run(pixels)[0]
        return run_session(self._session, {"pixels": pixels})[0]

    @functools.cached_property
    def _batches(self) -> Batches:
        return Batches(first_size(self.device, len(self.bands) * self.tile_px**2))

    def scaled(self, pixels: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return what the graph sees: values of the range to 0..1 (clipped), centred; 0 where not valid."""
        low, high = self.value_range
        scaled = np.subtract(pixels, np.float32(low), dtype=np.float32)
        scaled *= np.float32(1.0 / (high - low))
        np.clip(scaled, 0.0, 1.0, out=scaled)
        scaled -= _by_band(self.centre)
        scaled *= _by_band(np.reciprocal(np.asarray(self.spread, dtype=np.float64)))
        if not valid.all():
            scaled *= valid[:, None]
        return scaled

    def encode(self, pixels: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Turn pixels into vectors.

        Parameters
        ----------
        pixels
            float32 (B, C, H, W), in the raster's values, of the size that the kind asks for.
        valid
            bool (B, H, W).

        Returns
        -------
        float32: ``dense`` (B, D, h, w); ``tokens`` (B, D, k, k), the inner tokens that are kept; ``exact`` (B, D).

        Raises
        ------
        EncoderError
            The window has another size or other bands than the encoder takes, or the graph makes something else than
            it states.
        OutOfGraphMemory
            Not even one window fits into the device's memory.
        """
        if pixels.shape[1] != len(self.bands):
            raise EncoderError(f"{self.id} looks at {', '.join(self.bands)} but got {pixels.shape[1]} bands",
                               remedy="choose the bands that the model was trained on with --bands")  # fmt: skip
        expected = self._shape(*pixels.shape[2:])

        def compute(part: NDArray[np.float32]) -> NDArray[np.float32]:
            made = self._run(part)
            if made.dtype != np.float32 or made.shape != (len(part), *expected):
                raise EncoderError(
                    f"the graph of {self.id} made {made.dtype} {made.shape} of {part.shape}, not what it states",
                    remedy="do not use this model",
                )
            return made

        scaled = self.scaled(pixels, valid)
        if self.kind == "dense":
            return compute(scaled)
        result = self._batches.run(compute, scaled)
        if self.kind == "exact":
            return result
        kept = slice(self.drop_tokens, self.window_tokens - self.drop_tokens)
        return result[:, :, kept, kept]

    def _shape(self, height: int, width: int) -> tuple[int, ...]:
        """Return the shape of what the graph makes of one window of this size; refuse another size than it takes."""
        if self.kind == "exact":
            if height != width or not height:
                raise EncoderError(f"{self.id} looks at squares, not at windows of {height} x {width} pixels")
            return (self.dimension,)
        if self.kind == "tokens":
            side = self.window_tokens * self.stride_px
            if (height, width) != (side, side):
                raise EncoderError(
                    f"{self.id} looks at windows of {side} pixels a side, not of {height} x {width}"
                )
            return self.dimension, self.window_tokens, self.window_tokens
        for side in (height, width):
            if side - 2 * self.margin_px < self.stride_px or (side - 2 * self.margin_px) % self.stride_px:
                raise EncoderError(
                    f"a window of {side} pixels is no whole number of cells of {self.stride_px} "
                    f"with margins of {self.margin_px}"
                )
        rows, cols = ((side - 2 * self.margin_px) // self.stride_px for side in (height, width))
        return self.dimension, rows, cols

    def metadata(self) -> dict[str, Any]:
        """Return what a model file says about the encoder (without ``embedded``).

        A dense encoder with one centre and spread says what the first release reads, and more only where there is
        more to say.
        """
        first = ("id", "sha256", "kind", "licence", "citation", "stride_px", "margin_px", "dimension", "centre",
                 "spread")  # fmt: skip
        about = {name: getattr(self, name) for name in first}
        for name in ("centre", "spread"):
            if isinstance(about[name], tuple):
                about[name] = list(about[name])
        more = {name: getattr(self, name) for name in _MORE}
        if not self.plain:
            return about | {"reach_px": self.reach_px} | more
        return about | {name: value for name, value in more.items() if value != _MORE[name]}

    @property
    def plain(self) -> bool:
        """Whether the first release of model files can describe it: dense, with one centre and spread."""
        return self.kind == "dense" and not isinstance(self.centre, tuple) and not isinstance(self.spread, tuple)


# What else a model file says about an encoder, and what it is where nothing is said.
_MORE: dict[str, Any] = {
    field.name: field.default for field in dataclasses.fields(OnnxEncoder)
    if field.name in ("window_tokens", "drop_tokens", "input_px", "pooling", "stage", "precision",
                      "checkpoint_sha256", "fidelity", "verified")
}  # fmt: skip


def _by_band(value: Any) -> NDArray[np.float32]:
    """Return a number, or numbers (C,) so that they meet the bands of (B, C, H, W)."""
    numbers = np.asarray(value, dtype=np.float32)
    return numbers if numbers.ndim == 0 else numbers[:, None, None]
