"""Makes the widgets of dialogs as Processing does, and says with which values they begin."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from in_qgis import answer, provider
from qgis.core import QgsProcessingContext, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.gui import QgsGui, QgsProcessingGui
from qgis.PyQt.QtWidgets import QStyleOptionViewItem

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
    """The value of a widget for a model or a raster in a dialog that was just opened."""
    algorithm = OWN.algorithm(name).create()
    kind = dialog_widgets.ModelWidget if parameter in ("MODEL", "INIT") else dialog_widgets.RasterWidget
    wrapper = kind(algorithm.parameterDefinition(parameter), None)
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


def encoders(name: str) -> dict:
    """What the widget of ENCODER offers, by the item's text: whether it can be chosen, and its tool tip."""
    algorithm = OWN.algorithm(name).create()  # kept: it holds the definition
    definition = algorithm.parameterDefinition("ENCODER")
    path = definition.metadata()["widget_wrapper"]["class"]
    wrapper = getattr(dialog_widgets, path.rpartition(".")[2])(definition, None)
    box = wrapper.createWrappedWidget(CONTEXT)
    inner, changes = wrapper.inner, []
    begin = wrapper.widgetValue()
    wrapper.widgetValueHasChanged.connect(lambda _wrapper: changes.append(wrapper.widgetValue()))
    model = inner.model()
    items = [[one.text(), one.isEnabled(), one.toolTip()] for one in map(model.item, range(model.rowCount()))]
    # What comes in while the dialog is open is offered as well, and what was written stays.
    wrapper.setParameterValue("dofa-base+colour-texture", CONTEXT)
    mine = FOLDER / "encoders" / "mine"
    (FOLDER / "encoders" / "hidden").rename(mine)
    inner.showPopup()
    inner.hidePopup()
    later = [inner.itemText(row) for row in range(inner.count())]
    mine.rename(FOLDER / "encoders" / "hidden")
    joined = wrapper.parameterValue()
    inner.setCurrentIndex(inner.findText("colour-texture"))
    chosen = wrapper.parameterValue()
    wrapper.setParameterValue("", CONTEXT)
    empty = wrapper.parameterValue()
    drawn = QStyleOptionViewItem()
    inner.view().itemDelegate().initStyleOption(drawn, model.index(0, 0))
    del box
    return {
        "begin": begin, "items": items, "later": later, "joined": joined,
        "chosen": chosen, "empty": empty, "changes": changes, "drawn": drawn.text,
    }  # fmt: skip


PROJECT.addMapLayer(QgsRasterLayer(str(FOLDER / "image.tif"), "image"))
os.environ["BOTACLIP_ENCODERS"] = str(FOLDER / "encoders")
answer(
    {
        "train_encoders": encoders("train"),
        "encoders_encoders": encoders("encoders"),
        "model": begins_with("embed", "MODEL"),
        "init": begins_with("train", "INIT"),
        "raster": begins_with("train", "RASTER"),
        "calibration": begins_with("encoders", "CALIBRATION"),
        "columns": columns(),
    }
)
