"""Files with faults: each fault is told with file, line, field, value and remedy, and stops nothing else."""

from pathlib import Path

import pytest

from vantage_scheme.adapters.document import parse_document, read_document
from vantage_scheme.domain.camera_entry import CameraEntry
from vantage_scheme.domain.plan import Entries
from vantage_scheme.domain.problem import Problem
from vantage_scheme.domain.reading import read_cameras, read_rules
from vantage_scheme.domain.rule_entry import RuleEntry, misplaced
from vantage_scheme.errors import Unreadable

CAMERAS = """\
cameras:
  - id: one
    name: The first
    source: {url: "rtsp://127.0.0.1:8554/one"}
    place: {latitude: 22.1, longitude: 113.5}
  - id: two
    name: The second
    source: {url: "rtsp://127.0.0.1:8554/two"}
    place: {latitude: 22.1, longitude: 113.5}
    zones:
      - id: gate
        polygon:
          - [0, 0]
          - [1, 0]
          - [1, 1]
"""
RULES = """\
rules:
  - id: gate
    name: Somebody at the gate
    cameras: [two]
    when: {type: intrusion, zone: gate, labels: [person], lasting: 2s}
"""
CALIBRATION = "{homography: [1, 2, 3, 4, 5, 6, 7, 8, 9], residual_m: 0.1, region: [[0, 0], [1, 0], [1, 1]]}"
ZONES = {"hk1.one": frozenset[str](), "hk1.two": frozenset({"gate"})}


def cameras(text: str) -> tuple[Entries[CameraEntry], list[Problem]]:
    return read_cameras(parse_document("cameras.yaml", text))


def rules(text: str) -> tuple[Entries[RuleEntry], list[Problem]]:
    return read_rules(parse_document("rules.yaml", text), lambda entry: misplaced(entry, "hk1", ZONES))


def only(found: list[Problem]) -> Problem:
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


class TestGoodFiles:
    def test_the_examples_have_no_fault(self, cameras_file: Path, rules_file: Path) -> None:
        entries, problems = read_cameras(read_document(cameras_file))
        assert [entry.id for entry in entries.good] == ["queens-road-17", "pier-9"]
        assert problems == []
        assert read_rules(read_document(rules_file), lambda _: None)[1] == []

    def test_a_polygon_becomes_frame_units(self) -> None:
        camera = cameras(CAMERAS)[0].good[1].camera("hk1", "recording")
        assert camera.zones[0].polygon == [(0, 0), (65535, 0), (65535, 65535)]

    def test_a_duration_becomes_microseconds_and_a_score_255ths(self) -> None:
        condition = rules(RULES)[0].good[0].rule("hk1").condition
        assert (condition.minimum_us, condition.score) == (2_000_000, 128)


class TestOneFault:
    @pytest.mark.parametrize(
        ("old", "new", "line", "field", "says"),
        [
            ("latitude: 22.1, longitude: 113.5}\n    zones", "latitude: 122, longitude: 113.5}\n    zones", 9,
             "place.latitude", "122 is too large; it must be at most 90"),
            ('"rtsp://127.0.0.1:8554/two"', '"http://127.0.0.1/two"', 8, "source.url", "is not an RTSP address"),
            ("    name: The second\n", "", 6, "name", "is missing; add it"),
            ("name: The second", "title: The second", 7, "title", "is not a field here"),
            ("name: The second", "name: 2", 7, "name", "2 is not a text; put it in quotes"),
            ("- [1, 0]", "- [1.5, 0]", 14, "zones[0].polygon[1][0]", "1.5 is too large"),
            ("          - [1, 1]\n", "", 12, "zones[0].polygon", "give at least 3"),
            ("          - [1, 1]\n", "          - [0.5, 0]\n", 12, "zones[0].polygon", "encloses no area"),
            ("- [1, 1]", "- [0, 1]\n          - [1, 1]", 12, "zones[0].polygon", "crosses itself"),
            ("name: The second", "name: The second\n    fragment_seconds: 20", 8, "fragment_seconds", "at most 10"),
            ("name: The second", "name: The second\n    wanted: off", 8, "wanted", "write 'recording' or 'paused'"),
            ("name: The second", "name: B\n    papers: {authority: {reference: x, expires_at: soon}}", 8,
             "papers.authority.expires_at", "'soon' is not a time; write it as 2027-12-31"),
            ("name: The second", "name: B\n    papers: {authority: {reference: x, expires_at: 2027-01-01 10:00:00}}", 8,
             "papers.authority.expires_at", "has no offset from UTC"),
            ("name: The second", "name: B\n    papers: {authority: {reference: x, expires_at: 9999-12-31T23:00-08}}", 8,
             "papers.authority.expires_at", "write a time between 1970 and 9998"),
            ("name: The second", "name: B\n    papers: {notice_posted: soon}", 8, "papers.notice_posted",
             "'soon' is not a day; write it as 2026-01-10"),
            ("name: The second", "name: B\n    papers: {notice_posted: 2026-01-10T10:00:00Z}", 8,
             "papers.notice_posted", "is not a day"),
            ("name: The second", f"name: B\n    calibration: {CALIBRATION.replace('9', '.nan')}", 8,
             "calibration.homography[8]", "is not a finite number"),
            ("name: The second", f"name: B\n    calibration: {CALIBRATION.replace('0.1', '.inf')}", 8,
             "calibration.residual_m", "is not a finite number"),
        ],
    )  # fmt: skip
    def test_names_line_field_value_and_remedy(self, old: str, new: str, line: int, field: str, says: str) -> None:
        assert old in CAMERAS
        entries, found = cameras(CAMERAS.replace(old, new))
        problem = only([one for one in found if one.field.endswith(field)])
        assert (problem.file, problem.line, problem.field) == ("cameras.yaml", line, f"cameras[1] (two) {field}")
        assert says in str(problem)
        assert [entry.id for entry in entries.good] == ["one"]
        assert entries.bad_ids == {"two"}

    def test_a_password_in_an_address_is_refused_and_not_shown(self) -> None:
        entries, found = cameras(CAMERAS.replace("rtsp://127.0.0.1:8554/two", "rtsp://root:hush@127.0.0.1:8554/two"))
        assert "hush" not in str(only(found))
        assert "`credential`" in str(only(found))
        assert len(entries.good) == 1

    def test_an_id_that_is_there_twice_is_refused(self) -> None:
        entries, found = cameras(CAMERAS.replace("id: two", "id: one"))
        assert (only(found).line, only(found).wrong) == (6, "is there twice")
        assert [entry.name for entry in entries.good] == ["The first"]

    def test_an_id_that_cannot_be_read_is_remembered_as_such(self) -> None:
        assert cameras(CAMERAS.replace("id: two", "id: The Second"))[0].unreadable_ids
        assert cameras(CAMERAS.replace("id: two", "id: 2"))[0].unreadable_ids
        assert not cameras(CAMERAS.replace("longitude: 113.5", "longitude: east"))[0].unreadable_ids

    def test_a_zone_twice_on_a_camera_is_refused(self) -> None:
        twice = CAMERAS + "      - id: gate\n        polygon: [[0, 0], [1, 0], [1, 1]]\n"
        assert "zone 'gate' twice" in str(only(cameras(twice)[1]))


class TestRules:
    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [
            ("zone: gate", "zone: door", "names zone 'door', which camera 'hk1.two' does not have"),
            ("cameras: [two]", "cameras: [three]", "names camera 'hk1.three', which is not in the camera file"),
            ("cameras: [two]", "cameras: [hk1.one]", "names zone 'gate', which camera 'hk1.one' does not have"),
            ("cameras: [two]", "cameras: []", "give at least 1"),
            ("type: intrusion", "type: loitering", "has the type loitering, which is not known"),
            ("lasting: 2s", "lasting: 2", "2 is not a duration with its unit; write it as 500ms, 2s"),
            ("lasting: 2s", "lasting: " + "9" * 400 + "h", "is not a duration with its unit"),
            ("{type: intrusion, zone: gate, labels: [person], lasting: 2s}", "soon", "is not a group of fields"),
            ("labels: [person]", "labels: [Person]", "'Person' has characters that are not allowed"),
        ],
    )
    def test_a_faulty_rule_says_why(self, old: str, new: str, says: str) -> None:
        entries, found = rules(RULES.replace(old, new))
        assert says in str(only(found))
        assert entries.good == ()
        assert entries.bad_ids == {"gate"}

    def test_a_rule_for_all_cameras_needs_its_zone_on_one(self) -> None:
        assert rules(RULES.replace("[two]", '["*"]'))[1] == []
        assert "which no camera has" in str(
            only(rules(RULES.replace("[two]", '["*"]').replace("zone: gate", "zone: x"))[1])
        )


class TestWholeFiles:
    @pytest.mark.parametrize(
        ("text", "line", "says"),
        [
            ("cameras:\n  - id: [\n", 3, "expected the node content"),
            ("cameras:\n  - id: one\n    id: two\n", 3, "'id' is there twice"),
            ("cameras:\n\t- id: one\n", 2, "cannot start any token"),
            ("cameras:\n  - id: one\n\0\0\0", 3, "holds the character 0x0000"),
            ("cameras: " + "[" * 9000 + "]" * 9000, 1, "recursion"),
        ],
    )
    def test_what_is_no_yaml_says_the_line(self, text: str, line: int, says: str) -> None:
        with pytest.raises(Unreadable) as caught:
            parse_document("cameras.yaml", text)
        assert caught.value.problem.line == line
        assert says in str(caught.value)

    @pytest.mark.parametrize(
        "text", ["", "cameras: none\n", "- id: one\n", "cams:\n  - id: one\n", "cameras: []\nx: 1\n"]
    )
    def test_what_is_no_camera_file_retires_nothing(self, text: str) -> None:
        entries, found = cameras(text)
        assert entries.unreadable_ids
        assert "cameras.yaml" in str(only(found))

    def test_a_missing_file_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(Unreadable, match="No such file"):
            read_document(tmp_path / "nowhere.yaml")
