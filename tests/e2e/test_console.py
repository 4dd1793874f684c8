"""The console in a real browser, on the running thread."""

import json
import shutil
from pathlib import Path

import pytest

from vantage.client import StreamedAlert
from vantage_stack.console import browse
from vantage_stack.thread import Thread

CAMERA = "hk1.crossing-1"


@pytest.fixture
def browser() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("needs chromium on the PATH: a real browser")
    return found


def test_a_person_signs_in_sees_an_alert_and_looks_at_a_camera(
    running: Thread, received: list[StreamedAlert], browser: str, tmp_path: Path
) -> None:
    picture = tmp_path / "console.png"
    told = {
        "ORIGIN": running.stack.api_origin,
        "ACCOUNT": "operator",
        "PASSWORD": running.stack.oidc.accounts["operator"],
        "ADDRESS": f"#/live/{CAMERA}?purpose=crowd-management",
        "PICTURE": str(picture),
        "BROWSER": browser,
    }
    seen = json.loads(browse(running.stack.cache, told).splitlines()[-1])
    assert seen["errors"] == []
    assert seen["alert"].startswith(("Somebody is on the crossing", "2 people or more"))
    assert seen["link"] == "alerts are live"
    assert seen["video"] == {"width": 640, "height": 272}
    assert seen["shown"] == f"{CAMERA}, live, for crowd-management"
    assert "code=" not in seen["address"]
    assert seen["kept"] == {"session": 0, "local": 0, "cookies": ""}
    assert picture.stat().st_size > 10_000
