"""Where the help pages lie: built into the plugin's package, or by ``make docs`` into a checkout."""

from __future__ import annotations

from pathlib import Path

from botaclip.core.options import Command

ROOT = Path(__file__).resolve().parents[1]
# In a package, in a checkout.
FOLDERS = (ROOT / "help", ROOT / "build" / "docs")


def help_address(page: str = "index", anchor: str = "") -> str:
    """Return the address of a help page on this machine; empty where the pages are not at hand.

    Parameters
    ----------
    page
        Name of the page without its ending, such as ``"tutorial"``.
    anchor
        Heading on it, in lower case with hyphens.
    """
    for folder in FOLDERS:
        file = folder / f"{page}.html"
        if file.is_file():
            return file.as_uri() + (f"#{anchor}" if anchor else "")
    return ""


def help_of(command: Command) -> str:
    """Return the address of a command's part of the page of its group; empty where it is not at hand."""
    return help_address(f"commands/{command.group.lower().replace(' ', '-')}", command.name)
