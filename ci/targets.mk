# Targets that call a script: kept apart so that the Makefile stays one screen of build rules.
unit: $(UNIT_TESTS) ## unit tests (make unit SANITIZE=1 BUILD=build/asan for ASan and UBSan)
	@ci/unit.sh $^

.PHONY: unit
