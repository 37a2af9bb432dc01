"""Where a project says which model and which image its map clicks use; dialogs begin with the same ones."""

from __future__ import annotations

from qgis.core import QgsMapLayer, QgsProject

PROJECT_SCOPE = "botaclip"
PROJECT_MODEL = "/click/model"
PROJECT_RASTER = "/click/raster"


def project_model() -> str:
    """Return the path of the project's model, empty when it names none."""
    project = QgsProject.instance()
    stored, _ = project.readEntry(PROJECT_SCOPE, PROJECT_MODEL, "")
    return str(project.readPath(stored)) if stored else ""


def project_raster() -> QgsMapLayer | str:
    """Return the layer or the path of the project's image, empty when it names none."""
    project = QgsProject.instance()
    stored, _ = project.readEntry(PROJECT_SCOPE, PROJECT_RASTER, "")
    if not stored:
        return ""
    return project.mapLayer(stored) or str(project.readPath(stored))
