"""Where environments lie, how a Python is found and an environment made where ``venv`` or ``ensurepip`` is missing."""

from __future__ import annotations

import dataclasses
import ensurepip
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from botaclip.core import base_python, managed_environment, set_up_lock, torch_build
from botaclip.core.base_python import BasePython, probe
from botaclip.core.environment_removal import remove_environment, remove_tree
from botaclip.core.errors import Cancelled, EnvironmentMissing, OutputError, WorkerError
from botaclip.core.own_process import OwnProcess
from botaclip.core.package_installer import PackageInstaller, PackageSource, without_password
from botaclip.core.progress import Progress
from botaclip.core.python_environment import PythonEnvironment

from .fake_packages import fake_wheel


def this_python() -> BasePython:
    found = probe(Path(sys.executable))
    assert found is not None
    return found


# --- where ------------------------------------------------------------------------------------------------------------


def test_the_folder_is_in_the_local_application_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BOTACLIP_ENVIRONMENTS", raising=False)
    monkeypatch.setattr(managed_environment.Path, "home", lambda: tmp_path)
    monkeypatch.setattr(managed_environment.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert managed_environment.parent_folder() == Path("/data/botaclip/environments")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert managed_environment.parent_folder() == tmp_path / ".local/share/botaclip/environments"
    monkeypatch.setattr(managed_environment.sys, "platform", "darwin")
    assert managed_environment.parent_folder() == tmp_path / "Library/Application Support/botaclip/environments"
    monkeypatch.setenv("BOTACLIP_ENVIRONMENTS", "~/envs")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert managed_environment.parent_folder() == tmp_path / "envs"


def test_the_folder_on_windows_does_not_roam(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BOTACLIP_ENVIRONMENTS", raising=False)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "AppData" / "Local"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "AppData" / "Roaming"))
    paths = type("Paths", (), {"home": staticmethod(lambda: tmp_path), "__new__": lambda _, path: tmp_path / path})
    monkeypatch.setattr(managed_environment, "Path", paths)
    monkeypatch.setattr(managed_environment.os, "name", "nt")
    try:
        parent = managed_environment.parent_folder()
    finally:
        monkeypatch.undo()
    assert parent == tmp_path / "AppData" / "Local" / "botaclip" / "environments"


# --- the Python it is made from ---------------------------------------------------------------------------------------


def test_a_python_is_known_by_running_it() -> None:
    found = this_python()
    assert found.version == sys.version_info[:3] and found.implementation == "cpython" and found.unfit == ""
    assert found.tag.startswith(f"cp{sys.version_info[0]}{sys.version_info[1]}-") and "." not in found.tag
    # That of the installation, not of the environment that the tests run in.
    assert probe(found.executable) == found and os.path.samefile(found.executable, sys._base_executable)  # type: ignore[attr-defined]
    assert probe(Path("/bin/true")) is None and probe(Path("/nowhere")) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": (3, 9, 5)}, "it is Python 3.9.5, and the locked packages are for 3.10 to 3.14"),
        ({"version": (3, 15, 0)}, "it is Python 3.15.0"),
        ({"implementation": "pypy"}, "it is pypy, not CPython"),
        ({"free_threaded": True}, "free-threaded"),
    ],
)
def test_a_python_that_does_not_fit_is_passed_over_or_refused(
    changes: dict[str, object], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfit = dataclasses.replace(this_python(), **changes)  # type: ignore[arg-type]
    fit = dataclasses.replace(this_python(), executable=Path("/fit"))
    monkeypatch.setattr(base_python, "candidates", lambda: iter([Path("/unfit"), Path("/fit")]))
    monkeypatch.setattr(base_python, "probe", lambda path: fit if path == Path("/fit") else unfit)
    assert base_python.base_python() is fit
    with pytest.raises(EnvironmentMissing, match=words):
        base_python.base_python(sys.executable)
    monkeypatch.setattr(base_python, "candidates", lambda: iter([Path("/unfit")]))
    with pytest.raises(EnvironmentMissing, match=f"no Python was found.*/unfit: .*{words}.*name it with --python"):
        base_python.base_python()


def test_the_python_must_fit_the_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    one = dataclasses.replace(this_python(), version=(3, 12, 1))
    two = dataclasses.replace(this_python(), version=(3, 13, 0))
    monkeypatch.setattr(base_python, "candidates", lambda: iter([Path("/one"), Path("/two")]))
    monkeypatch.setattr(base_python, "probe", lambda path: one if path == Path("/one") else two)
    assert base_python.base_python(wheel_tags=["cp313"]) is two
    with pytest.raises(EnvironmentMissing, match=r"the folder holds no wheels for Python 3\.12"):
        base_python.base_python(wheel_tags=["cp311"])


def test_inside_qgis_the_application_is_never_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On Windows ``sys.executable`` is ``qgis-bin.exe``, on macOS ``QGIS``; Python lies beside it or in the prefix."""
    (tmp_path / "bin").mkdir()
    beside = tmp_path / "bin" / "python3"
    beside.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "qgis-bin.exe"))
    monkeypatch.setattr(sys, "base_prefix", "/nowhere")
    monkeypatch.setattr(sys, "exec_prefix", "/nowhere")
    (tmp_path / "qgis-bin.exe").touch()
    found = list(base_python.own_pythons())
    assert beside in found and not [path for path in found if "qgis" in path.name]
    monkeypatch.setattr(sys, "executable", str(tmp_path / "pythonw.exe"))
    found = list(base_python.own_pythons())
    assert tmp_path / "python.exe" in found and tmp_path / "pythonw.exe" not in found


# --- where venv, ensurepip or pip is missing --------------------------------------------------------------------------


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    fake_wheel(folder, "numpy", "1.0", module="numpy")
    return folder


def pip_wheel() -> Path:
    folders = [Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels")]
    found = [wheel for folder in folders for wheel in folder.glob("pip-*.whl")]
    if not found:
        pytest.skip("this Python comes without the wheel of pip")
    return found[0]


@pytest.mark.parametrize("has_venv", [True, False], ids=["Debian without python3-venv", "no module venv"])
def test_without_ensurepip_pip_is_taken_from_the_folder_of_wheels(
    has_venv: bool, wheels: Path, tmp_path: Path
) -> None:
    bare = dataclasses.replace(this_python(), wheel_folders=(), has_pip=False, has_venv=has_venv)
    environment = PythonEnvironment(tmp_path / "made", "marker.json")
    environment.create(bare)
    source = PackageSource(wheels)
    with pytest.raises(EnvironmentMissing, match=r"no pip was found.*python3-venv.*pip-\*\.whl"):
        environment.installer(bare, source)
    (wheels / pip_wheel().name).write_bytes(pip_wheel().read_bytes())
    environment.installer(bare, source).run(["install", "--no-deps", *source.arguments(), "numpy"])
    assert environment.packages() == {"numpy": "1.0"} and environment.damage({"numpy": "1.0"}) == []
    where = "import numpy, sys; print(numpy.__file__, sys.prefix != sys.base_prefix)"
    shown = subprocess.run([environment.python, "-I", "-c", where], capture_output=True, text=True, check=True).stdout
    assert shown.startswith(str(tmp_path / "made")) and shown.endswith(" True\n")


def test_the_pip_of_the_base_python_does_too(wheels: Path, tmp_path: Path) -> None:
    base = dataclasses.replace(this_python(), executable=Path(sys.executable), wheel_folders=(), has_pip=True)
    environment = PythonEnvironment(tmp_path / "made", "marker.json")
    environment.create(base)
    installer = environment.installer(base, PackageSource(wheels))
    assert "--python" in installer.command
    installer.run(["install", "--no-deps", *installer.source.arguments(), "numpy"])
    assert environment.packages() == {"numpy": "1.0"}


def test_a_python_that_makes_no_environment_is_one_sentence(tmp_path: Path) -> None:
    broken = dataclasses.replace(this_python(), executable=Path("/bin/false"))
    environment = PythonEnvironment(tmp_path / "made", "marker.json")
    with pytest.raises(EnvironmentMissing, match=r"/bin/false cannot make an environment.*python3-venv"):
        environment.create(broken)


# --- pip --------------------------------------------------------------------------------------------------------------


def pip_that_says(folder: Path, text: str, source: PackageSource) -> PackageInstaller:
    program = folder / "pip.py"
    program.write_text(f"import sys\nprint({text!r})\nsys.exit(1)\n", encoding="utf-8")
    return PackageInstaller([sys.executable, str(program)], source)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/affine/",
         EnvironmentMissing, "no network to the package index: Temporary failure in name resolution.*--wheels"),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy Authentication "
         "Required')) Max retries exceeded", EnvironmentMissing, "the proxy asks for a name and a password"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", EnvironmentMissing, "PIP_CERT"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", OutputError,
         "the disk is full"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x/y'", OutputError,
         "/x/y: it may not be written"),
        ("ERROR: Cannot uninstall http://ann:pw@host/x", EnvironmentMissing,
         r"pip stopped: Cannot uninstall http://\*\*\*@host/x"),
        ("", EnvironmentMissing, "pip stopped"),
    ],
)  # fmt: skip
def test_what_pip_says_becomes_one_sentence(text: str, kind: type[Exception], words: str, tmp_path: Path) -> None:
    with pytest.raises(kind, match=words):
        pip_that_says(tmp_path, text, PackageSource()).run([])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # pip 23, and pip 26 as Debian sid has it.
        ("after connection broken by 'ProxyError('Cannot connect to proxy.', NewConnectionError('<pip._vendor.urllib3."
         "connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection "
         "refused'))': /simple/numpy/", "no network to the proxy: Connection refused"),
        ("after connection broken by 'NewConnectionError(\"HTTPSConnection(host='127.0.0.1', port=9): Failed to "
         "establish a new connection: [Errno 111] Connection refused\")': /simple/numpy/",
         "no network to the proxy: Connection refused"),
        ("after connection broken by 'NewConnectionError(\"HTTPSConnection(host='index', port=443): Failed to "
         "establish a new connection: [Errno 111] Connection refused\")': /simple/numpy/",
         "no network to the package index: Connection refused"),
        ("after connection broken by 'NameResolutionError(\"HTTPSConnection(host='index', port=443): Failed to resolve "
         "'index' ([Errno -2] Name or service not known)\")': /simple/numpy/",
         "no network to the package index: Name or service not known"),
    ],
)  # fmt: skip
def test_who_cannot_be_reached_is_said_for_every_pip(text: str, words: str, tmp_path: Path) -> None:
    said = f"WARNING: Retrying (Retry(total=0)) {text}\nERROR: No matching distribution found for numpy==1.0"
    with pytest.raises(EnvironmentMissing, match=words):
        pip_that_says(tmp_path, said, PackageSource(proxy="http://ann:pw@127.0.0.1:9")).run([])


def test_an_offline_set_up_asks_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    source = PackageSource(tmp_path, "http://index", "http://ann:pw@proxy", tmp_path / "cache")
    assert {"--no-index", "--isolated"} <= set(source.arguments())
    assert not {"PIP_PROXY", "PIP_INDEX_URL", "PIP_TARGET"} & set(source.environment())
    online = dataclasses.replace(source, wheels=None)
    assert online.environment()["PIP_PROXY"] == "http://ann:pw@proxy"
    # On the command line every user of the machine could read it.
    assert online.arguments() == ["--cache-dir", str(tmp_path / "cache")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("--proxy http://ann:p%40ss@host:80 x", "--proxy http://***@host:80 x"),
        ("https://token@index/simple, http://plain/a@b", "https://***@index/simple, http://***@b"),
    ],
)
def test_passwords_are_struck_out(text: str, shown: str) -> None:
    assert without_password(text) == shown


def test_cancelling_ends_pip_and_its_children(tmp_path: Path) -> None:
    program, note = tmp_path / "pip.py", tmp_path / "note"
    program.write_text(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\ntime.sleep(60)\n"
    )
    installer = PackageInstaller([sys.executable, str(program)], PackageSource())
    with pytest.raises(Cancelled):
        installer.run([], Progress(cancelled=lambda: note.exists() and bool(note.read_text())))
    child = int(note.read_text())
    # The signal has been sent; the kernel takes its own moment to end what it was sent to.
    deadline = time.monotonic() + 10.0
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Whether a process is there and not only waiting to be asked about."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- torch ------------------------------------------------------------------------------------------------------------


def test_auto_takes_cuda_only_where_the_driver_runs_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for driver, build in ((None, "cpu"), (570, "cpu"), (580, "cuda")):
        monkeypatch.setattr(torch_build, "driver_version", lambda driver=driver: driver)
        assert torch_build.automatic_build(None, "linux")[0] == build
    assert torch_build.automatic_build(None, "win32")[0] == torch_build.automatic_build(None, "darwin")[0] == "cpu"
    assert torch_build.automatic_build(tmp_path, "linux")[0] == "cpu"
    (tmp_path / "nvidia_cublas-13-py3-none-any.whl").touch()
    assert torch_build.automatic_build(tmp_path, "linux")[0] == "cuda"


def test_the_driver_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert torch_build.driver_version() is None
    for words, version in (("echo 580.65.06", 580), ("echo No devices were found", None), ("exit 9", None)):
        program.write_text(f"#!/bin/sh\n{words}\n")
        program.chmod(0o755)
        assert torch_build.driver_version() == version


# --- removal and the lock ---------------------------------------------------------------------------------------------


def test_removal_follows_no_link(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "kept").write_text("k" * 1000)
    environment = tmp_path / "cp311-linux_x86_64-0123456789ab"
    environment.mkdir()
    (environment / "file").write_text("f" * 10)
    (environment / "link").symlink_to(mine, target_is_directory=True)
    freed = remove_environment(environment)
    assert 10 <= freed < 1000 and not environment.exists() and (mine / "kept").exists()
    link = tmp_path / "link"
    link.symlink_to(mine, target_is_directory=True)
    remove_tree(link)
    assert not link.is_symlink() and (mine / "kept").exists()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """The lock is held; what is returned lets it go."""
    held = set_up_lock.set_up_lock(tmp_path)
    held.__enter__()
    open_still = [held]

    def let_go() -> None:
        if open_still:
            open_still.pop().__exit__(None, None, None)

    yield let_go
    let_go()


def test_a_second_set_up_waits_or_is_cancelled(holder: Callable[[], None], tmp_path: Path) -> None:
    said: list[str] = []

    def hear(_level: str, message: str) -> None:
        said.append(message)
        holder()

    with set_up_lock.set_up_lock(tmp_path, Progress(log=hear)):
        assert said == [f"Another set-up is at work (process {os.getpid()}); waiting for it to end."]
        with pytest.raises(Cancelled), set_up_lock.set_up_lock(tmp_path, Progress(cancelled=lambda: True)):
            pytest.fail("both have it")


def test_a_lock_that_was_removed_meanwhile_does_not_count(holder: Callable[[], None], tmp_path: Path) -> None:
    def hear(_level: str, _message: str) -> None:
        set_up_lock.remove_lock(tmp_path)
        holder()

    with set_up_lock.set_up_lock(tmp_path, Progress(log=hear)):
        # Who comes now meets the same file.
        with pytest.raises(Cancelled), set_up_lock.set_up_lock(tmp_path, Progress(cancelled=lambda: True)):
            pytest.fail("both have it")


# --- a job in the face's own process ----------------------------------------------------------------------------------


def test_a_job_of_the_own_process_reports_as_a_worker_does() -> None:
    def job(parameters: dict, progress: Progress) -> dict:
        progress.info("begins")
        progress.update(0.5, "half")
        progress.update(1.0, "done")
        return {"got": parameters["x"]}

    events: list[tuple] = []
    answer = OwnProcess({"job": job}).run(
        "job", {"x": 3}, progress=lambda *event: events.append(event), log=lambda *event: events.append(event)
    )
    assert answer == {"got": 3}
    assert events == [("info", "begins"), (0.5, "half", None), (1.0, "done", 0.0)]


def test_errors_of_the_own_process_are_worded() -> None:
    def fail(error: Exception) -> OwnProcess:
        def job(parameters: dict, progress: Progress) -> dict:
            raise error

        return OwnProcess({"job": job})

    with pytest.raises(OutputError, match="the disk is full"):
        fail(OSError(28, "No space left on device", "/x")).run("job", {})
    with pytest.raises(OutputError, match=r"/x: it cannot be written or read \(Permission denied\)"):
        fail(PermissionError(13, "Permission denied", "/x")).run("job", {})
    broken = fail(ZeroDivisionError("division by zero"))
    with pytest.raises(WorkerError, match="ZeroDivisionError: division by zero"):
        broken.run("job", {})
    assert "Traceback" in broken.diagnostics()
    with pytest.raises(EnvironmentMissing):
        fail(EnvironmentMissing("none")).run("job", {})
    with pytest.raises(Cancelled):
        fail(ValueError()).run("job", {}, is_cancelled=lambda: True)
