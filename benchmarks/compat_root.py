"""A Debian of another suite in a folder of its own, with the QGIS of that suite: made once, entered by ``chroot``.

Where the packages come from is derived from the apt source of this machine, so no mirror is named here. Nothing of
this machine's own packages, services or settings is touched. Needs root, ``debootstrap`` and ``unshare``.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# Behind the benchmarks: both folders have a module checkout.
sys.path.append(str(Path(__file__).resolve().parents[1] / "scripts"))

from qgis_system import RELEASE, apt_sources  # noqa: E402

PACKAGES = ("qgis", "python3-qgis", "qgis-providers", "xvfb")
# Settings of this machine's apt that also have to hold for the root: a proxy, a mirror that is a snapshot.
_SETTINGS = re.compile(r"^Acquire::(?:https?::[^\n]*|Check-Valid-Until|Retries|ForceIPv[46])\b.*$", re.MULTILINE)
_NEEDED = ("debootstrap", "unshare", "chroot")
# No texts that nobody reads in there, no waiting for the disk.
_UNREAD = ("doc", "man", "locale")
_DPKG = "".join(f"path-exclude=/usr/share/{name}/*\n" for name in _UNREAD) + "force-unsafe-io\n"
_ENTER = (
    'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && where="$1" && shift && '
    'exec chroot "$0" /usr/bin/env -i -C "$where" "$@"'
)


class RootError(Exception):
    """One sentence: why there is no such Debian here."""


@dataclasses.dataclass(frozen=True)
class Mirror:
    """Where this machine's own packages come from.

    Parameters
    ----------
    address
        Of the archive.
    keyring
        File that its signatures are checked with, None for apt's own.
    source
        What apt in the root reads.
    """

    address: str
    keyring: Path | None
    source: str


def mirror(suite: str, apt: Path = Path("/etc/apt")) -> Mirror:
    """Return the mirror of this machine's release, with the source for another suite.

    Raises
    ------
    RootError
        There is no such source to derive it from.
    """
    for source in apt_sources(apt):
        if RELEASE not in source.suites:
            continue
        text = source.for_suite(suite)
        if source.style == "list":
            match = re.match(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s", text)
            address = match[2] if match else ""
            signed = re.search(r"signed-by=(\S+)", (match[1] or "") if match else "")
            key = signed[1] if signed else ""
        else:
            fields = {name.strip().lower(): value.split() for name, _, value in
                      (line.partition(":") for line in text.splitlines())}  # fmt: skip
            address, key = "".join(fields.get("uris", [])[:1]), "".join(fields.get("signed-by", [])[:1])
        if address:
            return Mirror(address, Path(key) if key.startswith("/") else None, text)
    raise RootError(f"no package source for {RELEASE} is in {apt}, from which that of {suite} could be derived")


def check_rights() -> None:
    """Raise :class:`RootError` where no root can be made or entered from here."""
    if os.geteuid() != 0:
        raise RootError("a Debian root is made and entered by root alone; run this with sudo")
    lacking = [name for name in _NEEDED if shutil.which(name) is None]
    if lacking:
        raise RootError(f"{', '.join(lacking)} is not installed here")


class DebianRoot:
    """The folder of one suite.

    Parameters
    ----------
    folder
        Where it lies; outside the checkout.
    suite
        ``sid``, ``testing``...
    """

    def __init__(self, folder: Path, suite: str) -> None:
        self.folder = folder
        self.suite = suite
        self.marker = folder / "botaclip-root.json"

    @property
    def is_made(self) -> bool:
        """Whether it was finished."""
        return self.marker.is_file()

    def make(self, log: Path, say: Callable[[str], None] = print) -> None:
        """Make it anew with QGIS inside; what was there before is removed.

        Raises
        ------
        RootError
            It cannot be made here; the sentence says why.
        """
        check_rights()
        found = mirror(self.suite)
        self.remove()
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        say(f"  debootstrap {self.suite}")
        key = [f"--keyring={found.keyring}"] if found.keyring is not None else []
        made = _logged(
            ["nice", "debootstrap", "--variant=minbase", "--include=ca-certificates", *key, self.suite,
             str(self.folder), found.address], log,
        )  # fmt: skip
        if made != 0:
            raise RootError(f"debootstrap could not make {self.suite} (exit code {made}); see {log}")
        self._settle(found)
        if self.apt("update", log=log) != 0:
            raise RootError(f"the lists of packages of {self.suite} could not be fetched; see {log}")
        say(f"  apt: {' '.join(PACKAGES)}")
        self.install(PACKAGES, log)
        self.marker.write_text(json.dumps({"suite": self.suite, "packages": PACKAGES}) + "\n", encoding="utf-8")

    def _settle(self, found: Mirror) -> None:
        """Write what apt and dpkg need in there."""
        etc = self.folder / "etc"
        for old in [etc / "apt" / "sources.list", *(etc / "apt" / "sources.list.d").glob("*")]:
            old.unlink(missing_ok=True)
        suffix = "list" if found.source.startswith("deb ") else "sources"
        (etc / "apt" / "sources.list.d" / f"botaclip.{suffix}").write_text(found.source, encoding="utf-8")
        if found.keyring is not None and not self.path(found.keyring).exists():
            self.path(found.keyring).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(found.keyring, self.path(found.keyring))
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
        settings = etc / "apt" / "apt.conf.d" / "90botaclip"
        settings.write_text("\n".join(_SETTINGS.findall(dump)) + "\n", encoding="utf-8")
        settings.chmod(0o600)  # a proxy's address may hold a password
        (etc / "dpkg" / "dpkg.cfg.d" / "90botaclip").write_text(_DPKG, encoding="utf-8")
        policy = self.folder / "usr" / "sbin" / "policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")  # no service is started in there
        policy.chmod(0o755)
        for name in ("etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"):
            if Path("/", name).is_file():
                (self.folder / name).unlink(missing_ok=True)
                shutil.copy(Path("/", name), self.folder / name)

    def path(self, inside: str | Path) -> Path:
        """Return where a path of the root lies seen from outside."""
        return self.folder / str(inside).lstrip("/")

    def remove(self) -> None:
        """Remove it; nothing of this machine is mounted in it outside of a run."""
        if not self.folder.exists():
            return
        if not any((self.folder / name).exists() for name in (self.marker.name, "debootstrap", "etc/debian_version")):
            raise RootError(f"{self.folder} is there and no Debian root; nothing was removed")
        subprocess.run(["rm", "-rf", "--one-file-system", str(self.folder)], check=True)

    def run(
        self, command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, where: str = "/",
        seconds: float = 600.0,
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """Run a command in there, in mount and process namespaces of its own: at its end all it started is dead.

        Raises
        ------
        subprocess.TimeoutExpired
            It took longer than ``seconds``.
        """
        variables = {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/root", "LANG": "C.UTF-8",
            **(environment or {}),
        }  # fmt: skip
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        enter = [*apart, "bash", "-c", _ENTER]
        words = [str(self.folder), where, *(f"{name}={value}" for name, value in variables.items()), *map(str, command)]
        return subprocess.run(
            [*enter, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=seconds, check=False,
        )  # fmt: skip

    def apt(self, *words: str, log: Path) -> int:
        """Run ``apt-get`` in there; its output goes to ``log``."""
        ran = self.run(
            ["nice", "apt-get", "-y", *words], environment={"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            seconds=1800,
        )  # fmt: skip
        with log.open("a", encoding="utf-8") as file:
            file.write(ran.stdout + ran.stderr)
        return ran.returncode

    def install(self, packages: Sequence[str], log: Path) -> None:
        """Install Debian packages in there.

        Raises
        ------
        RootError
            apt could not.
        """
        if self.apt("install", "--no-install-recommends", *packages, log=log) != 0:
            raise RootError(f"apt could not install {' '.join(packages)} in {self.suite}; see {log}")
        self.apt("clean", log=log)


def _logged(command: Sequence[str], log: Path) -> int:
    with log.open("a", encoding="utf-8") as file:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode
