"""Runs pip for an environment: where packages come from, how far it is, and what went wrong in words.

Standard library only. Packages are installed from locks with hashes, without dependencies (the locks are complete)
and from wheels alone, so that nothing is compiled and no package runs code while it is installed.
"""

from __future__ import annotations

import dataclasses
import os
import queue
import re
import subprocess
import threading
import urllib.parse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from botaclip.core.base_python import NO_WINDOW
from botaclip.core.errors import BotaclipError, EnvironmentMissing, OutputError
from botaclip.core.lock_files import normal_name
from botaclip.core.passwords import without_password as without_password
from botaclip.core.progress import SILENT, Progress
from botaclip.core.worker_client import clean_environment, kill_tree

POLL_S = 0.1
LINES_KEPT = 400
# Settings that would send packages somewhere else than into the environment.
_MISLEADING = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_PYTHON", "PIP_NO_BINARY",
               "PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_LOG", "PIP_QUIET", "PIP_VERBOSE")  # fmt: skip
_NO_NETWORK = re.compile(
    r"NewConnectionError|ConnectTimeout|Connection(Refused|Reset|Error)|Max retries exceeded|Name or service not known"
    r"|[Nn]ame resolution|getaddrinfo failed|Network is unreachable|ReadTimeout|ProtocolError|RemoteDisconnected"
)
# As pip words it up to version 25, and from 26 on.
_REASON = re.compile(r"(?:connection: |: |\()(?:\[Errno -?\d+\] )?([A-Z][A-Za-z ]{5,60})\)?['\"]\)")


class NoWheel(EnvironmentMissing):
    """The place where packages come from does not have one that is needed."""


@dataclasses.dataclass(frozen=True)
class PackageSource:
    """Where packages come from; nothing given: where pip's own configuration points.

    Parameters
    ----------
    wheels
        A folder of wheels; then nothing else is asked, neither the network nor pip's configuration.
    index_url
        Package index instead of the configured one.
    proxy
        Address of a proxy; it may hold a name and a password, so it is handed to pip where no one can read it.
    cache
        Folder that keeps what was fetched until the set-up is complete, so that a second try goes on from there;
        None leaves it to pip.
    """

    wheels: Path | None = None
    index_url: str = ""
    proxy: str = ""
    cache: Path | None = None

    def arguments(self) -> list[str]:
        """Return pip's arguments."""
        if self.wheels is not None:
            return ["--isolated", "--no-index", "--find-links", str(self.wheels), "--no-cache-dir"]
        return ["--cache-dir", str(self.cache)] if self.cache is not None else []

    def environment(self) -> dict[str, str]:
        """Return the environment variables of pip's process."""
        variables = {name: value for name, value in clean_environment().items() if name.upper() not in _MISLEADING}
        variables |= {
            "PIP_USER": "0", "PIP_PROGRESS_BAR": "off", "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1",
        }  # fmt: skip
        if self.wheels is None and self.proxy:
            variables["PIP_PROXY"] = self.proxy
        if self.wheels is None and self.index_url:
            variables["PIP_INDEX_URL"] = self.index_url
        return variables

    @property
    def words(self) -> str:
        """The source, to be named in a sentence."""
        if self.wheels is not None:
            return f"the folder {self.wheels}"
        return f"the index {without_password(self.index_url)}" if self.index_url else "the package index"


class PackageInstaller:
    """pip of one environment.

    Parameters
    ----------
    command
        How pip is started: the environment's Python with ``-m pip``, or another pip that works on it.
    source
        Where packages come from.
    log
        Called with every line that pip writes, passwords struck out.
    held
        Descriptors that pip inherits: the set-up's lock, which then holds as long as pip works, even if this
        process is killed.
    installed
        Returns how many packages are installed, to show how far pip is; it says nothing meanwhile.
    """

    def __init__(
        self,
        command: Sequence[str],
        source: PackageSource,
        *,
        log: Callable[[str], None] | None = None,
        held: Sequence[int] = (),
        installed: Callable[[], int] | None = None,
    ) -> None:
        self.command = list(command)
        self.source = source
        self._log = log
        self._installed = installed
        self._held = tuple(held) if os.name != "nt" else ()

    def install_lock(self, lock: Path, progress: Progress = SILENT, *, count: int = 0) -> None:
        """Install everything in a lock that is for this machine; ``count`` packages are expected.

        Raises
        ------
        EnvironmentMissing
            A package cannot be had, or is not what the lock says; nothing of the lock was installed.
        OutputError
            The disk is full or not writable.
        Cancelled
            The user asked to stop; pip and its children are dead.
        """
        fixed = ["install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-warn-script-location"]
        self.run([*fixed, *self.source.arguments(), "-r", str(lock)], progress, count=count)

    def install_wheel(self, wheel: Path, progress: Progress = SILENT) -> None:
        """Install one wheel whose digest was checked; errors as :meth:`install_lock`."""
        self.run(["install", "--no-deps", "--no-index", "--no-cache-dir", str(wheel)], progress)

    def fetch(self, requirement: str, folder: Path, arguments: Sequence[str], progress: Progress = SILENT) -> Path:
        """Fetch one wheel into ``folder`` and return it; errors as :meth:`install_lock`."""
        fixed = ["download", requirement, "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
        self.run([*fixed, *self.source.arguments(), *arguments], progress)
        found = sorted(folder.glob("*.whl"))
        if not found:
            raise NoWheel(f"no wheel of {requirement} was found in {self.source.words}")
        return found[0]

    def uninstall(self, names: Sequence[str], progress: Progress = SILENT) -> None:
        """Remove packages; errors as :meth:`install_lock`."""
        self.run(["uninstall", "-y", *names], progress)

    def check(self, progress: Progress = SILENT) -> None:
        """Make sure that all that is installed fits together; errors as :meth:`install_lock`."""
        self.run(["check"], progress)

    def run(self, arguments: Sequence[str], progress: Progress = SILENT, *, count: int = 0) -> list[str]:
        """Run pip to its end and return its last lines; errors as :meth:`install_lock`."""
        try:
            process = subprocess.Popen(
                [*self.command, "--disable-pip-version-check", "--no-input", *arguments],
                env=self.source.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, creationflags=NO_WINDOW, pass_fds=self._held,
                start_new_session=os.name != "nt",  # the leader of a group, to be killed as a whole
            )  # fmt: skip
        except OSError as error:
            raise EnvironmentMissing(f"pip cannot be started ({error.strerror})", where=self.command[0]) from None
        lines: queue.Queue[str | None] = queue.Queue()
        reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
        reader.start()
        said: list[str] = []
        stage = _Stage(progress, count, self._installed)
        try:
            while True:
                progress.check()
                try:
                    line = lines.get(timeout=POLL_S)
                except queue.Empty:
                    stage.wait()
                    continue
                if line is None:
                    break
                said = [*said[-LINES_KEPT:], line]
                if self._log is not None:
                    self._log(without_password(line))
                stage.show(line)
            code = process.wait()
        except BaseException:
            kill_tree(process)
            reader.join(timeout=1.0)
            raise
        finally:
            if process.stdout is not None and not reader.is_alive():
                process.stdout.close()
        if code != 0:
            raise self.in_words(said)
        return said

    def in_words(self, said: Sequence[str]) -> BotaclipError:
        """Return what pip's last lines mean."""
        text = "\n".join(said)
        offline = self.source.wheels is not None
        if re.search(r"DO NOT MATCH THE HASHES|is unverified|Hashes are required", text):
            package = re.search(r"^\s+(\S+==\S+|\S+) from .*:?\n?\s*Expected sha256", text, re.MULTILINE)
            name = package[1] if package else "a package"
            return EnvironmentMissing(
                f"{name} from {self.source.words} has another SHA-256 than the lock file says, so it is damaged or not "
                "what it says; nothing of it was installed",
                remedy="fetch it again",
            )
        if re.search(r"No space left on device|Errno 28|not enough space on the disk", text):
            return OutputError("the disk is full", remedy="free disk space, then run botaclip setup again")
        denied = re.search(r"(?:Permission denied|Read-only file system|Access is denied): '([^']+)'", text)
        if denied:
            return OutputError("it may not be written", where=denied[1], remedy="choose a folder you may write to")
        if not offline and re.search(r"\b407\b", text):
            return EnvironmentMissing(
                "the proxy asks for a name and a password", remedy="give both in --proxy, before its host and an @"
            )
        if not offline and re.search(r"CERTIFICATE_VERIFY_FAILED|SSLError", text):
            return EnvironmentMissing(
                "the certificate of the package index is not trusted on this network",
                remedy="set the variable PIP_CERT to your organisation's certificates, or use --wheels",
            )
        if not offline and _NO_NETWORK.search(text):
            reasons = _REASON.findall(text)
            to = "the proxy" if "ProxyError" in text or self._names_proxy(text) else self.source.words
            return EnvironmentMissing(
                f"there is no network to {to}: {without_password(reasons[-1]) if reasons else _tail(said)}",
                remedy="check the connection and --proxy, or use --wheels with a folder of wheels",
            )
        missing = re.search(r"No matching distribution found for (\S+)", text)
        if missing:
            return NoWheel(
                f"{self.source.words} holds no wheel of {missing[1].strip(';')} for this Python",
                remedy="fetch the wheels with this Python and platform" if offline else "choose another --index-url",
            )
        return EnvironmentMissing(f"pip stopped: {_tail(said)}", remedy="run botaclip setup again, or use --wheels")

    def _names_proxy(self, text: str) -> bool:
        """Return whether the connection that failed is one to the proxy: pip 26 does not say so itself."""
        try:
            address = urllib.parse.urlsplit(self.source.proxy)
            return bool(address.hostname) and f"(host='{address.hostname}', port={address.port})" in text
        except ValueError:  # a port that is no number
            return False


class _Stage:
    """Says in words what pip's lines mean, and how far it is: two thirds for fetching, one for installing."""

    FETCHED = 0.67

    def __init__(self, progress: Progress, count: int, installed: Callable[[], int] | None) -> None:
        self._progress = progress
        self._count = count
        self._installed = installed
        self._collected = 0
        self._before = 0
        self._installing = 0

    def show(self, line: str) -> None:
        package = re.match(r"Collecting ([A-Za-z0-9._-]+)(?:==([^\s;]+))?", line)
        wheel = re.match(r"Processing (?:.*[\\/])?([^\\/\s-]+)-([^\\/\s-]+)-[^\\/\s]+\.whl", line)  # from a folder
        found = package or wheel
        if found:
            self._collected += 1
            words = f"{normal_name(found[1])} {found[2] or ''}".strip()
            self._progress.info(f"  {words}")
            self._progress.update(self._fetched(), f"fetching {words}")
        fetched = re.match(r"\s+Downloading (?:\S*/)?([^/\s]+?\.whl)\S* \(([^)]+)\)", line)
        if fetched:
            self._progress.update(self._fetched(), f"fetching {fetched[1]} ({fetched[2]})")
        if line.startswith("Installing collected packages:"):
            self._installing = line.count(",") + 1
            self._before = self._installed() if self._installed is not None else 0
            self._progress.update(self.FETCHED, f"installing {self._installing} packages")
        if line.startswith("Successfully installed"):
            self._progress.update(1.0, "installed")

    def wait(self) -> None:
        """Look how many packages are installed by now."""
        if self._installing and self._installed is not None:
            done = min(max(0, self._installed() - self._before), self._installing)
            fraction = self.FETCHED + (1.0 - self.FETCHED) * done / self._installing
            self._progress.update(fraction, f"installed {done} of {self._installing} packages")

    def _fetched(self) -> float:
        return self.FETCHED * self._collected / max(self._count, self._collected + 1)


def _tail(said: Sequence[str]) -> str:
    """Return pip's last words, in one line."""
    errors = [line for line in said if line.startswith(("ERROR:", "WARNING: Retrying")) or "Error" in line]
    words = (errors or [line for line in said if line.strip()] or ["it said nothing"])[-1]
    return without_password(re.sub(r"^(ERROR|WARNING):\s*", "", words.strip()))[:300]


def _read(stream: IO[bytes] | None, lines: queue.Queue[str | None]) -> None:
    try:
        for line in stream or ():
            lines.put(line.decode("utf-8", "replace").rstrip())
    except (OSError, ValueError):
        pass
    lines.put(None)
