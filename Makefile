# Every target says in one sentence what it is for: `make help`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
export PYTHON
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
ARGS ?=
BIN := .venv/bin
RECIPE := pyproject.toml guard/pyproject.toml requirements-build.lock tools/install
SOURCES := src guard/src benchmarks tools
LINTED := $(wildcard src guard tests tools benchmarks examples)

.PHONY: help install serve test attack fuzz check fmt system-deps bench docs screenshots lock migration clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
		while IFS=$$'\t' read -r name sentence; do printf '  make %-12s %s\n' "$$name" "$$sentence"; done

install: .venv/.development ## Make the environment for working on Portero.

serve: .venv/.runtime ## Run Portero on http://127.0.0.1:8000 with its data in ./var (ARGS="--port 9000").
	@exec $(BIN)/portero serve $(ARGS)

test: install system-deps ## Run every test, against real PostgreSQL and Redis servers.
	@$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

attack: install system-deps ## Run every attack, also those on a production server of two workers.
	@$(BIN)/pytest -m "" -n $(JOBS) --dist worksteal tests/attack $(ARGS)

fuzz: .venv/.fuzz ## Try made-up requests and bytes for long (FUZZ_SEED, FUZZ_REQUESTS, FUZZ_SECONDS).
	@$(BIN)/python -m tests.fuzz $(ARGS)

check: install ## Check format, lint, types, architecture and the fast tests.
	@$(BIN)/ruff format --check --quiet $(LINTED)
	@$(BIN)/ruff check --quiet $(LINTED)
	@$(BIN)/lint-imports --no-logo importlinter.ini >.venv/.imports || { cat .venv/.imports; exit 1; }
	@$(BIN)/mypy --strict $(SOURCES)
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -k "not postgresql and not redis" tests/unit $(wildcard guard/tests) $(ARGS)

fmt: install ## Format the code and fix what the linter can fix.
	@$(BIN)/ruff check --fix --quiet $(LINTED) || true
	@$(BIN)/ruff format $(LINTED)

system-deps: ## Install the servers and the browser that the tests need (as root; else names the command).
	@tools/system-deps

bench: install ## Measure Portero on this machine; results go to benchmarks/results.
	@$(BIN)/python -m benchmarks $(ARGS)

docs: .venv/.docs ## Build the documentation into docs/_build/html.
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html docs docs/_build/html

screenshots: install system-deps ## Take pictures of every page, by day and night, into build/screenshots.
	@mkdir -p build/screenshots
	@PORTERO_SCREENSHOTS=$(CURDIR)/build/screenshots $(BIN)/pytest -n $(JOBS) --dist worksteal tests/browser/test_every_page.py $(ARGS)

lock: install ## Write the hash-pinned locks from pyproject.toml (UPGRADE=1 for the newest releases).
	@tools/lock

migration: install ## Write the next database revision from the tables in the code (NAME=lower_case_words).
	@PATH="$(BIN):$$PATH" $(BIN)/python tools/migration.py $(NAME)

clean: ## Remove the environment and all caches; ./var stays.
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis docs/_build

# A stamp is younger than what it was made from. The development lock holds all of the run-time one.
.venv/.runtime: requirements.lock $(RECIPE)
	@echo "portero: making the environment in .venv"
	@tools/install requirements.lock
	@touch $@

.venv/.development: requirements-dev.lock requirements.lock $(RECIPE)
	@echo "portero: making the development environment in .venv"
	@tools/install requirements-dev.lock
	@touch $@ .venv/.runtime

.venv/.docs: requirements-docs.lock .venv/.development
	@tools/install requirements-docs.lock
	@touch $@

.venv/.fuzz: requirements-fuzz.lock .venv/.development
	@tools/install requirements-fuzz.lock
	@touch $@
