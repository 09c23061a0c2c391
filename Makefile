# Everything sets itself up: `make demo` shows the whole way, `make test` proves it. See README.md.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 4

.PHONY: bench-mutation bench-portal help everything setup system node database browser demo test test-all check bench bench-issuing bench-gradebook lab lock translations format clean

help:
	@echo "make demo      sample courses, simulated learners, grading, credentials, verification (about 5 minutes)"
	@echo "make test      all tests, with the npm verifiers"
	@echo "make test-all  the same and the thorough ones, with more examples of every property"
	@echo "make check     formatter, linter, types, import contracts, quick tests"
	@echo "make bench     speed, as ratios against peers run side by side"
	@echo "make bench-issuing  the same for signing and verifying credentials"
	@echo "make bench-gradebook  the same for reading a gradebook of 10,000 learners (about half an hour, most of it nbgrader export's)"
	@echo "make bench-portal   how fast the portal answers with 100,000 credentials (about 15 minutes)"
	@echo "make bench-mutation the same for mutation testing of a course's tests"
	@echo "make translations  gather the texts of the pages, and say which have no Filipino"
	@echo "make lab       JupyterLab for this site (PATUNAY_COURSE=... chooses the course)"

setup:
	@PYTHON="$(PYTHON)" scripts/setup.sh python

everything:
	@PYTHON="$(PYTHON)" scripts/setup.sh all

system:
	@scripts/setup.sh sandbox

node:
	@scripts/setup.sh node

database:
	@scripts/setup.sh database

browser:
	@scripts/setup.sh browser

demo: setup system
	@$(BIN)/patunay demo --learners 12

test: everything
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not thorough"

test-all: everything
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --hypothesis-profile search

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q -n auto --dist loadfile --no-loadscope-reorder --hypothesis-profile quick -m "not slow and not thorough"

bench: setup system
	@$(BIN)/python -m benchmarks.grading

bench-issuing: setup node
	@$(BIN)/python -m benchmarks.issuing
	@$(BIN)/python -m benchmarks.batches

bench-gradebook: setup database
	@$(BIN)/python -m benchmarks.gradebook

bench-portal: setup database
	@$(BIN)/python -m benchmarks.portal

bench-mutation: setup system
	@$(BIN)/python -m benchmarks.mutation

lab: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" JUPYTER_CONFIG_PATH="$(CURDIR)" jupyter lab

translations: setup
	@$(BIN)/python scripts/translations.py

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# The lock names tested versions with their hashes, and no address.
lock: setup
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements.lock

clean:
	rm -rf $(VENV) tests/node/node_modules .mypy_cache .ruff_cache .pytest_cache
