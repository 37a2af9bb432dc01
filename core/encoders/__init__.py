"""Frozen encoders: from a window of pixels to vectors. Nothing is imported here, so that QGIS can list them."""
