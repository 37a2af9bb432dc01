"""What is tried on the QGIS of a Debian root: one function a check, each says what it found or fails."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from checkout import register

register()
ROOT = Path(__file__).resolve().parents[1]

import numpy as np  # noqa: E402
import rasterio  # noqa: E402

from botaclip.core.commands import COMMANDS  # noqa: E402
from compat_root import DebianRoot, RootError  # noqa: E402

# Inside of the root: the plugin as a user has it, and the checkout with the environment of its tests.
HOME = "/srv/botaclip"
PLUGIN = f"{HOME}/plugins/botaclip"
SOURCE = f"{HOME}/botaclip-source"
WORK = f"{HOME}/work"
SHIPPED = ("__init__.py", "metadata.txt", "LICENSE", "botaclip_qgis", "core", "requirements", "resources", "training")
# What a plain Debian with QGIS has not: pip for the set-up, as its message says; what the tests call; a screen.
PIP_PACKAGES = ("python3-venv",)
TEST_PACKAGES = ("git", "xauth")
QT6_PACKAGES = ("python3-pyqt6",)
LOCKS = ("run", "train", "dev")
CLICK = ("260030", "4110030", "EPSG:32611")
# The versions of onnxruntime are the same; what remains is the last digit of 32 bit.
TOLERANCE = 1e-5
_NO_TORCH = re.compile(r"No module named \W{1,3}torch\b|the package torch is missing")


class CheckFailed(Exception):
    """One sentence: what is not as it has to be."""


class CheckPartly(Exception):
    """One sentence: what holds, and what could not be tried here."""


@dataclasses.dataclass
class Outcome:
    """What came of a check.

    Parameters
    ----------
    check
        What was tried.
    result
        ``"ok"``, ``"in part"``, ``"failed"`` or ``"not run"``.
    words
        What was found.
    seconds
        How long it took.
    """

    check: str
    result: str
    words: str
    seconds: float


class Compat:
    """The checks, in the order in which they build on each other.

    Parameters
    ----------
    root
        A Debian root with QGIS.
    here
        Answers of the QGIS of this machine to compare with: raster -> array, and ``click``; None where there is none.
    pictures
        Folder for screenshots.
    log
        File that what is installed writes to.
    """

    def __init__(
        self, root: DebianRoot, raster: Path, here: Mapping[str, Any] | None, pictures: Path, log: Path
    ) -> None:
        self.root = root
        self.raster = raster
        self.here = here
        self.pictures = pictures
        self.log = log
        self.versions: dict[str, str] = {}
        self.environment = {
            "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": f"{HOME}/runtime", "OMP_NUM_THREADS": "1",
            "QGIS_CUSTOM_CONFIG_PATH": f"{HOME}/profile", "QGIS_PLUGINPATH": f"{HOME}/plugins",
            "BOTACLIP_ENVIRONMENTS": f"{HOME}/environments", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip

    def run(self) -> Iterator[Outcome]:
        """Run all of them; a failed one does not keep the next from being tried."""
        checks: list[tuple[str, Callable[[], str]]] = [
            ("versions", self.read_versions),
            ("`plugins enable botaclip`", self.enable),
            ("`list` shows every algorithm", self.list_algorithms),
            ("`help` of every algorithm", self.help_of_each),
            ("`botaclip:setup` without pip is one sentence", self.set_up_without_pip),
            ("`botaclip:setup` with the suite's Python", self.set_up),
            ("`botaclip:setup --CHECK`", self.check_set_up),
            ("`botaclip:embed`, bundled model", lambda: self.make_map("embed")),
            ("`botaclip:suitability`, bundled model", lambda: self.make_map("suitability")),
            ("a click, bundled model", self.click),
            ("desktop: start, load, click, screenshot", self.desktop),
            ("every name of Qt is in PyQt6 too", self.names_in_pyqt6),
            ("environment of the tests from the locks", self.test_environment),
            ("the tests of QGIS (`tests/test_qgis_*.py`, `test_qt_compat.py`)", self.tests),
        ]
        self.lay_out()
        for name, check in checks:
            began = time.monotonic()
            try:
                result, words = "ok", check()
            except CheckPartly as error:
                result, words = "in part", str(error)
            except (CheckFailed, RootError) as error:
                result, words = "failed", str(error)
            except subprocess.TimeoutExpired as error:
                result, words = "failed", f"not at its end after {error.timeout:.0f} s"
            yield Outcome(name, result, words, time.monotonic() - began)

    def lay_out(self) -> None:
        """Copy the plugin and the checkout into the root, into an empty folder."""
        home = self.root.path(HOME)
        shutil.rmtree(home, ignore_errors=True)
        for folder in (PLUGIN, SOURCE, WORK, f"{HOME}/profile"):
            self.root.path(folder).mkdir(parents=True)
        self.root.path(f"{HOME}/runtime").mkdir(mode=0o700)
        ignore = shutil.ignore_patterns("__pycache__")
        for part in SHIPPED:
            source, target = ROOT / part, self.root.path(PLUGIN) / part
            shutil.copytree(source, target, ignore=ignore) if source.is_dir() else shutil.copy(source, target)
        # Under sudo the checkout belongs to somebody else.
        command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                target = self.root.path(SOURCE) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, target)
        shutil.copy(self.raster, self.root.path(WORK) / "photograph.tif")

    # --- QGIS ---------------------------------------------------------------------------------------------------------

    def process(self, *words: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Run ``qgis_process`` in the root."""
        return self.root.run(["qgis_process", *words], environment=self.environment, where=WORK, seconds=seconds)

    def read_versions(self) -> str:
        """QGIS, Qt, Python, GDAL as ``qgis_process`` says them, and pip where it comes with the suite."""
        said = self.process("--version").stdout
        for name, pattern in (
            ("QGIS", r"^QGIS (\d[\d.]*)"), ("Qt", r"^Qt version ([\d.]+)"), ("GDAL", r"^GDAL/OGR version ([\d.]+)"),
            ("PROJ", r"^Running against PROJ ([\d.]+)"),
        ):  # fmt: skip
            found = re.search(pattern, said, re.MULTILINE)
            if found is None:
                raise CheckFailed(f"qgis_process does not say its {name} but {said[-200:]!r}")
            self.versions[name] = found[1]
        asked = self.root.run(["python3", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]).stdout
        version = "from qgis.PyQt.QtCore import PYQT_VERSION_STR as version; print(version)"
        binding = self.root.run(["python3", "-c", version]).stdout
        self.versions |= {"Python": asked.strip(), "PyQt": binding.strip()}
        return ", ".join(f"{name} {version}" for name, version in self.versions.items())

    def enable(self) -> str:
        """The plugin is found and enabled, and says nothing bad of itself."""
        ran = self.process("plugins", "enable", "botaclip")
        said = ran.stdout + ran.stderr
        if ran.returncode != 0 or "Enabled botaclip (BotaCLIP)" not in said or "Traceback" in said:
            raise CheckFailed(_last(said))
        return "enabled"

    def list_algorithms(self) -> str:
        """All algorithms of the option table, no other."""
        ours = {f"botaclip:{command.algorithm}" for command in COMMANDS.values()}
        lines = map(str.strip, self.process("list").stdout.splitlines())
        found = {line.split()[0] for line in lines if line.startswith("botaclip:")}
        if found != ours:
            raise CheckFailed(f"missing {sorted(ours - found)}, unknown {sorted(found - ours)}")
        return f"{len(found)} algorithms"

    def help_of_each(self) -> str:
        """The help of each has its summary, its text and all its parameters."""
        for command in COMMANDS.values():
            ran = self.process("help", f"botaclip:{command.algorithm}")
            # qgis_process breaks no lines, but writes markup its own way.
            lacking = [
                option.parameter for option in command.options
                if option.name not in ("progress", "overwrite") and f"{option.parameter}:" not in ran.stdout
            ]  # fmt: skip
            if ran.returncode != 0 or command.summary not in ran.stdout or lacking:
                what = f"without {', '.join(lacking)}" if lacking else _last(ran.stderr)
                raise CheckFailed(f"{command.algorithm}: {what}")
        return f"{len(COMMANDS)} texts with all parameters"

    # --- the set-up ---------------------------------------------------------------------------------------------------

    def set_up_without_pip(self) -> str:
        """Debian's Python comes without pip: the set-up says what to install, and leaves nothing."""
        numbered = f"python{self.versions['Python'].rpartition('.')[0]}-venv"
        # In a root that was used before; the wheel of pip alone would be enough for the set-up.
        self.root.apt("purge", *PIP_PACKAGES, numbered, "python3-pip-whl", log=self.log)
        if self.root.run(["python3", "-c", "import ensurepip"]).returncode == 0:
            return "the suite's Python has pip; nothing to say"
        ran = self.process("run", "botaclip:setup", "--PACKAGES=run")
        said = ran.stdout + ran.stderr
        left = list(self.root.path(f"{HOME}/environments").glob("cp*"))
        if ran.returncode != 1 or "python3-venv" not in said or "Traceback" in said or left:
            raise CheckFailed(f"exit code {ran.returncode}, {_last(said)}, left behind {left}")
        return f"exit code 1, nothing left behind: “{_last(ran.stderr)}”"

    def set_up(self) -> str:
        """The set ``run`` from its lock, hashes and all, with what the message above says installed."""
        self.root.install(PIP_PACKAGES, self.log)
        ran = self.process("run", "botaclip:setup", "--PACKAGES=run", seconds=1200)
        if ran.returncode != 0:
            raise CheckFailed(_last(ran.stdout + ran.stderr))
        folder = re.search(r"folder: (\S+) \((\d+ MB)\)", ran.stdout)
        made = re.search(r"The environment was made in (\d+ s)", ran.stdout)
        if folder is None or made is None:
            raise CheckFailed(_last(ran.stdout))
        return f"`{Path(folder[1]).name}`, {folder[2]}, made in {made[1]}: the lock has wheels for this Python"

    def check_set_up(self) -> str:
        """The environment is whole, by its own check."""
        ran = self.process("run", "botaclip:setup", "--CHECK=true")
        if ran.returncode != 0 or "Whole:" not in ran.stdout:
            raise CheckFailed(_last(ran.stdout + ran.stderr))
        return "whole"

    # --- maps and a click ---------------------------------------------------------------------------------------------

    def make_map(self, algorithm: str) -> str:
        """A map with the bundled model in the environment just made, value by value beside that of QGIS here."""
        output = f"{WORK}/{algorithm}.tif"
        ran = self.process("run", f"botaclip:{algorithm}", *map_words(f"{WORK}/photograph.tif", output))
        if ran.returncode != 0:
            raise CheckFailed(_last(ran.stdout + ran.stderr))
        values = read_map(self.root.path(output))
        seen = np.isfinite(values)
        if seen.sum() < 10 * len(values) or not self.root.path(output).with_suffix(".qml").is_file():
            raise CheckFailed(f"{seen.sum()} values and no style")
        return f"{len(values)} bands of {values.shape[1]} × {values.shape[2]}; {self._beside(algorithm, values)}"

    def click(self) -> str:
        """The first click with the bundled model through the dock, as in ``tests/test_qgis_setup.py``."""
        ran = self.root.run(
            ["python3", f"{SOURCE}/tests/qgis/bundled_click.py", f"{WORK}/click.json", f"{WORK}/photograph.tif",
             *CLICK],
            environment=self.environment, where=WORK, seconds=200,
        )  # fmt: skip
        if ran.returncode != 0:
            raise CheckFailed(_last(ran.stdout + ran.stderr))
        answer = json.loads((self.root.path(WORK) / "click.json").read_text(encoding="utf-8"))
        if answer["failed"] or not answer["has_card"] or answer["hostile"][0] != [1, 1, 1]:
            raise CheckFailed(f"{answer['failed'] or answer['hostile']}")
        values = suitabilities(answer)
        return f"{len(values)} species; {self._beside('click', np.array(list(values.values())), list(values))}"

    def _beside(self, name: str, values: np.ndarray, names: list[str] | None = None) -> str:
        if self.here is None or name not in self.here:
            return "not compared: no QGIS here"
        other = self.here[name]
        if names is not None:
            if set(names) != set(other):
                raise CheckFailed("other species than under the QGIS of this machine")
            other = np.array([other[one] for one in names])
        if other.shape != values.shape or not np.array_equal(np.isnan(other), np.isnan(values)):
            raise CheckFailed(f"{values.shape} beside {other.shape} under the QGIS of this machine, or other gaps")
        apart = float(np.nanmax(np.abs(values - other)))
        if apart > TOLERANCE:
            raise CheckFailed(f"up to {apart:.2g} from what the QGIS of this machine gives")
        return f"largest difference to QGIS {self.here['QGIS']} here: {apart:.2g}"

    # --- the desktop --------------------------------------------------------------------------------------------------

    def desktop(self) -> str:
        """The desktop starts under Xvfb with the plugin, shows a raster, answers a click of the mouse."""
        self.root.install(TEST_PACKAGES, self.log)
        project = self.root.path(WORK) / "empty.qgs"
        project.write_text(f'<!DOCTYPE qgis>\n<qgis version="{self.versions.get("QGIS", "")}"/>\n', encoding="utf-8")
        variables = {name: value for name, value in self.environment.items() if not name.startswith(("QT_", "QGIS_"))}
        ran = self.root.run(
            ["python3", f"{SOURCE}/tests/screens/take.py", "start", f"{WORK}/empty.qgs", "--plugin", PLUGIN],
            environment={**variables, "BOTACLIP_RASTER": f"{WORK}/photograph.tif"}, where=SOURCE, seconds=240,
        )  # fmt: skip
        found = re.search(r"^SEEN (.*)$", ran.stdout, re.MULTILINE)
        picture = self.root.path(SOURCE) / "build" / "screens" / "start.png"
        if ran.returncode != 0 or found is None or not picture.is_file():
            raise CheckFailed(_last(ran.stdout + ran.stderr))
        self.pictures.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, self.pictures / f"start_{self.root.suite}.png")
        seen = json.loads(found[1])
        if not seen["species"] or not seen["dock"] or not seen["toolbars"] or "Traceback" in ran.stderr:
            raise CheckFailed(f"{seen}, {_last(ran.stderr)}")
        return f"the dock lists {seen['species']} species: “{seen['status']}”"

    # --- PyQt6, and the tests -----------------------------------------------------------------------------------------

    def names_in_pyqt6(self) -> str:
        """No run, but more than a look at the source: each name is looked up in the suite's real PyQt6."""
        self.root.install(QT6_PACKAGES, self.log)
        ran = self.root.run(
            ["python3", "scripts/qt_scan.py", "--names-in", "PyQt6"],
            environment={"QT_QPA_PLATFORM": "offscreen"}, where=SOURCE,
        )  # fmt: skip
        if ran.returncode != 0:
            raise CheckFailed(_last(ran.stdout + ran.stderr))
        version = self.root.run(["python3", "-c", "from PyQt6.QtCore import PYQT_VERSION_STR as v; print(v)"]).stdout
        return f"{ran.stdout.strip().partition(': ')[2]} {version.strip()}"

    def test_environment(self) -> str:
        """A ``.venv`` beside the checkout from the locks; torch is left out (its build for CUDA has 2.9 GB)."""
        words = [word for name in LOCKS for word in ("-r", f"requirements/{name}.lock.txt")]
        steps = [
            ["python3", "-m", "venv", ".venv"],
            [".venv/bin/python", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--require-hashes", "--no-deps",
             "--only-binary", ":all:", *words],
            ["git", "init", "-q"], ["git", "add", "-A"],
            ["git", "-c", "user.name=compat", "-c", "user.email=compat@localhost", "commit", "-qm", "a copy"],
        ]  # fmt: skip
        for step in steps:
            ran = self.root.run(step, where=SOURCE, seconds=1800)
            if ran.returncode != 0:
                raise CheckFailed(_last(ran.stdout + ran.stderr))
        return f"every package of {', '.join(LOCKS)} has a wheel with its hash for this Python; without torch"

    def tests(self) -> str:
        """Our tests of QGIS; those that fail for want of torch are counted apart."""
        files = sorted(path.name for path in (ROOT / "tests").glob("test_qgis_*.py")) + ["test_qt_compat.py"]
        ran = self.root.run(
            [".venv/bin/python", "-m", "pytest", "-o", "addopts=", "--import-mode=importlib", "-p", "no:cacheprovider",
             "-vv", "-n", "2", "--dist", "loadfile", "-m", "not slow", f"--junitxml={WORK}/tests.xml",
             *(f"tests/{name}" for name in files)],
            environment={"OMP_NUM_THREADS": "1"}, where=SOURCE, seconds=2400,
        )  # fmt: skip
        with self.log.open("a", encoding="utf-8") as file:
            file.write(ran.stdout + ran.stderr)
        try:
            passed, skipped, torch, failed = read_junit(self.root.path(WORK) / "tests.xml")
        except (OSError, ElementTree.ParseError):
            raise CheckFailed(_last(ran.stdout + ran.stderr)) from None
        words = f"{passed} passed"
        words += f", {len(skipped)} skipped ({'; '.join(sorted(set(skipped)))})" if skipped else ""
        words += f", {len(torch)} not passed for want of torch ({_named(torch)})" if torch else ""
        if failed or not passed:
            raise CheckFailed(f"{words}, {len(failed)} failed: {_named(failed)}")
        if torch:
            raise CheckPartly(words)
        return words


def read_junit(path: Path) -> tuple[int, list[str], list[str], list[str]]:
    """Return passed tests (count), reasons of skipped ones, names of those that lack torch, names of the failed."""
    passed, skipped, torch, failed = 0, [], [], []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        bad = [one for kind in ("failure", "error") for one in case.findall(kind)]
        for one in case.findall("skipped"):
            skipped.append(str(one.get("message")).partition("\n")[0])
        if bad:
            text = "".join(f"{one.get('message')}\n{one.text}" for one in bad)
            (torch if _NO_TORCH.search(text) else failed).append(str(case.get("name")))
        elif not case.findall("skipped"):
            passed += 1
    return passed, skipped, torch, failed


def map_words(raster: str, output: str) -> list[str]:
    """Return the inputs of the maps that are compared."""
    return [f"--RASTER={raster}", "--MODEL=bundled", "--STRIDE=10", "--DEVICE=cpu", f"--OUTPUT={output}"]


def read_map(path: Path) -> np.ndarray:
    """Return the values of a map as (bands, rows, columns) float64, NaN where nothing is known."""
    with rasterio.open(path) as dataset:
        return np.asarray(dataset.read(masked=True).astype("float64").filled(np.nan))


def suitabilities(answer: Mapping[str, Any]) -> dict[str, float]:
    """Return species -> suitability of a click's answer."""
    return {one["name"]: float(one["suitability"]) for one in answer["answer"]["species"]}


def _named(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _last(said: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
