# fftool: train deep networks with Forward-Forward, out of core, one layer at a time.
#
#   make                the program and the library, in build/release
#   make DEBUG=1        the same without optimisation, in build/debug
#   make MPI=1          with MPI, so that several processes train together, in build/mpi
#   make SANITIZE=address,undefined test
#   make test           all tests (about five minutes on two cores)
#   make help           every target

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

VERSION := $(shell sed -n 's/^.define FF_VERSION "\(.*\)"/\1/p' include/fftool/version.h)
# Before 1.0 a minor version may change the interface (version.h).
SOVERSION := $(basename $(VERSION))

CC ?= cc
AR ?= ar
PKG_CONFIG ?= pkg-config
INSTALL ?= install
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
MANDIR := $(PREFIX)/share/man
BASH_DIR := $(PREFIX)/share/bash-completion/completions
ZSH_DIR := $(PREFIX)/share/zsh/site-functions
FISH_DIR := $(PREFIX)/share/fish/vendor_completions.d

# One directory for each set of flags. LIBFUZZER, which `make fuzz` sets, is for clang alone.
comma := ,
ifdef LIBFUZZER
  FLAVOR := fuzz
  OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
         -fno-sanitize-recover=all
  LINK_OPT := -fsanitize=address,undefined
else ifdef SANITIZE
  FLAVOR := sanitize-$(subst $(comma),-,$(SANITIZE))
  OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
  LINK_OPT := -fsanitize=$(SANITIZE)
else ifdef DEBUG
  FLAVOR := debug
  OPT := -O0 -g
else
  FLAVOR := release
  OPT := -O3 -g
endif
ifdef MPI
  FLAVOR := $(if $(filter release,$(FLAVOR)),mpi,$(FLAVOR)-mpi)
endif
ifneq ($(filter clang%,$(notdir $(CC))),)
ifndef LIBFUZZER
  FLAVOR := $(FLAVOR)-clang
endif
endif
B := build/$(FLAVOR)

# Files of kernels, which are compiled once more for each level of x86-64; the program takes the
# highest that the processor has (src/base/level.h). So a build runs on any x86-64.
LEVEL_SRC := src/nn/kernels.c src/nn/labels.c src/nn/dropout.c src/nn/optimizer_blocks.c \
	src/store/convert.c src/data/embed_rows.c
ifneq ($(findstring x86_64,$(shell $(CC) -dumpmachine)),)
  LEVELS := 3 4
  LEVEL_FLAGS_3 := -march=x86-64-v3
  LEVEL_FLAGS_4 := -march=x86-64-v4 -mprefer-vector-width=512
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes \
        -Wvla -Wcast-qual -Wwrite-strings -Wformat=2
ifdef WERROR
  WARN += -Werror
endif
# -ffp-contract=off: the same bits from every compiler. No -ffast-math: its reductions would not be.
FFLAGS := -ffp-contract=off -fno-math-errno -fno-trapping-math

PACKAGES := openblas lmdb libzstd zlib libxxhash jansson libpng libjpeg
# Loaded while the program runs (src/input/libzip.h): only its header is needed, and by tests the library.
LATE_PACKAGES := libzip
ifdef MPI
  PACKAGES += ompi-c
endif
ifneq ($(MAKECMDGOALS),clean)
  MISSING := $(shell $(PKG_CONFIG) --exists $(PACKAGES) $(LATE_PACKAGES) check 2>/dev/null || echo yes)
  ifeq ($(MISSING),yes)
    $(error Libraries are missing. Run tools/bootstrap, which installs them, or see README.md)
  endif
endif
DEP_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) $(LATE_PACKAGES))
DEP_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lm -pthread

ALL_CPPFLAGS := -D_GNU_SOURCE $(if $(LEVELS),-DFF_X86_LEVELS) $(if $(MPI),-DFF_MPI) -Iinclude -Isrc $(DEP_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS := -std=c11 -pthread $(WARN) $(FFLAGS) $(OPT) $(CFLAGS)
ALL_LDFLAGS := $(LINK_OPT) -Wl,--as-needed $(LDFLAGS)

LIB_SRC := $(sort $(wildcard src/*/*.c))
LEVEL_OBJ := $(foreach level,$(LEVELS),$(LEVEL_SRC:%.c=%.v$(level).o))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o) $(LEVEL_OBJ:%=$(B)/%)
PIC_OBJ := $(LIB_SRC:%.c=$(B)/pic/%.o) $(LEVEL_OBJ:%=$(B)/pic/%)
TOOL_SRC := $(sort $(wildcard tools/fftool/*.c tools/fftool/*/*.c))
TOOL_OBJ := $(TOOL_SRC:%.c=$(B)/%.o)
# The program without main(), for the fuzz targets and the generators of man pages and completions.
TOOLS := $(B)/tools/tools.a
GENERATORS := $(B)/tools/man/generate $(B)/tools/completion/generate
MAN_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tools/man/*.c))
COMPLETION_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tools/completion/*.c))
MAN_PAGES := $(patsubst tools/man/%.in,$(B)/%,$(wildcard tools/man/*.in))
COMPLETIONS := $(patsubst tools/%.in,$(B)/%,$(wildcard tools/completion/*.in))
SUPPORT_SRC := $(sort $(wildcard tests/support/*.c tests/fixtures/*.c tests/naive/*.c))
SUPPORT_OBJ := $(SUPPORT_SRC:%.c=$(B)/%.o)
# Functions that tests/support wraps (suite.c, count_work.c, each_allocation.c).
WRAPPED := _mark_point aligned_alloc ff_layer_of ff_peak_consider mmap
TEST_SRC := $(sort $(wildcard tests/*/test_*.c))
TEST_BIN := $(TEST_SRC:tests/%.c=$(B)/tests/%)
PRELOAD_SRC := $(sort $(wildcard tests/preload/*.c))
PRELOAD_OBJ := $(PRELOAD_SRC:%.c=$(B)/%.o)
PRELOAD := $(B)/tests/faults.so
# What scripts of tests/cli read JSON with.
JSON_LEAVES := $(B)/tests/json-leaves
JSON_LEAVES_OBJ := $(B)/tests/cli/json_leaves.o
# What they write .npz files with.
MAKE_NPZ := $(B)/tests/make-npz
MAKE_NPZ_OBJ := $(B)/tests/cli/make_npz.o
# The program as `make MPI=1` builds it, where MPI is installed: two objects take the place of the
# library's.
MPI_FLAGS := $(shell $(PKG_CONFIG) --cflags-only-I ompi-c 2>/dev/null)
MPI_OBJ := $(B)/tests/mpi/team_join.o $(B)/tests/mpi/team_mpi.o
MPI_PROGRAM := $(if $(MPI_FLAGS),$(B)/tests/fftool-mpi)
# Fuzz targets: each is linked with what is common to them, and replay.c or libFuzzer.
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*.c))
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(filter tests/fuzz/fuzz_%.c,$(FUZZ_SRC)))
FUZZ_BIN := $(FUZZ_TARGETS:%=$(B)/tests/test_fuzz_%)
FUZZ_COMMON := $(filter-out tests/fuzz/fuzz_%.c tests/fuzz/replay.c,$(FUZZ_SRC))
FUZZ_COMMON := $(FUZZ_COMMON:%.c=$(B)/%.o)
ifdef LIBFUZZER
  FUZZ_MAIN := -fsanitize=fuzzer
else
  FUZZ_MAIN := $(B)/tests/fuzz/replay.o
endif

STATIC := $(B)/libfftool.a
SHARED := $(B)/libfftool.so.$(SOVERSION)
PROGRAM := $(B)/fftool

.PHONY: all lib program tests fuzz-targets test test-long fuzz demo bench accuracy lint format install uninstall deb clean help
all: lib program $(MAN_PAGES) $(COMPLETIONS) ## The program, its man pages and completions, the library
lib: $(STATIC) $(SHARED)
program: $(PROGRAM)
tests: $(MAN_PAGES) $(COMPLETIONS) $(TEST_BIN) $(PRELOAD) $(JSON_LEAVES) $(MAKE_NPZ) $(FUZZ_BIN) $(MPI_PROGRAM)
fuzz-targets: $(FUZZ_BIN)

$(STATIC): $(LIB_OBJ)
	rm -f $@
	$(AR) qcs $@ $^

$(SHARED): $(PIC_OBJ)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -Wl,-soname,libfftool.so.$(SOVERSION) \
	    -Wl,--version-script=src/libfftool.map -o $@ $(PIC_OBJ) $(DEP_LIBS)
	ln -sf $(notdir $@) $(B)/libfftool.so
$(SHARED): src/libfftool.map

$(PROGRAM): $(TOOL_OBJ) $(STATIC)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(DEP_LIBS)

$(TOOLS): $(filter-out $(B)/tools/fftool/main.o,$(TOOL_OBJ))
	rm -f $@
	$(AR) qcs $@ $^

# Options, fields and formats in man pages and completions are those of the program's tables.
$(B)/tools/man/generate: $(MAN_OBJ)
$(B)/tools/completion/generate: $(COMPLETION_OBJ) $(B)/tools/man/page.o
$(GENERATORS): $(TOOLS) $(STATIC)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(TOOLS) $(STATIC) $(DEP_LIBS)

$(MAN_PAGES): $(B)/%: tools/man/%.in $(B)/tools/man/generate
	$(B)/tools/man/generate <$< >$@

$(COMPLETIONS): $(B)/%: tools/%.in $(B)/tools/completion/generate
	@mkdir -p $(@D)
	$(B)/tools/completion/generate <$< >$@

$(TEST_BIN): $(B)/tests/%: $(B)/tests/%.o $(SUPPORT_OBJ) $(STATIC)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $^ \
	    $(shell $(PKG_CONFIG) --libs check $(LATE_PACKAGES)) $(DEP_LIBS)

$(JSON_LEAVES): $(JSON_LEAVES_OBJ)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs jansson)

$(MAKE_NPZ): $(MAKE_NPZ_OBJ)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs libzip)

$(B)/tests/fftool-mpi: $(MPI_OBJ) $(TOOL_OBJ) $(STATIC)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(DEP_LIBS) $(shell $(PKG_CONFIG) --libs ompi-c)

$(B)/tests/mpi/%.o: src/base/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -DFF_MPI $(MPI_FLAGS:-I%=-isystem%) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Without sanitizers: it is loaded before them.
$(PRELOAD): $(PRELOAD_OBJ)
	$(CC) -shared -o $@ $^ -ldl

$(B)/tests/preload/%.o: tests/preload/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -Itests -std=c11 $(WARN) -O2 -g -fPIC -MMD -MP -c -o $@ $<

# Objects before archives: the copy of value.c that accepts any checksum takes the library's place.
UNCHECKED := $(B)/tests/fuzz/unchecked/value.o
$(B)/tests/test_fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(FUZZ_COMMON) $(UNCHECKED) $(TOOLS) $(STATIC) \
    $(filter %.o,$(FUZZ_MAIN))
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter-out %.o,$(FUZZ_MAIN)) \
	    $(TOOLS) $(STATIC) $(DEP_LIBS)

$(UNCHECKED): src/store/value.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -DFF_ANY_CHECKSUM=1 $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/pic/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fPIC -MMD -MP -c -o $@ $<

$(B)/tests/%.o: ALL_CPPFLAGS += -Itests
$(B)/tools/%.o: ALL_CPPFLAGS += -Itools/fftool -Itools
$(B)/tests/fuzz/%.o: ALL_CPPFLAGS += -Itools/fftool $(if $(LIBFUZZER),-DFF_LIBFUZZER)
$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The levels of files of kernels: NAME.v3.o, NAME.v4.o.
define LEVEL_RULES
$(B)/pic/%.v$(1).o: %.c $(B)/flags
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CPPFLAGS) -DFF_LEVEL=$(1) $$(ALL_CFLAGS) $$(LEVEL_FLAGS_$(1)) -fPIC -MMD -MP -c -o $$@ $$<
$(B)/%.v$(1).o: %.c $(B)/flags
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CPPFLAGS) -DFF_LEVEL=$(1) $$(ALL_CFLAGS) $$(LEVEL_FLAGS_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach level,$(LEVELS),$(eval $(call LEVEL_RULES,$(level))))

# Rebuild when the flags change.
FLAGS_NOW := $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(DEP_LIBS)
$(B)/flags: $(if $(filter-out $(FLAGS_NOW),$(file <$(B)/flags))$(filter-out $(file <$(B)/flags),$(FLAGS_NOW)),FORCE)
	@: $(shell mkdir -p $(@D)) $(file >$@,$(FLAGS_NOW))
FORCE:

test: tests all ## Every test; FFTOOL_MNIST=DIR adds those that need MNIST
	tests/run $(B)
test-long: tests all ## The slow tests too: 1,000 kills, every call failing
	FFTOOL_LONG=1 tests/run $(B)
fuzz: ## Fuzz every parser with libFuzzer, FUZZ_SECONDS=30 or FUZZ_RUNS=N each; FUZZ_TARGETS='...'
	tests/fuzz/run check
	$(MAKE) LIBFUZZER=1 CC=clang fuzz-targets
	FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_RUNS=$(FUZZ_RUNS) tests/fuzz/run build/fuzz $(FUZZ_TARGETS)
demo: program ## Train on Fashion-MNIST and show the result
	tools/demo $(PROGRAM)
bench: program ## Performance, as ratios taken in one run
	tools/bench $(PROGRAM)
accuracy: program ## Test errors on MNIST (FFTOOL_MNIST=DIR) and Fashion-MNIST: hours
	tools/accuracy $(PROGRAM) $(ACCURACY)
lint: ## Format, static analysis, include rules
	tools/lint
format: ## Format every source file
	clang-format -i $(wildcard src/*/*.[ch] include/fftool/*.h tools/fftool/*.[ch] tools/*/*/*.[ch] tools/man/*.[ch] tools/completion/*.[ch] tools/examples/*.c tests/*/*.[ch])

install: all ## Install under DESTDIR and PREFIX
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBDIR)/pkgconfig \
	    $(DESTDIR)$(PREFIX)/include/fftool $(addprefix $(DESTDIR)$(MANDIR)/man,1 3 5 7) \
	    $(DESTDIR)$(PREFIX)/libexec/fftool $(addprefix $(DESTDIR),$(BASH_DIR) $(ZSH_DIR) $(FISH_DIR))
	$(INSTALL) -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/fftool
	$(INSTALL) -m 755 tools/limit-memory $(DESTDIR)$(PREFIX)/libexec/fftool/limit-memory
	$(INSTALL) -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)/libfftool.a
	$(INSTALL) -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)/$(notdir $(SHARED))
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/libfftool.so
	$(INSTALL) -m 644 include/fftool/*.h $(DESTDIR)$(PREFIX)/include/fftool/
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' \
	    -e 's|@REQUIRES@|$(PACKAGES)|' src/libfftool.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/libfftool.pc
	$(INSTALL) -m 644 $(B)/fftool.1 $(DESTDIR)$(MANDIR)/man1/
	$(INSTALL) -m 644 tools/man/libfftool.3 $(DESTDIR)$(MANDIR)/man3/
	$(INSTALL) -m 644 $(B)/fftool-format.5 $(DESTDIR)$(MANDIR)/man5/
	$(INSTALL) -m 644 $(B)/fftool-recipes.7 $(DESTDIR)$(MANDIR)/man7/
	$(INSTALL) -m 644 $(B)/completion/fftool.bash $(DESTDIR)$(BASH_DIR)/fftool
	$(INSTALL) -m 644 $(B)/completion/_fftool $(DESTDIR)$(ZSH_DIR)/
	$(INSTALL) -m 644 $(B)/completion/fftool.fish $(DESTDIR)$(FISH_DIR)/
uninstall: ## Remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/fftool $(DESTDIR)$(LIBDIR)/libfftool.* \
	    $(DESTDIR)$(LIBDIR)/pkgconfig/libfftool.pc $(DESTDIR)$(MANDIR)/man1/fftool.1 \
	    $(DESTDIR)$(MANDIR)/man3/libfftool.3 \
	    $(DESTDIR)$(MANDIR)/man5/fftool-format.5 $(DESTDIR)$(MANDIR)/man7/fftool-recipes.7 \
	    $(DESTDIR)$(BASH_DIR)/fftool $(DESTDIR)$(ZSH_DIR)/_fftool $(DESTDIR)$(FISH_DIR)/fftool.fish
	rm -rf $(DESTDIR)$(PREFIX)/include/fftool $(DESTDIR)$(PREFIX)/libexec/fftool
deb: ## Debian packages, in build/deb
	tools/make-deb
clean: ## Remove build/
	rm -rf build
help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

-include $(LIB_OBJ:.o=.d) $(PIC_OBJ:.o=.d) $(MAN_OBJ:.o=.d) $(COMPLETION_OBJ:.o=.d) $(TOOL_OBJ:.o=.d) $(SUPPORT_OBJ:.o=.d)
-include $(TEST_SRC:%.c=$(B)/%.d) $(PRELOAD_OBJ:.o=.d) $(FUZZ_SRC:%.c=$(B)/%.d) $(UNCHECKED:.o=.d)
-include $(JSON_LEAVES_OBJ:.o=.d) $(MAKE_NPZ_OBJ:.o=.d) $(MPI_OBJ:.o=.d)
