/* SPDX-License-Identifier: Apache-2.0 */
#include "control/app.h"
#include "control/cli.h"
#include "control/loop.h"
#include "control/privs.h"
#include "dataplane/api/dp.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct check {
	const struct config *conf;
	unsigned problems;
};

/* dp_check's reporter, and ours. */
static void say(void *ctx, char level, const char *text)
{
	struct check *k = ctx;
	k->problems += level == 'E';
	printf("%-8s %s\n", level == 'E' ? "PROBLEM" : level == 'W' ? "warning" : "ok", text);
}

__attribute__((format(printf, 3, 4))) static void sayf(struct check *k, char level, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	say(k, level, text);
}

static socklen_t to_sockaddr(const struct ip_sock *s, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof *out);
	if (s->a.fam == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;
		in->sin_family = AF_INET;
		in->sin_port = htons(s->port);
		memcpy(&in->sin_addr, s->a.b, 4);
		return sizeof *in;
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(s->port);
	memcpy(&in6->sin6_addr, s->a.b, 16);
	return sizeof *in6;
}

static bool is_loopback(const struct ip_addr *a)
{
	static const uint8_t one[16] = {[15] = 1};
	return a->fam == 4 ? a->b[0] == 127 : memcmp(a->b, one, 16) == 0;
}

/* Bound for a moment, never listened on. */
static void check_listen(struct check *k)
{
	const struct ip_sock *s = &k->conf->rest_listen;
	struct sockaddr_storage sa;
	char host[64];
	struct buf b = buf_on(host, sizeof host - 1);
	ip_addr_put(&b, &s->a);
	host[b.len] = 0;
	socklen_t n = to_sockaddr(s, &sa);
	int one = 1, fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, n) < 0)
		sayf(k, 'E', "rest.listen %s port %u: %s", host, s->port, strerror(errno));
	else
		sayf(k, 'I', "REST on %s port %u", host, s->port);
	if (fd >= 0)
		close(fd);
	if (!is_loopback(&s->a))
		say(k, 'W', "rest.listen is not loopback: tokens cross the network in clear text");
}

/* As the user the engine will be; false with errno. */
static bool may_write(const char *user, const char *path)
{
	const struct passwd *p = *user && geteuid() == 0 ? getpwnam(user) : NULL;
	if (p && (setegid(p->pw_gid) < 0 || seteuid(p->pw_uid) < 0))
		return false;
	bool ok = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
	int e = errno;
	if (p && (seteuid(0) < 0 || setegid(getgid()) < 0))
		return false;
	errno = e;
	return ok;
}

static bool in_use(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool used = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	if (fd >= 0)
		close(fd);
	return used;
}

static void check_store(struct check *k)
{
	char dir[sizeof k->conf->store_path];
	const char *path = k->conf->store_path;
	const char *slash = strrchr(path, '/');
	snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	if (!*dir)
		snprintf(dir, sizeof dir, "/");
	struct stat st;
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
		sayf(k, 'E', "store.path: the directory %s does not exist", dir);
	else if (!may_write(k->conf->run_user, dir))
		sayf(k, 'E', "store.path: %s: %s", dir, strerror(errno));
	else if (access(path, F_OK) == 0 && !may_write(k->conf->run_user, path))
		sayf(k, 'E', "store.path: %s: %s", path, strerror(errno));
	else if (in_use(path))
		sayf(k, 'E', "store.path: another engine uses %s", path);
	else
		sayf(k, 'I', "records in %s%s", path, access(path, F_OK) == 0 ? "" : " (will be made)");
}

/* Two owners of one address: the kernel would answer what is meant for the engine, with "port unreachable". */
static void check_own_address(struct check *k)
{
	const struct ip_addr *own = &k->conf->dp.ip;
	struct ifaddrs *list;
	if (getifaddrs(&list) < 0)
		return;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET)
			continue;
		const struct sockaddr_in *in = (const struct sockaddr_in *)i->ifa_addr;
		if (memcmp(&in->sin_addr, own->b, 4) == 0)
			sayf(k, 'W',
			    "network.ip: the kernel has this address on %s as well and answers for it",
			    i->ifa_name);
	}
	freeifaddrs(list);
}

static void check_loop(struct check *k)
{
	char err[256];
	struct loop *l = loop_new(err);
	if (l)
		say(k, 'I', "io_uring is there");
	else
		say(k, 'E', err);
	loop_free(l);
}

static void check_user(struct check *k)
{
	char err[256];
	if (!*k->conf->run_user)
		return;
	if (privs_check(k->conf->run_user, err) < 0)
		say(k, 'E', err);
	else
		sayf(k, 'I', "becomes user %s once the device is open", k->conf->run_user);
}

static void check_sizes(struct check *k)
{
	const struct config *c = k->conf;
	uint32_t pairs = ((uint32_t)c->dp.rtp_hi - c->dp.rtp_lo + 1) / 2 * (1u + c->dp.n_media_ips);
	sayf(k, 'I', "%u calls at one time, %u legs and %u transactions on each of %u workers", c->calls_max,
	    c->dp.legs_max, c->dp.txns_max, c->dp.workers);
	if (pairs < c->calls_max)
		sayf(k, 'W', "the media ports have room for %u calls, limits.calls is %u", pairs,
		    c->calls_max);
}

int cli_check(int argc, char **argv)
{
	const char *path = NULL;
	struct config *c;
	int rc = cli_options(argc, argv, &path, NULL);
	if (rc != 0)
		return rc;
	rc = cli_load(&c, path);
	if (rc != 0)
		return rc;
	struct check k = {.conf = c};
	sayf(&k, 'I', "%s: %u accounts, %u allowed private networks", path, c->n_accounts, c->policy.n_allow);
	check_sizes(&k);
	check_loop(&k);
	dp_check(&c->dp, say, &k);
	check_own_address(&k);
	check_listen(&k);
	check_store(&k);
	check_user(&k);
	printf("%u problem%s\n", k.problems, k.problems == 1 ? "" : "s");
	config_free(c);
	return k.problems ? EXIT_HOST : EXIT_OK;
}
