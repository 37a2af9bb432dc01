"""The ranked list of species at a place, or at two side by side, and its text for the clipboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from botaclip.botaclip_qgis.click_bar import ROUGH
from botaclip.botaclip_qgis.i18n import tr

RANK, NAME, KEPT, SUITABILITY, DIFFERENCE, NEARBY, THRESHOLD = range(7)
# The mark of a species that training plots nearby hold.
NEAR = "●"
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def is_rough(one: Mapping[str, Any]) -> bool:
    """Whether a species' value was not calibrated on its own presences, but on all species together or not at all."""
    return one.get("calibrated") is False or one.get("calibration") in ("pooled", "none")


class SpeciesTable(QAbstractTableModel):
    """The species at one place, the most suitable first; where another place is kept, that one's values beside them.

    A presence-only model gives relative suitability, which is no probability: it is shown as a number, never
    in per cent.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._species: list[dict[str, Any]] = []
        self.relative = False
        # Training plots that were looked at for what speaks for a species.
        self.similar = 0
        # Whether the values of the kept place A stand beside those of this place, B.
        self.comparing = False
        # Whether it is known which species training plots nearby hold.
        self.knows_nearby = False

    def show_species(
        self, species: Sequence[Mapping[str, Any]], *, relative: bool, similar: int = 0,
        kept: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:  # fmt: skip
        """Show species, ranked.

        Parameters
        ----------
        species
            Each with ``name``, ``suitability``, ``threshold``, ``above``, ``speaking`` and ``observed``.
        relative
            Whether values are no probabilities.
        similar
            Training plots that were looked at for what speaks for a species.
        kept
            Those of the place they are compared with.
        """
        self.beginResetModel()
        known = {one["name"]: dict(one) for one in species if one.get("suitability") is not None}
        for one in kept or ():
            mine = known.setdefault(one["name"], {**one, "suitability": None, "above": None, "observed": None})
            mine |= {"kept": one.get("suitability"), "kept_above": one.get("above"), "kept_near": one.get("observed")}
        self._species = sorted(known.values(), key=_rank)
        self.relative, self.similar, self.comparing = relative, similar, kept is not None
        self.knows_nearby = any(one.get("observed") is not None for one in self._species)
        self.endResetModel()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, RANK, THRESHOLD)

    def species(self, row: int) -> dict[str, Any]:
        """Return the species of a row."""
        return self._species[row]

    def shown_columns(self) -> list[int]:
        """Return the columns that say something: two places leave no room for rank and threshold."""
        near = [NEARBY] if any((one.get("observed") or {}).get("plots") for one in self._species) else []
        if self.comparing:
            return [NAME, KEPT, SUITABILITY, DIFFERENCE, *near]
        return [RANK, NAME, SUITABILITY, *near, THRESHOLD]

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: D102
        return 0 if parent is not None and parent.isValid() else len(self._species)

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: D102
        return 0 if parent is not None and parent.isValid() else THRESHOLD + 1

    @property
    def headings(self) -> tuple[str, ...]:
        """The columns' headings."""
        measure = tr("Relative suitability") if self.relative else tr("Probability")
        here = tr("B: {measure}").format(measure=measure.lower()) if self.comparing else measure
        return ("", tr("Species"), "A", here, tr("B − A"), NEAR, tr("Threshold"))

    def headerData(  # noqa: D102
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.headings[section]
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            words = {
                RANK: tr("Rank"),
                KEPT: tr("Value at place A, the one that is kept"),
                DIFFERENCE: tr("Value at place B less that at place A"),
                NEARBY: tr("Training plots nearby that hold the species"),
            }
            return words.get(section, self.headings[section])
        if role == Qt.ItemDataRole.TextAlignmentRole and section in (KEPT, DIFFERENCE):
            return _RIGHT
        return None

    def number(self, value: float | None) -> str:
        """Return a suitability or threshold as shown."""
        if value is None:
            return ""
        return f"{value:.2f}" if self.relative else f"{100 * value:.0f} %"

    def value_text(self, one: Mapping[str, Any]) -> str:
        """Return a species' suitability as shown: ``≈`` before one that was not calibrated by itself."""
        return f"{ROUGH if is_rough(one) and not self.relative else ''}{self.number(one['suitability'])}"

    def difference_text(self, one: Mapping[str, Any]) -> str:
        """Return by how much this place's value is above the kept one's, in points of per cent or as a number."""
        gap = _difference(one)
        if gap is None:
            return ""
        text = f"{gap:+.2f}" if self.relative else f"{100 * gap:+.0f}"
        return text.replace("-", "−") if float(text) else "0"

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        one = self._species[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            plots = (one.get("observed") or {}).get("plots")
            return (
                str(index.row() + 1), one["name"], self.number(one.get("kept")), self.value_text(one),
                self.difference_text(one), f"{NEAR} {plots}" if plots else "",
                self.number(one.get("threshold")) or tr("unknown"),
            )[index.column()]  # fmt: skip
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in (RANK, KEPT, DIFFERENCE, THRESHOLD):
            return _RIGHT
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.sentence(one)
        return None

    def sentence(self, one: Mapping[str, Any]) -> str:
        """Return what a row says, in words."""
        given = {"species": one["name"], "value": self.number(one["suitability"])}
        if one["suitability"] is None:
            text = tr("{species}: no value here").format(**given)
        elif self.relative:
            text = tr("{species}: relative suitability {value}").format(**given)
        else:
            text = tr("{species}: probability {value}").format(**given)
        if one.get("threshold") is None:
            text += tr(", threshold unknown: whether it is to be expected is not said")
        elif one.get("above"):
            text += tr(", expected (threshold {value})").format(value=self.number(one["threshold"]))
        elif one["suitability"] is not None:
            text += tr(", not expected (threshold {value})").format(value=self.number(one["threshold"]))
        if is_rough(one) and not self.relative:
            text += tr("; too few presences to calibrate it by itself, so the number is rough")
        if self.comparing and one.get("kept") is not None:
            text += tr("; at place A {value}").format(value=self.number(one["kept"]))
            if self.difference_text(one):
                text += tr(", difference {difference}").format(difference=self.difference_text(one))
        return text + _speaking(one.get("speaking"), self.similar) + _near(one.get("observed"))

    def as_tsv(self) -> str:
        """Return the table as tab-separated text with full numbers, for a spreadsheet; of both places where there are.

        The headings stay English: they are read by machines.
        """
        measure = "relative_suitability" if self.relative else "probability"
        head = ["species", measure, "threshold", "expected", "calibrated"]
        if self.comparing:
            head = ["species", f"{measure}_a", f"{measure}_b", "difference", "threshold", "expected_a", "expected_b",
                    "calibrated"]  # fmt: skip
        if self.knows_nearby:
            head += ["plots_nearby_a", "plots_nearby_b"] if self.comparing else ["plots_nearby"]
        return "".join("\t".join(line) + "\n" for line in [head, *(self._line(one) for one in self._species)])

    def _line(self, one: Mapping[str, Any]) -> list[str]:
        name, calibrated = " ".join(str(one["name"]).split()), "no" if is_rough(one) else "yes"
        here, limit = _full(one["suitability"]), _full(one.get("threshold"))
        expected = _yes(one.get("above"), known=bool(limit and here))
        if not self.comparing:
            line = [name, here, limit, expected, calibrated]
            return [*line, _count(one.get("observed"))] if self.knows_nearby else line
        kept = _full(one.get("kept"))
        line = [
            name, kept, here, _full(_difference(one)), limit, _yes(one.get("kept_above"), known=bool(limit and kept)),
            expected, calibrated,
        ]  # fmt: skip
        return [*line, _count(one.get("kept_near")), _count(one.get("observed"))] if self.knows_nearby else line


def _rank(one: Mapping[str, Any]) -> tuple[float, float, str]:
    here, kept = one["suitability"], one.get("kept")
    return -(-1.0 if here is None else here), -(-1.0 if kept is None else kept), str(one["name"])


def _difference(one: Mapping[str, Any]) -> float | None:
    here, kept = one["suitability"], one.get("kept")
    return None if here is None or kept is None else here - kept


def _full(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _yes(value: Any, *, known: bool) -> str:
    return ("yes" if value else "no") if known else ""


def _count(observed: Mapping[str, Any] | None) -> str:
    return "" if observed is None else str(observed["plots"])


def _speaking(plots: Sequence[str] | None, similar: int) -> str:
    """Say which of the training plots most like the place hold the species; nothing where it is not known."""
    if plots is None or not similar:
        return ""
    given = {"similar": similar, "count": len(plots), "names": ", ".join(str(name) for name in plots)}
    if not plots:
        return tr("; of the {similar} training plots most like this place none holds it").format(**given)
    if len(plots) == 1:
        return tr("; of the {similar} training plots most like this place 1 holds it: {names}").format(**given)
    return tr("; of the {similar} training plots most like this place {count} hold it: {names}").format(**given)


def _near(observed: Mapping[str, Any] | None) -> str:
    """Say how many training plots nearby hold the species; nothing where it is not known, or none does."""
    if not observed or not observed["plots"]:
        return ""
    names = ", ".join(str(name) for name in observed["names"])
    more = ", …" if observed["plots"] > len(observed["names"]) else ""
    return tr("; training plots nearby that hold it: {count} ({names})").format(
        count=observed["plots"], names=names + more
    )
