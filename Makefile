# make demo   the whole loop on this machine: evaluate a base, train it, evaluate again, compare
# make test   the tests
# Both make a virtual environment in .venv first and use it again later.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export TOKENIZERS_PARALLELISM := false

.PHONY: demo test test-slow lint types wheel clean
.DELETE_ON_ERROR:

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	mkdir -p .links && ln -sfn .. .links/grpokit
	touch $@

demo: $(READY)
	rm -rf demo
	$(BIN)/grpo-train arithmetic-tiny --out demo/train --html demo/report.html

test: $(READY)
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow"

test-slow: $(READY)
	$(BIN)/pytest -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy --explicit-package-bases $(addprefix .links/grpokit/,errors.py lazy.py files.py locks.py plain_yaml.py rewards evaluate train reports commands tests/train)

wheel: $(READY)
	rm -rf build dist .wheel-venv
	$(BIN)/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv .wheel-venv
	.wheel-venv/bin/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	.wheel-venv/bin/pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl evaluate
	cd .wheel-venv && bin/grpo-eval --help > /dev/null && bin/python ../tests/beside_evaluate.py

clean:
	rm -rf .venv .wheel-venv .links build dist demo
