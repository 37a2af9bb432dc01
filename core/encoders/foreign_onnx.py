"""Any ONNX file as an encoder: what it takes and gives is mapped to what this house hands over and expects.

Files made for the QGIS plugin Deepness describe themselves in their metadata (its documentation lists the keys:
https://qgis-plugin-deepness.readthedocs.io/en/latest/creators/creators_add_metadata_to_model.html); what they say of
bands, size and normalisation is read. Everything that a file leaves open is asked for, not guessed.

Needs ``onnx`` (environment set ``train``).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botaclip.core.encoders.foreign_wrapping import Made, Port, Wrapping, inner_values, load_foreign, ports, wrap
from botaclip.core.encoders.graph import Graph, GraphAbout
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.store import check_unaltered, digest
from botaclip.core.errors import EncoderError

if TYPE_CHECKING:
    from botaclip.core.encoders.settings import Settings
    from botaclip.core.encoders.store import Installed

# Deepness hands every model its 8-bit pixels divided by this.
_DEEPNESS_RANGE = (0.0, 255.0)
_DEEPNESS_TYPES = ("Segmentor", "Regressor", "Detector", "Recognition", "Superresolution")
_LEAST_TOKEN_PX = 4
_MOST_NAMED = 12


@dataclasses.dataclass(frozen=True)
class ForeignGraph:
    """What an ONNX file says about itself.

    Parameters
    ----------
    inputs, outputs
        Its ends, with types and shapes.
    inner
        Names of the values in between; any of them can be taken as output.
    metadata
        Its notes, as text.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    inner: tuple[str, ...]
    metadata: Mapping[str, str]

    def note(self, *names: str) -> Any:
        """Return the first of these notes that is there, as JSON where it is JSON; None where none is."""
        for name in names:
            if name in self.metadata:
                text = self.metadata[name]
                try:
                    return json.loads(text)
                except ValueError:
                    return text
        return None

    @property
    def model_type(self) -> str:
        """Deepness' kind of model, empty where the file was not made for it."""
        found = str(self.note("model_type") or "").capitalize()
        return found if found in _DEEPNESS_TYPES else ""

    @property
    def deepness(self) -> bool:
        """Whether the file was made for Deepness."""
        return bool(self.model_type) or "standardization_mean" in self.metadata


def read_foreign(path: Path) -> ForeignGraph:
    """Return what an ONNX file says about itself.

    Raises
    ------
    EncoderError
        It is no ONNX graph, or one that reaches outside itself: external data, operators of a vendor, loops.
    """
    return _described(load_foreign(Path(path)))


def _described(model: Any) -> ForeignGraph:
    inputs, outputs = ports(model)
    metadata = {item.key: item.value for item in model.metadata_props}
    return ForeignGraph(inputs, outputs, inner_values(model), metadata)


def adopt(
    path: Path,
    *,
    name: str = "",
    input_name: str | None = None,
    output_name: str | None = None,
    bands: Sequence[str] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    value_range: tuple[float, float] | None = None,
    input_px: int | None = None,
    window_px: int | None = None,
    drop_tokens: int | None = None,
    gsd_m: tuple[float, float] | None = None,
    mode: str = "auto",
    title: str = "",
    licence: str = "",
    citation: str = "",
) -> tuple[bytes, EncoderRecord, GraphAbout]:
    """Return an ONNX file as a graph of this house, with the record that describes it.

    Parameters
    ----------
    path
        The file.
    name
        Id of the record; empty: made of the file's name.
    input_name
        None: its only input.
    output_name
        An output or any value in between (the end of the encoder of a segmentation model). None: its only output.
    bands
        Roles of its channels, in order. None: as its notes say.
    mean, std
        Of each band, or one for all, in units of ``value_range``: the graph is given ``(value - mean) / std``. 0 and 1
        hand over the values as they are, 0 and 255 bring 0..255 to 0..1. None: as its notes say.
    value_range
        Pixel values of its training; None: as its notes say, else 0 to 255.
    input_px
        Side of its input, where the file leaves it open.
    window_px, drop_tokens
        Mode ``tokens``: see :class:`~botaclip.core.encoders.record.EncoderRecord`.
    gsd_m
        Ground sample distances of its training, finest and coarsest.
    mode
        ``exact``, ``tokens`` or ``auto`` (``exact``): of the graph that is returned; the record allows what it can.
    title, licence, citation
        Of the record.

    Raises
    ------
    EncoderError
        The file is refused, leaves something open that is not said here, or its numbers are no vectors of an image;
        the sentence names what was found.
    """
    path = Path(path)
    model = load_foreign(path)
    foreign = _described(model)
    entry = _input(foreign, input_name, path.name)
    wanted = _output(foreign, output_name, path.name)
    roles = _bands(foreign, bands, entry, path.name)
    layout = entry.layout(len(roles), path.name)
    low, high = _value_range(foreign, value_range, path.name)
    means, stds = _normalisation(foreign, entry, mean, std, (low, high), len(roles), path.name)
    side = _side(foreign, entry, layout, input_px, path.name)
    wrapping = Wrapping(entry.name, wanted, layout, len(roles), side, where=path.name)
    graph, made = wrap(model, wrapping, "exact")
    modes = ("exact", "tokens") if made.token_px >= _LEAST_TOKEN_PX and made.tokens > 1 else ("exact",)
    fixed = entry.fixed_side(layout)
    window = fixed or window_px or side
    token_px = made.token_px or side
    record = EncoderRecord(
        id=name or _slug(path.stem), title=title or path.stem, architecture="onnx",
        variant={"input": entry.name, "output": wanted, "layout": layout}, file=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(), size_bytes=path.stat().st_size, licence=licence,
        bands=roles, value_range=(low, high), mean=dict(zip(roles, means, strict=True)),
        std=dict(zip(roles, stds, strict=True)), input_px=side, token_px=token_px, window_px=window,
        drop_tokens=_drop(drop_tokens, window // token_px), dimension=made.dimension, modes=modes, poolings=("mean",),
        citation=citation, notes=" ".join(_notes(foreign, output_name, made.one_at_a_time)),
        **_resolution(foreign, gsd_m, path.name),
    )  # fmt: skip
    if mode == "auto" or mode == "exact":
        return graph, record, _about(record, "exact", record.sha256, made.dimension, 0)
    graph, made = _in_mode(model, record, mode)
    return graph, record, _about(record, mode, record.sha256, made.dimension, made.token_px)


def graph_of_file(installed: Installed, settings: Settings) -> Graph:
    """Return the graph of an ONNX file in the store, as its record says.

    Raises
    ------
    EncoderError
        As for :func:`adopt`; or the file is not the one that came in.
    """
    record = installed.record
    check_unaltered(installed, digest(installed.checkpoint))
    if tuple(settings.bands) != record.bands:
        raise EncoderError(
            f"{record.id} looks at {', '.join(record.bands)}, not at {', '.join(settings.bands)}",
            remedy="choose these bands with --bands",
        )
    graph, made = _in_mode(load_foreign(installed.checkpoint), record, settings.mode)
    token_px = made.token_px if settings.mode == "tokens" else 0
    return Graph(graph, _about(record, settings.mode, installed.sha256, made.dimension, token_px))


def _in_mode(model: Any, record: EncoderRecord, mode: str) -> tuple[bytes, Made]:
    if mode not in record.modes:
        raise EncoderError(f"{record.id} has no mode {mode}", remedy=f"use --mode {' or '.join(record.modes)}")
    lacking = [key for key in ("input", "output", "layout") if not isinstance(record.variant.get(key), str)]
    if lacking:
        raise EncoderError(
            f"the record does not say its {', '.join(lacking)}", where=record.id, remedy="import the ONNX file again"
        )
    entry, made, layout = (str(record.variant[key]) for key in ("input", "output", "layout"))
    side = record.input_px if mode == "exact" else record.window_px
    return wrap(model, Wrapping(entry, made, layout, len(record.bands), side, where=record.id), mode)


def _about(record: EncoderRecord, mode: str, sha256: str, dimension: int, token_px: int) -> GraphAbout:
    low, high = record.value_range
    span = high - low
    return GraphAbout(
        mode=mode, bands=record.bands, dimension=dimension, stride_px=token_px,
        centre=tuple((record.mean[role] - low) / span for role in record.bands),
        spread=tuple(record.std[role] / span for role in record.bands),
        input_px=record.input_px if mode == "exact" else record.window_px,
        window_tokens=record.window_px // token_px if mode == "tokens" else 0,
        drop_tokens=record.drop_tokens if mode == "tokens" else 0, pooling="mean" if mode == "exact" else "",
        checkpoint_sha256=sha256,
    )  # fmt: skip


def _input(foreign: ForeignGraph, name: str | None, where: str) -> Port:
    if name is None and len(foreign.inputs) == 1:
        return foreign.inputs[0]
    found = [port for port in foreign.inputs if port.name == name]
    if found and len(foreign.inputs) == 1:
        return found[0]
    listed = "; ".join(port.words for port in foreign.inputs)
    if found:
        raise EncoderError(
            f"it has {len(foreign.inputs)} inputs ({listed}), and an image is all that it could be given", where=where,
            remedy="export it with the image as its only input",
        )  # fmt: skip
    what = f"it has no input {name!r}" if name is not None else f"it has {len(foreign.inputs)} inputs"
    raise EncoderError(f"{what}; found: {listed}", where=where, remedy="name one with --input-name")


def _output(foreign: ForeignGraph, name: str | None, where: str) -> str:
    listed = "; ".join(port.words for port in foreign.outputs)
    if name is None:
        if foreign.model_type == "Detector":
            raise EncoderError(
                f"it is a detector, whose output ({listed}) is boxes and no vector", where=where,
                remedy="name the end of its encoder with --output-name",
            )  # fmt: skip
        if len(foreign.outputs) == 1:
            return foreign.outputs[0].name
        raise EncoderError(
            f"it has {len(foreign.outputs)} outputs: {listed}", where=where, remedy="name one with --output-name"
        )
    if name in {port.name for port in foreign.outputs} or name in foreign.inner:
        return name
    last = ", ".join(foreign.inner[-_MOST_NAMED:])
    raise EncoderError(
        f"it has no output or inner value {name!r}; outputs: {listed}; the last values before them: {last}",
        where=where, remedy="name one of these with --output-name",
    )  # fmt: skip


def _bands(foreign: ForeignGraph, bands: Sequence[str] | None, entry: Port, where: str) -> tuple[str, ...]:
    noted = foreign.note("bands")
    if isinstance(noted, str):
        noted = [part.strip() for part in noted.split(",")]
    chosen = tuple(bands or (noted if isinstance(noted, list) else ()))
    count = entry.channels
    if not chosen and foreign.deepness and count == 3:
        chosen = ("red", "green", "blue")
    if not chosen:
        says = f"its {count} channels have" if count else "its channels have"
        raise EncoderError(
            f"{says} no names (input {entry.words})", where=where,
            remedy="name them in order with --bands, for example red,green,blue",
        )  # fmt: skip
    if count and count != len(chosen):
        raise EncoderError(
            f"its input {entry.words} has {count} channels, and {len(chosen)} bands are named", where=where,
            remedy="name one band for each channel with --bands",
        )  # fmt: skip
    return tuple(str(role) for role in chosen)


def _value_range(
    foreign: ForeignGraph, value_range: tuple[float, float] | None, where: str
) -> tuple[float, float]:
    noted = value_range if value_range is not None else foreign.note("value_range")
    if noted is None:
        return _DEEPNESS_RANGE
    numbers = _numbers(noted, "value_range", where)
    if len(numbers) != 2 or not numbers[0] < numbers[1]:
        raise EncoderError(f"its value range cannot be {noted}", where=where, remedy="give --value-range 0,255")
    return numbers[0], numbers[1]


def _normalisation(
    foreign: ForeignGraph, entry: Port, mean: Sequence[float] | None, std: Sequence[float] | None,
    span: tuple[float, float], count: int, where: str,
) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of each band in units of the value range."""
    if (mean is None) != (std is None):
        raise EncoderError("only one of mean and standard deviation is given", where=where,
                           remedy="give both --mean and --std")  # fmt: skip
    plain = foreign.note("mean"), foreign.note("std")
    if mean is not None and std is not None:
        means, stds = list(mean), list(std)
    elif "standardization_mean" in foreign.metadata and "standardization_std" in foreign.metadata:
        # Deepness divides by 255 first; its mean and spread are those of 0..1.
        means, stds = (
            [255.0 * value for value in _numbers(foreign.note(key), key, where)]
            for key in ("standardization_mean", "standardization_std")
        )
    elif None not in plain:
        means, stds = (_numbers(value, key, where) for value, key in zip(plain, ("mean", "std"), strict=True))
    elif foreign.deepness:
        means, stds = [0.0], [255.0]
    elif entry.kind == "uint8":
        means, stds = [0.0], [1.0]
    else:
        raise EncoderError(
            "it does not say how the values of its input are normalised", where=where,
            remedy="give --mean and --std in units of --value-range; 0 and 1 hand values over as they are, 0 and 255 "
            "bring 0..255 to 0..1",
        )  # fmt: skip
    means, stds = ([float(value) for value in (values * count if len(values) == 1 else values)]
                   for values in (means, stds))  # fmt: skip
    if len(means) != count or len(stds) != count:
        raise EncoderError(
            f"mean and standard deviation are of {len(means)} and {len(stds)} bands, the input has {count}",
            where=where, remedy="give one of each for every band",
        )  # fmt: skip
    if min(stds) <= 0:
        raise EncoderError(f"a standard deviation cannot be {min(stds):g}", where=where, remedy="give numbers above 0")
    if 0 < max(means) <= 1 and max(stds) < 1 and span[1] - span[0] > 2:
        raise EncoderError(
            f"mean {means[0]:g} and standard deviation {stds[0]:g} look like those of values in 0..1, but the value "
            f"range is {span[0]:g} to {span[1]:g}", where=where,
            remedy="multiply them by 255, or give the --value-range that they are of",
        )  # fmt: skip
    return means, stds


def _side(foreign: ForeignGraph, entry: Port, layout: str, input_px: int | None, where: str) -> int:
    fixed = entry.fixed_side(layout, where)
    if fixed and input_px and input_px != fixed:
        raise EncoderError(
            f"its input is {fixed} pixels a side and cannot be {input_px}", where=where, remedy="leave --input-size out"
        )
    noted = foreign.note("tile_size", "tiles_size", "input_size")
    side = fixed or input_px or (int(noted) if isinstance(noted, (int, float)) else 0)
    if side < 1:
        raise EncoderError(
            f"it takes images of any size (input {entry.words}) and does not say which it was trained on", where=where,
            remedy="give the side in pixels with --input-size",
        )  # fmt: skip
    return side


def _resolution(foreign: ForeignGraph, gsd_m: tuple[float, float] | None, where: str) -> dict[str, Any]:
    if gsd_m is not None:
        return {"gsd_m": (float(gsd_m[0]), float(gsd_m[1]))}
    noted = foreign.note("resolution") if foreign.deepness else None
    if noted is None:
        return {}
    centimetres = _numbers([noted], "resolution", where)[0]
    return {"gsd_m": (centimetres / 100, centimetres / 100)} if centimetres > 0 else {}


def _notes(foreign: ForeignGraph, output_name: str | None, one_at_a_time: bool) -> list[str]:
    notes = []
    if foreign.model_type and output_name is None:
        meant = {"Segmentor": "class scores", "Regressor": "predicted values"}.get(foreign.model_type, "output")
        notes.append(f"A {foreign.model_type} of Deepness: its {meant} are the vector, as no other output was named.")
    if one_at_a_time:
        notes.append("It takes one image at a time.")
    return notes


def _drop(asked: int | None, tokens: int) -> int:
    most = max(0, (tokens - 1) // 2)
    return min(2 if asked is None else asked, most)


def _numbers(value: Any, key: str, where: str) -> list[float]:
    if isinstance(value, str):
        value = [part for part in re.split(r"[,;\s]+", value.strip(" []()")) if part]
    try:
        return [float(number) for number in (value if isinstance(value, (list, tuple)) else [value])]
    except (TypeError, ValueError):
        raise EncoderError(
            f"its note {key} is no list of numbers ({str(value)[:60]})", where=where, remedy="correct the file's notes"
        ) from None


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:64] or "onnx"
