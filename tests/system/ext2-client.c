/* SPDX-License-Identifier: MIT */
/*
 * Client of ext2.toml, and the test: names, pages and attributes through the server, on a disk that
 * mke2fs made and e2fsck checks afterwards.
 */
#include "tessera/chan.h"
#include "tessera/fs.h"

enum { FILES = 200, FILE_PAGES = 8 };

static struct chan chan;
static unsigned char *cache;
static struct fs_message *message; /* slot 0 */
static u32 tests, failures;

static void check(bool ok, const char *name)
{
	failures += !ok;
	sys_print("%s %u %s\n", ok ? "ok" : "not ok", ++tests, name);
}

/* One request in slot 0. @return its result */
static int64_t ask(u64 operation, u64 a, u64 b, u64 c, struct ring_entry *e)
{
	*e = (struct ring_entry){ { operation << 32, a, b, c } };
	if (chan_put(&chan, e) != RING_OK)
		return -1000;
	while (chan_get(&chan, e) != RING_OK) {
		if (chan_idle(&chan, false))
			(void)chan_news(&chan, comp_wait(0));
		chan_busy(&chan);
	}
	return (int64_t)e->w[1];
}

static void name_it(const char *name)
{
	message->name_bytes = (uint16_t)strlen(name);
	memcpy(message->name, name, strlen(name));
}

static int64_t lookup(u64 dir, const char *name, u64 *ino)
{
	struct ring_entry e;

	name_it(name);
	int64_t r = ask(FS_LOOKUP, dir, 0, 0, &e);
	*ino = e.w[2];
	return r;
}

static int64_t create(u64 dir, const char *name, u64 *ino)
{
	struct ring_entry e;

	name_it(name);
	message->attr = (struct fs_attr){ .mode = 0100644 };
	int64_t r = ask(FS_CREATE, dir, 0, 0, &e);
	*ino = e.w[2];
	return r;
}

/* Write a file of some pages whose words are its number and their place. */
static bool fill(u64 ino, u64 number)
{
	struct ring_entry e;

	message->attr.size = FILE_PAGES * SYS_PAGE;
	if (ask(FS_SETATTR, ino, FS_SET_SIZE, 0, &e) != 0)
		return false;
	for (u64 p = 0; p < FILE_PAGES; p++) {
		if (ask(FS_PAGE, ino, p, 1, &e) != 0)
			return false;
		u64 page = e.w[2];
		u64 *at = (u64 *)(cache + page * SYS_PAGE);
		for (u64 i = 0; i < SYS_PAGE / 8; i++)
			at[i] = number << 32 | p << 16 | i;
		*(uint32_t *)message->text = (uint32_t)page | 1u << 31;
		if (ask(FS_DROP, 1, 0, 0, &e) != 0)
			return false;
	}
	return true;
}

static bool holds(u64 ino, u64 number)
{
	struct ring_entry e;
	bool same = true;

	if (ask(FS_PAGES, ino, 0, FILE_PAGES, &e) != FILE_PAGES)
		return false;
	uint32_t pages[FILE_PAGES];
	memcpy(pages, message->text, sizeof pages);
	for (u64 p = 0; p < FILE_PAGES; p++) {
		const u64 *at = (const u64 *)(cache + pages[p] * SYS_PAGE);

		for (u64 i = 0; i < SYS_PAGE / 8; i++)
			same &= at[i] == (number << 32 | p << 16 | i);
	}
	memcpy(message->text, pages, sizeof pages);
	return ask(FS_DROP, FILE_PAGES, 0, 0, &e) == 0 && same;
}

static void test_reading(u64 root)
{
	struct ring_entry e;
	u64 ino;

	check(lookup(root, "greeting", &ino) == 0, "a file that is on the disk is found");
	check(message->attr.size == 6 && (message->attr.mode & 0170000) == 0100000, "with its attributes");
	check(ask(FS_PAGE, ino, 0, 0, &e) == 0 &&
		      memcmp(cache + e.w[2] * SYS_PAGE, "hello\n", 6) == 0,
	      "and its contents");
	*(uint32_t *)message->text = (uint32_t)e.w[2];
	check(ask(FS_DROP, 1, 0, 0, &e) == 0, "a page is given back");
	check(lookup(root, "nosuch", &ino) == -2, "one that is not is not");
	int64_t n = ask(FS_READDIR, root, 0, 0, &e);
	bool found = false;
	for (int64_t at = 0; at < n;) {
		struct fs_entry *d = (void *)(message->text + at);

		found |= d->length == 8 && memcmp(d->name, "greeting", 8) == 0;
		at += d->bytes;
	}
	check(found, "the directory lists it");
	check(ask(FS_STATFS, 0, 0, 0, &e) == 0 && message->statfs.block_size == 4096, "statfs");
}

static void test_writing(u64 root)
{
	struct ring_entry e;
	static u64 ino[FILES];
	char name[16];
	bool ok = true;

	for (u32 i = 0; i < FILES && ok; i++) {
		(void)sys_format(name, sizeof name, "file%u", i);
		ok = create(root, name, &ino[i]) == 0 && fill(ino[i], i);
	}
	check(ok, "files are made and written");
	check(ask(FS_SYNC, 0, 0, 0, &e) == 0, "and synced");
	for (u32 i = 0; i < FILES && ok; i++)
		ok = holds(ino[i], i);
	check(ok, "they hold what was written");
	for (u32 i = 0; i < FILES && ok; i += 2) {
		(void)sys_format(name, sizeof name, "file%u", i);
		name_it(name);
		ok = ask(FS_UNLINK, root, 0, 0, &e) == 0;
	}
	check(ok, "half of them lose their names");
	ok = true;
	for (u32 i = 0; i < FILES && ok; i += 2)
		ok = holds(ino[i], i);
	check(ok, "and live on while they are held");
	for (u32 i = 0; i < FILES; i++)
		(void)ask(FS_FORGET, ino[i], 1, 0, &e);
}

static int64_t exchange(u64 root, u64 expected)
{
	struct ring_entry e;

	name_it("file1");
	message->name2_bytes = 5;
	memcpy(message->name2, "file3", 5);
	message->attr.ino = expected;
	return ask(FS_RENAME, root, root, FS_EXCHANGE, &e);
}

/* Who got no answer from a server that died asks again, and does not know whether it was done. */
static void test_exchange(u64 root)
{
	struct ring_entry e;
	u64 one, three = 0, now;

	check(lookup(root, "file1", &one) == 0 && lookup(root, "file3", &three) == 0, "two names");
	check(exchange(root, one) == 0 && lookup(root, "file1", &now) == 0 && now == three,
	      "change places");
	check(exchange(root, one) == 0 && lookup(root, "file1", &now) == 0 && now == three,
	      "asked for once more, it was done");
	check(exchange(root, 0) == 0 && lookup(root, "file1", &now) == 0 && now == one,
	      "without an expectation they change places again");
	(void)ask(FS_FORGET, one, 2, 0, &e);
	(void)ask(FS_FORGET, three, 3, 0, &e);
}

/* What a client says of an earlier server's time is believed at the beginning only. */
static void test_taking_over(u64 root)
{
	struct ring_entry e;

	check(ask(FS_MOUNT, 1, 0, 0, &e) == -22, "nobody takes over later");
	*(uint32_t *)message->text = 0;
	check(ask(FS_KEEP, 1, 0, 0, &e) == -22, "no page is kept later");
	check(ask(FS_KEPT, 0, 0, 0, &e) == -22, "nothing that is reserved goes later");
	message->attr.mode = 0;
	check(ask(FS_ADOPT, root, 0, 0, &e) == -22, "no inode is adopted later");
	check(ask(FS_BIND, root, 0, 0, &e) == -22, "no page is bound later");
	check(ask(FS_SETTLE, 0, 0, 0, &e) == -22, "nothing settles twice");
}

static void test_hostile(u64 root)
{
	struct ring_entry e;

	check(ask(FS_PAGE, 77777, 0, 0, &e) == -116, "an inode that is not held is refused");
	check(ask(FS_FORGET, root, 5, 0, &e) == -116, "giving back more than one holds is refused");
	*(uint32_t *)message->text = 5;
	check(ask(FS_DROP, 1, 0, 0, &e) < 0, "a page that is not held cannot be given back");
	check(ask(99, root, 0, 0, &e) == -22, "an unknown operation is refused");
	message->name_bytes = 60000;
	check(ask(FS_LOOKUP, root, 0, 0, &e) == -22, "a name that is too long is refused");
	e = (struct ring_entry){ { 4000 | (u64)FS_STATFS << 32 } };
	(void)chan_put(&chan, &e);
	check(ask(FS_STATFS, 0, 0, 0, &e) == -22, "a slot that there is not is refused");
	while (chan_get(&chan, &e) != RING_OK)
		(void)comp_wait(sys_after(1000));
}

int main(void)
{
	struct ring_entry e;

	if (!chan_open(&chan, "root"))
		sys_panic("no channel");
	message = (void *)chan.info->area[0].vaddr;
	cache = (void *)chan.info->area[1].vaddr;
	comp_ready();
	check(ask(FS_MOUNT, 0, 0, 0, &e) == 0 && e.w[3] == 0, "mounted for writing");
	u64 root = e.w[2];
	test_reading(root);
	test_writing(root);
	test_exchange(root);
	test_taking_over(root);
	test_hostile(root);
	check(ask(FS_UNMOUNT, 0, 0, 0, &e) == 0, "unmounted");
	sys_print("1..%u\n# done\n", tests);
	return failures != 0;
}
