/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/uac_check.h"

#include "dataplane/sip/core.h"
#include "sip-parser/sip_uri.h"

static bool in_slot(const struct dp_cmd *c, struct dp_text t)
{
	return t.len <= DP_TEXT_MAX && t.off <= DP_TEXT_MAX - t.len;
}

enum { USER = 1, SID = 2, NAME = 4, URI = 8, HOST = 16 };

#define ALNUM(from, to) [from... to] = USER | SID | NAME | URI | HOST

/* Which bytes may stand where: user +._- and SIDs _- besides letters and digits, names of headers any token byte, a URI
 * whatever is visible but what would end it between its brackets or inside of quotes. */
static const uint8_t CLASS[256] = {
    ['!'] = NAME | URI,
    ['#' ... '$'] = URI,
    ['%'] = NAME | URI,
    ['&'] = URI,
    ['\''] = NAME | URI,
    ['(' ... ')'] = URI,
    ['*'] = NAME | URI,
    ['+'] = USER | NAME | URI,
    [','] = URI,
    ['-'] = USER | SID | NAME | URI | HOST,
    ['.'] = USER | NAME | URI | HOST,
    ['/'] = URI,
    ALNUM('0', '9'),
    [':'] = URI | HOST,
    [';'] = URI,
    ['='] = URI,
    ['?' ... '@'] = URI,
    ALNUM('A', 'Z'),
    ['[' ... '^'] = URI,
    ['_'] = USER | SID | NAME | URI | HOST,
    ['`'] = NAME | URI,
    ALNUM('a', 'z'),
    ['{' ... '}'] = URI,
    ['~'] = NAME | URI,
};

static bool all_of(struct span s, uint8_t cls)
{
	uint8_t in = cls;
	for (uint32_t i = 0; i < s.len; i++)
		in &= CLASS[(unsigned char)s.p[i]];
	return in != 0;
}

static bool has_control(struct span s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

static const char *check_ruri(struct span s)
{
	struct sip_uri u;
	uint32_t off;
	if (s.len == 0 || s.len > SIP_URI_MAX)
		return "ruri: 1 to 2048 bytes are allowed";
	if (!all_of(s, URI))
		return "ruri: a byte that no URI may contain";
	if (sip_uri_parse(&u, s, &off) || u.scheme != SIP_URI_SIP || !u.host.len)
		return "ruri: not a sip: URI";
	return u.headers.len ? "ruri: ?headers belong into .headers" : NULL;
}

/* Lines "Name: value\r\n", each complete, each name one that a caller may set. */
static bool may_set(struct span name)
{
	static const char *const NAMES[] = {
	    "User-to-User", "Remote-Party-ID", "P-Preferred-Identity", "P-Called-Party-ID"};
	if (name.len > 2 && (name.p[0] | 0x20) == 'x' && name.p[1] == '-')
		return all_of(name, NAME);
	for (uint32_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (span_ieq(name, span_str(NAMES[i])))
			return true;
	return false;
}

static const char *check_line(struct span line)
{
	const char *colon = memchr(line.p, ':', line.len);
	if (!colon)
		return "headers: a line without a colon";
	struct span name = span_of(line.p, (uint32_t)(colon - line.p));
	if (!may_set(name))
		return "headers: a name that may not be set";
	if (has_control(line))
		return "headers: a control byte";
	return NULL;
}

static const char *check_headers(struct span rest)
{
	while (rest.len) {
		const char *cr = memchr(rest.p, '\r', rest.len);
		uint32_t n = cr ? (uint32_t)(cr - rest.p) : 0;
		if (!cr || n + 2 > rest.len || cr[1] != '\n')
			return "headers: each line must end with CRLF";
		const char *bad = check_line(span_of(rest.p, n));
		if (bad)
			return bad;
		rest = span_of(rest.p + n + 2, rest.len - n - 2);
	}
	return NULL;
}

static const char *check_credentials(struct span user, struct span password)
{
	if (user.len > AUTH_USER_MAX || has_control(user))
		return "auth_user: at most 255 bytes without control bytes are allowed";
	if (password.len > AUTH_PASSWORD_MAX || has_control(password))
		return "auth_password: at most 255 bytes without control bytes are allowed";
	return NULL;
}

static const char *check_names(const struct dp_cmd *c)
{
	struct span user = dp_cmd_span(c, c->orig.from_user);
	struct span name = dp_cmd_span(c, c->orig.tls_name);
	struct span call = dp_cmd_span(c, c->orig.call_sid), account = dp_cmd_span(c, c->orig.account_sid);
	if (user.len == 0 || user.len > UAC_USER_MAX || !all_of(user, USER))
		return "from_user: 1 to 128 of [A-Za-z0-9+._-] are allowed";
	if (call.len > UAC_SID_MAX || !all_of(call, SID))
		return "call_sid: at most 64 of [A-Za-z0-9_-] are allowed";
	if (c->orig.transport == DP_TLS &&
	    (name.len == 0 || name.len > DP_TLS_NAME_MAX || !all_of(name, HOST)))
		return "tls_name: 1 to 253 of [A-Za-z0-9._:-] are needed";
	if (account.len > UAC_SID_MAX || !all_of(account, SID))
		return "account_sid: at most 64 of [A-Za-z0-9_-] are allowed";
	return check_credentials(dp_cmd_span(c, c->orig.auth_user), dp_cmd_span(c, c->orig.auth_password));
}

const char *uac_check(const struct sip *s, const struct dp_cmd *c)
{
	const struct dp_originate *o = &c->orig;
	if (!in_slot(c, o->ruri) || !in_slot(c, o->from_user) || !in_slot(c, o->call_sid) ||
	    !in_slot(c, o->account_sid) || !in_slot(c, o->headers) || !in_slot(c, o->tls_name) ||
	    !in_slot(c, o->auth_user) || !in_slot(c, o->auth_password))
		return "text outside of the command";
	if (net_forbidden(s->env.net, &o->target))
		return "target: not an address and port that may be sent to";
	if (o->transport >= DP_TRANSPORTS)
		return "transport: neither UDP, TCP nor TLS";
	if (o->transport != DP_UDP && !s->conns)
		return "transport: TCP and TLS are not spoken here (sip.tcp is off)";
	if (o->transport == DP_TLS && !s->env.tls)
		return "transport: TLS is not spoken here (tls.port is 0)";
	if (o->size_policy >= DP_SIZE_POLICIES)
		return "size_policy: unknown";
	if (o->codecs > DP_CODECS_PCMA)
		return "codecs: unknown preference";
	const char *bad = check_ruri(dp_cmd_span(c, o->ruri));
	if (!bad)
		bad = check_names(c);
	return bad ? bad : check_headers(dp_cmd_span(c, o->headers));
}
