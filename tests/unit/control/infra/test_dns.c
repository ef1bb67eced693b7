/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/infra/infra.h"

#include "tests/unit/control/infra/fake_dns.h"

#include "control/dns.h"

struct got {
	struct loop *loop;
	struct ip_addr addrs[8];
	uint32_t n;
	char why[128];
	unsigned calls, stop_after;
};

static void on_answer(void *ctx, const struct ip_addr *addrs, uint32_t n, const char *why)
{
	struct got *g = ctx;
	g->n = n;
	memcpy(g->addrs, addrs, n * sizeof *addrs);
	snprintf(g->why, sizeof g->why, "%s", why ? why : "");
	if (++g->calls == g->stop_after)
		loop_stop(g->loop);
}

struct world {
	struct fake_dns server;
	struct loop *loop;
	struct dns *dns;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	char err[256];
	fake_dns_start(&w->server);
	w->loop = new_loop();
	w->dns = dns_new(w->loop, w->server.address, err);
	*state = w;
	return w->dns ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	dns_free(w->dns);
	loop_free(w->loop);
	fake_dns_stop(&w->server);
	free(w);
	return 0;
}

static struct got ask(struct world *w, const char *host, bool any)
{
	struct got g = {.loop = w->loop, .stop_after = 1};
	(any ? dns_resolve_any : dns_resolve)(w->dns, host, on_answer, &g);
	assert_int_equal(g.calls, 0); /* always later */
	assert_true(run_for(w->loop, 9000));
	assert_int_equal(g.calls, 1);
	return g;
}

static void names_become_addresses_in_the_order_told(void **state)
{
	struct got g = ask(*state, "two.test", false);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.addrs[0].fam, 4);
	assert_memory_equal(g.addrs[0].b, "\xc0\x00\x02\x01", 4);
	assert_memory_equal(g.addrs[1].b, "\xc0\x00\x02\x02", 4);
}

static void literals_ask_nobody(void **state)
{
	struct world *w = *state;
	struct got g = ask(w, "192.0.2.9", false);
	assert_int_equal(g.n, 1);
	assert_memory_equal(g.addrs[0].b, "\xc0\x00\x02\x09", 4);
	g = ask(w, "2001:db8::7", false);
	assert_int_equal(g.n, 0);
	assert_non_null(strstr(g.why, "IPv6"));
	g = ask(w, "2001:db8::7", true);
	assert_int_equal(g.n, 1);
	assert_int_equal(w->server.queries, 0);
}

static void ipv6_is_told_only_where_it_is_wanted(void **state)
{
	struct got g = ask(*state, "six.test", true);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.addrs[0].fam, 6);
	g = ask(*state, "six.test", false);
	assert_int_equal(g.n, 0);
}

static void failures_say_why(void **state)
{
	struct got g = ask(*state, "nosuch.test", false);
	assert_int_equal(g.n, 0);
	assert_string_equal(g.why, "NXDOMAIN");
	g = ask(*state, "none.test", false);
	assert_int_equal(g.n, 0);
	assert_string_equal(g.why, "no address record");
	static const char *const bad[] = {"", "a b", "a/b", "a\nb", "user@host", "\xc3\xa9.test"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_string_equal(ask(*state, bad[i], false).why, "not a host name");
	char longer[300];
	memset(longer, 'a', 260);
	longer[260] = 0;
	assert_string_equal(ask(*state, longer, false).why, "not a host name");
}

static void a_silent_or_lying_server_is_given_up(void **state)
{
	uint64_t before = loop_now_ns();
	struct got g = ask(*state, "silent.test", false);
	assert_int_equal(g.n, 0);
	assert_string_equal(g.why, "timeout");
	assert_true(loop_now_ns() - before < 7000ull * MS);
	g = ask(*state, "liar.test", false);
	assert_int_equal(g.n, 0);
	assert_true(*g.why);
}

static void answers_are_kept_for_their_ttl(void **state)
{
	struct world *w = *state;
	assert_int_equal(ask(w, "one.test", false).n, 1);
	unsigned n = w->server.queries;
	assert_int_equal(ask(w, "ONE.test", false).n, 1);
	assert_int_equal(w->server.queries, n);
	ask(w, "nosuch.test", false); /* a failure is not kept */
	n = w->server.queries;
	ask(w, "nosuch.test", false);
	assert_true(w->server.queries > n);
}

static void many_at_once_are_bounded_and_each_is_answered(void **state)
{
	struct world *w = *state;
	struct got g = {.loop = w->loop, .stop_after = 5000};
	for (unsigned i = 0; i < 5000; i++)
		dns_resolve(w->dns, "one.test", on_answer, &g);
	assert_true(run_for(w->loop, 15000));
	assert_int_equal(g.calls, 5000);
}

static void stopping_answers_what_is_under_way(void **state)
{
	char err[256];
	struct world *w = *state;
	struct got g = {.loop = w->loop, .stop_after = 99};
	struct dns *d = dns_new(w->loop, w->server.address, err);
	dns_resolve(d, "silent.test", on_answer, &g);
	dns_resolve(d, "192.0.2.1", on_answer, &g);
	dns_free(d);
	assert_int_equal(g.calls, 2);
}

static void unusable_servers_are_an_error(void **state)
{
	char err[256] = "";
	struct loop *l = new_loop();
	assert_null(dns_new(l, "not-an-address", err));
	assert_true(*err);
	loop_free(l);
}

#define WITH_SERVER(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SERVER(names_become_addresses_in_the_order_told),
	    WITH_SERVER(literals_ask_nobody),
	    WITH_SERVER(ipv6_is_told_only_where_it_is_wanted),
	    WITH_SERVER(failures_say_why),
	    WITH_SERVER(a_silent_or_lying_server_is_given_up),
	    WITH_SERVER(answers_are_kept_for_their_ttl),
	    WITH_SERVER(many_at_once_are_bounded_and_each_is_answered),
	    WITH_SERVER(stopping_answers_what_is_under_way),
	    cmocka_unit_test(unusable_servers_are_an_error),
	};
	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
