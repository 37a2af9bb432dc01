"""The command ``botaclip demo-data``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botaclip.core.demo_landscape.files import write_demo_landscape
from botaclip.core.errors import OutputError
from botaclip.core.progress import Progress


def demo_data(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Write the demo landscape into a folder; see the option table for the parameters.

    Raises
    ------
    OutputError
        The folder holds a landscape already and ``overwrite`` was not given.
    """
    output = Path(parameters["output"])
    if (output / "landscape.json").exists() and not parameters["overwrite"]:
        raise OutputError(
            "the folder holds a demo landscape already", where=str(output), remedy="use --overwrite or another folder"
        )
    paths = write_demo_landscape(
        output, seed=parameters["seed"], plots=parameters["plots"], species=parameters["species"],
        progress=progress.update,
    )
    return {
        "output": str(output),
        "files": {name: str(path) for name, path in paths.items()},
        "print": [f"A synthetic landscape with {parameters['plots']} relevés lies in {output}. Nothing in it is real."],
    }
