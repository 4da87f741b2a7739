# Everything that this repository can do, one target each. All of it stays below target/.
#
#   make demo     rides through rotations with a C and a Python program
#   make test     every test of every language
#   make check    formats, lints, the header, the ABI, edges, documents, licences

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export CARGO_TARGET_DIR := $(CURDIR)/target
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PYTHON ?= python3
VENV := target/venv
VENV_PYTHON := $(VENV)/bin/python
TEA03 := target/venv-tea-0.3
EMULATOR := $(CURDIR)/target/release/kms-emulator
C_BUILD := target/c

.PHONY: help
help:
	@sed -n 's/^#   make/  make/p' Makefile
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

# A missing tool is named in one line, before anything is built.
.PHONY: need-rust need-c need-deb need-sanitizers need-python need-go need-go-cgo need-node need-fuzz need-abi
need-rust:
	@command -v cargo >/dev/null || { echo "make: cargo is missing: install Rust 1.88 or later (rustup)"; exit 1; }
need-c: need-rust
	@command -v cmake >/dev/null || { echo "make: cmake is missing: install CMake 3.22 or later"; exit 1; }
	@command -v cc >/dev/null || { echo "make: cc is missing: install a C compiler"; exit 1; }
	@command -v c++ >/dev/null || { echo "make: c++ is missing: install a C++ compiler"; exit 1; }
need-deb: need-c
	@command -v cpack >/dev/null && command -v dpkg-shlibdeps >/dev/null || \
	  { echo "make: cpack or dpkg-shlibdeps is missing: install CMake and dpkg-dev"; exit 1; }
need-sanitizers: need-c
	@[ -d "$$(rustc +nightly --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library" ] || \
	  { echo "make: nightly Rust with its sources is missing: rustup toolchain install nightly --component rust-src"; exit 1; }
need-abi: need-c
	@command -v abidiff >/dev/null && command -v abidw >/dev/null || \
	  { echo "make: abidiff or abidw is missing: install libabigail (Debian: abigail-tools)"; exit 1; }
need-python: need-rust
	@$(PYTHON) -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
	  { echo "make: $(PYTHON) is missing, older than 3.10, or has no venv module; or set PYTHON=..."; exit 1; }
need-go:
	@command -v go >/dev/null || { echo "make: go is missing: install Go 1.24 or later"; exit 1; }
need-go-cgo: need-go need-c
	@command -v pkg-config >/dev/null || { echo "make: pkg-config is missing: install pkg-config or pkgconf"; exit 1; }
need-node:
	@command -v node >/dev/null && command -v npm >/dev/null || \
	  { echo "make: node or npm is missing: install Node 18 or later"; exit 1; }
need-fuzz: need-rust
	@rustup run nightly cargo --version >/dev/null 2>&1 || \
	  { echo "make: the nightly toolchain is missing: rustup toolchain install nightly"; exit 1; }
	@command -v c++ >/dev/null || { echo "make: c++ is missing: install a C++ compiler"; exit 1; }

# What the targets below are made of.
.PHONY: emulator c-library python-package
emulator: need-rust
	@cargo build --locked --release --package kms-emulator

c-library: need-c
	@test -e $(C_BUILD)/CMakeCache.txt || echo "building the C library, with what tests it (two minutes, once)"
	@cmake -S . -B $(C_BUILD) -DKMSRAMCRED_EMULATOR=$(EMULATOR) >$(C_BUILD).log 2>&1 || { cat $(C_BUILD).log; exit 1; }
	@cmake --build $(C_BUILD) --parallel >$(C_BUILD).log 2>&1 || { cat $(C_BUILD).log; exit 1; }
c-library: | target

target:
	@mkdir -p target

$(VENV)/ready: python/requirements.txt | need-python target
	@echo "making a virtual environment with the Python SDKs (two minutes, once)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(VENV_PYTHON) -m pip install --quiet --requirement python/requirements.txt
	@touch $@

python-package: need-python $(VENV)/ready
	@test -e target/maturin || echo "building the Python package (a minute, once)"
	@rm -rf target/wheels
	@cd python && ../$(VENV)/bin/maturin build --quiet --locked --release --out ../target/wheels
	@$(VENV_PYTHON) -m pip install --quiet --force-reinstall --no-deps target/wheels/*.whl

# For the place it will live in, a build of its own without tests: the prefix decides how the library's folder is called.
PREFIX ?= /usr/local
DESTDIR ?=
PACKAGE_BUILD := target/package
.PHONY: package-build install uninstall deb
package-build: need-c
	@mkdir -p $(PACKAGE_BUILD)
	@cmake -S . -B $(PACKAGE_BUILD) -DBUILD_TESTING=OFF -DKMSRAMCRED_EXAMPLES=OFF -DCMAKE_INSTALL_PREFIX="$(PREFIX)" \
	  >$(PACKAGE_BUILD).log 2>&1 || { cat $(PACKAGE_BUILD).log; exit 1; }
	@cmake --build $(PACKAGE_BUILD) >$(PACKAGE_BUILD).log 2>&1 || { cat $(PACKAGE_BUILD).log; exit 1; }

install: package-build ## the C library, below PREFIX (/usr/local); DESTDIR=... puts the tree elsewhere
	@cmake -DORDER=install -DPREFIX="$(PREFIX)" -DDESTDIR="$(DESTDIR)" -DBUILD=$(PACKAGE_BUILD) -P cmake/installed.cmake

uninstall: ## takes away what install put there; with the same PREFIX and DESTDIR
	@cmake -DORDER=uninstall -DPREFIX="$(PREFIX)" -DDESTDIR="$(DESTDIR)" -P cmake/installed.cmake

deb: override PREFIX := /usr
deb: need-deb package-build ## Debian packages libkmsramcred0 and libkmsramcred-dev, in target/package/deb
	@rm -rf $(PACKAGE_BUILD)/deb
	@cd $(PACKAGE_BUILD) && cpack >deb.log 2>&1 || { cat deb.log; exit 1; }
	@ls $(PACKAGE_BUILD)/deb/*.deb

# zig of PyPI links against an older glibc than this machine's. The source distribution is built once, to see that it can be.
PACKAGES := $(CURDIR)/target/packages
.PHONY: wheels
wheels: need-python $(VENV)/ready ## a wheel for glibc 2.17 and a source distribution of the Python package, checked, in target/packages
	@rm -rf $(PACKAGES)
	@cd python && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" maturin build --quiet --locked --release --zig \
	  --compatibility manylinux2014 --out $(PACKAGES)
	@cd python && ../$(VENV)/bin/maturin sdist --out $(PACKAGES) 2>/dev/null
	@$(VENV_PYTHON) -m pip wheel --quiet --no-deps --wheel-dir $(PACKAGES)/compat ./python/compat
	@$(VENV_PYTHON) python/packaging/check.py $(PACKAGES)

.PHONY: demo
demo: emulator c-library python-package ## see above
	@KMS_EMULATOR=$(EMULATOR) KMSRAMCRED_DEMO_C=$(CURDIR)/$(C_BUILD)/examples/c/rotation_demo \
	  KMSRAMCRED_DEMO_PYTHON=$(CURDIR)/$(VENV_PYTHON) cargo run --quiet --locked --release --package kmsramcred-demo

.PHONY: fleet
fleet: need-rust ## simulates up to 1,000,000 clients that share the quotas of KMS, and writes docs/fleet.md (ten minutes)
	@cargo run --quiet --locked --release --package kmsramcred-fleet -- docs

# A language whose official parts cannot be installed is left out, and the page says so; a broken build of ours is an error.
# The official plug-in starts on Python 3.10 at most, and both are to run on the same interpreter.
COMPARE := tests/compare
COMPARE_LANGUAGES ?= python,go,java
COMPARE_PYTHON ?= python3.10
COMPARE_RUNS ?= 3
COMPARE_BUILT := target/compare
$(COMPARE_BUILT)/python/%/ready: $(COMPARE)/requirements/%.txt | target
	@$(COMPARE_PYTHON) -c 'import sys, venv; sys.exit(sys.version_info[:2] != (3, 10))' 2>/dev/null || \
	  { echo "make: $(COMPARE_PYTHON) is missing, not 3.10, or has no venv module; or set COMPARE_PYTHON=..."; exit 1; }
	@echo "installing $< below $(@D)"
	@rm -rf $(@D)
	@$(COMPARE_PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install -qq --requirement $< || { rm -rf $(@D); exit 1; }
	@touch $@

.PHONY: compare compare-python compare-python-ours compare-go compare-go-official compare-go-ours compare-java
compare-python: target
	@if $(MAKE) $(COMPARE_BUILT)/python/official/ready; then $(MAKE) compare-python-ours; fi
compare-python-ours: python-package $(COMPARE_BUILT)/python/kmsramcred/ready
	@$(COMPARE_BUILT)/python/kmsramcred/bin/python -m pip install --quiet --force-reinstall --no-deps target/wheels/*.whl
compare-go: target
	@if $(MAKE) compare-go-official; then $(MAKE) compare-go-ours; fi
compare-go-official: need-go-cgo
	@rm -f $(COMPARE_BUILT)/go/official
	@cd $(COMPARE)/go && $(GO) build -o $(CURDIR)/$(COMPARE_BUILT)/go/official ./official
compare-go-ours: go-library
	@cd $(COMPARE)/go && $(GO) build -tags kmsramcred_static -o $(CURDIR)/$(COMPARE_BUILT)/go/kmsramcred ./kmsramcred
compare-java: # nothing to install: see NONE in tests/compare/languages.py

comma := ,
compare: emulator $(VENV)/ready $(patsubst %,compare-%,$(subst $(comma), ,$(COMPARE_LANGUAGES))) ## beside what Alibaba Cloud publishes in Python and Go, and writes docs/comparison.md
	@$(VENV_PYTHON) $(COMPARE)/run.py $(EMULATOR) --languages $(COMPARE_LANGUAGES) --runs $(COMPARE_RUNS)

.PHONY: test test-rust test-c test-python test-go test-official test-conformance conformance loom
test: need-c need-python need-go-cgo need-node test-rust loom test-c test-python test-go test-official test-conformance test-soak ## see above

test-rust: need-rust ## the Rust tests, with panics injected into the C interface
	@cargo test --locked --workspace --exclude kmsramcred-python --exclude kmsramcred-conformance --features kmsramcred-c/testing

loom: need-rust ## the cache under a model checker
	@RUSTFLAGS="--cfg kmsramcred_loom" CARGO_TARGET_DIR=$(CURDIR)/target/loom \
	  cargo test --locked --package kmsramcred --release --test loom_entry

test-c: emulator c-library ## the C and C++ tests
	@ctest --test-dir $(C_BUILD) --output-on-failure --parallel 2
	@cargo xtask symbols --check

# The same with everything compiled for a sanitizer, Rust and its standard library included, and under valgrind. Each run
# begins with deliberate mistakes in C and in Rust that must be reported. STORM_SECONDS and STOP_SECONDS make two tests long.
WATCHED := ^(watched|unit|it|example_minimal|example_curl|example_sign)
define watched
	@cmake -S . -B target/c-$@ -DKMSRAMCRED_EMULATOR=$(EMULATOR) $(1) >target/c-$@.log 2>&1 || { cat target/c-$@.log; exit 1; }
	@cmake --build target/c-$@ --parallel >target/c-$@.log 2>&1 || { cat target/c-$@.log; exit 1; }
	@$(2) ctest --test-dir target/c-$@ --tests-regex '$(WATCHED)' --output-on-failure
endef
.PHONY: test-sanitizers test-asan test-tsan test-valgrind
test-sanitizers: test-asan test-tsan test-valgrind ## the C and C++ tests under ASan with UBSan, TSan and valgrind (nightly)

test-asan: need-sanitizers emulator
	$(call watched,-DKMSRAMCRED_SANITIZE=address -DKMSRAMCRED_TARGET_DIR=target/sanitize/address,\
	  ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1)

# Forked children start threads: that is what is tested.
test-tsan: need-sanitizers emulator
	$(call watched,-DKMSRAMCRED_SANITIZE=thread -DKMSRAMCRED_TARGET_DIR=target/sanitize/thread,\
	  TSAN_OPTIONS=die_after_fork=0:second_deadlock_stack=1)

# What the boundary does with pointers, without files, network and fork, which Miri cannot do. A caught panic forgets its
# payload on purpose.
.PHONY: test-miri
test-miri: need-rust ## the pointers at the C boundary under Miri (nightly)
	@cargo +nightly miri --version >/dev/null 2>&1 || \
	  { echo "make: miri is missing: rustup toolchain install nightly --component miri,rust-src"; exit 1; }
	@CARGO_TARGET_DIR=$(CURDIR)/target/miri MIRIFLAGS=-Zmiri-ignore-leaks cargo +nightly miri test --quiet --locked \
	  --package kmsramcred-c --features testing --lib --test boundary --test ownership

# The assembler of the TLS library leaves uninitialised what it does not use, so that kind of error says nothing here.
VALGRIND := valgrind;--quiet;--error-exitcode=99;--undef-value-errors=no;--fair-sched=yes
VALGRIND_LEAKS := --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite
test-valgrind: need-c emulator
	@command -v valgrind >/dev/null || { echo "make: valgrind is missing: install valgrind"; exit 1; }
	$(call watched,-DCMAKE_BUILD_TYPE=Debug "-DKMSRAMCRED_TEST_LAUNCHER=$(VALGRIND)",\
	  VALGRIND_OPTS="$(VALGRIND_LEAKS)")

test-python: emulator python-package $(TEA03)/ready ## the Python tests, rotations of the real SDK included
	@KMS_EMULATOR=$(EMULATOR) $(VENV_PYTHON) -m pytest -q -c python/pyproject.toml python/tests
	@$(VENV_PYTHON) -m pytest -q -c python/pyproject.toml $(COMPARE)
	@$(TEA03)/bin/python -m pip install --quiet --force-reinstall --no-deps target/wheels/*.whl
	@KMS_EMULATOR=$(EMULATOR) $(TEA03)/bin/python -m pytest -q -c python/pyproject.toml python/tests/test_tea.py

# The same wheel and tests on another interpreter, with the dependencies that pip chooses for it: PYTHON=python3.13
.PHONY: test-interpreter
test-interpreter: emulator python-package ## the Python tests on another interpreter, named by PYTHON
	@$(PYTHON) -c 'import sys; print(sys.version)'
	@rm -rf target/venv-other && $(PYTHON) -m venv target/venv-other
	@target/venv-other/bin/python -m pip install --quiet --requirement python/requirements.in
	@target/venv-other/bin/python -m pip install --quiet --no-deps target/wheels/*.whl
	@KMS_EMULATOR=$(EMULATOR) target/venv-other/bin/python -m pytest -q -c python/pyproject.toml python/tests

# tea-openapi 0.3 and 0.4 exclude each other.
$(TEA03)/ready: python/tests/tea-0.3.txt | need-python target
	@rm -rf $(TEA03)
	@$(PYTHON) -m venv $(TEA03)
	@$(TEA03)/bin/python -m pip install --quiet --requirement $<
	@touch $@

.PHONY: matrix
matrix: emulator python-package ## servers and pools of processes in Python through 200 rotations each
	@KMSRAMCRED_REPETITIONS=200 KMS_EMULATOR=$(EMULATOR) $(VENV_PYTHON) -m pytest -q -c python/pyproject.toml \
	  python/tests/test_processes.py

# Go builds against an installed library, as users do.
GO_PREFIX := $(CURDIR)/target/go/prefix
GO_DRIVER := $(CURDIR)/target/go/conformance_driver
GO_MODULES := go go/oss go/ossv2 go/acs go/compat/acs go/compat/common go/compat/oss go/tea go/rocketmq go/benches tests/conformance/drivers/go tests/compare/go
# Programs in the words of the official plug-in, which need a large product's package: built once, the way check-go does.
GO_PROGRAMS := go/compat/test
# The V1 SDK writes into the settings of a client that several goroutines use, at every call: only the others are watched.
GO_RACE := -race -gcflags=github.com/aliyun/alibaba-cloud-sdk-go/sdk=-race=false
GO := CGO_ENABLED=1 GOFLAGS=-buildvcs=false PKG_CONFIG_PATH=$(GO_PREFIX)/lib/pkgconfig LD_LIBRARY_PATH=$(GO_PREFIX)/lib go

.PHONY: go-library go-driver check-go
go-library: need-go-cgo c-library
	@cmake --install $(C_BUILD) --prefix $(GO_PREFIX) >/dev/null
	@[ -e $(GO_PREFIX)/lib ] || ln -s lib64 $(GO_PREFIX)/lib

go-driver: go-library
	@cd tests/conformance/drivers/go && $(GO) build -tags kmsramcred_static -o $(GO_DRIVER) .

test-go: emulator go-library ## the Go tests, with the race detector and with the archive
	@for module in $(GO_MODULES); do (cd $$module && KMS_EMULATOR=$(EMULATOR) $(GO) test $(GO_RACE) -timeout 5m ./...) || exit 1; done
	@cd go/acs && KMS_EMULATOR=$(EMULATOR) $(GO) test -modfile=newest.mod -timeout 5m ./...
	@for module in $(GO_PROGRAMS); do (cd $$module && KMS_EMULATOR=$(EMULATOR) $(GO) test -timeout 5m ./...) || exit 1; done
	@cd go && KMS_EMULATOR=$(EMULATOR) GOEXPERIMENT=cgocheck2 $(GO) test -tags kmsramcred_static -timeout 5m ./...

# The address sanitizer watches the library's memory too; it needs its runtime (Debian: libasan, with gcc).
.PHONY: test-go-asan
test-go-asan: emulator go-library ## the Go tests with the address sanitizer, leaks included
	@cd go && KMS_EMULATOR=$(EMULATOR) $(GO) test -asan -timeout 10m .

check-go: go-library
	@unformatted=$$(gofmt -l $(GO_MODULES)); [ -z "$$unformatted" ] || { echo "gofmt is needed: $$unformatted"; exit 1; }
	@for module in $(GO_MODULES) $(GO_PROGRAMS); do (cd $$module && $(GO) vet ./...) || exit 1; done

# The clients of Alibaba Cloud themselves, each with the pinned dependencies that it was released with.
OFFICIAL := tests/official-clients
OFFICIAL_BUILT := $(CURDIR)/target/official
OFFICIAL_PYTHON := $(patsubst $(OFFICIAL)/%/requirements.txt,$(OFFICIAL_BUILT)/%/ready,$(wildcard $(OFFICIAL)/*/requirements.txt))
OFFICIAL_GO := $(patsubst $(OFFICIAL)/%/go.mod,%,$(wildcard $(OFFICIAL)/*/go.mod))

$(OFFICIAL_BUILT)/python-%/ready: $(OFFICIAL)/python-%/requirements.txt | need-python need-c target
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(OFFICIAL_BUILT)/node/ready: $(OFFICIAL)/node/package.json $(OFFICIAL)/node/package-lock.json | need-node target
	@rm -rf $(@D)
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cd $(@D) && npm ci --loglevel=error --no-audit --no-fund >/dev/null
	@touch $@

.PHONY: official-go
official-go: need-go
	@for client in $(OFFICIAL_GO); do \
	  cd $(CURDIR)/$(OFFICIAL)/$$client && go build -buildvcs=false -o $(OFFICIAL_BUILT)/$$client/program . || exit 1; done

test-official: need-go need-node emulator $(VENV)/ready $(OFFICIAL_PYTHON) $(OFFICIAL_BUILT)/node/ready official-go ## official clients against the emulator
	@KMS_EMULATOR=$(EMULATOR) $(VENV_PYTHON) -m pytest -q -c python/pyproject.toml $(OFFICIAL)

# The same stories in every language: with a table, and as tests.
STORIES := KMSRAMCRED_CONFORMANCE_C=$(CURDIR)/$(C_BUILD)/tests/conformance/drivers/c/conformance_driver \
  KMSRAMCRED_CONFORMANCE_CPP=$(CURDIR)/$(C_BUILD)/tests/conformance/drivers/cpp/conformance_driver_cpp \
  KMSRAMCRED_CONFORMANCE_PYTHON=$(CURDIR)/$(VENV_PYTHON) KMSRAMCRED_CONFORMANCE_GO=$(GO_DRIVER)
conformance: c-library python-package go-driver ## the same stories in every language, as a table
	@$(STORIES) cargo run --quiet --locked --package kmsramcred-conformance

test-conformance: c-library python-package go-driver ## the same as tests
	@$(STORIES) cargo test --locked --package kmsramcred-conformance

# A test of this crate, and so `make test-rust`, runs the same and compares the page.
.PHONY: fault-matrix
fault-matrix: need-rust ## every fault at every stage of a fetch, with and without a credential, and writes docs/fault-matrix.md
	@cargo run --quiet --locked --package kmsramcred-fault-matrix

# Every language at once, disturbed for so long. The same SEED gives the same schedule; DOCS=1 writes docs/soak.md too. The test
# keeps to one seed, so that a failure is new because something else is, and uses what test-conformance has built.
MINUTES ?= 3
SEED ?=
DOCS ?=
SOAK_MINUTES ?= 1
SOAK_SEED ?= 1
SOAK := cargo run --quiet --locked --package kmsramcred-soak
.PHONY: soak test-soak
soak: c-library python-package go-driver ## every language at once through random faults: MINUTES, SEED; the report is in target/soak
	@$(STORIES) $(SOAK) --release -- $(CURDIR)/target/soak "$(MINUTES)" --seed "$(SEED)" --docs "$(if $(DOCS),$(CURDIR)/docs)"

test-soak: c-library python-package go-driver ## the same for SOAK_MINUTES (1)
	@$(STORIES) $(SOAK) -- $(CURDIR)/target/soak "$(SOAK_MINUTES)" --seed "$(SOAK_SEED)"

.PHONY: check check-abi fmt header
check-abi: need-rust need-abi ## the C interface against its baseline
	@cargo xtask abi --check

check: need-rust need-node $(if $(WITHOUT_ABIDIFF),,check-abi) check-go python-package ## see above (WITHOUT_ABIDIFF=1 leaves check-abi out)
	@cargo fmt --check
	@cargo fmt --check --manifest-path fuzz/Cargo.toml
	@cargo clippy --locked --workspace --all-targets --all-features -- --deny warnings
	@RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --locked --no-deps --package kmsramcred --package kms-emulator
	@cargo xtask header --check
	@cargo xtask documented
	@cargo xtask edges
	@cargo xtask readme --check
	@cargo xtask wrong-settings --check
	@cargo xtask licences
	@cd python && ../$(VENV_PYTHON) -m mypy
	@cd python/compat && ../../$(VENV_PYTHON) -m mypy
	@cd target && ../$(VENV_PYTHON) -m mypy.stubtest kmsramcred._native
	@$(VENV_PYTHON) -m pyright --pythonpath $(VENV_PYTHON) examples/python

.PHONY: docs-c
docs-c: | target ## the reference of the C and C++ headers, as pages in target/docs-c/html
	@command -v doxygen >/dev/null || { echo "make: doxygen is missing: install Doxygen 1.9 or later"; exit 1; }
	@rm -rf target/docs-c
	@doxygen bindings/c/Doxyfile
	@echo target/docs-c/html/index.html

header: need-rust ## writes include/kmsramcred.h and the export list anew
	@cargo xtask header
	@cargo xtask symbols

fmt: need-rust need-go ## formats the Rust and the Go code
	@cargo fmt
	@cargo fmt --manifest-path fuzz/Cargo.toml
	@gofmt -w $(GO_MODULES)

.PHONY: bench
bench: emulator c-library go-library python-package ## what a cached credential costs in each language, and a dead gateway
	@$(C_BUILD)/bindings/c/benches/ratios $(EMULATOR)
	@cargo bench --quiet --locked --package kmsramcred --bench cached_read --bench failover
	@$(VENV_PYTHON) python/benches/credential.py --emulator $(EMULATOR)
	@$(VENV_PYTHON) python/benches/adapters.py --emulator $(EMULATOR)
	@cd go/benches && $(GO) build -o $(CURDIR)/target/go/ratios . && LD_LIBRARY_PATH=$(GO_PREFIX)/lib $(CURDIR)/target/go/ratios $(EMULATOR)

# Each target for so many seconds. What is found is in target/fuzz/found, what was learnt in target/fuzz/learnt.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= $(notdir $(wildcard fuzz/seeds/*))
FUZZ := PATH="$(CURDIR)/target/tools/bin:$$PATH" RUSTUP_TOOLCHAIN=nightly cargo fuzz
.PHONY: fuzz
fuzz: need-fuzz target/tools/bin/cargo-fuzz ## whatever reads foreign bytes, fed with anything (FUZZ_SECONDS for each target)
	@$(FUZZ) build --target-dir target/fuzz
	@mkdir -p target/fuzz/empty
	@cd target/fuzz/empty && for name in $(FUZZ_TARGETS); do \
	  mkdir -p ../learnt/$$name ../found/$$name; echo "$$name, $(FUZZ_SECONDS) seconds"; \
	  ../*/release/$$name -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=60 -rss_limit_mb=2048 \
	    -print_final_stats=1 -artifact_prefix=../found/$$name/ ../learnt/$$name $(CURDIR)/fuzz/seeds/$$name 2>&1 | \
	    sed -un '/panicked\|ERROR/,$$ { p; d; }; /INITED\|pulse\|DONE\|stat::/p'; done

target/tools/bin/cargo-fuzz: | need-fuzz
	@cargo install cargo-fuzz --locked --quiet --root target/tools --target-dir target/tools/build

.PHONY: clean
clean: ## removes target/
	@rm -rf target
