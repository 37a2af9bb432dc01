"""The errors a user may meet: each says what was found, where, and what to do about it.

Standard library only: QGIS, the command line and the worker share this module.
"""

from __future__ import annotations


class BotaclipError(Exception):
    """Root of all worded errors; shown as one sentence, never as a traceback.

    Parameters
    ----------
    found
        What is wrong, in the user's words, naming the value that was met.
    where
        The file, layer, field or row it was met in; empty when ``found`` already says so.
    remedy
        What the user can do.
    """

    def __init__(self, found: str, *, where: str = "", remedy: str = "") -> None:
        self.found = found
        self.where = where
        self.remedy = remedy
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """The whole message on one line."""
        text = self.found.strip().rstrip(".")
        if self.where:
            text = f"{self.where}: {text}"
        if self.remedy:
            remedy = self.remedy.strip().rstrip(".")
            # A command keeps its case: it is there to be typed.
            start = remedy if remedy.startswith(("botaclip ", "-")) else remedy[:1].upper() + remedy[1:]
            text = f"{text}. {start}"
        return " ".join(text.split()) + "."


class OptionError(BotaclipError):
    """An option is missing, unknown or has a value outside what it allows."""


class NothingLeft(OptionError):
    """Extent and mask leave nothing of a raster to map."""


class RasterError(BotaclipError):
    """A raster cannot be opened, lacks a band or a CRS, or does not fit the model."""


class UnsupportedRaster(RasterError):
    """The worker's GDAL has no driver for the raster; another program's (QGIS's) may be able to export it."""


class ReleveError(BotaclipError):
    """A relevé or plots table cannot be read as what the options say it is."""


class CoverScaleError(ReleveError):
    """A cover value does not belong to the stated cover scale."""


class PairingError(BotaclipError):
    """Too few plots and image patches meet for the job to make sense."""


class LeakageError(BotaclipError):
    """Something would be scored on relevés that it has seen."""


class ModelFileError(BotaclipError):
    """A ``*.botaclip`` file is damaged, altered, hostile, too new, or made for other data."""


class EncoderError(BotaclipError):
    """An encoder is unknown, not at hand, or does not fit the raster."""


class DeviceError(BotaclipError):
    """The device that was asked for cannot be had, or computes something else than the CPU."""


class EnvironmentMissing(BotaclipError):
    """No Python environment that can run the worker was found, or a package is missing in it."""


class WorkerError(BotaclipError):
    """The worker process died, could not be started, or broke the protocol."""


class OutputError(BotaclipError):
    """An output cannot be written: it exists, its folder is not writable, or the disk is full."""


class Cancelled(BotaclipError):
    """The user asked to stop.

    Parameters
    ----------
    left
        What is left of what was begun, in words.
    """

    def __init__(self, left: str = "nothing unfinished is left") -> None:
        super().__init__("Cancelled")
        self.left = left
