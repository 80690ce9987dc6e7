# SPDX-License-Identifier: MIT
# Everything is reached from here; the rules call tools/. `make help` lists the targets.
# Variables: CC=gcc|clang  WERROR=1  T=name (one test)  V=1 (show commands)
#            P=program  M=machine  CPUS=n  APPEND="words"  ROW="names" (profile)  ROWS="words" (bench)

ifeq ($(origin CC),default)
CC := gcc
endif
B        ?= build
PYTHON   ?= /usr/bin/python3
CLANG    ?= clang
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-5s %s\n')
.DELETE_ON_ERROR:

# ---- sources -------------------------------------------------------------------------------
GEN       := build/gen/.stamp
COMPLETE  := build/gen/.complete
K_GENERIC := $(wildcard kernel/*.c) build/gen/dispatch.c
K_SRC     := $(K_GENERIC) $(wildcard kernel/arch/x86_64/*.c kernel/arch/x86_64/*.S)
H_SRC     := $(K_GENERIC) $(wildcard kernel/arch/host/*.c)
LIBS      := $(patsubst lib/%/,%,$(sort $(dir $(wildcard lib/*/*.c lib/*/*.S))))
APPS      := $(patsubst apps/%/,%,$(sort $(dir $(wildcard apps/*/*.c apps/*/*.S))))
SERVERS   := $(filter-out init linux,$(patsubst servers/%/main.c,%,$(wildcard servers/*/main.c)) \
	$(patsubst servers/%/server/main.c,%,$(wildcard servers/*/server/main.c)))
# What each driver consists of stands in its device.toml; lib/drv makes a process of it.
DRIVERS   := $(patsubst drivers/%/device.toml,%,$(wildcard drivers/*/device.toml))
# Each file of tests/system is a component of its own.
PARTS     := $(patsubst tests/system/%.c,%,$(wildcard tests/system/*.c))
SYS_FILES := $(wildcard systems/*.toml tests/system/*.toml)
SYSTEMS   := $(basename $(notdir $(SYS_FILES)))
PROGRAMS  := $(APPS) $(SERVERS) $(DRIVERS) $(PARTS) $(if $(wildcard tests/kernel/*.c),ktest) $(if $(wildcard tests/bench/*.c),kbench)
# A test file with a main() is a program of its own; the others are linked into each of them.
has_main   = $(if $(1),$(shell grep -lE '$(2)' $(1)))
U_ALL     := $(wildcard tests/unit/*.c)
U_MAIN    := $(call has_main,$(U_ALL),^int main\b)
F_ALL     := $(wildcard tests/fuzz/*.c)
F_MAIN    := $(call has_main,$(F_ALL),^int LLVMFuzzerTestOneInput\b)

# ---- flags ---------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wundef \
	-Wvla -Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough \
	$(if $(findstring clang,$(CC)),-Wthread-safety) $(if $(filter 1,$(WERROR)),-Werror)
COMMON := -std=c2x -g -fno-strict-aliasing -fwrapv -fno-common \
	-ffile-prefix-map=$(CURDIR)=. -MMD -MP $(WARN)
FREE := $(COMMON) -ffreestanding -fno-pic -fno-pie -mgeneral-regs-only -fno-stack-protector \
	-fcf-protection=none -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-U_FORTIFY_SOURCE -fno-stack-clash-protection
# Without vector registers nothing wants more than 8 bytes of alignment on the stack.
K_STACK := $(if $(findstring clang,$(CC)),-mstack-alignment=8,-mpreferred-stack-boundary=3)
# -fasm: gcc has __seg_gs only if keywords of its own are allowed.
KFLAGS := $(FREE) $(K_STACK) -fasm -mcmodel=kernel -mno-red-zone -fno-jump-tables \
	-iquote kernel -iquote kernel/arch/x86_64 -iquote proofs/spec -Iinclude -Ibuild/gen
# With gcc the release kernel is optimised as one program; clang would need another linker for that.
K_LTO  := $(if $(findstring clang,$(CC)),,-flto -fno-fat-lto-objects -fno-if-conversion -fno-align-loops \
	--param=max-inline-insns-auto=30 --param=inline-min-speedup=15)
K_REL  := $(KFLAGS) -O2 -DDEBUG=0 $(K_LTO)
K_DBG  := $(KFLAGS) -Og -DDEBUG=1
K_LD   := -static -z max-page-size=0x1000 -z noexecstack --build-id=none
PFLAGS := $(FREE) -O2 -Iinclude -Ibuild/gen $(LIBS:%=-Ilib/%)
# So is the Linux personality, which runs between two switches for each system call.
LX_REL := $(PFLAGS) $(K_LTO)
P_LD   := -nostdlib -static -z max-page-size=0x1000 -z noexecstack --build-id=none \
	-u _start -e _start -T tools/program.ld
SAN    ?= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FSAN   ?= -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
HFLAGS := $(COMMON) -O1 -DARCH_HOST -DDEBUG=1 -DWITH_GHOST -D_GNU_SOURCE \
	-iquote kernel -iquote kernel/arch/host -iquote proofs/spec -iquote tests/unit -iquote tests/fuzz \
	-Iinclude -Ibuild/gen

# ---- what is built -------------------------------------------------------------------------
.PHONY: all kernel programs systems unit fuzzers gen help FORCE
all: kernel programs systems
kernel: $(COMPLETE) $(B)/kernel/tessera.elf $(B)/kernel-debug/tessera.elf
programs: $(PROGRAMS:%=$(B)/programs/%.elf)
systems: $(SYSTEMS:%=$(B)/systems/%.elf)
unit: $(COMPLETE) $(U_MAIN:tests/unit/%.c=$(B)/unit/%)
fuzzers: $(F_MAIN:tests/fuzz/%.c=$(B)/fuzz/%)
gen: $(GEN)

ALL_FLAGS := $(CC) $(CLANG) $(K_REL) $(LX_REL) $(SAN) $(FSAN)
# A change of compiler or flags rebuilds everything below this directory.
$(B)/flags: FORCE
	@mkdir -p $(B)
	@echo '$(ALL_FLAGS)' | cmp -s - $@ || echo '$(ALL_FLAGS)' > $@

$(GEN): $(wildcard abi/*.toml tools/abigen*.py tools/abigen/*.py docs/manual/text/*.md)
	$(say) GEN $@
	$(Q)$(PYTHON) tools/abigen.py abi/kernel.toml build/gen
	@touch $@
# By name: else make looks at those that objects depend on before they are written.
$(addprefix build/gen/,abi.h dispatch.c dispatch.h fuzz_grammar.h negative.h spec_handlers.h spec_pre.h trace_names.h user.h): $(GEN) ;
# A row that lacks something fails the build: handler, invariant, positive test, specification, text.
$(COMPLETE): $(GEN) $(wildcard kernel/*.c tests/kernel/*.c proofs/spec/* proofs/units/*.c)
	$(Q)$(PYTHON) tools/abigen.py --check abi/kernel.toml
	@touch $@
LX_GEN := build/gen/linux/.stamp
$(LX_GEN): abi/linux.toml abi/linux-words.toml $(wildcard tools/abigen/linux*.py) tools/abigen/text.py
	$(say) GEN $@
	$(Q)$(PYTHON) tools/abigen/linux.py abi/linux.toml abi/linux-words.toml build/gen/linux
	@touch $@
$(addprefix build/gen/linux/,calls.h dispatch.c names.c names.h words.h): $(LX_GEN) ;

# $(1) directory of objects, $(2) compiler, $(3) flags
define objects
$(1)/%.c.o: %.c $(B)/flags | $(GEN)
	@mkdir -p $$(@D)
	$(say) CC $$@
	$(Q)$(2) $(3) -c -o $$@ $$<
$(1)/%.S.o: %.S $(B)/flags | $(GEN)
	@mkdir -p $$(@D)
	$(say) CC $$@
	$(Q)$(2) $(3) -c -o $$@ $$<
endef
$(eval $(call objects,$(B)/kernel,$(CC),$(K_REL)))
$(eval $(call objects,$(B)/kernel-debug,$(CC),$(K_DBG)))
# The short path is compiled by itself: inlined into it, what is rare would cost it registers.
# It ends in jumps, for debugging too (entry.S would notice).
$(B)/kernel/kernel/fastpath.c.o: kernel/fastpath.c $(B)/flags | $(GEN)
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(KFLAGS) -O2 -DDEBUG=0 -c -o $@ $<
$(B)/kernel-debug/kernel/fastpath.c.o: kernel/fastpath.c $(B)/flags | $(GEN)
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(KFLAGS) -O2 -DDEBUG=1 -c -o $@ $<
$(eval $(call objects,$(B)/user,$(CC),$(PFLAGS)))
$(eval $(call objects,$(B)/lx,$(CC),$(LX_REL)))
$(eval $(call objects,$(B)/host,$(CC),$(HFLAGS) $(SAN)))
$(eval $(call objects,$(B)/fuzz-obj,$(CLANG),$(HFLAGS) $(FSAN)))

# $(1) kernel or kernel-debug
define kernel_image
$(B)/$(1)/tessera.elf: $(K_SRC:%=$(B)/$(1)/%.o) kernel/arch/x86_64/kernel.ld
	$(say) LD $$@
	$(Q)$(2) -no-pie $(K_LD:%=-Xlinker %) -T kernel/arch/x86_64/kernel.ld -Xlinker -Map=$(B)/$(1)/tessera.map -nostdlib -o $$@ $(K_SRC:%=$(B)/$(1)/%.o)
endef
$(eval $(call kernel_image,kernel,$(CC) $(K_REL) $(if $(K_LTO),-flto-partition=one)))
$(eval $(call kernel_image,kernel-debug,$(CC) $(K_DBG)))

# $(1) library
define library
$(B)/lib/lib$(1).a: $(patsubst %,$(B)/user/%.o,$(wildcard lib/$(1)/*.c lib/$(1)/*.S))
	@mkdir -p $$(@D) && rm -f $$@
	$(say) AR $$@
	$(Q)$(AR) rcs $$@ $$^
endef
$(foreach l,$(LIBS),$(eval $(call library,$(l))))

# $(1) program, $(2) its sources
define program
$(B)/programs/$(1).elf: $(2:%=$(B)/user/%.o) $(LIBS:%=$(B)/lib/lib%.a) tools/program.ld
	@mkdir -p $$(@D)
	$(say) LD $$@
	$(Q)$(LD) $(P_LD) -o $$@ $(2:%=$(B)/user/%.o) --start-group $(LIBS:%=$(B)/lib/lib%.a) --end-group
endef
$(foreach a,$(APPS),$(eval $(call program,$(a),$(wildcard apps/$(a)/*.c apps/$(a)/*.S))))
$(eval $(call program,ktest,$(wildcard tests/kernel/*.c tests/kernel/*.S)))
$(eval $(call program,kbench,$(wildcard tests/bench/*.c tests/bench/*.S) tests/kernel/call.S))

# The Linux personality: a component (linux), or the kernel's first program with a tree of files (linux-first).
LX_SRC   := $(filter-out servers/linux/vdso/% servers/linux/core/archive.S,$(sort $(wildcard servers/linux/*/*.c servers/linux/*/*.S))) \
	$(addprefix build/gen/linux/,dispatch.c names.c)
LX_OBJ := $(LX_SRC:%=$(B)/lx/%.o)
$(LX_OBJ): | $(LX_GEN)
# The dispatcher by itself: with handlers inlined, each call would save what the worst of them needs.
$(B)/lx/build/gen/linux/dispatch.c.o: build/gen/linux/dispatch.c $(B)/flags
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(PFLAGS) -c -o $@ $<
# The vDSO is a shared object of its own, and a part of the server's data.
build/linux/vdso.so: $(wildcard servers/linux/vdso/*) $(B)/flags
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) -std=c2x -O2 $(WARN) -ffreestanding -fPIC -mgeneral-regs-only -fno-stack-protector \
		-fcf-protection=none -fno-asynchronous-unwind-tables -nostdlib -shared \
		-Wl,-soname=linux-vdso.so.1,--hash-style=both,--build-id=none,-z,noexecstack,-Bsymbolic \
		-Wl,-T,servers/linux/vdso/vdso.ld -o $@ servers/linux/vdso/vdso.c
$(B)/lx/servers/linux/mm/vdso_image.S.o: build/linux/vdso.so
# $(1) program, $(2) objects besides the server's
define linux_program
$(B)/programs/$(1).elf: $(LX_OBJ) $(2) $(LIBS:%=$(B)/lib/lib%.a) tools/program.ld
	@mkdir -p $$(@D)
	$(say) LD $$@
	$(Q)$(CC) $(LX_REL) $(if $(K_LTO),-flto-partition=one) -no-pie $(P_LD:%=-Xlinker %) -nostdlib -o $$@ $(LX_OBJ) $(2) -Wl,--start-group $(LIBS:%=$(B)/lib/lib%.a) -Wl,--end-group
endef
$(eval $(call linux_program,linux,))
# ROOT: the archive that becomes the file tree (tools/mkroot.py).
ROOT ?= build/root/base.cpio
build/root/base.cpio: $(wildcard tools/mkroot.py tools/root/*.py)
	$(say) ROOT $@
	$(Q)$(PYTHON) tools/mkroot.py -o $@
$(B)/linux/root: FORCE
	@mkdir -p $(@D)
	@echo '$(ROOT)' | cmp -s - $@ || echo '$(ROOT)' > $@
$(B)/linux/archive.o: servers/linux/core/archive.S $(ROOT) $(B)/linux/root
	$(Q)$(CC) -DLINUX_ARCHIVE='"$(ROOT)"' -c -o $@ $<
$(eval $(call linux_program,linux-first,$(B)/linux/archive.o))
.PHONY: linux linux-first
linux: $(B)/programs/linux.elf
linux-first: $(B)/programs/linux-first.elf

$(foreach s,$(SERVERS),$(eval $(call program,$(s),$(shell find servers/$(s) -name '*.[cS]'))))
driver_src = $(shell sed -n 's/^sources = \[\(.*\)\]$$/\1/p' drivers/$(1)/device.toml | tr -d '",')
$(foreach d,$(DRIVERS),$(eval $(call program,$(d),$(call driver_src,$(d)))))
# This one is linked to a true driver, which it leads astray.
PART_hostile-driver := $(call driver_src,virtio-blk) tests/system/hostile/aim.c
# These have it within.
PART_forgetful-driver := $(filter-out drivers/virtio-blk/%,$(call driver_src,virtio-blk))
PART_instant-driver   := $(PART_forgetful-driver)
$(foreach t,$(PARTS),$(eval $(call program,$(t),tests/system/$(t).c $(PART_$(t)))))

# Systems: init with the bundle that tools/sysgen.py makes of systems/NAME.toml and the programs.
INIT_SRC := $(wildcard servers/init/*.c)
SYSGEN   := $(PYTHON) tools/sysgen.py
# $(1) system, $(2) its file; one with an error depends on its file alone, and who builds it is told.
define system
$(B)/systems/$(1)/depend.mk: $(2) $(wildcard tools/sysgen/*.py) tools/sysgen.py
	@mkdir -p $$(@D)
	$(Q)$(SYSGEN) depend $$< --build $(B) -o $$@ 2>/dev/null || : > $$@
-include $(B)/systems/$(1)/depend.mk
$(B)/systems/$(1)/bundle.bin: $(2) $(wildcard tools/sysgen/*.py) tools/sysgen.py
	$(say) SYS $(B)/systems/$(1)
	$(Q)$(SYSGEN) build $$< --build $(B) -o $(B)/systems/$(1)
$(B)/systems/$(1)/bundle.o: servers/init/bundle.S $(B)/systems/$(1)/bundle.bin
	$(Q)$(CC) $(FREE) -DBUNDLE='"$(B)/systems/$(1)/bundle.bin"' -c -o $$@ $$<
$(B)/systems/$(1).elf: $(INIT_SRC:%=$(B)/user/%.o) $(B)/systems/$(1)/bundle.o $(LIBS:%=$(B)/lib/lib%.a) tools/program.ld
	$(say) LD $$@
	$(Q)$(LD) $(P_LD) -o $$@ $(INIT_SRC:%=$(B)/user/%.o) $(B)/systems/$(1)/bundle.o --start-group $(LIBS:%=$(B)/lib/lib%.a) --end-group
endef
$(foreach f,$(SYS_FILES),$(eval $(call system,$(basename $(notdir $(f))),$(f))))

# For benchmarks: systems whose programs lie apart, so that an address says whose an instruction is.
APART    := platform virtio-blk blk-mux bench-disk virtio-net net-mux bench-net bench-idle
apart_at  = $(words $(shell printf '%s\n' $(APART) | sed '/^$(1)$$/q'))
apart_src = $(if $(filter $(1),$(DRIVERS)),$(call driver_src,$(1)),$(if $(filter $(1),$(SERVERS)),\
	$(shell find servers/$(1) -name '*.[cS]'),tests/system/$(1).c))
# $(1) program, $(2) its sources
define apart_program
$(B)/apart/programs/$(1).elf: $(2:%=$(B)/user/%.o) $(LIBS:%=$(B)/lib/lib%.a) tools/program.ld
	@mkdir -p $$(@D)
	$(say) LD $$@
	$(Q)$(LD) --defsym program_base=0x$(call apart_at,$(1))000000 $(P_LD) -o $$@ $(2:%=$(B)/user/%.o) --start-group $(LIBS:%=$(B)/lib/lib%.a) --end-group
endef
$(foreach a,$(APART),$(eval $(call apart_program,$(a),$(call apart_src,$(a)))))
define apart_system
$(B)/apart/systems/$(1)/bundle.bin: tests/system/$(1).toml $(wildcard tools/sysgen/*.py) tools/sysgen.py $(APART:%=$(B)/apart/programs/%.elf)
	$(say) SYS $(B)/apart/systems/$(1)
	$(Q)$(SYSGEN) build $$< --build $(B)/apart -o $(B)/apart/systems/$(1)
$(B)/apart/systems/$(1)/bundle.o: servers/init/bundle.S $(B)/apart/systems/$(1)/bundle.bin
	$(Q)$(CC) $(FREE) -DBUNDLE='"$(B)/apart/systems/$(1)/bundle.bin"' -c -o $$@ $$<
$(B)/apart/systems/$(1).elf: $(INIT_SRC:%=$(B)/user/%.o) $(B)/apart/systems/$(1)/bundle.o $(LIBS:%=$(B)/lib/lib%.a) tools/program.ld
	$(say) LD $$@
	$(Q)$(LD) $(P_LD) -o $$@ $(INIT_SRC:%=$(B)/user/%.o) $(B)/apart/systems/$(1)/bundle.o --start-group $(LIBS:%=$(B)/lib/lib%.a) --end-group
endef
$(foreach s,bench-disk bench-net,$(eval $(call apart_system,$(s))))
.PHONY: apart
apart: $(B)/apart/systems/bench-disk.elf $(B)/apart/systems/bench-net.elf

# Host programs: the generic kernel with the simulated machine, under sanitizers.
U_SUPPORT := $(filter-out $(U_MAIN),$(U_ALL)) $(H_SRC)
F_SUPPORT := $(filter-out $(F_MAIN),$(F_ALL)) $(H_SRC)
$(B)/unit/%: $(B)/host/tests/unit/%.c.o $(U_SUPPORT:%=$(B)/host/%.o)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(SAN) -o $@ $^
$(B)/fuzz/%: $(B)/fuzz-obj/tests/fuzz/%.c.o $(F_SUPPORT:%=$(B)/fuzz-obj/%.o)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CLANG) $(subst fuzzer-no-link,fuzzer,$(FSAN)) -o $@ $^
# The kernel fuzzer without libFuzzer and sanitizers, for long runs from seeds.
.PHONY: fuzz-alone
fuzz-alone: $(GEN)
	$(say) LD $(B)/fuzz-alone
	$(Q)$(CLANG) $(filter-out -MMD -MP,$(HFLAGS)) -O2 -DFUZZ_ALONE -o $(B)/fuzz-alone \
		$(wildcard tests/fuzz/*.c) $(H_SRC)
.SECONDARY:

-include $(shell test -d $(B) && find $(B) -path $(B)/debs -prune -o -name '*.d' -type f -print)

# ---- what is done with it ------------------------------------------------------------------
# What ./tessera run puts together for each run.
.PHONY: run-parts
run-parts: kernel $(INIT_SRC:%=$(B)/user/%.o) $(LIBS:%=$(B)/lib/lib%.a) $(B)/programs/linux.elf \
	$(patsubst %,$(B)/programs/%.elf,platform virtio-console virtio-blk blk-mux ext2)

.PHONY: run test report gdb trace bench profile prove prove-quick prove-mutants fuzz cov check fmt docs iso clean
M      ?= microvm
CPUS   ?= 2
P      ?= hello
# A system says itself what machine it is for, unless M and APPEND do.
SAID    = $(filter command environment,$(origin $(1)))
EMU     = $(PYTHON) tools/emu.py run --cpus $(CPUS) $(if $(SYS),@build/systems/$(SYS)/emulator) \
	$(if $(if $(SYS),$(call SAID,M),y),--machine $(M)) \
	$(if $(if $(SYS),$(call SAID,APPEND),y),--append "$(APPEND)")
DEPS    = @sh tools/deps.sh
SUBMAKE = @$(MAKE) --no-print-directory
# Tests give these their devices; what has no [emulator] of its own cannot be run without.
NEEDY   = $(basename $(notdir $(shell grep -l '^\[\[driver\]\]' $(SYS_FILES) | xargs -r grep -L '^\[emulator\]')))
TESTED  = $(or $(shell grep -lE '["/]$(1)["./]' tests/*/run.py tools/sysbench.py),no test)
RUNS    = $(filter-out $(NEEDY),$(SYSTEMS))
HAVE    = $(if $(SYS),$(if $(filter $(SYS),$(SYSTEMS)),,$(error SYS=$(SYS): no such system; there are: $(RUNS)))\
	$(if $(filter $(SYS),$(NEEDY)),$(error SYS=$(SYS): a test's system, with devices that the test gives it; booted by: $(call TESTED,$(SYS)))),\
	$(if $(filter $(P),$(PROGRAMS)),,$(error P=$(P): no such program; there are: $(PROGRAMS))))
# What is booted: a program by itself, or a system.
IMAGE   = $(if $(SYS),build/systems/$(SYS).elf,build/programs/$(P).elf)
PROVE   = @sh tools/deps.sh prove && $(PYTHON) proofs/run.py

# By itself: a shell on a disk that is kept. With P, SYS or M: that program, that system, hello on that machine.
CHOSEN := $(strip $(SYS) $(if $(filter command environment,$(origin P) $(origin M)),$(P)))
ifeq ($(CHOSEN),)
run: build/root/disk.img
	@./tessera shell --disk $< --cpus $(CPUS); s=$$?; [ $$s -lt 124 ] || [ $$s -eq 130 ]
else
run:
	$(HAVE)$(DEPS) run
	$(SUBMAKE) kernel $(IMAGE)
	@$(EMU) --timeout 0 build/kernel/tessera.elf $(IMAGE)
endif

build/root/disk.img:
	$(DEPS) run
	$(say) ROOT $@
	@$(PYTHON) tools/mkroot.py --ext2 --size 256M -o $@

test:
	$(DEPS) test
	@CC=$(CC) $(PYTHON) tools/test.py $(if $(T),--only '$(T)')

gdb:
	$(HAVE)$(DEPS) debug
	$(SUBMAKE) kernel $(IMAGE)
	@$(EMU) --gdb --icount --timeout 0 build/kernel-debug/tessera.elf $(IMAGE)

trace:
	$(HAVE)$(DEPS) run
	$(SUBMAKE) kernel $(IMAGE)
	@$(PYTHON) tools/trace.py run --program $(IMAGE) $(if $(SYS),@build/systems/$(SYS)/emulator) \
		$(if $(call SAID,APPEND),--append "$(APPEND)")

bench:
	$(DEPS) bench
	$(SUBMAKE) all apart
	@$(PYTHON) tools/bench.py $(if $(ROWS),--rows "$(ROWS)")

profile:
	$(if $(ROW),,$(error ROW=name: a row that tests/bench measures, or linux_*: tools/iprof.py --rows lists them))$(DEPS) run
	$(SUBMAKE) all
	@$(PYTHON) tools/iprof.py $(ROW)

prove:
	$(PROVE)

prove-quick:
	$(PROVE) --quick

prove-mutants:
	$(PROVE) --mutants

fuzz:
	$(DEPS) test
	$(SUBMAKE) fuzzers
	@$(PYTHON) tools/fuzz.py --seconds $(or $(SECONDS),60)

cov:
	$(DEPS) test
	@$(PYTHON) tools/cov.py

check:
	@$(PYTHON) tools/check.py

fmt:
	@git ls-files '*.c' '*.h' | xargs -r clang-format -i

report: REPORTED = build/systems/$(SYS)
report:
	$(if $(SYS),@mkdir -p $(REPORTED))
	@$(SYSGEN) report -o $(REPORTED)/graph.svg $(or $(firstword $(wildcard systems/$(SYS).toml tests/system/$(SYS).toml)),$(error SYS=$(SYS): \
		no such system; there are: $(patsubst systems/%.toml,%,$(wildcard systems/*.toml systems/*/*.toml))))

docs:
	$(SUBMAKE) gen
	$(SUBMAKE) $(LX_GEN)
	@mkdir -p docs/manual && cp build/gen/docs/manual/*.md docs/manual/
	@cp build/gen/linux/linux.md docs/linux.md

iso:
	$(DEPS) iso
	$(SUBMAKE) all
	@$(PYTHON) tools/emu.py iso build/kernel/tessera.elf $(IMAGE) -o build/tessera.iso

clean:
	rm -rf $(B)

help:
	@sed -n 's/^\([a-z-]*\):$$/  make \1/p' Makefile
	@echo "What each does: README.md. Variables: P=program ($(PROGRAMS))"
	@echo "SYS=system ($(RUNS)) M=machine CPUS=n"
	@echo "ROWS=\"words\": rows of make bench whose names have one of these in them"
	@echo "APPEND=\"words\" T=name FULL=1 CC=gcc|clang WERROR=1 V=1"
