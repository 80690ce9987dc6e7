/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: no file system here has any.
 */
#include "fs.h"

enum { XATTR_NAME_MAX = 255 };

/* Is there such a file, and is that a name of an attribute? */
static s64 check(struct task *t, u64 name, unsigned walk, u64 attr)
{
	char text[XATTR_NAME_MAX + 1];
	struct path p;
	s64 r = path_user(t, AT_FDCWD, name, walk, &p);
	if (r < 0)
		return r;
	path_put(&p);
	if (!attr)
		return 0;
	r = copy_string(t->mm, text, attr, sizeof text);
	return r == -ENAMETOOLONG || r == 0 ? -ERANGE : r < 0 ? r : 0;
}

static s64 check_fd(struct task *t, u64 fd, u64 attr)
{
	char text[XATTR_NAME_MAX + 1];
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	file_put(f);
	if (!attr)
		return 0;
	s64 r = copy_string(t->mm, text, attr, sizeof text);
	return r == -ENAMETOOLONG || r == 0 ? -ERANGE : r < 0 ? r : 0;
}

static s64 or_else(s64 r, s64 answer)
{
	return r < 0 ? r : answer;
}

s64 lx_setxattr(struct task *t, u64 name, u64 attr, u64 value, u64 bytes, u64 flags)
{
	(void)value, (void)bytes, (void)flags;
	return or_else(check(t, name, WALK_FOLLOW, attr), -EOPNOTSUPP);
}

s64 lx_lsetxattr(struct task *t, u64 name, u64 attr, u64 value, u64 bytes, u64 flags)
{
	(void)value, (void)bytes, (void)flags;
	return or_else(check(t, name, 0, attr), -EOPNOTSUPP);
}

s64 lx_fsetxattr(struct task *t, u64 fd, u64 attr, u64 value, u64 bytes, u64 flags)
{
	(void)value, (void)bytes, (void)flags;
	return or_else(check_fd(t, fd, attr), -EOPNOTSUPP);
}

s64 lx_getxattr(struct task *t, u64 name, u64 attr, u64 to, u64 room)
{
	(void)to, (void)room;
	return or_else(check(t, name, WALK_FOLLOW, attr), -ENODATA);
}

s64 lx_lgetxattr(struct task *t, u64 name, u64 attr, u64 to, u64 room)
{
	(void)to, (void)room;
	return or_else(check(t, name, 0, attr), -ENODATA);
}

s64 lx_fgetxattr(struct task *t, u64 fd, u64 attr, u64 to, u64 room)
{
	(void)to, (void)room;
	return or_else(check_fd(t, fd, attr), -ENODATA);
}

s64 lx_listxattr(struct task *t, u64 name, u64 to, u64 room)
{
	(void)to, (void)room;
	return check(t, name, WALK_FOLLOW, 0);
}

s64 lx_llistxattr(struct task *t, u64 name, u64 to, u64 room)
{
	(void)to, (void)room;
	return check(t, name, 0, 0);
}

s64 lx_flistxattr(struct task *t, u64 fd, u64 to, u64 room)
{
	(void)to, (void)room;
	return check_fd(t, fd, 0);
}

s64 lx_removexattr(struct task *t, u64 name, u64 attr)
{
	return or_else(check(t, name, WALK_FOLLOW, attr), -EOPNOTSUPP);
}

s64 lx_lremovexattr(struct task *t, u64 name, u64 attr)
{
	return or_else(check(t, name, 0, attr), -EOPNOTSUPP);
}

s64 lx_fremovexattr(struct task *t, u64 fd, u64 attr)
{
	return or_else(check_fd(t, fd, attr), -EOPNOTSUPP);
}
