"""``botaclip setup`` from end to end with tiny packages: made, extended, checked, repaired, refused, removed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .fake_packages import FakePlugin, fake_wheel, lock_text


@pytest.fixture
def plugin(tmp_path: Path) -> FakePlugin:
    return FakePlugin(tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> FakePlugin:
    """A plugin whose set ``run`` was set up; tests that use it leave it whole."""
    plugin = FakePlugin(tmp_path_factory.mktemp("made"))
    code, _, plugin.said = plugin.set_up()
    assert code == 0, plugin.said
    return plugin


@pytest.fixture(scope="module")
def trained(made: FakePlugin, tmp_path_factory: pytest.TempPathFactory) -> FakePlugin:
    """The same, extended by the set ``train``; tests that use it leave it whole."""
    plugin = made.copy(tmp_path_factory.mktemp("trained") / "copy")
    word = plugin.interpreter("train")
    assert "but not those for training" in word and "botaclip setup --packages train" in word
    inode = package_file(only(plugin.folders), "numpy").stat().st_ino
    code, out, plugin.said = plugin.set_up("train", "--torch", "cpu")
    assert code == 0 and "The environment was extended" in out, plugin.said
    assert package_file(only(plugin.folders), "numpy").stat().st_ino == inode
    return plugin


@pytest.fixture
def whole(made: FakePlugin, tmp_path: Path) -> FakePlugin:
    """A copy of it, to be changed."""
    return made.copy(tmp_path / "copy")


def only(folders: list[Path]) -> Path:
    assert len(folders) == 1, folders
    return folders[0]


def marker(folder: Path) -> dict[str, Any]:
    content = json.loads((folder / "botaclip.json").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def package_file(folder: Path, module: str) -> Path:
    return next(folder.glob(f"lib/python3.*/site-packages/{module}/__init__.py"))


def wait_for(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError("it did not happen")


def test_the_run_set_is_made_from_a_folder_of_wheels(made: FakePlugin) -> None:
    assert "Installing run: about 120 MB from" in made.said and "400 MB on disk" in made.said
    for name in ("numpy", "rasterio", "pyproj", "pyogrio", "onnxruntime", "safetensors"):
        assert f"  {name} 1.0\n" in made.said
    folder = only(made.folders)
    assert marker(folder)["sets"] == ["run"] and marker(folder)["packages"]["rasterio"] == "1.0"
    assert folder.name.startswith(f"cp{sys.version_info[0]}{sys.version_info[1]}-")
    assert made.interpreter() == str(folder / "bin" / "python")
    version = [folder / "bin" / "python", "-I", "-c", "import numpy; print(numpy.__version__)"]
    assert subprocess.run(version, capture_output=True, text=True).stdout == "1.0\n"
    code, out, err = made.call("setup", "--check")
    assert code == 0 and out.startswith("Whole:\n") and "sets: run (no training" in out and "numpy 1.0" in out, err


def test_a_second_time_nothing_is_done(made: FakePlugin) -> None:
    folder = only(made.folders)
    before = (folder / "botaclip.json").stat().st_mtime_ns
    # Also without a way to get packages: nothing is fetched.
    code, out, _ = made.call("setup", "--packages", "run", PIP_NO_INDEX="1")
    assert code == 0 and "nothing was done" in out
    assert (folder / "botaclip.json").stat().st_mtime_ns == before


def test_json_progress_is_parsed_line_by_line(made: FakePlugin) -> None:
    code, out, _ = made.call("setup", "--check", "--progress", "json")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and events[-1]["type"] == "result" and events[-1]["outputs"]["sets"] == ["run"]


def test_train_extends_run_in_place(trained: FakePlugin) -> None:
    folder = only(trained.folders)
    assert marker(folder)["sets"] == ["run", "train"]
    torch = marker(folder)["torch"]
    assert torch["build"] == "cpu" and torch["listed"] is True and "(a listed digest)" in trained.said
    assert trained.interpreter("train") == trained.interpreter("run") == str(folder / "bin" / "python")
    # run is part of it, and auto keeps the build that is there
    assert "nothing was done" in trained.set_up("run")[1] and "nothing was done" in trained.set_up("train")[1]


@pytest.mark.slow
def test_another_build_of_torch_makes_it_anew_and_a_failure_keeps_the_old(
    trained: FakePlugin, tmp_path: Path
) -> None:
    plugin = trained.copy(tmp_path / "copy")
    folder = only(plugin.folders)
    (plugin.wheels / "torch-2.13.0+cpu-py3-none-any.whl").unlink()
    nvidia = plugin.wheels / "nvidia_cublas-1.0-py3-none-any.whl"
    nvidia.rename(plugin.root / nvidia.name)
    code, _, err = plugin.set_up("train", "--torch", "cuda")
    assert code == 1 and "holds no wheel of nvidia-cublas==1.0" in err.splitlines()[-1]
    assert only(plugin.folders) == folder and marker(folder)["torch"]["build"] == "cpu"
    assert plugin.call("setup", "--check")[0] == 0
    (plugin.root / nvidia.name).rename(nvidia)
    assert plugin.set_up("train", "--torch", "cuda")[0] == 0
    assert only(plugin.folders) == folder and marker(folder)["torch"] == {"build": "cuda"}
    assert marker(folder)["packages"]["torch"] == "2.13.0"


@pytest.mark.slow
def test_an_unlisted_torch_is_said_and_recorded_and_a_wrong_one_refused(whole: FakePlugin) -> None:
    plugin = whole
    listed = plugin.torch_digests.read_text()
    plugin.torch_digests.write_text(f"{'0' * 64}  {listed.split('  ')[1]}")
    code, _, err = plugin.set_up("train", "--torch", "cpu")
    assert code == 1 and "torch-cpu.sha256 lists" in err
    assert marker(only(plugin.folders))["sets"] == ["run"]
    plugin.torch_digests.write_text("")
    code, out, err = plugin.set_up("train", "--torch", "cpu")
    assert code == 0 and "NOT a listed digest" in err and "NOT a listed digest" in out
    assert marker(only(plugin.folders))["torch"]["listed"] is False


def test_a_failed_extension_leaves_run_whole(whole: FakePlugin) -> None:
    plugin = whole
    folder = only(plugin.folders)
    (plugin.wheels / "filelock-3.0-py3-none-any.whl").unlink()  # the last one: the set train is in place by then
    code, _, err = plugin.set_up("train", "--torch", "cpu")
    assert code == 1 and "holds no wheel of filelock==3.0" in err
    assert plugin.call("setup", "--check")[0] == 0 and marker(folder)["sets"] == ["run"]
    assert not list(folder.glob("lib/python3.*/site-packages/pandas*")) and not (folder / "torch").exists()
    assert plugin.interpreter() == str(folder / "bin" / "python")


@pytest.mark.parametrize("harm", ["file", "altered", "version", "package", "python", "marker"])
def test_a_harmed_environment_is_named_and_made_anew(whole: FakePlugin, harm: str) -> None:
    plugin = whole
    folder = only(plugin.folders)
    rasterio = package_file(folder, "rasterio")
    words = ""
    if harm == "file":
        rasterio.unlink()
        words = "rasterio-1.0 lacks rasterio/__init__.py"
    elif harm == "altered":
        rasterio.write_text("# something else\n")
        words = "rasterio-1.0 lacks rasterio/__init__.py"
    elif harm == "version":
        info = rasterio.parents[1] / "rasterio-1.0.dist-info"
        info.rename(info.with_name("rasterio-0.9.dist-info"))
        words = "rasterio is 0.9 instead of 1.0"
    elif harm == "package":
        shutil.rmtree(rasterio.parents[1] / "rasterio-1.0.dist-info")
        words = "rasterio 1.0 is missing"
    elif harm == "python":
        (folder / "bin" / "python").unlink()
        words = f"its Python {folder / 'bin' / 'python'} is gone"
    else:
        (folder / "botaclip.json").write_text('{"format": 1, "sets": ["run"], "locks": {}}')
        words = "its marker says other locks"
    code, _, err = plugin.call("setup", "--check")
    assert code == 1 and words in err.splitlines()[-1] and "botaclip setup makes it anew" in err
    assert "Traceback" not in err
    if harm in ("python", "marker"):
        assert "no Python environment for the worker was found" in plugin.interpreter()
    if harm in ("altered", "python"):
        code, out, err = plugin.set_up()
        assert code == 0 and "The environment was made" in out, err
        assert plugin.call("setup", "--check")[0] == 0 and only(plugin.folders) == folder


def test_check_without_an_environment_says_what_makes_one(plugin: FakePlugin) -> None:
    code, out, err = plugin.call("setup", "--check", "--progress", "none")
    assert code == 1 and out == "" and err.count("\n") == 1
    assert "there is no environment for these locks" in err and err.endswith("botaclip setup makes it.\n")
    assert "run botaclip setup" in plugin.interpreter().lower()


def test_what_was_broken_off_is_never_taken_for_whole(plugin: FakePlugin) -> None:
    many = fake_wheel(plugin.wheels, "safetensors", "1.0", module="safetensors", files=3000)
    others = [plugin.wheels / f"{name}-1.0-py3-none-any.whl" for name in ("numpy", "rasterio", "pyproj", "pyogrio",
                                                                         "onnxruntime")]  # fmt: skip
    plugin.lock("run").write_text(lock_text([*others, many]))
    process = plugin.start("setup", "--packages", "run", "--wheels", plugin.wheels)
    wait_for(lambda: list(plugin.parent.glob("cp*/lib/python3.*/site-packages/safetensors/data/1.txt")))
    process.kill()
    process.communicate()
    folder = only(plugin.folders)
    assert not (folder / "botaclip.json").exists()
    assert "no Python environment for the worker was found" in plugin.interpreter()
    code, _, err = plugin.call("setup", "--check")
    assert code == 1 and "its set-up was not finished" in err
    # pip holds the lock until it notices that nobody listens any more.
    code, out, err = plugin.set_up()
    assert code == 0 and "The environment was made" in out, err
    assert plugin.call("setup", "--check")[0] == 0


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_cancelling_kills_pip_and_leaves_nothing(plugin: FakePlugin, signal_number: int) -> None:
    process = plugin.start("setup", "--packages", "run", "--wheels", plugin.wheels)
    wait_for(lambda: list(plugin.parent.glob("cp*/pyvenv.cfg")))
    time.sleep(0.5)
    process.send_signal(signal_number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 128 + signal_number and err.endswith("Cancelled; nothing unfinished is left.\n")
    assert plugin.folders == []
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert str(plugin.wheels) not in running


def test_two_set_ups_at_once_make_one_environment(plugin: FakePlugin) -> None:
    first = plugin.start("setup", "--packages", "run", "--wheels", plugin.wheels)
    wait_for(lambda: list(plugin.parent.glob("cp*/pyvenv.cfg")))
    second = plugin.start("setup", "--packages", "run", "--wheels", plugin.wheels)
    (out, _), (out_2, err_2) = first.communicate(timeout=60), second.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "The environment was made" in out and "nothing was done" in out_2
    assert f"Another set-up is at work (process {first.pid}); waiting" in err_2
    only(plugin.folders)


def test_two_plugins_of_the_same_locks_share_and_others_do_not(made: FakePlugin, tmp_path: Path) -> None:
    other = FakePlugin(tmp_path)
    shared = {"BOTACLIP_ENVIRONMENTS": str(made.parent)}
    # Not the same bytes: wheels hold the time at which they were written.
    for path in made.requirements.iterdir():
        shutil.copy(path, other.requirements)
    assert other.interpreter(variables=shared) == made.interpreter()
    other.lock("train").write_text(other.lock("train").read_text() + "# resolved anew\n")
    assert "no Python environment for the worker was found" in other.interpreter(variables=shared)


def test_a_wheel_with_another_hash_is_refused(plugin: FakePlugin) -> None:
    fake_wheel(plugin.wheels, "pyogrio", "1.0", module="pyogrio", code="raise SystemExit('hijacked')\n")
    code, out, err = plugin.set_up()
    assert code == 1 and out == "" and plugin.folders == []
    last = err.splitlines()[-1]
    assert last.startswith("Error: pyogrio==1.0 from the folder") and "another SHA-256 than the lock file says" in last


def test_a_missing_wheel_is_named(plugin: FakePlugin) -> None:
    (plugin.wheels / "pyproj-1.0-py3-none-any.whl").unlink()
    code, _, err = plugin.set_up("run", "--progress", "none")
    assert code == 1 and err.count("\n") == 1 and plugin.folders == []
    assert f"the folder {plugin.wheels} holds no wheel of pyproj==1.0 for this Python" in err


def test_packages_that_do_not_load_are_no_environment(plugin: FakePlugin) -> None:
    broken = fake_wheel(plugin.wheels, "safetensors", "1.0", module="safetensors", code="import no_such_library\n")
    text = plugin.lock("run").read_text().split("safetensors==")[0]
    plugin.lock("run").write_text(text + lock_text([broken]))
    code, _, err = plugin.set_up()
    assert code == 1 and "No module named 'no_such_library'" in err and plugin.folders == []


def test_new_locks_make_a_new_environment_and_remove_takes_all(whole: FakePlugin, tmp_path: Path) -> None:
    plugin = whole
    old = only(plugin.folders)
    plugin.lock("run").write_text(plugin.lock("run").read_text() + "# resolved anew\n")
    code, out, err = plugin.set_up()
    assert code == 0 and "The environment was made" in out, err
    assert len(plugin.folders) == 2 and old in plugin.folders
    code, out, _ = plugin.call("setup", "--check")
    assert code == 0 and f"Of other versions: {old} (" in out

    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "kept.txt").write_text("kept")
    (plugin.parent / "cp311-linux_x86_64-0123456789ab").symlink_to(mine, target_is_directory=True)
    (plugin.parent / "notes").mkdir()
    (old / "lib" / "link").symlink_to(mine, target_is_directory=True)
    code, out, _ = plugin.call("setup", "--remove")
    assert code == 0 and out.count("Removed ") == 2 and "MB were freed" in out
    assert (mine / "kept.txt").read_text() == "kept"
    assert [path.name for path in plugin.folders] == ["cp311-linux_x86_64-0123456789ab", "notes"]
    assert not (plugin.parent / "set-up.lock").exists()


def test_removing_twice_is_no_error_and_leaves_no_folder(whole: FakePlugin) -> None:
    plugin = whole
    assert plugin.call("setup", "--remove")[0] == 0
    assert not plugin.parent.exists()
    code, out, _ = plugin.call("setup", "--remove")
    assert code == 0 and "nothing was removed" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--check", "--remove"], "--check and --remove exclude each other"),
        (["--wheels", "/nowhere/wheels"], "/nowhere/wheels is no folder"),
        (["--wheels", "/proc/self/fd"], "holds no wheels"),
        (["--python", "/nowhere/python"], "/nowhere/python, which --python names, is no Python"),
        (["--python", "/bin/sh"], "cannot be run as a Python"),
        (["--torch", "rocm"], "use one of auto, cpu, cuda"),
    ],
)
def test_bad_options_are_one_sentence(plugin: FakePlugin, words: list[str], sentence: str) -> None:
    code, out, err = plugin.call("setup", "--progress", "none", *words)
    assert code == 1 and out == "" and err.count("\n") == 1
    assert sentence.lower() in err.lower() and plugin.folders == []


def test_a_folder_that_cannot_be_written_is_one_sentence(plugin: FakePlugin, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for parent in (tmp_path / "file" / "environments", Path("/proc/environments")):
        code, _, err = plugin.set_up("run", "--progress", "none", BOTACLIP_ENVIRONMENTS=str(parent))
        assert code == 1 and err.count("\n") == 1
        assert "the folder of the environments cannot be written" in err and "BOTACLIP_ENVIRONMENTS" in err


def test_no_password_is_shown_anywhere(plugin: FakePlugin) -> None:
    addresses = ["--proxy", "http://ann:s3cret@127.0.0.1:9", "--index-url", "http://bob:hidden@127.0.0.1:9/simple"]
    process = plugin.start("setup", "--packages", "run", *addresses, PIP_RETRIES="1")
    wait_for(lambda: list(plugin.parent.glob("cp*/pyvenv.cfg")))
    time.sleep(0.5)
    pip = subprocess.run(["ps", "-eo", "ppid,args"], capture_output=True, text=True).stdout
    ours = [line for line in pip.splitlines() if line.split()[0] == str(process.pid)]
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "there is no network" in err and plugin.folders == []
    assert "--proxy http://***@127.0.0.1:9" in err.replace("'", "")
    assert not [word for word in ("s3cret", "hidden") if word in out + err + "".join(ours)]


def test_without_its_locks_it_says_so(plugin: FakePlugin) -> None:
    shutil.rmtree(plugin.requirements)
    for words in ([], ["--check"]):
        code, _, err = plugin.call("setup", "--progress", "none", *words)
        assert code == 1 and err.count("\n") == 1
    assert "the lock files, from which an environment is made, did not come" in plugin.call("setup")[2]
    assert "no Python environment for the worker was found" in plugin.interpreter()


def test_it_runs_in_the_oldest_python_of_qgis(plugin: FakePlugin) -> None:
    """The environment is then made from another one."""
    found = [*Path("/usr/bin").glob("python3.9"), *Path.home().glob(".pyenv/versions/3.9.*/bin/python3")]
    if not found:
        pytest.skip("no Python 3.9 on this machine")
    words = ["setup", "--packages", "run", "--wheels", plugin.wheels, "--python", sys.executable]
    code, out, err = plugin.call(*words, python=str(found[0]))
    assert code == 0 and "The environment was made" in out, err
    assert marker(only(plugin.folders))["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    code, _, err = plugin.call("setup", "--python", found[0], python=str(found[0]))
    assert code == 1 and "it is Python 3.9" in err and "the locked packages are for 3.10 to 3.14" in err


def test_the_disk_must_have_room(plugin: FakePlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    from botaclip.core import setup_environment
    from botaclip.core.errors import OutputError
    from botaclip.core.progress import SILENT

    monkeypatch.setenv("BOTACLIP_ENVIRONMENTS", os.fspath(plugin.wheels))
    monkeypatch.setattr(setup_environment.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 300_000_000))
    with pytest.raises(OutputError, match=r"there are 300 MB free, and 400 MB are needed"):
        setup_environment.say_sizes(["run"], "cpu", plugin.wheels, SILENT)
    with pytest.raises(OutputError, match=r"and 520 MB are needed"):
        setup_environment.say_sizes(["run"], "cpu", None, SILENT)
