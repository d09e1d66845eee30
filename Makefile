# Two commands do everything, set-up included: `make quickstart` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCE ?= town
OUT ?= runs/quickstart
# An independent collision checker for the tests: wheels for x86-64 Linux alone, elsewhere its tests skip. Without what
# it depends on, which has to be compiled and is not needed here.
ORACLES := commonroad-drivability-checker

.PHONY: quickstart test test-slow lint format types wheel clean
quickstart: $(VENV)/.ready
	$(BIN)/irlvla quickstart --source $(SOURCE) --out $(OUT)

test: $(VENV)/.ready
	$(BIN)/python -m pytest

test-slow: $(VENV)/.ready
	$(BIN)/python -m pytest -m slow --timeout 1800

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.ready
	$(BIN)/mypy

# The wheel must build, and import and run from an environment that holds nothing else.
wheel: $(VENV)/.ready
	rm -rf dist build/empty
	$(BIN)/python -m build --wheel --outdir dist
	$(PYTHON) -m venv build/empty
	build/empty/bin/pip install --quiet dist/*.whl
	cd build && empty/bin/irlvla --version

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "irlvla needs Python 3.11-3.13, this is " + sys.version.split()[0] + ": make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	-$(BIN)/python -m pip install --quiet --no-deps $(ORACLES)
	touch $@

clean:
	rm -rf $(VENV) build dist runs
