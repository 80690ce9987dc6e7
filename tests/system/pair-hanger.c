/* SPDX-License-Identifier: MIT */
/* Says that it is ready, and then nothing any more. */
#include "tessera/chan.h"

int main(void)
{
	comp_ready();
	for (;;)
		;
}
