# Everything here works from a clean clone, as root or with sudo.
.DEFAULT_GOAL := help
.PHONY: help run restart stop demo shell doctor request-log story monitor unit try check test test-scale faults docs lock \
	bench bench-compare contracts manifests images secrets clean venv servers load all-packages

# With it, each of the hundreds of processes of `make test` would compile all our files again.
unexport PYTHONDONTWRITEBYTECODE

python := .venv/bin/python
bootstrap := @dev/bootstrap.sh prepare
lock_venv := .run/lock-venv
lock_up := $(lock_venv)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

help: ## print this list
	@awk -F ':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use it
run: servers ## run the platform on this machine until Ctrl-C (PORT=8001, TOPOLOGY=scale or small)
	@$(python) -m dev run

stop: ## stop the platform and the servers of `make try`, from any terminal
	@test ! -x $(python) || $(python) -m dev stop

demo: venv ## three users, one post, and how it reaches them
	@$(python) -m dev demo

clean: ## stop everything, and delete all data, secrets and .venv
	@test ! -x $(python) || $(python) -m dev clean
	@rm -rf .run .venv

##@ Develop
unit: venv ## unit tests, without servers (only=tests/unit/users)
	@$(python) -m dev try "$(or $(only),tests/unit)"

check: all-packages ## linters, types, imports, documentation and alerts
	@$(python) -m dev check

try: servers ## one test, file or folder, with the servers it needs (only=tests/e2e/posts/test_posts.py)
	@$(python) -m dev try "$(only)"

docs: venv ## generate the tables of the documentation, and build it as a site
	@$(python) -m dev tables
	@.venv/bin/sphinx-build --quiet --fail-on-warning --conf-dir docs . .run/site
	@echo "open .run/site/docs/README.html"

##@ Test
test: all-packages ## all checks and tests, with servers of their own
	@$(python) -m dev test

test-scale: all-packages ## the end-to-end tests with two processes of everything, and all services in one process
	@$(python) -m dev test scale

faults: all-packages ## random faults, crashes and junk for an hour (SEED=1 SHRINK=1 TOPOLOGY=scale only=FILE)
	@$(python) -m dev faults $(only)

bench: load ## how fast the platform is, in ten minutes: docs/performance.md (only=mix,login FULL=1)
	@$(python) -m bench $(only)

bench-compare: load ## two revisions in turn, three times: make bench-compare BASE=HEAD~1 only=mix
	@$(python) -m bench.compare $(BASE) $(only)

manifests: venv ## the Kubernetes manifests, against Kubernetes' schemas and checkov
	@k8s/check.sh

##@ Operate
restart: venv ## rolling restart of the running platform
	@$(python) -m dev restart

doctor: venv ## what is wrong with the running platform, and what to do
	@$(python) -m dev doctor

shell: venv ## call the services of the running platform
	@$(python) -m dev shell

request-log: venv ## show the log lines of one request: make request-log id=<X-Request-ID>
	@$(python) -m dev request-log "$(id)"

story: request-log

monitor: all-packages ## Prometheus with the alerts for the running platform
	@$(python) -m dev monitor

secrets: ## write docker/.env with new secrets for docker/compose.yml
	@docker/secrets.sh

##@ Release
lock: venv ## update requirements.lock from setup.cfg, and the part of each image
	@$(python) -m venv $(lock_venv)
	@$(lock_venv)/bin/pip install --quiet uv
	@$(lock_up) --all-extras --output-file requirements.lock setup.cfg
	@for service in users feeds notifications gateway; do \
	    $(lock_up) --extra $$service --constraint requirements.lock \
	        --output-file docker/$$service/requirements.lock setup.cfg || exit 1; \
	done
	@printf 'aiosmtpd\nflask\n' | $(lock_up) --constraint requirements.lock --output-file docker/fakes/requirements.lock -

contracts: venv ## store what this version promises to clients and services of other versions
	@$(python) -m tests.unit.contracts.releases

images: ## an image of each service; build_options=... goes to docker build
	@docker/build.sh $(build_options)

venv:
	$(bootstrap)

servers:
	$(bootstrap) servers

load:
	$(bootstrap) servers load

all-packages:
	$(bootstrap) servers monitoring balancing
