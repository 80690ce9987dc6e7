/* SPDX-License-Identifier: MIT */
/*
 * Vocabulary of proof units.  Include it before any kernel file.
 *
 * A harness is `void h_<name>(void)`: inputs (ANY), assumptions about them,
 * hints, snapshots, one kernel call, checks.
 */
#pragma once

/* A side-effect-free function without loops: the prover makes it one term. */
#define PRED static __attribute__((noinline, pure, unused, section("prover_pred")))
/* void NEVER(f)(u32): it is to be shown that the kernel's function f is not called. */
#define NEVER(name) __attribute__((section("prover_never"))) prover_replace_##name
#define UNROLL _Pragma("clang loop unroll(full)")

unsigned char prover_any_u8(const char *name);
unsigned short prover_any_u16(const char *name);
unsigned int prover_any_u32(const char *name);
unsigned long long prover_any_u64(const char *name);
unsigned int prover_index(const char *name);
void prover_assume(_Bool condition);
void prover_given(_Bool condition);
void prover_assume_state(_Bool condition, const char *why);
void prover_requires(_Bool instance, const char *what);
void prover_hint(_Bool guard, _Bool instance);
void prover_check(_Bool guard, _Bool goal, const char *what);
void prover_kept(_Bool instance, const char *what);
void prover_cover(_Bool condition, const char *what);
void prover_cases(_Bool condition);
void prover_forget(void *field, unsigned long size);
void prover_remember(void *copy, const void *of, unsigned int i, unsigned int n);
void prover_assigns(_Bool guard, const void *place, unsigned long size, unsigned int n);
void prover_touches(_Bool guard, const void *place, unsigned long size, unsigned int n);
void prover_differs(_Bool guard, const void *place, unsigned long size, unsigned int n);
void prover_settle(void);
void prover_change(void);
void prover_snapshot(void *copy, const void *of);
void prover_mix(void *array, const void *other, const void *ours, unsigned int shift);
void prover_fill(void *array, unsigned int first, unsigned int n, const void *value);
void prover_become(void *array, unsigned int row, unsigned int first, unsigned int n, unsigned long long value);
void prover_fill_where(void *array, unsigned int first, unsigned int n, const void *value, unsigned char was);

/* Declare an arbitrary input: ANY(u32, t); */
#define ANY(type, name) type name = (type)prover_any_##type(#name)
/* An arbitrary input that is the same wherever it is named, so that a contract can speak of what is checked later. */
#define INDEX(name) prover_index(#name)
/* Restrict inputs.  Conditions on state are hints or ASSUME_STATE. */
#define ASSUME_INPUT(c) prover_assume(c)
/* Go on with c, and with !c: two smaller questions for the solver. */
#define CASES(c) prover_cases(c)
/* In h_contract_f: what prover_replace_f checks, one call of a PRED, is so at these arguments. */
#define GIVEN(c) prover_given(c)
/* Collected into the report: a named assumption that nothing here proves. */
#define ASSUME(id, reason) _Static_assert(1, reason)
#define ASSUME_STATE(id, c, reason) prover_assume_state(c, #id ": " reason)
/*
 * A precondition of function f, which the harness calls: one call of a PRED of arguments of f and constants.  What
 * stands for f where its callers are proved, its model or contract, says OBLIGED of the same, or it is an assumption.
 */
#define REQUIRES(f, instance) prover_requires(instance, #f ": " #instance)
#define OBLIGED(f, instance) prover_check(1, instance, "required: " #f ": " #instance)
/* Before the first write: an instance of an invariant; `instance` is one call of a PRED. */
#define HINT(guard, instance) prover_hint(guard, instance)
#define HINTS(...) PROVER_EACH(prover_hint, 1, __VA_ARGS__)
/* Obligations, by the column of the report that they count for. */
#define CHECK_INV(x) prover_check(1, x, "invariant: " #x)
#define CHECK_SPEC(x) prover_check(1, x, "spec: " #x)
#define CHECK_LEAK(x) prover_check(1, x, "leak: " #x)
#define CHECK_NI(x) prover_check(1, x, "ni: " #x)
#define CHECK_IF(guard, column, x) prover_check(guard, x, column ": " #x)
/* `instance`, one call of a PRED at arbitrary indices, holds if it held before the first write. */
#define CHECK_KEPT(instance) prover_kept(instance, "invariant: " #instance)
#define CHECK_LEAK_KEPT(instance) prover_kept(instance, "leak: " #instance)
/* The case must be possible: a guard against hints that contradict each other. */
#define COVER(x) prover_cover(x, "cover: " #x)
/* `copy` is a whole global object with the type of `of`: becomes equal to it. */
#define SNAPSHOT(copy, of) prover_snapshot(&(copy), &(of))
/*
 * What a call may change, all that it may.  Before it, REMEMBER(copy, of, i) for all state: a SNAPSHOT, and what array `of` is compared at
 * the end at index i, an INDEX, and INDEX(n) of arrays in it.  Then, before the call or after it, ASSIGNS(guard, place, ...): fields,
 * elements, whole structs or arrays that may be other than remembered if `guard`, which like the places means what it means where it
 * stands.  A harness that says so anywhere, or ASSIGNS_NOTHING, has to show it on all its paths.  A place that can never change is an
 * error.  ASSIGNS_RUN: the same of n elements, from the one named on (of the last array on the way to it).
 * TOUCHES is a second list of such places, for the column "footprint"; EVERYTHING may stand there.  DIFFERS is a third, for the column
 * "ni", of what may differ from the copies as they are at NOTHING_ELSE_DIFFERS, which ends the list.
 * In a contract, or a model of the machine, CHANGE makes arbitrary what ASSIGNS named since it began.
 */
#define REMEMBER(copy, of, i) prover_remember(&(copy), &(of), i, INDEX(n))
#define ASSIGNS(guard, ...) PROVER_EACH(PROVER_ASSIGNS, guard, __VA_ARGS__)
#define ASSIGNS_RUN(guard, place, n) prover_assigns(guard, &(place), sizeof(place), n)
#define TOUCHES(guard, ...) PROVER_EACH(PROVER_TOUCHES, guard, __VA_ARGS__)
#define DIFFERS(guard, ...) PROVER_EACH(PROVER_DIFFERS, guard, __VA_ARGS__)
#define NOTHING_ELSE_DIFFERS() prover_settle()
#define CHANGE() prover_change()
#define EVERYTHING *(const char *)0
#define ASSIGNS_NOTHING() prover_assigns(0, 0, 0, 0)

#define PROVER_ASSIGNS(guard, place) prover_assigns(guard, &(place), sizeof(place), 0)
#define PROVER_DIFFERS(guard, place) prover_differs(guard, &(place), sizeof(place), 0)
#define PROVER_TOUCHES(guard, place) prover_touches(guard, &(place), sizeof(place), 0)

/* f(guard, x) for each x. */
#define PROVER_EACH(f, guard, ...) PROVER_3(PROVER_3(PROVER_3(PROVER_ONE(f, guard, __VA_ARGS__))))
#define PROVER_ONE(f, guard, x, ...) f(guard, x) __VA_OPT__(, PROVER_MORE PROVER_NONE (f, guard, __VA_ARGS__))
#define PROVER_MORE() PROVER_ONE
#define PROVER_NONE ()
#define PROVER_3(...) PROVER_2(PROVER_2(PROVER_2(__VA_ARGS__)))
#define PROVER_2(...) PROVER_1(PROVER_1(PROVER_1(__VA_ARGS__)))
#define PROVER_1(...) __VA_ARGS__
/*
 * For contracts and models of the machine: elements [first, first + n) of a whole
 * global array become `value`, or all zeros.  It stands for a loop over them.
 */
#define FILL(array, first, n, value) prover_fill(&(array), first, n, &(value))
#define CLEAR(array, first, n) prover_fill(&(array), first, n, 0)
/*
 * The same for elements whose first field, one byte, is `was`: for contracts
 * that have checked that it is so for any of them.
 */
#define FILL_WHERE(array, first, n, value, was) prover_fill_where(&(array), first, n, &(value), was)
/*
 * Elements [first, first + n) of row `row` of a whole global array of arrays become
 * pred(row, index, ...), of the state before.  It stands for a loop over them.
 */
#define BECOME(array, row, first, n, pred, ...) \
	prover_become(&(array), row, first, n, pred(prover_any_u32("row"), prover_any_u32("index"), __VA_ARGS__))
/* For contracts: a field of all elements of a global array becomes arbitrary; in element 0 it is named. */
#define FORGET(place) prover_forget(&(place), sizeof(place))
#define FORGETS(...) PROVER_EACH(PROVER_FORGET, , __VA_ARGS__)
#define PROVER_FORGET(guard, place) FORGET(place)
/* In rounds of loops, and contracts: what is so then. */
#define SUPPOSE(...) PROVER_EACH(PROVER_SUPPOSE, , __VA_ARGS__)
#define PROVER_SUPPOSE(guard, instance) prover_assume(instance)
/*
 * For two runs side by side: elements i of a whole global array for which
 * ours[i >> shift] is 0 become those of `other`, an array of the same type.
 */
#define MIX(array, other, ours, shift) prover_mix(&(array), &(other), &(ours), shift)
