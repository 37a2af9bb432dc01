"""Set-up: what it finds, what it derives, what it says, and that a second run does nothing. No network."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from botaclip.core import torch_build
from botaclip.core.package_installer import PackageInstaller, PackageSource

from .conftest import ROOT
from .script_modules import script

environment = script("environment")
qgis_system = script("qgis_system")
setup = script("setup")

DEB822 = """\
Types: deb
# a comment
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/key.gpg

Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/key.gpg
"""


def apt(folder: Path, **files: str) -> Path:
    (folder / "sources.list.d").mkdir()
    for name, text in files.items():
        place = folder if name == "sources_list" else folder / "sources.list.d"
        path = place / name.replace("__", ".").replace("sources_list", "sources.list")
        path.write_text(text, encoding="utf-8")
    return folder


def test_the_backports_source_is_derived_from_a_stanza(tmp_path: Path) -> None:
    assert qgis_system.backports_source(apt(tmp_path, debian__sources=DEB822)) == (
        "botaclip-backports.sources",
        "Types: deb\nURIs: http://mirror.test/debian\nSigned-By: /usr/share/keyrings/key.gpg\n"
        "Suites: bookworm-backports\nComponents: main\n",
    )


def test_a_key_written_into_the_stanza_is_kept_whole(tmp_path: Path) -> None:
    key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----\n"
    stanza = f"Types: deb deb-src\nURIs: http://m.test/debian\nSuites: bookworm\nComponents: main\n{key}"
    name_and_text = qgis_system.backports_source(apt(tmp_path, debian__sources=stanza))
    assert name_and_text[1] == (
        f"Types: deb\nURIs: http://m.test/debian\n{key}Suites: bookworm-backports\nComponents: main\n"
    )


def test_the_backports_source_is_derived_from_a_line(tmp_path: Path) -> None:
    text = (
        "# deb http://old.test/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://m.test/debian  bookworm main non-free\n"
    )
    assert qgis_system.backports_source(apt(tmp_path, sources_list=text)) == (
        "botaclip-backports.list", "deb [arch=amd64 signed-by=/k.gpg] http://m.test/debian bookworm-backports main\n",
    )  # fmt: skip


def test_a_source_that_is_there_already_is_not_added_again(tmp_path: Path) -> None:
    text = "deb http://m.test/debian bookworm-backports main\n"
    assert qgis_system.backports_source(apt(tmp_path, debian__sources=DEB822, more__list=text)) is None


def test_switched_off_sources_do_not_count(tmp_path: Path) -> None:
    off = "Enabled: no\n" + DEB822.replace("bookworm bookworm-updates", "bookworm-backports")
    line = "deb http://m.test/ bookworm-backports main"
    folder = apt(tmp_path, a__sources=off, debian__sources=DEB822, x__disabled=line)
    assert qgis_system.backports_source(folder)[0] == "botaclip-backports.sources"


def test_no_source_to_derive_from_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(qgis_system.SetupError, match="cannot be derived"):
        qgis_system.backports_source(apt(tmp_path, sources_list="deb http://m.test/debian trixie main\n"))


def test_no_mirror_and_no_index_is_named_in_the_repository() -> None:
    # Put together here, so that this file does not name them either.
    hosts = [".".join(host) for host in (("deb", "debian"), ("pypi", "org"), ("files", "pythonhosted"),
                                         ("download", "pytorch"), ("registry", "npmjs"))]  # fmt: skip
    found = subprocess.run(
        ["git", "grep", "--untracked", "-I", "-l", "-F", *[word for host in hosts for word in ("-e", host)]], cwd=ROOT,
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    assert found == ""


@pytest.mark.parametrize(
    ("text", "version"),
    [("QGIS 3.40.6-Bratislava 'Bratislava' (exported)\nQt version 5.15.8", (3, 40)), ("QGIS 4.2.0", (4, 2))],
)
def test_the_version_of_qgis_is_read(text: str, version: tuple[int, int]) -> None:
    assert qgis_system.read_version(text) == version


@pytest.mark.skipif(qgis_system.qgis_process_path() is None, reason="no QGIS on this machine")
def test_another_python_on_the_search_path_does_not_break_qgis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.base_prefix) / "bin"), os.environ["PATH"]]))
    monkeypatch.setenv("PYTHONHOME", sys.base_prefix)
    process = qgis_system.qgis_process_path()
    listing = subprocess.run(
        [process, "plugins"], env=qgis_system.qgis_environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert "load SIP module" not in listing.stdout + listing.stderr
    assert "processing" in listing.stdout


@pytest.fixture
def other_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qgis_system, "_os_release", lambda: {"ID": "fedora", "PRETTY_NAME": "Fedora Linux 43"})


@pytest.mark.usefixtures("other_system")
@pytest.mark.parametrize(("found", "words"), [(None, "no QGIS"), ((3, 22), "only QGIS 3.22")])
def test_elsewhere_it_names_what_to_install_and_stops(
    found: tuple[int, int] | None, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:  # fmt: skip
    qgis = found and qgis_system.Qgis(Path("/usr/bin/qgis_process"), found)
    monkeypatch.setattr(qgis_system, "find_qgis", lambda: qgis)
    monkeypatch.setattr(qgis_system, "qgis_process_path", lambda: None)
    monkeypatch.setattr(setup, "LOG", tmp_path / "setup.log")
    monkeypatch.setattr(environment.Environment, "make", lambda *_: pytest.fail("it went on"))
    assert setup.main() == 1
    said = capsys.readouterr().err
    for part in (words, "Fedora Linux 43", "QGIS 3.34 or newer", "then run this again"):
        assert part in said


@pytest.mark.usefixtures("other_system")
def test_where_qgis_is_there_another_system_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qgis_system, "find_qgis", lambda: qgis_system.Qgis(Path("/opt/qgis_process"), (3, 44)))
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    assert setup.missing_packages() == []


def test_without_rights_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qgis_system, "_os_release", lambda: {"ID": "debian", "VERSION_ID": "12"})
    monkeypatch.setattr(qgis_system.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(qgis_system.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    with pytest.raises(qgis_system.SetupError, match="root or a sudo"):
        qgis_system.apt_prefix()


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[list[str]]]:
    """An environment of empty locks in which what pip and venv are asked for is noted instead of done."""
    commands: list[list[str]] = []

    def create(self: Any, base: object, *, with_pip: bool = False) -> None:
        commands.append(["venv"])
        self.python.parent.mkdir(parents=True)
        self.python.touch()

    def run(self: PackageInstaller, arguments: list[str], *_: object, **__: object) -> list[str]:
        commands.append(list(arguments))
        if arguments[0] == "download":
            (Path(arguments[arguments.index("--dest") + 1]) / "torch-w.whl").touch()
        return []

    (tmp_path / "requirements").mkdir()
    for name in ("run", "train", "dev", "torch-cpu"):
        (tmp_path / "requirements" / f"{name}.lock.txt").write_text(f"{name}==1\n", encoding="utf-8")
    (tmp_path / "requirements" / "torch.in").write_text("torch==2.13.0\n", encoding="utf-8")
    (tmp_path / "requirements" / "torch-cpu.sha256").write_text("", encoding="utf-8")
    made = environment.Environment(tmp_path, torch_build.TorchChoice())
    monkeypatch.setattr(environment.Environment, "create", create)
    monkeypatch.setattr(PackageInstaller, "run", run)
    return made, commands


def test_the_marker_decides_whether_there_is_work(small: tuple[Any, list[list[str]]], tmp_path: Path) -> None:
    made, commands = small
    assert not made.ready()
    said: list[str] = []
    made.make(tmp_path / "log", said.append)
    assert made.ready()
    installs = [command for command in commands if command[0] == "install"]
    # Four locks with hashes, and the one wheel whose digest is compared on its own.
    assert [("--require-hashes" in command, command[-1].endswith("torch-w.whl")) for command in installs] == [
        (True, False)
    ] * 4 + [(False, True)]
    assert json.loads(made.marker.read_text())["torch"]["sha256"] == hashlib.sha256(b"").hexdigest()
    assert "NOT a listed digest" in "\n".join(said)

    (tmp_path / "requirements" / "dev.lock.txt").write_text("dev==2\n", encoding="utf-8")
    assert not made.ready()
    commands.clear()
    made.make(tmp_path / "log", said.append)
    assert made.ready() and ["venv"] not in commands


def test_what_no_lock_names_is_removed(small: tuple[Any, list[list[str]]], tmp_path: Path) -> None:
    made, commands = small
    (tmp_path / "requirements" / "run.lock.txt").write_text(
        "ruamel-yaml==1 \\\n    --hash=sha256:0\nnumpy==2\n", encoding="utf-8"
    )
    packages = made.folder / "lib" / "python3.11" / "site-packages"
    for name in ("pip", "ruamel.yaml", "NumPy", "nvidia_cublas", "triton"):
        (packages / f"{name}-1.dist-info").mkdir(parents=True)
    said: list[str] = []
    made._remove_strays(PackageInstaller(["pip"], PackageSource()), said.append)
    assert commands == [["uninstall", "-y", "nvidia-cublas", "triton"]]
    assert "2 packages" in said[0]


def test_an_unfinished_environment_is_not_taken(small: tuple[Any, list[list[str]]], tmp_path: Path) -> None:
    made, _ = small
    made.make(tmp_path / "log", lambda _: None)
    made.marker.write_text("{", encoding="utf-8")
    assert not made.ready()


def test_the_launcher_runs_this_checkout(small: tuple[Any, list[list[str]]], tmp_path: Path) -> None:
    made, _ = small
    made.make(tmp_path / "log", lambda _: None)
    made.python.unlink()
    made.python.symlink_to(sys.executable)
    (tmp_path / "core").mkdir()
    boot = tmp_path / "core" / "cli_boot.py"
    boot.write_text("import sys; print(sys.flags.isolated, sys.argv[1:])", encoding="utf-8")
    answer = subprocess.run([made.scripts / "botaclip", "embed", "a b"], capture_output=True, text=True, check=True)
    assert answer.stdout == "1 ['embed', 'a b']\n"


def test_the_plan_says_how_large_it_is(small: tuple[Any, list[list[str]]]) -> None:
    made, _ = small
    lines = setup.plan(["qgis", "xvfb"], made)
    assert len(lines) == 5
    assert all("MB to fetch" in line and "MB on disk" in line for line in lines)


def test_a_second_run_takes_less_than_a_second() -> None:
    made = environment.Environment(ROOT, torch_build.TorchChoice.from_environment())
    if not (made.ready() and setup.qgis_seen(made.recorded(), qgis_system.qgis_process_path())):
        pytest.skip("this checkout was not set up by make setup")  # and a test installs nothing
    subprocess.run([sys.executable, "scripts/setup.py"], cwd=ROOT, check=True, capture_output=True)
    began = time.monotonic()
    subprocess.run([sys.executable, "scripts/setup.py"], cwd=ROOT, check=True, capture_output=True)
    assert time.monotonic() - began < 1
