/* SPDX-License-Identifier: MIT */
/*
 * What uname tells; /proc/sys/kernel shows it too.
 */
#pragma once

enum { UTS_FIELD = 65 };

struct utsname {
	char sysname[UTS_FIELD], nodename[UTS_FIELD], release[UTS_FIELD], version[UTS_FIELD],
		machine[UTS_FIELD], domainname[UTS_FIELD];
};
extern struct utsname uname_values;
