# Two commands set everything up on a fresh machine: `make demo` runs the main job, `make test` the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1
# the tests must not reach for a proxy or a browser that is not theirs
export PYTHONHASHSEED ?= 0

.PHONY: help demo test check unit check-full check-load check-fuzz check-statistics check-advisories bench system clean
.DEFAULT_GOAL := help

help:  ## show what each command does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 20

$(VENV)/.ready: pyproject.toml constraints.txt src/igw_audit/_version.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "igw-audit needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python could not make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=24'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,postgres,serve]'
	@touch $@

demo: $(VENV)/.ready  ## train, audit, register and gate the three synthetic pilots (under 3 minutes)
	$(BIN)/igw-audit demo

test: system check unit  ## everything that must hold before a change lands

check: $(VENV)/.ready  ## format, lint, types, import rules, security lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src

unit: $(VENV)/.ready  ## the tests, doctests included, without the slow simulations
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m 'not statistics and not slow'

check-full: check-statistics check-load check-fuzz bench  ## all that is slow: simulations, load on a server, frames of every kind, speed (scheduled)

check-advisories: $(VENV)/.ready  ## compare what is installed with a source of advisories (see docs/how-to/check-dependencies.md)
	@$(BIN)/python -c 'import pip_audit' 2>/dev/null || $(BIN)/python -m pip install --quiet 'pip-audit>=2.9,<3'
	$(BIN)/python -m pip_audit --strict --skip-editable

check-load: $(VENV)/.ready  ## a quarter of an hour of many clients at once, some killed, on both databases
	$(BIN)/python -m pytest tests/plugin -m slow

check-fuzz: $(VENV)/.ready  ## a hundred thousand frames of every kind: audited or refused in words (an hour)
	$(BIN)/python -m pytest tests/intake/test_frames_of_every_kind.py -m slow

check-statistics: $(VENV)/.ready  ## the slow simulations of what the statistics promise (scheduled)
	$(BIN)/python -m pytest -n 2 -m statistics
	$(BIN)/python benchmarks/check_statistics.py

bench: $(VENV)/.ready  ## measure speed and memory against what one would use instead
	$(BIN)/python benchmarks/group_metrics.py
	$(BIN)/python benchmarks/proxy_use.py
	$(BIN)/python benchmarks/evidence.py
	$(BIN)/python benchmarks/intake.py

# Chromium and pdftotext look at the pages as a reader does, PostgreSQL holds a team's registry in the tests; everything
# else is a Python package.
system:
	@missing=; \
	command -v chromium >/dev/null 2>&1 || missing="$$missing chromium"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	command -v pdftotext >/dev/null 2>&1 || missing="$$missing poppler-utils"; \
	if [ -n "$$missing" ]; then \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq $$missing >/dev/null; \
	fi

clean:  ## remove the environment and what the tools left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
