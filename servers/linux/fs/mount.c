/* SPDX-License-Identifier: MIT */
/*
 * What is mounted where; names of paths.
 */
#include "fs.h"
#include "remote.h"

enum { MOUNTS_MAX = 512 };

struct path root_path;
struct list mount_table = { &mount_table, &mount_table };
static u32 mounts;

static void mount_get(struct mount *m)
{
	m->refs++;
}

void mount_put(struct mount *m)
{
	while (m && --m->refs == 0) {
		struct mount *parent = m->parent;
		struct super *sb = m->sb;
		dentry_put(m->root);
		if (m->point)
			dentry_put(m->point);
		kfree(m);
		mounts--;
		if (--sb->mounts == 0 && sb->destroy) {
			dentry_forget(sb);
			sb->destroy(sb);
		}
		m = parent;
	}
}

void path_get(const struct path *p)
{
	if (p->mount)
		mount_get(p->mount);
	dentry_get(p->dentry);
}

void path_put(struct path *p)
{
	if (p->dentry)
		dentry_put(p->dentry);
	if (p->mount)
		mount_put(p->mount);
	*p = (struct path){ 0 };
}

s64 mount_add(struct super *sb, struct dentry *root, const struct path *at, u32 flags,
	      struct mount **out)
{
	static u32 last_id;
	if (mounts >= MOUNTS_MAX)
		return -ENOSPC;
	struct mount *m = kalloc(sizeof *m);
	if (!m)
		return -ENOMEM;
	mounts++;
	sb->mounts++;
	m->sb = sb;
	m->root = root;
	dentry_get(root);
	m->refs = 1; /* being mounted */
	m->flags = flags;
	m->id = ++last_id;
	if (at) {
		path_get(at);
		m->parent = at->mount;
		m->point = at->dentry;
		m->parent->children++;
		m->beside = at->dentry->mounts;
		at->dentry->mounts = m;
	}
	list_add(&mount_table, &m->all);
	if (out)
		*out = m;
	return 0;
}

/* Take it off the tree: its name is gone, open files on it stay. */
static void mount_remove(struct mount *m)
{
	struct mount **c = &m->point->mounts;
	while (*c != m)
		c = &(*c)->beside;
	*c = m->beside;
	list_del(&m->all);
	struct mount *parent = m->parent;
	struct dentry *point = m->point;
	m->parent = NULL;
	m->point = NULL;
	parent->children--;
	dentry_put(point);
	mount_put(parent);
	mount_put(m);
}

void mount_cross(struct path *p)
{
	struct mount *m = p->dentry->mounts;
	while (m)
		if (m->parent == p->mount) {
			*p = (struct path){ m, m->root };
			m = p->dentry->mounts;
		} else {
			m = m->beside;
		}
}

void path_up(struct path *p, const struct path *root)
{
	for (;;) {
		if (p->dentry == root->dentry && p->mount == root->mount)
			break;
		if (p->dentry != p->mount->root) {
			if (p->dentry->parent)
				p->dentry = p->dentry->parent;
			break;
		}
		if (!p->mount->parent)
			break;
		*p = (struct path){ p->mount->parent, p->mount->point };
	}
	mount_cross(p);
}

/* --- names -------------------------------------------------------------------------- */

static bool prepend(char **at, const char *start, const char *s, u64 n)
{
	if ((u64)(*at - start) < n)
		return false;
	*at -= n;
	memcpy(*at, s, n);
	return true;
}

char *path_text(const struct path *root, const struct path *p, char *to, u64 room)
{
	char *at = to + room;
	struct path q = *p;
	if (!prepend(&at, to, "", 1))
		return NULL;
	char *end = at;
	if (q.dentry->deleted && !prepend(&at, to, " (deleted)", 10))
		return NULL;
	if (at != end)
		end = at;
	while (!(q.dentry == root->dentry && q.mount == root->mount)) {
		if (q.mount && q.dentry == q.mount->root) {
			if (!q.mount->parent)
				break;
			q = (struct path){ q.mount->parent, q.mount->point };
			continue;
		}
		struct dentry *d = q.dentry;
		if (!d->parent) {
			/* A file without a place in the tree: its name says what it is. */
			return prepend(&at, to, d->name, d->len) ? at : NULL;
		}
		if (!prepend(&at, to, d->name, d->len) || !prepend(&at, to, "/", 1))
			return NULL;
		q.dentry = d->parent;
	}
	if (at == end && !prepend(&at, to, "/", 1))
		return NULL;
	return at;
}

s64 path_name(struct task *t, const struct path *p, char *to, u64 room)
{
	char *buffer = name_buffer();
	if (!buffer)
		return -ENOMEM;
	char *s = path_text(t ? fs_root(t) : &root_path, p, buffer, PATH_LEN);
	s64 r = -ENAMETOOLONG;
	if (s) {
		u64 n = str_len(s);
		if (n < room) {
			memcpy(to, s, n + 1);
			r = (s64)n;
		}
	}
	name_release(buffer);
	return r;
}

static void options(struct text *x, u32 flags, bool ro)
{
	text_add(x, "%s", ro ? "ro" : "rw");
	if (flags & MS_NOSUID)
		text_add(x, ",nosuid");
	if (flags & MS_NODEV)
		text_add(x, ",nodev");
	if (flags & MS_NOEXEC)
		text_add(x, ",noexec");
	text_add(x, ",relatime");
}

void mount_text(struct text *x, struct task *t, bool info)
{
	char *buffer = name_buffer();
	if (!buffer)
		return;
	const struct path *root = fs_root(t);
	list_for(l, &mount_table)
	{
		struct mount *m = container_of(l, struct mount, all);
		const struct path p = { m, m->root };
		/* What cannot be reached from the root is not shown. */
		const struct mount *up = m;
		while (up != root->mount && up->parent)
			up = up->parent;
		char *name = up == root->mount ? path_text(root, &p, buffer, PATH_LEN) : NULL;
		if (!name)
			continue;
		bool ro = read_only(&p);
		if (info)
			text_add(x, "%u %u %u:%u %s ", m->id, m->parent ? m->parent->id : m->id,
				 (unsigned)(m->sb->dev >> 8), (unsigned)(m->sb->dev & 255), "/");
		else
			text_add(x, "%s ", m->sb->source);
		text_escaped(x, name);
		text_add(x, " ");
		if (info) {
			options(x, m->flags, ro);
			text_add(x, " - %s %s %s\n", m->sb->type, m->sb->source,
				 m->sb->read_only ? "ro" : "rw");
		} else {
			text_add(x, "%s ", m->sb->type);
			options(x, m->flags, ro);
			text_add(x, " 0 0\n");
		}
	}
	name_release(buffer);
}

/* --- calls ---------------------------------------------------------------------------- */

static bool is_string(const char *a, const char *const *list)
{
	for (; *list; list++)
		if (str_same(a, *list))
			return true;
	return false;
}

static u64 option_number(const char *options, const char *name, unsigned base, u64 otherwise)
{
	u64 n = str_len(name);
	for (const char *o = options; *o;) {
		if (memcmp(o, name, min64(n, str_len(o))) == 0 && o[n] == '=') {
			u64 v = 0;
			const char *s = o + n + 1;
			for (; *s >= '0' && *s < (char)('0' + (base < 10 ? base : 10)); s++)
				v = v * base + (u64)(*s - '0');
			u64 shift = *s == 'k' ? 10 : *s == 'm' ? 20 : *s == 'g' ? 30 : 0;
			return *s == '%' ? otherwise : v << shift;
		}
		while (*o && *o != ',')
			o++;
		o += *o == ',';
	}
	return otherwise;
}

static s64 super_by_type(const char *type, const char *data, struct super **out)
{
	static const char *const tmpfs[] = { "tmpfs", "ramfs", NULL };
	static struct super *one_proc, *one_sys, *one_dev, *one_pts, *one_mqueue;
	struct super **one = NULL;
	struct super *(*make)(void) = NULL;
	if (is_string(type, tmpfs)) {
		u64 bytes = option_number(data, "size", 10, pages_total() / 2 * PAGE);
		*out = tmpfs_new("tmpfs", bytes / PAGE,
				 option_number(data, "nr_inodes", 10, pages_total() / 2),
				 (u32)option_number(data, "mode", 8, 01777) & 07777);
		return *out ? 0 : -ENOMEM;
	}
	if (str_same(type, "proc"))
		one = &one_proc, make = proc_new;
	else if (str_same(type, "sysfs"))
		one = &one_sys, make = sysfs_new;
	else if (str_same(type, "devtmpfs"))
		one = &one_dev, make = devfs_new;
	else if (str_same(type, "devpts"))
		one = &one_pts, make = devpts_new;
	else if (str_same(type, "mqueue"))
		one = &one_mqueue, make = mqueue_super;
	else
		return -ENODEV;
	if (!*one)
		*one = make();
	*out = *one;
	return *out ? 0 : -ENOMEM;
}

static s64 mount_type(const char *type, const char *data, const struct path *at, u32 flags)
{
	struct super *sb;
	s64 r = super_by_type(type, data, &sb);
	if (r < 0)
		return r;
	struct dentry *root = dentry_root(sb);
	if (!root)
		return -ENOMEM;
	r = mount_add(sb, root, at, flags, NULL);
	dentry_put(root);
	if (r < 0 && sb->mounts == 0 && sb->destroy)
		sb->destroy(sb);
	return r;
}

/* For the start: makes the directory, too. */
static s64 mount_start(const char *type, const char *name)
{
	struct path p = root_path;
	struct dentry *d;
	const char *data = "";
	/* Names here have one or two parts. */
	for (const char *s = name; *s;) {
		u32 n = 0;
		while (s[n] && s[n] != '/')
			n++;
		s64 r = dentry_lookup(p.dentry, s, n, &d);
		if (r < 0)
			return r;
		if (!d->inode) {
			struct inode *i;
			r = p.dentry->inode->ops->create(p.dentry->inode, s, n, S_IFDIR | 0755, 0,
							 &i);
			if (r < 0)
				return r;
			dentry_fill(d, i);
			inode_put(i);
		}
		p.dentry = d;
		mount_cross(&p);
		s += n + (s[n] == '/');
	}
	return mount_type(type, data, &p, MS_NOSUID);
}

static s64 set_flags(struct path *p, u64 flags)
{
	if (!p->mount || p->dentry != p->mount->root)
		return -EINVAL;
	p->mount->flags = (u32)flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
	return 0;
}

static s64 bind(struct task *t, u64 source, const struct path *at)
{
	struct path from;
	s64 r = path_user(t, AT_FDCWD, source, WALK_FOLLOW, &from);
	if (r < 0)
		return r;
	if (!from.mount)
		r = -EINVAL;
	else if (is_dir(from.dentry->inode) != is_dir(at->dentry->inode))
		r = -ENOTDIR;
	else
		r = mount_add(from.mount->sb, from.dentry, at, from.mount->flags, NULL);
	path_put(&from);
	return r;
}

static s64 string_get(struct task *t, u64 addr, char *to, u64 room)
{
	to[0] = 0;
	if (!addr)
		return 0;
	s64 r = copy_string(t->mm, to, addr, room);
	return r < 0 ? (r == -ENAMETOOLONG ? -EINVAL : r) : 0;
}

s64 lx_mount(struct task *t, u64 source, u64 target, u64 type, u64 flags, u64 data)
{
	char kind[32], options_[128];
	struct path at;
	if (!task_capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	s64 r = path_user(t, AT_FDCWD, target, WALK_FOLLOW, &at);
	if (r < 0)
		return r;
	/* Files without a place in the tree have no mount. */
	if (!at.mount || at.dentry->deleted)
		r = -EINVAL;
	else if (flags & MS_REMOUNT)
		r = set_flags(&at, flags);
	else if (flags & MS_BIND)
		r = bind(t, source, &at);
	else if (flags & (MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE | MS_SHARED))
		r = 0; /* there is one table of mounts: nothing spreads */
	else if ((r = string_get(t, type, kind, sizeof kind)) == 0) {
		/* Options of other file systems may be long: they are not looked at. */
		if (string_get(t, data, options_, sizeof options_) < 0)
			options_[0] = 0;
		if (!is_dir(at.dentry->inode))
			r = -ENOTDIR;
		else
			r = mount_type(kind, options_, &at,
				       (u32)flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC));
	}
	path_put(&at);
	return r;
}

s64 lx_umount2(struct task *t, u64 name, u64 flags)
{
	enum { MNT_DETACH = 2, MNT_EXPIRE = 4, UMOUNT_NOFOLLOW = 8 };
	struct path p;
	if (!task_capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	s64 r = path_user(t, AT_FDCWD, name, flags & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW, &p);
	if (r < 0)
		return r;
	struct mount *m = p.mount;
	if (!m || p.dentry != m->root || !m->parent)
		r = -EINVAL;
	else if (m->children || (!(flags & MNT_DETACH) && m->refs > 2))
		r = -EBUSY;
	else if (flags & MNT_EXPIRE)
		r = -EAGAIN;
	else
		mount_remove(m); /* the path still holds it */
	path_put(&p);
	return r;
}

void fs_start(void)
{
	static const struct {
		const char *type, *name;
	} first[] = {
		{ "devtmpfs", "dev" }, { "devpts", "dev/pts" }, { "tmpfs", "dev/shm" },
		{ "proc", "proc" },    { "sysfs", "sys" },   { "mqueue", "dev/mqueue" },
	};
	struct super *sb;
	/* A file system server's, if the system has one; else in memory. */
	s64 e = remote_mount("root", &sb);
	if (e < 0 && e != -ENODEV)
		env.halt(126 << 8);
	if (e < 0)
		sb = tmpfs_new("rootfs", pages_total() / 4 * 3, pages_total(), 0755);
	struct dentry *root = sb ? dentry_root(sb) : NULL;
	struct mount *m;
	if (!root || mount_add(sb, root, NULL, 0, &m) < 0) {
		log_line("no memory for the root file system");
		return;
	}
	root_path = (struct path){ m, root };
	if (env.archive) {
		s64 r = tmpfs_from_archive(sb, env.archive, env.archive_bytes);
		if (r < 0)
			log_line("the archive of the root is damaged (%ld)", (long)r);
	}
	for (u32 i = 0; i < sizeof first / sizeof *first; i++)
		if (mount_start(first[i].type, first[i].name) < 0)
			log_line("%s not mounted", first[i].name);
}
