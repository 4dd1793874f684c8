"""`python -m vantage_ingest`: how the supervisor starts its workers, whatever the console script is called."""

from vantage_ingest.main import main

main()
