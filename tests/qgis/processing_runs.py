"""Runs algorithms by ``processing.run``, as scripts and the Python console do; says of each how it ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from in_qgis import answer, provider
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback, QgsProject

sys.path.append(f"{QgsApplication.pkgDataPath()}/python/plugins")
import processing  # noqa: E402
from processing.core.Processing import Processing  # noqa: E402

Processing.initialize()
OWN = provider()


class Errors(QgsProcessingFeedback):
    """Keeps what is said to be an error."""

    def __init__(self) -> None:
        super().__init__(False)
        self.errors: list[str] = []

    def reportError(self, error: str, fatalError: bool = False) -> None:  # noqa: N802, N803 - the names are QGIS's
        self.errors.append(error)
        super().reportError(error, fatalError)


def run(name: str, inputs: dict) -> dict:
    """Run one."""
    feedback, context = Errors(), QgsProcessingContext()
    context.setProject(QgsProject.instance())
    try:
        results = processing.run(f"botaclip:{name}", inputs, feedback=feedback, context=context)
    except QgsProcessingException as error:
        words = "\n".join([str(error), *feedback.errors])
        return {"ok": False, "log": feedback.textLog(), "error": words}
    plain = {key: value for key, value in results.items() if isinstance(value, (str, list, int, float))}
    return {"ok": True, "log": feedback.textLog(), "error": "", "results": plain}


answer([run(name, inputs) for name, inputs in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))])
