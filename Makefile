# The commands of the project. Needs Python 3.11 or newer and make, nothing else.
#
# ARGS is handed to the command behind a target: make test ARGS="tests/unit -x".

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install run demo test check fault bench lock clean

help: ## List the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

install: $(READY) ## Make the virtual environment with the locked packages

run: $(READY) ## Start broker, worker, API and page; Ctrl-C stops them
	@$(BIN)/factory run $(ARGS)

demo: $(READY) ## Run a governed five-task workflow from end to end
	@$(BIN)/factory demo $(ARGS)

test: $(READY) ## Run all tests, on a Kafka broker of their own
	@$(BIN)/pytest $(ARGS)

check: $(READY) ## Format, lint, types, and the tests that need no broker
	$(BIN)/ruff format --check .
	$(BIN)/ruff check --no-cache .
	$(BIN)/mypy
	$(BIN)/pytest $(wildcard tests/unit tests/golden tests/architecture) $(ARGS)

fault: $(READY) ## Break the running system in every way we know and count what was lost
	$(BIN)/pytest -m fault
	$(BIN)/python -m tests.fault.run $(ARGS)

bench: $(READY) ## Measure workflows a second, latency and CPU
	@$(BIN)/factory bench workflows $(ARGS)

lock: $(READY) ## Renew requirements.lock from pyproject.toml, with hashes
	@$(BIN)/python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb")); \
	  print("\n".join(p["dependency-groups"]["dev"] + p["build-system"]["requires"]))' \
	| $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	  --output-file requirements.lock $(ARGS) pyproject.toml -

clean: ## Stop the broker, delete its data, the environment and what tools leave behind
	@if [ -x $(BIN)/factory ]; then $(BIN)/factory kafka stop; fi
	rm -rf .local build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis $(VENV)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is no Python 3.11 or newer: run make PYTHON=python3.12 (or another) instead." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot make a virtual environment: install its venv module (python3-venv)." >&2; exit 1; }
	@echo "Installing the locked packages into $(VENV)" >&2
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@# Without the warnings of setuptools about editable installs as such.
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
