/* SPDX-License-Identifier: MIT */
/*
 * The disk: what the driver says of it, its partition table, the driver's ends and beginnings.
 *
 * Owns:   the driver's channel; the area that tables are read into.
 */
#include "mux.h"

enum { ASK_INFO, ASK_MBR, ASK_GPT, ASK_GPT_ENTRIES };
enum { READ_UNIT = 4096, LOOKS = 4 };

struct disk disk;

static u8 *window; /* where the device writes what is read here */
static u32 window_area;
static u64 window_bytes;
static u64 timeout, patience; /* in clock ticks */
static u64 down_since, next_look;
static u64 gpt_at; /* sector of the header in use */
static struct gpt_place place;
static bool had_info;

static void ask(u32 what, u64 sector, u32 bytes)
{
	const struct request r = { .client = SELF,
				   .id = what,
				   .area = window_area,
				   .operation = what == ASK_INFO ? BLK_INFO : BLK_READ,
				   .sector = sector,
				   .bytes = what == ASK_INFO ? 0 : bytes };

	requests_add(&r);
}

/* --- tables ----------------------------------------------------------------------------------- */

/* The device can write the window whenever it likes: what is judged is a copy. */
static const u8 *copy_window(u32 bytes)
{
	static u8 copy[GPT_BYTES_MAX + READ_UNIT];

	memcpy(copy, window, bytes < sizeof copy ? bytes : sizeof copy);
	return copy;
}

static void done(const char *what)
{
	sys_print("%lu sectors, %s\n", disk.sectors, what);
	disk.known = true;
}

static void ask_gpt(u64 at)
{
	gpt_at = at;
	ask(ASK_GPT, at / 8 * 8, READ_UNIT);
}

/* The table at the disk's end counts when the one at its beginning is damaged. */
static void no_gpt(void)
{
	if (gpt_at == 1 && disk.sectors >= 16)
		ask_gpt(disk.sectors - 1);
	else
		done("its partition table is damaged");
}

static void read_table(u32 what, bool ok)
{
	u32 unit = 0;

	if (what == ASK_MBR) {
		enum partition_kind kind =
			ok ? mbr_read(copy_window(READ_UNIT), disk.sectors, &disk.table)
			   : PARTITION_NONE;

		if (kind == PARTITION_GPT)
			ask_gpt(1);
		else
			done(kind == PARTITION_MBR ? "partitions (MBR)" : "no partitions");
		return;
	}
	unit = (u32)(gpt_at % 8) * BLK_SECTOR;
	if (what == ASK_GPT) {
		if (ok && gpt_header(copy_window(READ_UNIT) + unit, gpt_at, disk.sectors, &place))
			ask(ASK_GPT_ENTRIES, place.sector,
			    (place.bytes + BLK_SECTOR - 1) / BLK_SECTOR * BLK_SECTOR);
		else
			no_gpt();
	} else if (ok && gpt_entries(copy_window(place.bytes), &place, &disk.table)) {
		done(gpt_at == 1 ? "partitions (GPT)" : "partitions (GPT, from its copy)");
	} else {
		no_gpt();
	}
}

static void lost(const char *why)
{
	sys_print("the disk is gone: %s\n", why);
	disk.gone = disk.known = true;
	chan_stop(&disk.chan);
	requests_fail(BLK_GONE);
}

/* The first answer counts; a driver that was started again may not say something else. */
static void read_info(bool ok, u64 sectors, u64 w2)
{
	if (!ok || (had_info && sectors != disk.sectors)) {
		lost(ok ? "it has another size now" : "it does not say what it is");
		return;
	}
	if (had_info)
		return;
	had_info = true;
	disk.sectors = sectors;
	disk.best_bytes = (u32)w2;
	disk.features = (u32)(w2 >> 32);
	if (!clients_want_table())
		done("not looked for partitions");
	else if (window_bytes < GPT_BYTES_MAX || sectors < READ_UNIT / BLK_SECTOR)
		done("no room to read its partition table");
	else
		ask(ASK_MBR, 0, READ_UNIT);
}

void disk_answer(u32 id, u32 status, u64 w1, u64 w2)
{
	if (disk.gone)
		return;
	if (id == ASK_INFO)
		read_info(status == BLK_DONE, w1, w2);
	else
		read_table(id, status == BLK_DONE);
}

/* --- the driver ----------------------------------------------------------------------------------- */

void disk_open(void)
{
	for (u32 i = 0; i < sys_comp->channels; i++) {
		if (sys_comp->channel[i].side == COMP_CLIENT && !chan_open_number(&disk.chan, i))
			sys_panic("the channel to the driver cannot be used");
	}
	if (disk.chan.info == NULL)
		sys_panic("no channel to a driver");
	for (u32 i = 0; i < disk.chan.info->areas && i < COMP_AREAS && window == NULL; i++) {
		const struct comp_area *a = &disk.chan.info->area[i];

		if (a->vaddr == 0)
			continue;
		window = (u8 *)a->vaddr;
		window_area = i;
		window_bytes = a->bytes;
	}
	timeout = sys_ticks(1000 * sys_option_number("timeout-ms=", 30000));
	patience = sys_ticks(1000 * sys_option_number("gone-after-ms=", 20000));
	down_since = disk.chan.state == CHAN_DOWN ? sys_clock() : 0;
	ask(ASK_INFO, 0, 0);
}

static void begin_anew(void)
{
	bool survives = !(disk.features & BLK_FEATURE_VOLATILE_CACHE) ||
			(disk.features & BLK_FEATURE_CACHE_SURVIVES);

	if (down_since == 0)
		down_since = sys_clock();
	if (had_info && !survives)
		clients_cache_lost();
	/* What the driver had is asked again once, though agreeing may take several steps. */
	requests_restart();
	switch (chan_agree(&disk.chan)) {
	case CHAN_UP:
		down_since = 0;
		disk.restarts++;
		if (had_info && requests_of(SELF) == 0)
			ask(ASK_INFO, 0, 0);
		break;
	case CHAN_DOWN: break;
	case CHAN_GONE: lost("its driver will not be started again"); break;
	}
}

/* A driver that comes back too late gets its rings, and nothing is asked of it. */
static void let_go(void)
{
	(void)chan_agree(&disk.chan);
	chan_stop(&disk.chan);
}

void disk_news(u64 bits)
{
	if (chan_news(&disk.chan, bits) != CHAN_RESET)
		return;
	if (disk.gone)
		let_go();
	else
		begin_anew();
}

void disk_time(void)
{
	u64 now = sys_clock();

	if (disk.chan.state != CHAN_UP && down_since == 0)
		down_since = now;
	if (disk.gone || now < next_look)
		return;
	next_look = now + (timeout < patience ? timeout : patience) / LOOKS;
	if (down_since != 0 && now - down_since > patience) {
		lost("its driver did not come back");
	} else if (disk.chan.state == CHAN_UP && requests_issued() != 0) {
		u64 oldest = requests_oldest();

		if (oldest != 0 && now > oldest && now - oldest > timeout) {
			sys_print("the driver does not answer\n");
			chan_complain(&disk.chan);
			down_since = now;
		}
	}
}

u64 disk_deadline(void)
{
	if (disk.gone || (down_since == 0 && requests_issued() == 0))
		return 0;
	return next_look > sys_clock() ? next_look : sys_clock() + 1;
}
