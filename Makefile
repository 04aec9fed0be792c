# `make run` and `make test` are all that a fresh machine needs: Python 3.11+, make, a package registry.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

# All tests run two at once, a file by one process. What ARGS name runs in a single process, which starts sooner.
# Tests start the program many times, so it is compiled once, whatever the environment says of that.
ALL_TESTS := -n 2 --dist loadfile --no-loadscope-reorder
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

.PHONY: help install install-models install-dev run test check format lock clean

help:  ## Show what there is to do
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(VENV)/.installed  ## Install the app into .venv

install-models: $(VENV)/.installed-models  ## Install what hosted models need besides

install-dev: $(VENV)/.installed-dev  ## Install the app and what its tests need

run: install  ## Serve the demo shop on 127.0.0.1:8000 and print a question to paste
	@$(BIN)/python -m datus.api.server $(ARGS)

test: install-dev  ## Run every test, or with ARGS=tests/dates those named
	@$(PYTEST) $(or $(ARGS),$(ALL_TESTS))

check: install-dev  ## Format, lint, types, tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) $(ALL_TESTS)

format: install-dev  ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: install-dev  ## Write the lock files again from pyproject.toml
	$(PIP) install uv
	$(LOCK) --extra vectors --output-file requirements.lock
	$(LOCK) --extra vectors --extra models --constraint requirements.lock --output-file requirements-models.lock
	$(LOCK) --extra vectors --extra models --extra telemetry --extra dev --constraint requirements-models.lock --output-file requirements-dev.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"datus needs Python 3.11 or newer and found {v[0]}.{v[1]}: set PYTHON, as in: make run PYTHON=python3.12")'
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what requirements.lock pins (about half a minute) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/.installed-models: requirements-models.lock $(VENV)/.installed
	@echo "Installing what hosted models need ..."
	@$(PIP) install --require-hashes -r requirements-models.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

clean:  ## Remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
