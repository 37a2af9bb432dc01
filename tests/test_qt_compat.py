"""The plugin is written for QGIS 3.34 to 4.x (PyQt5, PyQt6): nothing is found, and every check can find something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT
from tests.qgis_support import Qgis, make_qgis
from tests.script_modules import script

qt_scan = script("qt_scan")

PLUGIN = ROOT / "botaclip_qgis"
CORE = "from qgis.core import Qgis, QgsField, QgsMapLayer, QgsProcessing, QgsProject, QgsVertexMarker\n"
QT = "from qgis.PyQt.QtCore import QMetaType, QVariant, Qt\nfrom qgis.PyQt.QtWidgets import QMessageBox\n"

# Rule -> what is wrong by it, and what the finding has to name.
WRONG: dict[str, list[tuple[str, str]]] = {
    "direct_bindings": [
        ("from PyQt5.QtCore import Qt\n", "PyQt5.QtCore"), ("import PyQt6.QtWidgets\n", "PyQt6.QtWidgets"),
        ("def f():\n    import sip\n", "sip"), ("from PySide6 import QtCore\n", "PySide6"),
    ],
    "moved_and_gone": [
        ("from qgis.PyQt.QtGui import QAction\n", "QAction is not in QtGui of Qt 5"),
        ("from qgis.PyQt.QtGui import QIcon, QShortcut\n", "QShortcut"),
        ("from qgis.PyQt.QtWidgets import QUndoStack\n", "QUndoStack"),
        ("from qgis.PyQt.QtCore import QRegExp\n", "QRegularExpression"),
        ("from qgis.PyQt.QtGui import QRegExpValidator\n", "QRegularExpressionValidator"),
        ("from qgis.PyQt.QtWebKitWidgets import QWebView\n", "QtWebKitWidgets"), ("from qgis.PyQt import Qt\n", "Qt"),
    ],
    "unscoped_enums": [
        (QT + "align = Qt.AlignLeft | Qt.AlignmentFlag.AlignTop\n", "Qt.AlignLeft"),
        (QT + "f(QMessageBox.Yes)\n", "QMessageBox.Yes"), (CORE + "f(k == QgsMapLayer.VectorLayer)\n", "VectorLayer"),
        (CORE + "marker.setIconType(QgsVertexMarker.ICON_CROSS)\n", "ICON_CROSS"),
        (CORE + "log(Qgis.Warning)\n", "Qgis.Warning"), (CORE + "kinds = [QgsProcessing.TypeVector]\n", "TypeVector"),
        ("def f(dialog):\n    return dialog.exec() == dialog.Accepted\n", "dialog.Accepted"),
        ("def f(self):\n    return f() == self.Accepted\n", "self.Accepted"),
        (QT + "box = QMessageBox()\nx = box.Yes\n", "box.Yes"),
    ],
    "enums_as_numbers": [(QT + "x = int(Qt.AlignmentFlag.AlignLeft)\n", "int(Qt.AlignmentFlag.AlignLeft)")],
    "gone_methods": [
        ("dialog.exec_()\n", "exec_()"), ("w = self.fontMetrics().width('text')\n", "horizontalAdvance"),
        ("proxy.setFilterRegExp('a')\n", "setFilterRegularExpression"),
    ],
    "lost_overloads": [("box.currentIndexChanged[str].connect(f)\n", "currentIndexChanged[str]")],
    "variant_types": [
        (QT + "f = make(QVariant.Int)\n", "QVariant.Int"), (QT + "f = QVariant.Type.String\n", "QVariant.Type.String"),
    ],
    "newer_than_the_oldest": [
        (CORE + "kind = Qgis.ProcessingSourceType.Vector\n", "Qgis.ProcessingSourceType is there from QGIS 3.36"),
        (CORE + "where = Qgis.FieldOrigin.Provider\n", "3.38"),
        (CORE + QT + "field = QgsField('a', QMetaType.Type.QString)\n", "QgsField takes QMetaType.Type from QGIS 3.38"),
        (CORE + "if ready:\n    kind = Qgis.StringFormat.Html\n", "4.0"),
        ("from qgis.core import QgsProcessingParameterArea\n", "QgsProcessingParameterArea is there from QGIS 3.40"),
        ("feature = geometry.as_shapely()\n", "as_shapely() is there from QGIS 3.40"),
    ],
}  # fmt: skip

SOUND = """
from __future__ import annotations
from qgis.core import Qgis, QgsField, QgsProcessing, QgsProcessingContext, QgsProject, QgsVectorFileWriter
from qgis.gui import QgsVertexMarker
from qgis.PyQt.QtCore import QMetaType, QRegularExpression, Qt, QVariant
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction, QDialog, QMessageBox, QStyle, QWidget

def f(parent: QWidget, flags: QStyle.StateFlag) -> QgsProcessingContext.LayerDetails | None:
    if QMessageBox.question(parent, "a", "b") == QMessageBox.StandardButton.Yes:
        parent.setCursor(Qt.CursorShape.CrossCursor)
    options = QgsVectorFileWriter.SaveVectorOptions()
    kinds = QgsProcessing.SourceType.TypeVector, QgsProcessing.TEMPORARY_OUTPUT, QVariant(), QVariant.fromValue(1)
    roles = [int(Qt.ItemDataRole.UserRole.value), Qt.ItemDataRole.UserRole + 1]
    QgsProject.instance().setTitle("x")
    buttons = QMessageBox.StandardButton
    sizes = buttons.Yes | buttons.No, parent.sizePolicy().Policy.Expanding
    dialog = QDialog(parent)
    dialog.exec()
    combo.currentIndexChanged.connect(print)
    if Qgis.QGIS_VERSION_INT >= 33800:
        field = QgsField("a", QMetaType.Type.QString)
    else:
        field = QgsField("a")
    try:
        kind = Qgis.ProcessingSourceType.Vector
    except AttributeError:
        kind = QgsProcessing.SourceType.TypeVector
    return QgsProcessingContext.LayerDetails("a", QgsProject.instance())
"""


def test_nothing_is_found_in_the_plugin() -> None:
    assert qt_scan.scan_folder(PLUGIN) == []
    assert len(list(PLUGIN.rglob("*.py"))) > 20, "the folder is where the plugin is"


@pytest.mark.parametrize(
    ("rule", "text", "named"), [(rule, *one) for rule, several in WRONG.items() for one in several]
)
def test_what_is_wrong_is_found(rule: str, text: str, named: str) -> None:
    found = qt_scan.scan(text)
    assert [(one.rule, named in one.words) for one in found] == [(rule, True)], found
    assert found[0].line == len(text.splitlines())


def test_every_check_has_something_that_it_finds() -> None:
    assert set(WRONG) == {check.__name__ for check in qt_scan.CHECKS}


def test_what_fits_every_version_is_not_found() -> None:
    assert qt_scan.scan(SOUND) == []


def test_the_folder_is_named_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.py").write_text("\n\ndialog.exec_()\n", encoding="utf-8")
    (line,) = qt_scan.scan_folder(tmp_path / "own")
    assert line == "own/a.py:3: exec_() is gone in Qt 6; call exec() (gone_methods)"


def test_names_are_looked_up_in_a_binding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A binding of our own, so that this runs where no PyQt6 is installed."""
    (tmp_path / "PyQt6").mkdir()
    (tmp_path / "PyQt6" / "__init__.py").write_text("")
    (tmp_path / "PyQt6" / "QtGui.py").write_text("class QAction:\n    pass\n")
    (tmp_path / "PyQt6" / "QtWidgets.py").write_text("class QMessageBox:\n    class StandardButton:\n        Yes = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    names = ["QAction", "QMessageBox.StandardButton.Yes", "QMessageBox.StandardButton.Maybe", "QDesktopWidget"]
    lacking = qt_scan.missing_from("PyQt6", [f"qgis.PyQt.QtWidgets.{name}" for name in names] + ["qgis.core.QgsField"])
    assert lacking == [f"qgis.PyQt.QtWidgets.{name}" for name in names[2:]]


# --- Against the QGIS of this machine ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


def known(qgis: Qgis, names: list[str], methods: list[str]) -> dict[str, Any]:
    asked = qgis.folder / "asked.json"
    asked.write_text(json.dumps({"names": names, "methods": methods}), encoding="utf-8")
    return qgis.script("api_names", str(asked))


def test_every_name_exists_here_and_none_came_after_the_oldest_qgis(qgis: Qgis) -> None:
    found = known(qgis, qt_scan.names_used(PLUGIN), qt_scan.methods_used(PLUGIN))
    assert found["missing"] == [] and found["classes"] > 40
    late = {name: since for name, since in found["since"].items() if tuple(since) > qt_scan.OLDEST_QGIS}
    assert late == {}


def test_a_name_that_is_new_or_missing_is_seen(qgis: Qgis) -> None:
    core = "qgis.core."
    found = known(
        qgis,
        [f"{core}Qgis.FieldOrigin.Provider", f"{core}Qgis.FieldOrigin", f"{core}QgsNoSuchClass", f"{core}QgsProject",
         f"{core}QgsProcessing.SourceType.TypeVector", "qgis.PyQt.QtCore.Qt.CursorShape.NoSuchCursor"],
        ["createNewLayerName", "crs"],
    )  # fmt: skip
    assert found["missing"] == [f"{core}QgsNoSuchClass", "qgis.PyQt.QtCore.Qt.CursorShape.NoSuchCursor"]
    assert found["since"][f"{core}Qgis.FieldOrigin"] == [3, 38]
    assert f"{core}QgsProcessing.SourceType.TypeVector" not in found["since"], "an old name of something that moved"
