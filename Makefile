# Every target sets up what it needs. PORT is the demo's port, ARGS is handed on: make test ARGS="-k tags -n0".
PORT ?= 8000
BIN := .venv/bin
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--prerelease if-necessary-or-explicit --custom-compile-command "make lock" $(ARGS)

.PHONY: help setup demo test release check schema pages bench site lock clean
.DELETE_ON_ERROR:

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

setup: .venv/dev.done  ## everything that development needs, in .venv

demo: .venv/demo.done  ## the gateway with sample sources, on PORT (8000)
	$(BIN)/profile-gateway demo --port $(PORT) $(ARGS)

test: .venv/dev.done  ## the tests
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not release" $(ARGS)

release: .venv/dev.done  ## tests of the built wheel in empty environments
	$(BIN)/python -m pytest tests/deploy -m release $(ARGS)

check: .venv/dev.done  ## style, types, import rules, exported schema
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/profile-gateway schema --check schema.graphql

schema: .venv/dev.done  ## write schema.graphql and docs/export.schema.json
	$(BIN)/profile-gateway schema > .venv/schema.graphql
	mv .venv/schema.graphql schema.graphql
	$(BIN)/profile-gateway customer schema > .venv/export.schema.json
	mv .venv/export.schema.json docs/export.schema.json

pages: gateway/pages/web/node_modules/.package-lock.json  ## write gateway/pages/bundle; needs Node.js
	npm --prefix gateway/pages/web run --silent build

gateway/pages/web/node_modules/.package-lock.json: gateway/pages/web/package-lock.json
	npm --prefix gateway/pages/web ci --ignore-scripts --no-audit --no-fund

bench: .venv/dev.done  ## the benchmarks
	$(BIN)/python -m bench speed $(ARGS)

site: .venv/site.done  ## the docs as pages, in build/site
	$(BIN)/python scripts/site.py build/site

lock: .venv/dev.done  ## rewrite the locks after a change in pyproject.toml; ARGS=--upgrade takes newer versions
	$(COMPILE) pyproject.toml requirements/bootstrap.in --all-extras -o requirements/dev.txt
	$(COMPILE) requirements/bootstrap.in -c requirements/dev.txt -o requirements/bootstrap.txt
	$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt
	$(COMPILE) pyproject.toml -c requirements/dev.txt --extra embedded -o requirements/demo.txt
	$(COMPILE) requirements/site.in -c requirements/dev.txt -o requirements/site.txt

clean:  ## remove .venv and what tools left behind
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

.venv/%.done: requirements/%.txt requirements/bootstrap.txt pyproject.toml
	scripts/setup $*
