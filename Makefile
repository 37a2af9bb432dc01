# Two commands on a fresh machine: `make demo` and `make test`. The rest is for those who work on the code.
PYTHON ?= python3
SEED ?= 1
DATA ?=
ARGS ?=
VENV = .venv/bin/python

.PHONY: help setup demo test test-all lint docs tutorial package locks clean

help:  ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup:  ## QGIS (where it can be installed) and the private .venv
	@$(PYTHON) scripts/setup.py

demo:  ## the whole job through the real qgis_process, on a synthetic landscape (SEED=7: another) or DATA=folder
	@$(PYTHON) scripts/demo.py --seed $(SEED) $(if $(DATA),--data "$(DATA)")

test: lint  ## ruff, mypy and the test suite, real QGIS included; ARGS="-k lattice" for a part
	@$(VENV) -m pytest -m "not slow" $(ARGS)

test-all: lint  ## also the tests marked slow
	@$(VENV) -m pytest $(ARGS)

lint: setup  ## ruff and mypy
	@$(VENV) scripts/lint.py

docs: setup  ## the help pages, build/docs/index.html
	@$(VENV) scripts/help_pages.py

tutorial: setup  ## follow docs/tutorial.md literally and compare with what it states
	@$(VENV) scripts/tutorial.py

package: setup  ## dist/botaclip-<version>.zip from the last commit
	@$(VENV) scripts/package.py

locks: setup  ## resolve requirements/*.in anew into hash-pinned locks
	@$(VENV) scripts/locks.py

clean:  ## remove what was built (not .venv, not demo/)
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
