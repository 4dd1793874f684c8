"""The guide's examples hold: what it shows can be published, and every field it should name it names."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from vantage_scheme.adapters.document import parse_document
from vantage_scheme.domain.camera_entry import CameraEntry
from vantage_scheme.domain.plan import zones_of
from vantage_scheme.domain.reading import read_cameras, read_rules
from vantage_scheme.domain.rule_entry import CrowdCountEntry, IntrusionEntry, RuleEntry, misplaced

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "guides" / "cameras.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


def test_its_files_have_no_fault_and_fit_together() -> None:
    camera_file, rules_file = (parse_document(f"example {number}", text) for number, text in enumerate(EXAMPLES))
    entries, problems = read_cameras(camera_file)
    assert problems == []
    zones = zones_of({f"hk1.{one.id}": one.camera("hk1", "recording") for one in entries.good})
    assert read_rules(rules_file, lambda entry: misplaced(entry, "hk1", zones))[1] == []


@pytest.mark.parametrize("model", [CameraEntry, RuleEntry, IntrusionEntry, CrowdCountEntry])
def test_it_names_every_field(model: type[BaseModel]) -> None:
    unnamed = [field for field in model.model_fields if not re.search(rf"`(\w+\.)?{field}[`.]", GUIDE)]
    assert unnamed == []
