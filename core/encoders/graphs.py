"""The ONNX graph of an encoder: built in, kept from before, or exported from its checkpoint on first use."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from botaclip.core.band_names import wavelength_um
from botaclip.core.encoders import colour_texture, random_conv
from botaclip.core.encoders.architecture import build
from botaclip.core.encoders.graph import Graph, GraphAbout
from botaclip.core.encoders.normalisation import normalisation
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.settings import Settings
from botaclip.core.encoders.spec import EncoderSpec
from botaclip.core.encoders.store import Installed, Store, check_unaltered
from botaclip.core.errors import EncoderError, EnvironmentMissing
from botaclip.core.progress import SILENT, Progress

if TYPE_CHECKING:
    from botaclip.core.encoders.frozen import FrozenEncoder

# Given bands, their centre and spread, and the side in pixels: normalised windows (C, side, side) of a raster.
TileReader = Callable[[Sequence[str], Sequence[float], Sequence[float], int], Sequence[NDArray[np.float32]]]

BUILT_IN = {"random-conv": random_conv, "colour-texture": colour_texture}


def graph_of(
    spec: EncoderSpec, bands: Sequence[str], *, tiles: TileReader | None = None, anew: bool = False,
    store: Store | None = None, progress: Progress = SILENT,
) -> Graph:
    """Return the graph that a spec asks for.

    It is kept with the encoder, so that only its first use needs torch and takes time.

    Parameters
    ----------
    spec
        Which encoder, and how it is to be used.
    bands
        Roles that it will look at, in order.
    tiles
        Windows of a raster, on which a lower precision is measured; without them, on noise. Convolutional encoders
        in int8 are calibrated on them, but only when a graph is made ``anew``: on purpose, not in passing.
    anew
        Whether a graph that is kept is made again.
    store
        Where encoders lie; not given: the user's.
    progress
        Told how far it is.

    Raises
    ------
    EncoderError
        There is no such encoder, it is not installed, or cannot be used so.
    EnvironmentMissing
        It has to be exported and torch is not installed.
    """
    store = Store() if store is None else store
    record = store.record(spec.name)
    settings = Settings.of(spec, record, bands)
    if record.architecture == "builtin":
        return _built_in(record, settings)
    installed = required(store, record)
    key = settings.key(installed.sha256, record)
    kept = None if anew else store.graph(record.id, key)
    if kept is not None:
        return Graph(kept.read(), GraphAbout.from_json(kept.about))
    if settings.precision == "fp32":
        progress.info(f"The encoder {record.id} is made ready for use; this is done once and takes up to some minutes.")
        graph = exported(installed, settings, progress)
    else:
        full = dataclasses.replace(spec, precision="fp32")
        graph = graph_of(full, bands, tiles=tiles, store=store, progress=progress.stage(0.0, 0.6))
        graph = _in_precision(record, settings, graph, tiles, calibrate=anew, progress=progress.stage(0.6, 1.0))
    store.put_graph(record.id, key, graph.onnx, graph.about.to_json())
    return graph


def required(store: Store, record: EncoderRecord) -> Installed:
    """Return what is installed of an encoder.

    Raises
    ------
    EncoderError
        Nothing is, or it is damaged.
    """
    installed = store.installed(record.id)
    if installed is None:
        problem = store.problem(record.id)
        if problem:
            raise EncoderError(problem)
        raise EncoderError(
            f"the encoder {record.id} is not installed",
            remedy=f"botaclip encoders show {record.id} says how to get it (in QGIS: the algorithm Encoders)",
        )
    return installed


def built(installed: Installed, settings: Settings) -> FrozenEncoder:
    """Return an installed encoder as a torch module.

    Raises
    ------
    EncoderError
        The checkpoint does not fit, or is not the one that came in.
    EnvironmentMissing
        torch is not installed.
    """
    record = installed.record
    try:
        from botaclip.core.encoders.checkpoint import read_checkpoint
    except ModuleNotFoundError as error:
        raise _no_torch(record, error) from error
    checkpoint = read_checkpoint(installed.checkpoint, refused=record.refused)
    check_unaltered(installed, checkpoint.sha256)
    wavelengths = [wavelength_um(role) for role in settings.bands]
    known = [wavelength for wavelength in wavelengths if wavelength is not None]
    return build(
        record, checkpoint.state, bands=settings.bands,
        wavelengths=known if len(known) == len(wavelengths) else None, stage=settings.stage,
    )  # fmt: skip


def exported(installed: Installed, settings: Settings, progress: Progress = SILENT) -> Graph:
    """Return the graph of an installed encoder in full precision; see :func:`graph_of`."""
    record = installed.record
    if record.architecture == "onnx":
        from botaclip.core.encoders.foreign_onnx import graph_of_file

        return graph_of_file(installed, settings)
    try:
        from botaclip.core.encoders.export import export_graph
    except ModuleNotFoundError as error:
        raise _no_torch(record, error) from error
    module = built(installed, settings)
    about = about_of(module, installed, settings)
    onnx = export_graph(
        module, mode=settings.mode, channels=len(settings.bands), pooling=settings.pooling or "mean",
        window_px=record.window_px if settings.mode == "tokens" else None,
        input_px=record.input_px if settings.mode == "exact" else None, progress=progress,
    )  # fmt: skip
    return Graph(onnx, about)


def about_of(module: FrozenEncoder, installed: Installed, settings: Settings) -> GraphAbout:
    """Return what a module's graph is, as these settings make it."""
    record, mode = installed.record, settings.mode
    centre, spread = normalisation(record, settings.bands)
    token_px = module.token_px
    return GraphAbout(
        mode=mode, bands=settings.bands, centre=centre, spread=spread,
        dimension=module.dimension * (2 if settings.pooling == "cls-mean" else 1),
        stride_px=0 if mode == "exact" else token_px, margin_px=module.margin_px if mode == "dense" else 0,
        input_px={"exact": record.input_px, "tokens": record.window_px, "dense": 0}[mode],
        window_tokens=record.window_px // token_px if mode == "tokens" else 0,
        # As many pixels at the border as the record says of its deepest map.
        drop_tokens=round(record.drop_tokens * record.token_px / token_px) if mode == "tokens" else 0,
        pooling=settings.pooling, stage=settings.stage, checkpoint_sha256=installed.sha256,
    )  # fmt: skip


def _built_in(record: EncoderRecord, settings: Settings) -> Graph:
    if settings.precision != "fp32":
        raise EncoderError(f"{record.id} is small as it is and has no precision {settings.precision}",
                           remedy="leave --precision out")  # fmt: skip
    maker = BUILT_IN[record.id]
    about = GraphAbout(
        mode="dense", bands=settings.bands, centre=(maker.CENTRE,), spread=(maker.SPREAD,),
        dimension=_built_in_dimension(record.id, settings.bands), stride_px=maker.STRIDE_PX, margin_px=maker.MARGIN_PX,
    )  # fmt: skip
    return Graph(_built_in_graph(record.id, settings.bands), about)


@functools.lru_cache(maxsize=8)
def _built_in_graph(name: str, bands: tuple[str, ...]) -> bytes:
    return BUILT_IN[name].build(bands)


def _built_in_dimension(name: str, bands: tuple[str, ...]) -> int:
    return BUILT_IN[name].dimension(len(bands))


def _in_precision(
    record: EncoderRecord, settings: Settings, full: Graph, tiles: TileReader | None, *, calibrate: bool,
    progress: Progress,
) -> Graph:
    try:
        from botaclip.core.encoders.fidelity import fidelity
        from botaclip.core.encoders.precision import convert
    except ModuleNotFoundError as error:
        raise _no_torch(record, error) from error
    about = full.about
    side = about.input_px or 24 * max(1, about.stride_px) + 2 * about.margin_px
    images = _noise(len(about.bands), side)
    if tiles is not None:
        images = list(tiles(about.bands, about.centre, about.spread, side))
    # Half of them to take scales from, the others to say what it cost: nothing is measured on what it was fitted to.
    onnx = convert(full.onnx, settings.precision, images[::2] if calibrate and tiles is not None else None,
                   name=record.id, progress=progress)  # fmt: skip
    measured = fidelity(full.onnx, onnx, images[1::2])
    where = "noise" if tiles is None else "tiles of the raster"
    progress.info(f"{record.id} in {settings.precision}, on {where}: {measured.words}.")
    return Graph(onnx, dataclasses.replace(
        about, precision=settings.precision, fidelity={**measured.to_json(), "on": where}
    ))  # fmt: skip


def _noise(bands: int, side: int) -> list[NDArray[np.float32]]:
    """Coarse and fine noise of the spread that normalised images have."""
    random = np.random.default_rng(0)
    images = []
    for _ in range(8):
        coarse = np.kron(random.standard_normal((bands, -(-side // 16), -(-side // 16))), np.ones((1, 16, 16)))
        images.append((coarse[:, :side, :side] + 0.3 * random.standard_normal((bands, side, side))).astype(np.float32))
    return images


def _no_torch(record: EncoderRecord, error: ModuleNotFoundError) -> Exception:
    if (error.name or "").split(".")[0] not in ("torch", "onnx", "timm", "torchvision"):
        return error
    return EnvironmentMissing(
        f"{record.id} has not been used here in this way yet, and to make it ready the package {error.name} is needed",
        remedy="botaclip setup --packages train",
    )
