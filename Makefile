# make demo   the whole loop on this machine: evaluate a base, train it, evaluate again, compare
# make test   the tests
# make real   the same loop on a real model, SmolLM2-135M, and your file of prompts: make real PROMPTS=prompts.jsonl
# All make a virtual environment in .venv first and use it again later.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export TOKENIZERS_PARALLELISM := false

.PHONY: demo real test test-slow lint lint-page types docs wheel clean
.DELETE_ON_ERROR:

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	mkdir -p .links && ln -sfn .. .links/grpokit
	touch $@

demo: $(READY)
	rm -rf demo
	$(BIN)/grpo-eval demo --out demo

real: $(READY)
	@test -f "$(PROMPTS)" || { echo 'make real: no file of prompts; give PROMPTS=FILE, JSON Lines such as "Why is the sky blue?"'; exit 2; }
	test -d real/smollm2 || { $(BIN)/pip install --quiet --disable-pip-version-check gguf && $(BIN)/python examples/real/smollm2.py real/smollm2; }
	$(BIN)/grpo-train examples/real/smollm2-length.yaml --model real/smollm2 --data "$(PROMPTS)" \
		--out real/train $(if $(wildcard real/train),--resume) --html real/report.html

test: $(READY)
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow"

test-slow: $(READY)
	$(BIN)/pytest -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The HTML report's scripts, by tools from npm that nothing else here needs.
lint-page:
	@command -v npm > /dev/null || { echo "lint-page needs npm, which comes with Node.js 20 or later and is not installed here; make lint and make types do without it."; exit 1; }
	cd lint && npm ci --silent --no-fund --no-audit
	lint/node_modules/.bin/biome lint --config-path=lint reports/templates/*.js
	lint/node_modules/.bin/tsc -p lint

types: $(READY)
	$(BIN)/mypy --explicit-package-bases $(addprefix .links/grpokit/,bounded.py chat_template.py errors.py lazy.py files.py locks.py names.py plain_yaml.py rewards evaluate train reports commands bench tests/train)

docs: $(READY)
	PYTHONPATH=.links NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

wheel: $(READY)
	rm -rf build dist .wheel-venv
	$(BIN)/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv .wheel-venv
	.wheel-venv/bin/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	.wheel-venv/bin/pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl evaluate
	cd .wheel-venv && bin/grpo-eval --help > /dev/null && bin/python ../tests/beside_evaluate.py

clean:
	rm -rf .venv .wheel-venv .links build dist demo
