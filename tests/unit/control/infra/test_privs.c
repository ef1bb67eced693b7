/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/infra/infra.h"
#include "tests/unit/nothing.h"

#include "control/app_ops.h"
#include "control/privs.h"

#include <linux/capability.h>
#include <pthread.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what the process may do ---- */

static uint32_t caps_of_this_thread(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	syscall(SYS_capget, &head, data);
	return data[0].permitted | data[0].effective;
}

static void *other_thread(void *arg)
{
	volatile int *go = arg;
	while (!__atomic_load_n(go, __ATOMIC_ACQUIRE))
		usleep(1000);
	return (void *)(uintptr_t)(getuid() != 0 && caps_of_this_thread() == 0);
}

/* In a process of its own: there is no way back. Exit 0: as it should be; else the number of what was not. */
static int dropped(void)
{
	static int go;
	pthread_t t;
	void *good;
	char err[256];
	const struct passwd *p = getpwnam("nobody");
	pthread_create(&t, NULL, other_thread, &go);
	if (privs_drop("nobody", err) < 0)
		return 1;
	__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
	pthread_join(t, &good);
	if (getuid() != p->pw_uid || geteuid() != p->pw_uid || getgid() != p->pw_gid ||
	    getgroups(0, NULL) != 0)
		return 2;
	if (caps_of_this_thread() != (1u << CAP_NET_ADMIN | 1u << CAP_NET_RAW))
		return 3; /* CAP_BPF is in the upper word */
	if (!good)
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || setuid(0) == 0 || access("/etc/shadow", R_OK) == 0)
		return 5;
	return 0;
}

static void another_user_is_become_in_every_thread_for_good(void **state)
{
	int status;
	if (geteuid() != 0 || !getpwnam("nobody"))
		NOTHING_TO_CHECK("needs root and a user nobody");
	pid_t pid = fork();
	if (pid == 0)
		_exit(dropped());
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void users_that_do_not_exist_are_told(void **state)
{
	char err[256];
	assert_int_equal(privs_check("", err), 0);
	assert_int_equal(privs_check("no-such-user-here", err), -1);
	assert_non_null(strstr(err, "no-such-user-here"));
}

/* ---- where SIP may go ---- */

static void allow_lists_cannot_name_ourselves_or_many(void **state)
{
	static const char *const never[] = {
	    "192.0.2.10", "224.0.0.1", "239.1.1.1", "255.255.255.255", "0.0.0.0", "0.1.2.3", "2001:db8::1"};
	struct config *c = calloc(1, sizeof *c);
	struct ip_addr a;
	assert_int_equal(ip_addr_parse(&c->dp.ip, span_str("192.0.2.10")), 0);
	c->policy.n_allow = 2;
	c->policy.allow[0] = (struct target_net){.net = {.fam = 4}, .prefix = 0};
	c->policy.allow[1] = (struct target_net){.net = {.fam = 6}, .prefix = 0};
	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		assert_int_equal(ip_addr_parse(&a, span_str(never[i])), 0);
		assert_non_null(app_refusal(c, &a));
	}
	assert_int_equal(ip_addr_parse(&a, span_str("127.0.0.1")), 0);
	assert_null(app_refusal(c, &a));
	c->policy.n_allow = 0;
	assert_non_null(app_refusal(c, &a));
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(another_user_is_become_in_every_thread_for_good),
	    cmocka_unit_test(users_that_do_not_exist_are_told),
	    cmocka_unit_test(allow_lists_cannot_name_ourselves_or_many),
	};
	return cmocka_run_group_tests_name("privs", tests, NULL, NULL);
}
