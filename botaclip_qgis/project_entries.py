"""Where a project says which model and which image its map clicks use."""

from __future__ import annotations

PROJECT_SCOPE = "botaclip"
PROJECT_MODEL = "/click/model"
PROJECT_RASTER = "/click/raster"
