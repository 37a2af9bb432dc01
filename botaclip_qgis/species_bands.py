"""Shows one species of a map with many: its band in the layer's own style, its name in the layer's."""

from __future__ import annotations

from qgis.core import QgsRasterLayer


def show_band(layer: QgsRasterLayer, band: int, species: str) -> bool:
    """Show a band of a single-band style; return whether the layer has such a style.

    Parameters
    ----------
    layer
        A map of species.
    band
        From 1.
    species
        Written behind the layer's title, in place of the one that stands there.
    """
    renderer = layer.renderer()
    if renderer is None or not hasattr(renderer, "setInputBand"):
        # QGIS before 3.38 has it on some renderers only, under this name.
        if renderer is None or not hasattr(renderer, "setBand"):
            return False
        renderer.setBand(band)
    elif not renderer.setInputBand(band):
        return False
    title, _, _ = layer.name().partition(": ")
    layer.setName(f"{title}: {species}")
    layer.triggerRepaint()
    layer.emitStyleChanged()
    return True
