# Targets that call a script: kept apart so that the Makefile stays one screen of build rules.
deps: ## install what is missing on Debian 12 or 13 (ci/packages)
	@ci/deps.sh build run tool

check: ## everything that CI runs: builds, unit tests, system tests, link checks
	@ci/check.sh

unit-programs: $(UNIT_TESTS)
unit: $(UNIT_TESTS) ## unit tests (make unit SANITIZE=1 BUILD=build/asan for ASan and UBSan)
	@ci/unit.sh $^

system: all test-tools ## system tests in booted machines (make system TEST=pattern)
	@BUILD=$(BUILD) tests/system/run $(if $(TEST),-k '$(TEST)') $(if $(TREE),--tree $(TREE))

fuzz: ## run the fuzzers for a while each (FUZZ_SECONDS=30 FUZZ=seed)
	@ci/fuzz.sh $(FUZZ)

bench: all test-tools ## side by side with shell scripts and cloud-init; writes tests/bench/RESULTS.md
	@BUILD=$(BUILD) tests/bench/run

demo: ## watch a Debian 13 provision itself from a seed bundle (sudo make demo)
	@ci/demo.sh

trees: ## build the test machines' trees into the cache
	@image/trees.sh all >/dev/null && ci/openclaw.sh >/dev/null

lint: ## clang-tidy, shellcheck and the style check
	@ci/deps.sh lint && ci/lint.sh

format: ## clang-format in place
	@clang-format -i $$(git ls-files '*.c' '*.h')

runtime-packages: ## print what the programs need to run (RELEASE=12 or 13)
	@ci/deps.sh --print $(or $(RELEASE),13) run

# What the system tests put into their machines beside the programs.
TEST_TOOLS := $(BUILD)/tests/standin/openclaw $(BUILD)/tests/system/listing $(BUILD)/tests/system/badseeds $(BUILD)/tests/fault/defenseclaw-fault $(BUILD)/tests/bench/peak
test-tools: $(TEST_TOOLS)
$(BUILD)/tests/standin/openclaw: $(BUILD)/tests/standin/openclaw.o
	$(Q)$(CC) -static-pie $< -o $@
$(BUILD)/tests/system/listing: $(BUILD)/tests/system/listing.o
	$(Q)$(CC) $(LDFLAGS) $< -lsodium -o $@
$(BUILD)/tests/system/badseeds: $(BUILD)/tests/system/badseeds.o $(BUILD)/tests/unit/seed_cases.o \
		$(BUILD)/tests/unit/seed_kit.o $(call archive,seed) $(call archive,base)
	$(Q)$(CC) $(LDFLAGS) $^ $(shell pkg-config --libs libarchive libcjson libsodium) $(LIBS_ALWAYS) -o $@

$(BUILD)/tests/bench/peak: $(BUILD)/tests/bench/peak.o
	$(Q)$(CC) $(LDFLAGS) $< -o $@

# The program with tests/fault/fault.c between the engine and what the kinds call.
FAULT_WRAPS := back_log_add back_log_after journal_append renameat mkdirat unlinkat symlinkat fchmod bus_unit_job \
               bus_units_job bus_daemon_reload process_run
$(BUILD)/tests/fault/defenseclaw-fault: $(BUILD)/src/cli/main.o $(BUILD)/tests/fault/fault.o \
		$(foreach f,$(defenseclaw_FOLDERS),$(call archive,$(f)))
	$(Q)$(CC) $(LDFLAGS) $(addprefix -Wl$(,)--wrap=,$(FAULT_WRAPS)) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) \
		-Wl,--end-group $(shell pkg-config --libs $(defenseclaw_PKGS)) $(defenseclaw_LIBS) $(LIBS_ALWAYS) -o $@

.PHONY: deps check unit unit-programs system fuzz bench demo trees lint format runtime-packages test-tools
