"""Builds ``dist/botaclip-<version>.zip``, the plugin as QGIS installs it: ``make package``.

The last commit is exported with ``git archive``, so nothing untracked gets in; ``pb_tool`` copies out of it what
``pb_tool.cfg`` lists; the result is zipped reproducibly (the same commit always gives the same bytes) and the ZIP's
content held against the rules and the scanners of the QGIS plugin repository. A ZIP that it would refuse is not kept.
Runs in ``.venv``, for ``pb_tool`` and the scanners; needs no network.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path, PurePosixPath

import help_pages
import lrelease
import scanners

ROOT = Path(__file__).resolve().parents[1]
NAME = "botaclip"
LARGEST_MB = 25
# What the repository's validator and its security scan refuse.
REFUSED_SUFFIXES = frozenset(
    ".sh .bat .cmd .exe .com .msi .so .dll .dylib .pyd .pyc .pyo .a .o .whl .jar .bin .pkl .joblib .pt .pth".split()
)
REFUSED_NAMES = frozenset(["__pycache__", "__MACOSX", ".git", ".svn", ".DS_Store", ".venv", "node_modules"])
# Parts of the checkout that are for developers.
NOT_FOR_USERS = frozenset(["tests", "docs", "benchmarks", "scripts", ".ci"])
# The plugin makes its environment from these.
NEEDED_FILES = (
    "LICENSE", "__init__.py", "metadata.txt", ".bandit", ".flake8", ".secrets.baseline", "i18n/botaclip_fr.qm"
) + tuple(
    f"requirements/{name}" for name in (
        "run.lock.txt", "train.lock.txt", "torch-cpu.lock.txt", "torch-cpu.sha256", "torch-cuda.lock.txt"
    )
)  # fmt: skip
NEEDED_METADATA = (
    "name description version qgisMinimumVersion qgisMaximumVersion author email about tracker repository "
    "hasProcessingProvider".split()
)


def metadata(folder: Path) -> dict[str, str]:
    """Return the ``[general]`` section of ``metadata.txt``, with the keys as they are written."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((folder / "metadata.txt").read_text(encoding="utf-8"))
    return dict(parser["general"])


def code_version(folder: Path) -> str:
    """Return ``__version__`` without importing anything."""
    match = re.search(r'^__version__ = "([^"]+)"$', (folder / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    return match.group(1) if match else ""


def problems(plugin: Path) -> list[str]:
    """Return what the QGIS plugin repository would object to in the folder ``plugin``; empty when all is well."""
    found = []
    files = sorted(path for path in plugin.rglob("*") if not path.is_dir() or path.is_symlink())
    for path in files:
        relative = path.relative_to(plugin)
        if path.is_symlink():
            found.append(f"{relative} is a link")
        if path.suffix.lower() in REFUSED_SUFFIXES:
            found.append(f"{relative} is a binary or a script, which the repository refuses")
        if REFUSED_NAMES & set(relative.parts):
            found.append(f"{relative} does not belong into a package")
        if relative.parts[0] in NOT_FOR_USERS or path.suffix == ".ts":
            found.append(f"{relative} is for developers")
    found += [f"{name} is missing" for name in NEEDED_FILES if not (plugin / name).is_file()]
    return found + (_metadata_problems(plugin) if (plugin / "metadata.txt").is_file() else [])


def zip_problems(archive: Path) -> list[str]:
    """Return what the repository would object to in the ZIP itself; empty when all is well."""
    found = []
    if archive.stat().st_size > LARGEST_MB * 1e6:
        found.append(f"{archive.stat().st_size / 1e6:.0f} MB are more than {LARGEST_MB} MB")
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
    found += [f"{name!r} leads out of the ZIP" for name in names
              if name.startswith("/") or "\\" in name or ":" in name or ".." in PurePosixPath(name).parts]  # fmt: skip
    tops = sorted({name.split("/")[0] for name in names})
    if tops != [NAME] or not NAME.isidentifier() or "plugin" in NAME.lower():
        found.append(f"the ZIP must hold one folder, {NAME}; it holds {', '.join(tops)}")
    return found


def _metadata_problems(plugin: Path) -> list[str]:
    values = metadata(plugin)
    found = [f"metadata.txt lacks {key}" for key in NEEDED_METADATA if not values.get(key)]
    version = values.get("version", "")
    if not re.fullmatch(r"\d+(\.\d+){1,2}", version):
        found.append(f"version {version!r} is not numeric")
    if version != code_version(plugin):
        found.append(f"metadata.txt says version {version}, __init__.py {code_version(plugin)}")
    if "/" in values.get("author", ""):
        found.append("author may not contain a slash")
    icon = values.get("icon")
    if icon and not (plugin / icon).is_file():
        found.append(f"the icon {icon} is missing")
    return found


def export(root: Path, folder: Path) -> Path:
    """Export the last commit of ``root`` and let pb_tool make the plugin folder from it; return that folder."""
    shutil.rmtree(folder, ignore_errors=True)
    tree, deployed = folder / "tree", folder / "plugins"
    tree.mkdir(parents=True)
    deployed.mkdir()
    archive = folder / "tree.tar"
    subprocess.run(["git", "archive", "--format", "tar", "-o", str(archive), "HEAD"], cwd=root, check=True)
    shutil.unpack_archive(archive, tree, "tar")
    translate(tree / "i18n")
    pb_tool = [str(Path(sys.executable).with_name("pb_tool"))]
    _quietly([*pb_tool, "validate"], tree)
    _quietly([*pb_tool, "deploy", "-y", "-p", str(deployed.resolve())], tree)
    if help_pages.can_build():
        help_pages.build(everything(root, folder / "everything") / "docs", deployed / NAME / "help")
    else:
        print("Note: Sphinx is not installed, so the package has no help pages and its dialogs no Help button.")
    return deployed / NAME


def everything(root: Path, folder: Path) -> Path:
    """Write all files of the last commit of ``root`` into ``folder``, also those that no archive holds; return it."""
    variables = {**os.environ, "GIT_INDEX_FILE": str(folder.with_suffix(".index").resolve())}
    for words in (["read-tree", "HEAD"], ["checkout-index", "-a", "-f", f"--prefix={folder.resolve()}/"]):
        subprocess.run(["git", *words], cwd=root, env=variables, check=True)
    return folder


def translate(folder: Path) -> None:
    """Make the translations in ``folder`` and remove their sources, which no user needs.

    Raises
    ------
    SystemExit
        ``lrelease`` is missing or does not take a source.
    """
    tool = lrelease.find_lrelease()
    if tool is None:
        needed = ", ".join(lrelease.PACKAGES)
        raise SystemExit(f"Packaging needs Qt's lrelease for the translations; install {needed} and run this again.")
    for source in sorted(folder.glob("*.ts")):
        lrelease.release(source, tool)
        source.unlink()


def _quietly(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def write_zip(plugin: Path, output: Path, seconds: int) -> None:
    """Zip the folder, every file dated ``seconds`` (Unix time), in the order of names."""
    output.unlink(missing_ok=True)
    date = time.gmtime(max(seconds, 315532800))[:6]  # a zip knows no time before 1980
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for path in sorted(path for path in plugin.rglob("*") if path.is_file()):
            name = f"{plugin.name}/{path.relative_to(plugin).as_posix()}"
            entry = zipfile.ZipInfo(name, date)  # type: ignore[arg-type]
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            target.writestr(entry, path.read_bytes())


def build(root: Path) -> Path:
    """Build the package of the last commit of ``root`` and return the ZIP.

    Raises
    ------
    SystemExit
        The package breaks a rule of the repository or one of its scanners blocks it; everything is named.
    """
    folder = root / "build" / "package"
    unproven = unchecked(root, folder)
    wrong = check(unproven, folder / "unpacked")
    if wrong:
        raise SystemExit("The package would be refused:\n" + "\n".join(f"  {line}" for line in wrong))
    output = root / "dist" / unproven.name
    output.parent.mkdir(parents=True, exist_ok=True)
    os.replace(unproven, output)
    return output


def unchecked(root: Path, folder: Path) -> Path:
    """Write the ZIP of the last commit of ``root`` into ``folder`` and return it."""
    plugin = export(root, folder)
    committed = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=root, check=True, capture_output=True, text=True
    ).stdout
    archive = folder / f"{NAME}-{metadata(plugin)['version']}.zip"
    write_zip(plugin, archive, int(committed))
    return archive


def check(archive: Path, folder: Path) -> list[str]:
    """Unpack the ZIP into ``folder`` and return everything that the repository would refuse it for.

    What its scanners only warn of is printed.
    """
    wrong = zip_problems(archive)
    if wrong:
        return wrong
    shutil.rmtree(folder, ignore_errors=True)
    shutil.unpack_archive(archive, folder)
    wrong += problems(folder / NAME)
    for finding in scanners.scan(folder / NAME):
        if finding.blocking:
            wrong.append(str(finding))
        else:
            print(f"Warning: {finding}")
    return wrong


def main() -> int:
    """Build, and say what came of it."""
    dirty = subprocess.run(
        ["git", "status", "--porcelain"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    if dirty:
        print(f"Note: {len(dirty)} changes are not committed and not in the package.")
    output = build(ROOT)
    with zipfile.ZipFile(output) as archive:
        count = len(archive.namelist())
    print(f"{output.relative_to(ROOT)}: {count} files, {output.stat().st_size / 1e6:.2f} MB; rules and scanners passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
