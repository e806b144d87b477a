# Short targets; `make help` lists them.
CARGO  ?= cargo
PYTHON ?= python3
VENV   := target/venv
PY     := $(VENV)/bin/python
BIN    := target/debug/tributary
TOOLS  := target/tools
DENY   := $(TOOLS)/bin/cargo-deny
FUZZ   := $(TOOLS)/bin/cargo-fuzz
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= verify frame flatten url report

.PHONY: help demo build test test-rust test-python check deny fuzz clean

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

# The fuzzer's flags are for nightly compilers; RUSTC_BOOTSTRAP lets the stable one take them.
# Without a sanitizer: this program has no unsafe code, and inputs run several times as fast.
fuzz: $(FUZZ) ## feeds each target of fuzz/ with hostile inputs for FUZZ_SECONDS
	cd fuzz && for target in $(FUZZ_TARGETS); do \
	  mkdir -p corpus/$$target && \
	  PATH="$(abspath $(TOOLS))/bin:$$PATH" RUSTC_BOOTSTRAP=1 nice -n 19 $(CARGO) fuzz run \
	    --sanitizer none $$target corpus/$$target seeds/$$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	    || exit 1; \
	done

$(FUZZ):
	nice -n 19 $(CARGO) install --quiet --locked --root $(TOOLS) cargo-fuzz@0.13.2

$(VENV)/ready: tests/python/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
	touch $@

clean: ## removes what was built
	$(CARGO) clean
