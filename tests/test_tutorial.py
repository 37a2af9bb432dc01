"""The tutorial is followed as it stands, and a promise that is not kept is found."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .script_modules import script

tutorial = script("tutorial")

PAGE = """\
# A page

```bash
echo "12 plots, TSS 0.31"
echo "A line   between"
echo "and the end of it: -0.02" >&2
```

Words.

```text expected
12 plots, TSS 0.30 ± 0.02
…the end of it: -0.03 ± 0.01
```

```python
no_command = True
```

```bash
qgis_process run x
```
"""


def test_commands_and_promises_are_read() -> None:
    first, second = tutorial.steps(PAGE)
    assert first.line == 3 and first.commands.startswith("echo") and first.commands.count("\n") == 3
    assert first.expected.splitlines()[1] == "…the end of it: -0.03 ± 0.01"
    assert (second.expected, second.needs_qgis, first.needs_qgis) == ("", True, False)
    with pytest.raises(tutorial.TutorialDiffers, match="no command stands before it"):
        tutorial.steps("```text expected\nx\n```\n")


@pytest.mark.parametrize(
    ("expected", "said", "met"),
    [("a 1.0", "a  1.0", True), ("a 1.0", "a 1.00", False), ("a 1.0 ± 0.1", "a 1.1", True),
     ("a 1.0 ± 0.1", "a 1.11", False), ("a 1 ± 0", "a 2", False), ("wrote … rasters", "wrote 3 new rasters", True),
     ("wrote …", "did not write", False), ("x | −0.2 ± 0.1 | y", "x | -0.3 | y", True), ("x", "x y", False),
     ("[2.5 ± 1, 3 ± 1]", "[3.4, 2.1]", True), ("1 ± 1, 9 ± 1", "1, 7", False), ("a.b", "aXb", False)],
)  # fmt: skip
def test_a_line_is_met_within_its_tolerance_only(expected: str, said: str, met: bool) -> None:
    assert tutorial.meets(expected, said) is met


def test_the_order_of_promises_counts() -> None:
    assert tutorial.difference("a\nb", "x\na\nb\n") is None
    assert tutorial.difference("b\na", "x\na\nb\n") == "a"
    assert tutorial.difference("a\na", "a\n") == "a"


def test_a_page_is_followed_in_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tutorial.follow(PAGE, tmp_path, with_qgis=False) == 1
    said = capsys.readouterr().out
    assert "| 12 plots, TSS 0.31" in said and "2 expected lines met" in said and "left out" in said
    # Files stay from one block to the next.
    both = "```bash\necho 7 > kept.txt\n```\n\n```bash\ncat kept.txt\n```\n\n```text expected\n7\n```\n"
    assert tutorial.follow(both, tmp_path) == 2


@pytest.mark.parametrize(
    ("block", "sentence"),
    [("```bash\necho 5\n```\n\n```text expected\n4 ± 0.5\n```\n", "What did not come: 4 ± 0.5"),
     ("```bash\nfalse\necho on\n```\n", "exit code 1"),
     ("```bash\nbotaclip no-such-command\n```\n", "there is no command 'no-such-command'")],
)  # fmt: skip
def test_a_difference_ends_it_with_exit_code_1(
    block: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(block, encoding="utf-8")
    assert tutorial.main(["--page", str(page), "--folder", str(tmp_path / "empty")]) == 1
    assert sentence in capsys.readouterr().err
    with pytest.raises(SystemExit):
        (tmp_path / "empty" / "x").touch()
        tutorial.main(["--page", str(page), "--folder", str(tmp_path / "empty")])


@pytest.mark.slow  # about a minute of training; make tutorial is the same
def test_the_tutorial_reaches_the_stated_result(tmp_path: Path) -> None:
    page = tutorial.PAGE.read_text(encoding="utf-8")
    found = tutorial.steps(page)
    assert len(found) >= 8 and sum(1 for step in found if step.expected) >= 6
    with_qgis = shutil.which("qgis_process") is not None
    assert tutorial.follow(page, tmp_path, with_qgis=with_qgis) == sum(
        1 for step in found if with_qgis or not step.needs_qgis
    )
