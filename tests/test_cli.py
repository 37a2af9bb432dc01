"""The command line: what it accepts, shows and returns, and that stopping it leaves nothing behind."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import botaclip
from botaclip.core import cli
from botaclip.core.commands import COMMANDS
from botaclip.core.errors import OptionError
from botaclip.core.options import Kind, command_line

from .test_worker_client import BOOT, parts, runs, wait_for

ROOT = BOOT.parents[1]
RUN = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("boot", {boot!r})
spec.loader.exec_module(importlib.util.module_from_spec(spec))
from botaclip.core.cli import main
raise SystemExit(main(sys.argv[1:], boot={test_boot!r}))
""".format(boot=str(ROOT / "core" / "worker_boot.py"), test_boot=str(BOOT))


@pytest.fixture(autouse=True)
def this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTACLIP_PYTHON", sys.executable)


def start(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
    """Start the command line with the test worker, in a process of its own."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([sys.executable, "-I", "-c", RUN, *map(str, arguments)], **streams)


def call(*arguments: Any, **options: Any) -> tuple[int, str, str]:
    """Run it to its end; return exit code, stdout, stderr."""
    process = start(*arguments, **options)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def embed(folder: Path, behaviour: str, *more: Any) -> list[Any]:
    return ["embed", "--raster", "a.tif", "--model", behaviour, "--output", folder / "e.tif", *more]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_flags_are_those_of_the_table(command: Any) -> None:
    parser = cli.build_parser()._subparsers._group_actions[0].choices[command.name]  # type: ignore[union-attr,index]
    flags = {flag for action in parser._actions for flag in action.option_strings} - {"-h", "--help"}
    positional = [action.metavar for action in parser._actions if not action.option_strings]
    assert flags == {option.flag for option in command.options if not option.positional}
    assert positional == [option.flag for option in command.options if option.positional]
    text = "".join(parser.format_help().split())  # the help is wrapped, also at hyphens
    for option in command.options:
        assert "".join(option.help.split()) in text
        if option.default not in (None, "", False):
            assert f"Default:{option.default}." in text
        if option.unit:
            assert f"Unit:{option.unit}." in text


def test_values_are_typed_and_paths_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command, given = cli.parse(
        ["train", "--raster", "tiles", "--releves", "a.gpkg|layername=r", "--plots=/vsizip//x.zip/p.csv", "--folds=4",
         "--patch-size", "20,5", "--output", "~/m.botaclip", "--overwrite", "--species", "Poa annua, Abies alba"]
    )  # fmt: skip
    assert command is COMMANDS["train"]
    assert given["raster"] == str(tmp_path / "tiles") and given["releves"] == str(tmp_path / "a.gpkg|layername=r")
    assert given["plots"] == "/vsizip//x.zip/p.csv" and given["output"] == os.path.expanduser("~/m.botaclip")
    assert (given["folds"], given["patch_size"], given["overwrite"]) == (4, 20.5, True)
    assert given["species"] == "Poa annua, Abies alba" and given["report"] is None and given["head"] == "linear"


def test_negative_extent_is_a_value() -> None:
    words = ["embed", "--raster", "/a", "--model", "/m", "--output", "/e", "--extent", "-2.1,-1.9,47,48"]
    assert cli.parse(words)[1]["extent"] == "-2.1,-1.9,47,48"


def test_the_logged_command_line_does_the_same() -> None:
    words = ["embed", "--raster", "/a b.tif", "--model", "/m", "--output", "/e", "--extent", "-2,3,-4,5 [EPSG:2154]",
             "--stride", "12.5", "--overwrite"]  # fmt: skip
    command, given = cli.parse(words)
    assert command is not None
    line = shlex.split(command_line(command, given))
    assert line[0] == "botaclip" and cli.parse(line[1:]) == (command, given)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["encoders"], "botaclip encoders"),
        (["encoders", "list"], "botaclip encoders"),
        (["encoders", "show", "dofa-base"], "botaclip encoders show dofa-base"),
        (["encoders", "list", "dofa-base"], "botaclip encoders list dofa-base"),
        (["encoders", "show", "--json", "dofa-base"], "botaclip encoders show dofa-base --json"),
        (["encoders", "--json", "show", "dofa-base"], "botaclip encoders show dofa-base --json"),
        (["cache", "clear", "--part", "graphs"], "botaclip cache clear --part graphs"),
        (["encoders", "import", "a", "--file", "/", "--mean=-1,2"],
         "botaclip encoders import a --file / --mean=-1,2"),
    ],
)  # fmt: skip
def test_words_without_a_name_are_told_by_their_place(words: list[str], line: str) -> None:
    command, given = cli.parse(words)
    assert command is not None and command_line(command, given) == line
    assert cli.parse(shlex.split(line)[1:]) == (command, given)


@pytest.mark.parametrize(
    ("words", "needs"),
    [(["encoders"], "nothing"), (["encoders", "import", "a"], "train"), (["encoders", "export", "a"], "train"),
     (["encoders", "remove", "a"], "nothing"), (["cache", "clear"], "nothing"), (["devices"], "run")],
)  # fmt: skip
def test_the_environment_depends_on_the_action(words: list[str], needs: str) -> None:
    command, given = cli.parse(words)
    assert command is not None and command.needs_for(given) == needs


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["encoders", "fetch"], "--action cannot be 'fetch'. Use one of list, show, download"),
        (["encoders", "show", "a", "b"], "'b' is too much"),
        (["encoders", "import", "a", "--file", "/nowhere/x.pth"], "there is no file or folder /nowhere/x.pth"),
        (["embedd"], "there is no command 'embedd'. Perhaps you mean embed."),
        (["embed", "--raste", "a"], "there is no option '--raste'. Perhaps you mean --raster."),
        (["embed"], "botaclip embed: --raster is missing."),
        (["embed", "--raster"], "expected one argument"),
        (["info"], "MODEL is missing"),
        (["info", "a", "b"], "'b' is too much"),
        (["devices", "--device", "tpu"], "--device cannot be 'tpu'. Use one of auto, cpu, cuda, directml, coreml."),
        (["demo-data", "--output", "x", "--plots", "many"], "--plots cannot be 'many'. Use a whole number."),
        (["demo-data", "--output", "x", "--plots", "9"], "use a number from 10 up to 3000"),
        (["--quiet"], "there is no option '--quiet'"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("Error: ") and captured.err.count("\n") == 1
    assert sentence.lower() in captured.err.lower()


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"botaclip {botaclip.__version__}\n"
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    assert [name for name in COMMANDS if name not in out] == []


def test_parse_leaves_what_is_no_path() -> None:
    assert cli.absolute("https://example.org/a.tif") == "https://example.org/a.tif"
    for command in COMMANDS.values():
        for option in command.options:
            if option.kind in (Kind.TEXT, Kind.LIST, Kind.CRS, Kind.FIELD):
                assert option.kind not in cli.FILE_KINDS


def test_results_are_printed(tmp_path: Path) -> None:
    assert call("info", "m")[:2] == (0, "two\nlines\n")
    code, out, _ = call("devices", "--json")
    assert code == 0 and json.loads(out) == {"devices": [{"name": "cpu", "é": 1.5}]}
    code, out, err = call(*embed(tmp_path, "quick"))
    assert (code, out) == (0, f"output: {tmp_path / 'e.tif'}\n")
    assert f"botaclip embed --raster {os.getcwd()}/a.tif" in err
    assert "embed  50%  half\n" in err and "Warning: mind the gap\n" in err


def test_progress_none_keeps_the_warnings(tmp_path: Path) -> None:
    assert call(*embed(tmp_path, "quick", "--progress", "none"))[2] == "Warning: mind the gap\n"


def test_progress_json_is_strict_lines_on_stdout(tmp_path: Path) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    code, out, err = call(*embed(tmp_path, "quick", "--progress", "json"))
    events = [json.loads(line, parse_constant=refuse) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [event["type"] for event in events] == ["log", "progress", "log", "result"]
    assert events[1] == {"type": "progress", "fraction": 0.5, "message": "half", "seconds_left": None}
    assert events[3]["outputs"] == {"output": str(tmp_path / "e.tif"), "nan": None}


def test_bar_on_a_terminal(tmp_path: Path) -> None:
    parent, child = pty.openpty()
    process = start(*embed(tmp_path, "quick"), stderr=child)
    os.close(child)
    process.communicate(timeout=60)
    shown = os.read(parent, 65536).decode()
    os.close(parent)
    assert "embed [############............]  50%  half" in shown and shown.endswith("\r\x1b[2K")


def test_existing_output_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "e.tif").write_text("precious")
    code, _, err = call(*embed(tmp_path, "quick"))
    assert code == 1 and err.endswith(
        f"Error: {tmp_path / 'e.tif'}: the file exists already. Choose another name or use --overwrite.\n"
    )
    assert (tmp_path / "e.tif").read_text() == "precious"
    assert call(*embed(tmp_path, "quick", "--overwrite"))[0] == 0
    assert (tmp_path / "e.tif").read_text() == "whole"


@pytest.mark.parametrize(
    ("behaviour", "words", "logged"), [("fails", "ValueError: a dirty", "Traceback"), ("dies", "SIGSEGV", "")]
)
def test_failure_is_one_sentence_and_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str, words: str, logged: str
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    code, out, err = call(*embed(tmp_path, behaviour, "--progress", "none"))
    assert code == 1 and out == "" and err.count("\n") == 1 and words in err
    logs = list(tmp_path.glob("botaclip-*.log"))
    assert len(logs) == bool(logged)
    if logged:
        assert logged in logs[0].read_text() and str(logs[0]) in err


@pytest.mark.parametrize("heeds", ["heeds", "deaf"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopping_leaves_nothing(tmp_path: Path, number: int, code: int, heeds: str) -> None:
    out, note = tmp_path / "out", tmp_path / "note"
    out.mkdir()
    process = start(*embed(out, heeds, "--mask", note), stdin=subprocess.DEVNULL)
    child = int(wait_for(lambda: note.exists() and note.read_text()))
    wait_for(lambda: parts(out))
    worker = os.getpgid(child)
    begin = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert time.monotonic() - begin < 2.0
    assert process.returncode == code and err.endswith("Cancelled; nothing unfinished is left.\n")
    wait_for(lambda: not runs(worker) and not runs(child), seconds=0.5)
    assert list(out.iterdir()) == []


def test_interrupt_of_the_whole_terminal_group(tmp_path: Path) -> None:
    process = start(*embed(tmp_path, "heeds"), start_new_session=True)
    wait_for(lambda: parts(tmp_path))
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=5)
    assert process.returncode == 130 and "Traceback" not in err and list(tmp_path.iterdir()) == []


def test_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    process = start(*embed(tmp_path, "heeds", "--progress", "json"))
    assert process.stdout is not None and process.stderr is not None
    wait_for(lambda: parts(tmp_path))
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(5) == cli.BROKEN_PIPE and err == "" and list(tmp_path.iterdir()) == []
    process.stderr.close()


def test_cli_boot_runs_the_checkout_beside_hostile_files(tmp_path: Path) -> None:
    for name in ("json", "argparse", "botaclip"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('hijacked')\n")
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "core" / "cli_boot.py", "--version"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"botaclip {botaclip.__version__}\n", "")


def test_missing_environment_is_worded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTACLIP_PYTHON", str(tmp_path / "none"))
    code, out, err = call("devices", "--progress", "none")
    assert code == 1 and out == "" and str(tmp_path / "none") in err and "BOTACLIP_PYTHON" in err


def test_what_needs_no_environment_runs_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTACLIP_PYTHON", str(tmp_path / "none"))
    monkeypatch.setenv("BOTACLIP_ENVIRONMENTS", str(tmp_path / "environments"))
    code, out, err = call("setup", "--check", "--progress", "none")
    assert code == 1 and out == "" and "BOTACLIP_PYTHON" not in err and err.count("\n") == 1
    assert f"there is no environment for these locks in {tmp_path / 'environments'}" in err


def test_a_folder_option_must_be_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none", BOOT):
        with pytest.raises(OptionError, match=f"botaclip setup --wheels: {path} is no folder"):
            cli.parse(["setup", "--wheels", str(path)])
    assert cli.parse(["setup", "--wheels", str(tmp_path)])[1]["wheels"] == str(tmp_path)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.4, ""), (42.4, "42 s left"), (120, "2 min left"), (7500, "2 h 05 min left")],
)
def test_time_left_in_words(seconds: float | None, words: str) -> None:
    assert cli.time_left(seconds) == words


def test_parser_error_is_worded() -> None:
    with pytest.raises(OptionError, match="expected one argument"):
        cli.parse(["devices", "--device"])
