"""Each topic's file, struct, schema and examples say the same thing."""

import json
import re

import jsonschema
import msgspec
import pytest

from schema_tools.generate import json_schema
from schema_tools.source import REPOSITORY, TopicSource, read_topics
from vantage.contracts import Undecodable, decode, encode
from vantage.contracts.registry import CONTRACTS
from vantage.topics import TOPICS, wanted

SOURCES = read_topics()
EXAMPLES = [
    pytest.param(topic, example.value, id=f"{topic.topic}: {example.name}")
    for topic in SOURCES
    for example in topic.examples
]


def test_every_contract_has_a_file_and_every_file_a_contract() -> None:
    assert {source.topic for source in SOURCES} == set(CONTRACTS)


@pytest.mark.parametrize("topic", SOURCES, ids=lambda topic: topic.topic)
def test_a_topic_shows_at_least_two_different_examples(topic: TopicSource) -> None:
    assert len({json.dumps(example.value) for example in topic.examples}) >= 2


@pytest.mark.parametrize(("topic", "value"), EXAMPLES)
class TestExamples:
    def test_decodes_into_the_struct_and_back_without_loss(self, topic: TopicSource, value: dict[str, object]) -> None:
        message = decode(topic.topic, json.dumps(value).encode())
        assert decode(topic.topic, encode(message)) == message

    def test_holds_by_the_json_schema(self, topic: TopicSource, value: dict[str, object]) -> None:
        jsonschema.Draft202012Validator(json_schema(topic)).validate(value)

    def test_what_the_struct_writes_holds_by_the_json_schema(
        self, topic: TopicSource, value: dict[str, object]
    ) -> None:
        written = json.loads(encode(decode(topic.topic, json.dumps(value).encode())))
        jsonschema.Draft202012Validator(json_schema(topic)).validate(written)

    def test_has_no_field_that_the_struct_does_not_know(self, topic: TopicSource, value: dict[str, object]) -> None:
        assert set(value) <= {field.encode_name for field in msgspec.structs.fields(CONTRACTS[topic.topic])}

    def test_a_reader_ignores_a_field_that_a_newer_writer_added(
        self, topic: TopicSource, value: dict[str, object]
    ) -> None:
        newer = json.dumps(value | {"added_later": 1}).encode()
        assert decode(topic.topic, newer) == decode(topic.topic, json.dumps(value).encode())

    @pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'"text"', b"\xff\xfe"])
    def test_other_bytes_are_refused_by_name(self, topic: TopicSource, value: dict[str, object], broken: bytes) -> None:
        with pytest.raises(Undecodable, match=topic.topic):
            decode(topic.topic, broken)


class TestTopicTable:
    def test_every_topic_has_a_dead_letter_topic(self) -> None:
        names = set(wanted(4))
        assert {name + ".dlq" for name in TOPICS if name != "dlq"} <= names

    def test_joined_topics_have_equal_partition_counts(self) -> None:
        counts = {name: count for name, (count, _) in wanted(7).items()}
        assert {counts[name] for name, topic in TOPICS.items() if topic.partitions == "joined"} == {7}

    def test_alerts_have_one_partition_so_that_an_offset_is_a_cursor(self) -> None:
        assert wanted(128)["alerts.v1"][0] == 1

    def test_retention_is_in_milliseconds(self) -> None:
        assert TOPICS["fragments.v1"].config()["retention.ms"] == str(3_600_000)

    def test_a_topic_without_a_contract_is_named(self) -> None:
        with pytest.raises(LookupError, match=r"nobody\.v1"):
            decode("nobody.v1", b"{}")


def test_no_field_or_label_identifies_a_person() -> None:
    """Public places only: there is no field for a face, a plate, a gait, a voice, or a person across cameras."""
    forbidden = ("face", "plate", "gait", "voice", "embedding", "reid", "identity", "biometric")
    text = " ".join(path.read_text().lower() for path in (REPOSITORY / "schemas").glob("*.schema.json"))
    names = set(re.findall(r'"([a-z0-9_]+)":', text))
    assert not [name for name in names for word in forbidden if word in name]
