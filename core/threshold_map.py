"""A suitability map cut at thresholds by a named rule, without computing anything again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError

from botaclip.core.errors import OptionError, RasterError
from botaclip.core.layer_metadata import SUFFIX as QMD
from botaclip.core.layer_metadata import command_words, qmd
from botaclip.core.progress import Progress
from botaclip.core.raster_style import ABSENT_PRESENT, qml_classes
from botaclip.core.scene_maps import DIGEST, check_map_name
from botaclip.core.unfinished import check_writable, unfinished

NODATA = 255
# Rule -> the tag of a band that holds its threshold, and the rule in words.
RULES = {
    "expected": ("BOTACLIP_THRESHOLD", "suitability above that of the training prevalence"),
    "list": ("BOTACLIP_LISTED_FROM", "on the list that holds the model's share of what grows there"),
}
_TILE = 512
_MEANING = "1 where a species is expected, 0 where not: its suitability cut at a threshold by one rule for all species."


def threshold(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip threshold``; see the option table for the parameters.

    Returns
    -------
    dict
        ``output``, ``rasters``, and ``thresholds`` by band name.

    Raises
    ------
    RasterError
        The raster cannot be read, or is no suitability map.
    OptionError
        The rule needs a value, or the map does not hold its thresholds.
    """
    output, rule, value = Path(parameters["output"]), parameters["rule"], parameters.get("value")
    check_map_name(output)
    check_writable(output, overwrite=parameters["overwrite"])
    if (rule == "value") != (value is not None):
        raise OptionError(
            "--rule value needs --value" if rule == "value" else f"--value goes with --rule value, not with {rule}",
            remedy="give --rule value --value 0.5, or leave --value out",
        )
    try:
        with rasterio.open(parameters["raster"]) as source:
            limits = limits_of(source, rule, value)
            _write(source, limits, rule, output, parameters, progress)
    except RasterioError as error:
        raise RasterError(f"it cannot be read ({error})", where=str(parameters["raster"])) from error
    return {"output": str(output), "rasters": [str(output)], "thresholds": limits}


def limits_of(source: Any, rule: str, value: float | None) -> dict[str, float]:
    """Return the threshold of every band that is a species, by its name.

    Raises
    ------
    RasterError
        No band is a species.
    OptionError
        A species has no threshold by this rule.
    """
    kind = source.tags().get("BOTACLIP_KIND", "")
    if kind and "suitability" not in kind:
        raise RasterError(f"it is a map of {kind}, not of suitability", where=str(source.name),
                          remedy="give a map that botaclip suitability made")  # fmt: skip
    if any(tag.startswith("BOTACLIP_SPECIES_") for tag in source.tags()):
        raise RasterError("it holds the highest species of each place only (--top), not a band for each",
                          where=str(source.name), remedy="make the map without --top")  # fmt: skip
    found: dict[str, float] = {}
    lacking = []
    for band in range(1, source.count + 1):
        tags = source.tags(band)
        if "BOTACLIP_SPECIES" not in tags:
            continue
        name = tags["BOTACLIP_SPECIES"]
        text = str(value) if rule == "value" else tags.get(RULES[rule][0])
        if text is None:
            lacking.append(name)
        else:
            found[name] = float(text)
    if not found and not lacking:
        raise RasterError("no band of it is a species", where=str(source.name),
                          remedy="give a map that botaclip suitability made")  # fmt: skip
    if not all(np.issubdtype(np.dtype(dtype), np.floating) for dtype in source.dtypes):
        raise RasterError(f"its numbers ({source.dtypes[0]}) are no suitabilities of 0 to 1", where=str(source.name),
                          remedy="give a map that botaclip suitability made, as it was made")  # fmt: skip
    if lacking:
        raise OptionError(f"{len(lacking)} species have no threshold by this rule, {lacking[0]} among them",
                          where=str(source.name), remedy="use another --rule")  # fmt: skip
    return found


def presence(values: NDArray[Any], limit: float) -> NDArray[np.uint8]:
    """Return 1 where suitability reaches the limit, 0 below it, and nodata where there is none."""
    # In double precision, as at a click: a threshold has more digits than a suitability.
    return np.where(np.isnan(values), NODATA, values.astype(np.float64) >= limit).astype(np.uint8)


def _write(
    source: Any, limits: dict[str, float], rule: str, output: Path, parameters: dict[str, Any], progress: Progress
) -> None:
    told = {band: source.tags(band) for band in range(1, source.count + 1)}
    bands = [(band, tags["BOTACLIP_SPECIES"]) for band, tags in told.items() if "BOTACLIP_SPECIES" in tags]
    words = f"suitability at least {parameters['value']:g}" if rule == "value" else RULES[rule][1]
    profile = {
        "driver": "GTiff", "width": source.width, "height": source.height, "count": len(bands), "dtype": "uint8",
        "nodata": NODATA, "crs": source.crs, "transform": source.transform, "tiled": True, "blockxsize": _TILE,
        "blockysize": _TILE, "compress": "deflate", "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    with (
        unfinished(output.with_suffix(".qml"), overwrite=True) as style,
        unfinished(output.with_suffix(QMD), overwrite=True) as page,
        unfinished(output, overwrite=parameters["overwrite"]) as part,
    ):
        with rasterio.open(part, "w", **profile) as made:
            tags = {name: text for name, text in source.tags().items() if name != DIGEST}
            made.update_tags(**tags | {
                "BOTACLIP_KIND": "presence by threshold", "BOTACLIP_RULE": words, "BOTACLIP_MEANING": _MEANING,
            })  # fmt: skip
            # Three or four bands of bytes would otherwise be taken for a colour photograph.
            made.colorinterp = [ColorInterp.gray] + [ColorInterp.undefined] * (len(bands) - 1)
            windows = [window for _, window in made.block_windows(1)]
            for place, (band, name) in enumerate(bands, start=1):
                made.set_band_description(place, name)
                made.update_tags(place, **told[band], BOTACLIP_CUT_AT=repr(limits[name]))
            for number, window in enumerate(windows):
                progress.update(number / len(windows), "cutting at thresholds")
                for place, (band, name) in enumerate(bands, start=1):
                    values = source.read(band, window=window).astype(np.float32)
                    if source.nodata is not None and not np.isnan(source.nodata):
                        values[values == source.nodata] = np.nan
                    made.write(presence(values, limits[name]), place, window=window)
        # Band values 0 and 1 in the legend's order.
        labels = ["0: not expected", f"1: expected ({words})"]
        style.write_text(qml_classes(labels, first=0, colours=ABSENT_PRESENT), encoding="utf-8")
        with rasterio.open(part) as made:
            page.write_text(qmd(made, [command_words("threshold", parameters)]), encoding="utf-8")
