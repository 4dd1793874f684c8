#!/usr/bin/env bash
# Makes every lock anew: one for the workspace, one for each distribution that is deployed, all of the same versions.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-package vantage --no-emit-package vantage-stack \
    --no-emit-package vantage-ingest --no-emit-package vantage-storage --no-annotate "$@"; }
compile requirements/dev.in sdk/pyproject.toml stack/pyproject.toml bench/pyproject.toml services/*/pyproject.toml -o requirements/dev.lock
echo uv | compile - -c requirements/dev.lock -o requirements/tools.lock
for service in services/*; do
    compile "$service/pyproject.toml" sdk/pyproject.toml -c requirements/dev.lock -o "requirements/$(basename "$service").lock"
done
