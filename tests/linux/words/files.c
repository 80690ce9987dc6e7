/* SPDX-License-Identifier: MIT */
/*
 * Words of calls that name files.
 */
#include "probe.h"

#include <mqueue.h>
#include <sys/inotify.h>
#include <sys/mount.h>

enum { TMPFILE = O_TMPFILE & ~O_DIRECTORY };

/* What is opened with such flags. */
static const char *name_for(u64 v)
{
	return v & O_DIRECTORY ? "." : v & O_CREAT ? "new" : "file";
}

/* O_TMPFILE wants to write. */
static u64 with_access(u64 v)
{
	return v & TMPFILE ? v | O_RDWR : v;
}

static long open_oflags(u64 v)
{
	return CALL(SYS_open, name_for(v), with_access(v), 0600);
}

static long openat_oflags(u64 v)
{
	return CALL(SYS_openat, AT_FDCWD, name_for(v), with_access(v), 0600);
}

struct how {
	u64 flags, mode, resolve;
};

static long openat2_oflags(u64 v)
{
	struct how h = { with_access(v), v & (O_CREAT | TMPFILE) ? 0600 : 0, 0 };

	return CALL(SYS_openat2, AT_FDCWD, name_for(v), &h, sizeof h);
}

static long openat2_resolve(u64 v)
{
	struct how h = { O_RDONLY, 0, v };

	return CALL(SYS_openat2, AT_FDCWD, "file", &h, sizeof h);
}

static long mq_open_oflags(u64 v)
{
	CALL(SYS_mq_unlink, "tried");
	return CALL(SYS_mq_open, "tried", v | O_CREAT, 0600, NULL);
}

static long access_access(u64 v)
{
	return CALL(SYS_access, "file", v);
}

static long faccessat_access(u64 v)
{
	return CALL(SYS_faccessat, AT_FDCWD, "file", v);
}

static long faccessat2_access(u64 v)
{
	return CALL(SYS_faccessat2, AT_FDCWD, "file", v, 0);
}

static long faccessat2_ataccess(u64 v)
{
	return CALL(SYS_faccessat2, AT_FDCWD, "file", R_OK, v);
}

static long fchownat_at(u64 v)
{
	return CALL(SYS_fchownat, AT_FDCWD, "file", -1, -1, v);
}

static long utimensat_at(u64 v)
{
	return CALL(SYS_utimensat, AT_FDCWD, "file", NULL, v);
}

static long fchmodat2_at(u64 v)
{
	return CALL(N_FCHMODAT2, AT_FDCWD, "file", 0644, v);
}

static long newfstatat_at(u64 v)
{
	char stat[256];

	return CALL(SYS_newfstatat, AT_FDCWD, "file", stat, v);
}

static long statx_at(u64 v)
{
	char stat[256];

	return CALL(SYS_statx, AT_FDCWD, "file", v, 0x7ff, stat);
}

static long statx_statx(u64 v)
{
	char stat[256];

	return CALL(SYS_statx, AT_FDCWD, "file", 0, v, stat);
}

static long unlinkat_at(u64 v)
{
	return CALL(SYS_unlinkat, AT_FDCWD, v & AT_REMOVEDIR ? "dir" : "file", v);
}

static long linkat_at(u64 v)
{
	return CALL(SYS_linkat, AT_FDCWD, "file", AT_FDCWD, "other", v);
}

static long execveat_at(u64 v)
{
	return CALL(SYS_execveat, AT_FDCWD, "nosuch", NULL, NULL, v);
}

static long renameat2_rename(u64 v)
{
	return CALL(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, v == 2 ? "link" : "other", v);
}

static long setxattr_xattr(u64 v)
{
	return CALL(SYS_setxattr, "file", "user.x", "y", 1, v);
}

static long lsetxattr_xattr(u64 v)
{
	return CALL(SYS_lsetxattr, "file", "user.x", "y", 1, v);
}

static long fsetxattr_xattr(u64 v)
{
	return CALL(SYS_fsetxattr, a_file(), "user.x", "y", 1, v);
}

struct xattr_args {
	u64 value;
	uint32_t size, flags;
};

static long setxattrat_at(u64 v)
{
	struct xattr_args a = { (u64)"y", 1, 0 };

	return CALL(N_SETXATTRAT, AT_FDCWD, "file", v, "user.x", &a, sizeof a);
}

static long setxattrat_xattr(u64 v)
{
	struct xattr_args a = { (u64)"y", 1, (uint32_t)v };

	return CALL(N_SETXATTRAT, AT_FDCWD, "file", 0, "user.x", &a, sizeof a);
}

static long getxattrat_at(u64 v)
{
	struct xattr_args a = { 0, 0, 0 };

	return CALL(N_GETXATTRAT, AT_FDCWD, "file", v, "user.x", &a, sizeof a);
}

static long getxattrat_xattr(u64 v)
{
	struct xattr_args a = { 0, 0, (uint32_t)v };

	return CALL(N_GETXATTRAT, AT_FDCWD, "file", 0, "user.x", &a, sizeof a);
}

static long listxattrat_at(u64 v)
{
	return CALL(N_LISTXATTRAT, AT_FDCWD, "file", v, NULL, 0);
}

static long removexattrat_at(u64 v)
{
	return CALL(N_REMOVEXATTRAT, AT_FDCWD, "file", v, "user.x");
}

static long inotify_init1_inotifyflags(u64 v)
{
	return CALL(SYS_inotify_init1, v);
}

static long inotify_add_watch_inotify(u64 v)
{
	const char *name = v & IN_ONLYDIR ? "dir" : "file";

	return CALL(SYS_inotify_add_watch, inotify_init1(0), name, v & IN_ALL_EVENTS ? v : v | IN_ACCESS);
}

/* A file system in "dir", to be changed or moved; else a new one there. */
static long mount_mount(u64 v)
{
	const u64 old = MS_REMOUNT | MS_MOVE | MS_PRIVATE | MS_SLAVE | MS_SHARED | MS_UNBINDABLE;

	mkdir("place", 0755);
	if (v & old)
		mount("tried", "dir", "tmpfs", 0, NULL);
	return CALL(SYS_mount, v & (MS_BIND | MS_MOVE) ? "dir" : "tried", v & (MS_BIND | MS_MOVE) ? "place" : "dir", "tmpfs", v, NULL);
}

static long umount2_umount(u64 v)
{
	mount("tried", "dir", "tmpfs", 0, NULL);
	return CALL(SYS_umount2, "dir", v);
}

const struct site file_sites[] = {
	SITE(open, oflags), SITE(openat, oflags), SITE(openat2, oflags), SITE(openat2, resolve), SITE(mq_open, oflags),
	SITE(access, access), SITE(faccessat, access), SITE(faccessat2, access), SITE(faccessat2, ataccess),
	SITE(fchownat, at), SITE(utimensat, at), SITE(fchmodat2, at), SITE(newfstatat, at), SITE(statx, at), SITE(statx, statx),
	SITE(unlinkat, at), SITE(linkat, at), SITE(execveat, at), SITE(renameat2, rename),
	SITE(setxattr, xattr), SITE(lsetxattr, xattr), SITE(fsetxattr, xattr),
	SITE(setxattrat, at), SITE(setxattrat, xattr), SITE(getxattrat, at), SITE(getxattrat, xattr), SITE(listxattrat, at),
	SITE(removexattrat, at),
	SITE(inotify_init1, inotifyflags), SITE(inotify_add_watch, inotify), SITE(mount, mount), SITE(umount2, umount),
	{ NULL, NULL, NULL },
};
