"""Outputs appear whole or not at all, and nothing half-written stays."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from botaclip.core import unfinished as module
from botaclip.core.errors import Cancelled, OutputError
from botaclip.core.unfinished import (
    check_writable,
    discard,
    part_path,
    remove_stale,
    unfinished,
    unfinished_folder,
    unfinished_together,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_appears_only_when_complete(tmp_path: Path) -> None:
    output = tmp_path / "new" / "a.tif"
    with unfinished(output) as part:
        part.write_text("half")
        Path(f"{part}.aux.xml").write_text("beside")
        assert not output.exists() and part == part_path(output)
    assert names(output.parent) == ["a.tif"] and output.read_text() == "half"


@pytest.mark.parametrize("error", [ValueError("x"), Cancelled(), KeyboardInterrupt(), SystemExit()])
def test_failure_keeps_the_old_file(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "a.tif").write_text("old")
    with pytest.raises(type(error)), unfinished(tmp_path / "a.tif", overwrite=True) as part:
        part.write_text("half")
        Path(f"{part}-journal").write_text("beside")
        raise error
    assert names(tmp_path) == ["a.tif"] and (tmp_path / "a.tif").read_text() == "old"


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"), unfinished(tmp_path / "a.tif"):
        pass


def test_full_disk_is_the_outputs_error_and_a_failed_read_is_not(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="a.tif: it cannot be written .No space left on device."), unfinished(
        tmp_path / "a.tif"
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(FileNotFoundError, match="input"), unfinished(tmp_path / "a.tif"):
        (tmp_path / "input").read_text()
    with pytest.raises(OSError, match="GDAL says no"), unfinished(tmp_path / "a.tif"):
        raise OSError("GDAL says no")
    assert names(tmp_path) == []


def test_refuses_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text("old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        check_writable(tmp_path / "a.tif", overwrite=False)
    check_writable(tmp_path / "a.tif", overwrite=True)
    with pytest.raises(OutputError, match="a folder of this name"):
        check_writable(tmp_path / "folder", overwrite=True)
    with pytest.raises(OutputError, match="folder cannot be made"):
        check_writable(tmp_path / "a.tif" / "b.tif", overwrite=True)


def test_stale_parts_of_the_dead_go_those_of_the_living_stay(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    output = tmp_path / "a[1].tif"
    mine, living = part_path(output).name, f"a[1].tif.{os.getppid()}.part"
    stale = [f"a[1].tif.{dead.pid}.part", f"a[1].tif.{dead.pid}.part.aux.xml"]
    other = [f"a1.tif.{dead.pid}.part", "a[1].tif.backup.part", f"a[1].tif.{dead.pid}.part2"]
    for name in (mine, living, *stale, *other):
        (tmp_path / name).write_text("x")
    assert remove_stale(output) == [tmp_path / stale[0]]
    assert names(tmp_path) == sorted([mine, living, *other])


def test_discard_removes_a_folder_and_follows_no_link(tmp_path: Path) -> None:
    part, precious = tmp_path / "out.1.part", tmp_path / "precious"
    part.mkdir()
    precious.mkdir()
    (precious / "file").write_text("x")
    (part / "link").symlink_to(precious)
    assert discard(part) and not discard(part)
    assert names(tmp_path) == ["precious"] and names(precious) == ["file"]


def test_parts_are_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str, bool]] = []
    monkeypatch.setattr(module, "announce", lambda what, path: told.append((what, path, Path(path).exists())))
    with unfinished(tmp_path / "a.tif") as part:
        part.write_text("whole")
    assert told == [("part", str(part), False), ("done", str(part), False)]


def anything(folder: Path) -> bool:
    return all(path.name != "precious" for path in folder.iterdir())


def test_a_folder_appears_whole_and_is_replaced_whole(tmp_path: Path) -> None:
    output = tmp_path / "new" / "maps"
    for content, overwrite in (("first", False), ("second", True)):
        with unfinished_folder(output, overwrite=overwrite, ours=anything) as part:
            (part / content).write_text(content)
            assert part == part_path(output) and (output.exists() == overwrite)
        assert names(output) == [content] and names(output.parent) == ["maps"]
    with pytest.raises(OutputError, match="folder exists already"), unfinished_folder(output, ours=anything):
        pass
    (output / "precious").write_text("mine")
    with pytest.raises(OutputError, match="holds other files"):
        with unfinished_folder(output, overwrite=True, ours=anything):
            pass
    assert names(output) == ["precious", "second"] and names(output.parent) == ["maps"]


@pytest.mark.parametrize("error", [ValueError("x"), Cancelled(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_folder_that_fails_keeps_the_old(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "old").write_text("old")
    expected = OutputError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected), unfinished_folder(tmp_path / "maps", overwrite=True, ours=anything) as part:
        (part / "half").write_text("half")
        raise error
    assert names(tmp_path) == ["maps"] and names(tmp_path / "maps") == ["old"]


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "old").write_text("old")
    replace, moved = os.replace, []

    def refuse(source: Path, target: Path) -> None:
        moved.append(Path(target).name)
        if len(moved) == 2:
            raise OSError(errno.EACCES, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(module.os, "replace", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        with unfinished_folder(tmp_path / "maps", overwrite=True, ours=anything) as part:
            (part / "new").write_text("new")
    assert names(tmp_path) == ["maps"] and names(tmp_path / "maps") == ["old"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux shows the state of a process there")
def test_what_a_process_left_that_ended_unasked_for_is_stale(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)  # it keeps its number: nobody has reaped it
        part = tmp_path / f"a.tif.{dead.pid}.part"
        part.write_text("half")
        assert remove_stale(tmp_path / "a.tif") == [part]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no folder here in which nobody may write")
def test_a_folder_in_which_even_an_administrator_cannot_write_is_found_before_the_work() -> None:
    with pytest.raises(OutputError, match="the output folder is not writable"):
        check_writable(Path("/proc/self/map.tif"), overwrite=False)


def test_trying_whether_a_folder_can_be_written_to_leaves_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "map.tif", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_files_that_belong_together_appear_together(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "new" / "b.txt"
    first.write_text("old")
    with unfinished_together([first, second], overwrite=True) as parts:
        for part, word in zip(parts, ("one", "two"), strict=True):
            part.write_text(word)
        assert first.read_text() == "old" and not second.exists()
    assert (first.read_text(), second.read_text()) == ("one", "two")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.txt", "b.txt", "new"]
    same = [first, tmp_path / "new" / ".." / "a.txt"]
    with pytest.raises(OutputError, match="two outputs"), unfinished_together(same, overwrite=True):
        pytest.fail("work was begun")


def test_where_one_of_them_fails_the_old_ones_stay(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "new" / "b.txt"
    first.write_text("old")
    with pytest.raises(ValueError), unfinished_together([first, second], overwrite=True) as parts:
        parts[0].write_text("one")
        raise ValueError
    assert first.read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    # The second has no content: it cannot get its name, and the first gets its own back.
    with pytest.raises(OutputError, match="b.txt"), unfinished_together([first, second], overwrite=True) as parts:
        parts[0].write_text("one")
    assert first.read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["a.txt"]
