# gable - make help
BUILD ?= build
CC ?= gcc
CFLAGS ?= -O2 -g
STD := -std=c11 -D_DEFAULT_SOURCE -ffp-contract=off -fno-math-errno -fPIC -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wno-missing-field-initializers
ALL_CFLAGS = $(STD) $(CFLAGS) -I. -MMD -MP -DGBL_VERSION='"$(VERSION)"'
LIBS := -lcjson -lgsl -lgslcblas -lsqlite3 -lxxhash -lz -lzstd -ldl -lm
VERSION := 0.1.0

ROOMS := base models traces sim reports validate
LIB_SRC := $(foreach r,$(ROOMS),$(wildcard $(r)/*.c))
POLICY_SRC := $(wildcard policies/*/*.c)
CLI_SRC := $(wildcard cli/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
POLICY_OBJ := $(POLICY_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
policy_symbol = gbl_policy_$(subst /,_,$(patsubst policies/%.c,%,$(1)))

.PHONY: all clean
all: $(BUILD)/gable

$(BUILD)/gable: $(CLI_OBJ) $(BUILD)/libgable.a
	$(CC) $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $(CLI_OBJ) $(BUILD)/libgable.a $(LIBS)

$(BUILD)/libgable.a: $(LIB_OBJ) $(POLICY_OBJ) $(BUILD)/builtin.o
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/policies/%.o: policies/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DGBL_POLICY_SYMBOL=$(call policy_symbol,$<) -c -o $@ $<

# The list of built-in policies: whatever files lie in policies/. Generated, never in git.
$(BUILD)/builtin.c: $(POLICY_SRC) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "policies/policy.h"'; \
	   for s in $(foreach f,$(POLICY_SRC),$(call policy_symbol,$(f))); do echo "extern const gbl_export $$s;"; done; \
	   echo 'extern const gbl_export *const gbl_builtin[];'; \
	   echo 'const gbl_export *const gbl_builtin[] = {'; \
	   for s in $(foreach f,$(POLICY_SRC),$(call policy_symbol,$(f))); do echo "    &$$s,"; done; echo '    0};'; } > $@
$(BUILD)/builtin.o: $(BUILD)/builtin.c
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

clean:
	rm -rf $(BUILD)

-include $(LIB_OBJ:.o=.d) $(POLICY_OBJ:.o=.d) $(CLI_OBJ:.o=.d)
