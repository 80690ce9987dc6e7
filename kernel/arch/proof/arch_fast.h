/* SPDX-License-Identifier: MIT */
/*
 * The short path as the prover sees it: that of the simulated machine.
 */
#pragma once
#include "../host/arch_fast.h"
