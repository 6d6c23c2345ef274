# Everything here works from a clean clone, as root or with sudo, again and again.
.DEFAULT_GOAL := help
.PHONY: help run restart stop test test-scale demo docs monitor story shell doctor check contracts manifests lock images secrets clean bootstrap bootstrap-monitoring bootstrap-tests

python := .venv/bin/python
lock_venv := .run/lock-venv
lock_up := $(lock_venv)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: bootstrap ## the whole platform on this machine, until Ctrl-C
	@$(python) -m docker.dev.up

restart: bootstrap ## every process of the running platform anew, one after the other
	@$(python) -m docker.dev.restart

stop: ## end what `make run` started, from elsewhere
	@test ! -x $(python) || $(python) -m docker.dev.stop

test: bootstrap-tests ## every check and test, with servers of their own
	@$(python) -m docker.dev.test

test-scale: bootstrap-tests ## the end-to-end tests with two processes of everything
	@$(python) -m docker.dev.test scale

demo: bootstrap ## three people, one post, and who was told of it
	@$(python) -m docker.dev.demo

docs: bootstrap ## the documentation as a site
	@.venv/bin/sphinx-build --quiet --fail-on-warning --conf-dir docs . .run/site
	@echo "look at .run/site/docs/README.html"

monitor: bootstrap-monitoring ## Prometheus with the alerts for what `make run` started
	@$(python) -m docker.dev.monitor

story: bootstrap ## what all logs say of one request: make story id=<X-Request-ID>
	@$(python) -m docker.dev.story "$(id)"

shell: bootstrap ## call the services of the running platform by hand
	@$(python) -m docker.dev.shell

doctor: bootstrap ## what is wrong with the running platform, and what to do
	@$(python) -m docker.dev.doctor

check: bootstrap ## lint, format, types and imports, without tests
	@$(python) -m docker.dev.check

contracts: bootstrap ## for a release: write down what services and clients of it rely on
	@$(python) -m docker.dev.contracts

manifests: bootstrap ## the Kubernetes manifests, against Kubernetes' schemas and checkov
	@k8s/check.sh

lock: bootstrap ## requirements.lock again, from setup.cfg, and each image's part of it
	@$(python) -m venv $(lock_venv)
	@$(lock_venv)/bin/pip install --quiet uv
	@$(lock_up) --all-extras --output-file requirements.lock setup.cfg
	@for service in users feeds notifications gateway; do \
	    $(lock_up) --extra $$service --constraint requirements.lock \
	        --output-file docker/$$service/requirements.lock setup.cfg || exit 1; \
	done
	@echo aiosmtpd | $(lock_up) --constraint requirements.lock --output-file docker/dev/requirements.lock -

images: ## an image of each service; build_options=... goes to docker build
	@docker/build.sh $(build_options)

secrets: ## docker/.env with new secrets, which docker/compose.yml needs
	@docker/secrets.sh

clean: ## stop everything, forget all data and secrets, remove .run and .venv
	@test ! -x $(python) || $(python) -m docker.dev.clean
	@rm -rf .run .venv

bootstrap:
	@docker/dev/bootstrap.sh

bootstrap-monitoring:
	@docker/dev/bootstrap.sh main monitoring

bootstrap-tests:
	@docker/dev/bootstrap.sh main monitoring balancing
