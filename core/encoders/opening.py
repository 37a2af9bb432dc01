"""Opens encoders for training by what is asked for, and for models that come without theirs."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from botaclip.core.encoder_metadata import parts_of
from botaclip.core.encoders import embedded
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.fit import select_roles
from botaclip.core.encoders.graph import Graph, GraphAbout
from botaclip.core.encoders.graphs import TileReader, graph_of
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.encoders.notice import notice
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.spec import EncoderSpec
from botaclip.core.encoders.store import Store
from botaclip.core.errors import BotaclipError, EncoderError, EnvironmentMissing
from botaclip.core.progress import SILENT, Progress


def open_encoder(
    specs: Sequence[EncoderSpec], *, roles: Sequence[str], value_range: tuple[float, float], where: str = "",
    tiles: TileReader | None = None, device: str = "cpu", threads: int | None = None, progress: Progress = SILENT,
) -> Encoder:
    """Return the encoder, or several joined, that a training asks for.

    Parameters
    ----------
    specs
        What is asked for; several are joined in this order.
    roles
        Bands of the raster.
    value_range
        Pixel values that become 0 and 1.
    where
        The raster's name, for errors.
    tiles
        See :func:`~botaclip.core.encoders.graphs.graph_of`.
    device, threads
        See :func:`~botaclip.core.encoders.onnx_session.open_session`.
    progress
        Told how far it is.

    Raises
    ------
    EncoderError
        There is no such encoder, it is not installed, cannot be used so, or needs a band that the raster has not.
    EnvironmentMissing
        It has to be exported first, and torch is not installed.
    """
    store = Store()
    opened = []
    for number, spec in enumerate(specs):
        record = store.record(spec.name)
        bands = select_roles(record, roles, where=where)
        share = progress.stage(number / len(specs), (number + 1) / len(specs))
        graph = graph_of(spec, bands, tiles=tiles, store=store, progress=share)
        opened.append(_encoder(record, graph, store, value_range, device, threads))
    return opened[0] if len(opened) == 1 else JoinedEncoder(tuple(opened))


def get(
    name: str, *, bands: Sequence[str], value_range: tuple[float, float], device: str = "cpu",
    threads: int | None = None,
) -> Encoder:
    """Return one encoder by name as its record has it; see :func:`open_encoder`."""
    return open_encoder(
        [EncoderSpec(name)], roles=bands, value_range=value_range, device=device, threads=threads
    )


def of_model(metadata: Mapping[str, Any], *, device: str = "cpu", threads: int | None = None) -> Encoder:
    """Return the encoder of a model that does not carry it: from this installation.

    A graph of the same digest is taken; else one that is made of the same checkpoint in the same way, which differs
    by no more than what two exports of one network do.

    Raises
    ------
    EncoderError
        It is not at hand, or what is at hand is another.
    """
    about = metadata["encoder"]
    low, high = (float(value) for value in metadata["value_range"])
    roles = [str(band["role"]) for band in metadata["bands"]]
    parts = [{"bands": roles, **part} for part in parts_of(about)]
    opened = [_one_of_model(part, (low, high), device, threads) for part in parts]
    return opened[0] if len(opened) == 1 else JoinedEncoder(tuple(opened))


def _one_of_model(
    about: Mapping[str, Any], value_range: tuple[float, float], device: str, threads: int | None
) -> OnnxEncoder:
    name, bands = str(about["id"]), tuple(str(role) for role in about["bands"])
    store = Store()
    spec = EncoderSpec(
        name, mode=str(about.get("kind") or "dense"), precision=str(about.get("precision") or "fp32"),
        pooling=str(about.get("pooling") or "auto"), stage=about.get("stage"),
    )  # fmt: skip
    try:
        record = store.record(name)
        graph = _of_digest(store, record, str(about["sha256"])) or graph_of(spec, bands, store=store)
    except EnvironmentMissing:
        raise
    except BotaclipError as error:
        raise EncoderError(
            f"the model needs the encoder {name}, which it does not carry: {error.found}",
            remedy=f"{error.remedy or 'import it again'}, or ask for a model made with --embed-encoder yes",
        ) from error
    sha256 = hashlib.sha256(graph.onnx).hexdigest()
    if sha256 != about["sha256"] and not _same_use(graph.about, about):
        raise EncoderError(
            f"the encoder {name} at hand is not the one the model was trained with",
            remedy="import the file it was trained with, update the plugin, or retrain the model",
        )
    # How pixels are scaled and windows laid is the model's to say: the record at hand may have changed meanwhile.
    return embedded.described(
        graph.onnx, {**about, "sha256": sha256}, value_range, bands=bands,
        licence_text=notice(record, store.installed(record.id)), device=device, threads=threads,
    )  # fmt: skip


def _same_use(graph: GraphAbout, about: Mapping[str, Any]) -> bool:
    """Whether another export of the same checkpoint computes what a model describes."""
    checkpoint = str(about.get("checkpoint_sha256") or "")
    numbers = ("dimension", "window_tokens", "drop_tokens")
    sizes = all(int(about.get(key) or 0) == getattr(graph, key) for key in numbers)
    if graph.mode == "exact":
        sizes = sizes and int(about.get("input_px") or 0) == graph.input_px
    else:
        sizes = sizes and int(about["stride_px"]) == graph.stride_px and int(about["margin_px"]) == graph.margin_px
    return checkpoint != "" and checkpoint == graph.checkpoint_sha256 and sizes


def _of_digest(store: Store, record: EncoderRecord, sha256: str) -> Graph | None:
    """Return the kept graph of that digest; it needs no torch."""
    if record.architecture == "builtin":
        return None
    for kept in store.graphs(record.id):
        if kept.sha256 == sha256:
            with contextlib.suppress(EncoderError):
                return Graph(kept.read(), GraphAbout.from_json(kept.about))
    return None


def _encoder(
    record: EncoderRecord, graph: Graph, store: Store, value_range: tuple[float, float], device: str,
    threads: int | None,
) -> OnnxEncoder:
    about = graph.about
    centre, spread = (
        values[0] if len(values) == 1 else values for values in (about.centre, about.spread)
    )
    return OnnxEncoder(
        id=record.id, onnx=graph.onnx, bands=about.bands, value_range=value_range, dimension=about.dimension,
        # The lattice chooses the stride of mode exact.
        stride_px=about.stride_px or 1, margin_px=about.margin_px, centre=centre, spread=spread,
        licence=record.licence, citation=record.citation, kind=about.mode, window_tokens=about.window_tokens,
        drop_tokens=about.drop_tokens, input_px=about.input_px if about.mode == "exact" else 0, pooling=about.pooling,
        stage=about.stage, precision=about.precision, checkpoint_sha256=about.checkpoint_sha256,
        fidelity=dict(about.fidelity) or None, verified=record.verified,
        licence_text=notice(record, store.installed(record.id)), device=device, threads=threads,
    )  # fmt: skip
