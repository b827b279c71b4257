# Everything sets itself up: Python >= 3.11 and make are enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CERTIFIED := .venv-certified
STRANGERS = $(patsubst %/pyproject.toml,%,$(wildcard ./examples/linecard_*/pyproject.toml))
SITE := import sysconfig; print(sysconfig.get_path('purelib'))
# The tests wait more than they compute: three at a time for each core.
WORKERS ?= $(shell $(PYTHON) -c 'import os; cores = os.cpu_count() or 1; print(max(cores, min(3 * cores, 12)))')
# They keep a core busy for ten minutes, beside which whole calls would be late.
ORDERS := tests/calls/test_every_order.py
LEND := import sys, sysconfig, pathlib; pathlib.Path(sysconfig.get_path('purelib'), 'locked.pth').write_text(sys.argv[1])

.PHONY: demo demo-campaign test test-slow test-crowds test-orders test-workers bench certify lint format docs clean

demo: $(READY)
	$(BIN)/linecard demo --provider plivo $(ARGS)

demo-campaign: $(READY)
	$(BIN)/linecard campaign run examples/leads.csv --agent greeter --provider plivo --out campaign $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow" $(ARGS)

test-slow: $(READY)
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not crowd" --ignore $(ORDERS) $(ARGS)

# So many calls at once that they would spoil the times of whatever ran beside them: one test after the other.
test-crowds: $(READY)
	$(BIN)/python -m pytest -q -m crowd $(ARGS)

# Every order, repeat and loss of the callbacks of every kind of call, six at a time, with the count of cases and
# what each walk leaves out: ten minutes on a machine with two cores.
test-orders: $(READY)
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist=worksteal -rP $(ORDERS) $(ARGS)

# Twelve minutes on a quiet machine with two cores; the peers come from PyPI into .venv-peers.
# Sixteen servers on one PostgreSQL and ten thousand leads: a quarter of an hour on a quiet machine.
test-workers: $(READY)
	CAMPAIGN_WORKERS=16 $(BIN)/python -m pytest -q -s tests/plugins/campaigns/test_workers.py -k sixteen $(ARGS)

bench: $(READY)
	$(BIN)/python -m benchmarks.run $(ARGS)

# The providers in examples/ as strangers have them: built, and installed beside an installed Linecard
# in an environment of its own. $(VENV) lends it the locked dependencies, so nothing is downloaded.
certify: $(READY)
	rm -rf $(CERTIFIED)
	$(BIN)/python -m venv --without-pip $(CERTIFIED)
	$(CERTIFIED)/bin/python -c "$(LEND)" "$$($(BIN)/python -c "$(SITE)")"
	$(CERTIFIED)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation . $(STRANGERS)
	$(CERTIFIED)/bin/linecard providers
	for folder in $(STRANGERS); do (cd $$folder && $(CURDIR)/$(CERTIFIED)/bin/python -P -m pytest -q -n $(WORKERS) -p no:cacheprovider $(ARGS)) || exit 1; done
	$(BIN)/python -m pytest -q -n $(WORKERS) -m slow -p no:cacheprovider tests/examples $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)
	$(BIN)/python -m docs.generate

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Linecard needs Python 3.11 or newer; run: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

clean:
	rm -rf $(VENV) $(CERTIFIED) .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
