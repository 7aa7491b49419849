# Every target sets up what it needs: Python 3.11 or newer, make and the package registries do.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test unit check format bench docs browser clean

demo: $(VENV)/.installed  ## the 18-command bot, a Discord to run it on, and the page
	$(BIN)/changeover demo $(ARGS)

test: $(VENV)/.dev browser  ## everything
	$(BIN)/pytest $(ARGS)

unit: $(VENV)/.dev  ## what takes seconds
	$(BIN)/pytest -m "not slow and not browser" $(ARGS)

check: $(VENV)/.dev  ## all that a reviewer runs besides the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -q tests/shape
	$(MAKE) docs

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev browser  ## speed and memory as ratios; writes docs/reference/benchmarks.md
	$(BIN)/python -m bench $(ARGS)

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

browser:  ## Debian's chromium, where this user may install it
	@command -v chromium >/dev/null || tools/install-chromium

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml hatch_build.py $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[discord]'
	@touch $@

$(VENV)/.dev: pyproject.toml hatch_build.py $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) dist site build .mypy_cache .ruff_cache .pytest_cache .hypothesis
