# Short targets; `make help` lists them.
CARGO  ?= cargo
PYTHON ?= python3
VENV   := target/venv
PY     := $(VENV)/bin/python
BIN    := target/debug/tributary
TOOLS  := target/tools
DENY   := $(TOOLS)/bin/cargo-deny

.PHONY: help demo build test test-rust test-python check deny clean

help: ## lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

demo: ## builds, sends signed sample events over HTTP, prints reports
	$(CARGO) build --locked --bins
	$(BIN) demo --directory target/demo

build: ## builds the program for use: target/release/tributary
	$(CARGO) build --locked --release --bins

test: test-rust test-python ## runs all tests

test-rust: ## runs the tests in Rust
	$(CARGO) test --locked

test-python: $(VENV)/ready ## lets DuckDB and deltalake read what the program writes
	$(CARGO) build --locked --bins
	TRIBUTARY_BIN=$(abspath $(BIN)) $(PY) -m pytest -q -n 2 -p no:cacheprovider tests/python

check: ## formatting and lints
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

deny: $(DENY) ## licences, sources and advisories of what the build depends on
	$(DENY) --offline --config .deny.toml check bans licenses sources
	.ci/advisories

$(DENY):
	nice -n 19 $(CARGO) install --quiet --locked --root $(TOOLS) cargo-deny@0.20.2

$(VENV)/ready: tests/python/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
	touch $@

clean: ## removes what was built
	$(CARGO) clean
