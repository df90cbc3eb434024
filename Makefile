# gable - `make help` lists the targets.
VERSION := 0.1.0
BUILD ?= build
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
OUT ?= .
FUZZ_S ?= 60
JOBS := $(shell nproc 2>/dev/null || echo 2)

# Parallel by default (-j on the command line wins); sub-makes share the one pool of jobs.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif
MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := all
# One short line a file; V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $(2))
.DELETE_ON_ERROR:

# Same inputs, same bits: no contraction of a*b+c, never -ffast-math. -fno-math-errno changes no value.
STD := -std=c11 -D_DEFAULT_SOURCE -ffp-contract=off -fno-math-errno -fPIC
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wno-missing-field-initializers
ALL_CFLAGS = $(STD) $(WARN) $(CFLAGS) -I. -DGBL_VERSION='"$(VERSION)"'
LIBS := -lcjson -lgsl -lgslcblas -lsqlite3 -lxxhash -lz -lzstd -ldl -lm

# What the targets need beyond make and a shell, as Debian and Ubuntu name it.
PKG_BUILD := gcc libc6-dev libcjson-dev libgsl-dev libsqlite3-dev libxxhash-dev zlib1g-dev libzstd-dev
PKG_TEST := libcmocka-dev pkg-config g++ sqlite3 \
  python3-jsonschema zsh mandoc \
  python3-venv python3-pip python3-setuptools python3-wheel python3-pytest python3-yaml slurm-wlm munge
# A driver for the CPU and an emulator that counts; where they cannot be had the probes' tests skip what needs them.
PKG_OPENCL := ocl-icd-libopencl1 pocl-opencl-icd oclgrind
PKG_CHECK := clang-tidy cppcheck mypy chromium
# Inlined into the report page; without it the page has tables alone.
PKG_PAGE := libjs-chart.js
PKG_BENCH := valgrind
PKG_FUZZ := clang libclang-rt-dev
PKG_BARE := debootstrap

# The rooms, the lowest first; tests/law/includes.sh checks who may include whom.
ROOMS := base models traces sim reports validate validate/lab lib
LIB_SRC := $(sort $(foreach r,$(ROOMS),$(wildcard $(r)/*.c)))
POLICY_SRC := $(sort $(wildcard policies/*/*.c))
CLI_SRC := $(sort $(wildcard cli/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/bench_*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
CUDA_SRC := $(sort $(wildcard validate/probe/*.cu))

LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
POLICY_OBJ := $(POLICY_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
UNIT := $(UNIT_SRC:%.c=$(BUILD)/%)
BENCH := $(BENCH_SRC:%.c=$(BUILD)/%)
REPLAY := $(FUZZ_SRC:tests/fuzz/fuzz_%.c=$(BUILD)/tests/fuzz/replay_%)
FUZZ := $(FUZZ_SRC:%.c=$(BUILD)/%)
# policies/schedule/chunked.c -> gbl_policy_schedule_chunked
policy_symbol = gbl_policy_$(subst -,_,$(subst /,_,$(patsubst policies/%.c,%,$(1))))

.PHONY: all so deps demo test test-run check bench fuzz cuda golden lab bare install help clean needs FORCE
all: $(BUILD)/gable $(BUILD)/gable-probe-host ## build build/gable and its CPU probe; installs nothing

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile
	@echo; echo "  BUILD=$(BUILD)  CC=$(CC)  CFLAGS='$(CFLAGS)'  PREFIX=$(PREFIX)  DESTDIR=$(DESTDIR)  OUT=$(OUT)  FUZZ_S=$(FUZZ_S)"

# ---------------------------------------------------------------- build

# Missing packages are named before the first compiler error would.
needs:
	@sh tests/deps.sh require $(PKG_BUILD)

deps: ## install the Debian packages that are missing
	@sh tests/deps.sh install $(PKG_BUILD) $(PKG_PAGE) $(PKG_TEST)

# Stamps that change only when their text does: other flags or another set of files rebuild what hangs on them.
stamp = mkdir -p $(@D) && printf '%s\n' $(1) | cmp -s - $@ || printf '%s\n' $(1) > $@
$(BUILD)/flags: FORCE | needs
	@$(call stamp,'$(subst ','\'',$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(LIBS) $(PROBE_CFLAGS) $(KERNEL_CFLAGS) $(LEVEL_v3) $(LEVEL_v4))')
$(BUILD)/files: FORCE
	@$(call stamp,$(LIB_SRC) $(POLICY_SRC) $(CLI_SRC) $(PROBE_SRC))

$(BUILD)/gable: $(CLI_OBJ) $(BUILD)/libgable.a $(BUILD)/files
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $(CLI_OBJ) $(BUILD)/libgable.a $(LIBS)

$(BUILD)/libgable.a: $(LIB_OBJ) $(POLICY_OBJ) $(BUILD)/builtin.o $(BUILD)/files
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $(filter %.o,$^)

# The shared library shows gable.h and hides the rest; its number is GABLE_API.
SO := libgable.so.1
$(BUILD)/$(SO): $(BUILD)/libgable.a lib/gable.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SO) -Wl,--version-script=lib/gable.map -o $@ \
	  -Wl,--whole-archive $(BUILD)/libgable.a -Wl,--no-whole-archive $(LIBS)
so: $(BUILD)/$(SO) ## build the shared library

$(LIB_OBJ) $(CLI_OBJ): $(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# A built-in policy is what a plug-in is, but for the name of its one symbol.
$(POLICY_OBJ): $(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -DGBL_POLICY_SYMBOL=$(call policy_symbol,$<) -c -o $@ $<

# The probe of this host: a program of its own, so that OpenMP stays out of gable. Its kernels are built once an instruction set.
PROBE_SRC := $(filter-out %/kernels_cpu.c,$(sort $(wildcard validate/probe/*.c)))
PROBE_LEVELS := base $(if $(filter x86_64,$(shell uname -m)),v3 v4)
PROBE_OBJ := $(PROBE_SRC:%.c=$(BUILD)/%.o) $(PROBE_LEVELS:%=$(BUILD)/validate/probe/kernels_cpu_%.o)
PROBE_CFLAGS := -fopenmp
KERNEL_CFLAGS := -O3 -fno-trapping-math
LEVEL_v3 := -mavx2 -mfma -mbmi2
LEVEL_v4 := $(LEVEL_v3) -mavx512f -mavx512bw -mavx512vl -mavx512dq -mprefer-vector-width=512
$(BUILD)/gable-probe-host: $(PROBE_OBJ) $(BUILD)/libgable.a $(BUILD)/files
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(PROBE_CFLAGS) -o $@ $(PROBE_OBJ) $(BUILD)/libgable.a $(LIBS)
$(PROBE_SRC:%.c=$(BUILD)/%.o): $(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) $(PROBE_CFLAGS) -MMD -MP -c -o $@ $<
$(PROBE_LEVELS:%=$(BUILD)/validate/probe/kernels_cpu_%.o): $(BUILD)/validate/probe/kernels_cpu_%.o: validate/probe/kernels_cpu.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(KERNEL_CFLAGS) $(LEVEL_$*) -DGBL_CPU_LEVEL=gbl_cpu_$* -MMD -MP -c -o $@ $<

# The list of built-ins is whatever lies in policies/: generated, never in git.
$(BUILD)/builtin.c: $(BUILD)/files Makefile
	@{ echo '#include "policies/policy.h"'; \
	   printf 'extern const gbl_export %s;\n' $(foreach f,$(POLICY_SRC),$(call policy_symbol,$(f))); \
	   echo 'extern const gbl_export *const gbl_builtin[];'; \
	   echo 'const gbl_export *const gbl_builtin[] = {'; \
	   printf '    &%s,\n' $(foreach f,$(POLICY_SRC),$(call policy_symbol,$(f))); \
	   echo '    0};'; } > $@
$(BUILD)/builtin.o: $(BUILD)/builtin.c policies/policy.h $(BUILD)/flags
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

demo: deps ## install what is missing, build, replay the shipped trace, write results.db and report.html
	@$(MAKE) $(BUILD)/gable
	@mkdir -p $(OUT)
	$(BUILD)/gable run --db $(OUT)/results.db
	$(BUILD)/gable report --db $(OUT)/results.db -o $(OUT)/report.html
	@echo "results: $(OUT)/results.db   report: $(OUT)/report.html"

# ---------------------------------------------------------------- tests

test: deps ## install what is missing, build, run every test
	@sh tests/deps.sh install $(PKG_OPENCL) 2>/dev/null || echo "without OpenCL: $(PKG_OPENCL)"
	@$(MAKE) test-run

# Everything that runs, in one place; `make check` comes here too, with other flags. The recipe must not name the make
# variable: `make -n test` would then run the tests, and the README's test calls that.
test-run: $(BUILD)/gable $(BUILD)/gable-probe-host $(BUILD)/$(SO) $(UNIT) $(REPLAY)
	@BUILD='$(BUILD)' CC='$(CC)' sh tests/run.sh

$(UNIT): $(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libgable.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(BUILD)/libgable.a -lcmocka $(LIBS)

$(BENCH): $(BUILD)/tests/bench/%: tests/bench/%.c $(BUILD)/libgable.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(BUILD)/libgable.a $(LIBS)

# The corpus is replayed without a fuzzer in every `make test`. The list of headers is that of the source named last.
$(REPLAY): $(BUILD)/tests/fuzz/replay_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(BUILD)/libgable.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ tests/fuzz/replay.c $< $(BUILD)/libgable.a $(LIBS)

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
check: deps ## every test under ASan and UBSan; gcc -Werror, clang-tidy and cppcheck at zero warnings
	@sh tests/deps.sh install $(PKG_CHECK)
	@CHECK=1 TEST_TIMEOUT_S=$${TEST_TIMEOUT_S:-1200} $(MAKE) BUILD=$(BUILD)/asan CFLAGS='-O1 -g -Werror $(SANITIZE)' test-run
	@sh tests/law/analyze.sh $(LIB_SRC) $(POLICY_SRC) $(CLI_SRC)
	@echo "check: sanitizers, gcc -Werror, clang-tidy, cppcheck: no complaint"

bench: deps ## speed and memory: events, lines, quantiles, costs, workload W; asserts nothing
	@sh tests/deps.sh install $(PKG_BENCH)
	@$(MAKE) $(BUILD)/gable $(BENCH)
	@BUILD='$(BUILD)' sh tests/bench/bench.sh

golden: deps ## rewrite the golden numbers; look at the diff before you commit it
	@$(MAKE) $(BUILD)/gable
	@BUILD='$(BUILD)' sh tests/golden/golden.sh write

# One clang build of everything with libFuzzer; findings stay in $(BUILD)/fuzz.
fuzz: deps ## FUZZ_S seconds of libFuzzer a target, starting from tests/fuzz/corpus
	@sh tests/deps.sh install $(PKG_FUZZ)
	@$(MAKE) BUILD=$(BUILD)/fuzz CC=clang CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' LDFLAGS= fuzz-build
	@BUILD='$(BUILD)/fuzz' FUZZ_S='$(FUZZ_S)' sh tests/fuzz/fuzz.sh
.PHONY: fuzz-build
fuzz-build: $(FUZZ)
$(FUZZ): $(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(BUILD)/libgable.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -MMD -MP -MF $@.d -o $@ $< $(BUILD)/libgable.a $(LIBS)

# A licence and a manual that lie on every Debian; 4,096 tokens of each take some minutes and 200 MB.
RECORDINGS := $(BUILD)/gpl.attn $(BUILD)/manual.attn
$(BUILD)/gpl.attn: validate/record_attention.py
	@BUILD='$(BUILD)' sh validate/recorder.sh
	$(BUILD)/recorder/bin/python validate/record_attention.py $@ --text /usr/share/common-licenses/GPL-3 --cache $(BUILD)/recorder
$(BUILD)/manual.attn: validate/record_attention.py | $(BUILD)/gpl.attn
	@python3 -c 'import pydoc_data.topics as t; print("\n".join(t.topics[k] for k in sorted(t.topics))[:40000])' > $(BUILD)/manual.txt
	$(BUILD)/recorder/bin/python validate/record_attention.py $@ --text $(BUILD)/manual.txt --cache $(BUILD)/recorder
lab: $(BUILD)/gable $(RECORDINGS) ## record a real model's attention (PyPI, 250 MB) and rewrite validate/LAB.md from it
	@BUILD='$(BUILD)' sh validate/lab_tables.sh $(RECORDINGS)

bare: ## prove `make demo` and `make test` on a bare Debian (root; builds one with debootstrap)
	@sh tests/deps.sh install $(PKG_BARE)
	@sh tests/bare/bare.sh

# ---------------------------------------------------------------- optional, install, clean

# Machine code for these, and PTX of the last for what comes after. The CUDA runtime is linked in, cuBLAS, NCCL and NVML are loaded
# where they are; so the program starts on a machine with a driver or without.
NVCC ?= $(firstword $(shell command -v nvcc) $(wildcard /usr/local/cuda/bin/nvcc))
CUDA_ARCH ?= 80 90 100
CUDA_FLAGS = -O3 -std=c++17 -Xcompiler -Wall -I. -DGBL_VERSION='"$(VERSION)"' $(foreach a,$(CUDA_ARCH),-gencode arch=compute_$(a),code=sm_$(a)) \
  -gencode arch=compute_$(lastword $(CUDA_ARCH)),code=compute_$(lastword $(CUDA_ARCH))
CUDA_OBJ := $(CUDA_SRC:%.cu=$(BUILD)/%.cu.o)
ifeq ($(NVCC),)
cuda: ## build build/gable-probe, which measures a GPU, where nvcc is
	@echo "cuda: there is no nvcc (CUDA toolkit 12 or 13; NVCC=path names one); gable itself needs none" >&2; exit 1
else
cuda: $(BUILD)/gable-probe
$(BUILD)/gable-probe: $(CUDA_OBJ)
	$(call say,LINK,$@)
	$(Q)$(NVCC) -o $@ $(CUDA_OBJ) -ldl
$(BUILD)/cuda-flags: FORCE
	@$(call stamp,'$(subst ','\'',$(NVCC) $(CUDA_FLAGS))')
$(CUDA_OBJ): $(BUILD)/%.cu.o: %.cu $(BUILD)/cuda-flags
	@mkdir -p $(@D)
	$(call say,NVCC,$<)
	$(Q)$(NVCC) $(CUDA_FLAGS) -MMD -MP -MF $@.d -c -o $@ $<
-include $(CUDA_OBJ:=.d)
endif

# Cards and samples keep their places under share/gable, where the binary looks for them.
DATA := $(sort $(wildcard models/cards/*.json models/cards/*/*.json policies/cards/*.json policies/cards/*/*.json \
  traces/samples/* reports/studies/*.json reports/claims/*.json validate/engines/*.json validate/attention/*.json))
DEST = $(DESTDIR)$(PREFIX)
COMPLETIONS = $(DEST)/share/bash-completion/completions/gable $(DEST)/share/zsh/site-functions/_gable
install: $(BUILD)/gable $(BUILD)/gable-probe-host $(BUILD)/$(SO) install-data ## install under DESTDIR and PREFIX
	install -D -m 755 $(BUILD)/gable $(DEST)/bin/gable
	install -D -m 755 $(BUILD)/gable-probe-host $(DEST)/bin/gable-probe-host
	install -D -m 644 $(BUILD)/libgable.a $(DEST)/lib/libgable.a
	install -D -m 755 $(BUILD)/$(SO) $(DEST)/lib/$(SO)
	ln -sf $(SO) $(DEST)/lib/libgable.so
	install -D -m 644 lib/gable.h $(DEST)/include/gable/gable.h
	install -D -m 644 policies/policy.h $(DEST)/include/gable/policies/policy.h
	install -D -m 644 lib/gable.3 $(DEST)/share/man/man3/gable.3
	@mkdir -p $(DEST)/lib/pkgconfig $(DEST)/share/man/man1 $(dir $(COMPLETIONS))
	@$(BUILD)/gable help --man > $(DEST)/share/man/man1/gable.1
	@$(BUILD)/gable help --completion bash > $(word 1,$(COMPLETIONS))
	@$(BUILD)/gable help --completion zsh > $(word 2,$(COMPLETIONS))
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include/gable' 'datadir=$${prefix}/share/gable' '' \
	  'Name: gable' 'Description: replays LLM request traces through a model of serving engines' 'Version: $(VERSION)' \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lgable' 'Libs.private: $(LIBS) -pthread' > $(DEST)/lib/pkgconfig/gable.pc
install-data:
	@for f in $(DATA); do install -D -m 644 $$f $(DEST)/share/gable/$$f || exit 1; done
.PHONY: install-data

clean: ## remove the build folder
	rm -rf $(BUILD)

# An object whose list of headers is missing (its compilation was cut short) would never hear of a change in them.
NO_LIST := $(foreach o,$(LIB_OBJ) $(PROBE_OBJ) $(POLICY_OBJ) $(CLI_OBJ),$(if $(wildcard $(o:.o=.d)),,$(o)))
$(NO_LIST): FORCE
-include $(LIB_OBJ:.o=.d) $(PROBE_OBJ:.o=.d) $(POLICY_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(UNIT:=.d) $(BENCH:=.d) $(REPLAY:=.d) $(FUZZ:=.d)
