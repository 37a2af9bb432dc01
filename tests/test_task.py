"""Tasks as people have them: kinds, joins, duplicates, gaps, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyogrio.raw import write as write_layer

from botaclip.core.errors import BotaclipError, OptionError, PairingError, ReleveError
from botaclip.training.task import Task, read_task
from botaclip.training.training_table import TrainingTable

IDS = [f"p{i:02}" for i in range(12)]


def write(folder: Path, text: str, name: str = "butterflies.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def long(*rows: tuple[object, ...], head: str = "plot_id,target,value") -> str:
    return "\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n"


def said(task: Task, words: str) -> bool:
    return any(words in line for line in task.report)


def test_presence_and_absence_with_gaps_and_plots_that_are_not_listed(tmp_path: Path) -> None:
    path = write(tmp_path, long(("p00", "Apollo", 1), ("p01", "Apollo", 0), ("p02", "Argus", 1), ("zz", "Argus", 1)))
    task = read_task(path, IDS, min_presences=1)
    assert (task.name, task.kind, task.targets) == ("butterflies", "presence", ("Apollo", "Argus"))
    # p02 is listed: searched, and without Apollo. p03 is not: unknown.
    np.testing.assert_array_equal(task.values[:4], [[1, 0], [0, 0], [0, 1], [np.nan, np.nan]])
    assert said(task, "Read as presence and absence") and said(task, "3 pairs of a listed plot and a target")
    assert said(task, "3 of 4 plots of the table were joined by name; left out") and said(task, ": zz.")
    assert said(task, "9 of 12 plots with relevés and imagery are not in the table: unknown there.")


def test_rows_without_values_are_presence_only_and_a_stated_kind_is_obeyed(tmp_path: Path) -> None:
    path = write(tmp_path, "plot_id,species\np00,Apollo\np01,Apollo\np02,Argus\np02,Argus\n")
    task = read_task(path, IDS, min_presences=1)
    assert task.kind == "presence-only" and said(task, "no absence is written down")
    np.testing.assert_array_equal(task.values[:4], [[1, np.nan], [1, np.nan], [np.nan, 1], [np.nan, np.nan]])
    assert said(task, "1 row repeats a plot and target") and said(task, "every row is a presence")
    np.testing.assert_array_equal(task.recorded[:4], [True, True, True, False])
    stated = read_task(path, IDS, kind="presence", min_presences=1)
    np.testing.assert_array_equal(stated.values[:4], [[1, 0], [1, 0], [0, 1], [np.nan, np.nan]])


def test_ones_alone_are_presence_only_and_say_so(tmp_path: Path) -> None:
    task = read_task(write(tmp_path, long(("p00", "A", 1), ("p01", "A", 1))), IDS, min_presences=1)
    assert task.kind == "presence-only" and said(task, "state --task-kind presence")


def test_a_plot_that_was_searched_in_vain_is_an_absence(tmp_path: Path) -> None:
    path = write(tmp_path, long(("p00", "A", 1), ("p01", "", ""), ("p02", "A", "")))
    task = read_task(path, IDS, kind="presence", min_presences=1)
    # A row with a blank value says that it is unknown.
    np.testing.assert_array_equal(task.values[:4, 0], [1, 0, np.nan, np.nan])
    assert said(task, "1 row has a target and no value")


@pytest.mark.parametrize(
    ("last", "gap", "words"),
    [(3.5, 0.0, "because no zero is written down"), (0, np.nan, "because zeros are written down elsewhere"),
     (-1, np.nan, "because values below 0 occur")],
)  # fmt: skip
def test_gaps_of_abundances(tmp_path: Path, last: float, gap: float, words: str) -> None:
    rows = (("p00", "fungi", 2), ("p01", "fungi", 7.25), ("p01", "mites", 1), ("p02", "mites", last))
    path = write(tmp_path, long(*rows))
    task = read_task(path, IDS, min_values=1)
    assert task.kind == "abundance" and said(task, words) and said(task, "Read as abundances")
    np.testing.assert_array_equal(task.values[:4], [[2, gap], [7.25, 1], [gap, last], [np.nan, np.nan]])


def test_two_abundances_of_one_plot_are_refused_and_two_visits_merged(tmp_path: Path) -> None:
    path = write(tmp_path, long(("p00", "A", 2), ("p01", "A", 3), ("p00", "A", 4)))
    with pytest.raises(ReleveError, match=r"plot 'p00' has the values 2 and 4 of 'A', the second in row 4"):
        read_task(path, IDS, min_values=1)
    equal = write(tmp_path, long(("p00", "A", 2), ("p01", "A", 3), ("p00", "A", 2)))
    task = read_task(equal, IDS, min_values=1)
    assert task.values[0, 0] == 2 and said(task, "1 row repeats a plot and target and was merged.")
    visits = write(tmp_path, long(("p00", "A", 0), ("p01", "A", 0), ("p00", "A", 1)))
    assert read_task(visits, IDS, min_presences=1).values[:2, 0].tolist() == [1, 0]


def test_too_few_values_are_left_out_by_name_and_reason(tmp_path: Path) -> None:
    rows = [(plot, "common", int(i < 6)) for i, plot in enumerate(IDS)] + [("p00", "rare", 1)]
    rows += [(plot, "everywhere", 1) for plot in IDS]
    task = read_task(write(tmp_path, long(*rows)), IDS, min_presences=5)
    assert task.targets == ("common",)
    assert task.omitted == {"rare": "1 presences, fewer than 5", "everywhere": "present in every plot"}
    assert said(task, "2 of 3 targets are left out")
    with pytest.raises(ReleveError, match="none of its 3 targets can be judged"):
        read_task(write(tmp_path, long(*rows)), IDS, min_presences=7)


def test_wide_table_with_blanks_and_described_plots(tmp_path: Path) -> None:
    lines = ["plot_id;x;y;site;fungi;mites"]
    lines += [f"{plot};{700_000 + i};{6_600_000};a;{i},5;{'' if i == 3 else i % 4}" for i, plot in enumerate(IDS)]
    task = read_task(write(tmp_path, "\n".join(lines) + "\n", "soil.csv"), IDS, min_values=10)
    assert (task.kind, task.targets) == ("abundance", ("fungi", "mites"))
    assert task.values[2].tolist() == [2.5, 2] and np.isnan(task.values[3, 1])
    assert said(task, "2 columns were read as targets (fungi, mites); not as targets: x, y, site.")
    twice = write(tmp_path, "\n".join([*lines, lines[1]]) + "\n")
    with pytest.raises(ReleveError, match=r"plot 'p00' has 2 rows \(row 2, row 14\)"):
        read_task(twice, IDS)


def test_a_wide_table_of_presence_is_not_read_as_a_long_one(tmp_path: Path) -> None:
    lines = ["plot_id,group,Apollo,Argus", *(f"{plot},a,{i % 2},{int(i < 5)}" for i, plot in enumerate(IDS))]
    task = read_task(write(tmp_path, "\n".join(lines) + "\n"), IDS, min_presences=2)
    assert (task.kind, task.targets) == ("presence", ("Apollo", "Argus"))
    assert task.values[:, 0].tolist() == [0, 1] * 6


def test_one_group_of_a_table_that_holds_several(tmp_path: Path) -> None:
    head = "plot_id,group,taxon,value"
    rows = (("p00", "bird", "Parus", 1), ("p01", "beetle", "Carabus", 1), ("p02", "bird", "Parus", 0))
    path = write(tmp_path, long(*rows, head=head))
    task = read_task(path, IDS, target_field="taxon", where={"group": "bird"}, min_presences=1)
    assert task.targets == ("Parus",) and np.isnan(task.values[1, 0])
    assert said(task, "2 of 3 rows were kept, where group is bird.")
    with pytest.raises(ReleveError, match="no row has 'bat' in column 'group'.*'beetle', 'bird'"):
        read_task(path, IDS, where={"group": "bat"})


REFUSED: dict[str, tuple[str, dict[str, object], type[BotaclipError], str]] = {
    "empty": ("", {}, ReleveError, "empty"),
    "only a header": ("plot_id,target,value\n", {}, ReleveError, "only a header"),
    "no plot column": ("site,target\np00,A\n", {}, ReleveError, "no column 'plot_id'.*--task-plot-field"),
    "asked target column": ("plot_id,x\np00,A\n", {"target_field": "bug"}, ReleveError, "no column 'bug'"),
    "asked value column": ("plot_id,target\np00,A\n", {"value_field": "n"}, ReleveError, "no column 'n'"),
    "no targets": ("plot_id,target\np00,\np01,\n", {}, ReleveError, "no row names a target"),
    "no number": (long(("p00", "A", 1), ("p01", "A", "many")), {}, ReleveError, "'many' in column 'value', row 3"),
    "texts only": ("plot_id,colour\np00,red\np01,blue\n", {}, ReleveError, "no column of targets"),
    "below zero": (long(("p00", "A", -1)), {"kind": "presence"}, ReleveError, "below 0"),
    "other plots": (long(("q1", "A", 1)), {}, PairingError, "none of its 1 plots .q1..*nearest to 'q1' is 'p"),
    "kind": (long(("p00", "A", 1)), {"kind": "counts"}, OptionError, "no kind of task 'counts'"),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    text, options, error, words = REFUSED[name]
    with pytest.raises(error, match=words) as caught:
        read_task(write(tmp_path, text), IDS, min_presences=1, **options)  # type: ignore[arg-type]
    assert "\n" not in caught.value.sentence


def test_geopackage_with_a_layer_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "soil.gpkg"
    columns = [np.array(["p00", "p01", "p02"], object), np.array(["A", "A", "A"], object), np.array([1.0, 0.0, 2.5])]
    write_layer(path, None, columns, ["plot_id", "group", "reads"], layer="soil", driver="GPKG", geometry_type=None)
    task = read_task(f"{path}|layername=soil", IDS, min_values=3)
    assert (task.name, task.kind, task.targets) == ("soil", "abundance", ("A",))
    assert task.values[:3, 0].tolist() == [1, 0, 2.5] and said(task, "Values were read from column 'reads'.")


def test_plot_names_of_the_training_table_are_unique(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="plot names of the training table repeat"):
        read_task(write(tmp_path, long(("p00", "A", 1))), ["p00", "p00"])


def test_names_that_a_spreadsheet_changed_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, long(("1", "A", 1), ("2", "A", 0)))
    with pytest.raises(PairingError, match="'1' here and '001' in the plots; .* look alike"):
        read_task(path, ["001", "002"])


def test_plants_of_a_training_table() -> None:
    table = TrainingTable(
        ids=("a", "b"), places=np.zeros((2, 2)), vectors=np.zeros((2, 3)), cover=np.zeros((2, 1)),
        presence=np.array([[1, 0], [0, 1]]), species=("Poa", "Carex"),
    )
    task = Task.plants(table)
    assert (task.name, task.kind, task.targets) == ("plants", "presence", ("Poa", "Carex"))
    assert task.take(np.array([1])).values.tolist() == [[0, 1]]
    with pytest.raises(ValueError, match="2 targets"):
        Task("a", "presence", ("x", "y"), np.zeros((3, 1)))


def test_a_single_strange_value_is_pointed_at(tmp_path: Path) -> None:
    """One -1 among zeros and ones makes abundances of them: said with the value, so that a slip is found."""
    rows = [(f"p{i:02}", name, i % 2) for i in range(11) for name in ("A", "B")]
    task = read_task(write(tmp_path, long(*rows, ("p11", "A", -1))), IDS, min_values=1)
    assert task.kind == "abundance"
    assert said(task, "values other than 0 and 1 occur: 1 of 23, such as -1. Where these are mistakes")
    counts = read_task(write(tmp_path, long(("p00", "A", 2), ("p01", "A", 3), ("p02", "A", 0))), IDS, min_values=1)
    assert said(counts, "Read as abundances, because values other than 0 and 1 occur.")
