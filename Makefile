# SPDX-License-Identifier: Apache-2.0
# effbench: `make run` and `make test` do everything from a fresh clone; `make help` lists the rest.
#
#   CC=clang                compiler                      WITH_PAPI=0 WITH_PFM=0   smaller program
#   CROSS=aarch64-linux-gnu-  cross build (tests run under qemu-user), SYSROOT=DIR for its libraries
#   WERROR=1                warnings are errors           NO_INSTALL=1  name missing packages only
#   V=1                     show the compiler's whole command lines
#   `make asan test`, `make tsan test`, `make cov`        the same targets on an instrumented build

.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all

CROSS ?=
ifeq ($(origin CC),default)
CC := $(CROSS)gcc
endif
AR := $(CROSS)ar
PREFIX ?= /usr/local
WITH_PAPI ?= 1
WITH_PFM ?= 1
WERROR ?= 0
FUZZ_SECONDS ?= 600
SYSROOT ?=
CONFIG ?= configs/edge.ini

# `CC harness/base/io.o`; the whole line with V=1, nothing with -s.
V ?= 0
ifneq (,$(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))))
say = @
else ifeq ($(V),1)
say =
else
say = @printf '  %-3s %s\n' $(1) $(@:$(BUILD)/%=%);
endif

# ---- flag set: each has its own folder under build/ -----------------------------------------------
FLAVOUR := release
ifneq (,$(filter asan,$(MAKECMDGOALS)))
FLAVOUR := asan
endif
ifneq (,$(filter tsan,$(MAKECMDGOALS)))
FLAVOUR := tsan
endif
ifneq (,$(filter cov,$(MAKECMDGOALS)))
FLAVOUR := cov
endif

flags_release := -O2 -g
flags_asan := -O1 -g -DEB_CEILING_MIB=16 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
flags_tsan := -O2 -g -DEB_CEILING_MIB=16 -fsanitize=thread
flags_cov := -O0 -g --coverage
flags_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null || echo unknown)
ARCH := $(firstword $(subst -, ,$(MACHINE)))
ifneq (,$(CROSS))
WITH_PAPI := 0
WITH_PFM := 0
RUNNER ?= qemu-$(ARCH) -L /usr/$(patsubst %-,%,$(CROSS)) $(if $(SYSROOT),-E LD_LIBRARY_PATH=$(abspath $(SYSROOT))/usr/lib/$(ARCH)-linux-gnu)
endif
RUNNER ?=
BUILD := build/$(ARCH)-$(notdir $(firstword $(CC)))-$(FLAVOUR)-papi$(WITH_PAPI)-pfm$(WITH_PFM)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wundef
ifeq ($(WERROR),1)
WARN += -Werror
endif
VERSION := 0.1.0
CPPFLAGS_ALL := -I. -D_GNU_SOURCE -DEB_VERSION='"$(VERSION)"' $(CPPFLAGS)
CFLAGS_ALL := -std=gnu11 -fno-strict-aliasing -fno-math-errno $(flags_$(FLAVOUR)) $(WARN) $(CFLAGS)
LDFLAGS_ALL := $(flags_$(FLAVOUR)) $(LDFLAGS)
LIBS := -lcjson -lcsv -lxxhash -lm -lpthread -ldl
ifneq (,$(SYSROOT))
CPPFLAGS_ALL += -I$(SYSROOT)/usr/include
LDFLAGS_ALL += -L$(SYSROOT)/usr/lib/$(ARCH)-linux-gnu -Wl,-rpath-link,$(SYSROOT)/usr/lib/$(ARCH)-linux-gnu
endif
ifeq ($(WITH_PAPI),1)
LIBS += -lpapi
endif
ifeq ($(WITH_PFM),1)
LIBS += -lpfm
endif

isa_neondot := -march=armv8.2-a+dotprod
isa_neoni8mm := $(isa_neondot)+i8mm

# ---- sources: a variant is a file, chosen here ----------------------------------------------------
SRCS := $(wildcard harness/*/*.c probes/*.c workloads/*.c workloads/engine/*.c workloads/engine/native/*.c \
          workloads/engine/null/*.c workloads/engine/kernels/*.c reports/*.c)
X86_SRCS := $(wildcard workloads/engine/kernels/avx*.c workloads/engine/kernels/amx*.c workloads/engine/kernels/kernels_x86.c)
ARM_SRCS := $(wildcard workloads/engine/kernels/neon*.c workloads/engine/kernels/kernels_arm.c)
ifeq ($(ARCH),x86_64)
SRCS := $(filter-out $(ARM_SRCS) workloads/engine/kernels/kernels_other.c,$(SRCS))
else ifeq ($(ARCH),aarch64)
SRCS := $(filter-out $(X86_SRCS) workloads/engine/kernels/kernels_other.c,$(SRCS))
KNOWS_I8MM := $(shell $(CC) $(isa_neoni8mm) -fsyntax-only -x c /dev/null 2>/dev/null && echo 1)
SRCS := $(filter-out workloads/engine/kernels/$(if $(KNOWS_I8MM),neon_noi8mm,neoni8mm).c,$(SRCS))
else
SRCS := $(filter-out $(X86_SRCS) $(ARM_SRCS),$(SRCS))
endif
ifeq ($(WITH_PAPI),1)
SRCS := $(filter-out probes/papi_none.c,$(SRCS))
else
SRCS := $(filter-out probes/papi.c,$(SRCS))
endif
ifeq ($(WITH_PFM),1)
SRCS := $(filter-out probes/names_plain.c,$(SRCS))
else
SRCS := $(filter-out probes/names_pfm.c,$(SRCS))
endif

MAIN := harness/cmd/main.c
GROUPS := $(sort $(wildcard probes/groups/*.txt))
ASSETS := reports/assets/report.css reports/assets/report.js
OBJS := $(SRCS:%.c=$(BUILD)/%.o) $(BUILD)/probes/group_texts.o $(BUILD)/reports/asset_texts.o
LIB := $(BUILD)/libeffbench.a
LIB_OBJS := $(filter-out $(BUILD)/$(MAIN:.c=.o),$(OBJS))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
ifneq ($(ARCH),x86_64)
UNIT := $(filter-out $(BUILD)/tests/test_amx $(BUILD)/tests/test_prompt% $(BUILD)/tests/test_avxvnni,$(UNIT))
endif
ifneq ($(ARCH),aarch64)
UNIT := $(filter-out $(BUILD)/tests/test_neoni8mm,$(UNIT))
endif
REFERENCE := $(addprefix $(BUILD)/tests/,ref_logits mkmodel cmp_logits)
TOOLS := $(patsubst tests/fixtures/%.c,$(BUILD)/tests/%,$(filter-out tests/fixtures/fake_%,$(wildcard tests/fixtures/*.c)))
# Stands in for NVIDIA's library where it is first in LD_LIBRARY_PATH.
FAKE_NVML := $(BUILD)/tests/lib/libnvidia-ml.so.1
# The file system of counters needs libfuse3; without it the tests that mount it are skipped.
ifeq (,$(if $(CROSS),,$(wildcard /usr/include/fuse3/fuse.h)))
TOOLS := $(filter-out $(BUILD)/tests/fuse_%,$(TOOLS))
endif
BENCH := $(patsubst tests/bench/%.c,$(BUILD)/tests/%,$(wildcard tests/bench/bench_*.c))
BENCH_ENGINE := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bench/engine/*.c))
BENCH_PROBES := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bench/probes/*.c))

comma := ,
# Arithmetic is worth -O3; instruction sets are per file, never for the whole program.
isa_avx2 := -mavx2 -mfma -mf16c
isa_avxvnni := -mavxvnni $(isa_avx2)
isa_avx512vnni = -mavx512vnni $(isa_avx512)
isa_amx = $(isa_avx512vnni)
isa_avx512 := -mavx512f -mavx512bw -mavx512vl -mavx512dq $(isa_avx2)
ISA_FLAGS = $(isa_$(firstword $(subst _, ,$(basename $(notdir $<)))))
FILE_FLAGS = $(if $(filter workloads/engine/kernels/%,$<),$(if $(filter release,$(FLAVOUR)),-O3) $(ISA_FLAGS) $(KERNEL_SANITIZE))
# clang takes many minutes over checks of every pointer in loops that are inlined into each other; the address sanitizer
# sees what they would.
ifneq (,$(filter asan fuzz,$(FLAVOUR)))
KERNEL_SANITIZE := $(if $(findstring clang,$(shell $(CC) --version)),-fno-sanitize=null$(comma)alignment$(comma)object-size$(comma)pointer-overflow)
endif

# The program of a plain build lands at ./effbench; an instrumented or cross build stays in its folder.
PROGRAM := $(BUILD)/effbench
ifeq ($(FLAVOUR)$(CROSS),release)
LANDING := effbench
endif

.PHONY: all deps run test asan tsan cov fuzz bench bench-engine bench-gate hwtest check-layers check-headers lint format install uninstall help clean \
        unit-tests landing

all: $(PROGRAM) landing ## build ./effbench

landing: $(PROGRAM)
ifneq (,$(LANDING))
	@cmp -s $(PROGRAM) $(LANDING) || { cp $(PROGRAM) $(LANDING).new && mv $(LANDING).new $(LANDING); }
endif

$(PROGRAM): $(BUILD)/$(MAIN:.c=.o) $(LIB) $(BUILD)/flags
	$(call say,LD)$(CC) $(LDFLAGS_ALL) -o $@ $< $(LIB) $(LIBS)

$(LIB): $(LIB_OBJS)
	@rm -f $@
	@$(AR) rcs $@ $(LIB_OBJS)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(FILE_FLAGS) -MMD -MP -c -o $@ $<

# The metric groups, as text in the program.
$(BUILD)/probes/group_texts.c: $(GROUPS) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "probes/groups.h"'; echo 'const eb_group_text eb_group_texts[] = {'; \
	   for f in $(GROUPS); do printf '{ "%s",\n' "$$f"; sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' "$$f"; echo '},'; done; \
	   echo '{ 0 } };'; } > $@
$(BUILD)/probes/group_texts.o: $(BUILD)/probes/group_texts.c probes/groups.h harness/base/formula.h $(BUILD)/flags
	$(call say,CC)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

# The page's style sheet and script, as text in the program; only that script may run in the page, by its digest.
$(BUILD)/reports/asset_texts.c: $(ASSETS) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "reports/assets.h"'; \
	   for f in $(ASSETS); do echo "const char eb_asset_$${f##*.}[] ="; sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' "$$f"; echo ';'; done; \
	   printf 'const char eb_asset_js_sha256[] = "%s";\n' \
	       "$$(sha256sum reports/assets/report.js | cut -c1-64 | tr a-f A-F | basenc --base16 -d | base64)"; } > $@
$(BUILD)/reports/asset_texts.o: $(BUILD)/reports/asset_texts.c reports/assets.h $(BUILD)/flags
	$(call say,CC)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

# Rebuild everything of a flag set when its flags, or the list of sources, change.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$(CC) $(subst ",,$(CPPFLAGS_ALL)) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(LIBS) $(sort $(SRCS)) $(GROUPS)" > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
.PHONY: FORCE # .SECONDARY takes any other file that is not there for one that need not be

$(BUILD)/tests/test_bench_figures: $(addprefix $(BUILD)/tests/bench/engine/,figures.o cell.o)
$(BUILD)/tests/test_bench_peer: $(addprefix $(BUILD)/tests/bench/engine/,peer.o figures.o cell.o child.o)
$(BUILD)/tests/test_bench_peak: $(BUILD)/tests/bench/engine/peak.o
AMX_EMULATED := $(patsubst %,$(BUILD)/tests/unit/amx_%.o,emulated prompt_emulated tiles_emulated)
$(AMX_EMULATED): FILE_FLAGS = $(isa_avx512vnni) $(KERNEL_SANITIZE)
$(addprefix $(BUILD)/tests/test_,amx prompt prompt_engine): $(AMX_EMULATED)
$(BUILD)/tests/unit/avxvnni_emulated.o: FILE_FLAGS = $(isa_avx512vnni) $(KERNEL_SANITIZE)
$(BUILD)/tests/test_avxvnni: $(BUILD)/tests/unit/avxvnni_emulated.o
$(BUILD)/tests/unit/neoni8mm_emulated.o: FILE_FLAGS = $(isa_neondot) $(KERNEL_SANITIZE)
$(BUILD)/tests/test_neoni8mm: $(BUILD)/tests/unit/neoni8mm_emulated.o
$(BUILD)/tests/test_%: $(BUILD)/tests/unit/test_%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(LIB) -lcmocka $(LIBS)
ref = $(1:%=$(BUILD)/tests/reference/%.o)
$(BUILD)/tests/ref_logits: $(call ref,ref_logits ref_model ref_attention ref_ffn ref_mamba ref_ops ref_gguf ref_dequant)
$(BUILD)/tests/mkmodel: $(call ref,mkmodel mk_gguf mk_blocks ref_gguf ref_dequant)
$(BUILD)/tests/cmp_logits: $(call ref,cmp_logits)
$(REFERENCE):
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lm
$(TOOLS): $(BUILD)/tests/%: $(BUILD)/tests/fixtures/%.o
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS_ALL) -o $@ $< -lm -lpthread $(if $(filter fuse_%,$(@F)),-lfuse3) $(if $(filter check_json,$(@F)),-lcjson) \
	    $(if $(filter make_run,$(@F)),$(LIB) $(LIBS))
$(BUILD)/tests/make_run: $(LIB)
$(FAKE_NVML): tests/fixtures/fake_nvml.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fPIC -shared -Wl,-soname,libnvidia-ml.so.1 -o $@ $<
$(BUILD)/tests/bench_engine: $(BENCH_ENGINE)
$(BUILD)/tests/bench_probes: $(BENCH_PROBES) $(BUILD)/tests/bench/engine/child.o
$(BENCH): $(BUILD)/tests/%: $(BUILD)/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)

unit-tests: $(UNIT) $(REFERENCE) $(TOOLS) $(FAKE_NVML)

# ---- what people type -----------------------------------------------------------------------------
deps: ## name what is missing and install it from Debian's packages (NO_INSTALL=1: only name it)
	@WITH_PAPI=$(WITH_PAPI) WITH_PFM=$(WITH_PFM) CC="$(CC)" CROSS="$(CROSS)" .ci/deps

run: deps ## install what is missing, build, run configs/edge.ini (CONFIG=FILE for another)
	@$(MAKE) --no-print-directory all
	./effbench run $(CONFIG)

test: deps ## install what is missing, build, run every test
	@$(MAKE) --no-print-directory all unit-tests $(filter asan tsan cov,$(MAKECMDGOALS)) IN_TEST=1
	@RUNNER="$(RUNNER)" tests/run $(BUILD) $(PROGRAM)

ifdef IN_TEST
asan tsan cov:
	@:
else
asan: test ## the tests under the address and undefined-behaviour sanitizers
	@:
tsan: test ## the tests under the thread sanitizer
	@:
cov: test ## the tests on a coverage build, and the lines they reach
	@.ci/coverage $(BUILD)
endif

fuzz: deps ## coverage-guided fuzzing of every reader, FUZZ_SECONDS (600) each, under the address sanitizer
	@.ci/fuzz $(FUZZ_SECONDS)

bench: deps ## the benchmarks of effbench itself
	@$(MAKE) --no-print-directory all $(BENCH) $(BUILD)/tests/make_run
	@for b in $(BENCH); do echo "== $$(basename $$b)"; EFFBENCH=$(PROGRAM) $$b || exit 1; done

bench-engine: deps ## the engine against the machine and PEER=LLAMA-BENCH, on MODELS= TYPES= CELLS= (docs/performance.md)
	@$(MAKE) --no-print-directory all $(BUILD)/tests/bench_engine
	@EFFBENCH=$(PROGRAM) $(BUILD)/tests/bench_engine

bench-gate: deps ## how often the gate is wrong, on the null engine (GATES=1000, SEED)
	@$(MAKE) --no-print-directory all $(BUILD)/tests/bench_gate
	@$(BUILD)/tests/bench_gate

hwtest: deps ## what needs real counters: package energy against perf stat, and METER_CMD against both
	@$(MAKE) --no-print-directory all $(TOOLS)
	@tests/hw/run $(BUILD) $(PROGRAM)

check-layers: ## who may include whom (docs/architecture.md)
	@.ci/check-layers

check-headers: ## every header compiles alone
	@for h in $$(find harness probes workloads reports -name '*.h'); do \
	    $(CC) $(CPPFLAGS_ALL) -std=gnu11 $(WARN) -Werror -Wno-unused-function -fsyntax-only -x c $$h || exit 1; done

lint: ## formatting, static analysis
	@.ci/lint

format: ## clang-format in place
	@clang-format -i $$(git ls-files '*.c' '*.h')

install: all ## to PREFIX (/usr/local), under DESTDIR
	install -Dm755 effbench $(DESTDIR)$(PREFIX)/bin/effbench
	for f in configs/*.ini configs/prices/*.ini; do install -Dm644 $$f $(DESTDIR)$(PREFIX)/share/effbench/$$f; done
	for f in docs/*.md docs/*.schema.json docs/*.png; do install -Dm644 $$f $(DESTDIR)$(PREFIX)/share/doc/effbench/$$f; done
	for f in README.md LICENSE; do install -Dm644 $$f $(DESTDIR)$(PREFIX)/share/doc/effbench/$$f; done
	install -Dm644 docs/effbench.1 $(DESTDIR)$(PREFIX)/share/man/man1/effbench.1
	install -Dm644 configs/99-effbench-rapl.rules $(DESTDIR)$(PREFIX)/share/doc/effbench/99-effbench-rapl.rules
	for f in $(GROUPS); do install -Dm644 $$f $(DESTDIR)$(PREFIX)/share/effbench/groups/$${f##*/}; done

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/effbench
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/effbench.1
	rm -rf $(DESTDIR)$(PREFIX)/share/effbench $(DESTDIR)$(PREFIX)/share/doc/effbench

clean: ## remove build/ and ./effbench
	rm -rf build effbench

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1|\2/' | sort | column -ts'|'

-include $(OBJS:.o=.d) $(wildcard $(BUILD)/tests/*/*.d $(BUILD)/tests/*/*/*.d)
