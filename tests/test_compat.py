"""``benchmarks/compat.py``: where its Debian comes from, what it removes, how it reads what came of the tests."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
compat = importlib.import_module("compat")
compat_checks = importlib.import_module("compat_checks")
compat_root = importlib.import_module("compat_root")

STANZA = """Types: deb
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/some.gpg
"""
LINE = "deb [arch=amd64 signed-by=/k/some.gpg] http://mirror.test/debian bookworm main contrib\n"


def apt(folder: Path, **files: str) -> Path:
    (folder / "sources.list.d").mkdir()
    for name, text in files.items():
        (folder / "sources.list.d" / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def test_the_mirror_is_that_of_the_machine(tmp_path: Path) -> None:
    found = compat_root.mirror("sid", apt(tmp_path, debian__sources=STANZA))
    assert (found.address, found.keyring) == ("http://mirror.test/debian", Path("/usr/share/keyrings/some.gpg"))
    assert set(found.source.splitlines()) == {
        "Types: deb", "URIs: http://mirror.test/debian", "Signed-By: /usr/share/keyrings/some.gpg", "Suites: sid",
        "Components: main",
    }  # fmt: skip


def test_the_mirror_of_a_line(tmp_path: Path) -> None:
    found = compat_root.mirror("testing", apt(tmp_path, debian__list=LINE))
    assert (found.address, found.keyring) == ("http://mirror.test/debian", Path("/k/some.gpg"))
    assert found.source == "deb [arch=amd64 signed-by=/k/some.gpg] http://mirror.test/debian testing main\n"


def test_without_a_source_to_derive_from_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(compat_root.RootError, match="no package source for bookworm"):
        compat_root.mirror("sid", apt(tmp_path, other__list="deb http://mirror.test/debian trixie main\n"))


def test_only_what_a_mirror_needs_is_taken_over_from_apt() -> None:
    dump = (
        'APT::Install-Recommends "true";\nAcquire::Check-Valid-Until "false";\nAcquire::http::Proxy "http://p:1";\n'
        'Acquire::Languages "";\nDir::State "/var/lib/apt";\nAcquire::https "";\n'
    )
    assert compat_root._SETTINGS.findall(dump) == [
        'Acquire::Check-Valid-Until "false";', 'Acquire::http::Proxy "http://p:1";',
    ]  # fmt: skip


def test_a_folder_that_is_no_debian_is_not_removed(tmp_path: Path) -> None:
    mine = tmp_path / "sid"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(compat_root.RootError, match="no Debian root; nothing was removed"):
        compat_root.DebianRoot(mine, "sid").remove()
    assert (mine / "thesis.txt").is_file()
    (mine / "etc").mkdir()
    (mine / "etc" / "debian_version").write_text("sid")
    compat_root.DebianRoot(mine, "sid").remove()
    assert not mine.exists()


def test_a_root_in_the_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(compat_root.RootError, match="lies in the checkout"):
        compat.ready_root(ROOT / "build" / "sid", "sid", fresh=True, log=tmp_path / "log")


def test_who_is_not_root_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat_root.os, "geteuid", lambda: 1000)
    with pytest.raises(compat_root.RootError, match="run this with sudo"):
        compat.ready_root(tmp_path / "sid", "sid", fresh=False, log=tmp_path / "log")
    assert list(tmp_path.iterdir()) == []


def test_tests_that_lack_torch_are_told_from_those_that_fail(tmp_path: Path) -> None:
    path = tmp_path / "tests.xml"
    path.write_text(
        "<testsuites><testsuite><testcase name='a'/><testcase name='b'/>"
        "<testcase name='c'><skipped message='no unshare&#10;more'/></testcase>"
        "<testcase name='d'><failure message='AssertionError'>the package torch is missing. Run</failure></testcase>"
        "<testcase name='e'><error message='boom'>said in repr: No module named \\'torch\\'</error></testcase>"
        "<testcase name='f'><failure message='assert 1 == 2'>told by torches</failure></testcase>"
        "</testsuite></testsuites>"
    )
    assert compat_checks.read_junit(path) == (2, ["no unshare"], ["d", "e"], ["f"])


def test_the_document_says_what_was_not_run() -> None:
    checks = compat.Compat.__new__(compat.Compat)
    checks.root = compat_root.DebianRoot(Path("/nowhere"), "sid")
    checks.versions = {"QGIS": "3.44.1", "Python": "3.14.1"}
    checks.here = None
    outcomes = [
        compat.Outcome("maps", "ok", "equal", 3.4), compat.Outcome("clicks", "failed", "a | b", 1.0),
        compat.Outcome("QGIS 4.x", "not run", "checked statically", 0.0),
    ]  # fmt: skip
    text = compat.document(checks, outcomes, [])
    assert "| maps | ok | 3 | equal |" in text and "| clicks | **failed** | 1 | a / b |" in text
    assert "| QGIS 4.x | **not run** |  | checked statically |" in text
    assert re.search(r"\| 3\.34 \| \*\*not run\*\*", text) and re.search(r"\| 4\.x \| \*\*not run\*\*", text)
    assert "PyQt5" in text and "PyQt6" in text and "{" not in text


def test_the_document_in_the_checkout_is_one_that_was_written() -> None:
    text = (ROOT / "docs" / "compat.md").read_text(encoding="utf-8")
    assert re.search(r"\| 3\.4[4-9]\.\d+ \(Qt 5\.[\d.]+, PyQt 5\.[\d.]+, Python 3\.\d+\.\d+\) \| run, see below", text)
    assert "| failed |" not in text and "**failed**" not in text
