"""BotaCLIP's page in QGIS's options."""

from __future__ import annotations

from qgis.core import QgsSettings
from qgis.gui import QgsFileWidget, QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from botaclip.botaclip_qgis.environment import PYTHON_SETTING
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.icons import icon
from botaclip.botaclip_qgis.option_form import DEVICE_SETTING
from botaclip.core.cache_folder import cache_folder
from botaclip.core.encoders.store import Store
from botaclip.core.managed_environment import parent_folder
from botaclip.core.shared_options import EVERYWHERE

# Whether the panel opens with QGIS, until the user has closed it once.
PANEL_SETTING = "botaclip/panel_at_start"
KEY = "botaclip"


class OptionsPage(QgsOptionsPageWidget):
    """What holds for all projects on this machine."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("botaclip_options")
        settings = QgsSettings()
        self.python = QgsFileWidget()
        self.python.setObjectName("botaclip_python")
        self.python.lineEdit().setAccessibleName(tr("Python that computes"))
        self.python.lineEdit().setPlaceholderText(tr("The environment that BotaCLIP has set up"))
        self.python.setToolTip(
            tr("An executable, or the folder of an environment, that has the packages. Empty: found by itself.")
        )
        self.python.setFilePath(settings.value(PYTHON_SETTING, "", str))
        self.device = QComboBox()
        self.device.setObjectName("botaclip_default_device")
        self.device.setAccessibleName(tr("Device to begin with"))
        choices = next(option.choices for option in EVERYWHERE if option.name == "device")
        self.device.addItems(choices)
        self.device.setCurrentText(settings.value(DEVICE_SETTING, "", str) or "auto")
        self.at_start = QCheckBox(tr("Open the panel with QGIS"))
        self.at_start.setObjectName("botaclip_at_start")
        self.at_start.setChecked(settings.value(PANEL_SETTING, False, bool))
        form = QFormLayout()
        for text, widget in ((tr("&Python that computes"), self.python), (tr("&Device to begin with"), self.device)):
            caption = QLabel(text)
            caption.setBuddy(widget)
            form.addRow(caption, widget)
        form.addRow(self.at_start)
        folders = QLabel(
            tr("Environment: {environment}\nKept results: {cache}\nEncoders: {encoders}").format(
                environment=parent_folder(), cache=cache_folder(), encoders=Store().folder
            )
        )
        folders.setObjectName("botaclip_folders")
        folders.setWordWrap(True)
        folders.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(folders)
        layout.addStretch(1)

    def apply(self) -> None:
        """Keep what was chosen; called by QGIS when its dialog is accepted."""
        settings = QgsSettings()
        settings.setValue(PYTHON_SETTING, str(self.python.filePath()).strip())
        settings.setValue(DEVICE_SETTING, self.device.currentText())
        settings.setValue(PANEL_SETTING, self.at_start.isChecked())


class OptionsFactory(QgsOptionsWidgetFactory):
    """Tells QGIS of the page."""

    def __init__(self) -> None:
        super().__init__("BotaCLIP", icon("botaclip"), KEY)

    def icon(self) -> QIcon:  # noqa: D102 - the names are QGIS's
        return icon("botaclip")

    def createWidget(self, parent: QWidget) -> OptionsPage:  # noqa: D102
        return OptionsPage(parent)
