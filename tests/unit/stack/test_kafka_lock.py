"""Kafka's jars: exactly those of the lock, or none."""

import hashlib
from pathlib import Path

import pytest
from jgo.maven import MavenContext

from vantage_stack.errors import PinBroken
from vantage_stack.kafka.jars import download
from vantage_stack.kafka.lock import Jar, maven_at, read_lock

NOTHING_SAID = lambda _: None  # noqa: E731


@pytest.fixture
def maven(tmp_path: Path) -> MavenContext:
    """A repository that has one jar already, so that nothing is downloaded."""
    repository = tmp_path / "repository"
    (repository / "org" / "thing" / "thing" / "1").mkdir(parents=True)
    (repository / "org" / "thing" / "thing" / "1" / "thing-1.jar").write_bytes(b"a jar")
    return maven_at(repository)


class TestDigest:
    def test_the_right_bytes_are_taken(self, tmp_path: Path, maven: MavenContext) -> None:
        jar = Jar("org.thing:thing:1", hashlib.sha256(b"a jar").hexdigest())
        (tmp_path / "jars").mkdir()
        download([jar], Path(maven.repo_cache), tmp_path / "jars", NOTHING_SAID)
        assert (tmp_path / "jars" / "thing-1.jar").read_bytes() == b"a jar"

    def test_other_bytes_are_refused_and_removed(self, tmp_path: Path, maven: MavenContext) -> None:
        jar = Jar("org.thing:thing:1", "0" * 64)
        (tmp_path / "jars").mkdir()
        with pytest.raises(PinBroken, match="the lock says 0000"):
            download([jar], Path(maven.repo_cache), tmp_path / "jars", NOTHING_SAID)
        assert not list(tmp_path.rglob("*.jar"))


class TestLock:
    def test_names_the_broker_and_each_jar_once_with_its_digest(self) -> None:
        jars = read_lock()
        assert "org.apache.kafka:kafka_2.13:4.3.1" in {jar.coordinate for jar in jars}
        assert len({jar.file for jar in jars}) == len(jars)
        assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in jars)

    def test_parts_of_kafka_are_of_one_version(self) -> None:
        versions = {
            jar.coordinate.rpartition(":")[2] for jar in read_lock() if jar.coordinate.startswith("org.apache.kafka:")
        }
        assert versions == {"4.3.1"}
