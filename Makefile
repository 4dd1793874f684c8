# The list of everything one can do here. `make help` prints it.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DISTS := sdk services/ingest services/detect services/storage services/alerts services/api services/scheme services/keys stack bench
LOCK := requirements/dev.lock
# Processes that run tests, each with a stack of its own.
WORKERS ?= 2

.PHONY: help setup lock lint format schemas schemas-release fetch demo test test-all test-s3 bench bench-glass bench-ingest bench-spool bench-pictures bench-masks bench-storage bench-ledger bench-rescue bench-at-rest soak-ingest clean

help: ## print this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## make .venv from the hash-pinned lock (done by the other targets as needed)

$(VENV)/.ready: $(LOCK) requirements/tools.lock $(wildcard $(addsuffix /pyproject.toml,$(DISTS)))
	@echo "setup: making $(VENV) from $(LOCK)"
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "Vantage needs Python 3.11 or later, this is %d.%d: set PYTHON=path" % v[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/tools.lock
	@$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes $(LOCK)
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation $(addprefix -e ,$(wildcard $(DISTS)))
	@touch $@

lock: setup ## make the requirement locks anew (hashes, no addresses)
	@bash requirements/lock.sh

lint: setup ## formatting, lint, types, imports, schemas, and what the house forbids
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy sdk/src stack/src services/*/src bench/src schemas tests
	$(BIN)/lint-imports
	PYTHONPATH=schemas $(BIN)/python -m schema_tools check compatible
	bash .ci/house

format: setup ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: setup ## make the generated schemas anew
	PYTHONPATH=schemas $(BIN)/python -m schema_tools write

schemas-release: setup ## make today's schemas the ones that later changes are compared with
	PYTHONPATH=schemas $(BIN)/python -m schema_tools release

fetch: setup ## download and build the stack's third-party programs into the user's cache
	$(BIN)/vantage-stack fetch

demo: setup ## cameras, detection and alerts on real parts, until Ctrl-C (ONCE=1 ends by itself)
	$(BIN)/vantage-stack demo $(if $(ONCE),--once)

test: fetch ## unit, contract, integration on the real stack, one end-to-end test
	$(BIN)/pytest -n $(WORKERS) -m 'not slow' $(ARGS)

test-all: fetch ## every test, the slow ones as well
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

test-s3: export VANTAGE_STACK_STORE = $(or $(STORE),embedded)
test-s3: $(if $(filter external,$(STORE)),setup,fetch) ## what Vantage asks of an S3 store, as a table (STORE=embedded, minio, or external: docs/guides/object-stores.md)
	$(BIN)/pytest tests/contract/s3 $(if $(filter external,$(STORE)),,tests/contract/ports) $(ARGS)

bench: bench-glass bench-ingest bench-spool bench-pictures bench-masks bench-storage bench-ledger bench-rescue bench-at-rest ## every benchmark

bench-glass: fetch ## capture of the frame that caused an alert -> the alert received by a subscriber
	$(BIN)/python -m vantage_bench.glass

bench-ingest soak-ingest: export VANTAGE_BENCH_CAMERAS = $(CAMERAS)
bench-ingest soak-ingest: export VANTAGE_BENCH_SECONDS = $(SECONDS)
bench-ingest soak-ingest: export VANTAGE_BENCH_RATE = $(RATE)
bench-ingest soak-ingest: export VANTAGE_BENCH_KBIT = $(KBIT)
bench-ingest soak-ingest: export VANTAGE_BENCH_PEER = $(PEER)
bench-ingest soak-ingest: export VANTAGE_BENCH_MINUTES = $(MINUTES)
bench-ingest soak-ingest: export VANTAGE_BENCH_SEED = $(SEED)

bench-ingest: fetch ## what a camera costs on one core, beside PyAV and a peer (CAMERAS=n SECONDS=n KBIT=n RATE=n PEER=path of MediaMTX)
	$(BIN)/python -m vantage_bench.ingest

bench-spool: fetch ## what the way from a finished fragment to disk and store costs
	$(BIN)/python -m vantage_bench.spool

bench-pictures: setup ## what the way from pictures to a finished fragment costs
	$(BIN)/python -m vantage_bench.pictures

bench-masks: setup ## what it costs to burn masks in, and to look at a sample
	$(BIN)/python -m vantage_bench.masking

bench-storage: fetch ## what a camera-minute costs in the index, and how fast it is written, searched and erased
	$(BIN)/python -m vantage_bench.storage

bench-ledger: fetch ## counting the seconds of a day of 2,000 cameras again, and what that costs the index
	$(BIN)/python -m vantage_bench.storage_ledger

bench-rescue: fetch ## rebuilding what a node died with from live fragments, beside reading them
	$(BIN)/python -m vantage_bench.storage_rescue

bench-at-rest: fetch ## a put and a ranged get of a recording, encrypted and plain
	$(BIN)/python -m vantage_bench.at_rest

soak-ingest: fetch ## MINUTES=n of random faults: do the seconds add up, do memory and descriptors stay flat (CAMERAS=n SEED=n)
	$(BIN)/python -m vantage_bench.soak_ingest

clean: ## remove the virtual environment and the stack's state (the user's cache stays)
	rm -rf $(VENV) .stack
