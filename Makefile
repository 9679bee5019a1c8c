# The few commands there are. `make drill` and `make test` work from nothing on a fresh Debian 12.
.PHONY: setup build drill drill-all simulate sabotage test check model bench soak fuzz sanitize tidy format build-times clean

FILE ?= examples/boxoffice/understudy.yaml
FAULT ?= region-kill
RUNS ?= 1
SEEDS ?= 1000000
JOBS ?= $(shell nproc)
UNDERSTUDY = build/bin/understudy
# The simulator allocates all the time; what serves has no use for another allocator.
SIMULATE = LD_PRELOAD=libtcmalloc_minimal.so.4 $(UNDERSTUDY) simulate
export CCACHE_NOHASHDIR = 1

setup:
	@scripts/setup

build/release/build.ninja: | setup
	@cmake --preset release >build-configure.log 2>&1 || (cat build-configure.log; rm -f build-configure.log; exit 1)
	@rm -f build-configure.log

build: setup build/release/build.ninja
	@cmake --build --preset release -j $(JOBS) --target understudy boxoffice understudy_fence
	@ln -sfn release/bin build/bin

drill: build            ## a region dies under load and is recovered: FAULT=..., RUNS=...
	@$(UNDERSTUDY) drill -f $(FILE) --fault $(FAULT) --runs $(RUNS)

drill-all: build        ## every fault there is: RUNS=..., and docs/drills.md
	@$(UNDERSTUDY) drill -f $(FILE) --all --runs $(RUNS) --steady-seconds 8 --keep-failed --markdown docs/drills.md

simulate: build         ## a million simulated outages: SEEDS=..., or one of them: SEED=...
	@$(SIMULATE) --seeds $(SEEDS) --jobs $(JOBS) $(if $(SEED),--seed $(SEED) --trace)

sabotage: build         ## each protection taken away in the simulator: it must be caught
	@$(SIMULATE) --sabotage all --seeds 100000 --jobs $(JOBS)

soak: MINUTES ?= 30
soak: build             ## 100 orders/s without a fault: nothing may happen
	@$(UNDERSTUDY) drill -f $(FILE) --fault none --steady-seconds $$(( $(MINUTES) * 60 ))

test: setup             ## everything
	@scripts/test all

check: setup            ## the fast tests
	@scripts/test unit

model: setup            ## the safety protocol, by a model checker: it holds, and every sabotage is caught
	@model/run

fuzz: MINUTES ?= 5
fuzz: setup             ## each reader against any bytes, MINUTES=... each; docs/fuzzing.md
	@scripts/fuzz $(MINUTES)

sanitize: setup         ## the fast tests under the address, undefined behaviour and thread sanitizers
	@scripts/sanitize

tidy: setup             ## clang-tidy over the product's own sources
	@scripts/tidy

bench: build
	@cmake --build --preset release -j $(JOBS) --target benchmarks
	@scripts/bench

build-times:            ## a clean build and an ordinary rebuild, without ccache's help
	@scripts/build-times

format:
	@git ls-files '*.h' '*.cpp' '*.c' | xargs clang-format -i

clean:
	@rm -rf build
