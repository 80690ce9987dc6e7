/* SPDX-License-Identifier: MIT */
/*
 * What init tells a component: struct comp_info, on pages mapped read-only;
 * its address is the component's first argument.  It stands for what
 * systems/NAME.toml says of the component, worked out: handles in the
 * component's own table, addresses in its own space.
 *
 * A component trusts init, which made it; nothing here comes from a peer.
 */
#pragma once
#include <stdint.h>

#define COMP_INFO_MAGIC 0x746e656e6f706d6full
enum {
	COMP_INFO_VERSION = 1,
	COMP_NAME = 24,
	COMP_MEMORIES = 8,
	COMP_POOLS = 4,
	COMP_CHANNELS = 24,
	COMP_AREAS = 4,
	COMP_ENDPOINTS = 16,
	COMP_REGIONS = 6,
	COMP_IRQS = 17,
	COMP_ARGS = 256,
	COMP_DEVMEMS = 48,
	COMP_INFO_PAGES = 4, /* struct comp_info fits */
};

/* Handles that each component finds in its table; what it was not given is an empty slot. */
enum {
	COMP_THREAD = 1,
	COMP_TABLE = 2,
	COMP_SPACE = 4,
	COMP_SCHED = 5,
	COMP_SYSTEM = 6,     /* debug console and trace, where the system file allows them */
	COMP_CPUS = 7,       /* where it may run threads */
	/*
	 * Its notification.  Bound to its first thread if the component receives from an endpoint
	 * (COMP_SERVER): then ep_recv takes the bits.  Else not bound: notif_wait does.
	 */
	COMP_NOTIF = 8,
	COMP_SUPERVISOR = 9, /* endpoint of init: struct sup_call */
	/* Only for the program with `platform = true`: all ports, lines, requester ids there are. */
	COMP_IOPORTS = 10,
	COMP_IRQCTL = 11,
	COMP_DEVCTL = 12,
	COMP_FREE = 16,      /* handles given by init follow from here on */
};

/* Memory the component may make objects in. */
struct comp_memory {
	uint64_t first, count; /* pages; first is the physical page number */
	uint32_t handle;
	uint32_t node;
};

/*
 * Frames that several components share, or that one uses as a whole: made by init, and
 * revocable by it alone.
 */
struct comp_pool {
	char name[COMP_NAME];
	uint64_t first, count; /* pages; first: physical page number, for trusted drivers only, else 0 */
	uint64_t vaddr;        /* mapped here; 0: not mapped */
	uint32_t handle;       /* of the frames, to grant and map further; 0: not given */
	uint32_t rights;       /* RIGHT_FRAMES_* */
};

/* A part of a pool, as peers of a channel name it. */
struct comp_area {
	uint64_t bytes; /* 0: no such area */
	uint64_t vaddr; /* here; 0: this component does not see it */
	uint64_t iova;  /* where the device of a driver sees it; 0: it does not */
	uint64_t pool;  /* which pool it is, by a number that is the same for all components */
};

enum { COMP_CLIENT, COMP_SERVER };

/*
 * A pair of rings (tessera/ring.h) with one peer.  The client produces requests and consumes
 * answers.  Before either side runs for the first time, and after each restart of a peer, the
 * areas are zero.
 */
struct comp_channel {
	char name[COMP_NAME];     /* what this component calls the channel */
	char protocol[COMP_NAME]; /* blk, net, stream, fs */
	uint32_t side;            /* COMP_CLIENT, COMP_SERVER */
	uint32_t capacity;        /* entries of each ring */
	uint64_t request_out, request_in, answer_out, answer_in; /* addresses of the areas */
	uint32_t signal; /* handle: signal it to wake the peer; it has a badge */
	uint32_t bit;    /* the peer's signals set this bit of COMP_NOTIF */
	uint32_t areas;
	/*
	 * COMP_NOTIF bit set by init when the rings are to be begun anew, because the peer was
	 * restarted or one side said SUP_BROKEN.  If it still is to be so (SUP_RESET_ASKED): use
	 * the channel no more, forget what was on the rings, call SUP_RESET_DONE.
	 */
	uint32_t reset_bit;
	uint32_t down; /* 1: not to be used before the first reset_bit */
	struct comp_area area[COMP_AREAS];
};

/*
 * Device memory, only for the program with `platform = true`: all regions that boot_info has with
 * is_ram = 0, ascending.
 */
struct comp_devmem {
	uint64_t first, count; /* pages; first is the physical page number */
	uint32_t handle;
	uint32_t zero;
};

/* An endpoint: to receive from (server), or to call (client). */
struct comp_endpoint {
	char name[COMP_NAME];
	uint32_t handle;
	uint32_t side;
};

struct comp_region {
	uint64_t bytes; /* 0: the device has no such region */
	uint64_t vaddr; /* registers, mapped uncached; 0: I/O ports */
	uint64_t port;  /* offset in the I/O port capability `ports` */
};

/* The device of a driver; kind 0: this component is no driver. */
struct comp_device {
	uint32_t kind;   /* 0 none, 1 PCI, 2 virtio-mmio, 3 legacy (ports, IOAPIC line) */
	uint32_t irqs;
	uint32_t irq[COMP_IRQS];     /* handles; interrupt i sets bit irq_bit + i of COMP_NOTIF */
	uint32_t irq_bit;
	uint32_t ports;  /* handle of an ioports capability; 0: none */
	uint32_t confined; /* 1: behind the IOMMU; iova are addresses of its I/O space. 0: physical */
	uint64_t platform[64]; /* what the driver's kind asks for (drivers' device.toml: platform = ...) */
	uint64_t platform_bytes;
	struct comp_region region[COMP_REGIONS];
	uint64_t dma_vaddr, dma_bytes, dma_iova;
};

struct comp_info {
	uint64_t magic;
	uint32_t version;
	uint32_t features;     /* FEATURE_* of info.h */
	uint64_t clock_hz;
	uint64_t clock_offset; /* TSC when the clock was 0 */
	uint64_t epoch_ns;     /* wall clock time (UTC, since 1970) when the clock was 0; 0: unknown */
	uint64_t xstate_bytes, xstate_mask;
	char name[COMP_NAME];
	char args[COMP_ARGS];  /* from the system file, then what the boot command line has for it */
	uint32_t free_handle, free_end; /* these are empty slots */
	uint32_t restarts;     /* how often it was started before */
	uint32_t cpus;         /* in COMP_CPUS */
	uint32_t free_bit;     /* this bit of COMP_NOTIF and those up to 62 are the component's own */
	uint32_t heartbeat_ms; /* 0, or the supervisor wants a sign of life so often (SUP_ALIVE) */
	uint32_t memories, pools, channels, endpoints;
	uint64_t msg_page;     /* address of its first thread's message page */
	uint64_t acpi_root;    /* physical; only for the program with `platform = true` */
	uint32_t devmems, zero;
	struct comp_memory memory[COMP_MEMORIES];
	struct comp_pool pool[COMP_POOLS];
	struct comp_endpoint endpoint[COMP_ENDPOINTS];
	struct comp_channel channel[COMP_CHANNELS];
	struct comp_device device;
	struct comp_devmem devmem[COMP_DEVMEMS];
};
_Static_assert(sizeof(struct comp_info) <= COMP_INFO_PAGES * 4096, "pages of struct comp_info");

/*
 * Calls to COMP_SUPERVISOR; label of the tag, words.  Its badge tells init who calls.
 * Answer: word 0 is 0 or an error number of sup_error.  A component may bind the same
 * endpoint as fault endpoint of its further threads: labels of faults are other numbers.
 */
enum sup_call {
	SUP_READY = 16, /* initialised: peers may rely on it */
	SUP_ALIVE,      /* heartbeat: may be sent non-blocking */
	SUP_EXIT,       /* word 0: status. Not answered: init ends the component by its restart policy */
	SUP_BROKEN,     /* word 0: channel number whose peer broke its protocol: restart the peer, reset */
	SUP_RESET_DONE, /* word 0: channel number: this side uses the old rings no more. SUP_OK: they are
	                   new (zero), begin again. SUP_LATER: not yet, reset_bit will be set again.
	                   SUP_GONE: the peer will not be started again */
	SUP_POWER,      /* word 0: 0 off, 1 reset; word 1: status the emulator ends with. Where allowed */
	SUP_WRITE,      /* word 0: 1 to 56, bytes in words 1..7: text for the console. Where allowed.
	                   Lines of all components are written whole, with the name of who wrote them.
	                   SUP_LATER: it has written too much; nothing was taken, try again later */
	SUP_RESET_ASKED, /* word 0: channel number. SUP_OK: its rings are good, an earlier answer took
	                   care of this reset_bit. SUP_LATER: let go, and say SUP_RESET_DONE */
	SUP_USAGE,      /* -> words 1 to 4: lives that ended, of all components; pages that init can still
	                   use for itself; slots it uses; pages that nobody was given. For whoever may
	                   use SUP_POWER */
};
enum sup_error { SUP_OK, SUP_REFUSED, SUP_BAD, SUP_LATER, SUP_GONE };
