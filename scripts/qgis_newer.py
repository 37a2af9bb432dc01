"""Lists what a QGIS documents as added after the oldest QGIS that the plugin supports; run in QGIS's own Python.

    python3 scripts/qgis_newer.py scripts/qgis_newer.json

What ``scripts/qt_scan.py`` reads: ``names`` (classes, and enumerations of ``Qgis``) and ``methods`` (names of methods
that no class had before), each with the version. The newer the QGIS, the more it can list.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import qgis.core
import qgis.gui
from qgis.core import Qgis

OLDEST_QGIS = (3, 34)
_VERSION = re.compile(r"versionadded::\s*(\d+)\.(\d+)")


def since(text: str | None, name: str, *, of_class: bool) -> tuple[int, ...]:
    """Return the version that a documentation names, (0, 0) where it names none; of a method's forms the oldest."""
    forms = re.split(rf"^{re.escape(name)}\(.*$", text or "", flags=re.MULTILINE)
    forms = forms[:1] if of_class else forms[1:] or forms
    found = [_VERSION.search(form) for form in forms]
    return min((tuple(map(int, one.groups())) if one else (0, 0) for one in found), default=(0, 0))


def main() -> int:
    """Write the list."""
    names: dict[str, tuple[int, ...]] = {}
    methods: dict[str, list[tuple[int, ...]]] = {}
    classes: dict[str, Any] = {
        name: thing for module in (qgis.core, qgis.gui) for name, thing in vars(module).items()
        if isinstance(thing, type) and name.startswith(("Qgs", "Qgis"))
    }  # fmt: skip
    for owner, thing in sorted(classes.items()):
        names[owner] = since(thing.__doc__, owner, of_class=True)
        for name, member in vars(thing).items():
            if isinstance(member, type):
                if thing is Qgis:
                    names[f"Qgis.{name}"] = since(member.__doc__, name, of_class=True)
            elif name[0].islower() and callable(member):
                own = since(getattr(member, "__doc__", ""), name, of_class=False)
                methods.setdefault(name, []).append(max(own, names[owner]))
    late = {name: version for name, version in names.items() if version > OLDEST_QGIS}
    only = {name: min(versions) for name, versions in methods.items() if min(versions) > OLDEST_QGIS}
    rows = [json.dumps(name) + ": " + json.dumps(list(version)) for name, version in sorted(late.items())]
    others = [json.dumps(name) + ": " + json.dumps(list(version)) for name, version in sorted(only.items())]
    Path(sys.argv[1]).write_text(
        f'{{"qgis": {json.dumps(Qgis.QGIS_VERSION.partition("-")[0])},\n"names": {{\n' + ",\n".join(rows)
        + '\n},\n"methods": {\n' + ",\n".join(others) + "\n}}\n", encoding="utf-8",
    )  # fmt: skip
    print(f"{len(late)} classes and enumerations, {len(only)} methods after QGIS {OLDEST_QGIS[0]}.{OLDEST_QGIS[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
