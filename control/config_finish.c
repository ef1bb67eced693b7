/* SPDX-License-Identifier: Apache-2.0 */
#include "control/config_table.h"

#include "control/sip_target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SAY(name, ...) config_say(e, config_at(c, name), __VA_ARGS__)

static uint32_t v4(const struct ip_addr *a)
{
	return (uint32_t)a->b[0] << 24 | (uint32_t)a->b[1] << 16 | (uint32_t)a->b[2] << 8 | a->b[3];
}

static uint32_t mask(unsigned prefix)
{
	return prefix ? 0xffffffffu << (32 - prefix) : 0;
}

static bool on_link(const struct config *c, const struct ip_addr *a)
{
	uint32_t m = mask(c->network_ip.prefix);
	return (v4(a) & m) == (v4(&c->network_ip.net) & m) && v4(a) != v4(&c->network_ip.net);
}

static bool same_bits(const struct ip_addr *a, const struct ip_addr *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		if ((a->b[i / 8] ^ b->b[i / 8]) & (0x80 >> (i % 8)))
			return false;
	return true;
}

static bool link_local(const struct ip_addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* Not unspecified, loopback, mapped, link-local or multicast. */
static bool usable6(const struct ip_addr *a)
{
	static const struct ip_addr zero;
	return !same_bits(a, &zero, 80) && a->b[0] != 0xff && !link_local(a);
}

static bool on_link6(const struct config *c, const struct ip_addr *a)
{
	if (link_local(a))
		return true;
	return c->network_ip6.net.fam && same_bits(a, &c->network_ip6.net, c->network_ip6.prefix) &&
	       !ip_addr_eq(a, &c->network_ip6.net);
}

static void check_ip6(const struct config *c, struct config_errors *e)
{
	bool six = c->network_ip6.net.fam != 0;
	if (six && !usable6(&c->network_ip6.net))
		SAY("network.ip6", "network.ip6 is no address that others can reach");
	if (six && c->dp.mtu < 1280)
		SAY("network.mtu", "network.mtu %u is below 1280, which IPv6 needs", c->dp.mtu);
	if (c->dp.gateway6.fam && !six)
		SAY("network.gateway6", "network.gateway6 needs network.ip6");
	else if (c->dp.gateway6.fam && !on_link6(c, &c->dp.gateway6))
		SAY("network.gateway6",
		    "network.gateway6 is neither link-local nor another address inside network.ip6's prefix");
}

static void check_route(const struct config *c, unsigned i, struct config_errors *e)
{
	const struct dp_route *r = &c->dp.routes[i];
	struct config_pos at = config_item_at(c, "network.routes", i);
	if (!r->net.fam)
		return; /* missing: said already */
	if (r->net.fam == 6 && !c->network_ip6.net.fam)
		config_say(e, at, "network.routes[].to is IPv6, which needs network.ip6");
	else if (r->via.fam && r->via.fam != r->net.fam)
		config_say(e, at, "network.routes[].via is not of the same family as to");
	else if (r->via.fam == 4 && !on_link(c, &r->via))
		config_say(e, at, "network.routes[].via is not another address inside network.ip's prefix");
	else if (r->via.fam == 6 && !on_link6(c, &r->via))
		config_say(e, at,
		    "network.routes[].via is neither link-local nor another address inside network.ip6's "
		    "prefix");
}

static void check_ip(const struct config *c, struct config_errors *e)
{
	uint32_t ip = v4(&c->network_ip.net), m = mask(c->network_ip.prefix);
	if (c->network_ip.net.fam == 0)
		return; /* missing: said already */
	if (ip >> 24 == 0 || ip >> 24 == 127 || ip >> 28 >= 14)
		SAY("network.ip", "network.ip is no unicast address");
	else if (c->network_ip.prefix < 31 && ((ip & ~m) == 0 || (ip & ~m) == ~m))
		SAY("network.ip", "network.ip is the network's own or its broadcast address");
	if (c->dp.gateway.fam && !on_link(c, &c->dp.gateway))
		SAY("network.gateway", "network.gateway is not another address inside network.ip's prefix");
	for (unsigned i = 0; i < c->dp.n_routes; i++)
		check_route(c, i, e);
	check_ip6(c, e);
}

static void check_cores(const struct config *c, struct config_errors *e)
{
	if (c->n_cores > c->dp.workers)
		SAY("cores", "cores names %u CPUs for %u workers", c->n_cores, c->dp.workers);
	for (unsigned i = 1; i < c->n_cores; i++)
		for (unsigned k = 0; k < i; k++)
			if (c->dp.cores[i] == c->dp.cores[k])
				config_say(e, config_item_at(c, "cores", i), "cores[] names CPU %u twice",
				    c->dp.cores[i]);
}

static bool media_ip_usable(const struct config *c, unsigned i)
{
	const struct ip_addr *a = &c->dp.media_ips[i];
	for (unsigned j = 0; j < i; j++)
		if (ip_addr_eq(a, &c->dp.media_ips[j]))
			return false;
	return a->b[0] != 0 && a->b[0] != 127 && a->b[0] < 224 && !ip_addr_eq(a, &c->network_ip.net);
}

static void check_media_ips(const struct config *c, struct config_errors *e)
{
	for (unsigned i = 0; i < c->dp.n_media_ips; i++)
		if (!media_ip_usable(c, i))
			config_say(e, config_item_at(c, "media.addresses", i),
			    "media.addresses[]: not a unicast address, network.ip itself, or given twice");
}

static void check_media(const struct config *c, struct config_errors *e)
{
	uint32_t lo = c->dp.rtp_lo, hi = c->dp.rtp_hi;
	if (lo & 1)
		SAY("media.port_low", "media.port_low must be even");
	if (!(hi & 1))
		SAY("media.port_high", "media.port_high must be odd");
	if (hi <= lo)
		SAY("media.port_high", "media.port_high %u is not above media.port_low %u", hi, lo);
	else if ((hi - lo + 1) / 2 < c->dp.workers)
		SAY("media.port_high", "media ports %u … %u are fewer than one pair for each worker", lo, hi);
	if (c->dp.sip_port >= lo && c->dp.sip_port <= hi)
		SAY("sip.port", "sip.port %u lies inside the media ports %u … %u", c->dp.sip_port, lo, hi);
}

static void check_times(const struct config *c, struct config_errors *e)
{
	if (c->dp.t2_ms < c->dp.t1_ms)
		SAY("sip.t2_ms", "sip.t2_ms %u is below sip.t1_ms %u", c->dp.t2_ms, c->dp.t1_ms);
	if (c->webhook_total_ms < c->webhook_connect_ms)
		SAY("webhook.total_ms", "webhook.total_ms %u is below webhook.connect_ms %u",
		    c->webhook_total_ms, c->webhook_connect_ms);
}

/* A SIP URI in which mark stands for whoever is called. */
static void check_pattern(
    const struct config *c, struct config_errors *e, const char *name, const char *pattern, const char *mark)
{
	struct sip_target t;
	const char *at = strstr(pattern, mark);
	if (!*pattern)
		return;
	if (!at || strchr(pattern, '{') != at || strchr(at + 1, '{'))
		SAY(name, "%s must hold %s once", name, mark);
	else if (sip_target_pattern(&t, pattern, SPAN("0")) != TARGET_OK)
		SAY(name, "%s is not a SIP URI", name);
}

/* ---- accounts ---- */

/* A token that came from outside the file has to pass the same rules. */
static const char *take_token(struct config_account *a, char *text)
{
	static char why[256];
	text[strcspn(text, "\r\n")] = 0;
	if (!*text)
		return "is empty";
	return config_value(config_row("accounts[].token"), text, strlen(text), a->token, why) < 0 ? why
	                                                                                           : NULL;
}

static const char *token_from_file(struct config_account *a)
{
	char line[200] = "";
	FILE *f = fopen(a->token_file, "re");
	if (!f)
		return strerror(errno);
	const char *why = fgets(line, sizeof line, f) ? NULL : "is empty";
	fclose(f);
	if (!why)
		why = take_token(a, line);
	explicit_bzero(line, sizeof line);
	return why;
}

static const char *token_from_env(struct config_account *a)
{
	char text[200];
	const char *v = getenv(a->token_env);
	if (!v)
		return "is not set";
	if (strlen(v) >= sizeof text)
		return "is too long";
	memcpy(text, v, strlen(v) + 1);
	const char *why = take_token(a, text);
	explicit_bzero(text, sizeof text);
	return why;
}

static void finish_account(struct config *c, unsigned i, struct config_errors *e)
{
	struct config_account *a = &c->accounts[i];
	struct config_pos pos = config_item_at(c, "accounts", i);
	int ways = !!*a->token + !!*a->token_file + !!*a->token_env;
	const char *why = NULL;
	if (ways != 1)
		config_say(e, pos, "accounts[] needs exactly one of token, token_file and token_env");
	else if (*a->token_file && (why = token_from_file(a)))
		config_say(e, pos, "accounts[].token_file %s: %s", a->token_file, why);
	else if (*a->token_env && (why = token_from_env(a)))
		config_say(e, pos, "accounts[].token_env: the variable %s %s", a->token_env, why);
	for (unsigned k = 0; k < i; k++)
		if (*a->sid && strcmp(a->sid, c->accounts[k].sid) == 0)
			config_say(e, pos, "accounts[].sid %s is there twice", a->sid);
}

static void finish_accounts(struct config *c, struct config_errors *e)
{
	struct config_pos pos = config_at(c, "accounts");
	if (c->n_accounts == 0)
		config_say(
		    e, pos.line ? pos : (struct config_pos){1, 1}, "accounts needs at least one account");
	for (unsigned i = 0; i < c->n_accounts; i++)
		finish_account(c, i, e);
}

static const char *secret_from_file(struct config_key *k)
{
	struct config_account a = {0};
	memcpy(a.token_file, k->secret_file, sizeof a.token_file);
	const char *why = token_from_file(&a);
	memcpy(k->secret, a.token, sizeof k->secret);
	explicit_bzero(&a, sizeof a);
	return why;
}

static void finish_key(struct config *c, unsigned i, struct config_errors *e)
{
	struct config_key *k = &c->api_keys[i];
	struct config_pos pos = config_item_at(c, "api_keys", i);
	const char *why = NULL;
	if (*k->sid && (strncmp(k->sid, "SK", 2) != 0 || strspn(k->sid + 2, "0123456789abcdefABCDEF") != 32))
		config_say(e, pos, "api_keys[].sid must be SK and 32 hexadecimal digits");
	if (!!*k->secret + !!*k->secret_file != 1)
		config_say(e, pos, "api_keys[] needs exactly one of secret and secret_file");
	else if (*k->secret_file && (why = secret_from_file(k)))
		config_say(e, pos, "api_keys[].secret_file %s: %s", k->secret_file, why);
	if (*k->account && !config_token(c, k->account))
		config_say(e, pos, "api_keys[].account %s is none of accounts", k->account);
	for (unsigned j = 0; j < i; j++)
		if (*k->sid && strcmp(k->sid, c->api_keys[j].sid) == 0)
			config_say(e, pos, "api_keys[].sid %s is there twice", k->sid);
}

static void finish_keys(struct config *c, struct config_errors *e)
{
	for (unsigned i = 0; i < c->n_api_keys; i++)
		finish_key(c, i, e);
}

/* ---- calls from outside ---- */

static void check_method(const struct config *c, struct config_errors *e, const char *name, const char *method)
{
	if (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0)
		SAY(name, "%s must be GET or POST", name);
}

static void finish_inbound(struct config *c, struct config_errors *e)
{
	check_method(c, e, "inbound.voice_method", c->inbound_voice_method);
	check_method(c, e, "inbound.fallback_method", c->inbound_fallback_method);
	check_method(c, e, "inbound.status_callback_method", c->inbound_status_callback_method);
	if (!*c->inbound_voice_url != !c->n_inbound_sources)
		SAY(*c->inbound_voice_url ? "inbound.voice_url" : "inbound.sources",
		    "inbound.voice_url and inbound.sources go together: what runs, and who may call");
	if (*c->inbound_account && !config_token(c, c->inbound_account))
		SAY("inbound.account", "inbound.account %s is none of accounts", c->inbound_account);
	c->dp.n_sources = (uint8_t)c->n_inbound_sources;
	for (unsigned i = 0; i < c->n_inbound_sources; i++)
		c->dp.sources[i] = (struct dp_net){c->inbound_sources[i].net, c->inbound_sources[i].prefix};
}

/* ---- derived ---- */

static void fill_control_path(struct config *c, struct config_errors *e)
{
	if (!*c->control_path)
		snprintf(c->control_path, sizeof c->control_path, "%.250s.control", c->store_path);
	if (strlen(c->control_path) > 107)
		SAY("run.control",
		    "run.control, or store.path with .control behind it, is longer than 107 characters");
}

static void fill_from_host(struct config *c)
{
	char t[64];
	struct buf b = buf_on(t, sizeof t - 1);
	ip_addr_put(&b, &c->dp.ip);
	t[b.len] = 0;
	if (*c->from_host)
		return;
	if (c->dp.sip_port == 5060)
		snprintf(c->from_host, sizeof c->from_host, "%s", t);
	else
		snprintf(c->from_host, sizeof c->from_host, "%s:%u", t, c->dp.sip_port);
}

/* Calls go to the worker with the fewest, but the two legs of a call stay together: each worker gets a
 * quarter more than its share. */
static uint32_t legs_per_worker(const struct config *c)
{
	if (c->dp.workers <= 1)
		return c->calls_max;
	uint64_t share = ((uint64_t)c->calls_max + c->dp.workers - 1) / c->dp.workers;
	share += share / 4 + 2;
	return share < c->calls_max ? (uint32_t)share : c->calls_max;
}

static enum dp_tcp tcp_mode(const struct config *c)
{
	switch (c->sip_tcp[1]) { /* the first letter two of them share */
	case 'e':
		return DP_TCP_KERNEL;
	case 'o':
		return DP_TCP_HOST;
	case 'w':
		return DP_TCP_OWN;
	default:
		return DP_TCP_OFF;
	}
}

static void fill_derived(struct config *c, struct config_errors *e)
{
	c->dp.ip = c->network_ip.net;
	c->dp.prefix = c->network_ip.prefix;
	c->dp.tcp = (uint8_t)tcp_mode(c);
	c->dp.ip6 = c->network_ip6.net;
	c->dp.prefix6 = c->network_ip6.prefix;
	for (unsigned i = c->n_cores; i < DP_WORKERS_MAX; i++)
		c->dp.cores[i] = 0xffff;
	snprintf(c->dp.user_agent, sizeof c->dp.user_agent, "Dialplane/%s", DIALPLANE_VERSION);
	fill_from_host(c);
	fill_control_path(c, e);
	c->dp.legs_max = legs_per_worker(c);
	if (getrandom(c->dp.key, sizeof c->dp.key, 0) != sizeof c->dp.key)
		config_say(e, (struct config_pos){0}, "the kernel gave no random bytes: %s", strerror(errno));
}

void config_finish(struct config *c, struct config_errors *e)
{
	if (!*c->rest_tls_cert != !*c->rest_tls_key)
		SAY(*c->rest_tls_cert ? "rest.tls_cert" : "rest.tls_key",
		    "rest.tls_cert and rest.tls_key go together");
	if (!*c->dp.tls_cert != !*c->dp.tls_key)
		SAY(*c->dp.tls_cert ? "tls.cert" : "tls.key", "tls.cert and tls.key go together");
	if (c->dp.tls_port == c->dp.sip_port)
		SAY("tls.port", "tls.port %u is sip.port", c->dp.tls_port);
	check_ip(c, e);
	check_cores(c, e);
	check_media(c, e);
	check_media_ips(c, e);
	check_times(c, e);
	check_pattern(c, e, "trunk.uri", c->trunk_uri, "{number}");
	check_pattern(c, e, "client.uri", c->client_uri, "{client}");
	finish_accounts(c, e);
	finish_keys(c, e);
	finish_inbound(c, e);
	fill_derived(c, e);
}

/* ---- asked by others ---- */

const char *config_token(const struct config *c, const char *account_sid)
{
	for (unsigned i = 0; i < c->n_accounts; i++)
		if (strcmp(c->accounts[i].sid, account_sid) == 0)
			return c->accounts[i].token;
	return NULL;
}

bool config_enhanced_sip(const struct config *c, const char *account_sid)
{
	for (unsigned i = 0; i < c->n_accounts; i++)
		if (strcmp(c->accounts[i].sid, account_sid) == 0)
			return c->accounts[i].enhanced_sip;
	return false;
}

enum log_level config_log_level(const struct config *c)
{
	return *c->log_level == 'e'   ? LOG_ERROR
	       : *c->log_level == 'w' ? LOG_WARN
	       : *c->log_level == 'd' ? LOG_DEBUG
	                              : LOG_INFO;
}

const char *config_dns_servers(const struct config *c, char out[512])
{
	struct buf b = buf_on(out, 511);
	for (unsigned i = 0; i < c->n_dns_servers; i++) {
		const struct ip_sock *s = &c->dns_servers[i];
		buf_span(&b, span_str(i ? "," : ""));
		buf_span(&b, span_str(s->a.fam == 6 ? "[" : ""));
		ip_addr_put(&b, &s->a);
		buf_span(&b, span_str(s->a.fam == 6 ? "]:" : ":"));
		buf_u32(&b, s->port);
	}
	out[b.len] = 0;
	return c->n_dns_servers ? out : NULL;
}
