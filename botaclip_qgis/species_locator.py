"""Finds a species in QGIS's locator bar and shows its band of a map."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsFeedback, QgsLocatorContext, QgsLocatorFilter, QgsLocatorResult, QgsProject

from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.icons import icon
from botaclip.botaclip_qgis.result_layers import result_layers, species_of_bands
from botaclip.botaclip_qgis.species_bands import show_band

_MOST = 40
Found = tuple[str, str, str, int]  # species, layer's title, layer's id, band


class SpeciesLocator(QgsLocatorFilter):
    """``spe carex`` lists the species maps of the project whose name holds the text."""

    def __init__(self, on_shown: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._on_shown = on_shown
        self._known: list[Found] = []

    def clone(self) -> SpeciesLocator:  # noqa: D102 - the names are QGIS's
        return SpeciesLocator(self._on_shown)

    def name(self) -> str:  # noqa: D102
        return "botaclip_species"

    def displayName(self) -> str:  # noqa: D102
        return tr("Species maps (BotaCLIP)")

    def prefix(self) -> str:  # noqa: D102
        # QGIS leaves shorter ones to itself.
        return "spe"

    def prepare(self, string: str, context: QgsLocatorContext) -> list[str]:  # noqa: D102
        # The only step that runs in the main thread, where layers may be asked.
        self._known = known_species()
        return []

    def fetchResults(self, string: str, context: QgsLocatorContext, feedback: QgsFeedback) -> None:  # noqa: D102
        wanted = string.strip().casefold()
        count = 0
        for species, title, layer, band in self._known:
            if feedback.isCanceled() or count >= _MOST:
                return
            if not wanted or wanted not in species.casefold():
                continue
            result = QgsLocatorResult(self, species, [layer, band, species])
            result.description = title
            result.icon = icon("suitability")
            result.score = 1.0 if species.casefold().startswith(wanted) else 0.5
            self.resultFetched.emit(result)
            count += 1

    def triggerResult(self, result: QgsLocatorResult) -> None:  # noqa: D102
        data = result.userData() if callable(result.userData) else result.userData
        layer_id, band, species = data
        layer = QgsProject.instance().mapLayer(str(layer_id))
        if layer is None:
            return
        show_band(layer, int(band), str(species))
        node = QgsProject.instance().layerTreeRoot().findLayer(layer)
        if node is not None:
            node.setItemVisibilityCheckedParentRecursive(True)
        if self._on_shown is not None:
            self._on_shown(layer.id())


def known_species() -> list[Found]:
    """Return the species of the project's maps, by name."""
    found: list[Found] = []
    for layer in result_layers(QgsProject.instance()):
        title = layer.name().partition(": ")[0]
        found += [(species, title, layer.id(), band) for species, band in species_of_bands(layer).items()]
    return sorted(found, key=lambda one: one[0].casefold())
