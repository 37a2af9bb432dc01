"""Commands that need no environment run in QGIS's own process, with what QGIS knows: its proxy, its versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from qgis.core import Qgis, QgsSettings
from qgis.PyQt.QtCore import QT_VERSION_STR, QLocale

from botaclip.botaclip_qgis.environment import python_setting
from botaclip.botaclip_qgis.i18n import tr
from botaclip.core.commands import COMMANDS
from botaclip.core.errors import BotaclipError, Cancelled
from botaclip.core.jobs import JOBS
from botaclip.core.last_error import remember_error
from botaclip.core.own_process import OwnProcess
from botaclip.core.progress import Progress

# What pip and urllib can use; the others need a module that they do not have.
_SCHEMES = {"HttpProxy": "http", "HttpCachingProxy": "http"}


class QgisProcess(OwnProcess):
    """Runs a job in this process; where the command has a proxy and none was given, it is QGIS's."""

    def __init__(self) -> None:
        super().__init__({**JOBS, "diagnostics": _diagnostics})

    def run(
        self,
        command: str,
        parameters: Mapping[str, Any],
        *,
        progress: Callable[[float, str, float | None], None] | None = None,
        log: Callable[[str, str], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> dict[str, Any]:
        """Run one job and return its outputs, as :meth:`OwnProcess.run`."""
        given = dict(parameters)
        if _fetches(command, given) and not given.get("proxy"):
            proxy, words = qgis_proxy()
            if proxy:
                given["proxy"] = proxy
            if words and log is not None:
                log("warning" if not proxy else "info", words)
        try:
            return super().run(command, given, progress=progress, log=log, is_cancelled=is_cancelled)
        except Cancelled:
            raise
        except BotaclipError as error:
            remember_error(error.sentence, self.diagnostics())
            raise


def qgis_versions() -> dict[str, str]:
    """Return what only QGIS knows of itself, for a diagnostics report."""
    return {"QGIS": Qgis.version(), "Qt": QT_VERSION_STR, "language": QLocale().name()}


def _diagnostics(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from botaclip.core import diagnostics  # not at the start of QGIS, which seldom needs it

    return diagnostics.report(parameters, progress, extra=qgis_versions(), setting=python_setting())


def _fetches(command: str, given: Mapping[str, Any]) -> bool:
    """Tell whether a run may fetch something, and knows a proxy."""
    has_proxy = any(option.key == "proxy" for option in COMMANDS[command].options)
    return has_proxy and given.get("action", "download") == "download"


def qgis_proxy() -> tuple[str, str]:
    """Return the address of the proxy in QGIS's settings (empty: none of its own), and words about it.

    The words hold no name and no password. The system's proxy, which QGIS uses by default, is found without us.
    """
    settings = QgsSettings()
    if not settings.value("proxy/proxyEnabled", False, bool):
        return "", ""
    kind = settings.value("proxy/proxyType", "", str)
    host, port = settings.value("proxy/proxyHost", "", str).strip(), settings.value("proxy/proxyPort", "", str).strip()
    if kind == "DefaultProxy" or not host:
        return "", ""
    if kind not in _SCHEMES:
        return "", tr(
            "QGIS's proxy is a {kind}, which cannot be used here; give another one, or fetch by hand."
        ).format(kind=kind)
    user, password = settings.value("proxy/proxyUser", "", str), settings.value("proxy/proxyPassword", "", str)
    name = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    place = f"{host}:{port}" if port else host
    words = tr("Fetching through QGIS's proxy {place}.").format(place=place)
    if not user and settings.value("proxy/authcfg", "", str):
        words += " " + tr("Its name and password are in QGIS's authentication store and are not handed on.")
    return f"{_SCHEMES[kind]}://{name + '@' if name else ''}{place}", words
