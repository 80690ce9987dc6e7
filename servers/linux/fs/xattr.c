/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: no file system here has any.  What a call is given is looked at in Linux's
 * order, so that what is wrong with it is answered as there.
 */
#include "fs.h"
#include "linux/calls.h"
#include "linux/words.h"

enum { XATTR_NAME_MAX = 255, XATTR_SIZE_MAX = 65536, HERE = AT_FDCWD };

/* Of setxattrat and getxattrat. */
struct xattr_args {
	u64 value;
	u32 size, flags;
};

/* Is that a name of an attribute? */
static s64 check_name(struct task *t, u64 attr)
{
	char text[XATTR_NAME_MAX + 1];
	s64 r = copy_string(t->mm, text, attr, sizeof text);

	return r == -ENAMETOOLONG || r == 0 ? -ERANGE : r < 0 ? r : 0;
}

static s64 check_value(struct task *t, u64 value, u64 bytes)
{
	char c;

	if (bytes > XATTR_SIZE_MAX)
		return -E2BIG;
	for (u64 at = 0; at < bytes; at = (at / PAGE + 1) * PAGE) {
		if (copy_in(t->mm, &c, value + at, 1) != 0)
			return -EFAULT;
	}
	return 0;
}

/* --- what a call names: 0, if there is such a file ------------------------------------------- */

static s64 by_path(struct task *t, s64 dirfd, u64 name, unsigned walk)
{
	struct path p;
	s64 r = path_user(t, dirfd, name, walk, &p);

	if (r == 0)
		path_put(&p);
	return r;
}

static s64 by_fd(struct task *t, u64 fd)
{
	struct file *f = fd_file(t, fd);

	if (f == NULL)
		return -EBADF;
	file_put(f);
	return 0;
}

/* With AT_EMPTY_PATH a name may be missing, too. */
static s64 by_either(struct task *t, u64 dirfd, u64 name, u64 flags)
{
	unsigned walk = flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
	char c = 0;

	if (!(flags & AT_EMPTY_PATH))
		return by_path(t, (s32)dirfd, name, walk);
	if (name != 0 && copy_in(t->mm, &c, name, 1) != 0)
		return -EFAULT;
	if (c == 0)
		return (s32)dirfd == HERE ? 0 : by_fd(t, dirfd);
	return by_path(t, (s32)dirfd, name, walk);
}

static s64 or_else(s64 r, s64 answer)
{
	return r < 0 ? r : answer;
}

/* `answer`, unless the file or the attribute's name is none. */
static s64 named(struct task *t, u64 name, unsigned walk, u64 attr, s64 answer)
{
	s64 r = check_name(t, attr);

	return or_else(r < 0 ? r : by_path(t, HERE, name, walk), answer);
}

static s64 named_fd(struct task *t, u64 fd, u64 attr, s64 answer)
{
	s64 r = check_name(t, attr);

	return or_else(r < 0 ? r : by_fd(t, fd), answer);
}

/* --- set --------------------------------------------------------------------------------------- */

static s64 check_set(struct task *t, u64 attr, u64 value, u64 bytes)
{
	s64 r = check_name(t, attr);

	return r < 0 ? r : check_value(t, value, bytes);
}

static s64 set_by_path(struct task *t, u64 name, unsigned walk, u64 attr, u64 value, u64 bytes)
{
	s64 r = check_set(t, attr, value, bytes);

	return or_else(r < 0 ? r : by_path(t, HERE, name, walk), -EOPNOTSUPP);
}

s64 lx_setxattr(struct task *t, u64 name, u64 attr, u64 value, u64 bytes, u64 flags)
{
	(void)flags;
	return set_by_path(t, name, WALK_FOLLOW, attr, value, bytes);
}

s64 lx_lsetxattr(struct task *t, u64 name, u64 attr, u64 value, u64 bytes, u64 flags)
{
	(void)flags;
	return set_by_path(t, name, 0, attr, value, bytes);
}

s64 lx_fsetxattr(struct task *t, u64 fd, u64 attr, u64 value, u64 bytes, u64 flags)
{
	s64 r = check_set(t, attr, value, bytes);

	(void)flags;
	return or_else(r < 0 ? r : by_fd(t, fd), -EOPNOTSUPP);
}

s64 lx_setxattrat(struct task *t, u64 dirfd, u64 name, u64 at, u64 attr, u64 args, u64 bytes)
{
	struct xattr_args a;
	s64 r = copy_struct_in(t->mm, &a, sizeof a, args, bytes, sizeof a);

	if (r < 0)
		return r;
	if (!lx_takes_setxattrat_xattr(a.flags))
		return lx_refused(t, LX_TAKES_SETXATTRAT_XATTR, a.flags, NULL);
	r = check_set(t, attr, a.value, a.size);
	return or_else(r < 0 ? r : by_either(t, dirfd, name, at), -EOPNOTSUPP);
}

/* --- get --------------------------------------------------------------------------------------- */

s64 lx_getxattr(struct task *t, u64 name, u64 attr, u64 to, u64 room)
{
	(void)to, (void)room;
	return named(t, name, WALK_FOLLOW, attr, -ENODATA);
}

s64 lx_lgetxattr(struct task *t, u64 name, u64 attr, u64 to, u64 room)
{
	(void)to, (void)room;
	return named(t, name, 0, attr, -ENODATA);
}

s64 lx_fgetxattr(struct task *t, u64 fd, u64 attr, u64 to, u64 room)
{
	(void)to, (void)room;
	return named_fd(t, fd, attr, -ENODATA);
}

s64 lx_getxattrat(struct task *t, u64 dirfd, u64 name, u64 at, u64 attr, u64 args, u64 bytes)
{
	struct xattr_args a;
	s64 r = copy_struct_in(t->mm, &a, sizeof a, args, bytes, sizeof a);

	if (r < 0)
		return r;
	if (!lx_takes_getxattrat_xattr(a.flags))
		return lx_refused(t, LX_TAKES_GETXATTRAT_XATTR, a.flags, NULL);
	r = check_name(t, attr);
	return or_else(r < 0 ? r : by_either(t, dirfd, name, at), -ENODATA);
}

/* --- list: there are none ---------------------------------------------------------------------- */

s64 lx_listxattr(struct task *t, u64 name, u64 to, u64 room)
{
	(void)to, (void)room;
	return by_path(t, HERE, name, WALK_FOLLOW);
}

s64 lx_llistxattr(struct task *t, u64 name, u64 to, u64 room)
{
	(void)to, (void)room;
	return by_path(t, HERE, name, 0);
}

s64 lx_flistxattr(struct task *t, u64 fd, u64 to, u64 room)
{
	(void)to, (void)room;
	return by_fd(t, fd);
}

s64 lx_listxattrat(struct task *t, u64 dirfd, u64 name, u64 at, u64 to, u64 room)
{
	(void)to, (void)room;
	return by_either(t, dirfd, name, at);
}

/* --- remove ------------------------------------------------------------------------------------ */

s64 lx_removexattr(struct task *t, u64 name, u64 attr)
{
	return named(t, name, WALK_FOLLOW, attr, -EOPNOTSUPP);
}

s64 lx_lremovexattr(struct task *t, u64 name, u64 attr)
{
	return named(t, name, 0, attr, -EOPNOTSUPP);
}

s64 lx_fremovexattr(struct task *t, u64 fd, u64 attr)
{
	return named_fd(t, fd, attr, -EOPNOTSUPP);
}

s64 lx_removexattrat(struct task *t, u64 dirfd, u64 name, u64 at, u64 attr)
{
	s64 r = check_name(t, attr);

	return or_else(r < 0 ? r : by_either(t, dirfd, name, at), -EOPNOTSUPP);
}
