"""The panel's parts without a window: forms, tables, lists, locator, options, and who can be reached how."""

from __future__ import annotations

import sys
from pathlib import Path

from in_qgis import APPLICATION, answer, provider
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeedback,
    QgsLocatorContext,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsSettings,
    QgsSingleBandGrayRenderer,
    QgsVectorLayer,
)

OWN = provider()
from qgis.PyQt.QtCore import Qt  # noqa: E402
from qgis.PyQt.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLabel, QLineEdit, QTreeView  # noqa: E402
from stub_interface import Interface  # noqa: E402

from botaclip.botaclip_qgis.option_form import OptionForm  # noqa: E402
from botaclip.botaclip_qgis.options_page import OptionsPage  # noqa: E402
from botaclip.botaclip_qgis.panel import Panel  # noqa: E402
from botaclip.botaclip_qgis.result_layers import add_result_layer, species_of_bands  # noqa: E402
from botaclip.botaclip_qgis.species_locator import SpeciesLocator  # noqa: E402
from botaclip.core.commands import TRAIN  # noqa: E402
from botaclip.core.model_summary import summary_of  # noqa: E402

FOLDER = Path(sys.argv[2])
SAMPLE = FOLDER / "sample"
project = QgsProject.instance()
answers: dict = {}


def plain(value):
    """An extent as the test writes it."""
    if isinstance(value, QgsReferencedRectangle):
        corners = (value.xMinimum(), value.xMaximum(), value.yMinimum(), value.yMaximum())
        return f"{','.join(map(str, corners))} [{value.crs().authid()}]"
    return value


# --- a form of options ---
form = OptionForm(TRAIN, ("patch-size", "min-presences", "alignment", "species", "crs", "output", "plot-field"))
answers["defaults"] = form.values()
form.set_values({"PATCH_SIZE": 50, "MIN_PRESENCES": 7, "ALIGNMENT": "none", "SPECIES": "a,b", "CRS": "EPSG:2154"})
form.set_columns(["plot-field"], ["one", "two"])
answers["given"] = form.values()
form.set_value("species", None)
answers["taken_away"] = "SPECIES" in form.values()

# --- the panel takes up a project ---
image = QgsRasterLayer(str(SAMPLE / "image.tif"), "image")
releves = QgsVectorLayer(str(SAMPLE / "releves.csv"), "species lists", "ogr")
plots = QgsVectorLayer(
    f"file:///{SAMPLE / 'plots.csv'}?delimiter=,&xField=x&yField=y&crs=EPSG:32632", "plots", "delimitedtext"
)
other = QgsVectorLayer("Point?crs=EPSG:2154&field=id:integer", "other", "memory")
project.addMapLayers([image, releves, plots, other])
panel = Panel(Interface())
panel.data.raster.set_value(image)
answers["guessed"] = {
    "releves": panel.data.releves.currentLayer().name(), "plots": panel.data.plots.currentLayer().name(),
    "values": {k: v for k, v in panel.data.values().items() if k.endswith("FIELD") or k == "CRS"},
    "missing": panel.data.missing(),
}  # fmt: skip
panel.data.bands.cellWidget(0, 1).setCurrentText("nir")
answers["doubled"] = [panel.data.bands.doubled(), panel.data.missing(), panel.data.band_note.text()]
panel.data.bands.cellWidget(3, 1).setCurrentText("red")
answers["bands"] = panel.data.bands.value()
panel.data.columns.set_value("habitat-field", "date")
again = Panel(Interface())
answers["kept"] = {"bands": again.data.bands.value(), "habitat": again.data.values().get("HABITAT_FIELD")}
panel.data.bands.cellWidget(0, 1).setCurrentText("red")
panel.data.bands.cellWidget(3, 1).setCurrentText("nir")
answers["bands_as_found"] = panel.data.bands.value()

# --- model and run ---
panel.model.set_model(str(SAMPLE / "model.botaclip"))
panel.show_step(2)
species = panel.run.species
answers["species"] = [len(species.chosen()), species.value()]
species.find.setText("nardosa")
species.none_button.click()
answers["unticked"] = sorted(set(one.name for one in summary_of(panel.model.model()).species) - set(species.chosen()))
species.find.setText("")
species.set_chosen(["Karstia ficta", "Nardosa alpicola"])
box = QgsReferencedRectangle(QgsRectangle(1, 2, 3, 4), QgsCoordinateReferenceSystem("EPSG:32632"))
panel.run.maps["threshold"].setChecked(True)
panel.run.maps["aoa"].setChecked(True)
panel.run.set_part("canvas")
panel.run.folder.setFilePath(str(FOLDER))
(FOLDER / "suitability.tif").write_bytes(b"")
answers["runs"] = [
    [run.algorithm, {name: plain(value) for name, value in run.parameters.items()}, run.after_last]
    for run in panel.run.runs({"RASTER": "r"}, "m", box)
]  # fmt: skip
panel.run.maps["suitability"].setChecked(False)
answers["without_suitability"] = [run.algorithm for run in panel.run.runs({"RASTER": "r"}, "m", box)]
panel.run.maps["aoa"].setChecked(False)
answers["nothing"] = panel.run.missing()
panel.run.maps["suitability"].setChecked(True)
species.set_chosen([])
answers["no_species"] = panel.run.missing()
panel.model.set_model(str(SAMPLE / "plots.csv"))
answers["no_model"] = [panel.model.about.text(), panel.model.summary() is None]

# --- results, locator ---
made = QgsRasterLayer(str(FOLDER / "map.tif"), "Species suitability (m)")
made.setRenderer(QgsSingleBandGrayRenderer(made.dataProvider(), 1))
other_map = QgsRasterLayer(str(FOLDER / "map.tif"), "Embedding (m)")
add_result_layer(project, other_map, kind="botaclip:embed")
answers["of_other_maps"] = species_of_bands(other_map)
add_result_layer(project, made, kind="botaclip:suitability")
panel.results.refresh()
answers["results"] = [panel.results.layer().name(), panel.results.species.count(), species_of_bands(made)]
locator = SpeciesLocator()
locator.prepare("", QgsLocatorContext())
found: list = []
worker = locator.clone()
worker.prepare("ex b", QgsLocatorContext())
worker.resultFetched.connect(found.append)
worker.fetchResults("ex b", QgsLocatorContext(), QgsFeedback())
answers["located"] = [[one.displayString, one.description] for one in found]
locator.triggerResult(found[0])
answers["shown"] = [made.renderer().usesBands(), made.name()]

# --- options ---
page = OptionsPage()
page.python.setFilePath("/some/python")
page.device.setCurrentText("cpu")
page.apply()
answers["settings"] = [QgsSettings().value("botaclip/python"), QgsSettings().value("botaclip/device")]
answers["device"] = OptionForm(TRAIN, ("device",)).values()["DEVICE"]
QgsSettings().remove("botaclip/device")

# --- everybody can be reached by keyboard and has a name ---
nameless, unreachable = [], []
buddies = {label.buddy() for label in panel.findChildren(QLabel) if label.buddy() is not None}
for kind in (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QTreeView):
    for widget in panel.findChildren(kind) + page.findChildren(kind):
        # QGIS's own parts of its widgets.
        inside = widget.objectName().startswith(("qt_", "collapseButton")) or isinstance(
            widget.parent(), (QComboBox, QAbstractSpinBox, QLineEdit)
        ) or type(widget.parent()).__name__ in ("QgsFilterLineEdit", "QgsFileWidget", "QgsProjectionSelectionWidget")
        if inside or type(widget) is QAbstractButton:  # the corner of a table
            continue
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        if not (widget.accessibleName() or text or widget in buddies or widget.toolTip()):
            nameless.append(f"{type(widget).__name__} {widget.objectName()} in {widget.parent().objectName()}")
        if widget.objectName().startswith("botaclip") and widget.focusPolicy() == Qt.FocusPolicy.NoFocus:
            unreachable.append(widget.objectName())
answers["nameless"], answers["unreachable"] = nameless, unreachable
APPLICATION.processEvents()
answer(answers)
