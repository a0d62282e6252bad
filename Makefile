# Everything a user or a developer runs. `make help` lists it.
#
# Set-up is part of each target: Debian packages, a thread-safe PHP, the extension, the tools. Nothing is done twice.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/roadrunner
TARGET := $(or $(CARGO_TARGET_DIR),target)
EXAMPLE ?= hello
DESTDIR ?=

# All rooms but PHP's.
ROOMS := --no-default-features --features toml

# The PHP in use: PHP_CONFIG, or php-config on the PATH, if it is thread-safe; else the one that scripts/php-zts builds.
# Looked for once per make, by those targets that need it.
CONFIG = $(eval CONFIG := $$(shell scripts/php-config))$(CONFIG)
BIN = $(dir $(CONFIG))php
WITH_PHP = PHP_CONFIG="$(CONFIG)" PHP="$(BIN)"
# PGO=1: the extension as scripts/pgo builds it.
SO = $(abspath $(TARGET)/$(if $(PGO),pgo,release)/roadrunner.so)
DEBUG_SO = $(abspath $(TARGET)/debug/roadrunner.so)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "  make %-19s %s\n", $$1, $$2 }'

# --- set-up ----------------------------------------------------------------------------------------------------------

.PHONY: packages
packages:
	@scripts/setup

# A rule of its own: make expands all lines of a recipe before it runs the first one, and PHP is built from the packages.
.PHONY: setup
setup: packages ## Debian packages and a thread-safe PHP, where missing
	@test -n "$(CONFIG)"

.PHONY: php
php: setup ## prints the path of the PHP in use
	@echo "$(BIN)"

.PHONY: build
build: setup ## builds the release extension and prints its path; PGO=1, here and elsewhere: a faster one, in ten minutes
ifdef PGO
	@$(WITH_PHP) scripts/pgo "$(BIN)" "$(SO)"
else
	@$(WITH_PHP) cargo build --release --locked -q
	@cp -f $(TARGET)/release/libroadrunner.so $(SO).new && mv -f $(SO).new $(SO)
endif
	@echo "$(SO)"

.PHONY: build-debug
build-debug: setup
	@$(WITH_PHP) cargo build --locked -q
	@cp -f $(TARGET)/debug/libroadrunner.so $(DEBUG_SO).new && mv -f $(DEBUG_SO).new $(DEBUG_SO)

.PHONY: run
run: build ## serves an example: make run EXAMPLE=notes
	@scripts/run-example "$(BIN)" "$(SO)" "$(EXAMPLE)"

.PHONY: install
install: build ## into PHP's extension directory and conf.d, below DESTDIR
	@scripts/install "$(CONFIG)" "$(SO)" "$(DESTDIR)"

# --- tests -----------------------------------------------------------------------------------------------------------

.PHONY: test
test: unit phpt e2e inert ## every test

.PHONY: unit
unit: ## tests of all rooms but PHP's; needs no PHP
	cargo test --locked $(ROOMS)

.PHONY: phpt
phpt: build ## tests as PHP sees it: make phpt T=http
	@scripts/phpt "$(BIN)" "$(SO)" phpt/$(T)

.PHONY: e2e
e2e: build ## a real php, real sockets, real signals: make e2e T=death
	RR_PHP="$(BIN)" RR_EXTENSION="$(SO)" cargo test --locked $(ROOMS),e2e --test e2e -- $(T)

.PHONY: inert
inert: build ## PHP's own tests and its system calls, with and without the extension; a PHP that refuses it
	@scripts/nts "$(SO)" $(wildcard /usr/bin/php8.2 /usr/bin/php8.4)
	@scripts/inert "$(BIN)" "$(SO)"

.PHONY: phpize
phpize: setup ## phpize, configure, make, make test, make install in a clean folder, offline; the PECL package
	@scripts/phpize-check "$(CONFIG)"

.PHONY: figures
figures: build ## the figures of the documentation, measured: a table and target/figures.json
	RR_PHP="$(BIN)" RR_EXTENSION="$(SO)" cargo test --locked --release --no-default-features --features e2e --test figures -- $(T)

.PHONY: bench
bench: build ## CPU per request beside plain hyper: make bench T="hello w4" BENCH_ROUNDS=12 BENCH_SECONDS=5
	@cargo build -q --locked --release --no-default-features --benches
	RR_PHP="$(BIN)" RR_EXTENSION="$(SO)" cargo bench -q --locked --no-default-features --bench compare -- $(if $(T),"$(T)")

.PHONY: bench-instructions
bench-instructions: build ## instructions per request beside plain hyper, counted by callgrind
	@cargo build -q --locked --release --no-default-features --benches
	RR_PHP="$(BIN)" RR_EXTENSION="$(SO)" cargo bench -q --locked --no-default-features --bench compare -- --instructions

.PHONY: model
model: ## searches the interleavings of the hand-off, 100 000 schedules each, and of who drives a reactor, 200 000
	cargo test --locked --release --no-default-features --features shuttle --lib handoff::tests

.PHONY: miri
miri: ## the hand-off's tests under Miri, with a nightly toolchain that has the components miri and rust-src
	# It is slow: two tests of requests that wait for too long would wait for ever. What tests leave in an inbox is not freed.
	MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-permissive-provenance -Zmiri-ignore-leaks" \
	    cargo +nightly miri test --locked --no-default-features --lib -- handoff:: net::tasks --skip waited_too_long --skip overdue

.PHONY: soak
soak: build ## long runs; SOAK_SECONDS=600 bounds each
	RR_PHP="$(BIN)" RR_EXTENSION="$(SO)" cargo test --locked --release --no-default-features --features e2e --test figures -- --soak $(T)
	@$(if $(T),,scripts/fuzz "$(or $(SOAK_SECONDS),600)")

.PHONY: fuzz
fuzz: ## fuzzers, with a nightly toolchain: make fuzz T=multipart FUZZ_SECONDS=60
	@scripts/fuzz "$(or $(FUZZ_SECONDS),60)" $(T)

.PHONY: valgrind
valgrind: build-debug ## the life of PHP threads under valgrind
	@scripts/valgrind "$(BIN)" "$(DEBUG_SO)"

.PHONY: h2spec
h2spec: build ## HTTP/2 conformance, by h2spec (needs Go to build it)
	@scripts/h2spec "$(BIN)" "$(SO)"

# --- the law ---------------------------------------------------------------------------------------------------------

.PHONY: lint
lint: setup ## formatting, clippy with both feature sets, documentation, licences, generated files
	cargo fmt --check
	cargo clippy --locked --no-default-features --lib -- -D warnings
	cargo clippy --locked $(ROOMS) --lib -- -D warnings
	$(WITH_PHP) cargo clippy --locked --lib -- -D warnings
	# Tests may spawn, print and unwrap.
	cargo clippy --locked $(ROOMS),e2e --all-targets -- -D warnings -A clippy::pedantic \
	    -A clippy::disallowed_methods -A clippy::unwrap_used -A clippy::print_stdout -A clippy::print_stderr
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-default-features --no-deps -q
	$(WITH_PHP) RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items -q
	scripts/lint-dockerfile
	scripts/tool cargo-deny 0.20.2 check --hide-inclusion-graph bans licenses sources
	$(MAKE) gen-check

.PHONY: fmt
fmt: ## formats the sources
	cargo fmt

.PHONY: gen
gen: setup ## generates what is generated: argument information and stubs from php-src-stubs/, docs/config.* from the table of keys, package.xml
	"$(BIN)" -n scripts/gen-stubs.php
	UPDATE=1 cargo test --locked $(ROOMS) -q --lib config::docs
	scripts/package-xml

.PHONY: gen-check
gen-check: setup
	"$(BIN)" -n scripts/gen-stubs.php --check
	cargo test --locked $(ROOMS) -q --lib config::docs
	scripts/package-xml --check

.PHONY: clean
clean: ## removes what was built here (not the PHP in the cache)
	cargo clean
