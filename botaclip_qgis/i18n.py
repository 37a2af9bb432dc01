"""The plugin's words in the language of QGIS.

Every text that the plugin shows goes through :func:`tr` as a literal, so that ``scripts/translations.py`` finds it.
What the worker says (errors, log lines) stays English: it is the same on the command line.
"""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

CONTEXT = "BotaCLIP"
# Holds botaclip_<language>.qm, made from the .ts files there by ``make package`` and ``make setup``.
FOLDER = Path(__file__).resolve().parents[1] / "i18n"

_installed: list[QTranslator] = []


def tr(text: str) -> str:
    """Return ``text`` in the language of QGIS, itself where there is no translation."""
    return str(QCoreApplication.translate(CONTEXT, text))


def install_translator() -> bool:
    """Load the translation for QGIS's language; return whether there is one."""
    remove_translator()
    language = str(QgsApplication.instance().locale() if QgsApplication.instance() else "").partition("_")[0]
    path = FOLDER / f"botaclip_{language}.qm"
    translator = QTranslator()
    if not language or not path.is_file() or not translator.load(str(path)):
        return False
    QCoreApplication.installTranslator(translator)
    _installed.append(translator)
    return True


def remove_translator() -> None:
    """Take the translation away again, as when the plugin is unloaded."""
    while _installed:
        QCoreApplication.removeTranslator(_installed.pop())
