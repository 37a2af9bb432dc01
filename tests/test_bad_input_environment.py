"""No environment, the wrong one, a worker that is killed, a data folder with an unknown key."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.model_fixture import write_model, write_raster
from tests.script_modules import script
from tests.warm_cli import COMMAND, Answer, WarmCli, check_refusal, listing, warm_cli


@pytest.fixture(scope="module")
def botaclip() -> Iterator[WarmCli]:
    with warm_cli() as cli:
        yield cli


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("in")
    write_model(place / "m.botaclip", write_raster(place / "r.tif", size=1500, pixel=1.0))
    return place


def run(command: list[str], *words: object, home: Path, **environment: str) -> Answer:
    """Run a command in a process that knows of no environment but the one named."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOTACLIP_", "XDG_", "PYTHON"))}
    done = subprocess.run(
        [*command, *map(str, words)], capture_output=True, text=True, check=False, cwd=home,
        env={**kept, "HOME": str(home), **environment},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return Answer(done.returncode, done.stdout, "\n".join(done.stderr.splitlines()[-1:]))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin as it is installed: without an environment beside it."""
    copy = tmp_path_factory.mktemp("bare") / "botaclip"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("core", "requirements"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignore)
    shutil.copy(ROOT / "__init__.py", copy)
    return copy


def system_python() -> str:
    """Return a Python that has none of the packages."""
    for name in ("/usr/bin/python3", "/usr/local/bin/python3"):
        lacks = "import importlib.util as u; raise SystemExit(u.find_spec('onnxruntime') is not None)"
        if Path(name).exists() and subprocess.run([name, "-I", "-c", lacks], check=False).returncode == 0:
            return name
    pytest.skip("there is no Python without the packages on this machine")


def test_no_environment(bare: Path, place: Path, tmp_path: Path) -> None:
    command = [system_python(), "-I", str(bare / "core" / "cli_boot.py")]
    words = ("embed", "--raster", place / "r.tif", "--model", place / "m.botaclip", "--output", tmp_path / "e.tif")
    answer = run(command, *words, home=tmp_path)
    check_refusal(answer, ("environment", "botaclip setup"))
    assert not (tmp_path / "e.tif").exists() and not list(tmp_path.glob("*.part"))


def test_environment_named_that_is_not_there(place: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone" / "bin" / "python"
    words = ("verify", place / "m.botaclip")
    before = listing(tmp_path)
    check_refusal(run(COMMAND, *words, home=tmp_path, BOTACLIP_PYTHON=str(gone)), (str(gone), "BOTACLIP_PYTHON"))
    assert listing(tmp_path) == before


def test_environment_that_lacks_the_packages(place: Path, tmp_path: Path) -> None:
    python = system_python()
    words = ("embed", "--raster", place / "r.tif", "--model", place / "m.botaclip", "--output", tmp_path / "e.tif")
    before = listing(tmp_path)
    answer = run(COMMAND, *words, home=tmp_path, BOTACLIP_PYTHON=python)
    check_refusal(answer, ("the package ", " is missing", python, "botaclip setup --packages run"))
    assert listing(tmp_path) == before


def test_environment_that_is_no_python(place: Path, tmp_path: Path) -> None:
    false = tmp_path / "python"
    false.write_text("#!/bin/sh\nexit 3\n")
    false.chmod(0o755)
    before = listing(tmp_path)
    answer = run(COMMAND, "verify", place / "m.botaclip", home=tmp_path, BOTACLIP_PYTHON=str(false))
    check_refusal(answer, ("worker could not be started",))
    assert listing(tmp_path) == before


def test_worker_killed(botaclip: WarmCli, place: Path, tmp_path: Path) -> None:
    """As the system does it when memory runs out; what the worker had begun is removed, and the next run works."""
    words = ["embed", "--raster", place / "r.tif", "--model", place / "m.botaclip", "--device", "cpu", "--stride", 10]
    botaclip("verify", place / "m.botaclip")  # the worker is there
    seen: list[str] = []

    def kill() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            seen.extend(path.name for path in tmp_path.glob("*.part"))
            if seen and botaclip.worker.pid is not None:
                os.kill(botaclip.worker.pid, signal.SIGKILL)
                return
            time.sleep(0.002)

    killer = threading.Thread(target=kill)
    killer.start()
    botaclip.refuses(*words, "--output", tmp_path / "e.tif", folder=tmp_path, says=("the worker died", "SIGKILL"))
    killer.join()
    assert seen, "it was killed in the middle of its work"
    assert botaclip(*words, "--output", tmp_path / "e.tif").code == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"raster": "r.tif", "releves": "r.csv", "colour": 1}, ("'colour'",)),
        ({"raster": "r.tif", "releves": "r.csv", "cover-fild": "c"}, ("'cover-fild'", "cover-field")),
        ({"raster": "r.tif", "releves": "gone.csv"}, ("gone.csv",)),
        ({"raster": "r.tif"}, ("releves",)),
        ([1], ("object",)),
        ("{", ("botaclip.json",)),
        (None, ("botaclip.json",)),
    ],
)
def test_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: object,
    says: tuple[str, ...],
) -> None:
    """``make demo DATA=folder`` says so before it computes anything; test_data_folder.py has all the ways."""
    demo = script("demo")
    data = tmp_path / "data"
    data.mkdir()
    for name in ("r.tif", "r.csv"):
        (data / name).write_text("")
    if content is not None:
        (data / "botaclip.json").write_text(content if isinstance(content, str) else json.dumps(content))
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "earlier.tif").write_text("kept")
    monkeypatch.setattr(demo, "DEMO", tmp_path / "demo")
    monkeypatch.setattr(demo, "LOG", tmp_path / "demo.log")
    monkeypatch.setattr(demo, "set_up", lambda: types.SimpleNamespace(python=Path(sys.executable)))
    monkeypatch.setattr(demo.signal, "signal", lambda *_: None)
    (tmp_path / "demo.log").write_text("")
    before = listing(tmp_path)
    assert demo.main(["--data", str(data)]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("Stopped: ") and said.count("\n") == 0 and "Traceback" not in said
    assert [words for words in (str(data), *says) if words not in said] == [], said
    assert listing(tmp_path) == before
