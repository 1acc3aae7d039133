# eobench: `make run` and `make test` work on a fresh machine that has git, make and Python 3.11 with venv.
#
#   make run TASKS=my.yaml        another task file
#   make run TORCH_INDEX=URL      take torch and torchvision from another index (CPU-only builds, say)
PYTHON ?= python3.11
VENV ?= .venv
TASKS ?= tasks.yaml
TORCH_INDEX ?=
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

ifeq ($(shell command -v $(PYTHON) 2>/dev/null),)
PYTHON := python3
endif

.PHONY: run test lint install clean
run: $(STAMP)
	$(BIN)/eobench run $(TASKS)

test: $(STAMP) lint
	$(BIN)/python -m pytest -n 2 --dist worksteal tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --python $(BIN)/python $(if $(TORCH_INDEX),--index $(TORCH_INDEX)) \
		--constraint constraints.txt --editable . --group dev
	touch $(STAMP)

clean:
	rm -rf $(VENV)
