/* SPDX-License-Identifier: MIT */
/*
 * The device in memory, and small helpers of the host tests.
 *
 * Owns:       memory of images and of what is not flushed.
 * Power cut:  every write is divided into units (sectors, or file system blocks); any set of units
 *             written since the last flush can be missing, which includes every order of writing.
 * Called by:  the tests.
 */
#include "host.h"

#include <stdarg.h>

size_t host_memory = 8u << 20;

u64 rng_next(struct rng *r)
{
	u64 z = r->s += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

u32 rng_below(struct rng *r, u32 n)
{
	return (u32)(rng_next(r) % n);
}

u64 hash_bytes(u64 h, const void *data, size_t n)
{
	const u8 *at = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ at[i]) * 0x100000001b3ull;
	return h;
}

static bool fails(struct memdev *d, u32 rate)
{
	return rate && rng_below(&d->rng, 1000000) < rate;
}

/* True once the power has gone. */
static bool count_down(struct memdev *d)
{
	if (d->cut_after && --d->cut_after == 0)
		d->is_dead = true;
	return d->is_dead;
}

static int dev_read_op(void *ctx, u64 first, u32 n, void *buf)
{
	struct memdev *d = ctx;

	d->reads++;
	CHECK((first + n) * E2_SECTOR <= d->size);
	if (d->is_dead || fails(d, d->read_errors))
		return -E2_EIO;
	memcpy(buf, d->live + first * E2_SECTOR, (size_t)n * E2_SECTOR);
	return 0;
}

static void remember(struct memdev *d, u64 off, u32 len, const void *buf)
{
	struct pending *p;

	if (d->pends == d->pend_room) {
		d->pend_room = d->pend_room ? d->pend_room * 2 : 256;
		d->pend = realloc(d->pend, d->pend_room * sizeof(*d->pend));
		CHECK(d->pend);
	}
	p = &d->pend[d->pends++];
	*p = (struct pending){ off, len, malloc(len) };
	CHECK(p->data);
	memcpy(p->data, buf, len);
}

static int dev_write_op(void *ctx, u64 first, u32 n, const void *buf)
{
	struct memdev *d = ctx;

	d->writes++;
	CHECK((first + n) * E2_SECTOR <= d->size);
	if (d->is_dead || fails(d, d->write_errors))
		return -E2_EIO;
	if (d->durable)
		remember(d, first * E2_SECTOR, n * E2_SECTOR, buf);
	memcpy(d->live + first * E2_SECTOR, buf, (size_t)n * E2_SECTOR);
	return count_down(d) ? -E2_EIO : 0;
}

static void forget(struct memdev *d)
{
	for (u32 i = 0; i < d->pends; i++)
		free(d->pend[i].data);
	d->pends = 0;
}

static int dev_flush_op(void *ctx)
{
	struct memdev *d = ctx;

	d->flushes++;
	if (d->is_dead || count_down(d) || fails(d, d->write_errors))
		return -E2_EIO;
	for (u32 i = 0; i < d->pends; i++)
		memcpy(d->durable + d->pend[i].off, d->pend[i].data, d->pend[i].len);
	forget(d);
	return 0;
}

static void dev_set(struct memdev *d, bool has_cuts)
{
	d->dev = (struct e2_dev){ .ctx = d,
				  .sectors = d->size / E2_SECTOR,
				  .read = dev_read_op,
				  .write = dev_write_op,
				  .flush = dev_flush_op };
	if (has_cuts) {
		d->durable = malloc(d->size);
		CHECK(d->durable);
		memcpy(d->durable, d->live, d->size);
	}
}

void dev_open(struct memdev *d, const char *path, bool has_cuts)
{
	FILE *f = fopen(path, "rb");

	CHECK(f);
	memset(d, 0, sizeof(*d));
	CHECK(fseek(f, 0, SEEK_END) == 0);
	d->size = (u64)ftell(f);
	rewind(f);
	d->live = malloc(d->size);
	CHECK(d->live && fread(d->live, 1, d->size, f) == d->size);
	fclose(f);
	dev_set(d, has_cuts);
}

void dev_copy(struct memdev *d, const u8 *image, u64 size)
{
	memset(d, 0, sizeof(*d));
	d->size = size;
	d->live = malloc(size);
	CHECK(d->live);
	memcpy(d->live, image, size);
	dev_set(d, false);
}

void dev_close(struct memdev *d)
{
	forget(d);
	free(d->pend);
	free(d->live);
	free(d->durable);
	memset(d, 0, sizeof(*d));
}

void image_save(const u8 *image, u64 size, const char *path)
{
	FILE *f = fopen(path, "wb");

	CHECK(f && fwrite(image, 1, size, f) == size && fclose(f) == 0);
}

void dev_save(const struct memdev *d, const char *path)
{
	image_save(d->live, d->size, path);
}

u8 *dev_after_cut(struct memdev *d, u32 unit, u32 percent)
{
	u8 *image = malloc(d->size);

	CHECK(image);
	memcpy(image, d->durable, d->size);
	for (u32 i = 0; i < d->pends; i++) {
		const struct pending *p = &d->pend[i];
		for (u32 at = 0; at < p->len;) {
			u32 left = p->len - at;
			u32 n = unit - (u32)((p->off + at) % unit);
			n = n < left ? n : left;
			if (rng_below(&d->rng, 100) < percent)
				memcpy(image + p->off + at, p->data + at, n);
			at += n;
		}
	}
	return image;
}

int host_mount(struct mounted *m, struct memdev *d, u32 flags)
{
	m->mem = aligned_alloc(E2_PAGE_SIZE, host_memory);
	CHECK(m->mem);
	m->opts = (struct e2_opts){ .flags = flags, .now_sec = 1700000000 };
	return e2_mount(&m->fs, &d->dev, m->mem, host_memory, &m->opts);
}

void host_free(struct mounted *m)
{
	free(m->mem);
	m->mem = NULL;
}

int host_run(const char *log, const char *format, ...)
{
	char cmd[1024];
	char all[1200];
	va_list list;
	int status;

	va_start(list, format);
	vsnprintf(cmd, sizeof(cmd), format, list);
	va_end(list);
	snprintf(all, sizeof(all), "%s > %s 2>&1", cmd, log ? log : "/dev/null");
	status = system(all);
	return status < 0 ? 255 : status >> 8;
}
