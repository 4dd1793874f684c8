# The list of everything one can do here. `make help` prints it.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DISTS := sdk services/ingest services/detect services/storage services/alerts services/api services/scheme stack bench
LOCK := requirements/dev.lock

.PHONY: help setup lock lint format schemas test

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
