"""What the index of a cell costs: bytes a camera-minute, recordings indexed a second, searches, and erasure by day.

Run it as `python -m vantage_bench.storage`. The object store and PostgreSQL are real and on this machine.
"""

from vantage.postgres import migrate
from vantage_bench import storage_erasure, storage_rows, storage_search
from vantage_bench.report import Figure, report
from vantage_bench.rig import say
from vantage_stack.stack import Stack
from vantage_storage.service import MIGRATIONS, SCHEMA


def main() -> None:
    """Run it and print the figures."""
    figures: dict[str, Figure] = {}
    with Stack("bench-storage") as stack:
        stack.require("postgres", "store")
        dsns, administrator = stack.postgres.dsns, stack.postgres.dsn
        migrate(dsns["storage"], SCHEMA, MIGRATIONS)
        say(f"indexing {storage_rows.MINUTES} minutes of {storage_rows.CAMERAS} cameras")
        figures |= storage_rows.measure(dsns["storage"], administrator)
        say(f"filling and searching {storage_search.DAYS} days")
        figures |= storage_search.measure(dsns["storage"], dsns["api"], administrator)
        say(f"erasing {storage_erasure.OBJECTS} objects, and as many once more without an index")
        figures |= storage_erasure.measure(stack)
    report("storage", figures)


if __name__ == "__main__":
    main()
