"""`python -m vantage_stack.kafka`: write the lock of Kafka's jars anew."""

import sys
from pathlib import Path

from jgo.maven import Dependency

from vantage_stack.cache import Cache
from vantage_stack.kafka.lock import LOCK, Jar, maven_at, sha256_of

WANTED = (
    "org.apache.kafka:kafka_2.13:4.3.1",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",  # without a binding Kafka logs nothing
)


def resolve(repository: Path) -> list[Jar]:
    """What WANTED comes to today, with the digest of each jar as it was downloaded.

    Each is resolved by itself and the first one's versions win: together, jgo lets what one manages set the versions of
    the other.
    """
    maven = maven_at(repository)
    found: dict[str, Dependency] = {}
    for wanted in WANTED:
        inputs, transitive = maven.resolver.resolve([maven.create_dependency(wanted)])
        for jar in [*inputs, *transitive]:
            found.setdefault(f"{jar.groupId}:{jar.artifactId}", jar)
    return [Jar(f"{name}:{jar.version}", sha256_of(Path(jar.artifact.resolve()))) for name, jar in found.items()]


def main() -> None:
    """Write the lock."""
    with Cache().scratch("kafka") as scratch:
        jars = sorted(resolve(scratch), key=lambda jar: jar.coordinate)
    LOCK.write_text("".join(f"{jar.sha256}  {jar.coordinate}\n" for jar in jars))
    sys.stdout.write(f"{len(jars)} jars locked in {LOCK}\n")


if __name__ == "__main__":
    main()
