"""An environment broken by hand: one sentence that names the remedy, in time, from every face; set-up mends it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fake_packages import FakePlugin
from tests.qgis_support import make_qgis
from tests.test_bad_input_environment import system_python
from tests.test_qgis_setup import FakeQgis

REMEDY = "Set up the environment"
# Stands for a real job: it loads one package of the environment and says its version.
JOB = "import rasterio\n\n\ndef job(parameters, progress):\n    return {'print': 'rasterio ' + rasterio.__version__}\n"


def with_a_job(plugin: FakePlugin) -> FakePlugin:
    """Let ``verify`` be a job that the tiny packages can do, and let nobody wait for long."""
    core = plugin.root / "core"
    (core / "tiny_job.py").write_text(JOB, encoding="utf-8")
    change(core / "jobs.py", "botaclip.core.model_report:verify", "botaclip.core.tiny_job:job")
    change(core / "worker_client.py", "START_S = 60.0", "START_S = 4.0")
    change(core / "python_environment.py", "IMPORT_S = 300.0", "IMPORT_S = 20.0")
    change(core / "diagnostics.py", "ASKED_S = 45.0", "ASKED_S = 4.0")
    (plugin.folder / "m.botaclip").write_text("", encoding="utf-8")
    return plugin


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, (path.name, before)
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> FakePlugin:
    plugin = with_a_job(FakePlugin(tmp_path_factory.mktemp("made")))
    code, _, said = plugin.set_up()
    assert code == 0, said
    return plugin


@pytest.fixture
def plugin(made: FakePlugin, tmp_path: Path) -> FakePlugin:
    """A copy of a whole environment, to be broken."""
    return made.copy(tmp_path / "copy")


def environment(plugin: FakePlugin) -> Path:
    (folder,) = plugin.folders
    return folder


def job(plugin: FakePlugin) -> tuple[int, str, str]:
    """Run the job from a Python without packages, as QGIS's own is."""
    return plugin.call("verify", plugin.folder / "m.botaclip", "--progress", "none", python=system_python())


def replace_python(plugin: FakePlugin, text: str, mode: int = 0o755) -> None:
    python = environment(plugin) / "bin" / "python"
    python.unlink()
    python.write_text(text, encoding="utf-8")
    python.chmod(mode)


def break_it(plugin: FakePlugin, harm: str) -> None:
    folder = environment(plugin)
    package = next(folder.glob("lib/python3.*/site-packages")) / "rasterio"
    if harm == "package":
        shutil.rmtree(package)
    elif harm == "library":
        (package / "__init__.py").write_text(
            "raise ImportError('libgdal.so.36: cannot open shared object file', name='rasterio._base')\n"
        )
    elif harm == "python":
        (folder / "bin" / "python").unlink()
    elif harm == "marker":
        (folder / "botaclip.json").unlink()
    else:
        text = {
            "dead": "#!/bin/sh\necho it burns >&2\nexit 3\n", "no program": "\0\1\2", "forbidden": "#!/bin/sh\n",
            "rubbish": "#!/bin/sh\necho Welcome to the other program\n",
            "hangs": f"#!/bin/sh\necho $$ > {plugin.folder}/pid\nexec sleep 600\n",
        }[harm]  # fmt: skip
        replace_python(plugin, text, 0o644 if harm == "forbidden" else 0o755)


def test_the_job_works_where_the_environment_is_whole(made: FakePlugin) -> None:
    assert job(made) == (0, "rasterio 1.0\n", "")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("package", "the package rasterio is missing"),
        ("library", "the package rasterio cannot be loaded (libgdal.so.36: cannot open shared object file)"),
        ("python", "no Python environment for the worker was found"),
        ("marker", "no Python environment for the worker was found"),
        ("dead", "the worker could not be started: it ended with exit code 3; its last words were: it burns"),
        ("no program", "the worker cannot be started (Exec format error)"),
        ("forbidden", "the worker cannot be started (Permission denied)"),
        ("rubbish", "what was started there is no worker: it says 'Welcome to the other program'"),
        ("hangs", "the worker did not answer within 4 s"),
    ],
)
def test_one_sentence_names_the_remedy(plugin: FakePlugin, harm: str, words: str) -> None:
    break_it(plugin, harm)
    began = time.monotonic()
    code, out, err = job(plugin)
    assert time.monotonic() - began < 60, "it must never hang"
    (said,) = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert (code, out) == (1, "") and words in said and REMEDY in said and "botaclip setup" in said
    assert "Traceback" not in err
    if harm == "hangs":
        number = int((plugin.folder / "pid").read_text())
        assert not alive(number), "the one that hung is gone"

    code, out, err = plugin.call("diagnostics", "--progress", "none", python=system_python())
    assert code == 0 and err == "" and REMEDY in out + REMEDY * (harm not in ("python", "marker"))
    assert {
        "package": "NOT whole: rasterio-1.0 lacks rasterio/__init__.py", "library": "NOT whole: rasterio-1.0 lacks",
        "python": "NOT whole: its Python", "marker": "no finished set", "dead": "problem: it ended with exit code 3",
        "no program": "problem: it cannot be run", "forbidden": "problem: it cannot be run",
        "rubbish": "problem: what it answers is not", "hangs": "problem: it did not answer within 4 s",
    }[harm] in out, out

    if harm in ("package", "rubbish", "marker"):
        mends(plugin)


def mends(plugin: FakePlugin) -> None:
    code, out, err = plugin.set_up()
    assert code == 0 and "The environment was made" in out, err
    assert job(plugin) == (0, "rasterio 1.0\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["library", "python", "dead", "no program", "forbidden", "hangs"])
def test_set_up_mends_the_others_too(plugin: FakePlugin, harm: str) -> None:
    break_it(plugin, harm)
    mends(plugin)


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")


def test_the_set_up_itself_says_what_is_broken(plugin: FakePlugin) -> None:
    break_it(plugin, "rubbish")
    code, _, err = plugin.call("setup", "--check")
    assert code == 1 and "its packages do not load: what should be its Python is none" in err.splitlines()[-1]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeQgis]:
    for qgis in make_qgis():
        prepared = FakeQgis(qgis, tmp_path_factory.mktemp("plugin"))
        with_a_job(prepared.fake)
        yield prepared


def said_by(ran: subprocess.CompletedProcess[str]) -> str:
    return ran.stdout + ran.stderr


def test_qgis_says_the_same_keeps_the_error_and_mends_it(prepared: FakeQgis) -> None:
    plugin, model = prepared.fake, prepared.fake.folder / "m.botaclip"
    made = prepared.set_up(PACKAGES="run", WHEELS=plugin.wheels)
    assert made.returncode == 0, made.stdout + made.stderr
    for harm, words in (("package", "the package rasterio is missing"), ("rubbish", "there is no worker: it says")):
        break_it(plugin, harm)
        ran = prepared.qgis.run("verify", environment=prepared.variables, MODEL=model)
        said = said_by(ran)
        assert ran.returncode == 1 and words in said and REMEDY in said

    report = prepared.qgis.folder / "report.md"
    ran = prepared.qgis.run("diagnostics", environment=prepared.variables, OUTPUT=report)
    assert ran.returncode == 0, said_by(ran)
    text = report.read_text(encoding="utf-8")
    assert re.search(r"^- QGIS: 3\.\d+", text, re.MULTILINE) and re.search(r"^- Qt: \d+\.", text, re.MULTILINE)
    assert "problem: what it answers is not what a Python would" in text
    assert "what was started there is no worker: it says 'Welcome to the other program'" in text, "the last error"

    mended = prepared.set_up(PACKAGES="run", WHEELS=plugin.wheels)
    assert mended.returncode == 0, said_by(mended)
    ran = prepared.qgis.run("verify", environment=prepared.variables, MODEL=model)
    assert ran.returncode == 0 and "rasterio 1.0" in ran.stdout, said_by(ran)
    removed = prepared.set_up(REMOVE="true")
    assert removed.returncode == 0 and not plugin.parent.exists(), "the error that was kept goes, too"
