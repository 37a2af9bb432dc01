"""Dates as tables write them, turned into ISO dates; what is not known of a date is not made up."""

from __future__ import annotations

import datetime
import re

import numpy as np
from numpy.typing import NDArray


def iso_dates(texts: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return dates as ISO writes them: ``2017``, ``2017-05`` or ``2017-05-03``; ``""`` where one is not understood.

    A date like 3/5/2019 is read as day/month or month/day where some date of the column decides it. Of an interval
    the start is taken.
    """
    values, where = np.unique(texts, return_inverse=True)
    order = _slash_order(values)
    return np.array([_iso(str(text).split("/", 1)[0] if _INTERVAL.match(str(text)) else str(text), order)
                     for text in values], dtype=np.str_)[where]


_INTERVAL = re.compile(r"^\d{4}-\d{2}[^/]*/\d{4}")
_YMD = re.compile(r"^(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:[T ].*)?$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})?(\d{2})?(?:\.0+)?$")
_DMY = re.compile(r"^(\d{1,2})([./-])(\d{1,2})[./-](\d{4})$")


def _slash_order(texts: NDArray[np.str_]) -> str:
    """Return ``dmy`` or ``mdy`` for dates like 3/5/2019 where some date of the column decides it, else ``""``."""
    found = [match for text in texts if (match := _DMY.match(str(text)))]
    day_first = any(match[2] == "." or int(match[1]) > 12 for match in found)
    month_first = any(int(match[3]) > 12 for match in found)
    return "" if day_first == month_first else "dmy" if day_first else "mdy"


def _iso(text: str, order: str) -> str:
    if (match := _COMPACT.match(text) or _YMD.match(text)) is not None:
        year, month, day = match[1], match[2], match[3]
    elif (match := _DMY.match(text)) is not None and order:
        year = match[4]
        day, month = (match[1], match[3]) if order == "dmy" else (match[3], match[1])
    else:
        return ""
    try:
        date = datetime.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return ""
    return date.isoformat()[: 4 if not month else 7 if not day else 10]
