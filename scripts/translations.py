"""Keeps ``i18n/botaclip_<language>.ts`` in step with what the plugin says. Runs in ``.venv``; needs no QGIS and no Qt.

Without a word it collects every text and merges it into the files: what is translated stays, what is gone is removed.
``--check`` only looks, and ends with 1 where something is missing or wrong; ``--missing`` prints what there is to
translate as JSON; ``--fill FILE`` takes such JSON, filled in. How it is done: ``docs/translation.md``.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import checkout  # noqa: F401 - the package is importable from here on
from botaclip.botaclip_qgis import option_words
from botaclip.core.commands import COMMANDS
from ts_file import Message, read_ts, write_ts

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "i18n"
# Whose functions give whole texts, all of which option_words.strings() lists.
WORDS_MODULE = "option_words"
# What must be in a translation as often as in its source: {placeholders}, HTML tags, options as they are typed, and
# the mark before the letter that Alt reaches.
_KEPT = (
    re.compile(r"\{\w*\}"), re.compile(r"</?[a-z][^<>]*>"), re.compile(r"(?<![\w-])--[a-z][a-z-]*"),
    re.compile(r"&(?=\w)"),
)  # fmt: skip
_NO_BREAK = "\u00a0"
_MEASURES = "m|km|px|s|min|h|ko|Mo|Go|ans|dimensions|axes|hectares|placettes|relevés"


class ExtractionError(Exception):
    """A ``tr`` whose text cannot be read from the source; names file and line."""


# --- Collecting -----------------------------------------------------------------------------------------------------


def literals(source: str, name: str) -> Iterator[str]:
    """Yield the texts that a file hands to ``tr``, in their order.

    Parameters
    ----------
    source
        Python source.
    name
        Its file's name, for messages.

    Raises
    ------
    ExtractionError
        What is handed over is neither a literal nor a call of ``option_words``, or the translation is not ours.
    """
    tree = ast.parse(source)
    from_words = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).endswith(f".{WORDS_MODULE}")
        for alias in node.names
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        function = ast.unparse(call.func)
        place = f"{name}, line {call.lineno}"
        if function.endswith(".tr"):
            raise ExtractionError(f"{place}: {function} is Qt's own, whose context is another; use i18n.tr")
        if function != "tr":
            continue
        if len(call.args) != 1 or call.keywords:
            raise ExtractionError(f"{place}: tr takes one text")
        argument = call.args[0]
        if isinstance(argument, ast.Call):
            called = ast.unparse(argument.func)
            if called.startswith(f"{WORDS_MODULE}.") or called in from_words:
                continue
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value):
            raise ExtractionError(f"{place}: tr({ast.unparse(argument)}) gets no literal text; it cannot be translated")
        yield argument.value


def collect(root: Path = ROOT) -> dict[str, Message]:
    """Return every text of the plugin, with where it stands: in the code, and in the option table.

    Raises
    ------
    ExtractionError
        As :func:`literals`.
    """
    places: dict[str, set[str]] = {}
    notes: dict[str, set[str]] = {}
    for path in sorted((root / "botaclip_qgis").glob("*.py")):
        for text in literals(path.read_text(encoding="utf-8"), f"{path.parent.name}/{path.name}"):
            places.setdefault(text, set()).add(f"../{path.parent.name}/{path.name}")
    for text, what in option_words.strings():
        places.setdefault(text, set()).add("../core/commands.py")
        notes.setdefault(text, set()).add(what)
    return {
        text: Message(text, "", tuple(sorted(where)), ", ".join(sorted(notes.get(text, ()))))
        for text, where in places.items()
    }


# --- Merging and filling in -----------------------------------------------------------------------------------------


def merged(collected: Mapping[str, Message], known: Mapping[str, str]) -> list[Message]:
    """Return what a file has to hold: all texts collected, with their translations where known, in order."""
    return [collected[text].translated(known.get(text, "")) for text in sorted(collected)]


def typography(text: str, language: str) -> str:
    """Return ``text`` with the spaces that its language writes; what is right already is left as it is.

    French has a no-break space before ``: ; ? !``, ``%`` and units, and inside quotation marks.
    """
    if language != "fr":
        return text
    text = re.sub(r"[ \u202f]([:;?!»%])", rf"{_NO_BREAK}\1", text)
    text = re.sub(r"«[ \u202f]", f"«{_NO_BREAK}", text)
    return re.sub(rf"(?<=\d)[ \u202f](?=(?:{_MEASURES}|\d{{3}})\b)", _NO_BREAK, text)


def fill(
    known: Mapping[str, str], given: Mapping[str, str], collected: Mapping[str, Message], language: str
) -> dict[str, str]:
    """Return the translations with those of ``given`` added, or put in the place of older ones.

    What is no text of the plugin (any more) is left out, and named.
    """
    strange = sorted(set(given) - set(collected))
    if strange:
        print("Left out, as the plugin does not say it:", *map(repr, strange), sep="\n  ", file=sys.stderr)
    said = {text: typography(one, language) for text, one in given.items() if one and text in collected}
    return {**known, **said}


# --- Checking -------------------------------------------------------------------------------------------------------


def choice_words() -> dict[str, set[str]]:
    """Return, by help text, the words of a choice that it explains; they are typed, so no language changes them."""
    words: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for option in command.options:
            explained = (
                word for word in option.choices if re.search(rf"(?<![\w-]){re.escape(word)}(?=:| \(|;)", option.help)
            )
            words.setdefault(option.help, set()).update(explained)
    return words


def problems(collected: Mapping[str, Message], known: Mapping[str, str], language: str) -> list[str]:
    """Return what is wrong with a language: missing, left over, or other than its source allows."""
    found = [f"not translated: {text!r}" for text in sorted(collected) if not known.get(text)]
    found += [f"no longer a text of the plugin: {text!r}" for text in sorted(set(known) - set(collected))]
    words = choice_words()
    for text in sorted(set(collected) & set(known)):
        said = known[text]
        if not said:
            continue
        for pattern in _KEPT:
            wanted, there = Counter(pattern.findall(text)), Counter(pattern.findall(said))
            if wanted != there:
                parts = ", ".join(sorted({*(wanted - there), *(there - wanted)}))
                found.append(f"{parts} not as often in the translation as in {text!r}")
        lost = [word for word in sorted(words.get(text, ())) if word not in said]
        if lost:
            found.append(f"{', '.join(lost)} must stay as typed in the translation of {text!r}")
        if typography(said, language) != said:
            found.append(f"a space that may break in the translation of {text!r}")
        # Not the no-break space that French has before a mark with which a text may begin.
        if [text[0] in " \n", text[-1] in " \n"] != [said[0] in " \n", said[-1] in " \n"]:
            found.append(f"spaces at the ends differ in the translation of {text!r}")
    return found


# --- The program ----------------------------------------------------------------------------------------------------


def languages(folder: Path) -> list[str]:
    """Return the languages that have a file."""
    return sorted(path.stem.removeprefix("botaclip_") for path in folder.glob("botaclip_*.ts"))


def main(arguments: list[str] | None = None, *, root: Path = ROOT, folder: Path = FOLDER) -> int:
    """Collect, and do what was asked for; return 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", help="only this one, such as de; its file is made where there is none")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="change nothing; 1 where something is missing or wrong")
    what.add_argument("--missing", action="store_true", help="print what is to be translated, as JSON; change nothing")
    what.add_argument("--fill", type=Path, metavar="FILE", help="JSON of text to translation, to take over")
    options = parser.parse_args(arguments)
    try:
        collected = collect(root)
    except ExtractionError as error:
        print(error, file=sys.stderr)
        return 1
    chosen = [options.language] if options.language else languages(folder)
    if options.fill and len(chosen) != 1:
        parser.error(f"--fill needs --language, one of {', '.join(chosen)} or a new one")
    wrong = []
    missing: dict[str, dict[str, str]] = {}
    for language in chosen:
        path = folder / f"botaclip_{language}.ts"
        known = {one.source: one.translation for one in read_ts(path)} if path.is_file() else {}
        if options.missing:
            missing[language] = dict.fromkeys((text for text in sorted(collected) if not known.get(text)), "")
            continue
        if not options.check:
            if options.fill:
                given = json.loads(options.fill.read_text(encoding="utf-8"))
                known = fill(known, given, collected, language)
            write_ts(path, language, merged(collected, known))
            known = {text: known.get(text, "") for text in collected}
        wrong += [f"{path.name}: {line}" for line in problems(collected, known, language)]
    if options.missing:
        shown = next(iter(missing.values())) if len(missing) == 1 else missing
        print(json.dumps(shown, ensure_ascii=False, indent=1))
        return 0
    if options.check:
        print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    print(f"{len(collected)} texts, {len(wrong)} things to do")
    return 1 if wrong and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
