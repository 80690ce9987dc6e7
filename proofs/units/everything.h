/* SPDX-License-Identifier: MIT */
/*
 * For units above large parts of the kernel, which stand there as a function that may change all kernel state
 * but what its contract names.
 */
#pragma once
#include "whole.h"

#define ALL_STATE                                                                                  \
	ks, ks_page, ks_slot, ks_table, ks_space, ks_pte, ks_thread, ks_tnode, ks_sched, ks_ep, ks_notif, ks_irq, ks_device, ks_born, ks_word, ks_cpu
#define EVERYTHING_CHANGES                                                                         \
	ASSIGNS(1, ALL_STATE);                                                                     \
	CHANGE()

/* A loop by induction: what is so when a round of f begins, and (places) that rounds change. */
#define THESE(...) __VA_ARGS__
#define ROUNDS(f, what, places, ...)                                                               \
	void prover_begin_##f(__VA_ARGS__) { CHECK_SPEC(what); }                                   \
	void prover_round_##f(__VA_ARGS__)                                                         \
	{                                                                                          \
		ASSIGNS(1, THESE places);                                                          \
		CHANGE();                                                                          \
		prover_assume(what);                                                               \
	}
