/* SPDX-License-Identifier: MIT */
#include "boot.h"
void boot_component(void)
{
	sys_panic("linux: not yet");
}
