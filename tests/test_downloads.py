"""Downloads against a server that cuts, corrupts, redirects, stalls, refuses: nothing half-fetched gets its name."""

from __future__ import annotations

import errno
import hashlib
import json
import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from botaclip.core.encoders import downloads
from botaclip.core.encoders.downloads import check_address, download, fetch_text, public_address
from botaclip.core.encoders.store import Store
from botaclip.core.errors import BotaclipError, Cancelled, EncoderError, OutputError
from botaclip.core.progress import Progress

from .file_server import FileServer, wait_until

DATA = random.Random(5).randbytes(3_000_000)
HALF = len(DATA) // 2


@pytest.fixture()
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with FileServer(DATA).serving() as serving:
        yield serving


def fetch(server: FileServer, path: Path, **settings: Any) -> str:
    given = {"sha256": server.sha256, "pause": 0.01, "timeout": 5.0, **settings}
    return download(given.pop("url", server.url), path, **given)


def refused(server: FileServer, path: Path, **settings: Any) -> str:
    with pytest.raises(BotaclipError) as caught:
        fetch(server, path, **settings)
    assert not path.exists()
    return caught.value.sentence


def parts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_with_progress(server: FileServer, tmp_path: Path) -> None:
    seen: list[float] = []
    path = tmp_path / "store" / "weights.pth"
    found = fetch(server, path, progress=Progress(lambda fraction, _: seen.append(fraction)))
    assert found == hashlib.sha256(DATA).hexdigest()
    assert path.read_bytes() == DATA and parts(path.parent) == ["weights.pth"]
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) > 5
    assert server.asked[0]["Accept-Encoding"] == "identity" and len(server.asked) == 1


def test_a_cut_connection_goes_on_where_it_stopped(server: FileServer, tmp_path: Path) -> None:
    server.faults = [("cut", HALF), ("cut", 1000)]
    fetch(server, tmp_path / "w.pth")
    assert (tmp_path / "w.pth").read_bytes() == DATA and parts(tmp_path) == ["w.pth"]
    assert server.ranges_asked() == ["", f"bytes={HALF}-", f"bytes={HALF + 1000}-"]
    assert [asked.get("If-Range") for asked in server.asked] == [None, '"one"', '"one"']


def test_a_later_run_goes_on_with_the_part(server: FileServer, tmp_path: Path) -> None:
    server.faults = [("cut", HALF), *[("cut", 0)] * 9]
    assert "kept, and the next try goes on from there" in refused(server, tmp_path / "w.pth", tries=2)
    assert parts(tmp_path) == ["w.pth.part", "w.pth.part.json"]
    assert (tmp_path / "w.pth.part").read_bytes() == DATA[:HALF]
    server.faults, server.asked = [], []
    fetch(server, tmp_path / "w.pth", url=server.url + "?token=another")
    assert server.ranges_asked() == [f"bytes={HALF}-"] and (tmp_path / "w.pth").read_bytes() == DATA


def test_the_date_serves_where_there_is_only_a_weak_tag(server: FileServer, tmp_path: Path) -> None:
    server.tag, server.date = 'W/"one"', "Sat, 21 Nov 2026 09:00:00 GMT"
    server.faults = [("cut", HALF)]
    fetch(server, tmp_path / "w.pth")
    assert server.asked[1]["If-Range"] == server.date and (tmp_path / "w.pth").read_bytes() == DATA


def test_a_part_of_unknown_version_is_not_gone_on_with(server: FileServer, tmp_path: Path) -> None:
    server.tag = ""
    server.faults = [("cut", HALF)]
    fetch(server, tmp_path / "w.pth")
    assert server.ranges_asked() == ["", ""] and (tmp_path / "w.pth").read_bytes() == DATA


def test_a_server_without_ranges_begins_anew(server: FileServer, tmp_path: Path) -> None:
    server.ranges = False
    server.faults = [("cut", HALF)]
    fetch(server, tmp_path / "w.pth")
    assert server.ranges_asked() == ["", f"bytes={HALF}-"] and (tmp_path / "w.pth").read_bytes() == DATA


def test_a_file_that_changed_begins_anew(server: FileServer, tmp_path: Path) -> None:
    server.data, server.faults = DATA[::-1], [("cut", HALF), *[("cut", 0)] * 9]
    refused(server, tmp_path / "w.pth", tries=2)
    server.data, server.tag, server.faults = DATA, '"two"', []
    fetch(server, tmp_path / "w.pth")
    assert (tmp_path / "w.pth").read_bytes() == DATA


@pytest.mark.parametrize("spoilt", [b"x" * HALF, DATA + b"more", b""])
def test_a_part_that_the_disk_spoilt_is_fetched_anew(server: FileServer, tmp_path: Path, spoilt: bytes) -> None:
    server.faults = [("cut", HALF), *[("cut", 0)] * 9]
    refused(server, tmp_path / "w.pth", tries=2)
    (tmp_path / "w.pth.part").write_bytes(spoilt)
    server.faults = []
    fetch(server, tmp_path / "w.pth")
    assert (tmp_path / "w.pth").read_bytes() == DATA and parts(tmp_path) == ["w.pth"]


def test_a_part_that_was_complete_is_taken(server: FileServer, tmp_path: Path) -> None:
    server.faults = [("cut", HALF), *[("cut", 0)] * 9]
    refused(server, tmp_path / "w.pth", tries=2)
    (tmp_path / "w.pth.part").write_bytes(DATA)
    server.faults, server.asked = [], []
    fetch(server, tmp_path / "w.pth")
    assert server.ranges_asked() == [f"bytes={len(DATA) - 1}-"] and (tmp_path / "w.pth").read_bytes() == DATA


def test_another_file_is_deleted_and_both_digests_are_named(server: FileServer, tmp_path: Path) -> None:
    expected = server.sha256
    server.faults = [("corrupt", 5)]
    altered = bytearray(DATA)
    altered[5] ^= 1
    said = refused(server, tmp_path / "w.pth")
    assert expected in said and hashlib.sha256(altered).hexdigest() in said and parts(tmp_path) == []
    said = refused(server, tmp_path / "w.pth", sha256="", sha256_prefix="0123abcd")
    assert "not 0123abcd..." in said and parts(tmp_path) == []


def test_first_digits_are_enough(server: FileServer, tmp_path: Path) -> None:
    assert fetch(server, tmp_path / "w.pth", sha256="", sha256_prefix=server.sha256[:8]) == server.sha256
    with pytest.raises(EncoderError, match=r"not fetched\. Give its digest with --sha256"):
        fetch(server, tmp_path / "v.pth", sha256="", sha256_prefix="abc")


def test_a_stalled_server_is_left_and_asked_again(server: FileServer, tmp_path: Path) -> None:
    server.faults = [("stall", HALF), ("stall", 1000)]
    said: list[str] = []
    fetch(server, tmp_path / "w.pth", timeout=0.3, progress=Progress(log=lambda _, text: said.append(text)))
    assert (tmp_path / "w.pth").read_bytes() == DATA and server.ranges_asked()[1] == f"bytes={HALF}-"
    assert "w.pth: no byte came for 0.3 s; trying again." in said
    server.faults = [("stall", 0)] * 3
    assert "no byte came for 0.2 s, 2 times" in refused(server, tmp_path / "v.pth", timeout=0.2, tries=2)


def test_stopping_a_stalled_download_is_prompt_and_keeps_the_part(server: FileServer, tmp_path: Path) -> None:
    server.faults = [("stall", HALF)]
    part = tmp_path / "w.pth.part"
    stop = Progress(cancelled=lambda: part.exists() and part.stat().st_size == HALF)
    with pytest.raises(Cancelled):
        fetch(server, tmp_path / "w.pth", progress=stop, timeout=60.0)
    assert part.read_bytes() == DATA[:HALF] and not (tmp_path / "w.pth").exists()
    fetch(server, tmp_path / "w.pth")
    assert server.ranges_asked() == ["", f"bytes={HALF}-"]


def test_refusals_are_worded(server: FileServer, tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    for code, words in (
        (401, "use botaclip encoders import"), (403, "give the address that you were mailed with --url"),
        (404, "there is no such file (HTTP 404)"), (407, "the proxy wants a name"),
        (418, "the server answers HTTP 418"),
    ):  # fmt: skip
        server.faults = [("status", code)]
        assert words in refused(server, path)
    assert len(server.asked) == 5  # none of them was tried twice
    server.kind = "text/html; charset=utf-8"
    assert "leads to a page, not to a file" in refused(server, path)


def test_a_busy_server_is_asked_again(server: FileServer, tmp_path: Path) -> None:
    server.faults = [("status", 503), ("status", 429), ("status", 500)]
    fetch(server, tmp_path / "w.pth")
    assert len(server.asked) == 4
    server.faults = [("status", 502)] * 9
    assert "the server answers 502, 3 times" in refused(server, tmp_path / "v.pth", tries=3)


def test_no_server_at_all(tmp_path: Path, server: FileServer) -> None:
    said = refused(server, tmp_path / "w.pth", url="http://127.0.0.1:9/w.pth", tries=2)
    assert "no connection: Connection refused, 2 times" in said and "--proxy" not in said


def test_redirects_are_followed_without_passwords(server: FileServer, tmp_path: Path) -> None:
    secret = server.url.replace("//", "//name:secret@")
    with FileServer(DATA).serving() as other:
        server.faults = [("redirect", other.url)]
        fetch(server, tmp_path / "w.pth", url=secret)
        assert (tmp_path / "w.pth").read_bytes() == DATA
        assert server.asked[0]["Authorization"] == "Basic bmFtZTpzZWNyZXQ="
        assert "Authorization" not in other.asked[0]
    server.faults = [("status", 404)]
    assert "secret" not in refused(server, tmp_path / "v.pth", url=secret + "?Signature=secret")


@pytest.mark.parametrize(
    ("target", "words"),
    [("file:///etc/hostname", "leads on to nothing that is fetched from"), ("ftp://127.0.0.1/x", "not encrypted"),
     ("http://example.org/weights.pth", "leads on to http://example.org/weights.pth, which is not encrypted")],
)  # fmt: skip
def test_redirects_lead_nowhere_else(server: FileServer, tmp_path: Path, target: str, words: str) -> None:
    server.faults = [("redirect", target)]
    assert words in refused(server, tmp_path / "w.pth")


def test_redirects_never_leave_encryption() -> None:
    handler = downloads._Redirects()
    request = downloads._request("https://example.org/a")
    with pytest.raises(EncoderError, match="not encrypted"):
        handler.redirect_request(request, None, 302, "", {}, "http://example.org/b")  # type: ignore[arg-type]


def test_redirects_in_a_circle_end(server: FileServer, tmp_path: Path) -> None:
    server.faults = [("redirect", server.url)] * 40
    refused(server, tmp_path / "w.pth", tries=1)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.org/x", "weights.pth", "https://", "https://a.org/a b",
                                 "http://[::bad/x", "javascript:1"])  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(EncoderError):
        check_address(url, pinned=True)


def test_unencrypted_addresses_need_the_whole_digest() -> None:
    for url in ("http://localhost/x", "http://127.0.0.1:8000/x", "http://[::1]/x", "https://a.org/x"):
        check_address(url, pinned=False)
    check_address("http://a.org/x", pinned=True)
    with pytest.raises(EncoderError, match="not encrypted"):
        check_address("http://a.org/x", pinned=False)
    assert public_address("https://me:pw@a.org:8/x?Signature=1#y") == "https://a.org:8/x"


def test_the_disk_is_looked_at_first(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=200 * 2**20))
    said = refused(server, tmp_path / "w.pth")
    assert "271 MB are needed and 210 MB are free" in said and parts(tmp_path) == []


def test_a_disk_that_fills_up_keeps_what_came(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_open = Path.open

    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, piece: bytes) -> int:
            if self.file.tell() > HALF:
                raise OSError(errno.ENOSPC, "No space left on device")
            return int(self.file.write(piece))

    def limited(path: Path, mode: str = "r", **more: Any) -> Any:
        file = real_open(path, mode, **more)
        return Full(file) if path.name.endswith(".part") and mode == "wb" else file

    monkeypatch.setattr(Path, "open", limited)
    with pytest.raises(OutputError, match="the disk is full"):
        fetch(server, tmp_path / "w.pth")
    monkeypatch.undo()
    assert (tmp_path / "w.pth.part").stat().st_size > HALF and not (tmp_path / "w.pth").exists()
    fetch(server, tmp_path / "w.pth")
    assert server.ranges_asked()[1].startswith("bytes=") and (tmp_path / "w.pth").read_bytes() == DATA


def test_a_server_that_tells_no_length(server: FileServer, tmp_path: Path) -> None:
    server.length = False
    fetch(server, tmp_path / "w.pth", size=len(DATA))
    assert (tmp_path / "w.pth").read_bytes() == DATA
    server.faults = [("cut", HALF)]  # nothing shows that it is cut, but for the digest
    assert server.sha256 in refused(server, tmp_path / "v.pth")


def test_a_proxy_is_asked_instead(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = server.url.partition("/folder")[0].replace("//", "//me:pw@")
    monkeypatch.setenv("no_proxy", "")
    fetch(server, tmp_path / "w.pth", url="http://weights.example.org/a/w.pth", proxy=proxy)
    assert server.asked[0]["path"] == "http://weights.example.org/a/w.pth"
    assert server.asked[0]["Proxy-Authorization"] == "Basic bWU6cHc="
    monkeypatch.setenv("http_proxy", proxy)
    fetch(server, tmp_path / "v.pth", url="http://weights.example.org/b/w.pth")
    assert server.asked[1]["path"] == "http://weights.example.org/b/w.pth"
    with pytest.raises(EncoderError, match="no proxy that can be used"):
        fetch(server, tmp_path / "u.pth", proxy="socks5://a.org:1")


def test_two_at_once_fetch_it_once(server: FileServer, tmp_path: Path) -> None:
    store = Store(tmp_path)
    server.faults = [("stall", HALF)]
    said: list[str] = []

    def one(progress: Progress) -> None:
        with store.lock("mine", progress):
            path = tmp_path / "mine" / "w.pth"
            if not path.exists():
                fetch(server, path, timeout=20.0)

    threads = [
        threading.Thread(target=one, args=(Progress(log=lambda _, text: said.append(text)),)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: bool(said))
    server.released.set()
    for thread in threads:
        thread.join(20.0)
    assert (tmp_path / "mine" / "w.pth").read_bytes() == DATA and parts(tmp_path) == ["mine"]
    assert server.ranges_asked() == ["", f"bytes={HALF}-"]
    assert said[0].startswith("Another process is at work on mine (process ")


def test_texts(server: FileServer) -> None:
    server.texts = {"/LICENSE.md": "Terms: é".encode(), "/big": b"x" * 300_000, "/binary": b"\0"}
    base = server.url.partition("/folder")[0]
    assert fetch_text(f"{base}/LICENSE.md") == "Terms: é"
    for name in ("big", "binary"):
        with pytest.raises(EncoderError, match="no plain text"):
            fetch_text(f"{base}/{name}")
    server.faults = [("status", 404)]
    with pytest.raises(EncoderError, match="HTTP 404"):
        fetch_text(f"{base}/none")


def test_what_is_known_of_a_part_holds_no_secret(server: FileServer, tmp_path: Path) -> None:
    server.faults = [("cut", HALF), *[("cut", 0)] * 9]
    refused(server, tmp_path / "w.pth", url=server.url + "?Signature=secret", tries=1)
    known = json.loads((tmp_path / "w.pth.part.json").read_text())
    assert known == {"url": server.url, "version": '"one"', "total": len(DATA)}
