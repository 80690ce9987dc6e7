/* SPDX-License-Identifier: MIT */
/* Extended attributes: what is wrong with a call, and in which order that is seen.  Which files have any differs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); fflush(stdout); } while (0)
#define NOWHERE ((void *)8)

enum { SETXATTRAT = 463, GETXATTRAT = 464, LISTXATTRAT = 465, REMOVEXATTRAT = 466, MOST = 65536 };

struct args {
	uint64_t value;
	uint32_t size, flags;
	uint64_t more;
};

static void paths(void)
{
	char longest[300] = "user.", value[1] = "y";

	memset(longest + 5, 'x', 260);
	E(setxattr("nosuch", "user.x", value, 1, 0));
	E(setxattr("nosuch", "", value, 1, 0));
	E(setxattr("nosuch", longest, value, 1, 0));
	E(setxattr("nosuch", NOWHERE, value, 1, 0));
	E(setxattr("nosuch", "user.x", NOWHERE, 1, 0));
	E(setxattr("nosuch", "user.x", value, MOST + 1, 0));
	E(setxattr("nosuch", "user.x", value, MOST + 1, 4));
	E(setxattr("nosuch", "", value, 1, 4));
	E(getxattr("nosuch", "user.x", value, 1));
	E(getxattr("nosuch", "", value, 1));
	E(lgetxattr("nosuch", longest, value, 1));
	E(listxattr("nosuch", value, 1));
	E(removexattr("nosuch", "user.x"));
	E(lremovexattr("nosuch", ""));
}

static void descriptors(void)
{
	int f = open("file", O_RDWR | O_CREAT, 0644), p = open("file", O_PATH);
	char value[1] = "y";

	E(fsetxattr(99, "user.x", value, 1, 0));
	E(fsetxattr(99, "", value, 1, 0));
	E(fsetxattr(f, "user.x", NOWHERE, 1, 0));
	E(fgetxattr(99, "user.x", value, 1));
	E(fgetxattr(99, "", value, 1));
	E(fgetxattr(p, "user.x", value, 1));
	E(flistxattr(99, value, 1));
	E(flistxattr(p, value, 1));
	E(fremovexattr(99, "user.x"));
}

/* Of calls that this Linux may be too old for. */
static void is(const char *what, long r, int error)
{
	const int e = r < 0 ? errno : 0;
	struct utsname u;
	int major = 0, minor = 0;

	uname(&u);
	sscanf(u.release, "%d.%d", &major, &minor);
	if (e == ENOSYS && major * 100 + minor < 613 && strstr(u.release, "tessera") == NULL)
		return;
	if (e != error)
		printf("%s: %d instead of %d\n", what, e, error);
}
#define IS(error, ...) is(#__VA_ARGS__, syscall(__VA_ARGS__), error)

static void at_calls(void)
{
	struct args a = { (uint64_t) "y", 1, 0, 0 }, bad = { 0, 0, 4, 0 }, more = { 0, 0, 0, 1 };
	const int f = open("file", O_RDWR), p = open("file", O_PATH);

	IS(ENOENT, SETXATTRAT, AT_FDCWD, "nosuch", 0, "user.x", &a, 16);
	IS(ENOENT, SETXATTRAT, AT_FDCWD, "nosuch", 0, "user.x", &a, sizeof a);
	IS(EINVAL, SETXATTRAT, AT_FDCWD, "nosuch", 0, "user.x", &a, 8);
	IS(E2BIG, SETXATTRAT, AT_FDCWD, "nosuch", 0, "user.x", &a, 4097);
	IS(E2BIG, SETXATTRAT, AT_FDCWD, "nosuch", 0, "user.x", &more, sizeof more);
	IS(EFAULT, SETXATTRAT, AT_FDCWD, "nosuch", 0, "user.x", NOWHERE, 16);
	IS(EINVAL, SETXATTRAT, AT_FDCWD, "nosuch", 0, "user.x", &bad, 16);
	IS(ERANGE, SETXATTRAT, AT_FDCWD, "nosuch", 0, "", &a, 16);
	IS(EINVAL, GETXATTRAT, AT_FDCWD, "nosuch", 0, "user.x", &bad, 16);
	IS(ENOENT, GETXATTRAT, AT_FDCWD, "nosuch", 0, "user.x", &a, 16);
	IS(EBADF, GETXATTRAT, 99, "", AT_EMPTY_PATH, "user.x", &a, 16);
	IS(EBADF, GETXATTRAT, p, "", AT_EMPTY_PATH, "user.x", &a, 16);
	IS(ENOENT, LISTXATTRAT, f, "", 0, NULL, 0);
	IS(EFAULT, LISTXATTRAT, f, NULL, 0, NULL, 0);
	IS(0, LISTXATTRAT, f, "", AT_EMPTY_PATH, NULL, 0);
	IS(0, LISTXATTRAT, f, NULL, AT_EMPTY_PATH, NULL, 0);
	IS(EINVAL, LISTXATTRAT, AT_FDCWD, "file", 1, NULL, 0);
	IS(ENOENT, REMOVEXATTRAT, AT_FDCWD, "nosuch", 0, "user.x");
	IS(ERANGE, REMOVEXATTRAT, AT_FDCWD, "nosuch", 0, "");
}

int main(void)
{
	paths();
	descriptors();
	at_calls();
	return 0;
}
