/* SPDX-License-Identifier: MIT */
/*
 * The archive of the first root: cpio, format "newc".
 *
 * It may be damaged or hostile: each length is checked against what is left, names are taken
 * apart here and cannot leave the root.
 */
#include "fs.h"

enum { HEAD = 110, LINKS_BUCKETS = 256 };

struct member {
	u32 ino, mode, uid, gid, nlink, mtime, bytes, major, minor, rmajor, rminor, name_bytes;
	const char *name; /* ended by 0 */
	const unsigned char *data;
};

/* Files with several names: the first one seen, by number. */
struct seen {
	struct seen *next;
	u32 ino, major, minor;
	struct inode *inode;
};

struct unpack {
	const unsigned char *at, *end;
	struct super *sb;
	struct seen *seen[LINKS_BUCKETS];
};

static bool hex(const unsigned char *s, u32 *out)
{
	u32 v = 0;
	for (u32 i = 0; i < 8; i++) {
		unsigned char c = s[i];
		u32 d = c >= '0' && c <= '9'   ? c - '0' + 0u
			: c >= 'a' && c <= 'f' ? c - 'a' + 10u
			: c >= 'A' && c <= 'F' ? c - 'A' + 10u
					       : 16u;
		if (d > 15)
			return false;
		v = v << 4 | d;
	}
	*out = v;
	return true;
}

static const unsigned char *aligned(const unsigned char *base, const unsigned char *p)
{
	return p + ((4 - (u64)(p - base) % 4) % 4);
}

/* The next member; false: the archive is damaged. */
static bool next_member(struct unpack *u, struct member *m)
{
	u32 check;
	u32 *const field[] = { &m->ino,    &m->mode,       &m->uid,   &m->gid,   &m->nlink,
			       &m->mtime,  &m->bytes,      &m->major, &m->minor, &m->rmajor,
			       &m->rminor, &m->name_bytes, &check };
	const unsigned char *h = u->at;
	if ((u64)(u->end - h) < HEAD || memcmp(h, "07070", 5) != 0 || (h[5] != '1' && h[5] != '2'))
		return false;
	for (u32 i = 0; i < sizeof field / sizeof *field; i++)
		if (!hex(h + 6 + 8 * i, field[i]))
			return false;
	if (m->name_bytes == 0 || m->name_bytes > PATH_LEN ||
	    m->name_bytes > (u64)(u->end - h) - HEAD)
		return false;
	m->name = (const char *)h + HEAD;
	if (m->name[m->name_bytes - 1])
		return false;
	const unsigned char *d = aligned(h, h + HEAD + m->name_bytes);
	if (d > u->end || m->bytes > (u64)(u->end - d))
		return false;
	m->data = d;
	d = aligned(h, d + m->bytes);
	u->at = d > u->end ? u->end : d;
	return true;
}

/* The directory of the name, which is made if it is missing; *last, *len: the last part. */
static struct inode *directory(struct unpack *u, const char *name, const char **last, u32 *len)
{
	struct inode *dir = u->sb->root, *next;
	const char *s = name;
	*last = NULL;
	for (;;) {
		while (*s == '/')
			s++;
		u32 n = 0;
		while (s[n] && s[n] != '/')
			n++;
		if (n == 0)
			return dir;
		if (n > NAME_LEN || (n == 2 && s[0] == '.' && s[1] == '.'))
			return NULL;
		bool end = s[n] == 0;
		if (n == 1 && s[0] == '.') {
			s += n;
			continue;
		}
		*last = s;
		*len = n;
		if (end)
			return dir;
		s64 r = dir->ops->lookup(dir, s, n, &next);
		if (r == -ENOENT)
			r = dir->ops->create(dir, s, n, S_IFDIR | 0755, 0, &next);
		if (r < 0)
			return NULL;
		inode_put(next); /* the tree holds it */
		if (!is_dir(next))
			return NULL;
		dir = next;
		s += n;
	}
}

static struct seen **seen_place(struct unpack *u, const struct member *m)
{
	struct seen **s = &u->seen[m->ino % LINKS_BUCKETS];
	while (*s && ((*s)->ino != m->ino || (*s)->major != m->major || (*s)->minor != m->minor))
		s = &(*s)->next;
	return s;
}

static void remember(struct seen **place, const struct member *m, struct inode *i)
{
	struct seen *s = kalloc(sizeof *s);
	if (!s)
		return;
	*s = (struct seen){ NULL, m->ino, m->major, m->minor, i };
	*place = s;
}

static s64 link_new(struct inode *dir, const char *name, u32 len, const struct member *m,
		    struct inode **out)
{
	char *target = kalloc((u64)m->bytes + 1);
	if (!target)
		return -ENOMEM;
	memcpy(target, m->data, m->bytes);
	s64 r = m->bytes && m->bytes < PATH_LEN ? dir->ops->symlink(dir, name, len, target, out)
						: -EINVAL;
	kfree(target);
	return r;
}

static s64 unpack_one(struct unpack *u, const struct member *m)
{
	const char *name;
	u32 len = 0, type = m->mode & S_IFMT;
	struct inode *dir = directory(u, m->name, &name, &len), *i = NULL;
	if (!dir)
		return -EINVAL;
	if (!name) {
		if (type == S_IFDIR)
			dir->mode = m->mode & (S_IFMT | 07777);
		return 0;
	}
	struct seen **seen = NULL;
	if (m->nlink > 1 && type != S_IFDIR) {
		seen = seen_place(u, m);
		if (*seen) {
			i = (*seen)->inode;
			s64 r = dir->ops->link(dir, name, len, i);
			if (r == 0 && m->bytes && type == S_IFREG && i->size == 0)
				tmpfs_backing(i, m->data, m->bytes);
			return r;
		}
	}
	s64 r = dir->ops->lookup(dir, name, len, &i);
	if (r == 0) {
		inode_put(i);
		if (!is_dir(i)) {
			r = dir->ops->unlink(dir, name, len);
			i = NULL;
		}
	} else {
		r = 0;
	}
	if (r == 0 && !i) {
		u64 rdev = (m->rminor & 0xff) | (m->rmajor & 0xfff) << 8 |
			   (u64)(m->rminor & 0xfff00) << 12;
		if (type == S_IFLNK)
			r = link_new(dir, name, len, m, &i);
		else if (type == S_IFREG || type == S_IFDIR || type == S_IFCHR || type == S_IFBLK ||
			 type == S_IFIFO || type == S_IFSOCK)
			r = dir->ops->create(dir, name, len, m->mode & (S_IFMT | 07777), rdev, &i);
		else
			r = -EINVAL;
		if (r < 0)
			return r;
		inode_put(i);
	}
	if (r < 0)
		return r;
	if (type != (i->mode & S_IFMT))
		return -EINVAL;
	if (type != S_IFLNK)
		i->mode = m->mode & (S_IFMT | 07777);
	i->uid = m->uid;
	i->gid = m->gid;
	i->atime = i->mtime = i->ctime = (struct ltime){ m->mtime, 0 };
	if (type == S_IFREG && m->bytes && i->size == 0)
		tmpfs_backing(i, m->data, m->bytes);
	if (seen)
		remember(seen, m, i);
	return 0;
}

s64 tmpfs_from_archive(struct super *sb, const unsigned char *archive, u64 bytes)
{
	struct unpack *u = kalloc(sizeof *u);
	struct member m;
	s64 r = 0;
	if (!u)
		return -ENOMEM;
	u->at = archive;
	u->end = archive + bytes;
	u->sb = sb;
	for (;;) {
		if (!next_member(u, &m)) {
			r = -EINVAL;
			break;
		}
		if (str_same(m.name, "TRAILER!!!"))
			break;
		s64 one = unpack_one(u, &m);
		if (one < 0) {
			log_line("archive: %s: error %ld", m.name, (long)-one);
			r = one;
		}
	}
	for (u32 b = 0; b < LINKS_BUCKETS; b++)
		while (u->seen[b]) {
			struct seen *s = u->seen[b];
			u->seen[b] = s->next;
			kfree(s);
		}
	kfree(u);
	return r;
}
