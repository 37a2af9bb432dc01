"""Where a project says which model and which image its map clicks use; dialogs begin with the same ones."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsMapLayer, QgsProject

from botaclip.core.bundled import BUNDLED, WORD

PROJECT_SCOPE = "botaclip"
PROJECT_MODEL = "/click/model"
PROJECT_RASTER = "/click/raster"


def project_model() -> str:
    """Return the path of the project's model, of the bundled one where it names none; empty where there is none."""
    project = QgsProject.instance()
    stored, _ = project.readEntry(PROJECT_SCOPE, PROJECT_MODEL, "")
    if stored and stored != WORD:
        return str(project.readPath(stored))
    return str(BUNDLED) if BUNDLED.is_file() else ""


def model_entry(path: str) -> str:
    """Return what a project keeps of a model: the bundled one is elsewhere on another machine."""
    return WORD if path and Path(path) == BUNDLED else str(QgsProject.instance().writePath(path))


def project_raster() -> QgsMapLayer | str:
    """Return the layer or the path of the project's image, empty when it names none."""
    project = QgsProject.instance()
    stored, _ = project.readEntry(PROJECT_SCOPE, PROJECT_RASTER, "")
    if not stored:
        return ""
    return project.mapLayer(stored) or str(project.readPath(stored))
