# Works with GNU make 3.81 (macOS) and a POSIX shell. `make` alone lists the targets.

PORT = 8000
WORKERS = 2
QUEUES = generate,train,analysis
CONCURRENCY = 1
CHECK =
NAME =
PLAN =
OUT =
PYTEST_ARGS =

PYTHON = .venv/bin/python
# Written when the packages stand; newer than the requirements means that there is nothing to do.
INSTALLED = .venv/.installed
INSTALLED_DEV = .venv/.installed-dev

.PHONY: help install demo test test-all check bench figures serve worker clean

help:
	@echo "make demo                          set up, fill and serve the site at http://127.0.0.1:8000 (CHECK=1: check it and end)"
	@echo "make test                          the tests, on a PostgreSQL, Redis and Chromium of their own"
	@echo "make test-all                      the tests, slow ones too"
	@echo "make check                         lint, types, layers, migrations, API schema"
	@echo "make bench                         the benchmarks"
	@echo "make figures NAME=methods [PLAN=word-problems OUT=var/figures/out]"
	@echo "                                   a figure of the paper, from the questions on"
	@echo "make serve [PORT=8000 WORKERS=2]   the production web server on 127.0.0.1"
	@echo "make worker [QUEUES=$(QUEUES) CONCURRENCY=1]"
	@echo "                                   does the jobs: generation, training, evaluation"
	@echo "make install                       only .venv"
	@echo "make clean                         remove .venv, caches and collected files; your data in var/ stay"

install: $(INSTALLED)

$(INSTALLED): requirements.txt tools/install.sh
	@sh tools/install.sh .venv requirements.txt
	@touch $@

$(INSTALLED_DEV): requirements.txt requirements-dev.txt tools/install.sh
	@sh tools/install.sh .venv requirements-dev.txt
	@touch $(INSTALLED) $@

demo: $(INSTALLED)
	@$(PYTHON) -m tools.demo $(if $(CHECK),--check)

test: $(INSTALLED_DEV)
	@$(PYTHON) -m tests.services
	@$(PYTHON) -m pytest $(PYTEST_ARGS)

test-all: $(INSTALLED_DEV)
	@$(PYTHON) -m tests.services
	@$(PYTHON) -m pytest -m "not gpu" $(PYTEST_ARGS)

check: $(INSTALLED_DEV)
	@$(PYTHON) -m tools.check

bench: $(INSTALLED_DEV)
	@$(PYTHON) -m tools.bench

figures: $(INSTALLED)
	@$(PYTHON) -m tools.figures $(NAME) $(PLAN) --out $(or $(OUT),var/figures/out)

serve: $(INSTALLED)
	@exec $(PYTHON) -m tools.serve --port $(PORT) --workers $(WORKERS)

worker: $(INSTALLED)
	@exec $(PYTHON) -m tools.worker --queues $(QUEUES) --concurrency $(CONCURRENCY)

clean:
	rm -rf .venv .venv-slow var/static .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
