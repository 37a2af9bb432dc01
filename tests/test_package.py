"""The package holds what it should, nothing else, and passes what the QGIS plugin repository runs over it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from .conftest import ROOT
from .script_modules import script

package = script("package")

# What the repository's security scan calls critical.
CRITICAL = (
    "B102,B103,B105,B106,B107,B202,B301,B302,B307,B323,B501,B502,B503,B506,B602,B604,B605,B609,B615,B701"
)
# Planted in the checkout, untracked or for developers; none may reach the ZIP.
PLANTED = ("core/__pycache__/junk.pyc", "core/untracked.py", "resources/secret.txt")


def git(*arguments: str, folder: Path) -> None:
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ZIP of a commit of the checkout as it stands, built beside untracked files."""
    checkout = tmp_path_factory.mktemp("checkout") / "any name"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    git("init", "-q", folder=checkout)
    git("add", "-A", folder=checkout)
    git("commit", "-q", "-m", "as it stands", folder=checkout)
    for name in PLANTED:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("planted", encoding="utf-8")
    return package.build(checkout)


@pytest.fixture(scope="module")
def plugin(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    shutil.unpack_archive(built, folder)
    return folder / "botaclip"


def test_one_top_folder_and_nothing_untracked(built: Path) -> None:
    names = zipfile.ZipFile(built).namelist()
    assert {name.split("/")[0] for name in names} == {"botaclip"}
    assert {"botaclip/metadata.txt", "botaclip/LICENSE", "botaclip/core/options.py"} <= set(names)
    assert not [name for name in names if name.removeprefix("botaclip/") in PLANTED]
    assert not [name for name in names if name.split("/")[1] in ("tests", "docs", "benchmarks", "scripts", ".ci")]
    assert built.stat().st_size < 25e6


def test_the_same_commit_gives_the_same_bytes(built: Path) -> None:
    first = built.read_bytes()
    assert package.build(built.parents[1]).read_bytes() == first


def test_the_package_breaks_no_rule(plugin: Path) -> None:
    assert package.problems(plugin) == []


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("core/fast.so", "binary"), ("install.sh", "script"), ("core/__pycache__/x.py", "does not belong"),
     ("tests/test_x.py", "developers")],
)
def test_a_planted_file_is_found(plugin: Path, tmp_path: Path, name: str, complaint: str) -> None:
    shutil.copytree(plugin, tmp_path / "botaclip")
    planted = tmp_path / "botaclip" / name
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text("", encoding="utf-8")
    (problem,) = package.problems(tmp_path / "botaclip")
    assert name in problem and complaint in problem


def test_a_planted_version_is_found(plugin: Path, tmp_path: Path) -> None:
    shutil.copytree(plugin, tmp_path / "botaclip")
    copy = tmp_path / "botaclip" / "metadata.txt"
    copy.write_text(re.sub(r"(?m)^version=.*", "version=9.9.9", copy.read_text(encoding="utf-8")), encoding="utf-8")
    (problem,) = package.problems(tmp_path / "botaclip")
    assert "9.9.9" in problem


def test_one_version_everywhere() -> None:
    version = package.code_version(ROOT)
    assert package.metadata(ROOT)["version"] == version
    assert 'attr = "botaclip.__version__"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_packages_of_pyproject_are_the_folders() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^packages = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    assert listed is not None
    folders = {"botaclip"}
    for top in ("botaclip_qgis", "core", "training"):
        for init in (ROOT / top).rglob("__init__.py"):
            folders.add("botaclip." + init.parent.relative_to(ROOT).as_posix().replace("/", "."))
        for module in (ROOT / top).rglob("*.py"):
            assert (module.parent / "__init__.py").is_file(), f"{module} lies in a folder without __init__.py"
    assert set(re.findall(r'"([^"]+)"', listed.group(1))) == folders


def test_addresses_that_exist_only_after_a_release_stand_in_one_place() -> None:
    listed = subprocess.run(
        ["git", "grep", "-l", "example.org/botaclip", "--", ":!tests", ":!requirements"], cwd=ROOT, capture_output=True,
        text=True, check=False,
    ).stdout.split()
    assert set(listed) <= {"metadata.txt"}
    assert "Placeholders" in (ROOT / "metadata.txt").read_text(encoding="utf-8")


def test_bandit_finds_nothing_critical(plugin: Path) -> None:
    scan = [sys.executable, "-m", "bandit", "-q", "-r", str(plugin), "-t", CRITICAL, "-f", "json"]
    results = json.loads(subprocess.run(scan, capture_output=True, text=True, check=False).stdout)
    assert results["errors"] == []
    assert [(r["test_id"], r["filename"], r["line_number"]) for r in results["results"]] == []
    assert results["metrics"]["_totals"]["loc"] > 500


def test_flake8_finds_no_error(plugin: Path) -> None:
    check = [sys.executable, "-m", "flake8", "--isolated", "--select", "E9,F821,F823,F831", str(plugin)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def secrets(plugin: Path) -> list[str]:
    """Return where detect-secrets finds what .secrets.baseline does not say to be none, as the repository does."""
    scan = [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "--baseline", ".secrets.baseline", "."]
    subprocess.run(scan, cwd=plugin, check=True, capture_output=True)
    results = json.loads((plugin / ".secrets.baseline").read_text(encoding="utf-8"))["results"]
    return [name for name, found in results.items() for one in found if one.get("is_secret") is not False]


def test_no_secret_is_found(plugin: Path, tmp_path: Path) -> None:
    shutil.copytree(plugin, tmp_path / "botaclip")
    assert secrets(tmp_path / "botaclip") == []
    key = "AKIA" + "QWERTYUIOPASDFGH"
    (tmp_path / "botaclip" / "core" / "planted.py").write_text(f'KEY = "{key}"\n', encoding="utf-8")
    assert set(secrets(tmp_path / "botaclip")) == {"core/planted.py"}
