/* SPDX-License-Identifier: Apache-2.0 */
#include "control/privs.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP_BIT(c) (UINT64_C(1) << (c))

static int fail(char err[256], const char *what)
{
	snprintf(err, 256, "%s: %s", what, strerror(errno));
	return -1;
}

/* For the calling thread; the others lost theirs with the user. */
static int keep_caps(uint64_t caps)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
	    {.effective = (uint32_t)caps, .permitted = (uint32_t)caps},
	    {.effective = (uint32_t)(caps >> 32), .permitted = (uint32_t)(caps >> 32)},
	};
	return (int)syscall(SYS_capset, &head, data);
}

static uint64_t effective(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	if (syscall(SYS_capget, &head, data) < 0)
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

void privs_missing(char out[64])
{
	static const struct {
		uint64_t any_of;
		const char *name;
	} wanted[] = {
	    {CAP_BIT(CAP_NET_ADMIN), "CAP_NET_ADMIN"},
	    {CAP_BIT(CAP_NET_RAW), "CAP_NET_RAW"},
	    {CAP_BIT(CAP_BPF) | CAP_BIT(CAP_SYS_ADMIN), "CAP_BPF"},
	};
	uint64_t have = effective();
	int n = 0;
	out[0] = 0;
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (!(have & wanted[i].any_of))
			n += snprintf(out + n, 64 - (size_t)n, "%s%s", n ? ", " : "", wanted[i].name);
}

int privs_check(const char *user, char err[256])
{
	if (!*user)
		return 0;
	const struct passwd *p = getpwnam(user);
	if (!p)
		snprintf(err, 256, "run.user: there is no user %.64s", user);
	else if (geteuid() != 0 && p->pw_uid != geteuid())
		snprintf(err, 256, "run.user: only root can become %.64s", user);
	else
		return 0;
	return -1;
}

static int become(const struct passwd *p, char err[256])
{
	static const uint64_t kept = CAP_BIT(CAP_NET_ADMIN) | CAP_BIT(CAP_NET_RAW) | CAP_BIT(CAP_BPF);
	if (p->pw_uid == geteuid())
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(p->pw_gid, p->pw_gid, p->pw_gid) < 0 || setresuid(p->pw_uid, p->pw_uid, p->pw_uid) < 0)
		return fail(err, "run.user: cannot become that user");
	return keep_caps(kept) == 0 ? 0 : fail(err, "run.user: capabilities");
}

int privs_drop(const char *user, char err[256])
{
	if (privs_check(user, err) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(err, "no_new_privs");
	return *user ? become(getpwnam(user), err) : 0;
}
