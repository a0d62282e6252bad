# The extension, built by cargo below the build folder, or below CARGO_TARGET_DIR. cargo is asked only when a source has
# changed, so that `sudo make install` builds nothing.

ROADRUNNER_TARGET := $(or $(CARGO_TARGET_DIR),$(abspath $(top_builddir))/target)
ROADRUNNER_SOURCES := $(shell find $(ROADRUNNER_ROOT)/src $(ROADRUNNER_ROOT)/bin -type f) \
	$(ROADRUNNER_ROOT)/Cargo.toml $(ROADRUNNER_ROOT)/Cargo.lock $(ROADRUNNER_ROOT)/build.rs

# What `make test` runs.
TESTS = $(ROADRUNNER_ROOT)/phpt

# "dlname" is where `make test` reads the name of the module to load.
$(phplibdir)/roadrunner.la: $(ROADRUNNER_SOURCES)
	@mkdir -p $(phplibdir)
ifeq ($(ROADRUNNER_PGO),yes)
	cd $(ROADRUNNER_ROOT) && env -u CARGO_BUILD_TARGET CARGO_TARGET_DIR="$(ROADRUNNER_TARGET)" CARGO="$(CARGO)" \
	    CARGO_FLAGS="$(CARGO_FLAGS)" PHP_CONFIG="$(PHP_CONFIG)" bash scripts/pgo "$(PHP_EXECUTABLE)" $(abspath $(phplibdir))/roadrunner.so
else
	cd $(ROADRUNNER_ROOT) && env -u CARGO_BUILD_TARGET CARGO_TARGET_DIR="$(ROADRUNNER_TARGET)" \
	    PHP_CONFIG="$(PHP_CONFIG)" PHP="$(PHP_EXECUTABLE)" "$(CARGO)" build --release --locked $(CARGO_FLAGS)
	cp -f $(ROADRUNNER_TARGET)/release/libroadrunner.so $(phplibdir)/roadrunner.so.new
	mv -f $(phplibdir)/roadrunner.so.new $(phplibdir)/roadrunner.so
endif
	@printf "dlname='roadrunner.so'\n" > $@
