"""The guide for subscribers is true: its program runs as it stands there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vantage_stack.process import ManagedProcess

if TYPE_CHECKING:
    from tests.integration.api.conftest import GatewayProcess, Until, World
    from vantage_stack.oidc.provider import OpenIdProvider

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "alerts.md"


def test_the_program_of_the_guide_prints_an_alert(
    gateway: GatewayProcess, world: World, oidc: OpenIdProvider, until: Until, tmp_path: Path
) -> None:
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found
    with gateway.client().alerts() as subscriber:
        cursor = subscriber.cursor
    world.alerts([world.alert("hk1.guide", title="Seen by the guide's program")])
    own = {
        "GATEWAY": gateway.address,
        "ISSUER": oidc.issuer,
        "CLIENT": "control-room",
        "SECRET": oidc.client_secret("control-room"),
        "AFTER": cursor,
    }
    log = tmp_path / "guide.log"
    program = ManagedProcess("guide", [sys.executable, "-c", found[1]], log=log, environment={**os.environ, **own})
    program.start()
    try:
        line = until(lambda: re.search(r"^\d+ raised moderate hk1\.guide .*", log.read_text(), re.MULTILINE), "a line")
    finally:
        program.stop()
    assert line[0].endswith("Seen by the guide's program")
