# Koers. `make` alone prints what there is.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
# Compiled once, here: where Python may not write (PYTHONDONTWRITEBYTECODE, a folder of root's), each
# process would compile Dagster and dbt anew, which takes as long as importing them.
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
MINUTES ?= 30
.PHONY: help run up test check spark-test parity powerbi-check audit bench clients lock soak

help: ## What make can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

run: $(VENV)/.ready $(if $(filter spark,$(TARGET)),$(VENV)/.ready-spark) ## Set up, then one nightly run (TARGET=spark: on Apache Spark)
	@$(BIN)/koers run $(if $(TARGET),--target $(TARGET))

up: $(VENV)/.ready ## Set up, then the Dagster UI with schedule and sensors
	@$(BIN)/koers up

test: $(VENV)/.ready-dev ## Set up, then all tests
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

spark-test: $(VENV)/.ready-dev $(VENV)/.ready-spark ## Compare every fact of Spark with DuckDB's (needs Java 17)
	@KOERS_SPARK_TEST=1 $(BIN)/python -m pytest -p no:randomly -rs -s tests/spark

parity: $(VENV)/.ready-dev ## Compare every KPI with MetricFlow (after `make run`)
	@$(BIN)/python -m tests.parity $(KPI)

powerbi-check: $(VENV)/.ready-dev ## Check the Power BI project with other people's readers (docs/power-bi.md)
	@$(UV) --no-deps --target $(VENV)/powerbi -r tests/powerbi/requirements-tools.txt
	@PYTHONPATH=$(VENV)/powerbi $(BIN)/python -m pytest -rs tests/powerbi

check: $(VENV)/.ready-dev ## Lint, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -c pyproject.toml -r connectors pipelines
	@# Each with a baseline of its own, which the hook renews where lines moved; 1 is a secret.
	@git ls-files -z ':!.secrets.baseline' | xargs -0 -n 400 -P 2 sh -c 'b=$$(mktemp); cp .secrets.baseline $$b; \
	$(BIN)/detect-secrets-hook --no-verify --baseline $$b "$$@"; found=$$?; rm $$b; test $$found -ne 1' -
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project
	@KOERS_HOME=$(CURDIR)/$(VENV)/check $(BIN)/python -m pipelines.dbt > $(VENV)/check.log
	KOERS_HOME=$(CURDIR)/$(VENV)/check VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/dg check defs

soak: $(VENV)/.ready-dev ## Kill whole nightly runs and compare what is left (MINUTES=30)
	@$(BIN)/python -m tests.faults.soak --minutes $(MINUTES)

audit: $(VENV)/.ready ## Ask which locked packages have known faults (needs the internet)
	@test -x $(VENV)/audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)/audit \
	&& $(VENV)/audit/bin/pip install --quiet --disable-pip-version-check 'pip-audit>=2.10,<3'; }
	$(VENV)/audit/bin/pip-audit --require-hashes --disable-pip -r requirements.lock
	$(VENV)/audit/bin/pip-audit --require-hashes --disable-pip -r requirements-dev.lock

bench: $(VENV)/.ready-dev ## Measure beside baselines (ONLY=csv,night SIZE=full), renew docs/performance.md
	@$(BIN)/python -m benchmarks --only "$(ONLY)" --size $(or $(SIZE),small) --most $(or $(MOST),x100) --rounds $(or $(ROUNDS),3)

clients: $(VENV)/.ready-dev ## Try BI clients against a publication that is swapped under them
	@test -x $(VENV)/clients/bin/python || $(PYTHON) -m venv $(VENV)/clients
	@$(BIN)/uv pip install --quiet --python $(VENV)/clients/bin/python -r tests/publication/clients/requirements.txt
	@if command -v npm >/dev/null; then npm install --silent --no-save --prefix $(VENV)/clients @duckdb/node-api@1.5.6-r.1; \
	else echo "No npm here: Node's client is not tried."; fi
	@$(BIN)/python -m pytest -rs -s tests/publication/test_clients.py

lock: $(VENV)/.ready-dev ## Renew the lock files from pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra spark -c requirements-dev.lock pyproject.toml -o requirements-spark.lock
	printf 'setuptools>=80\nuv>=0.9\n' | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header -c requirements-dev.lock - -o requirements-setup.lock

$(VENV)/.setup: requirements-setup.lock
	@test -n "$(PYTHON)" || { echo "Koers needs Python 3.11 or newer; none was found on the PATH." >&2; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.ready: requirements.lock pyproject.toml $(VENV)/.setup
	@$(UV) --require-hashes -r $<
	@$(UV) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	@$(UV) --require-hashes -r $<
	@touch $@

$(VENV)/.ready-spark: requirements-spark.lock $(VENV)/.ready
	@echo "Installing Apache Spark (400 MB) ..."
	@$(UV) --require-hashes --no-build-isolation -r $<
	@touch $@
