"""The face of BotaCLIP inside QGIS.

Imports the standard library, ``qgis``, ``qgis.PyQt`` and our own dependency-free modules only.
"""
