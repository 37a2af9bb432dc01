"""Starts the plugin in the language that the settings name, and says what it shows; then unloads it."""

from __future__ import annotations

import sys

from in_qgis import APPLICATION, answer, provider
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QApplication

settings = QgsSettings()
settings.setValue("locale/overrideFlag", True)
settings.setValue("locale/userLocale", sys.argv[2])
own = provider()
shown = {
    algorithm.id(): {
        "title": algorithm.displayName(),
        "group": algorithm.group(),
        "group id": algorithm.groupId(),
        "summary": algorithm.shortDescription(),
        "help": algorithm.shortHelpString(),
        "tags": algorithm.tags(),
        "parameters": {
            one.name(): {
                "label": one.description(),
                "help": one.help(),
                "choices": list(one.options()) if one.type() == "enum" else [],
            }
            for one in algorithm.parameterDefinitions()
        },
        "outputs": {one.name(): one.description() for one in algorithm.outputDefinitions()},
    }
    for algorithm in own.algorithms()
}
windows = [type(one).__name__ for one in QApplication.topLevelWidgets() if one.isVisible()]
long_name = own.longName()
APPLICATION.botaclip_plugin.unload()
after = QCoreApplication.translate("BotaCLIP", "Train a model")
answer({"algorithms": shown, "long name": long_name, "windows": windows, "after": after})
