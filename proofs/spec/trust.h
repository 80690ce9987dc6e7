/* SPDX-License-Identifier: MIT */
/*
 * What all proofs rest on, besides what single harnesses assume.  A mark here,
 * like every other, must stand in proofs/expected.toml.
 */
#pragma once

ASSUME(hardware, "processor, MMU, TLB, IOMMU and interrupt controllers do what their manuals say");
ASSUME(assembly, "entry, exit, switching and the rest of kernel/arch/x86_64 do what kernel/arch.h says: tested in the emulator");
ASSUME(boot, "the state that the kernel starts with satisfies the invariants: evaluated after boot by debug kernels and tests");
ASSUME(locks, "locks exclude: proofs are about one call at a time; proofs/proto has models of the locks");
ASSUME(order, "memory that several CPUs write without a lock is written by single atomic steps, in one order");
ASSUME(views, "typed pages do not overlap: a page is read and written only as what its descriptor says (checked at every access on the simulated machine)");
ASSUME(compiler, "the kernel's compiler translates correctly, and means by the C sources what clang's front end means by them");
ASSUME(prover, "the prover and the passes of clang that it starts with are right: every instruction is tested against compiled code");
ASSUME(solver, "what Z3 calls unsatisfiable is so: --second-solver repeats every such answer with cvc5");
