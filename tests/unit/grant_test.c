/* SPDX-License-Identifier: MIT */
/*
 * Grants: making them, and what deleting them takes away.
 */
#include "harness.h"

enum { RW = MAP_READ | MAP_WRITE, RW_MAP = RW | RIGHT_GRANT_MAP, LARGE = 1 << 21 };
#define BASE 0x40000000ull

static long make(u64 source, u64 g, u64 space, u64 vaddr, u64 pages, u64 rights)
{
	return call(root, SYS_GRANT_CREATE, source, g, space, vaddr, pages, rights);
}

static u64 new_grant(u64 source, u64 space, u64 vaddr, u64 pages, u64 rights)
{
	u64 g = new_handle();

	IS(make(source, g, space, vaddr, pages, rights), ERRNO_OK);
	return g;
}

static u64 part(u64 source, u64 offset, u64 count, u64 rights)
{
	u64 h = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, source, h, offset, count, rights), ERRNO_OK);
	return h;
}

static long map(u64 g, u64 vaddr, u64 offset, u64 count, u64 attr)
{
	return CALL4(root, SYS_GRANT_MAP, g, vaddr, offset, count, attr);
}

static u32 first_of(u64 frames)
{
	return SLOT(slot_of(frames))->first;
}

TEST(grant_rights, "a grant has no rights that its source has not")
{
	u64 frames = new_frames(8), read = part(frames, 0, 8, RIGHT_FRAMES_READ), g = new_handle();
	u64 plain = part(HANDLE_DEVMEM, 0, 8, RIGHT_DEVMEM_READ);

	IS(make(read, g, HANDLE_SPACE, BASE, 8, RW), ERRNO_RIGHTS);
	IS(make(read, g, HANDLE_SPACE, BASE, 8, MAP_READ | MAP_EXEC), ERRNO_RIGHTS);
	IS(make(HANDLE_DEVMEM, g, HANDLE_SPACE, BASE, 8, MAP_READ | MAP_EXEC), ERRNO_RIGHTS);
	IS(make(plain, g, HANDLE_SPACE, BASE, 8, RW), ERRNO_RIGHTS);
	IS(make(read, g, HANDLE_SPACE, BASE, 8, MAP_READ), ERRNO_OK);
	IS(SLOT(slot_of(g))->rights, MAP_READ);
}

TEST(grant_window, "a window lies in user addresses and begins at a page")
{
	u64 frames = new_frames(8), io = new_object(OBJ_IOSPACE, 0), g = new_handle();

	IS(make(frames, g, HANDLE_SPACE, BASE + 8, 8, RW), ERRNO_ARG);
	IS(make(frames, g, HANDLE_SPACE, (USER_PAGES - 1) << 12, 2, RW), ERRNO_RANGE);
	IS(make(frames, g, HANDLE_SPACE, ~0xfffull, 1, RW), ERRNO_RANGE);
	IS(make(frames, g, HANDLE_SPACE, 0, 0xfffffffff, RW), ERRNO_RANGE);
	IS(make(frames, g, io, (1ull << 48) - 4096, 2, RW), ERRNO_RANGE);
	IS(make(frames, g, io, 1ull << 48, 1, RW), ERRNO_RANGE);
	IS(make(frames, g, io, (1ull << 48) - 4096, 1, RW), ERRNO_OK);
	g = new_handle();
	IS(make(frames, g, HANDLE_SPACE, 0, USER_PAGES, RW), ERRNO_OK);
	delete_all(g);
}

TEST(grant_io_devmem, "device memory is not granted to devices")
{
	u64 io = new_object(OBJ_IOSPACE, 0);

	IS(make(HANDLE_DEVMEM, new_handle(), io, BASE, 8, RW), ERRNO_TYPE);
}

TEST(grant_depth, "a grant counts for the depth, and is not made below what is being revoked")
{
	u64 frames = new_frames(8), h = frames;
	u32 depth = SLOT(slot_of(frames))->depth;

	for (; depth < CAP_DEPTH_MAX; depth++)
		h = derive(h, RIGHT_FRAMES_READ, 0);
	IS(make(h, new_handle(), HANDLE_SPACE, BASE, 8, MAP_READ), ERRNO_DEPTH);
}

TEST(grant_space_right, "the space's right GRANT is needed")
{
	u64 frames = new_frames(8), sp = derive(HANDLE_SPACE, RIGHT_SPACE_ATTACH, 0);

	IS(make(frames, new_handle(), sp, BASE, 8, RW), ERRNO_RIGHTS);
}

TEST(grant_delete, "deleting a grant takes away its entries on all CPUs, and only those")
{
	struct worker w = new_thread(1, 50, 0);
	u64 a = new_frames(64), b = new_frames(64);
	u64 ga = new_grant(a, HANDLE_SPACE, BASE, 1024, RW_MAP);
	u64 gb = new_grant(b, HANDLE_SPACE, BASE, 1024, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	new_ptables(HANDLE_SPACE, BASE + LARGE);
	for (u64 i = 0; i < 1024; i += 16) {
		IS(map(ga, BASE + i * 4096, i % 64, 8, RW), ERRNO_OK);
		IS(map(gb, BASE + (i + 8) * 4096, i % 64, 8, RW), ERRNO_OK);
	}
	CHECK(touch(w.t, BASE + 64 * 4096, HOST_WRITE) != NIL);
	CHECK(touch(root, BASE + 1008 * 4096, HOST_WRITE) != NIL);
	delete_all(ga);
	IS(touch(w.t, BASE + 64 * 4096, HOST_READ), NIL);
	IS(touch(root, BASE + 1008 * 4096, HOST_READ), NIL);
	for (u64 i = 0; i < 1024; i++) {
		u32 page = touch(root, BASE + i * 4096, HOST_READ);
		IS(page, i % 16 < 8 ? NIL : first_of(b) + (u32)((i - i % 16) % 64 + i % 16 - 8));
	}
}

TEST(grant_delete_source, "deleting frames takes away all entries below them before they are free")
{
	u32 free = count_free();
	u64 frames = new_frames(64), read = part(frames, 8, 8, RIGHT_FRAMES_READ);
	u64 g = new_grant(frames, HANDLE_SPACE, BASE, 64, RW_MAP);
	u64 h = new_grant(read, HANDLE_SPACE, BASE + LARGE, 8, MAP_READ | RIGHT_GRANT_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	new_ptables(HANDLE_SPACE, BASE + LARGE);
	u32 tables = free - count_free();
	IS(map(g, BASE, 0, 64, RW), ERRNO_OK);
	IS(map(h, BASE + LARGE, 0, 8, MAP_READ), ERRNO_OK);
	IS(touch(root, BASE + LARGE, HOST_READ), first_of(read));
	delete_all(read);
	IS(touch(root, BASE + LARGE, HOST_READ), NIL);
	CHECK(touch(root, BASE + 8 * 4096, HOST_READ) != NIL);
	delete_all(frames);
	IS(touch(root, BASE + 8 * 4096, HOST_READ), NIL);
	IS(count_free(), free - tables + 64);
}

TEST(grant_delete_sparse, "an empty window of all addresses is swept in a few calls")
{
	u64 frames = new_frames(1), g = new_grant(frames, HANDLE_SPACE, 0, USER_PAGES, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 0, 1, RW), ERRNO_OK);
	CHECK(touch(root, BASE, HOST_WRITE) != NIL);
	for (u32 calls = 1;; calls++) {
		IS(CALL1(root, SYS_CAP_DELETE, 0, g), ERRNO_OK);
		if (out(root, 0) == 0)
			break;
		CHECK(calls < 40);
	}
	IS(touch(root, BASE, HOST_READ), NIL);
}

TEST(grant_dying, "nothing is entered under a grant once its sweep has begun")
{
	u64 frames = new_frames(64), g = new_grant(frames, HANDLE_SPACE, BASE, 512, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 0, 64, RW), ERRNO_OK);
	IS(map(g, BASE + 448 * 4096, 0, 64, RW), ERRNO_OK);
	IS(CALL1(root, SYS_CAP_DELETE, 0, g), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(touch(root, BASE, HOST_READ), NIL);
	CHECK(touch(root, BASE + 448 * 4096, HOST_READ) != NIL);
	IS(map(g, BASE, 0, 1, RW), ERRNO_STATE);
	IS(map(g, BASE + 500 * 4096, 0, 1, RW), ERRNO_STATE);
	delete_all(g);
	IS(touch(root, BASE + 448 * 4096, HOST_READ), NIL);
}

TEST(grant_overlap, "of two grants over the same pages and addresses each sweeps both's entries")
{
	u64 frames = new_frames(64), g = new_grant(frames, HANDLE_SPACE, BASE, 64, RW_MAP);
	u64 h = new_grant(frames, HANDLE_SPACE, BASE, 64, MAP_READ | RIGHT_GRANT_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 0, 64, RW), ERRNO_OK);
	IS(map(h, BASE, 0, 1, RW), ERRNO_RIGHTS);
	delete_all(h);
	IS(touch(root, BASE, HOST_READ), NIL);
	IS(map(g, BASE, 0, 64, RW), ERRNO_OK);
	CHECK(touch(root, BASE, HOST_WRITE) != NIL);
}

TEST(grant_large, "a large page goes with a grant that has all of it, and with no other")
{
	u64 frames = new_frames_aligned(512, 512), some = part(frames, 0, 511, RW);
	u64 g = new_grant(frames, HANDLE_SPACE, BASE, 512, RW_MAP), h;

	new_ptables(HANDLE_SPACE, BASE + LARGE);
	IS(map(g, BASE, 0, 1, RW | MAP_SIZE_2M), ERRNO_OK);
	h = new_grant(some, HANDLE_SPACE, BASE, 512, RW_MAP);
	delete_all(h);
	IS(touch(root, BASE + 4096, HOST_READ), first_of(frames) + 1);
	h = new_grant(frames, HANDLE_SPACE, BASE + 4096, 1024, RW_MAP);
	delete_all(h);
	CHECK(touch(root, BASE, HOST_READ) != NIL);
	h = new_grant(frames, HANDLE_SPACE, 0, 512 * 513 - 1, RW_MAP);
	delete_all(h);
	CHECK(touch(root, BASE, HOST_READ) != NIL);
	h = new_grant(frames, HANDLE_SPACE, 0, 512 * 513, RW_MAP);
	delete_all(h);
	IS(touch(root, BASE, HOST_READ), NIL);
}

TEST(grant_io, "devices lose what they were granted")
{
	u64 io = new_object(OBJ_IOSPACE, 0), frames = new_frames(64), functions = new_handle();
	u64 device = new_handle(), g = new_grant(frames, io, BASE, 64, RW_MAP);
	u64 at = page_of(new_object(OBJ_EP, 0)) - host_root.memory + 100;

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_DEVCTL, functions, 8, 1, 1), ERRNO_OK);
	IS(CALL3(root, SYS_DEVICE_CREATE, HANDLE_MEMORY, device, at, functions), ERRNO_OK);
	IS(CALL1(root, SYS_DEVICE_BIND, device, io), ERRNO_OK);
	new_ptables(io, BASE);
	IS(host_dma(8, BASE, HOST_WRITE), NIL);
	IS(map(g, BASE, 0, 64, RW), ERRNO_OK);
	IS(host_dma(8, BASE, HOST_WRITE), first_of(frames));
	IS(CALL3(root, SYS_GRANT_UNMAP, g, BASE, 1, 0), ERRNO_OK);
	IS(host_dma(8, BASE, HOST_READ), NIL);
	IS(host_dma(8, BASE + 4096, HOST_READ), first_of(frames) + 1);
	delete_all(g);
	IS(host_dma(8, BASE + 4096, HOST_READ), NIL);
}

TEST(grant_io_stuck, "frames do not become free while an IOMMU does not answer")
{
	u64 io = new_object(OBJ_IOSPACE, 0), frames = new_frames(8);
	u64 g = new_grant(frames, io, BASE, 8, RW_MAP);

	new_ptables(io, BASE);
	IS(map(g, BASE, 0, 8, RW), ERRNO_OK);
	host.knobs.iommu_hangs = true;
	for (u32 i = 0; i < 20; i++) {
		IS(CALL1(root, SYS_CAP_DELETE, 0, frames), ERRNO_OK);
		IS(out(root, 0), 1);
	}
	IS(PD(first_of(frames))->type, OBJ_FRAMES);
	for (u32 i = 0; i < 20; i++) {
		IS(CALL1(root, SYS_CAP_DELETE, 0, io), ERRNO_OK);
		IS(out(root, 0), 1);
	}
	IS(CALL1(root, SYS_CAP_DELETE, 0, frames), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(PD(first_of(frames))->type, OBJ_FRAMES);
}

TEST(grant_local, "grants are used on several CPUs at once, and are swept from one")
{
	struct worker w = new_thread(1, 50, 0), v = new_thread(2, 50, 0);
	u64 frames = new_frames(64), g = new_grant(frames, HANDLE_SPACE, BASE, 64, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(CALL4(w.t, SYS_GRANT_MAP, g, BASE, 0, 32, RW), ERRNO_OK);
	IS(CALL4(v.t, SYS_GRANT_MAP, g, BASE + 0x20000, 32, 32, RW), ERRNO_OK);
	for (u32 i = 0; i < 64; i++) {
		IS(touch(w.t, BASE + i * 4096, HOST_WRITE), first_of(frames) + i);
		IS(touch(v.t, BASE + i * 4096, HOST_WRITE), first_of(frames) + i);
	}
	/* CPU 2 is on its way into the kernel, to map, when the grant goes. */
	prepare(v.t, SYS_GRANT_MAP, g, BASE, 0, 32, RW, 0);
	host_begin(2, HOST_SYSCALL, 0, 0, 0);
	delete_all(g);
	finish(2);
	IS(result(v.t), ERRNO_CAP);
	IS(touch(w.t, BASE, HOST_READ), NIL);
}

static void sweep_unflushed(void)
{
	u64 frames = new_frames(1), g = new_grant(frames, HANDLE_SPACE, BASE, 1, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 0, 1, RW), ERRNO_OK);
	CHECK(touch(root, BASE, HOST_WRITE) != NIL);
	host.knobs.skip_flush = true;
	delete_all(frames);
	touch(root, BASE, HOST_WRITE);
}

TEST(grant_flush, "a machine that does not flush is noticed when frames go")
{
	CHECK(failure_of(sweep_unflushed) != NULL);
}
