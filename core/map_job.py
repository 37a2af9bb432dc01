"""The one way to make a map of a model: open, look whether it can be written, choose the cells, compute by windows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.image_year import given_year
from botaclip.core.layer_metadata import command_words
from botaclip.core.model import Model
from botaclip.core.progress import Progress
from botaclip.core.scene_maps import MapKind, check_map_name, check_maps_writable, make_maps


def model_for_map(parameters: dict[str, Any]) -> Model:
    """Open the model of a map, after a look at the map's name: what costs nothing is said first.

    Raises
    ------
    OutputError
        The output is not the name of a GeoTIFF.
    ModelFileError
        The model cannot be opened.
    """
    check_map_name(Path(parameters["output"]))
    return Model.open(parameters["model"])


def make_map(
    command: str, parameters: dict[str, Any], kind_of: Callable[[AppliedImagery], MapKind], progress: Progress, *,
    model: Model | None = None, view: Callable[[AppliedImagery], AppliedImagery] | None = None,
) -> dict[str, Any]:
    """Make a map as the options that all maps share say.

    Parameters
    ----------
    command
        Its name, for the metadata page.
    parameters
        ``raster``, ``model``, ``output``, ``device`` and, where given, ``bands``, ``environment``, ``mode``,
        ``stride``, ``extent``, ``mask``, ``image_date``, ``cog``, ``overwrite``.
    kind_of
        What the map holds, told from the opened model and imagery.
    progress
        Told how far it is.
    model
        Where it has been opened already.
    view
        Other imagery to map than that of ``raster`` alone, made from it: two dates beside each other.

    Returns
    -------
    dict
        What :func:`~botaclip.core.scene_maps.make_maps` returns.

    Raises
    ------
    OutputError
        The output is not the name of a GeoTIFF, exists, or cannot be written.
    """
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
