"""The diagnostics report: with an environment, with a broken one, with none, and never anything private."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy
import onnxruntime
import pytest

import botaclip
from botaclip.core import cli, diagnostics, interpreter
from botaclip.core.diagnostics import commit_of, memory_bytes, versions_of
from botaclip.core.errors import EnvironmentMissing
from botaclip.core.last_error import remember_error

from .conftest import ROOT


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine of its own, whose user is Ann."""
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "BOTACLIP_ENVIRONMENTS", "BOTACLIP_CACHE", "BOTACLIP_ENCODERS"):
        monkeypatch.delenv(name, raising=False)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path / "home" / "ann"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LOGNAME", "ann")
    monkeypatch.setenv("BOTACLIP_PYTHON", sys.executable)
    monkeypatch.setattr(diagnostics, "driver_version", lambda: 580)
    return home


def lines(text: str) -> dict[str, str]:
    """Return what the report says, by name."""
    return dict(match for match in re.findall(r"^- ([^:\n]+): (.*)$", text, re.MULTILINE))


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_report_says_what_is_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = place / ".cache" / "botaclip"
    cache.mkdir(parents=True)
    (cache / "a.safetensors").write_bytes(b"x" * 2_500_000)
    (place / ".local/share/botaclip/encoders/dofa-base").mkdir(parents=True)
    monkeypatch.setenv("PROJ_LIB", "/nonsense/of/ann")
    monkeypatch.setenv("https_proxy", "http://ann:s3cret@proxy.example:3128")
    text = diagnostics.diagnostics({"QGIS": "3.40.6", "Qt": "5.15.8"})
    said = lines(text)
    assert text.startswith("# BotaCLIP diagnostics\n\n## BotaCLIP\n\n- version: " + botaclip.__version__)
    assert (said["QGIS"], said["Qt"]) == ("3.40.6", "5.15.8")
    assert said["found as"] == "the variable BOTACLIP_PYTHON"
    assert (said["numpy"], said["onnxruntime"]) == (numpy.__version__, onnxruntime.__version__)
    assert said["onnxruntime providers"] == ", ".join(onnxruntime.get_available_providers())
    assert re.match(r"\d+\.\d+\.\d+$", said["GDAL"]) and re.match(r"\d+\.\d+\.\d+$", said["PROJ"])
    assert re.match(r"\d+\.\d+\.\d+", said["torch"]) and said["NVIDIA driver"] == "580"
    assert said["environments"].startswith("`~/.local/share/botaclip/environments` (not there yet, ")
    assert said["cache"].startswith("`~/.cache/botaclip` (there, ") and said["size of the cache"] == "2.5 MB"
    assert said["encoders in the store"] == "dofa-base"
    assert said["PROJ_LIB"] == "set (not handed on to the worker)" and "PYTHONPATH" in said["not set"]
    assert said["proxies"] == "https http://proxy.example:3128"
    assert "none: kept on this machine" in text
    for private in ("ann", "s3cret", "nonsense", str(place)):
        assert private not in text.replace(sys.executable, ""), private


@pytest.mark.parametrize("name, value, shown", [
    ("HTTPS_PROXY", "bob:topsecret@proxy:3128", "https proxy:3128"),
    ("all_proxy", "socks5://u:topsecret/sl@h:1", "all socks5://h:1"),
    ("http_proxy", "http://user:top secret@h", "http http://h"), ("https_proxy", "bob:topsecret", "https set"),
])  # fmt: skip
def test_of_a_proxy_only_where_it_is(monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: str) -> None:
    monkeypatch.setenv(name, value)
    remember_error(f"{name}={value}: password=topsecret", f"GET https://h/?access_token=topsecret\n{name}={value}")
    text = diagnostics.diagnostics()
    assert lines(text)["proxies"] == shown
    # Without an @ and a scheme nothing tells a password from a host.
    assert "password=topsecret" not in text and "access_token=***" in text
    assert "@" not in value or "secret" not in text.replace("=***", "")


def test_the_last_error_is_in_it(place: Path) -> None:
    trace = f'Traceback\n  File "{ROOT}/core/cli.py", line 3\n```'
    remember_error(f"{place}/Secret survey/r.tif: it has no CRS.", trace)
    text = diagnostics.diagnostics()
    assert lines(text)["sentence"] == "<path>: it has no CRS."
    assert "File \"<plugin>/core/cli.py\", line 3\n" in text and text.count("```") == 2
    assert "Secret" not in text and "ann" not in text.replace(sys.executable, "")


def test_without_an_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any, **__: Any) -> None:
        raise EnvironmentMissing("no Python environment for the worker was found", remedy=interpreter.REMEDY)

    monkeypatch.setattr(diagnostics, "locate_interpreter", none)
    said = lines(diagnostics.diagnostics())
    assert said["not found"].startswith("no Python environment for the worker was found. Run botaclip setup")
    assert "numpy" not in said and "cores" in said and said["environments"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("exit 3", "it ended with exit code 3"),
        ("echo hello; echo botaclip-versions:{", "what it answers is not what a Python would"),
        ("exec sleep 600", "it did not answer within 1 s"),
        ("sleep 600 & wait", "it did not answer within 1 s"),
        (None, "it cannot be run (Exec format error)"),
    ],
)
def test_a_python_that_is_none_is_told_in_time(tmp_path: Path, text: str | None, words: str) -> None:
    path = script(tmp_path / "python", text or "")
    if text is None:
        path.write_bytes(b"\x00no program")
    began = time.monotonic()
    assert versions_of(path, seconds=1.0 if "sleep" in str(text) else 30.0) == words
    assert time.monotonic() - began < 60
    said = lines(diagnostics.diagnostics(setting=path, seconds=1.0))
    assert said["problem"] == words or "did not answer" in said["problem"]
    assert said["found as"] == "the setting of the worker's Python"


def test_a_package_that_does_not_load_keeps_no_other_back(tmp_path: Path) -> None:
    python = script(
        tmp_path / "python",
        f"exec {sys.executable} -c 'import sys; sys.modules[\"rasterio\"] = None; exec(sys.argv[1])' \"$3\"",
    )
    found = versions_of(python)
    assert isinstance(found, dict)
    assert found["rasterio"].startswith("not to be had (") and found["GDAL"].startswith("not to be had (")
    assert found["numpy"] == numpy.__version__


def test_a_part_that_fails_leaves_a_hole_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise RuntimeError("/home/ann/secret")

    monkeypatch.setattr(diagnostics, "environments", fails)
    text = diagnostics.diagnostics()
    assert "- not to be had (RuntimeError: <path>)" in text and lines(text)["memory"].endswith("GiB")


def test_folders_below_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("BOTACLIP_ENVIRONMENTS", "BOTACLIP_CACHE", "BOTACLIP_ENCODERS"):
        monkeypatch.setenv(name, str(tmp_path / "file" / name.lower()))
    text = diagnostics.diagnostics()
    assert text.count("(cannot be used: it lies below a file)") == 3 and lines(text)["size of the cache"] == "0.0 MB"


def test_the_command_prints_or_writes_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["diagnostics", "--progress", "none"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# BotaCLIP diagnostics\n") and "## Last error" in printed
    output = tmp_path / "report.md"
    assert cli.main(["diagnostics", "--output", str(output), "--progress", "none"]) == 0
    assert capsys.readouterr().out == f"The report was written into {output}\n"
    assert output.read_text(encoding="utf-8").splitlines()[0] == printed.splitlines()[0]
    assert cli.main(["diagnostics", "--output", str(output), "--progress", "none"]) == 1
    assert "exists" in capsys.readouterr().err and [path.name for path in tmp_path.glob("*.part")] == []


def test_it_runs_in_a_python_without_packages(place: Path) -> None:
    done = subprocess.run(
        ["/usr/bin/python3", "-I", str(ROOT / "core" / "cli_boot.py"), "diagnostics", "--progress", "none"],
        env={"HOME": str(place), "PATH": os.environ["PATH"], "BOTACLIP_PYTHON": "/nowhere/python"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == ""
    assert lines(done.stdout)["not found"].startswith("there is no Python at <path>")
    assert list(place.iterdir()) == [], "nothing is written"


def test_the_commit_of_a_checkout(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git" / "packed-refs").write_text("# pack\n0123456789abcdef0123 refs/heads/main\n")
    assert commit_of(tmp_path) == "0123456789ab"
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "refs" / "heads" / "main").write_text("fedcba9876543210\n")
    assert commit_of(tmp_path) == "fedcba987654"
    tree = tmp_path / "tree"
    tree.mkdir()
    (tmp_path / ".git" / "worktrees" / "tree").mkdir(parents=True)
    (tmp_path / ".git" / "worktrees" / "tree" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git" / "worktrees" / "tree" / "commondir").write_text("../..\n")
    (tree / ".git").write_text(f"gitdir: {tmp_path}/.git/worktrees/tree\n")
    assert commit_of(tree) == "fedcba987654"
    (tmp_path / ".git" / "HEAD").write_text("aaaabbbbccccdddd\n")
    assert commit_of(tmp_path) == "aaaabbbbcccc"


def test_memory_is_what_the_system_says() -> None:
    total = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal:"))
    assert (memory_bytes() or 0) // 2**20 == pytest.approx(int(total.split()[1]) // 2**10, rel=0.05)
