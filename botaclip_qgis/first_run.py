"""The page that sets up the worker's environment: what comes, how large it is and where to, then does it."""

from __future__ import annotations

from typing import Any

from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from botaclip.botaclip_qgis.algorithm_task import AlgorithmTask, is_working
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.setup_algorithm import qgis_proxy
from botaclip.core.managed_environment import environments, parent_folder
from botaclip.core.setup_environment import SIZES_MB
from botaclip.core.torch_build import automatic_build

RUN, TRAIN = "run", "train"


class FirstRunPage(QWidget):
    """Sets the environment up, or takes it away; needs neither internet nor a restart."""

    # The environment is there, or is gone.
    ready = pyqtSignal()
    removed = pyqtSignal()
    own_python_wanted = pyqtSignal()
    diagnostics_wanted = pyqtSignal()
    test_wanted = pyqtSignal()
    back_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.task: AlgorithmTask | None = None
        intro = QLabel(
            tr(
                "BotaCLIP computes in a Python of its own, in a separate process. QGIS's Python is never touched, and "
                "nothing is sent anywhere. Set it up once; QGIS need not be restarted."
            )
        )
        intro.setWordWrap(True)
        self._sets = QButtonGroup(self)
        self.sets: dict[str, QRadioButton] = {}
        box = QGroupBox(tr("What for?"))
        inner = QVBoxLayout(box)
        for name, text in (
            (RUN, tr("Maps and map clicks with ready models")), (TRAIN, tr("Also training models of my own")),
        ):  # fmt: skip
            button = QRadioButton(text)
            button.setObjectName(f"botaclip_set_{name}")
            self._sets.addButton(button)
            self.sets[name] = button
            inner.addWidget(button)
            button.toggled.connect(self._show_size)
        self.torch = QComboBox()
        self.torch.setObjectName("botaclip_torch")
        build, why = automatic_build(None)
        self._automatic = build
        suits = f"{build} ({why})" if why else build
        self.torch.addItem(tr("What suits this machine: {build}").format(build=suits), "auto")
        self.torch.addItem(tr("For the CPU"), "cpu")
        self.torch.addItem(tr("For an NVIDIA card (CUDA)"), "cuda")
        self.torch.currentIndexChanged.connect(self._show_size)
        caption = QLabel(tr("&PyTorch, for training"))
        caption.setBuddy(self.torch)
        self.torch.setAccessibleName(tr("Build of PyTorch"))
        self.torch_row = QWidget()
        form = QFormLayout(self.torch_row)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        form.addRow(caption, self.torch)
        inner.addWidget(self.torch_row)
        self.size = QLabel()
        self.size.setObjectName("botaclip_size")
        self.size.setWordWrap(True)
        self.size.setAccessibleName(tr("How much is fetched, and where it goes"))

        self.wheels = QgsFileWidget()
        self.wheels.setObjectName("botaclip_wheels")
        self.wheels.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.wheels.lineEdit().setPlaceholderText(tr("Only without internet"))
        self.wheels.lineEdit().setAccessibleName(tr("Folder of wheels"))
        wheels_caption = QLabel(tr("Install from a &folder of wheels"))
        wheels_caption.setBuddy(self.wheels)
        self.index = QLineEdit()
        self.index.setObjectName("botaclip_index_url")
        self.index.setAccessibleName(tr("Package index instead of PyPI"))
        self.index.setPlaceholderText(tr("https://… instead of PyPI"))
        index_caption = QLabel(tr("Package &index"))
        index_caption.setBuddy(self.index)
        other = QgsCollapsibleGroupBox(tr("Without internet, or from another index"))
        other.setObjectName("botaclip_source_box")
        other.setCollapsed(True)
        source = QFormLayout(other)
        source.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        source.addRow(wheels_caption, self.wheels)
        source.addRow(index_caption, self.index)
        self.proxy = QLabel()
        self.proxy.setObjectName("botaclip_proxy")
        self.proxy.setWordWrap(True)

        self.button = QPushButton(tr("Set up"))
        self.button.setObjectName("botaclip_set_up")
        self.button.setDefault(True)
        self.cancel_button = QPushButton(tr("Cancel"))
        self.cancel_button.setObjectName("botaclip_set_up_cancel")
        self.progress = QProgressBar()
        self.progress.setObjectName("botaclip_set_up_progress")
        self.progress.setRange(0, 1000)
        self.status = QLabel()
        self.status.setObjectName("botaclip_set_up_status")
        self.status.setWordWrap(True)
        self.log = QPlainTextEdit()
        self.log.setObjectName("botaclip_set_up_log")
        self.log.setAccessibleName(tr("Log of the set-up"))
        self.log.setReadOnly(True)
        self.log.setMinimumHeight(90)
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addWidget(self.cancel_button)
        row.addStretch(1)

        self.own_button = QPushButton(tr("Use a Python of my own…"))
        self.own_button.setObjectName("botaclip_own_python")
        self.remove_button = QPushButton(tr("Remove"))
        self.remove_button.setObjectName("botaclip_remove")
        self.remove_button.setToolTip(tr("Takes away the environment and all that was fetched for it."))
        self.copy_button = QPushButton(tr("Copy diagnostics"))
        self.copy_button.setObjectName("botaclip_diagnostics")
        self.copy_button.setToolTip(tr("Versions, devices, folders and the last error, to be pasted into a report."))
        self.test_button = QPushButton(tr("Test the devices"))
        self.test_button.setObjectName("botaclip_test_devices")
        self.test_button.setToolTip(
            tr("Runs a real tile on every device, compares it with the CPU, and says how long a map would take.")
        )
        self.back_button = QPushButton(tr("Back"))
        self.back_button.setObjectName("botaclip_set_up_back")
        others = QGridLayout()
        for number, widget in enumerate((self.own_button, self.copy_button, self.test_button, self.remove_button)):
            others.addWidget(widget, number // 2, number % 2)

        layout = QVBoxLayout(self)
        title = QLabel(f"<b>{tr('Set up BotaCLIP')}</b>")
        for widget in (title, intro, box, self.size, other, self.proxy):
            layout.addWidget(widget)
        layout.addLayout(row)
        for widget in (self.progress, self.status, self.log):
            layout.addWidget(widget)
        layout.addLayout(others)
        layout.addWidget(self.back_button)
        layout.addStretch(1)
        self.button.clicked.connect(self.begin)
        self.cancel_button.clicked.connect(self.cancel)
        self.remove_button.clicked.connect(self.remove)
        self.own_button.clicked.connect(lambda: self.own_python_wanted.emit())
        self.copy_button.clicked.connect(lambda: self.diagnostics_wanted.emit())
        self.test_button.clicked.connect(lambda: self.test_wanted.emit())
        self.back_button.clicked.connect(lambda: self.back_wanted.emit())
        self.sets[RUN].setChecked(True)
        self.refresh(needed=True)

    def refresh(self, *, needed: bool, packages: str = "") -> None:
        """Show what is there now.

        Parameters
        ----------
        needed
            Whether nothing can be done before the set-up: then there is no way back.
        packages
            ``train`` where training was asked for.
        """
        if packages:
            self.sets[packages].setChecked(True)
        self.back_button.setVisible(not needed)
        self.test_button.setVisible(not needed)
        self.remove_button.setVisible(bool(environments()))
        _, words = qgis_proxy()
        self.proxy.setText(words)
        self.proxy.setVisible(bool(words))
        self._show_running(self.task is not None)
        self._show_size()

    def begin(self) -> None:
        """Set up what was chosen; what was fetched before a cancel is not fetched again."""
        given: dict[str, Any] = {"PACKAGES": TRAIN if self.sets[TRAIN].isChecked() else RUN}
        if self.sets[TRAIN].isChecked():
            given["TORCH"] = self.torch.currentData()
        if str(self.wheels.filePath()).strip():
            given["WHEELS"] = str(self.wheels.filePath()).strip()
        if self.index.text().strip():
            given["INDEX_URL"] = self.index.text().strip()
        self._start(given, tr("Set up BotaCLIP"), self._on_set_up)

    def remove(self) -> None:
        """Take everything away again, after asking; whatever works there has to end first."""
        if is_working():
            self.status.setText(tr("Something is running: let it end, or cancel it, before its packages are removed."))
            return
        buttons = QMessageBox.StandardButton
        asked = tr("Remove the environment and all that was fetched for it? Set up makes it again.")
        if QMessageBox.question(self, "BotaCLIP", asked, buttons.Yes | buttons.No, buttons.No) != buttons.Yes:
            return
        self._start({"REMOVE": True}, tr("Remove BotaCLIP's environment"), self._on_removed)

    def cancel(self) -> None:
        """Stop the set-up."""
        if self.task is not None:
            self.status.setText(tr("Stopping…"))
            self.task.cancel()

    def _start(self, given: dict[str, Any], title: str, on_finished: Any) -> None:
        if self.task is not None:
            return
        self.log.clear()
        self._show_running(True)
        self.status.setText(tr("Beginning…"))
        task = AlgorithmTask("botaclip:setup", given, title=title)
        task.progressed.connect(self._on_progress)
        task.finished.connect(on_finished)
        self.task = task
        task.begin()

    def _on_progress(self, fraction: float, text: str) -> None:
        if fraction >= 0:
            self.progress.setValue(round(1000 * fraction))
        if text:
            self.status.setText(text)
        if self.task is not None:
            self._show_log(self.task)

    def _show_log(self, task: AlgorithmTask) -> None:
        text = "\n".join(task.lines)
        if text != self.log.toPlainText():
            self.log.setPlainText(text)
            self.log.verticalScrollBar().setValue(self.log.verticalScrollBar().maximum())

    def _on_set_up(self, fine: bool, _results: dict[str, Any]) -> None:
        self._end(fine, tr("BotaCLIP is set up."))
        if fine:
            self.ready.emit()

    def _on_removed(self, fine: bool, _results: dict[str, Any]) -> None:
        self._end(fine, tr("All of it was removed."))
        if fine:
            self.removed.emit()

    def _end(self, fine: bool, words: str) -> None:
        task, self.task = self.task, None
        if task is None:
            return
        self._show_log(task)
        self._show_running(False)
        if task.cancelled:
            words = tr("Stopped. What was fetched is kept: Set up goes on from there.")
        elif not fine:
            words = task.error
        self.status.setText(words)
        self.remove_button.setVisible(bool(environments()))

    def _show_running(self, running: bool) -> None:
        self.button.setEnabled(not running)
        self.remove_button.setEnabled(not running)
        self.cancel_button.setVisible(running)
        self.progress.setVisible(running)
        self.log.setVisible(running or bool(self.log.toPlainText()))
        if not running:
            self.progress.setValue(0)

    def _show_size(self, *_changed: Any) -> None:
        train = self.sets[TRAIN].isChecked()
        self.torch_row.setVisible(train)
        names = [RUN]
        if train:
            build = self.torch.currentData()
            names += [TRAIN, f"torch-{self._automatic if build == 'auto' else build}"]
        fetch, disk = (sum(SIZES_MB[name][index] for name in names) for index in (0, 1))
        self.size.setText(
            tr("About {fetch} MB to fetch and {disk} MB on disk, in {folder}").format(
                fetch=fetch, disk=disk, folder=parent_folder()
            )
        )
