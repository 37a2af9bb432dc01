"""Step 2 of the panel: a model that is there, or a new one from the relevés of step 1."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtCore import QStandardPaths, pyqtSignal
from qgis.PyQt.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QRadioButton, QVBoxLayout, QWidget

from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.model_card import CardDialog
from botaclip.botaclip_qgis.option_form import OptionForm
from botaclip.botaclip_qgis.parameters import MODEL_FILTER
from botaclip.core.bundled import BUNDLED
from botaclip.core.commands import TRAIN
from botaclip.core.model_card import card_of
from botaclip.core.model_summary import ModelSummary, summary_of

BUNDLED_MODEL, FILE, CONTINUE, TRAIN_NEW = "bundled", "file", "continue", "train"
_TRAINING = (
    "encoder", "patch-size", "min-presences", "alignment", "splits", "folds", "block-size", "plot-locations", "device",
)


class ModelPage(QWidget):
    """Four ways to a model; :meth:`model` is the file that maps are made with."""

    changed = pyqtSignal()
    train_wanted = pyqtSignal()
    preview_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ways = QButtonGroup(self)
        self._buttons: dict[str, QRadioButton] = {}
        layout = QVBoxLayout(self)
        for way, text in (
            (BUNDLED_MODEL, tr("The model that comes along")), (FILE, tr("A model file")),
            (TRAIN_NEW, tr("Train a new model from the relevés of step 1")),
            (CONTINUE, tr("Continue from a model file")),
        ):  # fmt: skip
            button = QRadioButton(text)
            button.setObjectName(f"botaclip_way_{way}")
            self._ways.addButton(button)
            self._buttons[way] = button
            layout.addWidget(button)
            button.toggled.connect(self._on_way)
        self.file = QgsFileWidget()
        self.file.setObjectName("botaclip_panel_model")
        self.file.setFilter(MODEL_FILTER)
        self.file.setDialogTitle(tr("BotaCLIP model"))
        self.file.lineEdit().setAccessibleName(tr("Model file"))
        layout.insertWidget(2, self.file)
        self.about = QLabel()
        self.about.setObjectName("botaclip_about_model")
        self.about.setAccessibleName(tr("About the model"))
        self.about.setWordWrap(True)
        self.card_button = QPushButton(tr("Model card…"))
        self.card_button.setObjectName("botaclip_panel_card")
        self.card_button.setToolTip(tr("What the model is good for, and where it must not be trusted"))
        row = QHBoxLayout()
        row.addWidget(self.about, 1)
        row.addWidget(self.card_button)
        # Below the ways that it speaks of.
        layout.insertLayout(3, row)

        self.training = QWidget()
        self.training.setObjectName("botaclip_training")
        inner = QVBoxLayout(self.training)
        inner.setContentsMargins(0, 0, 0, 0)
        self.parent_file = QgsFileWidget()
        self.parent_file.setObjectName("botaclip_parent_model")
        self.parent_file.setFilter(MODEL_FILTER)
        self.parent_file.lineEdit().setAccessibleName(tr("Model to continue from"))
        self.options = OptionForm(TRAIN, _TRAINING)
        box = QgsCollapsibleGroupBox(tr("How it is trained"))
        box.setObjectName("botaclip_training_box")
        QVBoxLayout(box).addWidget(self.options)
        self.output = OptionForm(
            TRAIN, ("output", "report"),
            captions={"output": tr("Write the model to"), "report": tr("Write a report to")},
        )  # fmt: skip
        self.preview_button = QPushButton(tr("Preview folds and cost"))
        self.preview_button.setObjectName("botaclip_preview")
        self.preview_button.setToolTip(
            tr("Shows on the map what is held out together, and says how long it will take; nothing is trained.")
        )
        self.train_button = QPushButton(tr("Train"))
        self.train_button.setObjectName("botaclip_train")
        self.found = QLabel()
        self.found.setObjectName("botaclip_preview_found")
        self.found.setWordWrap(True)
        self.found.hide()
        row = QHBoxLayout()
        row.addWidget(self.preview_button)
        row.addWidget(self.train_button)
        for widget in (self.parent_file, box, self.output, self.found):
            inner.addWidget(widget)
        inner.addLayout(row)
        layout.addWidget(self.training)
        layout.addStretch(1)

        self.file.fileChanged.connect(lambda _path: self._show())
        self.card_button.clicked.connect(self.show_card)
        self.train_button.clicked.connect(lambda: self.train_wanted.emit())
        self.preview_button.clicked.connect(lambda: self.preview_wanted.emit())
        self.set_way(BUNDLED_MODEL)

    def way(self) -> str:
        """Return which of the four ways is chosen."""
        return next((way for way, button in self._buttons.items() if button.isChecked()), BUNDLED_MODEL)

    def set_way(self, way: str) -> None:
        """Choose one of the four ways."""
        self._buttons[way].setChecked(True)
        self._on_way(True)

    def model(self) -> str:
        """Return the file that maps are made with; empty where there is none yet."""
        if self.way() == BUNDLED_MODEL:
            return str(BUNDLED) if BUNDLED.is_file() else ""
        if self.way() == FILE:
            return str(self.file.filePath()).strip()
        output = str(self.output.values().get("OUTPUT") or "")
        return output if output and Path(output).is_file() else ""

    def set_model(self, path: str) -> None:
        """Choose a model file."""
        if path and Path(path) == BUNDLED:
            self.set_way(BUNDLED_MODEL)
        elif path:
            self.file.setFilePath(path)
            self.set_way(FILE)

    def summary(self) -> ModelSummary | None:
        """Return what the model says of itself; None where there is none."""
        return summary_of(self.model()) if self.model() else None

    def values(self) -> dict[str, Any]:
        """Return the Processing parameters that say how the model is trained, the data left out."""
        found = {**self.options.values(), **self.output.values()}
        if self.way() == CONTINUE:
            found["INIT"] = str(self.parent_file.filePath()).strip()
        return found

    def missing(self) -> str:
        """Return what is still to be chosen before training, in words; empty when nothing is."""
        if self.way() == CONTINUE and not str(self.parent_file.filePath()).strip():
            return tr("Choose the model to continue from.")
        if not self.output.values().get("OUTPUT"):
            return tr("Say where the model is to be written.")
        return ""

    def show_card(self) -> None:
        """Show the model's card."""
        CardDialog(card_of(self.model()), Path(self.model()).stem, self).show()

    def _on_way(self, _checked: bool) -> None:
        way = self.way()
        self.file.setVisible(way == FILE)
        self.training.setVisible(way in (TRAIN_NEW, CONTINUE))
        self.parent_file.setVisible(way == CONTINUE)
        if way in (TRAIN_NEW, CONTINUE) and not self.output.values().get("OUTPUT"):
            path = propose_model()
            self.output.set_values({"OUTPUT": str(path), "REPORT": str(path.with_suffix(".html"))})
        self._show()

    def _show(self) -> None:
        way, model = self.way(), self.model()
        shown = way in (BUNDLED_MODEL, FILE)
        summary = self.summary() if shown else None
        self.about.setVisible(shown)
        self.card_button.setVisible(shown and bool(model) and bool(card_of(model)))
        if summary is not None:
            self.about.setText(summary_words(summary))
        elif shown:
            self.about.setText(
                tr("This is no model file, or a damaged one.") if model else tr("Choose a model file.")
            )
        self.changed.emit()


def propose_model() -> Path:
    """Return where a new model may be written: beside the project, else among the user's documents."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    project = QgsProject.instance()
    folder = Path(project.homePath()) if project.fileName() else Path(documents or Path.home())
    names = (folder / f"model{'' if number == 1 else f'_{number}'}.botaclip" for number in itertools.count(1))
    return next(path for path in names if not path.exists())


def summary_words(summary: ModelSummary) -> str:
    """Return in a few words what a model is."""
    lines = [
        tr("{species} species from {plots} plots; looks at {patch} m around a place.").format(
            species=len(summary.species), plots=summary.plots, patch=f"{summary.patch_m:g}"
        ),
        tr("Needs the bands {bands}.").format(bands=", ".join(summary.bands)),
    ]
    if summary.environment:
        lines.append(tr("Needs also the rasters {names}.").format(names=", ".join(summary.environment)))
    if summary.relative:
        lines.append(tr("Learnt from presences alone: its suitability is relative, no probability."))
    return "\n".join(lines)
