"""Species at points: a layer with the suitability of each species, or the reason why there is none."""

from __future__ import annotations

import collections
from pathlib import Path
from typing import Any

import numpy as np

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.applied_model import OK, OUTSIDE
from botaclip.core.errors import OptionError
from botaclip.core.model import Model
from botaclip.core.progress import Progress
from botaclip.core.unfinished import check_writable
from botaclip.core.vector_io import read_points, write_points

STATUS, OFFSET = "botaclip_status", "botaclip_offset_m"
# Dissimilarity index, 1 inside the area of applicability, training plots that are like the place.
DOMAIN = ("botaclip_dissimilarity", "botaclip_inside_aoa", "botaclip_point_density")
# Species on the list of the place, of those asked for.
LIST = "botaclip_list"
_RESERVED = ("fid", "geom", "ogc_fid")  # columns that a GeoPackage has of its own
_MOST_COLUMNS = 1990  # of an SQLite table, some left for the GeoPackage


def predict(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip predict``; see the option table for the parameters.

    Returns
    -------
    dict
        ``output``, ``device``, ``points``, ``status`` (count of each).
    """
    output = Path(parameters["output"])
    check_writable(output, overwrite=parameters["overwrite"])
    model = Model.open(parameters["model"])
    chosen = model.choose(parameters["species"])
    fields = {name: parameters.get(name) for name in ("x_field", "y_field", "crs_field")}
    points, given = read_points(
        parameters["points"], crs=parameters["crs"], **{name: field for name, field in fields.items() if field}
    )
    with AppliedImagery.open(
        model, parameters["raster"], bands=parameters.get("bands"), environment=parameters.get("environment"),
        device=parameters["device"], mode=parameters.get("mode") or "auto", progress=progress,
    ) as applied:
        found = applied.at(points, chosen, progress.stage(0.05, 0.95))

    # The coordinates of a CSV come back as the point itself.
    kept = {name: values for name, values in given.items() if name.strip().lower() not in ("x", "y", "crs")}
    # The lattice goes on beyond the raster; nothing was looked at there.
    offset_m = np.where(found.status == OUTSIDE, np.nan, np.round(found.offset_m, 3))
    added = {STATUS: found.status, OFFSET: offset_m}
    if model.applicability is not None:
        added |= dict(zip(DOMAIN, model.domain(found.unit), strict=True))
    if model.listed_from is not None:
        added[LIST] = np.array([
            "; ".join(model.species[index] for index, on in zip(chosen, row, strict=True) if on)
            for row in model.listed(found.suitability, chosen)
        ])  # fmt: skip
    added |= {model.species[index]: found.suitability[:, place] for place, index in enumerate(chosen)}
    names = unique_names([*kept, *added])
    if len(names) > _MOST_COLUMNS and output.suffix.lower() == ".gpkg":
        raise OptionError(f"a GeoPackage cannot hold {len(names)} columns",
                          remedy="write CSV, or name fewer species with --species")
    write_points(
        output, points, dict(zip(names, [*kept.values(), *added.values()], strict=True)),
        overwrite=parameters["overwrite"],
    )
    counts = collections.Counter(found.status.tolist())
    for reason, count in sorted(counts.items()):
        if reason != OK:
            progress.info(f"{count} of {len(points)} points have no value: {reason}.")
    progress.update(1.0, "points written")
    return {"output": str(output), "device": applied.device, "points": len(points), "status": dict(counts)}


def unique_names(names: list[str]) -> list[str]:
    """Return the names with those numbered that SQLite, which ignores case, would take for one."""
    taken = set(_RESERVED)
    result = []
    for name in names:
        candidate, number = name, 1
        while candidate.lower() in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate.lower())
        result.append(candidate)
    return result
