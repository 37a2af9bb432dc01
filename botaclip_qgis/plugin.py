"""The plugin object that QGIS loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.core import QgsApplication

from botaclip.botaclip_qgis.i18n import install_translator, remove_translator

if TYPE_CHECKING:
    from botaclip.botaclip_qgis.click_control import ClickControl
    from botaclip.botaclip_qgis.panel_control import PanelControl
    from botaclip.botaclip_qgis.provider import BotaclipProvider


class BotaclipPlugin:
    """Adds the Processing provider, and in the desktop the panel and the map click with its dock.

    Parameters
    ----------
    iface
        QGIS's interface; None under ``qgis_process``.
    """

    def __init__(self, iface: Any) -> None:
        # First of all: whatever is made afterwards speaks the language of QGIS.
        install_translator()
        self.iface = iface
        self.provider: BotaclipProvider | None = None
        self.click: ClickControl | None = None
        self.panel: PanelControl | None = None
        install_translator()

    def initProcessing(self) -> None:
        """Add the provider; the only thing that ``qgis_process`` calls."""
        from botaclip.botaclip_qgis.provider import BotaclipProvider

        if self.provider is None:
            self.provider = BotaclipProvider()
            QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:
        """Add everything that the desktop shows."""
        self.initProcessing()
        if self.iface is None:
            return
        # Loads widgets, which a run without a screen must not.
        from botaclip.botaclip_qgis.click_control import ClickControl
        from botaclip.botaclip_qgis.panel_control import PanelControl

        self.click = ClickControl(self.iface)
        self.panel = PanelControl(self.iface, self.click)

    def unload(self) -> None:
        """Remove all that was added, and end the worker."""
        if self.panel is not None:
            self.panel.close()
            self.panel = None
        if self.click is not None:
            self.click.close()
            self.click = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        remove_translator()
