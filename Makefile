# Two commands matter: `make run` and `make test`. Each sets up whatever is missing; a second call does nothing twice.
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
HOST ?= 127.0.0.1
DATA_DIR ?= $(CURDIR)/var
BIN := .venv/bin
export PORT HOST DATA_DIR
# Some machines forbid Python to keep what it compiled; every process of site and tests would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DJANGO_SETTINGS_MODULE := webapp.settings

.PHONY: help setup setup-dev run stop test check bench clean prerequisites weights

help:
	@echo "make run     set up everything, load the demo study, start web and worker on http://$(HOST):$(PORT)"
	@echo "make test    set up everything and run every test, browser tests included"
	@echo "make check   only the static checks: ruff, mypy, architecture"
	@echo "make bench   print every speed figure"
	@echo "make stop    stop what make run started; make clean removes everything that make created"

prerequisites:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "Python 3.11 is needed; install it or say where it is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@command -v node >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
		|| { echo "Node 20 or newer is needed; install it so that 'node' is found." >&2; exit 1; }

.venv/bin/python: | prerequisites
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt constraints.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@

node_modules/installed: package.json package-lock.json frontend/vendor.mjs | prerequisites
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	npm run --silent vendor
	@touch $@

weights: .venv/installed
	@$(BIN)/python -m emotion weights install

setup: .venv/installed node_modules/installed weights

setup-dev: setup .venv/installed-dev

run: setup
	@$(BIN)/python -m webapp.run

stop:
	@$(BIN)/python -m webapp.run stop

test: setup-dev
	@$(BIN)/python -m tests.browser.install
	@$(BIN)/python -m tests.services
	npm test --silent
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

check: setup-dev
	$(BIN)/python -m pytest -q tests/test_checks.py tests/test_architecture.py

bench: setup-dev
	$(BIN)/python -m benchmarks $(ARGS)

clean: 
	@test ! -x $(BIN)/python || $(BIN)/python -m webapp.run stop
	rm -rf .venv node_modules frontend/static/vendor emotion/installed_weights .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Studies and recordings under $(DATA_DIR) were kept; delete that folder yourself if nobody needs it."
