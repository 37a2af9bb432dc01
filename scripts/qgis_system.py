"""Finds QGIS, and installs it from Debian's backports where that is possible. Standard library only, no QGIS import.

Debian 12 itself has QGIS 3.22; 3.40 LTR is in its backports. The package source for the backports is derived from the
source the machine already uses (same mirror, same key), so no mirror is named here.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

OLDEST_QGIS = (3, 34)
RELEASE = "bookworm"
BACKPORTS = f"{RELEASE}-backports"
QGIS_PACKAGES = ("qgis", "python3-qgis", "qgis-providers")
# A display for the tests that open QGIS's window.
DISPLAY_PACKAGES = ("xvfb", "xauth")
# The lines of apt's own forecast that say how large it is.
_FORECAST = re.compile(r"^(Need to get .*|After this operation.*)$", re.MULTILINE)


class SetupError(Exception):
    """One sentence for the person who runs the set-up."""


@dataclasses.dataclass(frozen=True)
class Qgis:
    """A QGIS that was found."""

    process: Path
    version: tuple[int, int]


def qgis_environment(profile: Path) -> dict[str, str]:
    """Return the environment in which QGIS needs no screen and leaves the user's own profile alone.

    QGIS's embedded Python looks for its library beside the first ``python3`` of the search path; where that is one of
    pyenv's or of a virtual environment, it does not find ``qgis``. So QGIS's own folder comes first.
    """
    process = qgis_process_path()
    own = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")}
    if process is not None:
        own["PATH"] = os.pathsep.join([str(process.parent), own.get("PATH", "")])
    return {**own, "QT_QPA_PLATFORM": "offscreen", "QGIS_CUSTOM_CONFIG_PATH": str(profile)}


def qgis_process_path() -> Path | None:
    """Return ``qgis_process``: ``BOTACLIP_QGIS_PROCESS`` where set, otherwise from the search path."""
    found = shutil.which(os.environ.get("BOTACLIP_QGIS_PROCESS") or "qgis_process")
    return Path(found) if found else None


def read_version(text: str) -> tuple[int, int]:
    """Return (major, minor) from what ``qgis_process --version`` prints."""
    match = re.search(r"QGIS (\d+)\.(\d+)", text)
    if match is None:
        raise SetupError(f"qgis_process does not say its version but {text.strip()[:200]!r}.")
    return int(match.group(1)), int(match.group(2))


def find_qgis() -> Qgis | None:
    """Return the QGIS of this machine, None where there is none."""
    process = qgis_process_path()
    if process is None:
        return None
    with tempfile.TemporaryDirectory(prefix="botaclip-profile-") as profile:
        answer = subprocess.run(
            [str(process), "--version"], env=qgis_environment(Path(profile)), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )
    return Qgis(process, read_version(answer.stdout + answer.stderr))


def qgis_python() -> Path:
    """Return the Python that can import ``qgis``: ``BOTACLIP_QGIS_PYTHON`` where set, else the system's."""
    candidates = [os.environ.get("BOTACLIP_QGIS_PYTHON"), "/usr/bin/python3", shutil.which("python3")]
    for candidate in candidates:
        if candidate and Path(candidate).exists():
            check = subprocess.run([candidate, "-c", "import qgis.core"], capture_output=True, check=False)
            if check.returncode == 0:
                return Path(candidate)
    raise SetupError("No Python that can import qgis was found. Name it in BOTACLIP_QGIS_PYTHON.")


# --- Debian ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class AptSource:
    """One entry of apt's sources: a line of a ``*.list`` or a stanza of a ``*.sources`` file."""

    suites: tuple[str, ...]
    text: str
    style: str  # "list" or "sources"

    def for_suite(self, suite: str) -> str:
        """Return the same entry for another suite and for ``main`` alone."""
        if self.style == "list":
            head, _, _ = self.text.partition(f" {RELEASE} ")
            return f"{head} {suite} main\n"
        kept = ["Types: deb"]
        copying = False
        for line in self.text.splitlines():
            if line.startswith((" ", "\t")):
                if copying:
                    kept.append(line)
                continue
            copying = line.split(":")[0].strip().lower() in ("uris", "signed-by", "architectures", "trusted")
            if copying:
                kept.append(line)
        return "\n".join([*kept, f"Suites: {suite}", "Components: main"]) + "\n"


def _one_line(text: str) -> Iterable[AptSource]:
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[[^\]]*\]\s+)?\S+\s+(\S+)\s+(.*)", line.strip())
        if match and "main" in match.group(2).split():
            yield AptSource((match.group(1),), re.sub(r"\s+", " ", line.strip()), "list")


def _stanzas(text: str) -> Iterable[AptSource]:
    without_comments = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", without_comments):
        heads = [line for line in stanza.splitlines() if not line.startswith((" ", "\t"))]
        parts = [line.partition(":") for line in heads]
        fields = {key.strip().lower(): value.split() for key, _, value in parts}
        if (
            "deb" in fields.get("types", []) and "main" in fields.get("components", [])
            and fields.get("enabled", ["yes"])[0].lower() not in ("no", "false", "0")
        ):
            yield AptSource(tuple(fields.get("suites", [])), stanza.strip("\n"), "sources")


def apt_sources(apt: Path) -> list[AptSource]:
    """Return the package sources under ``apt`` (``/etc/apt``) that are switched on and offer ``main``."""
    found: list[AptSource] = []
    for path in [apt / "sources.list", *sorted(apt.glob("sources.list.d/*"))]:
        if path.is_file() and path.suffix in (".list", ".sources"):
            read = _stanzas if path.suffix == ".sources" else _one_line
            found += read(path.read_text(encoding="utf-8"))
    return found


def backports_source(apt: Path) -> tuple[str, str] | None:
    """Return (file name, text) of the source to add for the backports, None when there is one already.

    Raises
    ------
    SetupError
        No source for the release itself is there to derive it from.
    """
    sources = apt_sources(apt)
    if any(BACKPORTS in source.suites for source in sources):
        return None
    for source in sources:
        if RELEASE in source.suites:
            suffix = "list" if source.style == "list" else "sources"
            return f"botaclip-backports.{suffix}", source.for_suite(BACKPORTS)
    raise SetupError(f"No package source for {RELEASE} is in {apt}, so that of {BACKPORTS} cannot be derived from it.")


def _os_release() -> dict[str, str]:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}


def apt_prefix() -> list[str]:
    """Return what must stand before ``apt-get`` to have the rights: nothing or ``sudo``.

    Raises
    ------
    SetupError
        This is not Debian 12, or there are no rights to install packages.
    """
    system = _os_release()
    if (system.get("ID"), system.get("VERSION_ID")) != ("debian", "12") or shutil.which("apt-get") is None:
        name = system.get("PRETTY_NAME", "not Debian 12")
        raise SetupError(f"This is {name}, where nothing can be installed from here.")
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo]
    raise SetupError("Installing needs root or a sudo that does not ask for a password.")


def by_hand(why: str, packages: Iterable[str]) -> SetupError:
    """Return the error that names what the person has to install."""
    needs = f"QGIS {OLDEST_QGIS[0]}.{OLDEST_QGIS[1]} or newer with qgis_process" if "qgis" in packages else ""
    debian = ", ".join(packages)
    what = f"{needs} (on Debian 12: {debian} from {BACKPORTS})" if needs else f"on Debian: {debian}"
    return SetupError(f"{why} Install by hand: {what}; then run this again.")


def forecast(prefix: list[str], packages: Iterable[str], *, backports: bool) -> str:
    """Return apt's own words on how much it would fetch and how much room that takes."""
    command = [*prefix, "apt-get", "install", "--assume-no", *_options(backports), *packages]
    answer = subprocess.run(command, env=_apt_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            check=False)
    return " ".join(_FORECAST.findall(answer.stdout))


def _options(backports: bool) -> list[str]:
    return ["--no-install-recommends", *(["-t", BACKPORTS] if backports else [])]


def _apt_environment() -> dict[str, str]:
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def apt_install(
    packages: list[str], *, log: Path, say: Callable[[str], None] = print, apt: Path = Path("/etc/apt")
) -> None:
    """Install Debian packages, QGIS's from the backports; apt's own output goes to ``log``.

    Raises
    ------
    SetupError
        It cannot be done from here; the message names what to install by hand.
    """
    try:
        prefix = apt_prefix()
        backports = any(package in QGIS_PACKAGES for package in packages)
        addition = backports_source(apt) if backports else None
    except SetupError as error:
        raise by_hand(str(error), packages) from None
    with log.open("a", encoding="utf-8") as output:

        def run(*command: str, text: str | None = None) -> int:
            return subprocess.run(
                [*prefix, *command], env=_apt_environment(), input=text, stdout=output, stderr=subprocess.STDOUT,
                text=True, check=False, **({} if text is not None else {"stdin": subprocess.DEVNULL}),  # type: ignore[call-overload]
            ).returncode

        if addition is not None:
            name, source = addition
            say(f"  adding the package source sources.list.d/{name} (same mirror and key as {RELEASE}'s)")
            run("tee", str(apt / "sources.list.d" / name), text=source)
        run("apt-get", "update")
        say(f"  apt: {' '.join(packages)}")
        say(f"  apt: {forecast(prefix, packages, backports=backports) or 'size unknown'}")
        if run("apt-get", "install", "-y", *_options(backports), *packages) != 0:
            raise by_hand(f"apt-get could not install {' '.join(packages)}; see {log}.", packages)
