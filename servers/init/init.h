/* SPDX-License-Identifier: MIT */
/*
 * init: makes the components of a system as its bundle says, and supervises them.
 *
 * One thread, above all components in priority.  It waits for calls to its endpoint alone and
 * calls nobody but the platform server, with a deadline.  What a component was given is made
 * from a range of pages that stays its own: revoking that range ends the component whole, and the
 * next life is built in the same pages.  What others hold too (notifications, endpoints, pools,
 * rings) is made from init's memory and outlives it.
 */
#pragma once
#include <tessera/bundle.h>
#include <tessera/sys.h>

enum { ENDPOINTS_MAX = 64, CHANNELS_MAX = 128, POOLS_MAX = 64, LINE = 160, EXTRA_MEMORIES = 7 };

/* --- the bundle: bundle.c ------------------------------------------------------------- */

extern const struct bundle *bundle;
extern const struct bundle_program *programs;
extern const struct bundle_segment *segments;
extern const struct bundle_pool *pools;
extern const struct bundle_pool_use *pool_uses;
extern const struct bundle_channel *channels;
extern const struct bundle_endpoint *endpoints;
extern const struct bundle_endpoint_use *endpoint_uses;

/* How many entries a table has. */
u32 bundle_count(u32 table);
/* Check all of it; a defect ends in a panic that names it.  The bundle is part of the image. */
void bundle_open(void);
/* Where a page of the bundle lies in the image's frames. */
u64 bundle_image_page(u64 offset);

/* --- memory: memory.c --------------------------------------------------------------------- */

/* Pages that follow each other in one region. */
struct extent {
	u32 region; /* handle of the memory */
	u32 node;
	u64 offset; /* in it */
	u64 first;  /* physical page number */
	u64 count;
};

/* Find out what is free; keep some for init itself. */
void memory_open(void);
/* Take pages; align: a power of two.  False: there is no such run. */
bool memory_take(u64 pages, u64 align, struct extent *out);
/* Take the longest run there is, at most so many pages. */
bool memory_take_some(u64 pages, u64 align, struct extent *out);
u64 memory_left(void);
/* Frames of an extent's pages; 0: that failed. */
u32 memory_frames(const struct extent *x, bool clear);

/* --- components ------------------------------------------------------------------------------ */

enum state {
	WAITING, /* for those it depends on */
	STARTED,
	READY,
	BETWEEN, /* ended, and to be started again */
	ENDED,   /* for good */
};

struct component {
	const struct bundle_component *b;
	u32 number, state;
	struct extent arena, extra[EXTRA_MEMORIES];
	u32 extras;
	u64 own_pages; /* of the arena, for the component's own use; at least */
	u32 arena_cap, extra_cap[EXTRA_MEMORIES];
	u32 notif;
	/* this life */
	u64 used; /* pages of the arena */
	u32 table, space, thread;
	u32 next_handle;
	u64 next_vaddr;
	bool broken; /* something could not be made */
	u64 began; /* 0: its end will not be its own fault */
	u64 last_sign;
	u32 dma_frames;
	u64 device; /* number at the platform server */
	bool opened;
	bool refused; /* no other life would get it either */
	u32 irqs[COMP_IRQS];
	u32 device_cap; /* 0: not behind an IOMMU */
	u32 refusals;   /* told in this life */
	/* all lives */
	u32 restarts, recent;
	u32 broke;        /* rings, so others said */
	u32 short_lives;  /* one after the other */
	u32 pause_ms;     /* before the next life */
	u64 resume;       /* when that begins */
	bool last_failed;
	u64 window; /* when the minute began in which `recent` restarts happened */
	u32 accusations;
	u64 accusing; /* the same for accusations */
	u32 calls;    /* since calls_since */
	u64 calls_since;
	u64 text_credit, text_since; /* clock ticks */
	u32 line_bytes;
	char line[LINE];
};

extern struct component component[BUNDLE_COMPONENTS_MAX];
extern u32 components;
extern ep_h supervisor;

/* build.c: what lives as long as init; then one life. */
void component_reserve(void);
void component_lasting(void);
/* Say which memory is whose: "init.memory" on the command line. */
void component_tell(void);
bool component_build(struct component *c);
void component_start(struct component *c);
/* End it and all that was made for it. */
void component_destroy(struct component *c);
/* A slot of init's that is emptied when this life ends. */
u32 life_slot(struct component *c);
/* An object from its arena, in such a slot; 0: failed. */
u32 life_object(struct component *c, u32 type, u64 param);
u32 life_frames(struct component *c, u64 pages);
/* The component's next handle; a place in its table. */
u32 give_handle(struct component *c);
slot_t give_at(const struct component *c, u32 handle);
/* Derive into its table under a handle. */
void give(struct component *c, u32 from, u32 handle, u64 rights, u64 badge);
void give_range(struct component *c, u32 from, u32 handle, u64 offset, u64 count, u64 rights);
/* Panic is for boot; a life that cannot be made is given up with a line of text. */
void life_must(struct component *c, err_t e, const char *what);

/* map.c: into a component's space, or the I/O space of its device. */
void life_map(struct component *c, u32 space, u32 frames, u64 vaddr, u64 pages, u64 attr);
/* The next free addresses in its window. */
u64 life_window(struct component *c, u64 pages);
void life_load(struct component *c);
void *window_open(u32 frames, u64 pages, grant_h *grant);
void window_close(grant_h grant);

/* info.c */
void info_fill(struct component *c, struct comp_info *info);
/* Say which words of the command line are for components that are not there. */
void info_words(void);
u64 info_vaddr(void);
u64 stack_top(void);

/* channel.c */
struct ring_pages {
	u32 frames[2]; /* by side: what that side writes */
	u32 pages;
};
extern struct ring_pages ring_pages[CHANNELS_MAX];
extern u32 pool_frames[POOLS_MAX];
extern u64 pool_pages[POOLS_MAX], pool_first[POOLS_MAX];
extern u32 endpoint_cap[ENDPOINTS_MAX];
void channel_open(void);
/* A side begins a life. False: it has no rings yet. */
bool channel_born(u32 channel, u32 side);
u32 channel_asked(const struct component *c, u64 number);
/* The component is about to be started again, or is gone: its channels begin anew. */
void channel_end(struct component *c);
void channel_greet(const struct component *c);
/* Answers of enum sup_error. */
u32 channel_agree(struct component *c, u64 number);
u32 channel_broken(struct component *c, u64 number);
/* End who does not let go. @return when to look again, 0: no need */
u64 channel_turn(u64 now);
/* The channel that a component knows by this number, or BUNDLE_NONE; its side. */
u32 channel_of(const struct component *c, u64 number, u32 *side);
u64 ring_answer_offset(u32 capacity);
u64 ring_side_pages(u32 capacity);

/* watch.c */
void watch_message(struct component *c, struct msg *m, bool *answer);
/* End a component for a reason; by its policy, start it again. */
void watch_end(struct component *c, bool failure);
/* Start what can be started. Do what is due. @return the next time to look, 0: none */
u64 watch_turn(void);
void watch_woken(u64 planned);
void watch_open(void);
/* One more accusation: are they too many? */
bool watch_accusation(struct component *c);
bool running(const struct component *c);

/* text.c */
void text_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* False: it has written too much for now. */
bool text_write(struct component *c, const struct msg *m);
/* Is it as much as one message can carry, or does it end a line? */
bool text_is_whole(const struct msg *m);
/* The digits at the start of a text, or 0; at most 9 of them count. */
u64 text_number(const char *digits);
void text_flush(struct component *c);
void text_fault(const struct component *c, const struct msg *m);

/* device.c */
void device_open(volatile u64 *message_page, notif_h refusals);
notif_h device_notif(void);
/* The IOMMU refused devices something; bits: of which components. */
void device_refusals(u64 bits);
/* Everything for the driver of a device: found, opened, stopped, and switched on. */
void device_give(struct component *c, struct comp_info *info);
/* Stop it: no memory access, no interrupts. */
void device_quiesce(struct component *c);
/* The platform server was lost: whatever came from it is gone. */
void device_lost(void);
/* Did it not answer a call in time? */
bool device_trouble(void);
void device_power(u64 what);
/* Once the platform server is ready: what it knows besides devices. */
void device_look(void);
extern u64 epoch_ns;

/* power.c */
_Noreturn void power_end(u64 what, u64 status);
