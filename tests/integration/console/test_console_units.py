"""The console's own tests, and that it builds with its types in order."""

import re

from vantage_stack.cache import Cache
from vantage_stack.console import console_folder, unit_tests


def test_its_unit_tests_pass() -> None:
    said = unit_tests(Cache())
    assert re.search(r"^\S+ fail 0$", said, re.MULTILINE), said
    assert int(re.findall(r"^\S+ pass (\d+)$", said, re.MULTILINE)[0]) >= 8


def test_it_builds_into_files_that_load_nothing_from_elsewhere() -> None:
    folder = console_folder(Cache(), lambda _: None)
    page = (folder / "index.html").read_text()
    assert {path.name for path in folder.iterdir()} == {"index.html", "style.css", "main.js"}
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert "<script>" not in page
    assert " style=" not in page
