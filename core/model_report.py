"""What a model file holds, in words and as JSON; and whether it is whole and safe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.encoder_metadata import LICENCE_PART, encoder_lines
from botaclip.core.encoders.notice import what_is_there
from botaclip.core.encoders.onnx_session import open_session, run_session
from botaclip.core.errors import EncoderError, ModelFileError
from botaclip.core.model import Model
from botaclip.core.model_card import LONGEST
from botaclip.core.model_file import ModelFile
from botaclip.core.progress import Progress
from botaclip.core.unfinished import unfinished

_SCORE = "tss_at_train_threshold"
_SPECIES_SHOWN = 400
_SITES_SHOWN = 40
_LETTERS_SHOWN = 120
_MOST_WIDE = 1_000_000  # species of a vegetation tower


def info(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip info``: species, scores, bands, patch, encoder, environment, training, licence, how to cite.

    Raises
    ------
    ModelFileError
        The file is no model file, damaged or made by a newer version.
    OutputError
        The JSON cannot be written.
    """
    model = Model.open(parameters["model"])
    about = describe(model)
    progress.update(1.0, "model read")
    if not parameters.get("output"):
        return {"model": about, "print": words(model)}
    with unfinished(Path(parameters["output"]), overwrite=bool(parameters.get("overwrite"))) as part:
        part.write_text(json.dumps(about, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    return {"model": about, "output": str(parameters["output"])}


def describe(model: Model) -> dict[str, Any]:
    """Return everything that is known about a model, without its arrays and its plot table."""
    plots = model.file.plots().get("plots", [])
    return {
        "path": str(model.file.path), "sha256": model.file.sha256,
        "size_bytes": model.file.path.stat().st_size, "plots": len(plots),
        "parts": {name: len(blob) for name, blob in sorted(model.file.parts.items())},
        "cell_m": model.lattice.cell_m, **model.metadata,
        **({"encoder_licence_text": _licence_text(model)} if LICENCE_PART in model.file.parts else {}),
    }


def words(model: Model) -> list[str]:
    """Return the same as lines of text."""
    data, encoder = model.metadata, model.metadata["encoder"]
    training = data["training"]
    lines = [
        f"{model.file.path.name}  ({model.file.path.stat().st_size / 2**20:.1f} MiB, SHA-256 {model.file.sha256})",
        f"made       {data['created']} with {_versions(data['versions'])}",
        f"bands      {', '.join(model.roles)}; values {data['value_range'][0]:g} to {data['value_range'][1]:g}",
        f"patch      {model.patch.size_m:g} m, {model.patch.cells} x {model.patch.cells} cells; "
        + model.lattice.describe(),
        f"encoder    {encoder['id']} ({'in the file' if encoder['embedded'] else 'not in the file'}, "
        f"{encoder.get('licence', 'licence not stated')}, SHA-256 {encoder['sha256']})",
        *(f"looks      {line}" for line in encoder_lines(encoder)),
        *_licence_in_it(model),
        f"alignment  {_alignment(data['alignment'])}",
        *_recipe(data["alignment"].get("recipe") or {}),
        *_vegeta(data.get("vegeta") or {}),
        *_continued(data.get("provenance")),
        *(f"needs      {_layer(layer)}, with the image" for layer in model.environment),
        f"relevés    {training.get('plots', '?')} plots, {data['data_type']}, cover {_scale(data['cover_scale'])}; "
        f"places of plots: {data['plot_locations']}",
        f"extent     {_extent(training.get('extent_wgs84'))}",
        f"dates      {_dates(training.get('dates'))}",
        *_sites(training),
        f"licence    {data.get('licence') or 'not stated'}",
        f"cite       {data.get('cite') or 'not stated'}",
        *_card(data.get("card")),
        *_scores(data.get("scores") or {}),
        f"{len(model.species)} species: presences, prevalence, threshold"
        + (" (relative suitability: presence-only data say nothing about probability)" if model.relative else ""),
    ]
    for kind in data["species"][:_SPECIES_SHOWN]:
        threshold = kind.get("threshold")
        lines.append(
            f"  {kind['name']:<40} {kind.get('presences', '?'):>6}  {kind.get('prevalence', float('nan')):>6.3f}  "
            + ("     -" if threshold is None else f"{threshold:>6.3f}")
        )
    if len(model.species) > _SPECIES_SHOWN:
        lines.append(f"  ... and {len(model.species) - _SPECIES_SHOWN} more")
    return lines


def _card(card: Any) -> list[str]:
    """Return the model's card, where it has one, apart from the rest."""
    lines = str(card)[:LONGEST].splitlines() if isinstance(card, str) and card else []
    return ["card", *(f"  {line}".rstrip() for line in lines)] if lines else []


def _versions(versions: dict[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))


def _scale(scale: Any) -> str:
    return f"{scale.get('name')} ({scale.get('source')})" if isinstance(scale, dict) else str(scale)


def _alignment(alignment: dict[str, Any]) -> str:
    """Return what was trained: a weight only where there is a regulariser to weigh, steps only where any were taken."""
    chosen, weight, steps = (alignment.get(key) for key in ("chosen", "lambda", "steps"))
    if chosen == "none":
        return "none, the frozen vectors as they are"
    if chosen == "parent":
        return "none of its own, the adapter of the model it continues from as it is"
    words = [str(chosen or "not stated")]
    words += [f"lambda {weight:g}"] if isinstance(weight, (int, float)) and weight else []
    words += [f"{steps} steps"] if isinstance(steps, int) and steps else []
    axes = alignment.get("axes")
    words += [f"{axes} axes"] if isinstance(axes, int) and axes else []
    return ", ".join(words)


def _recipe(recipe: Mapping[str, Any]) -> list[str]:
    """Return how the adapter was trained; what a file does not say of it is not spoken of."""

    def said(template: str, *keys: str) -> list[str]:
        values = [recipe.get(key) for key in keys]
        plain = [f"{value:g}" if isinstance(value, float) else value for value in values]
        return [] if any(value is None for value in values) else [template.format(*plain)]

    begins = {"identity": "the identity", "parent": "the model it continues from"}
    start = str(recipe.get("adapter_start", ""))
    axes = f" solution of {recipe['start_axes']} axes" if recipe.get("start_axes") else " solution"
    pieces = [
        said("{} adapter", "adapter"),
        [f"begun at {begins.get(start, f'the {start}{axes}')}"] if start else [],
        said("{} principal components before it", "whitening"),
        said("batches of {}", "batch"), said("learning rate {}", "learning_rate"),
        said("weight decay {}", "weight_decay"), said("{} schedule", "schedule"),
        said("laid out for {} steps", "schedule_steps"), said("steps chosen by {}", "stopping"),
    ]
    aim = [
        said("{} loss", "loss"), said("temperature {} at first", "temperature"), said("bias {} at first", "bias"),
        said("targets {}", "targets"),
        [f"positives {', '.join(map(str, recipe['positives']))}"] if recipe.get("positives") else [],
        said("near up to {} m", "positive_distance"), said("alike from {}", "positive_similarity"),
        said("pairs within {} m not asked about", "unknown_ring") if recipe.get("unknown_ring") else [],
        said("species head weighs {}", "species_weight"), said("regulariser {}", "regulariser"),
        said("{} adapter of relevés", "releve_adapter"),
        [f"{recipe.get('views', '?')} views of each patch ({', '.join(map(str, recipe['augmentation']))})"]
        if recipe.get("augmentation") else [],
    ]  # fmt: skip
    lines = (("trained    ", pieces), ("to         ", aim))
    return [head + ", ".join(sum(parts, [])) for head, parts in lines if any(parts)]


def _vegeta(vegeta: Mapping[str, Any]) -> list[str]:
    """Return what the encoder of species lists is; files of the first formats may not say it."""
    if not vegeta.get("kind"):
        return []
    extra, species = vegeta.get("extra_releves"), vegeta.get("species")
    kind, transform, axes = (str(vegeta.get(key, "?"))[:_LETTERS_SHOWN] for key in ("kind", "transform", "axes"))
    words = [f"{kind} of cover ({transform})", f"up to {axes} axes"]
    words += [f"{len(species)} species"] if isinstance(species, list) else []
    words += [f"learnt from {extra} relevés without imagery too"] if isinstance(extra, int) and extra else []
    return [f"vegeta     {', '.join(words)}"]


def _continued(provenance: Any) -> list[str]:
    parent = provenance.get("parent") if isinstance(provenance, dict) else None
    if not isinstance(parent, dict):
        return []
    return [f"continues  {parent.get('name')} (made {parent.get('created')}, SHA-256 {parent.get('sha256')})"]


def _licence_text(model: Model) -> str:
    return model.file.parts[LICENCE_PART].decode("utf-8")


def _licence_in_it(model: Model) -> list[str]:
    """Say that whoever has the file has the encoder under terms that stand in it, and how they begin."""
    if LICENCE_PART not in model.file.parts:
        return []
    text = _licence_text(model).strip()
    first = next(iter(text.splitlines()), "")[:_LETTERS_SHOWN]
    return [
        f"terms      the encoder in this file may be used and passed on only under its licence, whose "
        f"{what_is_there(text)} is in the file ({LICENCE_PART}; with --output it is written with the rest): {first}"
    ]  # fmt: skip


def _layer(layer: Mapping[str, Any]) -> str:
    """Return the name of an environment layer and where its values came from."""
    band = layer.get("band")
    where = ", ".join(str(part) for part in (layer.get("file"), f"band {band}" if band else None) if part)
    return f"{layer['name']} ({where})" if where else str(layer["name"])


def _dates(dates: Any) -> str:
    """Return first and last date of the relevés."""
    told = list(dict.fromkeys(map(str, dates))) if isinstance(dates, list) else []
    return " to ".join(told) or "not stated"


def _sites(training: dict[str, Any]) -> list[str]:
    names, count = training.get("sites") or [], training.get("site_count")
    if not isinstance(count, int) or not count:
        return []
    shown = ", ".join(map(str, names[:_SITES_SHOWN])) + (" ..." if len(names) > _SITES_SHOWN else "")
    return [f"sites      {count}" + (f": {shown}" if names else "")]


def _extent(extent: Any) -> str:
    if not isinstance(extent, list) or len(extent) != 4:
        return "not stated"
    west, south, east, north = extent
    return f"{west:.4f} to {east:.4f} east, {south:.4f} to {north:.4f} north (WGS 84)"


def _scores(scores: dict[str, Any]) -> list[str]:
    """Return a line per column of the blocked cross-validation, where the model states it."""
    summary = scores.get("blocked", scores)
    if not isinstance(summary, dict):
        return []
    lines = []
    for column, metrics in summary.items():
        tss = metrics.get(_SCORE) if isinstance(metrics, dict) else None
        if isinstance(tss, dict) and isinstance(tss.get("median"), (int, float)):
            lines.append(f"  {column:<16} {tss['median']:.3f}")
    return ["TSS at the training threshold, median over species, spatial blocks:", *lines] if lines else []


def verify(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip verify``: checksums, structure, graphs, and that the parts fit each other.

    Raises
    ------
    ModelFileError
        Anything is wrong; the message says what.
    """
    file = ModelFile.open(parameters["model"])
    progress.update(0.5, "checksums and graphs are good")
    model = Model(file)
    _try_out(model)
    lines = [
        f"whole: {len(file.parts)} parts, every checksum fits",
        "safe: numbers, JSON and ONNX graphs only; no graph reads other files or uses operators of its own",
        "fitting: graphs, species, vectors and principal components fit each other",
    ]
    try:
        encoder = model.encoder()
        for part in getattr(encoder, "parts", (encoder,)):
            window = np.zeros((1, len(part.bands), part.tile_px, part.tile_px), np.float32)
            if not np.isfinite(part.encode(window, np.ones((1, part.tile_px, part.tile_px), bool))).all():
                raise EncoderError("its encoder makes numbers that are not finite", remedy="do not use this model")
        lines.append(f"encoder: {file.metadata['encoder']['id']} is at hand and the one of the training")
        at_hand = True
    except EncoderError as error:
        if file.metadata["encoder"]["embedded"]:
            raise ModelFileError(error.found, where=str(file.path), remedy=error.remedy) from error
        lines.append(f"encoder: not at hand ({error.found})")
        at_hand = False
    progress.update(1.0, "model checked")
    lines.append(f"SHA-256 {file.sha256}; compare it with the one that the author of the model states")
    return {"sha256": file.sha256, "parts": sorted(file.parts), "encoder_at_hand": at_hand, "print": lines}


def _try_out(model: Model) -> None:
    """Let adapter, head and vegetation tower work once: what they state about themselves is not all they do."""
    adapted, unit = model.adapt(np.zeros((1, model.dimension), np.float32))
    results = [adapted, unit, model.suitability(adapted)]
    if "vegeta.onnx" in model.file.parts:
        results.append(_tower(model))
    if not all(np.isfinite(result).all() for result in results):
        raise ModelFileError("its graphs make numbers that are not finite", where=str(model.file.path),
                             remedy="do not use this model")  # fmt: skip


def _tower(model: Model) -> NDArray[np.float32]:
    where = f"{model.file.path}, vegeta.onnx"
    try:
        session = open_session(model.file.parts["vegeta.onnx"])
        shape = session.get_inputs()[0].shape
        if len(session.get_inputs()) != 1 or len(shape) != 2 or not isinstance(shape[1], int) or shape[1] > _MOST_WIDE:
            raise EncoderError("the graph does not take relevés (N, V)", remedy="do not use this model")
        return run_session(session, {session.get_inputs()[0].name: np.zeros((1, shape[1]), np.float32)})[0]
    except EncoderError as error:
        raise ModelFileError(error.found, where=where, remedy=error.remedy) from error
