"""The Processing provider: every command of the option table is an algorithm, whether it can run or not."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from botaclip.botaclip_qgis.algorithm import BotaclipAlgorithm
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.icons import icon, icon_path
from botaclip.core.commands import COMMANDS


class BotaclipProvider(QgsProcessingProvider):
    """Lists the algorithms; what they need is looked for when one runs, so models always find them."""

    def id(self) -> str:  # noqa: D102
        return "botaclip"

    def name(self) -> str:  # noqa: D102
        return "BotaCLIP"

    def longName(self) -> str:  # noqa: D102
        return tr("BotaCLIP: species to expect from imagery and relevés")

    def icon(self) -> QIcon:  # noqa: D102
        return icon("botaclip")

    def svgIconPath(self) -> str:  # noqa: D102
        return icon_path("botaclip")

    def loadAlgorithms(self) -> None:  # noqa: D102
        for command in COMMANDS.values():
            self.addAlgorithm(BotaclipAlgorithm(command))

    def supportedOutputRasterLayerExtensions(self) -> list[str]:  # noqa: D102
        return ["tif"]

    def supportedOutputVectorLayerExtensions(self) -> list[str]:  # noqa: D102
        return ["gpkg", "csv"]

    def defaultVectorFileExtension(self, hasGeometry: bool = True) -> str:  # noqa: D102
        return "gpkg"

    def defaultRasterFileExtension(self) -> str:  # noqa: D102
        return "tif"
