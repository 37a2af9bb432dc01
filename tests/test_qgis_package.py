"""The ZIP in an empty profile, as the plugin manager installs it: listed in full, runs, says what it lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.model_fixture import write_model, write_raster
from tests.script_modules import script

lrelease, package = script("lrelease"), script("package")

ALGORITHMS = {
    f"botaclip:{name}" for name in (
        "demodata", "train", "embed", "suitability", "predict", "info", "verify", "devices", "setup", "encoders",
        "cache", "evaluate", "ablate", "aoa", "similarity", "richness", "clusters", "report",
        "threshold", "lists", "change", "sample", "diagnostics", "preview",
    )
}


class Installed:
    """A fresh home folder whose only profile has the plugin from the ZIP."""

    def __init__(self, archive: Path, home: Path) -> None:
        self.home = home
        self.profile = home / ".local" / "share" / "QGIS" / "QGIS3" / "profiles" / "default"
        plugins = self.profile / "python" / "plugins"
        plugins.mkdir(parents=True)
        with zipfile.ZipFile(archive) as opened:
            assert {Path(name).parts[0] for name in opened.namelist()} == {"botaclip"}
            for entry in opened.infolist():
                target = plugins / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(opened.read(entry))
        self.plugin = plugins / "botaclip"

    def process(self, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``qgis_process`` in this home."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        own = {
            "HOME": str(self.home), "XDG_DATA_HOME": str(self.home / ".local" / "share"),
            "XDG_RUNTIME_DIR": str(self.home), "QT_QPA_PLATFORM": "offscreen",
        }  # fmt: skip
        return subprocess.run(
            ["qgis_process", *map(str, words)], env={**kept, **own, **environment}, cwd=self.home,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    if shutil.which("qgis_process") is None:
        pytest.skip("QGIS is not installed")
    if lrelease.find_lrelease() is None:
        pytest.skip("lrelease is not installed")
    folder = tmp_path_factory.mktemp("zip")
    copy = folder / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "as it stands"]):
        subprocess.run([*git, *words], cwd=copy, check=True, capture_output=True)
    # What the rules and the scanners say of the ZIP is in test_package.py.
    archive = package.unchecked(copy, copy / "build" / "package")
    assert package.zip_problems(archive) == []
    yield Installed(archive, folder / "home")


def listed(process: subprocess.CompletedProcess[str]) -> set[str]:
    return {line.split()[0] for line in process.stdout.splitlines() if line.strip().startswith("botaclip:")}


def test_it_is_listed_in_full_once_enabled_though_no_environment_is_there(installed: Installed) -> None:
    assert listed(installed.process("list")) == set(), "an empty profile enables nothing"
    enabled = installed.process("plugins", "enable", "botaclip")
    assert enabled.returncode == 0, enabled.stdout + enabled.stderr
    answer = installed.process("list")
    assert listed(answer) == ALGORITHMS
    assert "Traceback" not in answer.stderr


def test_it_speaks_french_where_qgis_does(installed: Installed) -> None:
    installed.process("plugins", "enable", "botaclip")
    answer = installed.process("list", LANG="fr_FR.UTF-8", LC_CTYPE="C.UTF-8")
    assert listed(answer) == listed(installed.process("list", LANG="C.UTF-8"))
    assert "botaclip:train\tEntraîner un modèle" in answer.stdout


def test_without_an_environment_a_run_says_what_to_do(installed: Installed) -> None:
    ran = installed.process("run", "botaclip:devices")
    said = ran.stdout + ran.stderr
    assert ran.returncode == 1
    assert "BOTACLIP_PYTHON" in said and "Traceback" not in said


def test_a_map_is_made_by_the_installed_copy(installed: Installed, tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif")
    model = write_model(tmp_path / "m.botaclip", raster).path
    output = tmp_path / "s.tif"
    ran = installed.process(
        "run", "botaclip:suitability", f"--RASTER={raster}", f"--MODEL={model}", "--STRIDE=40", "--DEVICE=cpu",
        f"--OUTPUT={output}", BOTACLIP_PYTHON=sys.executable,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert output.is_file() and output.with_suffix(".qml").is_file()
    assert not list(installed.plugin.rglob("*.so")), "nothing was installed beside the plugin"
