# rt: build, install, test. `make help` lists the targets.
#
#   CC CFLAGS CPPFLAGS LDFLAGS   yours, added to what the project needs
#   BUILD=build                  where everything that is made goes
#   STATIC=0                     link dynamically (packagers)
#   SANITIZE=1                   ASan and UBSan, dynamic, in build-asan
#   WERROR=1                     warnings are errors
#   V=1                          show the commands
#   PREFIX=/usr/local DESTDIR=   for install and uninstall; BINDIR LIBDIR ... too
#   TESTS=...                    for check: only these files
#   HELPERS="rt-sql ..."         which helper programs (default: those whose library is there)
VERSION := 0.1.0

CFLAGS ?= -O2 -g
STATIC ?= 1
on = $(filter-out 0,$($1))
BUILD ?= $(if $(call on,SANITIZE),build-asan,build)

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/rtbox
RTDIR ?= $(DATADIR)/rtbox
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(DATADIR)/zsh/site-functions
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d

# The applets, one line each in applets.h, are linked to rtbox: rt-run ...
LINKS := $(shell sed -n 's/^extern const struct rt_applet rt_applet_\([a-z]*\);.*/rt-\1/p' cmd/rtbox/applets.h)

# Helper programs, cmd/rt-NAME each: what needs a heavy library. One line each:
# NAME:HEADER:LIBRARY:FUNCTION, the last one to tell whether it is new enough.
helper_table := sql:sqlite3.h:sqlite3:sqlite3_error_offset \
	archive:archive.h:archive:archive_read_support_filter_zstd \
	monitor:curses.h:ncursesw:use_default_colors
helper_field = $(word $1,$(subst :, ,$(filter $(2:rt-%=%):%,$(helper_table))))
helper_lib = -l$(call helper_field,3,$1)
all_helpers := $(foreach h,$(helper_table),rt-$(firstword $(subst :, ,$h)))
try_helper = printf '\043include <%s>\nint main(void) { return !%s; }' \
	$(call helper_field,2,$1) $(call helper_field,4,$1)
can_build = $(shell t=$$(mktemp) && $(try_helper) | \
	$(CC) -w $(CPPFLAGS) $(CFLAGS) -xc - $(LDFLAGS) $(helper_lib) -o $$t 2>/dev/null && echo yes; rm -f "$$t")
ifeq ($(origin HELPERS),undefined)
HELPERS := $(foreach h,$(all_helpers),$(if $(call can_build,$h),$h))
left_out := $(filter-out $(HELPERS),$(all_helpers))
endif

lib_obj := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard lib/*.c)))
cmd_obj := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard cmd/rtbox/*.c)))
helper_obj := $(patsubst %.c,$(BUILD)/%.o,$(sort $(foreach h,$(HELPERS),$(wildcard cmd/$h/*.c))))
unit := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/*.c tests/fuzz/replay.c)))
man1 := $(filter-out $(patsubst %,man/%.1,$(filter-out $(HELPERS),$(all_helpers))),$(sort $(wildcard man/*.1)))
man3 := $(sort $(wildcard man/*.3))
man5 := $(sort $(wildcard man/*.5))
share := $(sort $(wildcard share/*))
doc := README.md CHANGELOG.md LICENSE
pictures := $(sort $(wildcard doc/*.svg))
# A header with an underscore (event_names.h) is for its own module only.
headers := $(foreach h,$(sort $(wildcard lib/*.h)),$(if $(findstring _,$h),,$h))
librundir := $(BUILD)/lib/librundir.a
librtcmd := $(BUILD)/cmd/librtcmd.a
rtbox := $(BUILD)/bin/rtbox
# As they are installed: bin/ beside libexec/rtbox/.
helper_bin := $(HELPERS:%=$(BUILD)/libexec/rtbox/%)

warnings := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings -Wvla -Wshadow
# -Wno-stringop-overflow: gcc warns of what its own checks look like.
sanitize := $(if $(call on,SANITIZE),-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -Wno-stringop-overflow)
# -fno-tree-slp-vectorize: vectors of two fields gain nothing here, and reading a
# large log takes 2 to 4 % longer with them (gcc 12).
# -fPIE costs nothing here and lets librundir.a go into any program. Paths in
# debug information are relative, so that every clone makes the same bytes.
cflags = -std=c11 -pthread -fPIE -ffunction-sections -fdata-sections \
	-fno-tree-slp-vectorize $(warnings) \
	$(if $(call on,WERROR),-Werror) $(CFLAGS) $(sanitize) -ffile-prefix-map="$(CURDIR)"=.
cppflags = -D_GNU_SOURCE -DRT_VERSION=\"$(VERSION)\" -Ilib $(CPPFLAGS)
ldflags = -pthread $(sanitize) -Wl,--gc-sections $(LDFLAGS)
libs := -ljansson -luuid

# Scripts start rtbox thousands of times, so it is a static program at a fixed
# address. Start-up here, median of 4,000 each, interleaved: static 680 us
# (without --gc-sections 688), static PIE 695, dynamic 845, /bin/true 783. It
# is tried only when something is linked; without the archives: dynamic.
try_static := printf 'int json_loads(), uuid_generate();\nint main(void) { return json_loads() + uuid_generate(); }'
static = $(if $(sanitize),,$(if $(call on,STATIC),$(shell t=$$(mktemp) && $(try_static) | \
	$(CC) -w -xc - $(ldflags) -static $(libs) -o $$t 2>/dev/null && echo -static; rm -f "$$t")))

Q := $(if $(call on,V),,@)
say = $(if $(call on,V),,@printf '  %-5s %s\n' $1 $(or $2,$@))
submake = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

all: $(rtbox) $(LINKS:%=$(BUILD)/bin/%) $(helper_bin) $(HELPERS:%=$(BUILD)/bin/%) $(librundir)
	$(if $(left_out),@echo 'left out for want of a library (see make deps): $(left_out)')

help:
	@echo 'make                 the programs, in $(BUILD)/bin'
	@echo 'make quickstart      dependencies, build, and a real pipeline recorded'
	@echo 'make check           every test; installs the tools they need'
	@echo 'make check-unit      the unit tests alone: no tools needed'
	@echo 'make deps            what build and helpers need (test-deps, lint-deps: the tests, .ci/run)'
	@echo 'make install         PREFIX=$(PREFIX) DESTDIR=$(DESTDIR); uninstall removes the same'
	@echo 'make tarball         static programs to unpack anywhere, with their sha256'
	@echo 'make bench           measure'
	@echo 'make fuzz            a fuzzer, by clang: build/fuzz CORPUS'
	@echo 'make pictures        draw those of README anew (python3, tmux)'
	@echo 'make format          clang-format over all C files'
	@echo 'make clean           remove $(BUILD)'

# What objects and programs were made with, so that a change makes them again.
$(BUILD)/flags: export MADE_WITH = $(CC) $(cppflags) $(cflags) : $(ldflags) $(STATIC)
$(BUILD)/files: export MADE_WITH = $(lib_obj) $(cmd_obj) $(wildcard cmd/rt-*/*.c)
$(BUILD)/flags $(BUILD)/files: FORCE
	@mkdir -p $(@D)
	@echo "$$MADE_WITH" | cmp -s - $@ || echo "$$MADE_WITH" >$@

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(cppflags) $(cflags) -MMD -MP -c -o $@ $<

$(BUILD)/cmd/rt-%: private cppflags += -Icmd/rtbox

$(librundir): $(lib_obj) $(BUILD)/files
	$(call say,AR)
	@mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcsD $@ $(lib_obj)

$(rtbox): $(cmd_obj) $(librundir) $(BUILD)/files
	$(call say,LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(cflags) $(ldflags) $(static) -o $@ $(cmd_obj) $(librundir) $(libs)

$(LINKS:%=$(BUILD)/bin/%): | $(rtbox)
	@ln -sf rtbox $@

# What rtbox and its helpers share: all but rtbox's main. Helpers are dynamic.
$(librtcmd): $(filter-out %/main.o,$(cmd_obj)) $(BUILD)/files
	$(call say,AR)
	@mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcsD $@ $(filter-out %/main.o,$(cmd_obj))

$(helper_bin): $(BUILD)/libexec/rtbox/%: $(helper_obj) $(librtcmd) $(librundir) $(BUILD)/files
	$(call say,LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(cflags) $(ldflags) -o $@ $(filter $(BUILD)/cmd/$*/%,$(helper_obj)) \
		$(librtcmd) $(librundir) $(call helper_lib,$*) $(libs)

$(HELPERS:%=$(BUILD)/bin/%): $(BUILD)/bin/%: | $(BUILD)/libexec/rtbox/%
	@mkdir -p $(@D) && ln -sf ../libexec/rtbox/$* $@

$(unit): %: %.o $(librundir)
	$(call say,LINK)
	$(Q)$(CC) $(cflags) $(ldflags) -o $@ $< $(librundir) $(libs)

$(BUILD)/rundir.pc: lib/rundir.pc.in Makefile FORCE
	@mkdir -p $(@D)
	@sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|; s|@VERSION@|$(VERSION)|' $< >$@

# Of every helper program, as it may have been there when others were installed.
helper_files = $(foreach h,$(all_helpers),$(BINDIR)/$h $(helper_dir)/$h $(MANDIR)/man1/$h.1 \
	$(BASHDIR)/$h $(FISHDIR)/$h.fish)

# Installing. install-programs and install-devel each pair with a list of what
# they put there: uninstall removes the two lists and the folders that are ours.
helper_dir := $(LIBEXECDIR)/rtbox
# As seen from BINDIR where both are in one folder, so that what DESTDIR holds
# works there, and after it was moved.
helper_link = $(patsubst $(dir $(abspath $(BINDIR)))%,../%,$(abspath $(helper_dir)))
programs = $(addprefix $(BINDIR)/,rtbox $(LINKS) $(HELPERS)) $(addprefix $(helper_dir)/,$(HELPERS)) \
	$(man1:man/%=$(MANDIR)/man1/%) $(man5:man/%=$(MANDIR)/man5/%) \
	$(addprefix $(BASHDIR)/,rtbox $(LINKS) $(HELPERS)) $(ZSHDIR)/_rt \
	$(foreach n,rtbox $(LINKS) $(HELPERS),$(FISHDIR)/$n.fish) \
	$(addprefix $(RTDIR)/,$(notdir $(share))) $(addprefix $(DOCDIR)/,$(doc)) \
	$(pictures:%=$(DOCDIR)/%)
devel = $(LIBDIR)/librundir.a $(LIBDIR)/pkgconfig/rundir.pc \
	$(headers:lib/%=$(INCLUDEDIR)/rundir/%) $(man3:man/%=$(MANDIR)/man3/%)

install: install-programs install-devel

install-programs: all
	install -d $(sort $(dir $(programs:%=$(DESTDIR)%)))
	install -m 755 $(rtbox) $(DESTDIR)$(BINDIR)/rtbox
	$(if $(man1),install -m 644 $(man1) $(DESTDIR)$(MANDIR)/man1)
	$(if $(man5),install -m 644 $(man5) $(DESTDIR)$(MANDIR)/man5)
	install -m 644 completions/rt.bash $(DESTDIR)$(BASHDIR)/rtbox
	install -m 644 completions/rt.zsh $(DESTDIR)$(ZSHDIR)/_rt
	install -m 644 completions/rt.fish $(DESTDIR)$(FISHDIR)/rtbox.fish
	for n in $(LINKS); do ln -sf rtbox $(DESTDIR)$(BINDIR)/$$n || exit; done
	for n in $(HELPERS); do \
		install -m 755 $(BUILD)/libexec/rtbox/$$n $(DESTDIR)$(helper_dir) && \
		ln -sf $(helper_link)/$$n $(DESTDIR)$(BINDIR)/$$n || exit; \
	done
	for n in $(LINKS) $(HELPERS); do \
		ln -sf rtbox $(DESTDIR)$(BASHDIR)/$$n && \
		ln -sf rtbox.fish $(DESTDIR)$(FISHDIR)/$$n.fish || exit; \
	done
	install -m 644 $(share) $(DESTDIR)$(RTDIR)
	install -m 644 $(doc) $(DESTDIR)$(DOCDIR)
	install -m 644 $(pictures) $(DESTDIR)$(DOCDIR)/doc

install-devel: all $(BUILD)/rundir.pc
	install -d $(sort $(dir $(devel:%=$(DESTDIR)%)))
	install -m 644 $(librundir) $(DESTDIR)$(LIBDIR)
	install -m 644 $(BUILD)/rundir.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 $(headers) $(DESTDIR)$(INCLUDEDIR)/rundir
	$(if $(man3),install -m 644 $(man3) $(DESTDIR)$(MANDIR)/man3)

uninstall:
	rm -f $(addprefix $(DESTDIR),$(programs) $(helper_files) $(devel))
	rmdir $(DESTDIR)$(DOCDIR)/doc $(DESTDIR)$(DOCDIR) $(DESTDIR)$(RTDIR) $(DESTDIR)$(INCLUDEDIR)/rundir $(DESTDIR)$(helper_dir) 2>/dev/null || true

pictures: all
	python3 scripts/pictures.py $(BUILD) doc

tarball: all
	@MAKE='$(MAKE)' sh scripts/tarball.sh $(BUILD) rtbox-$(VERSION)-$(shell $(CC) -dumpmachine | cut -d- -f1)

# Testing.
TESTS ?= $(sort $(wildcard tests/fault/*.sh)) $(sort $(wildcard tests/*.bats)) $(unit)
run_tests = @CC='$(CC)' RT_SANITIZE='$(call on,SANITIZE)' sh tests/check.sh $(BUILD)

deps:
	@sh scripts/deps.sh build helpers
test-deps:
	@sh scripts/deps.sh test
lint-deps:
	@sh scripts/deps.sh lint

unit: $(unit)
	@:

check:
	@sh scripts/deps.sh build helpers test
	+@$(submake) all unit
	$(run_tests) $(TESTS)

check-unit: $(unit)
	$(run_tests) $(unit)

quickstart:
	@sh scripts/deps.sh build helpers
	+@$(submake) all
	@sh scripts/quickstart.sh $(BUILD)

# clang only: a program that looks for what breaks the rules of tests/fuzz/check.h.
fuzz:
	@mkdir -p $(BUILD)
	clang $(cppflags) -std=c11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $(BUILD)/fuzz tests/fuzz/fuzz.c $(sort $(wildcard lib/*.c)) $(libs) -lm

bench: all
	sh tests/bench/run.sh $(BUILD)

format:
	clang-format -i $(sort $(wildcard lib/*.[ch] cmd/*/*.[ch] tests/*/*.[ch]))

clean:
	rm -rf $(BUILD)

FORCE:
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all help install install-programs install-devel uninstall pictures tarball deps test-deps lint-deps \
	unit check check-unit quickstart fuzz bench format clean FORCE

-include $(lib_obj:.o=.d) $(cmd_obj:.o=.d) $(helper_obj:.o=.d) $(unit:%=%.d)
