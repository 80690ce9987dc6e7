/* SPDX-License-Identifier: MIT */
/*
 * Which objects can be made, with which parameter.
 */
#pragma once
#include "inv.h"

PRED bool spec_creatable(u64 type)
{
	return (type >= OBJ_TABLE && type <= OBJ_PTABLE) || (type >= OBJ_THREAD && type <= OBJ_EP) || type == OBJ_NOTIF ||
	       type == OBJ_IOSPACE;
}

PRED bool spec_param(u32 t, u64 type, u64 param)
{
	return type == OBJ_THREAD  ? param <= UINT16_MAX && param % 256 <= (THREAD_FPU | THREAD_FOREIGN) &&
					      param / 256 <= TH(t)->max_prio
	       : type == OBJ_SPACE ? param <= UINT16_MAX
	       : type == OBJ_EP || type == OBJ_NOTIF ? param <= ks.cpus
						     : param == 0;
}
