"""Looks in the plugin's source for what does not work on every QGIS from 3.34 to 4.x, without running any QGIS.

    python3 scripts/qt_scan.py [FOLDER]               # botaclip_qgis by default; exit code 1 where something is found
    python3 scripts/qt_scan.py --names-in PyQt6       # are all of Qt's names that it uses in that binding?

QGIS 3 comes with Qt 5 and PyQt5, QGIS 4 with Qt 6 and PyQt6; ``qgis.PyQt`` stands for either. What differs between
them, or came to QGIS after 3.34, is found from the syntax tree alone, so it is also a check of versions that are not
on this machine. Standard library only.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import importlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST_QGIS = (3, 34)

# The bindings themselves; qgis.PyQt is whichever of them QGIS was built with.
_BINDINGS = {"PyQt4", "PyQt5", "PyQt6", "PySide2", "PySide6", "sip"}
# Qt 6 moved them from QtWidgets to QtGui; qgis.PyQt.QtWidgets has them with both, QtGui only in newer QGIS 3.
_MOVED = {"QAction", "QActionGroup", "QShortcut", "QFileSystemModel", "QUndoCommand", "QUndoGroup", "QUndoStack"}
_SHIMMED = {"QAction", "QActionGroup", "QShortcut"}
_GONE = {
    "QRegExp": "QRegularExpression", "QRegExpValidator": "QRegularExpressionValidator", "QTextCodec": "Python's codecs",
    "QDesktopWidget": "QScreen", "QStringRef": "str", "QMatrix": "QTransform", "QLinkedList": "a list",
    "QGLWidget": "QOpenGLWidget", "QSound": "QSoundEffect", "QSignalMapper": "functools.partial",
    "QDirModel": "QFileSystemModel", "QStateMachine": "signals", "QMediaPlaylist": "a list", "QAudioRecorder": "none",
}  # fmt: skip
_GONE_MODULES = {"Qt", "QtWebKit", "QtWebKitWidgets", "QtScript", "QtXmlPatterns", "QtOpenGL"}
_GONE_METHODS = {
    "exec_": "exec", "print_": "print", "setResizeMode": "setSectionResizeMode", "toTime_t": "toSecsSinceEpoch",
    "fromTime_t": "fromSecsSinceEpoch", "setTabStopWidth": "setTabStopDistance", "desktop": "screen",
    "setFilterRegExp": "setFilterRegularExpression", "filterRegExp": "filterRegularExpression",
}  # fmt: skip
# Overloads of signals that Qt 6 gave up: signal[str] is an error there.
_LOST_OVERLOADS = {"activated", "highlighted", "currentIndexChanged", "buttonClicked", "valueChanged", "mapped"}
# What Qt and QGIS call classes inside of classes; everything else with a capital is a value of an enumeration.
_NESTED = {
    "LayerDetails", "LayerOptions", "SaveVectorOptions", "WidgetType", "Property", "Stats", "Flag", "Type", "Option",
    "StandardButton", "ItemDataRole", "MessageLevel", "Shape", "Shadow", "Policy", "Filter", "EditTrigger",
}  # fmt: skip
# Constants of a class that belong to no enumeration.
_CONSTANTS = {"QGIS_VERSION", "QGIS_VERSION_INT", "QGIS_DEV_VERSION", "TEMPORARY_OUTPUT"}
# Values of enumerations that are often taken from an object (dialog.Accepted), where PyQt6 has none.
_VALUES = {
    "Accepted", "Rejected", "Yes", "No", "Ok", "Cancel", "Save", "Discard", "Close", "Apply", "Reset", "Help",
    "AlignLeft", "AlignRight", "AlignTop", "AlignBottom", "AlignCenter", "AlignHCenter", "AlignVCenter", "UserRole",
    "DisplayRole", "EditRole", "DecorationRole", "ToolTipRole", "CheckStateRole", "Horizontal", "Vertical", "Checked",
    "Unchecked", "PartiallyChecked", "LeftButton", "RightButton", "MidButton", "KeyPress", "KeyRelease", "Expanding",
    "MinimumExpanding", "Preferred", "StyledPanel", "NoFrame", "ReadOnly", "WriteOnly", "FlagAdvanced", "FlagOptional",
    "TypeVector", "TypeRaster", "InstantPopup", "MenuButtonPopup", "NoEditTriggers", "SelectRows", "SingleSelection",
}  # fmt: skip

# What came to QGIS after 3.34, as QGIS's own documentation says it (scripts/qgis_newer.py), and what it says of 4.0.
_LISTED = json.loads(Path(__file__).with_name("qgis_newer.json").read_text(encoding="utf-8"))
_LATER = {"Qgis.StringFormat": [4, 0], "Qgis.NetworkRequestFlag": [4, 0]}
NEWER: dict[str, tuple[int, ...]] = {name: tuple(since) for name, since in {**_LISTED["names"], **_LATER}.items()}
NEWER_METHODS: dict[str, tuple[int, ...]] = {name: tuple(since) for name, since in _LISTED["methods"].items()}
# QgsField took QMetaType.Type only from 3.38 on; before it was QVariant.Type, which PyQt6 lacks.
_FIELD_BY_METATYPE = (3, 38)


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """Something that one of the supported versions does not have.

    Parameters
    ----------
    line
        Line in the source.
    rule
        Name of the check that found it.
    words
        What it is and what to write instead.
    """

    line: int
    rule: str
    words: str


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for a chain of names, empty for anything else."""
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return node.id if isinstance(node, ast.Name) else ""


def qgis_names(tree: ast.Module) -> dict[str, str]:
    """Return the names that a file imports from QGIS or Qt -> the module they come from."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "qgis":
            found.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return found


def chains(tree: ast.Module) -> list[tuple[ast.Attribute, str]]:
    """Return every longest dotted chain (``Qt.ItemDataRole.UserRole``) that begins with an imported name."""
    names = qgis_names(tree)
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return [
        (node, dotted(node)) for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and id(node) not in inner and dotted(node).split(".")[0] in names
    ]  # fmt: skip


# --- The checks ------------------------------------------------------------------------------------------------------


def direct_bindings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Qt is imported from ``qgis.PyQt`` alone."""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)) or bool(getattr(node, "level", 0)):
            continue
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)]
        for name in names:
            if name.split(".")[0] in _BINDINGS:
                yield node.lineno, f"{name} is imported; take it from qgis.PyQt"


def moved_and_gone(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """No class is imported that only one of Qt 5 and Qt 6 has at that place."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("qgis.PyQt"):
            continue
        module = str(node.module).removeprefix("qgis.PyQt").lstrip(".")
        for alias in node.names:
            name = alias.name
            if module in _GONE_MODULES or (not module and name in _GONE_MODULES):
                yield node.lineno, f"the module {module or name} is gone in Qt 6"
            elif name in _GONE:
                yield node.lineno, f"{name} is gone in Qt 6; take {_GONE[name]}"
            elif name in _MOVED and module != "QtWidgets":
                yield node.lineno, f"{name} is not in {module} of Qt 5; take it from qgis.PyQt.QtWidgets"
            elif name in _MOVED - _SHIMMED:
                yield node.lineno, f"{name} is in QtGui of Qt 6 and in QtWidgets of Qt 5; import it under try"


def unscoped_enums(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Values of enumerations are named with their enumeration: PyQt6 knows ``Qt.CursorShape.CrossCursor`` only."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    typing = {id(part) for annotation in _annotations(tree) for part in ast.walk(annotation)}
    for access, chain in chains(tree):
        parts = chain.split(".")
        value = parts[-1]
        # A method of a class, a nested class that is made or named in a signature, a constant.
        if not value[0].isupper() or id(access) in called | typing or value in _CONSTANTS:
            continue
        if len(parts) == 2 and value not in _NESTED and parts[0] != "QVariant":
            yield access.lineno, f"{chain} has no scope; name its enumeration: {parts[0]}.<Enumeration>.{value}"
    # kinds = QMessageBox.StandardButton: what follows of it is scoped.
    scopes = set(qgis_names(tree)) | {
        dotted(target) for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets
        if re.search(r"\.[A-Z]\w*$", dotted(node.value))
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _VALUES and id(node) not in called:
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else dotted(node.value)
            if not {owner, dotted(node.value)} & scopes and not owner[:1].isupper():
                yield node.lineno, f"{owner or 'an object'}.{node.attr} is taken from an object; name its enumeration"


def enums_as_numbers(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """An enumeration is not made a number: under PyQt6 most are no numbers."""
    scoped = {id(node): chain for node, chain in chains(tree) if re.fullmatch(r"\w+\.[A-Z]\w*\.[A-Z]\w*", chain)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func) == "int" and node.args and id(node.args[0]) in scoped:
            yield node.lineno, f"int({scoped[id(node.args[0])]}) fails under PyQt6; compare the enumeration itself"


def gone_methods(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """No method is called that Qt 6 or PyQt6 gave up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GONE_METHODS:
            yield node.lineno, f"{node.func.attr}() is gone in Qt 6; call {_GONE_METHODS[node.func.attr]}()"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "width":
            if re.search(r"[mM]etrics", ast.unparse(node.func.value)) and node.args:
                yield node.lineno, "QFontMetrics.width() is gone in Qt 6; call horizontalAdvance()"


def lost_overloads(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """No overload of a signal is chosen that Qt 6 does not have."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
            if node.value.attr in _LOST_OVERLOADS and dotted(node.slice) in ("str", "int", "QString"):
                yield node.lineno, f"{ast.unparse(node)} has one form only in Qt 6; connect {node.value.attr}"


def variant_types(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """``QVariant.Type`` and its values are not used: PyQt6 lacks them."""
    for node, chain in chains(tree):
        if chain.split(".")[0] == "QVariant" and chain.split(".")[1][0].isupper():
            yield node.lineno, f"{chain} does not exist under PyQt6"


def newer_than_the_oldest(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Nothing is used without a guard that QGIS 3.34 does not have."""
    guarded = set(_guarded(tree))
    names = qgis_names(tree)
    said = "{} is there from QGIS {}.{} on"
    for access, chain in chains(tree):
        name = ".".join(chain.split(".")[:2])
        if name in NEWER and id(access) not in guarded:
            yield access.lineno, said.format(name, *NEWER[name])
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qgis."):
            for alias in node.names:
                if alias.name in NEWER:
                    yield node.lineno, said.format(alias.name, *NEWER[alias.name])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in NEWER_METHODS:
            yield node.lineno, said.format(f"{node.func.attr}()", *NEWER_METHODS[node.func.attr])
        if isinstance(node, ast.Call) and dotted(node.func) == "QgsField" and "QMetaType" in names:
            if any(dotted(part).startswith("QMetaType.") for part in ast.walk(node)):
                yield node.lineno, "QgsField takes QMetaType.Type from QGIS {}.{} on".format(*_FIELD_BY_METATYPE)


def _annotations(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
            yield from (one.annotation for one in every if one is not None and one.annotation is not None)
            if node.returns is not None:
                yield node.returns
        elif isinstance(node, ast.AnnAssign):
            yield node.annotation


def _guarded(tree: ast.Module) -> Iterator[int]:
    """Yield the nodes that only run where the version was asked for, or an absence is caught."""
    for node in ast.walk(tree):
        branches: list[ast.AST] = []
        if isinstance(node, (ast.If, ast.IfExp)) and re.search(r"QGIS_VERSION_INT|\bhasattr\(", ast.unparse(node.test)):
            branches = [*node.body, *node.orelse] if isinstance(node, ast.If) else [node.body, node.orelse]
        elif isinstance(node, ast.Try):
            caught = " ".join(ast.unparse(handler.type) for handler in node.handlers if handler.type is not None)
            branches = list(node.body) if re.search(r"AttributeError|ImportError|TypeError", caught) else []
        for branch in branches:
            yield from (id(part) for part in ast.walk(branch))


Check = Callable[[ast.Module], Iterable[tuple[int, str]]]
CHECKS: tuple[Check, ...] = (
    direct_bindings, moved_and_gone, unscoped_enums, enums_as_numbers, gone_methods, lost_overloads, variant_types,
    newer_than_the_oldest,
)  # fmt: skip


def scan(text: str) -> list[Finding]:
    """Return what is found in one file's text, by line."""
    tree = ast.parse(text)
    return sorted({Finding(line, check.__name__, words) for check in CHECKS for line, words in check(tree)})


def scan_folder(folder: Path) -> list[str]:
    """Return what is found in all Python files of a folder, one sentence each: ``file:line: words``."""
    return [
        f"{path.relative_to(folder.parent).as_posix()}:{one.line}: {one.words} ({one.rule})"
        for path in sorted(folder.rglob("*.py")) for one in scan(path.read_text(encoding="utf-8"))
    ]  # fmt: skip


def names_used(folder: Path) -> list[str]:
    """Return every dotted name of QGIS and Qt that the files of a folder use: ``qgis.PyQt.QtCore.Qt.CursorShape.X``."""
    found: set[str] = set()
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = qgis_names(tree)
        found.update(names.values())
        for _, chain in chains(tree):
            head, _, rest = chain.partition(".")
            found.add(f"{names[head]}.{rest}")
    return sorted(found)


def methods_used(folder: Path) -> list[str]:
    """Return every method that is called on an object in the files of a folder, ours and Python's included."""
    calls = [
        node.func for path in sorted(folder.rglob("*.py")) for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]  # fmt: skip
    return sorted({func.attr for func in calls if not func.attr[0].isupper()})


def missing_from(binding: str, names: Iterable[str]) -> list[str]:
    """Return those of the dotted names of ``qgis.PyQt`` that a binding (``PyQt6``) does not have where QGIS looks.

    Raises
    ------
    ImportError
        The binding is not on this machine.
    """
    lacking = []
    for name in names:
        if not name.startswith("qgis.PyQt."):
            continue
        module, first, *rest = name.removeprefix("qgis.PyQt.").split(".")
        if module == "QtWidgets" and first in _SHIMMED and binding == "PyQt6":
            module = "QtGui"
        found = importlib.import_module(f"{binding}.{module}")
        for part in (first, *rest):
            if not hasattr(found, part):
                lacking.append(name)
                break
            found = getattr(found, part)
    return lacking


def main() -> int:
    """Return 1 where something is found."""
    parser = argparse.ArgumentParser(description="What of the plugin does not fit every QGIS from 3.34 to 4.x.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "botaclip_qgis")
    parser.add_argument("--names-in", metavar="BINDING", help="PyQt6 or PyQt5: look Qt's names up in it")
    options = parser.parse_args()
    folder = options.folder.resolve()
    if options.names_in:
        names = [name for name in names_used(folder) if name.startswith("qgis.PyQt.")]
        found = [f"{name} is not in {options.names_in}" for name in missing_from(options.names_in, names)]
        fine = f"{folder.name}: all {len(names)} names of Qt are in {options.names_in}"
    else:
        found, fine = scan_folder(folder), f"{folder.name}: nothing that QGIS 3.34 to 4.x would not have"
    for line in found or [fine]:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
