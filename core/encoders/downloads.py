"""Fetches one large file and gives it its name only when its digest is right. Standard library only.

Why no library: this runs in QGIS's own Python too, which has no ``requests`` for sure, and before any environment of
ours exists; ``urllib`` knows proxies, TLS and redirects, and what it lacks (resuming, stalls, limits) is here.

What has come so far lies in ``<name>.part``, beside it in ``<name>.part.json`` which version of the file that was
(ETag or date). A broken or cancelled download goes on from there; a server that cannot, or that has another file by
now, makes it begin anew.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import errno
import http.client
import ipaddress
import json
import os
import queue
import re
import ssl
import threading
import time
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from botaclip.core.encoders.store import check_space, digest, in_mb
from botaclip.core.errors import EncoderError, OutputError
from botaclip.core.progress import SILENT, Progress

STALL_S = 30.0
TRIES = 5
PAUSE_S = 1.0
_PIECE = 2**18
_POLL_S = 0.1
_LOOK_AT_DISK = 64 * 2**20  # bytes between two looks
_GAIN = 2**20  # so many bytes more and the tries are counted anew
_BUSY = (408, 425, 429, 500, 502, 503, 504)
GATED = (
    "accept the licence on the publisher's page and give the address that you were mailed with --url, or fetch the "
    "file in a browser and use botaclip encoders import"
)


class _Broken(Exception):
    """The transfer ended early; worth another try. The text says how."""


class _Changed(Exception):
    """What the server has is not what the part belongs to; begin anew."""


@dataclasses.dataclass(frozen=True)
class _Pin:
    sha256: str
    prefix: str

    def wrong(self, found: str) -> str:
        """Return what was expected, where ``found`` is something else."""
        if self.sha256:
            return "" if found == self.sha256 else self.sha256
        return "" if found.startswith(self.prefix) else f"{self.prefix}..."


def download(
    url: str,
    path: Path,
    *,
    sha256: str = "",
    sha256_prefix: str = "",
    size: int = 0,
    proxy: str = "",
    progress: Progress = SILENT,
    timeout: float = STALL_S,
    tries: int = TRIES,
    pause: float = PAUSE_S,
) -> str:
    """Fetch ``url`` to ``path``; the caller holds a lock, so that no second download writes the same part.

    Parameters
    ----------
    url
        ``https://``, or ``http://`` where it is this machine or the whole digest is known.
    path
        Where it goes; there is nothing under this name before the digest was found right.
    sha256, sha256_prefix
        The digest that the file has to have, or its first digits; at least one of them.
    size
        About how many bytes it has, for the look at the disk where the server does not say; 0: not known.
    proxy
        Address of a proxy; empty: that of the environment or of the system.
    progress
        Told how far it is; a cancelled download keeps its part.
    timeout
        Seconds without a byte after which the connection counts as dead.
    tries, pause
        How often it is tried again where nothing comes through, and the seconds before the second try; every further
        pause is twice as long.

    Returns
    -------
    str
        The file's SHA-256.

    Raises
    ------
    EncoderError
        The address is none to fetch from, the server refuses or fails, or the file is another one.
    OutputError
        The disk is full or cannot be written.
    Cancelled
        The user asked to stop.
    """
    check_address(url, pinned=bool(sha256))
    if not sha256 and len(sha256_prefix) < 8:
        raise EncoderError("a file whose digest is not known is not fetched", remedy="give its digest with --sha256")
    pin = _Pin(sha256.lower(), sha256_prefix.lower())
    transfer = _Transfer(url, path, size, _opener(proxy), progress, timeout)
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(2):
        _fetch(transfer, tries, pause)
        found = digest(transfer.part, progress.stage(0.95, 1.0))
        expected = pin.wrong(found)
        if not expected:
            os.replace(transfer.part, path)
            transfer.discard()
            return found
        resumed = transfer.resumed
        transfer.discard()
        # A part of another version, or one that the disk spoiled, is no reason to give up.
        if not resumed or attempt:
            raise EncoderError(
                f"what came has the SHA-256 {found}, not {expected}; it was deleted", where=public_address(url),
                remedy="the server has another file, or something on the way altered it: try another address",
            )  # fmt: skip
        progress.warning("What was resumed is not the file that was asked for; it is fetched anew.")
    raise AssertionError("unreachable")


def fetch_text(url: str, *, proxy: str = "", timeout: float = STALL_S, most: int = 2**18) -> str:
    """Return a short text (a licence) from the web.

    Raises
    ------
    EncoderError
        It cannot be fetched, is no text, or is longer than ``most`` bytes.
    """
    check_address(url, pinned=False)
    try:
        with _opener(proxy).open(_request(url), timeout=timeout) as response:
            data = bytes(response.read(most + 1))
            kind = response.headers.get_content_type()
    except (OSError, http.client.HTTPException) as error:
        raise EncoderError(f"it cannot be fetched ({_reason(error)})", where=public_address(url)) from None
    if len(data) > most or b"\0" in data or kind == "text/html":
        raise EncoderError("it is no plain text", where=public_address(url))
    return data.decode("utf-8", errors="replace")


def check_address(url: str, *, pinned: bool) -> None:
    """Refuse an address that nothing should be fetched from.

    Parameters
    ----------
    url
        The address.
    pinned
        Whether the whole digest of what it leads to is known, so that it does not matter who could alter it.

    Raises
    ------
    EncoderError
        It is no ``https://``, nor an ``http://`` that is allowed.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise EncoderError(f"{public_address(url)!r} is no address") from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f]", url):
        raise EncoderError(
            f"{public_address(url)!r} is no address to fetch from",
            remedy="give one that begins with https://; for a file on this machine use botaclip encoders import",
        )
    if parts.scheme == "http" and not (pinned or _is_loopback(host)):
        raise EncoderError(
            f"{public_address(url)} is not encrypted, and anyone on the way could alter the file",
            remedy="give an address that begins with https://, or the whole digest with --sha256",
        )


def public_address(url: str) -> str:
    """Return an address without name, password and query, which may hold what is not for others."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0][:200]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# --- Asking ----------------------------------------------------------------------------------------------------------


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but not from https to http, and without handing on names and passwords."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if after.scheme not in ("http", "https") or (before.scheme == "https" and after.scheme == "http"):
            raise EncoderError(
                f"it leads on to {public_address(newurl)}, which is not encrypted", where=public_address(req.full_url),
                remedy="give another address with --url",
            )  # fmt: skip
        if after.scheme == "http" and _is_loopback(before.hostname or "") and not _is_loopback(after.hostname or ""):
            raise EncoderError(
                f"it leads on to {public_address(newurl)}, which is not encrypted", where=public_address(req.full_url)
            )
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None:
            for name in ("Authorization", "Proxy-authorization", "Cookie"):
                request.remove_header(name)
        return request


def _opener(proxy: str) -> urllib.request.OpenerDirector:
    """Return what opens http and https and nothing else (no files, no ftp)."""
    if proxy:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise EncoderError(
                f"{public_address(proxy)!r} is no proxy that can be used",
                remedy="give one such as http://proxy.example.org:8080",
            )
        address = urlunsplit(parts)
        proxies = urllib.request.ProxyHandler({"http": address, "https": address})
    else:
        proxies = urllib.request.ProxyHandler()
    opener = urllib.request.OpenerDirector()
    for handler in (
        proxies, urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(), _Redirects(), urllib.request.HTTPErrorProcessor(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


def _request(url: str, headers: dict[str, str] | None = None) -> urllib.request.Request:
    parts = urlsplit(url)
    plain = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
    request = urllib.request.Request(plain, headers={"User-Agent": "botaclip", "Accept-Encoding": "identity"})
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    if parts.username:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(secret.encode()).decode()}")
    return request


class _Stream(threading.Thread):
    """Reads a response in a thread of its own, so that a stalled server does not keep the user from stopping."""

    def __init__(self, opener: urllib.request.OpenerDirector, request: urllib.request.Request, timeout: float) -> None:
        super().__init__(daemon=True, name="botaclip download")
        self._opener, self._request, self._timeout = opener, request, timeout
        self._items: queue.Queue[Any] = queue.Queue(maxsize=16)
        self._ended = threading.Event()

    def run(self) -> None:
        try:
            with self._opener.open(self._request, timeout=self._timeout) as response:
                self._put((response.status, response.headers))
                while not self._ended.is_set():
                    piece = response.read1(_PIECE)
                    self._put(piece)
                    if not piece:
                        return
        except BaseException as error:  # handed to who waits
            self._put(error)

    def next(self, progress: Progress) -> Any:
        """Return status and headers first, then the pieces, the last of them empty; raise what went wrong."""
        while True:
            try:
                item = self._items.get(timeout=_POLL_S)
            except queue.Empty:
                progress.check()
                continue
            if isinstance(item, BaseException):
                raise item
            return item

    def end(self) -> None:
        self._ended.set()

    def _put(self, item: Any) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(queue.Full):
                self._items.put(item, timeout=_POLL_S)
                return


# --- One transfer ----------------------------------------------------------------------------------------------------


class _Transfer:
    """What is known of a file on its way, over several connections."""

    def __init__(
        self, url: str, path: Path, size: int, opener: urllib.request.OpenerDirector, progress: Progress, timeout: float
    ) -> None:
        self.url, self.size, self.opener, self.progress, self.timeout = url, size, opener, progress, timeout
        self.part = path.with_name(f"{path.name}.part")
        self.state = path.with_name(f"{path.name}.part.json")
        self.name = path.name
        self.resumed = False

    def have(self) -> int:
        """Return the bytes that have come."""
        try:
            return self.part.stat().st_size
        except OSError:
            return 0

    def discard(self) -> None:
        """Remove the part and what is known of it."""
        self.part.unlink(missing_ok=True)
        self.state.unlink(missing_ok=True)
        self.resumed = False

    def go_on(self) -> None:
        """Ask for what is missing and write it behind what is there.

        Raises
        ------
        _Broken
            The connection ended early.
        _Changed
            The part belongs to another file.
        """
        headers, start = self._ask_for_rest()
        stream = _Stream(self.opener, _request(self.url, headers), self.timeout)
        stream.start()
        try:
            status, about = stream.next(self.progress)
            start, total = self._place(status, about, start)
            check_space(self.part.parent, max((total or self.size) - start, 0))
            if start == 0:
                self._remember(about, total)
            self._write(stream, start, total)
        except urllib.error.HTTPError as error:
            if error.code == 416 and start:
                raise _Changed from None
            raise self._worded(error) from None
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EROFS):
                raise self._full(error) from error
            raise self._worded(error) from None
        finally:
            stream.end()

    def _ask_for_rest(self) -> tuple[dict[str, str], int]:
        """Return the headers that ask for what is missing, and from which byte on."""
        start = self.have()
        known = self._remembered()
        if not start or known is None:
            self.discard()
            return {}, 0
        if known["total"] and start >= known["total"]:  # complete, or grown beyond: the digest will tell
            start = 0 if start > known["total"] else start - 1
            with self.part.open("ab") as file:
                file.truncate(start)
        if not start:
            return {}, 0
        return {"Range": f"bytes={start}-", "If-Range": known["version"]}, start

    def _remembered(self) -> dict[str, Any] | None:
        """Return what is known of the part, where it is of this address and can be resumed safely."""
        try:
            known = json.loads(self.state.read_text(encoding="utf-8"))
            if known["url"] == public_address(self.url) and known["version"] and int(known["total"]) >= 0:
                return dict(known)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def _remember(self, about: Message, total: int) -> None:
        tag, date = about.get("ETag", ""), about.get("Last-Modified", "")
        # A weak tag only says that two files mean the same.
        version = tag if tag and not tag.startswith("W/") else date
        known = {"url": public_address(self.url), "version": version, "total": total}
        self.state.write_text(json.dumps(known), encoding="utf-8")

    def _place(self, status: int, about: Message, start: int) -> tuple[int, int]:
        """Return the byte that the body begins with and the size of the whole file (0: not told)."""
        if about.get_content_type() == "text/html":
            raise EncoderError(
                "the address leads to a page, not to a file", where=public_address(self.url), remedy=GATED
            )
        length = _number(about.get("Content-Length"))
        if status == 206:
            match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", str(about.get("Content-Range", "")).strip())
            if not match or int(match.group(1)) != start:
                raise _Changed
            total = _number(match.group(3)) or start + length
            known = (self._remembered() or {}).get("total", 0)
            if known and total != known:
                raise _Changed
            self.resumed = True
            self.progress.info(f"Going on with {self.name} at {in_mb(start)}.")
            return start, total
        if start:
            self.progress.info(f"The server cannot go on with {self.name}, or has another file; it begins anew.")
        self.resumed = False
        return 0, length

    def _write(self, stream: _Stream, start: int, total: int) -> None:
        have = looked = start
        with self.part.open("ab" if start else "wb") as file:
            while piece := stream.next(self.progress):
                file.write(piece)
                have += len(piece)
                if total and have > total:
                    raise _Changed
                if have - looked >= _LOOK_AT_DISK:
                    looked = have
                    check_space(self.part.parent, 0)
                share = have / total if total else 0.5
                self.progress.update(
                    0.95 * share, f"{self.name}: {in_mb(have)}" + (f" of {in_mb(total)}" if total else "")
                )
            file.flush()
            os.fsync(file.fileno())
        if total and have < total:
            raise _Broken(f"the connection ended after {have} of {total} bytes")
        if not have:
            raise _Broken("nothing came")

    def _full(self, error: OSError) -> OutputError:
        return OutputError(
            f"the disk is full ({error.strerror}); what has come is kept", where=str(self.part),
            remedy="free disk space and begin again: it goes on where it stopped",
        )  # fmt: skip

    def _worded(self, error: Exception) -> Exception:
        """Return a network's error as one to try again, or in words."""
        where = public_address(self.url)
        if isinstance(error, urllib.error.HTTPError):
            code = error.code
            if code in _BUSY:
                return _Broken(f"the server answers {code}")
            if code in (401, 403):
                return EncoderError(f"the publisher does not hand it out to just anyone (HTTP {code})", where=where,
                                    remedy=GATED)  # fmt: skip
            if code in (404, 410):
                return EncoderError(f"there is no such file (HTTP {code})", where=where,
                                    remedy="give another address with --url, or fetch it by hand and import it")
            if 300 <= code < 400:
                return EncoderError(f"it leads on to nothing that is fetched from (HTTP {code})", where=where,
                                    remedy="give another address with --url")  # fmt: skip
            if code == 407:
                return EncoderError("the proxy wants a name and a password (HTTP 407)", where=where,
                                    remedy="give both in --proxy, in front of the host and an @")  # fmt: skip
            return EncoderError(f"the server answers HTTP {code}", where=where, remedy="give another one with --url")
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            return EncoderError(
                f"the server's certificate is not trusted ({reason.verify_message})", where=where,
                remedy="look whether a proxy opens your connections, or fetch the file in a browser and import it",
            )  # fmt: skip
        if isinstance(reason, OSError) and isinstance(getattr(reason, "filename", None), str):
            return OutputError(f"it cannot be written ({reason.strerror})", where=str(reason.filename))
        return _Broken(_reason(error, self.timeout))


def _fetch(transfer: _Transfer, tries: int, pause: float) -> None:
    """Go on until all has come; give up after ``tries`` connections that brought next to nothing."""
    failed, before = 0, transfer.have()
    while True:
        try:
            transfer.go_on()
            return
        except _Changed:
            transfer.discard()
            broken = "the server's file changed on the way"
        except _Broken as error:
            broken = str(error)
        have = transfer.have()
        failed = 1 if have >= before + _GAIN else failed + 1
        before = have if failed == 1 else before
        if failed >= tries:
            kept = f"; {in_mb(have)} are kept, and the next try goes on from there" if have else ""
            raise EncoderError(
                f"{broken}, {failed} times{kept}", where=public_address(transfer.url),
                remedy="look at your connection and the proxy, or give another address with --url",
            )  # fmt: skip
        transfer.progress.warning(f"{transfer.name}: {broken}; trying again.")
        _wait(min(pause * 2 ** (failed - 1), 30.0), transfer.progress)


def _wait(seconds: float, progress: Progress) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        progress.check()
        time.sleep(min(left, _POLL_S))


def _number(text: Any) -> int:
    return int(text) if isinstance(text, str) and re.fullmatch(r"\d{1,18}", text.strip()) else 0


def _reason(error: Exception, timeout: float = STALL_S) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code}"
    if isinstance(reason, TimeoutError):
        return f"no byte came for {timeout:g} s"
    if isinstance(reason, OSError) and reason.strerror:
        return f"no connection: {reason.strerror}"
    return f"the connection broke ({reason or type(error).__name__})"
