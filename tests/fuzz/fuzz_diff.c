/* SPDX-License-Identifier: Apache-2.0 */
/* Our parser beside libosip2 and sofia-sip on the same datagram: verdict and main fields. A difference that no rule
 * of DIFFERENCES.md explains ends the program. A peer whose module was not built is left out. */
#include "tests/fuzz/fuzz.h"

#include <dlfcn.h>

#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_multipart.h"
#include "sip-parser/sip_typed.h"
#include "tests/fuzz/diff/ours.h"

#define MESSAGE_MAX 8192

static struct peer {
	const char *name, *path;
	const char *(*view)(const char *msg, size_t len, struct diff_view *v);
} peers[] = {{"osip", DIFF_PEER_OSIP, NULL}, {"sofia", DIFF_PEER_SOFIA, NULL}};

#define N_PEERS (sizeof peers / sizeof *peers)

static const char *const field_names[DIFF_FIELDS] = {"method", "status", "Request-URI user",
    "Request-URI host", "Request-URI port", "Call-ID", "CSeq number", "CSeq method", "From host", "From tag",
    "To host", "To tag", "Via host", "Via port", "Via branch", "body length"};

/* The peers leak on some refusals, which is theirs to mend. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void load(struct peer *p)
{
	void *lib = *p->path ? dlopen(p->path, RTLD_NOW | RTLD_LOCAL) : NULL;
	if (!lib)
		return;
	bool (*init)(void) = (bool (*)(void))dlsym(lib, "diff_peer_init");
	if (init && init())
		p->view =
		    (const char *(*)(const char *, size_t, struct diff_view *))dlsym(lib, "diff_peer_view");
}

static void load_once(void)
{
	static bool done;
	for (size_t i = 0; !done && i < N_PEERS; i++)
		load(&peers[i]);
	done = true;
}

/* ---- the rules; numbers are those of DIFFERENCES.md */

/* 1: every reason of ours names the section that it refuses by. */
static bool names_its_rule(const char *reason)
{
	return strstr(reason, "(RFC ") || strstr(reason, "too l") || strstr(reason, "too many") ||
	       strstr(reason, "start line:");
}

static bool other_scheme(struct span uri)
{
	struct sip_uri u;
	uint32_t off;
	return sip_uri_parse(&u, uri, &off) < 0 || u.scheme == SIP_URI_OTHER || u.scheme == SIP_URI_TEL;
}

static bool other_scheme_in(const struct sip_msg *m, enum sip_hdr_id id)
{
	struct sip_addr a;
	uint32_t off;
	return sip_addr_parse(&a, sip_msg_val(m, id), &off) < 0 || other_scheme(a.uri_text);
}

static bool needed(uint8_t id)
{
	static const uint8_t ids[] = {SIP_H_VIA, SIP_H_FROM, SIP_H_TO, SIP_H_CALL_ID, SIP_H_CSEQ,
	    SIP_H_MAX_FORWARDS, SIP_H_CONTACT, SIP_H_ROUTE, SIP_H_RECORD_ROUTE, SIP_H_CONTENT_LENGTH,
	    SIP_H_CONTENT_TYPE};
	return memchr(ids, id, sizeof ids) != NULL;
}

static void put_line(struct buf *b, const struct sip_msg *m, const struct sip_hdr *h)
{
	buf_span(b, sip_hdr_name(m, h));
	buf_lit(b, ": ");
	buf_span(b, sip_hdr_val(m, h));
	buf_lit(b, "\r\n");
}

/* 2: the peer refuses a header that is not needed to process the message: without those it takes the message. */
static bool strict_on_others(const struct peer *p, const struct sip_msg *m)
{
	static char room[2 * MESSAGE_MAX];
	static struct diff_view v;
	struct buf b = buf_on(room, sizeof room - 1);
	const struct sip_hdr *first = &m->hdrs[0];
	if (m->n_hdrs == 0)
		return false;
	buf_put(&b, m->base, first->name_off);
	for (uint32_t i = 0; i < m->n_hdrs; i++) {
		bool of_nothing = m->ids[i] == SIP_H_CONTENT_TYPE && m->body.len == 0;
		if (needed(m->ids[i]) && !of_nothing)
			put_line(&b, m, &m->hdrs[i]);
	}
	buf_lit(&b, "\r\n");
	buf_span(&b, m->body);
	room[b.len] = '\0';
	return !b.full && !p->view(room, b.len, &v);
}

static bool foreign_line(const struct sip_msg *m, const struct sip_hdr *h)
{
	const struct sip_shape *sh = sip_typed_shape(sip_hdr_id(m, h));
	struct span rest = sip_hdr_val(m, h), e;
	struct sip_addr a;
	uint32_t off;
	if (!sh || sh->head != SIP_HEAD_ADDR)
		return false;
	while (sip_list_next(&rest, &e)) {
		if (sip_addr_parse(&a, e, &off) < 0 || (!a.star && other_scheme(a.uri_text)))
			return true;
	}
	return false;
}

/* 3: URIs of schemes other than sip and sips. */
static bool foreign_uri(const struct sip_msg *m)
{
	if (m->is_request && other_scheme(m->ruri))
		return true;
	for (uint32_t i = 0; i < m->n_hdrs; i++) {
		if (foreign_line(m, &m->hdrs[i]))
			return true;
	}
	return false;
}

/* 4: bytes that are text to RFC 3261 (UTF-8, NUL, quoted-pairs) and the end of it, or none, to a peer. */
static bool odd_bytes(const struct sip_msg *m)
{
	for (uint32_t i = 0; i < m->len - m->body.len; i++) {
		unsigned char c = (unsigned char)m->base[i];
		if (c >= 0x7f || (c < 0x20 && c != '\r' && c != '\n'))
			return true;
	}
	return false;
}

/* 5: a method that is a token, but no name; sofia: or not one of its own that begins with the letter of one. */
static bool odd_method(const struct sip_msg *m)
{
	struct sip_cseq c;
	uint32_t off;
	if (sip_cseq_parse(&c, sip_msg_val(m, SIP_H_CSEQ), &off) < 0 || c.method == SIP_UNKNOWN)
		return true;
	for (uint32_t i = 0; i < c.method_text.len; i++) {
		if (!ascii_is(c.method_text.p[i], ASCII_ALPHA))
			return true;
	}
	return false;
}

/* 7: a Call-ID of word characters that are no token: brackets, quotes, slashes. */
static bool odd_call_id(const struct sip_msg *m)
{
	struct span id = sip_msg_val(m, SIP_H_CALL_ID);
	for (uint32_t i = 0; i < id.len; i++) {
		if (!ascii_is(id.p[i], ASCII_TOKEN) && id.p[i] != '@')
			return true;
	}
	return false;
}

/* 6: osip takes multiparts apart, and refuses the message when it cannot. */
static bool multipart(const struct sip_msg *m)
{
	struct sip_multipart mp;
	return m->body.len && sip_multipart_open(&mp, sip_msg_val(m, SIP_H_CONTENT_TYPE), m->body) == 0;
}

/* 8: a host of one character, a password that is there and empty. */
static bool short_uri(struct span text)
{
	struct sip_uri u;
	uint32_t off;
	return sip_uri_parse(&u, text, &off) == 0 &&
	       (u.host.len == 1 || (u.password.p && u.password.len == 0));
}

static bool short_uri_in(const struct sip_msg *m)
{
	bool is = m->is_request && short_uri(m->ruri);
	for (uint32_t i = 0; i < m->n_hdrs && !is; i++) {
		struct span rest = needed(m->ids[i]) ? sip_hdr_val(m, &m->hdrs[i]) : (struct span){0}, e;
		struct sip_addr a;
		uint32_t off;
		while (!is && sip_list_next(&rest, &e))
			is = sip_addr_parse(&a, e, &off) == 0 && short_uri(a.uri_text);
	}
	return is;
}

/* 9: SIP/2.0 in other letters than capitals. */
static bool odd_version(const struct sip_msg *m)
{
	return !span_eq(m->version, SPAN("SIP/2.0"));
}

static bool peer_may_refuse(const struct peer *p, const struct sip_msg *m)
{
	bool osip = strcmp(p->name, "osip") == 0;
	return strict_on_others(p, m) || foreign_uri(m) || odd_bytes(m) || odd_method(m) || odd_call_id(m) ||
	       (osip && (multipart(m) || short_uri_in(m) || odd_version(m)));
}

/* 4: an escaped NUL ends the text of who unescapes into a C string. */
static bool has_escaped_nul(struct span s)
{
	for (uint32_t i = 0; i + 2 < s.len; i++) {
		if (memcmp(s.p + i, "%00", 3) == 0)
			return true;
	}
	return false;
}

static bool field_may_differ(const struct sip_msg *m, enum diff_field f, const char *peer)
{
	bool osip = strcmp(peer, "osip") == 0;
	if (odd_bytes(m))
		return true;
	switch (f) {
	case DIFF_RURI_USER:
		return other_scheme(m->ruri) || has_escaped_nul(m->ruri);
	case DIFF_RURI_HOST:
	case DIFF_RURI_PORT:
		return other_scheme(m->ruri);
	case DIFF_FROM_HOST:
		return other_scheme_in(m, SIP_H_FROM);
	case DIFF_TO_HOST:
		return other_scheme_in(m, SIP_H_TO);
	case DIFF_BODY_LENGTH:
		/* 6: osip takes multiparts apart and drops a body of no known type */
		return osip;
	default:
		return false;
	}
}

static void report(
    const struct peer *p, const char *kind, const char *what, const char *ours, const char *theirs)
{
	fprintf(stderr, "%s: %s %s: ours \"%s\", theirs \"%s\"\n", p->name, kind, what, ours, theirs);
	if (!getenv("DIFF_LIST"))
		abort();
}

static void compare(const struct peer *p, const char *msg, size_t len)
{
	static struct diff_view ours, theirs;
	static struct sip_msg m;
	struct sip_err err;
	const char *we = ours_view(msg, len, &ours), *they = p->view(msg, len, &theirs);
	if (we) {
		if (!names_its_rule(we))
			report(p, "refused by us without a rule", we, we, they ? they : "accepted");
		return;
	}
	if (sip_msg_parse(&m, msg, (uint32_t)len, SIP_DATAGRAM, &err) < 0)
		return;
	if (they) {
		if (!peer_may_refuse(p, &m))
			report(p, "refused by the peer", they, "accepted", they);
		return;
	}
	for (int f = 0; f < DIFF_FIELDS; f++) {
		if (strcmp(ours.text[f], theirs.text[f]) != 0 && !field_may_differ(&m, f, p->name))
			report(p, "field", field_names[f], ours.text[f], theirs.text[f]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[MESSAGE_MAX + 1];
	if (size > MESSAGE_MAX)
		return 0;
	load_once();
	memcpy(text, data, size);
	text[size] = '\0'; /* the peers want it */
	for (size_t i = 0; i < N_PEERS; i++) {
		if (peers[i].view)
			compare(&peers[i], text, size);
	}
	return 0;
}
