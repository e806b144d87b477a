# Short targets; `make help` lists them.
CARGO  ?= cargo
PYTHON ?= python3
VENV   := target/venv
PY     := $(VENV)/bin/python
BIN    := target/debug/tributary
TOOLS  := target/tools

# How what is shipped is built, and where that lies.
PROFILE ?= dist
SHIPPED := target/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))/tributary
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
TARBALL := target/tarball/tributary-$(VERSION)-$(shell uname -m)-linux
DENY   := $(TOOLS)/bin/cargo-deny
S3S    := $(TOOLS)/bin/s3s-fs
AZURITE := $(TOOLS)/azurite/ready
CARGO_DEB := $(TOOLS)/bin/cargo-deb
CYCLONEDX := $(TOOLS)/bin/cargo-cyclonedx
PROMTOOL := $(TOOLS)/bin/promtool
FUZZ   := $(TOOLS)/bin/cargo-fuzz
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= verify frame flatten url report

# The program that can use a cluster, and the programs of one.
CLUSTER := target/ballista

TORTURE_SECONDS ?= 1800

# A Python of its own for the peers; BENCH_OPTIONS are those of `python -m bench --help`.
BENCH := target/bench/venv
BENCH_HTTP := bench/http/Cargo.toml
BENCH_OPTIONS ?=

# What the program serves at `/`; anew only if what it is made of has changed.
PAGES := dashboard/dist/index.html
PAGES_FROM := $(wildcard dashboard/*.json dashboard/*.ts dashboard/index.html) \
	$(shell find dashboard/src dashboard/public dashboard/scripts -type f)

.PHONY: help demo build test test-all test-rust test-python test-cluster test-spark torture torture-tools torture-short \
	bench bench-import bench-serve bench-dashboard bench-report check check-others lists deny fuzz clean dashboard test-browser test-browser-all browser-tools proxy-tools pictures shipped deb wheel tarball release test-wheel deb-tools test-deb sbom

help: ## lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

demo: dashboard ## builds, sends signed sample events over HTTP, prints reports
	$(CARGO) build --locked --bins
	$(BIN) demo --directory target/demo

build: dashboard ## builds the program for use: target/release/tributary
	$(CARGO) build --locked --release --bins

# What is shipped: program, manual and completions.
shipped: dashboard
	$(CARGO) build --locked --profile $(PROFILE) --no-default-features --bins
	$(SHIPPED) man --directory target/man
	mkdir -p target/completions
	for shell in bash fish zsh; do \
	  $(SHIPPED) completions $$shell >target/completions/tributary.$$shell || exit 1; \
	done

deb: shipped $(CARGO_DEB) ## builds the Debian package: target/debian
	$(CARGO_DEB) --no-build --no-strip --profile $(PROFILE) --quiet

# maturin puts a program into a wheel, as ruff and uv are distributed.
wheel: dashboard $(VENV)/ready ## builds a Python wheel that holds the program: target/wheels
	$(PY) -m pip install --quiet --disable-pip-version-check maturin==1.16.0
	cd docs/deploy/python && $(abspath $(PY)) -m maturin build --quiet --locked --profile $(PROFILE) --no-default-features \
	  --out $(abspath target/wheels)

tarball: shipped ## packs program, manual and completions, with a checksum: target/tarball
	rm -rf $(TARBALL) && mkdir -p $(TARBALL)/man $(TARBALL)/completions
	cp $(SHIPPED) README.md LICENSE CHANGELOG.md $(TARBALL)/
	cp target/man/*.1 $(TARBALL)/man/
	cp target/completions/tributary.* $(TARBALL)/completions/
	cd target/tarball && tar --sort=name --owner=0 --group=0 --numeric-owner -czf $(notdir $(TARBALL)).tar.gz \
	  $(notdir $(TARBALL)) && sha256sum $(notdir $(TARBALL)).tar.gz >$(notdir $(TARBALL)).tar.gz.sha256

release: deb wheel tarball sbom ## builds all that a release consists of

sbom: $(CYCLONEDX) ## lists what program and dashboard are made of: target/sbom
	mkdir -p target/sbom
	$(CYCLONEDX) cyclonedx --quiet --format json --override-filename tributary
	mv tributary.json target/sbom/
	rm -f crates/*/tributary.json
	cd dashboard && { [ -d node_modules ] || npm ci --silent; } && \
	npm sbom --sbom-format cyclonedx >../target/sbom/dashboard.json

$(CYCLONEDX):
	nice -n 19 $(CARGO) install --quiet --locked --root $(TOOLS) cargo-cyclonedx@0.5.9

# Debian's tools for clean systems and containers, if they are missing.
deb-tools:
	@command -v debootstrap >/dev/null && command -v systemd-nspawn >/dev/null || \
	{ apt-get update -qq && apt-get install -y -qq debootstrap systemd-container >/dev/null; }

test-wheel: wheel tarball ## installs the wheel in a clean environment and runs it
	TRIBUTARY_WHEELS=$(abspath target/wheels) TRIBUTARY_TARBALL=$(abspath $(TARBALL).tar.gz) \
	$(PY) -m pytest -q -p no:cacheprovider tests/package

test-deb: deb deb-tools $(VENV)/ready ## installs the package on a clean Debian and starts it; needs root
	$(PY) -m pytest -q -p no:cacheprovider tests/deb

$(CARGO_DEB):
	nice -n 19 $(CARGO) install --quiet --locked --root $(TOOLS) cargo-deb@3.8.0

# Without npm the program is built without pages; the API and all commands are the same.
dashboard: $(PAGES) ## builds the dashboard: dashboard/dist

$(PAGES): $(PAGES_FROM)
	@if command -v npm >/dev/null; then \
	  cd dashboard && npm ci --silent && npm run --silent build; \
	else \
	  echo "npm is missing: the dashboard is not built"; \
	fi

# What a change needs, and what a release needs besides.
TEST_STAGES := test-rust test-python test-browser torture-short
RELEASE_STAGES := check-others test-browser-all test-cluster test-wheel test-deb test-spark torture fuzz

# Runs stages in this order; each tells how long it took.
define run-stages
	@for stage in $(1); do \
	  began=$$(date +%s) && $(MAKE) $$stage && \
	  echo "stage $$stage: $$(($$(date +%s) - began)) s" || exit 1; \
	done
endef

test: ## runs what a change needs: all crates, readers, API, main pages, a minute of torture
	$(call run-stages,$(TEST_STAGES))

test-all: test ## runs what a release needs too: all pages, cluster, package, Spark, half an hour of torture, fuzzing
	$(call run-stages,$(RELEASE_STAGES))

test-rust: dashboard ## runs the tests in Rust
	$(CARGO) test --locked --workspace

test-python: dashboard proxy-tools $(VENV)/ready $(S3S) $(AZURITE) $(PROMTOOL) ## lets DuckDB and deltalake read what the program writes
	$(CARGO) build --locked --bins
	TRIBUTARY_BIN=$(abspath $(BIN)) $(PY) -m pytest -q -n 2 -p no:cacheprovider --ignore tests/python/test_cluster.py tests/python

# Scheduler, executor and program are built from one graph, and share with the ordinary build what
# has the same features in both.
test-cluster: $(VENV)/ready $(S3S) ## runs reports on a Ballista cluster too
	$(CARGO) test --locked --features ballista --lib -- query::cluster
	$(CARGO) build --locked --manifest-path tests/ballista/Cargo.toml --target-dir target \
	  --bins -p ballista-scheduler -p ballista-executor -p tributary
	install -D -t $(CLUSTER) $(dir $(BIN))ballista-scheduler $(dir $(BIN))ballista-executor $(BIN)
	$(CARGO) build --locked --bins
	TRIBUTARY_CLUSTER=$(abspath $(CLUSTER)) TRIBUTARY_BIN=$(abspath $(CLUSTER)/tributary) \
	$(PY) -m pytest -q -p no:cacheprovider tests/python/test_cluster.py

test-spark: $(VENV)/ready $(VENV)/spark-ready ## lets Spark read it too; needs Java
	$(CARGO) build --locked --bins
	TRIBUTARY_BIN=$(abspath $(BIN)) $(PY) -m pytest -q -p no:cacheprovider tests/spark

test-browser: BROWSER_TESTS := main
test-browser-all: BROWSER_TESTS := all
test-browser test-browser-all: browser-tools dashboard ## tries the dashboard in Chromium: the main paths, or all
	cd dashboard && { [ -d node_modules ] || npm ci --silent; } && npm run --silent check && npm test --silent
	$(if $(TRIBUTARY_BIN),,$(CARGO) build --locked --bins)
	cd tests/browser && npm ci --silent && \
	TRIBUTARY_BIN=$(or $(TRIBUTARY_BIN),$(abspath $(BIN))) \
	TRIBUTARY_TEST_DIR=$(abspath target/browser) TMPDIR=$(abspath target/browser) npm run --silent $(BROWSER_TESTS)

pictures: browser-tools dashboard ## takes the pictures of the dashboard that docs/ shows
	$(if $(TRIBUTARY_BIN),,$(CARGO) build --locked --bins)
	cd tests/browser && npm ci --silent && \
	TRIBUTARY_BIN=$(or $(TRIBUTARY_BIN),$(abspath $(BIN))) \
	TRIBUTARY_TEST_DIR=$(abspath target/browser) TMPDIR=$(abspath target/browser) \
	node pictures.mjs $(abspath docs)

# Debian's nginx, if this is Debian, it is missing and we may.
proxy-tools:
	@command -v nginx >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || \
	{ apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light >/dev/null; }

# Debian's Chromium, if this is Debian, it is missing and we may.
browser-tools:
	@mkdir -p target/browser
	@command -v chromium >/dev/null || [ -n "$$CHROMIUM" ] || [ "$$(id -u)" != 0 ] || \
	! command -v apt-get >/dev/null || \
	{ apt-get update -qq && apt-get install -y -qq chromium >/dev/null; }

torture: torture-tools $(VENV)/ready $(VENV)/torture-ready ## breaks things for TORTURE_SECONDS (1800), counts what is lost
	$(if $(TRIBUTARY_BIN),,$(CARGO) build --locked --bins)
	TRIBUTARY_HAS_FAILPOINTS=$(if $(TRIBUTARY_BIN),,yes) \
	TRIBUTARY_BIN=$(or $(TRIBUTARY_BIN),$(abspath $(BIN))) \
	PYTHONPATH=tests:tests/python PYTHONDONTWRITEBYTECODE=1 \
	$(PY) -m torture --seconds $(TORTURE_SECONDS) $(if $(TORTURE_SEED),--seed $(TORTURE_SEED)) \
	$(if $(TORTURE_ONLY),--only $(TORTURE_ONLY)) $(if $(TORTURE_MARKDOWN),--markdown $(TORTURE_MARKDOWN))

torture-short:
	$(MAKE) torture TORTURE_SECONDS=60

# Debian's tools for file systems, if this is Debian, they are missing and we may.
torture-tools:
	@command -v mkfs.ext4 >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || \
	{ apt-get update -qq && apt-get install -y -qq e2fsprogs >/dev/null; }

bench: build $(BENCH)/ready ## measures the program beside its peers; bench-import, bench-serve, bench-dashboard and bench-report a part
	PYTHONDONTWRITEBYTECODE=1 $(BENCH)/bin/python -m bench $(BENCH_OPTIONS)

bench-import bench-serve bench-dashboard bench-report:
	$(MAKE) bench BENCH_OPTIONS="--only $(@:bench-%=%) $(BENCH_OPTIONS)"

check: ## formatting, lints and documents
	$(PYTHON) tests/docs.py
	CARGO=$(CARGO) $(PYTHON) docs/crates.py --check
	$(CARGO) fmt --check --all
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

# What is built on its own: the program with a cluster's client, and the bench's server.
check-others: dashboard
	$(CARGO) clippy --locked --lib --features ballista -- -D warnings
	$(CARGO) fmt --check --manifest-path $(BENCH_HTTP)
	$(CARGO) clippy --locked --all-targets --manifest-path $(BENCH_HTTP) --target-dir target -- -D warnings
	$(CARGO) test --locked --manifest-path $(BENCH_HTTP) --target-dir target

lists: $(VENV)/ready ## shows what has changed in the lists of facts the program goes by
	$(PY) .ci/lists

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

$(VENV)/torture-ready: tests/torture/requirements.txt $(VENV)/ready
	$(PY) -m pip install --quiet --disable-pip-version-check -r tests/torture/requirements.txt
	touch $@

$(VENV)/spark-ready: tests/spark/requirements.txt $(VENV)/ready
	$(PY) -m pip install --quiet --disable-pip-version-check -r tests/spark/requirements.txt
	touch $@

# Servers of object stores for the tests.
$(S3S):
	$(CARGO) install --quiet --locked --root $(TOOLS) s3s-fs@0.14.1 --features binary

# Prometheus' own checker of rules: the one that is there, else out of Debian's package.
$(PROMTOOL):
	mkdir -p $(TOOLS)/bin $(TOOLS)/prometheus
	if command -v promtool >/dev/null; then ln -sf "$$(command -v promtool)" $@; else \
	  cd $(TOOLS)/prometheus && { apt-get download -qq prometheus || \
	    { apt-get update -qq && apt-get download -qq prometheus; }; } && \
	  dpkg -x prometheus_*.deb . && ln -sf ../prometheus/usr/bin/promtool ../bin/promtool; \
	fi

$(AZURITE):
	npm install --silent --no-fund --no-audit --prefix $(TOOLS)/azurite azurite@3.35.0
	touch $@

$(BENCH)/ready: bench/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	touch $@

clean: ## removes what was built
	$(CARGO) clean
