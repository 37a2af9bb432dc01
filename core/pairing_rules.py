"""Which plots cannot be paired with a patch, or only doubtfully, before any pixel is read; each rule in words."""

from __future__ import annotations

import dataclasses
import datetime
import re

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import OptionError
from botaclip.core.progress import Progress
from botaclip.core.releves import ReleveTable

NOT_SURVEYED = "no species and no date, while other plots have dates: never surveyed"
UNCERTAIN = "the place is uncertain by more than half a patch"
TOO_FAR = "more than "
BLURRED = "the place was blurred: "
LARGER = "the relevé's area is larger than the patch"

FAR_YEARS = 5.0  # beyond it a relevé is flagged where no tolerance was given
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


@dataclasses.dataclass(frozen=True)
class PairingRules:
    """What is asked of a plot besides lying in the image.

    Parameters
    ----------
    patch_m
        Side of a patch in metres.
    image_date
        ``2018``, ``2018-07`` or ``2018-07-15``; None where nobody said.
    date_tolerance
        Years from the image's date beyond which a relevé is left out; None flags those beyond five.

    Raises
    ------
    OptionError
        ``image_date`` is not such a date.
    """

    patch_m: float
    image_date: str | None = None
    date_tolerance: float | None = None

    def __post_init__(self) -> None:
        if self.image_date is not None and not is_date(self.image_date):
            raise OptionError(
                f"--image-date cannot be {self.image_date!r}", remedy="write it as 2018, 2018-07 or 2018-07-15"
            )
        if self.date_tolerance is not None and self.image_date is None:
            raise OptionError("--date-tolerance needs the date of the image", remedy="give it with --image-date")

    def check_dates(self, table: ReleveTable, progress: Progress) -> None:
        """Refuse a tolerance, and warn of a date of the image, where no plot has a date to compare it with.

        Raises
        ------
        OptionError
            ``date_tolerance`` is given and no plot has a date.
        """
        if self.image_date is None or any(is_date(str(date)) for date in table.dates):
            return
        if self.date_tolerance is not None:
            raise OptionError(
                "--date-tolerance needs the dates of the plots", remedy="name their column with --date-field"
            )
        progress.warning(
            "No plot has a date: none is compared with --image-date; name the column of the dates with --date-field."
        )

    @property
    def _too_far(self) -> str:
        years = FAR_YEARS if self.date_tolerance is None else self.date_tolerance
        return f"{TOO_FAR}{years:g} years between the relevé and the image ({self.image_date})"

    def dropped(self, table: ReleveTable) -> NDArray[np.object_]:
        """Return why each plot cannot be used (N,), ``""`` where nothing speaks against it.

        The first that holds: never surveyed (no species and no date, where other plots have a date), blurred, place
        uncertain by more than half a patch, date farther from the image's than ``date_tolerance``. What is not
        known speaks against no plot.
        """
        reasons = np.full(len(table), "", dtype=object)
        rules: list[tuple[NDArray[np.bool_], NDArray[np.object_] | str]] = []
        dated = table.dates != ""
        if dated.any():
            rules.append((~dated & (table.presence.sum(axis=1) == 0), NOT_SURVEYED))
        if table.blurred is not None:
            why = np.array([f"{BLURRED}{text}" for text in table.blurred], dtype=object)
            rules.append((table.blurred != "", why))
        if table.uncertainty_m is not None:
            rules.append((_above(table.uncertainty_m, self.patch_m / 2), UNCERTAIN))
        if self.date_tolerance is not None:
            rules.append((_above(self._gaps(table), self.date_tolerance), self._too_far))
        for holds, reason in reversed(rules):
            reasons[holds] = reason if isinstance(reason, str) else reason[holds]
        return reasons

    def flagged(self, table: ReleveTable) -> list[dict[str, str]]:
        """Return ``{"plot", "reason"}`` of plots that are used although something speaks against them.

        A relevé larger than the patch; without a tolerance, a date more than five years from the image's.
        """
        doubts: list[tuple[NDArray[np.bool_], str]] = []
        if table.area_m2 is not None:
            # A plot of 100.0 m2 is not larger than one of 10 m x 10 m for a rounding error.
            doubts.append((_above(table.area_m2, self.patch_m**2 * (1 + 1e-6)), LARGER))
        if self.date_tolerance is None and self.image_date is not None:
            doubts.append((_above(self._gaps(table), FAR_YEARS), self._too_far))
        return [
            {"plot": str(table.plot_ids[index]), "reason": reason}
            for holds, reason in doubts for index in np.flatnonzero(holds)
        ]  # fmt: skip

    def _gaps(self, table: ReleveTable) -> NDArray[np.float64]:
        assert self.image_date is not None
        return np.array([years_between(str(date), self.image_date) for date in table.dates], dtype=float)


def is_date(text: str) -> bool:
    """Whether ``text`` is a year, a month or a day as ISO writes them."""
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return False
    return True


def years_between(one: str, other: str) -> float:
    """Return the years between two dates, compared at the coarser of the two: 2013 and 2018-07-15 are 5 years apart.

    NaN where one of them is not a date.
    """
    if not (is_date(one) and is_date(other)):
        return float("nan")
    length = min(len(one), len(other))
    a, b = one[:length], other[:length]
    if length == 10:
        return abs((datetime.date.fromisoformat(a) - datetime.date.fromisoformat(b)).days) / 365.25
    if length == 7:
        return abs((int(a[:4]) - int(b[:4])) * 12 + int(a[5:]) - int(b[5:])) / 12
    return float(abs(int(a) - int(b)))


def _above(values: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    """Return which values are above the limit; unknown ones (NaN) are not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(values > limit)
