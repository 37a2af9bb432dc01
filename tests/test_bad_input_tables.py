"""Relevés and plots that cannot be read or trained on: one sentence, exit code 1, nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import small_landscape as landscape
from tests.warm_cli import WarmCli, warm_cli

Rows = list[dict[str, object]]


@pytest.fixture(scope="module")
def botaclip() -> Iterator[WarmCli]:
    with warm_cli() as cli:
        yield cli


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return landscape.write_image(tmp_path_factory.mktemp("in") / "image.tif")


def good() -> Rows:
    return landscape.releves(60)


def rows(change: Callable[[Rows], object]) -> Callable[[Path], None]:
    """Return a writer of the good relevés after ``change``."""

    def write(path: Path) -> None:
        table = good()
        change(table)
        landscape.write_releves(path, table)

    return write


def text(content: bytes | str) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content.encode()) and None


def each(**values: object) -> Callable[[Rows], object]:
    return lambda table: [row.update(values) for row in table]


def far(table: Rows) -> None:
    for row in table:
        row["x"] = float(str(row["x"])) + 50_000


def moved(table: Rows) -> None:
    """One plot's rows name two places, a kilometre apart."""
    other = dict(table[0], species="Species nova", x=float(str(table[0]["x"])) + 1_000)
    table.insert(1, other)


def unknown_code(table: Rows) -> None:
    for row, code in zip(table, "r+12345" * 100, strict=False):
        row["cover"] = code
    table[6]["cover"] = "7x"
    table[11]["cover"] = "zz"


def shuffled_letters(table: Rows) -> None:
    table[4]["x"] = "here"


def rare(table: Rows) -> None:
    """Every species in seven plots at most, 20 being asked for."""
    seen: dict[object, int] = {}
    for row in list(table):
        seen[row["species"]] = seen.get(row["species"], 0) + 1
        if seen[row["species"]] > 7:
            row["species"] = f"Rara {row['plot_id']}"


def without(column: str) -> Callable[[Rows], object]:
    return lambda table: [row.pop(column) for row in table]


HEAD = "plot_id,species,cover,x,y,site,date\n"
# name -> (writer, more options, words)
CASES: dict[str, tuple[Callable[[Path], None], list[object], tuple[str, ...]]] = {
    "empty file": (text(""), [], ("releves.csv", "empty")),
    "only a header": (text(HEAD), [], ("releves.csv", "only a header")),
    "binary": (text(bytes(range(256)) * 4), [], ("releves.csv",)),
    "plots outside the raster": (rows(far), [], ("outside",)),
    "plots in another CRS": (rows(lambda table: None), ["--crs", "EPSG:32633"], ("outside",)),
    "no CRS": (rows(lambda table: None), ["--crs", ""], ("CRS", "--crs")),
    "unknown CRS": (rows(lambda table: None), ["--crs", "EPSG:999999"], ("EPSG:999999",)),
    "plot at two places": (rows(moved), [], ("p000",)),
    "unknown cover code": (rows(unknown_code), ["--cover-scale", "braun-blanquet"], ("'7x'", "'zz'")),
    "cover above 100": (rows(each(cover=250)), ["--cover-scale", "percent"], ("250",)),
    "no number as coordinate": (rows(shuffled_letters), [], ("'here'",)),
    "no species with enough presences": (rows(rare), [], ("20", "--min-presences")),
    "species that is not there": (rows(lambda table: None), ["--species", "Abies alba"], ("Abies alba",)),
    "no such species column": (rows(lambda table: None), ["--species-field", "taxon"], ("taxon", "species")),
    "no such cover column": (rows(lambda table: None), ["--cover-field", "abundance"], ("abundance", "cover")),
    "no such groups column": (rows(lambda table: None), ["--groups", "transect"], ("transect",)),
    "no plot column": (rows(without("plot_id")), [], ("plot_id",)),
    "one group": (rows(each(site="a")), ["--groups", "site"], ("group", "folds")),
    "file that is not there": (lambda path: None, [], ("releves.csv",)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_refused(botaclip: WarmCli, image: Path, tmp_path: Path, name: str) -> None:
    write, options, says = CASES[name]
    write(tmp_path / "releves.csv")
    botaclip.refuses("train", *arguments(image, tmp_path, options), folder=tmp_path, says=says)


def arguments(image: Path, folder: Path, more: list[object]) -> list[Any]:
    """Return the options of a training run; an option in ``more`` takes the place of the one here, "" takes it away."""
    options: dict[str, object] = {
        "--raster": image, "--releves": folder / "releves.csv", "--crs": landscape.CRS, "--x-field": "x",
        "--y-field": "y", "--output": folder / "m.botaclip", "--report": folder / "r.html",
        "--metrics": folder / "m.json", "--alignment": "none", "--folds": 3, "--device": "cpu",
    }  # fmt: skip
    options |= dict(zip(map(str, more[::2]), more[1::2], strict=True))
    return [word for pair in options.items() if pair[1] != "" for word in pair]


def test_plots_that_disagree_in_a_table_of_their_own(botaclip: WarmCli, image: Path, tmp_path: Path) -> None:
    landscape.write_releves(tmp_path / "releves.csv", good())
    lines = [f"p{i:03},{700_200 + i * 10},{6_599_500}" for i in range(60)]
    lines.insert(5, "p003,700900,6599100")
    (tmp_path / "plots.csv").write_text("plot_id,x,y\n" + "\n".join(lines) + "\n")
    words = arguments(image, tmp_path, ["--plots", tmp_path / "plots.csv"])
    botaclip.refuses("train", *words, folder=tmp_path, says=("p003", "plots.csv"))


def test_relevés_without_a_plot(botaclip: WarmCli, image: Path, tmp_path: Path) -> None:
    landscape.write_releves(tmp_path / "releves.csv", good())
    (tmp_path / "plots.csv").write_text("plot_id,x,y\nother,700200,6599500\n")
    words = arguments(image, tmp_path, ["--plots", tmp_path / "plots.csv"])
    botaclip.refuses("train", *words, folder=tmp_path, says=("plot",))


def test_a_fold_without_presences_is_no_error_but_told(botaclip: WarmCli, image: Path, tmp_path: Path) -> None:
    """A species of one group only: no model that learnt it met it again, so it has no score, by name and reason."""
    table = [row for row in good() if row["plot_id"] != "far"]
    for row in table:
        row["site"] = "ab"[int(str(row["plot_id"])[1:]) % 2]
    lonely = [row for row in table if row["species"] != "Poa annua" or row["site"] == "a"]
    landscape.write_releves(tmp_path / "releves.csv", lonely)
    more = ["--groups", "site", "--folds", 2, "--min-presences", 5, "--buffer", 0, "--epochs", 1, "--report", ""]
    answer = botaclip("train", *arguments(image, tmp_path, more))
    assert answer.code == 0, answer.err
    omitted = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))["omitted"]
    assert "no fold that learnt from its presences was tested on others" in omitted["Poa annua"]
    assert "Carex nigra" not in omitted
