"""The one way to make a map of a model: open, look whether it can be written, choose the cells, compute by windows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.each_raster import EachRaster, make_each
from botaclip.core.errors import OptionError
from botaclip.core.image_year import given_year
from botaclip.core.layer_metadata import command_words
from botaclip.core.model import Model
from botaclip.core.options import raster_words
from botaclip.core.progress import Progress
from botaclip.core.scene_maps import MapKind, check_map_name, check_maps_writable, make_maps

# What a map's content may be told from: places of it can be looked at, one by one.
Seen = AppliedImagery | EachRaster


def model_for_map(parameters: dict[str, Any]) -> Model:
    """Open the model of a map, after a look at the map's name: what costs nothing is said first.

    Raises
    ------
    OutputError
        The output is not the name of a GeoTIFF.
    ModelFileError
        The model cannot be opened.
    """
    if not parameters.get("each"):
        check_map_name(Path(parameters["output"]))
    return Model.open(parameters["model"])


def make_map(
    command: str, parameters: dict[str, Any], kind_of: Callable[[Seen], MapKind], progress: Progress, *,
    model: Model | None = None, view: Callable[[AppliedImagery], AppliedImagery] | None = None,
) -> dict[str, Any]:
    """Make a map as the options that all maps share say.

    Parameters
    ----------
    command
        Its name, for the metadata page.
    parameters
        ``raster``, ``model``, ``output``, ``device`` and, where given, ``bands``, ``environment``, ``mode``,
        ``stride``, ``extent``, ``mask``, ``image_date``, ``cog``, ``overwrite``, ``each``.
    kind_of
        What the map holds, told from the opened model and imagery; with ``each`` once, from all rasters.
    progress
        Told how far it is.
    model
        Where it has been opened already.
    view
        Other imagery to map than that of ``raster`` alone, made from it: two dates beside each other.

    Returns
    -------
    dict
        What :func:`~botaclip.core.scene_maps.make_maps` returns, or :func:`~botaclip.core.each_raster.make_each`.

    Raises
    ------
    OutputError
        The output is not the name of a GeoTIFF, exists, or cannot be written.
    OptionError
        Several rasters are named without ``each``.
    """
    if parameters.get("each"):
        return make_each(command, parameters, kind_of, progress, model=model)
    if len(raster_words(str(parameters["raster"]))) > 1:
        raise OptionError(
            "several rasters are named, and one map is asked for", where="--raster",
            remedy="add --each for a map of each, or name a folder of tiles for one map of all",
        )  # fmt: skip
    output, overwrite = Path(parameters["output"]), bool(parameters.get("overwrite"))
    check_map_name(output)
    year = given_year(parameters.get("image_date"))
    with contextlib.ExitStack() as stack:
        applied = stack.enter_context(AppliedImagery.open(
            parameters["model"] if model is None else model, parameters["raster"], bands=parameters.get("bands"),
            environment=parameters.get("environment"), device=parameters["device"], maps=True,
            mode=parameters.get("mode") or "auto", progress=progress,
        ))  # fmt: skip
        if view is not None:
            applied = stack.enter_context(view(applied))
        check_maps_writable(applied, output, overwrite=overwrite)
        kind = kind_of(applied)
        areas = applied.areas(
            stride_m=parameters.get("stride"), extent=parameters.get("extent"), mask=parameters.get("mask"),
            progress=progress,
        )
        return make_maps(
            applied, areas, kind, output, progress, overwrite=overwrite, cog=bool(parameters.get("cog")), year=year,
            history=[command_words(command, parameters)],
        )
