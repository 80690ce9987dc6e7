/* SPDX-License-Identifier: MIT */
/*
 * fuzz IMAGE SEED COUNT: bad images must not do harm.
 *
 * Each time:  an image is mutated where it matters (superblock, descriptors, bitmaps, inodes,
 *             indirect blocks, directories, journal), mounted, walked, and changed at random.
 * Checks:     by the sanitizers: no access outside, no undefined operation; by a bound on the
 *             device operations: no unbounded work.
 * Called by:  run.py; SEED repeats one.
 */
#include "host.h"

enum { OPS = 24, DEVICE_OPS_MAX = 400000 };

static const u32 numbers[] = { 0,          1,          2,          3,          7,
			       8,          11,         12,         0x7f,       0x80,
			       0xff,       0x100,      0x3ff,      0x400,      0x401,
			       0xfff,      0x1000,     0x7fff,     0x8000,     0xffff,
			       0x10000,    0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
			       0xc03b3998, 0x98393bc0, 0x08000000, 0x00200000 };

struct place {
	u64 off;
	u32 len;
};

struct target {
	struct place list[64];
	u32 count;
};

static void add(struct target *t, u64 off, u64 len, u64 size)
{
	if (len > 0 && off + len <= size && t->count < 64)
		t->list[t->count++] = (struct place){ off, (u32)len };
}

static u32 word(const u8 *image, u64 off)
{
	u32 x;

	memcpy(&x, image + off, sizeof(x));
	return x;
}

/* Blocks that the first inodes point to: directories, indirect blocks, the log. */
static void add_inodes(struct target *t, const u8 *image, u64 table, u32 bs, u32 inode_size,
		       u64 size)
{
	for (u32 ino = 2; ino <= 40; ino++) {
		u64 at = table + (u64)(ino - 1) * inode_size;
		bool is_dir = at + 2 <= size && (image[at + 1] & 0xf0) == 0x40;
		for (u32 i = 0; i < 15 && at + inode_size <= size; i++) {
			u64 blk = word(image, at + 40 + 4 * i);
			if (!blk || blk >= size / bs || (ino > 2 && ino < 11 && ino != 8))
				continue;
			if (ino == 8 || is_dir || i >= 12)
				add(t, blk * bs, ino == 8 ? 96 : bs, size);
		}
	}
}

static void find_places(struct target *t, const u8 *image, u64 size)
{
	u32 bs = 1024u << word(image, 1048);
	u64 gdt = (u64)bs * (bs == 1024 ? 2 : 1);
	u32 inode_size = word(image, 1024 + 88) & 0xffff;
	u64 table = (u64)word(image, gdt + 8) * bs;

	t->count = 0;
	add(t, 1024, 264, size);
	add(t, 1024, 128, size);
	add(t, gdt, 64, size);
	add(t, (u64)word(image, gdt) * bs, 64, size);
	add(t, (u64)word(image, gdt + 4) * bs, 16, size);
	add(t, table, 40ull * inode_size, size);
	add(t, table + inode_size, inode_size, size);
	add(t, table + 10ull * inode_size, 20ull * inode_size, size);
	add_inodes(t, image, table, bs, inode_size, size);
}

static void mutate(struct rng *r, u8 *image, const struct target *t, u64 size)
{
	u32 n = 1 + rng_below(r, rng_below(r, 4) ? 4 : 24);

	for (u32 i = 0; i < n; i++) {
		const struct place *p = &t->list[rng_below(r, t->count)];
		u64 at = p->off + rng_below(r, p->len);
		u32 x = numbers[rng_below(r, sizeof(numbers) / sizeof(numbers[0]))];
		switch (rng_below(r, 6)) {
		case 0: image[at] ^= (u8)(1u << rng_below(r, 8)); break;
		case 1: image[at] = (u8)rng_next(r); break;
		case 2: image[at] = (u8)x; break;
		case 3: memcpy(image + (at & ~3ull), &x, 4); break;
		case 4: memcpy(image + (at & ~1ull), &x, 2); break;
		default: /* a number from elsewhere: loops, overlaps */
			p = &t->list[rng_below(r, t->count)];
			if ((at & ~3ull) + 4 <= size)
				memcpy(image + (at & ~3ull),
				       image + p->off +
					       (rng_below(r, p->len) & ~3u) % p->len / 4 * 4,
				       4);
			break;
		}
	}
}

/* Some inode numbers found by walking, for the operations that follow. */
struct found {
	u32 ino[64];
	u32 count;
};

static int find_one(void *ctx, const struct e2_dirent *d)
{
	struct found *f = ctx;

	if (f->count < 64)
		f->ino[f->count++] = d->ino;
	return f->count == 64;
}

static void one_op(struct e2fs *fs, struct rng *r, struct found *f)
{
	static u8 buf[30000];
	struct e2_new n = { .mode = E2_S_IFREG | 0644 };
	u32 a = f->ino[rng_below(r, f->count)];
	u32 b = f->ino[rng_below(r, f->count)];
	char name[16], other[16];
	struct e2_page *p;
	u32 ino = 0;
	u64 off = rng_below(r, 4) ? rng_below(r, 300000) : (u64)rng_next(r) >> rng_below(r, 63);

	snprintf(name, sizeof(name), "n%u", rng_below(r, 12));
	snprintf(other, sizeof(other), "n%u", rng_below(r, 12));
	switch (rng_below(r, 17)) {
	case 0: (void)e2_create(fs, a, name_of(name), &n, &ino); break;
	case 1: (void)e2_mkdir(fs, a, name_of(name), &n, &ino); break;
	case 2: (void)e2_unlink(fs, a, name_of(name)); break;
	case 3: (void)e2_rmdir(fs, a, name_of(name)); break;
	case 4: (void)e2_link(fs, b, a, name_of(name)); break;
	case 5:
		(void)e2_rename(fs, (struct e2_where){ a, name_of(name) },
				(struct e2_where){ b, name_of(other) }, rng_below(r, 3));
		break;
	case 6: (void)e2_write(fs, a, off, buf, rng_below(r, sizeof(buf))); break;
	case 7: (void)e2_read(fs, a, off, buf, sizeof(buf)); break;
	case 8: (void)e2_truncate(fs, a, rng_below(r, 2) ? 0 : off); break;
	case 9: (void)e2_punch(fs, a, off, off); break;
	case 10: (void)e2_fsync(fs, a); break;
	case 11: (void)e2_sync(fs); break;
	case 12: (void)e2_readlink(fs, a, (char *)buf, sizeof(buf)); break;
	case 13:
		if (e2_page_get(fs, a, off / E2_PAGE_SIZE, 1, &p) == 0) {
			e2_page_dirty(fs, p);
			e2_page_put(fs, p);
		}
		break;
	case 14:
		memset(buf, 's', 200);
		(void)e2_symlink(fs, a, name_of(name), &n, (struct e2_name){ (char *)buf, 200 },
				 &ino);
		break;
	case 15: (void)e2_lookup(fs, a, name_of(".."), &ino); break;
	default: {
		struct e2_attr at = { .mask = E2_SET_MODE, .mode = 0600 };
		(void)e2_setattr(fs, a, &at);
		break;
	}
	}
	if (ino)
		e2_unref(fs, ino);
}

/* Entries of the tree by the names that the fuzzer's image has, too. */
static void use(struct e2fs *fs, struct rng *r)
{
	struct found f = { .ino = { E2_ROOT_INO }, .count = 1 };

	for (u32 i = 0; i < f.count && i < 8; i++) {
		u64 cookie = 0;
		(void)e2_readdir(fs, f.ino[i], &cookie, find_one, &f);
	}
	if (rng_below(r, 2))
		(void)tree_walk(fs, NULL);
	for (u32 i = 0; i < OPS; i++)
		one_op(fs, r, &f);
}

int cmd_fuzz(int argc, char **argv)
{
	struct memdev base, d;
	struct target t;
	u64 seed, most = 0;
	u32 mounted = 0, written = 0;

	CHECK(argc == 3);
	host_memory = 3u << 19;
	dev_open(&base, argv[0], false);
	find_places(&t, base.live, base.size);
	seed = (u64)atoll(argv[1]);
	dev_copy(&d, base.live, base.size);
	for (u32 i = 0; i < (u32)atoi(argv[2]); i++) {
		struct rng r = { seed + i };
		struct mounted m;
		u64 ops = d.reads + d.writes;
		if (getenv("E2_VERBOSE"))
			fprintf(stderr, "seed %llu\n", (unsigned long long)(seed + i));
		memcpy(d.live, base.live, base.size);
		mutate(&r, d.live, &t, base.size);
		if (host_mount(&m, &d, 0) == 0) {
			mounted++;
			written += !e2_reason(m.fs);
			use(m.fs, &r);
			(void)e2_unmount(m.fs);
		}
		host_free(&m);
		ops = d.reads + d.writes - ops;
		most = ops > most ? ops : most;
		if (ops > DEVICE_OPS_MAX)
			fprintf(stderr, "seed %llu: %llu device operations\n",
				(unsigned long long)(seed + i), (unsigned long long)ops);
		CHECK(ops <= DEVICE_OPS_MAX);
	}
	printf("%u mounted, %u for writing; at most %llu device operations\n", mounted, written,
	       (unsigned long long)most);
	dev_close(&d);
	dev_close(&base);
	return 0;
}
