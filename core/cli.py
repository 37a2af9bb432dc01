"""The command line: a small parent of the same worker that QGIS starts. Standard library only.

Every command and option comes from ``core/commands.py``. A command that needs no environment, because it makes one,
runs in this process. Exit code 0: done; 1: an error, told in one sentence on stderr; 128 + signal: stopped by Ctrl-C
(130), SIGTERM (143) or SIGHUP (129), with nothing unfinished left.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, TextIO

import botaclip
from botaclip.core import options
from botaclip.core.commands import COMMANDS
from botaclip.core.errors import BotaclipError, Cancelled, OptionError, WorkerError
from botaclip.core.interpreter import find_interpreter
from botaclip.core.options import FILE_KINDS, OUTPUT_KINDS, SEVERAL_KINDS, Command, Kind, Option
from botaclip.core.own_process import OwnProcess
from botaclip.core.passwords import without_password
from botaclip.core.worker_client import BOOT, WorkerClient

BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None, *, boot: str | os.PathLike[str] = BOOT) -> int:
    """Run the command line and return its exit code; ``boot`` is the worker's first file."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show é must not turn a result into an error.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    stopped = Stop()
    try:
        with stopped.listening():
            command, parameters = parse(sys.argv[1:] if arguments is None else arguments)
            if command is not None:
                run(command, parameters, stopped, boot)
        sys.stdout.flush()
    except Cancelled as cancelled:
        sys.stderr.write(f"Cancelled; {cancelled.left}.\n")
        return stopped.exit_code
    except BotaclipError as error:
        sys.stderr.write(f"Error: {error.sentence}\n")
        return 1
    except BrokenPipeError:
        # Whoever read our output (head, less) has gone; Python would complain once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return 0


def run(command: Command, parameters: dict[str, Any], stopped: Stop, boot: str | os.PathLike[str]) -> None:
    """Run one command in a worker (or, where it needs no environment, here), showing its progress and its result."""
    display = make_display(parameters["progress"], command.name)
    display.log("info", without_password(options.command_line(command, parameters)))
    worker: WorkerClient | OwnProcess
    needs = command.needs_for(parameters)
    if needs == "nothing":
        worker = OwnProcess()
    else:
        worker = WorkerClient(find_interpreter(needs=needs), boot=boot)
    try:
        outputs = worker.run(
            command.name, parameters, progress=display.progress, log=display.log, is_cancelled=stopped
        )
    except WorkerError as error:
        worker.close()  # what it wrote last arrives with its end
        raise _with_log(error, worker.diagnostics()) from None
    finally:
        display.close()
        worker.close()
    display.result(command, parameters, outputs)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser, made from the option table."""
    parser = _Parser(
        prog="botaclip", allow_abbrev=False, formatter_class=_HelpFormatter,
        description="Species to expect, read from aerial and satellite imagery with the help of relevés.",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"botaclip {botaclip.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for command in COMMANDS.values():
        one = commands.add_parser(
            command.name, help=_escaped(command.summary), allow_abbrev=False, formatter_class=_HelpFormatter,
            description=_escaped(f"{command.summary} {command.help}"),
        )  # fmt: skip
        for option in command.options:
            add_option(one, option)
    return parser


def parse(arguments: Sequence[str]) -> tuple[Command | None, dict[str, Any]]:
    """Return the command and its typed parameters, paths made absolute; None after help or version was shown.

    Raises
    ------
    OptionError
        No such command or option, a value missing or not allowed.
    """
    words = list(arguments)
    parser = build_parser()
    if not words:
        parser.print_help()
        return None, {}
    if not words[0].startswith("-") and words[0] not in COMMANDS:
        raise OptionError(f"there is no command {words[0]!r}", remedy=_did_you_mean(words[0], COMMANDS))
    try:
        namespace, unknown = parser.parse_known_args(_join_negative(words))
    except SystemExit:  # after --help and --version; errors are raised by _Parser
        return None, {}
    if namespace.command is None:
        raise OptionError(f"there is no option {words[0]!r}", remedy="botaclip --help lists the commands")
    command = COMMANDS[namespace.command]
    unknown = _placed(command, namespace, unknown)
    if unknown:
        word, name = unknown[0].partition("=")[0], f"botaclip {command.name}"
        flags = [option.flag for option in command.options if not option.positional]
        raise OptionError(
            f"there is no option {word!r}" if word.startswith("-") else f"{word!r} is too much",
            where=name,
            remedy=_did_you_mean(word, flags, f"{name} --help lists them"),
        )
    given = {option.key: getattr(namespace, option.key) for option in command.options}
    parameters, _ = options.parse_parameters(command, given)
    for option in command.options:
        if option.kind is Kind.RASTER and parameters[option.key]:
            words = options.raster_words(parameters[option.key])
            parameters[option.key] = ";".join(absolute(word) for word in words)
        elif option.kind in FILE_KINDS and parameters[option.key]:
            parameters[option.key] = absolute(parameters[option.key])
            if option.kind is Kind.FOLDER and not os.path.isdir(parameters[option.key]):
                raise OptionError(
                    f"{parameters[option.key]} is no folder",
                    where=f"botaclip {command.name} {option.flag}", remedy=option.help,
                )  # fmt: skip
            if option.kind is Kind.FILE and not os.path.exists(parameters[option.key]):
                raise OptionError(
                    f"there is no file or folder {parameters[option.key]}",
                    where=f"botaclip {command.name} {option.flag}", remedy=option.help,
                )  # fmt: skip
        elif option.kind in SEVERAL_KINDS and parameters[option.key]:
            parameters[option.key] = [absolute(path) for path in parameters[option.key]]
    return command, parameters


def _placed(command: Command, namespace: argparse.Namespace, unknown: Sequence[str]) -> list[str]:
    """Take words that argparse left over because an option stood before them; return what is really too much."""
    left = []
    empty = [option.key for option in command.options if option.positional and getattr(namespace, option.key) is None]
    for word in unknown:
        if empty and not word.startswith("-"):
            setattr(namespace, empty.pop(0), word)
        else:
            left.append(word)
    return left


def absolute(path: str) -> str:
    """Return ``path`` as seen from anywhere; GDAL's virtual files and addresses stay as they are."""
    if path.startswith("/vsi") or "://" in path:
        return path
    return os.path.abspath(os.path.expanduser(path))


class Stop:
    """Remembers that a signal asked to stop."""

    SIGNALS = tuple(
        getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
    )

    def __init__(self) -> None:
        self._number: int | None = None

    def __call__(self) -> bool:
        """Tell whether it was asked to stop."""
        return self._number is not None

    @property
    def exit_code(self) -> int:
        """The shell's exit code for the signal."""
        return 128 + (self._number or signal.SIGINT)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to the signals inside the block; only a program's main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._note) for number in self.SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: Any) -> None:
        if self._number is None:
            self._number = number


class Display:
    """``--progress none``: the result and the warnings, nothing else; also what the others build on."""

    def __init__(self, name: str) -> None:
        self.name = name

    def progress(self, fraction: float, message: str, seconds_left: float | None) -> None:
        """Show how far the job is."""

    def log(self, level: str, message: str) -> None:
        """Show what the job says."""
        if level == "warning":
            sys.stderr.write(f"Warning: {message}\n")

    def close(self) -> None:
        """Leave the terminal in order."""

    def result(self, command: Command, parameters: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Print what the job found, or where it wrote."""
        text = outputs.get("print")
        if parameters.get("json") and text is None:
            text = json.dumps(outputs, indent=2, ensure_ascii=False)
        if text is None:
            text = [
                f"{option.name}: {outputs[option.key]}"
                for option in command.options
                if option.kind in OUTPUT_KINDS and outputs.get(option.key)
            ]
        lines = [text] if isinstance(text, str) else text
        sys.stdout.write("".join(f"{line}\n" for line in lines))


class JsonLines(Display):
    """``--progress json``: one JSON object a line on stdout for every event, the result last."""

    def progress(self, fraction: float, message: str, seconds_left: float | None) -> None:
        """Write an event."""
        self._write(type="progress", fraction=fraction, message=message, seconds_left=seconds_left)

    def log(self, level: str, message: str) -> None:
        """Write an event."""
        self._write(type="log", level=level, message=message)

    def result(self, command: Command, parameters: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Write an event."""
        self._write(type="result", outputs=outputs)

    @staticmethod
    def _write(**event: Any) -> None:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


class PlainLines(Display):
    """``--progress bar`` where stderr is no terminal: a line at every tenth of the way."""

    def __init__(self, name: str, stream: TextIO) -> None:
        super().__init__(name)
        self.stream = stream
        self._tenth = -1

    def progress(self, fraction: float, message: str, seconds_left: float | None) -> None:
        """Write a line when another tenth is done."""
        tenth = int(fraction * 10)
        if tenth > self._tenth:
            self._tenth = tenth
            parts = (f"{self.name} {fraction:4.0%}", message, time_left(seconds_left))
            self._line("  ".join(filter(None, parts)))

    def log(self, level: str, message: str) -> None:
        """Write a line."""
        self._line(f"Warning: {message}" if level == "warning" else message)

    def _line(self, text: str) -> None:
        self.stream.write(f"{text}\n")
        self.stream.flush()


class Bar(PlainLines):
    """``--progress bar`` on a terminal."""

    CELLS = 24

    def progress(self, fraction: float, message: str, seconds_left: float | None) -> None:
        """Draw the bar anew."""
        done = int(fraction * self.CELLS)
        bar = "#" * done + "." * (self.CELLS - done)
        parts = (f"{self.name} [{bar}] {fraction:4.0%}", time_left(seconds_left), message.strip())
        text = "  ".join(filter(None, parts))
        self.stream.write("\r\x1b[2K" + text[: max(20, shutil.get_terminal_size().columns - 1)])
        self.stream.flush()

    def close(self) -> None:
        """Remove the bar."""
        self.stream.write("\r\x1b[2K")
        self.stream.flush()

    def _line(self, text: str) -> None:
        super()._line(f"\r\x1b[2K{text}")


def make_display(progress: str, name: str) -> Display:
    """Return the display of ``--progress``."""
    if progress == "json":
        return JsonLines(name)
    if progress == "none":
        return Display(name)
    return (Bar if sys.stderr.isatty() else PlainLines)(name, sys.stderr)


def time_left(seconds: float | None) -> str:
    """Return seconds in words, nothing when it is not known or over at once."""
    if seconds is None or seconds < 1:
        return ""
    if seconds < 90:
        return f"{seconds:.0f} s left"
    minutes = round(seconds / 60)
    return f"{minutes} min left" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min left"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError(message, where=self.prog, remedy=f"{self.prog} --help lists what can be said")


class _HelpFormatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=min(100, shutil.get_terminal_size().columns))


def add_option(parser: argparse.ArgumentParser, option: Option) -> None:
    """Give a parser an option of the table."""
    help_text = _escaped(option.help_with_default + (" Required." if option.required else ""))
    if option.positional:
        parser.add_argument(option.key, nargs="?", metavar=option.flag, help=help_text)
    elif option.kind is Kind.FLAG:
        parser.add_argument(option.flag, dest=option.key, action="store_const", const=True, help=help_text)
    else:
        words = "{" + ",".join(option.choices) + "}"
        shown = words if option.choices else (option.unit or option.kind.value.split()[-1]).upper()
        parser.add_argument(option.flag, dest=option.key, metavar=shown, help=help_text)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _join_negative(words: Sequence[str]) -> list[str]:
    """Join a value such as ``-2.1,-1.9,47,48`` to the option before it; argparse would take it for an option."""
    joined: list[str] = []
    for word in words:
        if re.match(r"-[\d.]", word) and joined and re.fullmatch(r"--[a-z-]+", joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _did_you_mean(word: str, known: Any, otherwise: str = "botaclip --help lists them") -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"perhaps you mean {near[0]}" if near else otherwise


def _with_log(error: WorkerError, log: str) -> WorkerError:
    if not log.strip():
        return error
    try:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        descriptor, path = tempfile.mkstemp(prefix=f"botaclip-{stamp}-", suffix=".log", text=True)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(log + "\n")
    except OSError:
        return error
    if error.sentence.endswith("log."):
        return WorkerError(f"{error.sentence.rstrip('.')}: {path}")
    return WorkerError(f"{error.sentence} Its last messages are in {path}")
