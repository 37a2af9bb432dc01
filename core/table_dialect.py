"""How a text table is written: its encoding, its delimiter and its decimal mark."""

from __future__ import annotations

import codecs
import collections
import csv
import dataclasses
import io
import math
import re
import unicodedata
from collections.abc import Iterable

from botaclip.core.errors import ReleveError

POINT, COMMA, MIXED = "point", "comma", "mixed"
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"), (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"), (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
)  # fmt: skip
# What spreadsheets wrote before UTF-8: Windows, DOS (Turboveg's dBase files and their exports), old Macintosh.
_EIGHT_BIT = (("cp1252", "Windows-1252"), ("cp850", "DOS code page 850"), ("mac_roman", "Mac Roman"))
_DELIMITERS = "\t;,|"
_DELIMITER_WORDS = {"\t": "tab-delimited", ";": "semicolon-delimited", ",": "comma-delimited", "|": "pipe-delimited"}
_DECIMAL_WORDS = {"": "", POINT: "decimal point", COMMA: "decimal comma", MIXED: "decimal points and commas"}
_LOOKED_AT = 200  # lines that decide on the delimiter
_TITLES = 5  # lines that may stand above the header
# Where fewer lines are cut like the first, it may be a title; so many must be cut alike below one.
_HEADED, _UNTITLED = 0.5, 0.8
_SEPARATOR_LINE = re.compile(r'\A"?sep=(.)"?\s*?\r?\n', re.IGNORECASE)

_COMMA_NUMBER = re.compile(r"^[+-]?\d+,\d+$")
_POINT_NUMBER = re.compile(r"^[+-]?\d*\.\d+(?:[eE][+-]?\d+)?$")
# A mark followed by groups of three digits may be a decimal mark or a mark of thousands.
_GROUPS = re.compile(r"^[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+$")


@dataclasses.dataclass(frozen=True)
class Dialect:
    """How a table was read.

    Parameters
    ----------
    encoding
        Its text encoding, in words.
    delimiter
        What parts the values; ``""`` for a layer or spreadsheet.
    decimal
        ``point``, ``comma``, ``mixed``, or ``""`` where no number tells.
    marked
        Whether a byte-order mark stands in front.
    kind
        What a file that is no text is, for example ``GeoPackage``.
    stated_decimal
        Whether the user stated the decimal mark.
    """

    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    marked: bool = False
    kind: str = ""
    stated_decimal: bool = False

    def with_decimal(self, stated: str, texts: Iterable[str]) -> Dialect:
        """Return it with the decimal mark: the stated one, with ``auto`` what the texts tell."""
        if stated != "auto":
            return dataclasses.replace(self, decimal=stated, stated_decimal=True)
        return dataclasses.replace(self, decimal=decimal_mark(texts)[0])

    def __str__(self) -> str:
        """Return it in words, for the report."""
        encoding = f"{self.encoding} with byte-order mark" if self.marked else self.encoding
        parts = (
            self.kind, _DELIMITER_WORDS.get(self.delimiter, ""), _DECIMAL_WORDS[self.decimal], encoding,
        )  # fmt: skip
        return ", ".join(part for part in parts if part)


def decode(raw: bytes, *, where: str, encoding: str | None = None) -> tuple[str, str, bool]:
    """Return the text of a file, the encoding in words, and whether a byte-order mark told it.

    A mark decides; else UTF-16 shows by its zero bytes, UTF-8 by being valid; among the eight-bit encodings the one
    is taken in which the letters make words.

    Parameters
    ----------
    raw
        The file.
    where
        Its name, for messages.
    encoding
        The encoding stated by the user; None detects it.

    Raises
    ------
    ReleveError
        The stated encoding is unknown, or the file is not written in it, or it is no text.
    """
    if encoding:
        return _stated(raw, encoding, where)
    for mark, codec, words in _BOMS:
        if raw.startswith(mark):
            return _strict(raw, codec, words, where), words, True
    zeros = raw[:4096].count(0)
    if zeros:
        # Latin text in UTF-16 has a zero in every other byte; which one tells the order.
        even, odd = raw[0:4096:2].count(0), raw[1:4096:2].count(0)
        if max(even, odd) < 0.3 * min(len(raw), 4096) / 2 or min(even, odd) > 0.1 * max(even, odd):
            raise ReleveError("this is a binary file, not a text table", where=where, remedy="save the table as CSV")
        codec = "utf-16-be" if even > odd else "utf-16-le"
        return _strict(raw, codec, "UTF-16", where), "UTF-16", False
    codec, words = codec_of(raw)
    return raw.decode(codec, errors="replace"), words, False


def codec_of(raw: bytes) -> tuple[str, str]:
    """Return the codec in which unmarked bytes are best read, and its name in words."""
    if raw.isascii():
        return "ascii", "plain ASCII"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return max(_EIGHT_BIT, key=lambda pair: _wordlike(raw, pair[0]))
    return "utf-8", "UTF-8"


def _stated(raw: bytes, encoding: str, where: str) -> tuple[str, str, bool]:
    try:
        codec = codecs.lookup(encoding.strip()).name
    except LookupError:
        raise ReleveError(
            f"{encoding!r} is no known text encoding", where=where,
            remedy="write for example --encoding utf-8, cp1252 or utf-16, or leave it out to have it detected",
        ) from None
    marked = next((words for mark, _, words in _BOMS if raw.startswith(mark)), "")
    if codec == "utf-8":
        codec = "utf-8-sig"
    return _strict(raw, codec, encoding, where), f"{encoding.strip()} as stated", bool(marked)


def _strict(raw: bytes, codec: str, words: str, where: str) -> str:
    try:
        return raw.decode(codec)
    except UnicodeError as error:
        position = getattr(error, "start", 0)
        raise ReleveError(
            f"it is not written in {words} (byte {position} does not fit)", where=where,
            remedy="state its encoding with --encoding, or leave --encoding out to have it detected",
        ) from error


def _wordlike(raw: bytes, codec: str) -> float:
    """Return how well the bytes beyond ASCII read as letters of words, in an eight-bit encoding.

    A letter scores; a letter whose case does not suit its neighbours (``prÄs``), a drawing character or an unused
    code costs.
    """
    text = raw.decode(codec, errors="replace")
    counts = collections.Counter(
        text[max(at - 1, 0) : at + 2] for at, letter in enumerate(text) if ord(letter) > 127 and at
    )
    score = 0.0
    for context, count in counts.items():
        letter = context[1]
        before, after = context[0], context[2:3]
        if letter == "’" and before.isalpha() and after.isalpha():
            score += 1.5 * count
        elif letter.isalpha() and ord(letter) < 0x180:
            alone = not before.isalpha() and not after.isalpha()
            odd = letter.isupper() and (before.islower() or (after.islower() and before.isalpha()))
            small = 0.6 if alone else 1.5
            score += count * (-2.0 if odd else small if letter.islower() else 0.2 if alone else 1.0)
        elif letter in "×°²³µ½‘’“”–—…\u00a0§±":
            score += 0.7 * count
        else:
            score -= count * (2.0 if unicodedata.category(letter) in ("So", "Cc", "Sm", "Cn") else 1.0)
    return score


def delimiter_of(text: str) -> str:
    """Return the delimiter of a table: the one that cuts its first lines into equally many values.

    Only a delimiter of the header counts; where none is there, the table has one column and a comma is returned. A
    few lines above the header may be a title, which no delimiter cuts as it does what follows.
    """
    head = text[:200_000].splitlines(keepends=True)[:_LOOKED_AT]
    best, score = _best_delimiter(head)
    if score[0] >= _HEADED:
        return best
    for above in range(1, min(_TITLES, len(head) - 1) + 1):
        below, of_below = _best_delimiter(head[above:])
        if of_below[0] >= _UNTITLED and len(head) - above > 1:
            return below
    return best


def _best_delimiter(head: list[str]) -> tuple[str, tuple[float, int]]:
    """Return the delimiter of some lines, the share of lines that it cuts as the first one, and into how many."""
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            reader = csv.reader(io.StringIO("".join(head), newline=""), delimiter=delimiter, skipinitialspace=True)
            widths = [len(record) for record in reader if any(record)]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        # A row may be short; one that is longer than the header is cut at the wrong mark.
        alike = sum(width == widths[0] for width in widths) / len(widths)
        score = (round(alike, 2), widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best, best_score


def separator_line(text: str) -> tuple[str, int]:
    """Return the delimiter that Excel's first line ``sep=;`` states, and that line's length; ``("", 0)`` without."""
    match = _SEPARATOR_LINE.match(text)
    return (match[1], match.end()) if match else ("", 0)


def decimal_mark(texts: Iterable[str]) -> tuple[str, bool]:
    """Return the decimal mark of some numbers, and whether it is a guess.

    ``point``, ``comma``, ``mixed``, or ``""`` where they do not tell. ``1,234`` may be a thousand: it only counts as
    a decimal comma, and as a guess, where nothing clearer is seen.
    """
    points = commas = groups_of_comma = groups_of_point = 0
    for text in texts:
        if "," not in text and "." not in text:
            continue
        if _GROUPS.match(text):
            if "," in text:
                groups_of_comma += 1
            else:
                groups_of_point += 1
        elif _COMMA_NUMBER.match(text):
            commas += 1
        elif _POINT_NUMBER.match(text):
            points += 1
    if commas or points:
        return (MIXED if commas and points else COMMA if commas else POINT), False
    if groups_of_comma and groups_of_point:
        return MIXED, True
    return (COMMA if groups_of_comma else POINT if groups_of_point else ""), True


def parse_number(text: str, decimal: str = "") -> float:
    """Return the number written in ``text``; NaN where it is none.

    Parameters
    ----------
    text
        A number with a decimal point or comma, perhaps with spaces, apostrophes, points or commas at the thousands.
    decimal
        ``point`` or ``comma`` where the mark is known; ``""`` takes a lone mark as the decimal mark. It only decides
        on numbers such as ``1,234`` that can be read in two ways.
    """
    compact = re.sub(r"[\s'’_]", "", text)
    comma, point = compact.rfind(","), compact.rfind(".")
    if comma >= 0 and point >= 0:
        first, last = (".", ",") if comma > point else (",", ".")  # 1.234,5 and 1,234.5
        compact = compact.replace(first, "").replace(last, ".")
    elif comma >= 0:
        thousands = compact.count(",") > 1 or (decimal == POINT and _GROUPS.match(compact))
        compact = compact.replace(",", "" if thousands else ".")
    elif point >= 0 and (compact.count(".") > 1 or decimal == COMMA) and _GROUPS.match(compact):
        compact = compact.replace(".", "")
    try:
        number = float(compact)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def listed(names: Iterable[str], most: int = 5) -> str:
    """Return the first few of some names, for a message."""
    every = [str(name) for name in names]
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")
