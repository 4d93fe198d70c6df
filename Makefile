# The only entry point: `make help` lists the targets. Variables: PREFIX, DESTDIR, CC, BUILD, V=1.
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
CC      ?= gcc
V       ?= 0

bindir     := $(PREFIX)/bin
libexecdir := $(PREFIX)/lib/defenseclaw
datadir    := $(PREFIX)/share/defenseclaw
unitdir    := $(PREFIX)/lib/systemd/system
mandir     := $(PREFIX)/share/man
compdir    := $(PREFIX)/share/bash-completion/completions

Q := $(if $(filter 1,$(V)),,@)

WARN   := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
          -Wpointer-arith -Wundef -Wvla -Wno-missing-field-initializers
HARDEN := -fPIE -fstack-protector-strong -fcf-protection=full -fstack-clash-protection
, := ,
# _FORTIFY_SOURCE wants optimisation, and the sanitizers bring their own checks.
OPTIM  := $(if $(SANITIZE),-O1 -g -fsanitize=address$(,)undefined -fno-sanitize-recover=all \
          -fno-omit-frame-pointer,-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
CPPFLAGS += -Isrc -D_GNU_SOURCE -DDC_BINDIR='"$(bindir)"' -DDC_LIBEXECDIR='"$(libexecdir)"' \
            -DDC_DATADIR='"$(datadir)"'
CFLAGS  += -std=c17 $(OPTIM) $(WARN) $(HARDEN) -ffile-prefix-map=$(CURDIR)=.
LDFLAGS += -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed \
           $(if $(SANITIZE),-fsanitize=address$(,)undefined)

# One archive a folder: what a program doesn't name it can't link (ci/check-links reads nm).
FOLDERS  := base sys spec engine resource provision host policy setup probe seed cli gateway
objects   = $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(wildcard src/$(1)/*.c)))
archive   = $(BUILD)/lib$(1).a
PROGRAMS := defenseclaw defenseclaw-gateway
HELPERS  := defenseclaw-seed-archive defenseclaw-launch

defenseclaw_FOLDERS := cli seed setup probe provision host resource engine policy spec sys base
defenseclaw_MAIN    := src/cli/main.c
defenseclaw_PKGS    := libcjson libsodium libsystemd libnl-3.0 libnftnl libmnl yaml-0.1
defenseclaw-gateway_FOLDERS := gateway policy spec base
defenseclaw-gateway_MAIN    := src/gateway/main.c
defenseclaw-gateway_PKGS    := libcjson libsodium libsystemd libevent_core libcares yaml-0.1 sqlite3 jansson
defenseclaw-gateway_LIBS    := -lhttp_parser
defenseclaw-seed-archive_FOLDERS := seed base
defenseclaw-seed-archive_MAIN    := $(wildcard src/seed/archive/*.c)
defenseclaw-seed-archive_PKGS    := libarchive libcjson libsodium libseccomp
defenseclaw-launch_FOLDERS := base
defenseclaw-launch_MAIN    := $(wildcard src/launch/*.c)
defenseclaw-launch_PKGS    := libcjson libsodium
# Static: its soname differs between Debian 12 and 13, and a program built on one shall run on both.
LIBS_ALWAYS := -l:libunistring.a -lm
ALL_PKGS    := libarchive libcjson libsodium libsystemd libnl-3.0 libnftnl libmnl \
               libevent_core libcares yaml-0.1 sqlite3 jansson libseccomp libpcre2-8 cmocka

all: $(addprefix $(BUILD)/,$(PROGRAMS) $(HELPERS)) ## build the programs

define folder_rules
$(call archive,$(1)): $(call objects,$(1))
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_rules,$(f))))

define program_rules
$(BUILD)/$(1): $(patsubst %.c,$(BUILD)/%.o,$($(1)_MAIN)) $(foreach f,$($(1)_FOLDERS),$(call archive,$(f)))
	@echo "  LD      $$@"
	$$(Q)$$(CC) $$(LDFLAGS) $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group \
		$$(shell pkg-config --libs $($(1)_PKGS)) $($(1)_LIBS) $$(LIBS_ALWAYS) -o $$@
endef
$(foreach p,$(PROGRAMS) $(HELPERS),$(eval $(call program_rules,$(p))))

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(shell pkg-config --cflags libnl-3.0) -MMD -MP -c $< -o $@

TEST_engine_LDFLAGS := -Wl,--wrap=journal_append
# tests/unit/X_test.c is a program; it may link every folder (fault tests wrap symbols by TEST_X_LDFLAGS).
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*_test.c))
$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(foreach f,$(FOLDERS),$(call archive,$(f)))
	@echo "  LD      $@"
	$(Q)$(CC) $(LDFLAGS) $(TEST_$*_LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) \
		-Wl,--end-group $(shell pkg-config --libs $(ALL_PKGS)) -lhttp_parser $(LIBS_ALWAYS) -o $@

# The bundle tests share a kit, and start the reader as the program does.
SEED_TESTS := $(filter $(BUILD)/tests/unit/seed_%,$(UNIT_TESTS))
$(SEED_TESTS): $(BUILD)/tests/unit/seed_kit.o $(BUILD)/tests/unit/seed_cases.o | $(BUILD)/defenseclaw-seed-archive

# The launcher's test starts it.
$(BUILD)/tests/unit/launch_test: | $(BUILD)/defenseclaw-launch

# The network tests share a throw-away machine.
$(patsubst %,$(BUILD)/tests/unit/%_test,network ruleset fence): $(BUILD)/tests/unit/machine_kit.o

# The gateway's tests share a whole gateway in namespaces of its own.
$(filter $(BUILD)/tests/unit/gateway_%,$(UNIT_TESTS)): $(BUILD)/tests/unit/gateway_kit.o

include ci/targets.mk

install: all ## install under PREFIX (and DESTDIR)
	@PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) BUILD=$(BUILD) ci/install.sh

clean: ## remove what was built (the test trees in the cache stay)
	rm -rf $(BUILD)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile ci/targets.mk | expand -t 16

.PHONY: all install clean help
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
