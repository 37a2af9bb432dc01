"""QGIS styles (``.qml``) that lie beside the maps, so that they look right without a click. For QGIS 3.34 and later."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr  # nosec B406  # writes XML, reads none

# Viridis (van der Walt and Smith, CC0): even steps of lightness, readable for colour-blind eyes and in grey.
VIRIDIS = (
    "#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725",
)  # fmt: skip

# ColorBrewer's BrBG (Brewer and Harrower 2003, Apache 2.0): brown for less, green for more, told apart by colour-blind
# eyes, and equally far from the white of no change at both ends.
BROWN_GREEN = (
    "#543005", "#8c510a", "#bf812d", "#dfc27d", "#f6e8c3", "#f5f5f5", "#c7eae5", "#80cdc1", "#35978f", "#01665e",
    "#003c30",
)  # fmt: skip

_FRAME = """<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.34.0" styleCategories="Symbology">
  <pipe>
    <provider>
      <resampling enabled="false" zoomedInResamplingMethod="nearestNeighbour" \
zoomedOutResamplingMethod="nearestNeighbour" maxOversampling="2"/>
    </provider>
{renderer}
    <brightnesscontrast brightness="0" contrast="0" gamma="1"/>
    <huesaturation saturation="0" grayscaleMode="0" invertColors="0" colorizeOn="0" colorizeRed="255" \
colorizeGreen="128" colorizeBlue="128" colorizeStrength="100"/>
    <rasterresampler maxOversampling="2"/>
    <resamplingStage>resamplingFilter</resamplingStage>
  </pipe>
  <blendMode>0</blendMode>
</qgis>
"""
_ORIGIN = """      <minMaxOrigin>
        <limits>None</limits>
        <extent>WholeRaster</extent>
        <statAccuracy>Estimated</statAccuracy>
        <cumulativeCutLower>0.02</cumulativeCutLower>
        <cumulativeCutUpper>0.98</cumulativeCutUpper>
        <stdDevFactor>2</stdDevFactor>
      </minMaxOrigin>"""


def qml_pca(limits: Sequence[tuple[float, float]]) -> str:
    """Return the style that shows the first bands of an embedding as red, green and blue.

    Parameters
    ----------
    limits
        Stored values shown darkest and brightest, for each of the first three bands (fewer: the last is repeated).
    """
    bands = [min(band, len(limits)) for band in (1, 2, 3)]
    stretches = "\n".join(
        f"      <{colour}ContrastEnhancement>\n"
        f"        <minValue>{low:.9g}</minValue>\n        <maxValue>{high:.9g}</maxValue>\n"
        f"        <algorithm>StretchToMinimumMaximum</algorithm>\n"
        f"      </{colour}ContrastEnhancement>"
        for colour, (low, high) in zip(("red", "green", "blue"), (limits[band - 1] for band in bands), strict=True)
    )
    return _FRAME.format(
        renderer=(
            f'    <rasterrenderer type="multibandcolor" redBand="{bands[0]}" greenBand="{bands[1]}" '
            f'blueBand="{bands[2]}" alphaBand="-1" opacity="1" nodataColor="">\n'
            f"{_ORIGIN}\n{stretches}\n    </rasterrenderer>"
        )
    )


def qml_suitability(
    band: int = 1, *, low: float = 0.0, high: float = 1.0, unit: str = "", low_label: str = "", high_label: str = "",
    colours: Sequence[str] = VIRIDIS,
) -> str:
    """Return the style that shows one band of a map by a ramp of colours, dark at ``low`` and bright at ``high``.

    Parameters
    ----------
    band
        The band shown at first, from 1.
    low, high
        Values at the two ends of the colours; ``low`` may be the larger one.
    unit
        Written behind the numbers of the legend.
    low_label, high_label
        What the legend says at the two ends, instead of the numbers.
    colours
        The ramp, in even steps.
    """
    if low > high:
        # QGIS looks a value up among items that rise, and would paint everything in the last colour.
        return qml_suitability(
            band, low=high, high=low, unit=unit, low_label=high_label, high_label=low_label, colours=colours[::-1]
        )
    steps = len(colours) - 1
    items = []
    for i, colour in enumerate(colours):
        value = low + (high - low) * i / steps
        label = quoteattr(f"{value:.2g}{unit}")
        items.append(f'          <item value="{value:.9g}" label={label} color="{colour}" alpha="255"/>')
    return _FRAME.format(
        renderer=(
            f'    <rasterrenderer type="singlebandpseudocolor" band="{band}" classificationMin="{low:.9g}" '
            f'classificationMax="{high:.9g}" alphaBand="-1" opacity="1" nodataColor="">\n{_ORIGIN}\n'
            "      <rastershader>\n"
            '        <colorrampshader colorRampType="INTERPOLATED" classificationMode="2" clip="0" labelPrecision="2" '
            f'minimumValue="{low:.9g}" maximumValue="{high:.9g}">\n{_ramp(colours)}\n'
            + "\n".join(items)
            + f'\n          <rampLegendSettings suffix={quoteattr(unit)} prefix="" minimumLabel={quoteattr(low_label)} '
            f'maximumLabel={quoteattr(high_label)} orientation="2" direction="0" useContinuousLegend="1"/>\n'
            "        </colorrampshader>\n      </rastershader>\n    </rasterrenderer>"
        )
    )


def _ramp(colours: Sequence[str]) -> str:
    """Return the ramp that QGIS keeps beside the items: without it, its style panel would begin anew with grey."""
    rgba = [",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255" for colour in colours]
    last = len(colours) - 1
    stops = ":".join(f"{i / last:.6g};{rgba[i]}" for i in range(1, last))
    options = {"color1": rgba[0], "color2": rgba[-1], "discrete": "0", "rampType": "gradient", "stops": stops}
    lines = [f'              <Option type="QString" name="{name}" value="{text}"/>' for name, text in options.items()]
    return (
        '          <colorramp type="gradient" name="[source]">\n            <Option type="Map">\n'
        + "\n".join(lines) + "\n            </Option>\n          </colorramp>"
    )  # fmt: skip


# Okabe and Ito (2008) with a dark grey (their black hides what lies around), then Tol's muted ones: the first eight are
# told apart by colour-blind eyes, many more cannot be.
CLASS_COLOURS = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#4d4d4d",
    "#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255", "#aa4499",
)  # fmt: skip


# Two classes, absence pale: what counts stands out, and both are far apart in lightness.
ABSENT_PRESENT = ("#d9d9d9", "#0072b2")


def qml_classes(labels: Sequence[str], *, first: int = 1, colours: Sequence[str] = CLASS_COLOURS) -> str:
    """Return the style that shows classes ``first``, ``first + 1`` ... by colours, with these labels in the legend."""
    entries = "\n".join(
        f'        <paletteEntry value="{number}" color="{colour}" alpha="255" label={quoteattr(label)}/>'
        for number, (label, colour) in enumerate(zip(labels, itertools.cycle(colours), strict=False), start=first)
    )
    return _FRAME.format(
        renderer=(
            f'    <rasterrenderer type="paletted" band="1" alphaBand="-1" opacity="1" nodataColor="">\n{_ORIGIN}\n'
            f"      <colorPalette>\n{entries}\n      </colorPalette>\n    </rasterrenderer>"
        )
    )
