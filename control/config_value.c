/* SPDX-License-Identifier: Apache-2.0 */
#include "control/config_table.h"
#include "control/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*value_fn)(const struct config_row *row, const char *s, void *member, char why[256]);

#define BAD(...) (snprintf(why, 256, __VA_ARGS__), -EINVAL)

/* ---- texts ---- */

static bool only(const char *s, const char *more)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(more, *s))
			return false;
	return true;
}

static int put_text(const struct config_row *row, const char *s, void *member, char why[256])
{
	size_t n = strlen(s);
	if ((long long)n < row->min || (long long)n > row->max || n >= row->size)
		return BAD("must have %lld … %lld bytes, not %zu", row->min, row->max, n);
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return BAD("must not contain control characters");
	memcpy(member, s, n + 1);
	return 0;
}

static int put_secret(const struct config_row *row, const char *s, void *member, char why[256])
{
	if (strpbrk(s, " \t"))
		return BAD("must not contain spaces");
	return put_text(row, s, member, why);
}

static int put_user(const struct config_row *row, const char *s, void *member, char why[256])
{
	return only(s, "+._-") ? put_text(row, s, member, why)
	                       : BAD("may contain letters, digits and + . _ - only");
}

static int put_host(const struct config_row *row, const char *s, void *member, char why[256])
{
	return only(s, ".-:[]") ? put_text(row, s, member, why) : BAD("must be a host name or address");
}

static int put_url(const struct config_row *row, const char *s, void *member, char why[256])
{
	if (strncmp(s, "http://", 7) != 0 && strncmp(s, "https://", 8) != 0)
		return BAD("must start with http:// or https://");
	return put_text(row, s, member, why);
}

static int put_sid(const struct config_row *row, const char *s, void *member, char why[256])
{
	if (strlen(s) != 34 || strncmp(s, "AC", 2) != 0)
		return BAD("must be AC and 32 hexadecimal digits");
	for (int i = 2; i < 34; i++)
		if (!isxdigit((unsigned char)s[i]))
			return BAD("must be AC and 32 hexadecimal digits");
	memcpy(member, s, 35);
	return 0;
}

/* ---- numbers ---- */

static int number(const struct config_row *row, const char *s, uint32_t *out, char why[256])
{
	size_t n = strspn(s, "0123456789");
	if (n == 0 || s[n])
		return BAD("\"%.40s\" is not a number", s);
	unsigned long long v = n > 12 ? 1000000000000ull : strtoull(s, NULL, 10);
	if ((long long)v < row->min || (long long)v > row->max)
		return BAD("%.20s is outside %lld … %lld%s%s", s, row->min, row->max, *row->unit ? " " : "",
		    row->unit);
	*out = (uint32_t)v;
	return 0;
}

static int put_u32(const struct config_row *row, const char *s, void *member, char why[256])
{
	uint32_t v;
	int rc = number(row, s, &v, why);
	if (rc == 0)
		memcpy(member, &v, sizeof v);
	return rc;
}

static int put_u16(const struct config_row *row, const char *s, void *member, char why[256])
{
	uint32_t v;
	int rc = number(row, s, &v, why);
	uint16_t small = (uint16_t)(rc == 0 ? v : 0);
	if (rc == 0)
		memcpy(member, &small, sizeof small);
	return rc;
}

static int put_ring(const struct config_row *row, const char *s, void *member, char why[256])
{
	uint32_t v;
	int rc = number(row, s, &v, why);
	if (rc == 0 && (v & (v - 1)))
		return BAD("%u is not a power of two", v);
	if (rc == 0)
		memcpy(member, &v, sizeof v);
	return rc;
}

static int put_bool(const struct config_row *row, const char *s, void *member, char why[256])
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
	for (unsigned i = 0; i < 6; i++)
		if (strcasecmp(s, words[i]) == 0) {
			*(bool *)member = i & 1;
			return 0;
		}
	return BAD("\"%.40s\" is neither true nor false", s);
}

/* ---- choices ---- */

static const char *choices(enum config_type t)
{
	return t == CT_DRIVER       ? "auto af_xdp af_packet tap pci"
	       : t == CT_TCP        ? "kernel host own off"
	       : t == CT_LOG_LEVEL  ? "error warn info debug"
	       : t == CT_LOG_FORMAT ? "json text"
	                            : "";
}

static int put_choice(const struct config_row *row, const char *s, void *member, char why[256])
{
	size_t n = strlen(s);
	for (const char *p = choices(row->type); *p; p += strspn(p, " ")) {
		size_t w = strcspn(p, " ");
		if (n && w == n && memcmp(p, s, n) == 0 && n < row->size) {
			memcpy(member, s, n + 1);
			return 0;
		}
		p += w;
	}
	return BAD("\"%.40s\" is not one of: %s", s, choices(row->type));
}

/* ---- addresses ---- */

static int address(const struct config_row *row, const char *s, size_t n, struct ip_addr *a, char why[256])
{
	if (ip_addr_parse(a, span_of(s, (uint32_t)n)) < 0)
		return BAD("\"%.*s\" is not an IP address", (int)(n > 60 ? 60 : n), s);
	if (row->max && (a->fam < row->min || a->fam > row->max))
		return BAD("\"%.*s\" is not an IPv%d address", (int)n, s, row->min == 6 ? 6 : 4);
	return 0;
}

static int put_ip(const struct config_row *row, const char *s, void *member, char why[256])
{
	struct ip_addr a;
	int rc = address(row, s, strlen(s), &a, why);
	if (rc == 0)
		memcpy(member, &a, sizeof a);
	return rc;
}

static int cidr(const struct config_row *row, const char *s, bool bare, struct target_net *out, char why[256])
{
	const char *slash = strchr(s, '/');
	struct target_net t = {0};
	int rc = address(row, s, slash ? (size_t)(slash - s) : strlen(s), &t.net, why);
	if (rc < 0)
		return rc;
	unsigned long bits = t.net.fam == 4 ? 32 : 128;
	if (!slash && !bare)
		return BAD("\"%.60s\" needs a prefix length, such as %.60s/24", s, s);
	unsigned long n = slash ? strtoul(slash + 1, NULL, 10) : bits;
	size_t digits = slash ? strspn(slash + 1, "0123456789") : 1;
	if (n > bits || digits == 0 || digits > 3 || (slash && slash[1 + digits]))
		return BAD("\"%.60s\": the prefix length must be 0 … %lu", s, bits);
	t.prefix = (uint8_t)n;
	*out = t;
	return 0;
}

static int put_cidr(const struct config_row *row, const char *s, void *member, char why[256])
{
	return cidr(row, s, false, member, why);
}

static bool has_host_bits(const struct target_net *t)
{
	for (unsigned i = t->prefix; i < (t->net.fam == 4 ? 32u : 128u); i++)
		if (t->net.b[i / 8] & (0x80 >> (i % 8)))
			return true;
	return false;
}

static int net(const struct config_row *row, const char *s, struct target_net *out, char why[256])
{
	struct target_net t;
	int rc = cidr(row, s, true, &t, why);
	if (rc == 0 && has_host_bits(&t))
		return BAD(
		    "\"%.60s\" is an address inside a network: bits behind /%u must be zero", s, t.prefix);
	if (rc == 0)
		*out = t;
	return rc;
}

static int put_net(const struct config_row *row, const char *s, void *member, char why[256])
{
	return net(row, s, member, why);
}

/* member is dp_route.net, its first one. */
static int put_route_net(const struct config_row *row, const char *s, void *member, char why[256])
{
	struct target_net t;
	struct dp_route *route = member;
	int rc = net(row, s, &t, why);
	if (rc == 0) {
		route->net = t.net;
		route->prefix = t.prefix;
	}
	return rc;
}

static int put_mac(const struct config_row *row, const char *s, void *member, char why[256])
{
	unsigned m[6];
	int end = 0;
	if (sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%n", m, m + 1, m + 2, m + 3, m + 4, m + 5, &end) != 6 ||
	    s[end] || strlen(s) != 17)
		return BAD("\"%.40s\" is not a MAC address such as 02:00:00:00:00:10", s);
	if (m[0] & 1)
		return BAD("%s is a group address", s);
	for (int i = 0; i < 6; i++)
		((uint8_t *)member)[i] = (uint8_t)m[i];
	return 0;
}

static int port(const char *s, uint16_t *out)
{
	size_t n = strspn(s, "0123456789");
	unsigned long v = strtoul(s, NULL, 10);
	if (n == 0 || n > 5 || s[n] || v == 0 || v > 65535)
		return -EINVAL;
	*out = (uint16_t)v;
	return 0;
}

/* "a.b.c.d[:port]", "[v6][:port]", or v6 alone. */
static int endpoint(
    const struct config_row *row, const char *s, uint16_t port_default, struct ip_sock *out, char why[256])
{
	struct ip_sock k = {.port = port_default};
	bool bracket = *s == '[';
	const char *end = bracket ? strchr(s, ']') : strrchr(s, ':');
	if (!bracket && end && strchr(s, ':') != end)
		end = NULL; /* IPv6 without brackets has no port */
	if (bracket && !end)
		return BAD("\"%.60s\": ] is missing", s);
	const char *p = bracket ? end + 1 : end ? end : s + strlen(s);
	int rc = address(row, s + bracket, end ? (size_t)(end - s) - bracket : strlen(s), &k.a, why);
	if (rc < 0)
		return rc;
	if ((*p && *p != ':') || (*p == ':' && port(p + 1, &k.port) < 0))
		return BAD("\"%.60s\": the port must be 1 … 65535", s);
	if (k.port == 0)
		return BAD("\"%.60s\" needs a port, such as %.60s:8080", s, s);
	*out = k;
	return 0;
}

static int put_sock(const struct config_row *row, const char *s, void *member, char why[256])
{
	return endpoint(row, s, 0, member, why);
}

static int put_dns_sock(const struct config_row *row, const char *s, void *member, char why[256])
{
	return endpoint(row, s, 53, member, why);
}

/* ---- the table of types ---- */

static const struct type_row {
	value_fn put;
	const char *what;
} types[CT_TYPES] = {
    [CT_LIST] = {NULL, "list"},
    [CT_TEXT] = {put_text, "text"},
    [CT_SECRET] = {put_secret, "secret"},
    [CT_USER] = {put_user, "user name"},
    [CT_HOST] = {put_host, "host"},
    [CT_URL] = {put_url, "http(s) URL"},
    [CT_SID] = {put_sid, "account SID"},
    [CT_BOOL] = {put_bool, "true or false"},
    [CT_U16] = {put_u16, "number"},
    [CT_U32] = {put_u32, "number"},
    [CT_RING] = {put_ring, "power of two"},
    [CT_IP] = {put_ip, "IPv4 address"},
    [CT_CIDR] = {put_cidr, "IPv4 address/prefix"},
    [CT_NET] = {put_net, "network/prefix"},
    [CT_ROUTE_NET] = {put_route_net, "IPv4 network/prefix"},
    [CT_MAC] = {put_mac, "MAC address"},
    [CT_SOCK] = {put_sock, "address:port"},
    [CT_DNS_SOCK] = {put_dns_sock, "address[:port]"},
    [CT_DRIVER] = {put_choice, "choice"},
    [CT_TCP] = {put_choice, "choice"},
    [CT_LOG_LEVEL] = {put_choice, "choice"},
    [CT_LOG_FORMAT] = {put_choice, "choice"},
};

int config_value(const struct config_row *row, const char *text, size_t len, void *member, char why[256])
{
	if (memchr(text, 0, len) || !utf8_valid(text, len))
		return BAD("must be UTF-8 text without NUL");
	if (len == 0 && row->def && !*row->def)
		return 0;
	if (len == 0)
		return BAD("has no value");
	if (!types[row->type].put)
		return BAD("must be a list");
	return types[row->type].put(row, text, member, why);
}

void config_expected(const struct config_row *row, char out[200])
{
	const char *what = types[row->type].what;
	if (*choices(row->type))
		snprintf(out, 200, "one of: %s", choices(row->type));
	else if (row->type == CT_U16 || row->type == CT_U32 || row->type == CT_RING)
		snprintf(out, 200, "%s %lld … %lld", what, row->min, row->max);
	else if (row->type == CT_LIST)
		snprintf(out, 200, "%s of at most %lld", what, row->max);
	else
		snprintf(out, 200, "%s", what);
}
