"""How Sphinx builds the help pages (``make docs``) into ``build/docs``. They load nothing from elsewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS / "_ext")]
_VERSION = re.search(r'^__version__ = "([^"]+)"$', (DOCS.parent / "__init__.py").read_text(encoding="utf-8"), re.M)
assert _VERSION is not None

project = "BotaCLIP for QGIS"
author = "BotaCLIP developers"
release = _VERSION.group(1)
# No year: the same commit gives the same pages.
project_copyright = author
language = "en"

extensions = ["myst_parser", "option_table"]
root_doc = "index"
exclude_patterns = ["_ext", "_static"]
# Links such as results.md#study-1 find their headings by the same rule as on a forge.
myst_heading_anchors = 4
# Pages may show {placeholders} and $PATH as they are.
myst_enable_extensions = ["colon_fence", "deflist"]
# Bash blocks are commands to type; their highlighting must never be an error.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = f"BotaCLIP {release}"
html_logo = "../resources/icons/botaclip.svg"
html_favicon = "../resources/icons/botaclip.svg"
html_static_path = ["_static"]
html_css_files = ["botaclip.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False


def _as_in_the_help(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Let links to the README, which lies outside the pages, lead to the page that includes it."""
    source[0] = source[0].replace("](../README.md", "](readme.md")


def _without_licence(_app: Sphinx, _file: Path, _page: str, source: list[str]) -> None:
    """Take the link to the licence's file out of the README: it is no page."""
    source[0] = source[0].replace("[LICENSE](LICENSE)", "LICENSE")


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("source-read", _as_in_the_help)
    app.connect("include-read", _without_licence)
