"""Runs QGIS for the tests: in a process of its own, with a throw-away profile and the checkout as plugin."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = Path(__file__).resolve().parent / "qgis"
# What the plugin consists of, as far as QGIS is concerned.
PLUGIN_PARTS = ("__init__.py", "metadata.txt", "core", "botaclip_qgis", "resources")
# A machine that does other things as well is no fault.
SECONDS = 400


class Qgis:
    """A QGIS with an empty profile of its own in which the plugin is enabled.

    Parameters
    ----------
    folder
        Where the profile and the plugins folder are made.
    copied
        Copy the plugin without its ``.venv`` instead of linking the checkout: a machine without an environment.
    """

    def __init__(self, folder: Path, *, copied: bool = False) -> None:
        self.folder = folder
        self.plugins = folder / "plugins"
        self.plugins.mkdir(parents=True)
        self.plugin = self.plugins / "botaclip"
        if copied:
            ignore = shutil.ignore_patterns("__pycache__")
            for part in PLUGIN_PARTS:
                source, target = ROOT / part, self.plugin / part
                target.parent.mkdir(exist_ok=True)
                shutil.copytree(source, target, ignore=ignore) if source.is_dir() else shutil.copy(source, target)
        else:
            self.plugin.symlink_to(ROOT, target_is_directory=True)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BOTACLIP_"))},
            "QT_QPA_PLATFORM": "offscreen",
            # What QGIS says is compared: in English, whoever runs the tests.
            "LC_ALL": "C.UTF-8",
            "LANGUAGE": "",
            # Not what the one who runs the tests has set up.
            "BOTACLIP_ENVIRONMENTS": str(folder / "environments"),
            "QGIS_CUSTOM_CONFIG_PATH": str(folder / "profile"),
            "QGIS_PLUGINPATH": str(self.plugins),
            "XDG_RUNTIME_DIR": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        enabled = self.process("plugins", "enable", "botaclip")
        assert enabled.returncode == 0, enabled.stdout + enabled.stderr

    def process(
        self, *words: str, environment: Mapping[str, str] | None = None, **rest: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run ``qgis_process`` with ``words``."""
        return self._run(["qgis_process", *words], environment, **rest)

    def run(
        self, algorithm: str, environment: Mapping[str, str] | None = None, **inputs: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run one of our algorithms through ``qgis_process``."""
        words = [f"--{name}={value}" for name, value in inputs.items()]
        return self.process("run", f"botaclip:{algorithm}", *words, environment=environment)

    def script(self, name: str, *words: str, environment: Mapping[str, str] | None = None) -> Any:
        """Run ``tests/qgis/<name>.py`` in QGIS's Python; return what it wrote as JSON."""
        answer = self.folder / f"{name}.json"
        ran = self._run([qgis_python(), str(SCRIPTS / f"{name}.py"), str(answer), *words], environment)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return json.loads(answer.read_text(encoding="utf-8"))

    def _run(
        self, words: list[str], environment: Mapping[str, str] | None, **rest: Any
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, env={**self.environment, **(environment or {})}, capture_output=True, text=True,
            timeout=SECONDS, check=False, cwd=self.folder, **rest,
        )  # fmt: skip


def qgis_python() -> str:
    """Return the Python that has ``qgis``."""
    return os.environ.get("BOTACLIP_QGIS_PYTHON", "/usr/bin/python3")


def make_qgis(*, copied: bool = False) -> Iterator[Qgis]:
    """Yield a :class:`Qgis`, for fixtures; skip where QGIS is not installed."""
    if shutil.which("qgis_process") is None:
        pytest.skip("QGIS is not installed")
    with tempfile.TemporaryDirectory(prefix="botaclip-qgis-") as folder:
        yield Qgis(Path(folder), copied=copied)
