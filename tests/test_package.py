"""The package holds what it should, nothing else, and passes what the QGIS plugin repository runs over it."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from .conftest import ROOT
from .script_modules import script

help_pages, lrelease = script("help_pages"), script("lrelease")
package, scanners = script("package"), script("scanners")

# Planted in the checkout, untracked or for developers; none may reach the ZIP.
PLANTED = ("core/__pycache__/junk.pyc", "core/untracked.py", "resources/secret.txt", "i18n/botaclip_xx.qm")


def git(*arguments: str, folder: Path) -> None:
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


SAID = io.StringIO()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ZIP of a commit of the checkout as it stands, built beside untracked files."""
    if lrelease.find_lrelease() is None:
        pytest.skip("lrelease is not installed")
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
    with contextlib.redirect_stdout(SAID):
        return package.build(checkout)  # fails when a rule is broken or a scanner blocks


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
    assert package.zip_problems(built) == []


def test_the_help_pages_come_along_where_they_can_be_built(built: Path) -> None:
    names = set(zipfile.ZipFile(built).namelist())
    pages = {"botaclip/help/index.html", "botaclip/help/tutorial.html", "botaclip/help/commands/maps.html"}
    assert (pages & names) == (pages if help_pages.can_build() else set())
    assert not [name for name in names if name.endswith((".buildinfo", ".doctree"))]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("other/x.py", "must hold one folder"), ("botaclip/../x.py", "leads out"), ("botaclip/a\\b.py", "leads out"),
     ("/botaclip/x.py", "leads out")],
)  # fmt: skip
def test_a_zip_with_another_shape_is_found(built: Path, tmp_path: Path, name: str, complaint: str) -> None:
    shutil.copy(built, tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip", "a") as archive:
        archive.writestr(name, b"")
    assert any(complaint in problem for problem in package.zip_problems(tmp_path / "x.zip"))


def test_a_zip_that_is_too_large_is_found(built: Path, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(built.read_bytes())
    with zipfile.ZipFile(tmp_path / "x.zip", "a") as archive:
        archive.writestr("botaclip/large", np.random.default_rng(0).bytes(26_000_000))
    (problem,) = package.zip_problems(tmp_path / "x.zip")
    size = (tmp_path / "x.zip").stat().st_size
    assert size > 26e6 and f"{size / 1e6:.0f} MB are more than 25 MB" in problem


def test_the_same_commit_gives_the_same_bytes(built: Path) -> None:
    checkout = built.parents[1]
    assert package.unchecked(checkout, checkout / "build" / "again").read_bytes() == built.read_bytes()


def test_what_the_environment_is_made_from_is_in_it(built: Path) -> None:
    names = set(zipfile.ZipFile(built).namelist())
    locks = {path.name for path in (ROOT / "requirements").glob("*.lock.txt")} - {"dev.lock.txt"}
    assert locks == {"run.lock.txt", "train.lock.txt", "torch-cpu.lock.txt", "torch-cuda.lock.txt"}
    assert {f"botaclip/requirements/{name}" for name in locks} <= names
    for module in (*(ROOT / "core").rglob("*.py"), *(ROOT / "training").rglob("*.py")):
        assert f"botaclip/{module.relative_to(ROOT).as_posix()}" in names


def test_translations_are_in_it_as_qgis_loads_them(built: Path, plugin: Path, tmp_path: Path) -> None:
    languages = {path.stem for path in (ROOT / "i18n").glob("*.ts")}
    assert "botaclip_fr" in languages
    assert {path.name for path in (plugin / "i18n").iterdir()} == {f"{name}.qm" for name in languages}
    assert "Entraîner un modèle".encode("utf-16-be") in (plugin / "i18n" / "botaclip_fr.qm").read_bytes()
    shutil.copytree(plugin, tmp_path / "botaclip")
    (tmp_path / "botaclip" / "i18n" / "botaclip_fr.qm").unlink()
    assert package.problems(tmp_path / "botaclip") == ["i18n/botaclip_fr.qm is missing"]


def test_the_package_breaks_no_rule(plugin: Path) -> None:
    assert package.problems(plugin) == []


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("core/fast.so", "binary"), ("install.sh", "script"), ("core/__pycache__/x.py", "does not belong"),
     ("tests/test_x.py", "developers"), ("i18n/botaclip_fr.ts", "developers")],
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


def test_the_scanners_have_nothing_left_to_say(built: Path) -> None:
    """Nothing blocks, or there were no ZIP; and no warning that is not weighed where it stands or in .bandit."""
    assert built.is_file() and SAID.getvalue() == ""


BLOCKED = {
    "pickle": ("import pickle\n\nx = pickle.loads(b'')\n", "B301"),
    "shell": ("import subprocess\n\nsubprocess.run('ls', shell=True)\n", "B602"),
    "eval": ("x = eval('1')\n", "B307"),
    "undefined": ("x = never_defined\n", "F821"),
    "key": (f'KEY = "{"AKIA" + "QWERTYUIOPASDFGH"}"\n', "AWS"),
}


def test_what_the_repository_blocks_is_found(plugin: Path, tmp_path: Path) -> None:
    copy = tmp_path / "botaclip"
    copy.mkdir()
    for name in (".bandit", ".flake8", ".secrets.baseline"):
        shutil.copy(plugin / name, copy / name)
    for name, (code, _) in BLOCKED.items():
        (copy / f"{name}.py").write_text(code, encoding="utf-8")
    (copy / "warned.py").write_text("import random\n\nx = random.random()\n", encoding="utf-8")
    (copy / "weighed.py").write_text("assert True\n", encoding="utf-8")
    found = scanners.scan(copy)
    for name, (_, code) in BLOCKED.items():
        (finding,) = [one for one in found if one.file == f"{name}.py" and one.blocking]
        assert finding.code.startswith(code) and f"line {finding.line}" in str(finding)
    assert [(one.code, one.blocking) for one in found if one.file == "warned.py"] == [("B311", False)]
    assert [one for one in found if one.file == "weighed.py"] == [], "skipped in .bandit, with its reason"


def test_skipping_in_the_own_settings_cannot_hide_what_blocks(plugin: Path, tmp_path: Path) -> None:
    copy = tmp_path / "botaclip"
    copy.mkdir()
    (copy / ".bandit").write_text("[bandit]\nskips = B301,B101\n", encoding="utf-8")
    (copy / "x.py").write_text(BLOCKED["pickle"][0], encoding="utf-8")
    assert [one.code for one in scanners.bandit(copy) if one.blocking] == ["B301"]
    (copy / ".flake8").write_text("[flake8]\nextend-ignore = E203, F821\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="leaves out what the repository blocks"):
        scanners.flake8(copy)


def test_a_package_that_would_be_refused_is_not_kept(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(built.parents[1], checkout, ignore=shutil.ignore_patterns("build", "dist"))
    (checkout / "core" / "planted.py").write_text(BLOCKED["undefined"][0], encoding="utf-8")
    git("add", "core/planted.py", folder=checkout)
    git("commit", "-q", "-m", "planted", folder=checkout)
    monkeypatch.setattr(scanners, "scan", scanners.flake8)  # the quickest of the three
    with pytest.raises(SystemExit, match=r"would be refused:\n  flake8 F821 in core/planted.py, line 1"):
        package.build(checkout)
    assert not (checkout / "dist").exists()
