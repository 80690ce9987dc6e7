/* SPDX-License-Identifier: MIT */
/*
 * The platform server: finds devices, and serves init, its only client (tessera/platform.h).
 */
#include "devices.h"
#include "powers.h"
#include "server.h"

static bool has_word(const char *args, const char *word)
{
	const char *at = strstr(args, word);
	size_t n = strlen(word);

	return at != NULL && (at == args || at[-1] == ' ') && (at[n] == 0 || at[n] == ' ');
}

static ep_h own_endpoint(void)
{
	for (u32 i = 0; i < sys_comp->endpoints && i < COMP_ENDPOINTS; i++) {
		if (sys_comp->endpoint[i].side == COMP_SERVER)
			return (ep_h){ sys_comp->endpoint[i].handle };
	}
	sys_panic("no endpoint to serve");
}

int main(void)
{
	const struct platform_options options = {
		.acpi_root = sys_comp->acpi_root,
		.virtio_slots = has_word(sys_comp->args, "virtio-slots"),
	};

	powers = (struct powers){ .ports = { COMP_IOPORTS },
				  .lines = { COMP_IRQCTL },
				  .devices = { COMP_DEVCTL },
				  .devmems = sys_comp->devmems };
	memcpy(powers.devmem, sys_comp->devmem, sizeof powers.devmem);
	platform_find(&options);
	server_run(own_endpoint(), sys_comp->features, (volatile u64 *)sys_comp->msg_page);
}
