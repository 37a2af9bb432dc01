"""Runs algorithms one after the other in this process; says of each whether it ended well, and what its log holds."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from in_qgis import answer, provider
from qgis.core import QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback, QgsProject

OWN = provider()


def run(name: str, inputs: dict) -> dict:
    """Run one."""
    feedback, context = QgsProcessingFeedback(False), QgsProcessingContext()
    context.setProject(QgsProject.instance())
    algorithm = OWN.algorithm(name).create()
    try:
        ok, words = algorithm.checkParameterValues(inputs, context)
        if not ok:
            return {"ok": False, "log": words, "error": words}
        results, ok = algorithm.run(inputs, context, feedback, catchExceptions=False)
    except QgsProcessingException as error:
        return {"ok": False, "log": feedback.textLog(), "error": str(error)}
    return {"ok": ok, "log": feedback.textLog(), "error": "", "results": results}


answer([run(name, inputs) for name, inputs in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))])
