"""Makes the widgets of dialogs as Processing does, and says with which values they begin."""

from __future__ import annotations

import sys
from pathlib import Path

from in_qgis import answer, provider
from qgis.core import QgsProcessingContext, QgsProject, QgsVectorLayer
from qgis.gui import QgsGui, QgsProcessingGui

OWN = provider()
from botaclip.botaclip_qgis import dialog_widgets  # noqa: E402 - needs the provider's import path
from botaclip.botaclip_qgis.project_entries import PROJECT_MODEL, PROJECT_SCOPE  # noqa: E402

FOLDER = Path(sys.argv[2])
PROJECT = QgsProject.instance()
PROJECT.setFileName(str(FOLDER / "p.qgz"))
PROJECT.writeEntry(PROJECT_SCOPE, PROJECT_MODEL, "./m.botaclip")
CONTEXT = QgsProcessingContext()
CONTEXT.setProject(PROJECT)


def begins_with(name: str, parameter: str) -> str | None:
    """The value of a widget for a model in a dialog that was just opened."""
    algorithm = OWN.algorithm(name).create()
    wrapper = dialog_widgets.ModelWidget(algorithm.parameterDefinition(parameter), None)
    box = wrapper.createWidget()  # kept: it holds the widget
    value = wrapper.widgetValue()
    del box
    return value


def columns() -> list[str]:
    """What the widget of CRS_FIELD offers in the dialog of train."""
    algorithm = OWN.algorithm("train").create()
    layers = {}
    for name in ("RELEVES", "PLOTS", "TAXA"):
        layers[name] = QgsVectorLayer(str(FOLDER / f"{name.lower()}.csv"), name, "ogr")
        PROJECT.addMapLayer(layers[name])
    wrappers, boxes = [], []
    for definition in algorithm.parameterDefinitions():
        if definition.type() == "field":
            wrapper = dialog_widgets.FieldWidget(definition, None)
        elif definition.type() == "source":
            wrapper = QgsGui.processingGuiRegistry().createParameterWidgetWrapper(
                definition, QgsProcessingGui.WidgetType.Standard
            )
        else:
            continue
        boxes.append(wrapper.createWrappedWidget(CONTEXT))
        wrappers.append(wrapper)
    for wrapper in wrappers:
        name = wrapper.parameterDefinition().name()
        if name in layers:
            wrapper.setParameterValue(layers[name].id(), CONTEXT)
    for wrapper in wrappers:
        wrapper.postInitialize(wrappers)
    field = next(one for one in wrappers if one.parameterDefinition().name() == "CRS_FIELD")
    return [field.inner.itemText(index) for index in range(field.inner.count())]


answer(
    {
        "model": begins_with("embed", "MODEL"),
        "init": begins_with("train", "INIT"),
        "columns": columns(),
    }
)
