/* SPDX-License-Identifier: MIT */
/*
 * Saved registers as the prover sees them: those of the simulated machine,
 * which share words and arguments as the real one does.
 */
#pragma once
#include "../host/arch_frame.h"
