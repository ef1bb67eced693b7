/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_multipart.h"

#include "sip-parser/sip_content.h"
#include "sip-parser/sip_lex.h"

static bool boundary_char(char c)
{
	return ascii_is(c, ASCII_ALPHA | ASCII_DIGIT) || (c && strchr("'()+_,-./:=? ", c));
}

static bool boundary_ok(struct span b)
{
	if (b.len == 0 || b.len > SIP_BOUNDARY_MAX || b.p[b.len - 1] == ' ')
		return false;
	for (uint32_t i = 0; i < b.len; i++) {
		if (!boundary_char(b.p[i]))
			return false;
	}
	return true;
}

int sip_multipart_open(struct sip_multipart *mp, struct span content_type, struct span body)
{
	struct sip_content_type t;
	uint32_t off;
	*mp = (struct sip_multipart){.rest = body};
	if (sip_content_type_parse(&t, content_type, &off) < 0 || !span_ieq(t.v.value, SPAN("multipart")) ||
	    !boundary_ok(t.boundary))
		return -1;
	mp->boundary = t.boundary;
	return 0;
}

/* Behind "--boundary": ["--"] white space, then the end of the line or of the body. *next is behind that. */
static bool delimiter_end(const char *p, const char *end, bool *close, const char **next)
{
	*close = end - p >= 2 && p[0] == '-' && p[1] == '-';
	if (*close)
		p += 2;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (p < end && *p == '\r')
		p++;
	*next = p < end ? p + 1 : end;
	return p == end || *p == '\n';
}

struct delimiter {
	const char *at, *next; /* its line end before it included; behind its line */
	bool close;
};

/* The next line that is a delimiter. `rest` begins at the start of a line. */
static bool find_delimiter(struct span boundary, struct span rest, struct delimiter *d)
{
	char line[SIP_BOUNDARY_MAX + 3] = "\n--";
	uint32_t n = 3 + boundary.len;
	const char *p = rest.p, *end = rest.p + rest.len;
	memcpy(line + 3, boundary.p, boundary.len);
	if (rest.len >= n - 1 && memcmp(p, line + 1, n - 1) == 0 &&
	    delimiter_end(p + n - 1, end, &d->close, &d->next)) {
		d->at = p;
		return true;
	}
	while (p < end && (p = memmem(p, (size_t)(end - p), line, n))) {
		if (delimiter_end(p + n, end, &d->close, &d->next)) {
			d->at = p > rest.p && p[-1] == '\r' ? p - 1 : p;
			return true;
		}
		p++;
	}
	return false;
}

/* One line without its end; *rest goes behind it. */
static struct span line_of(struct span *rest)
{
	const char *lf = memchr(rest->p, '\n', rest->len), *end = rest->p + rest->len;
	struct span l = span_of(rest->p, (uint32_t)((lf ? lf : end) - rest->p));
	if (l.len && l.p[l.len - 1] == '\r')
		l.len--;
	*rest = lf ? span_of(lf + 1, (uint32_t)(end - lf - 1)) : span_of(end, 0);
	return l;
}

static bool folded(struct span rest)
{
	return rest.len && (rest.p[0] == ' ' || rest.p[0] == '\t');
}

bool sip_part_hdr_next(struct span *rest, struct span *name, struct span *value)
{
	while (rest->len) {
		struct span line = line_of(rest);
		while (folded(*rest)) {
			struct span more = line_of(rest);
			line.len = (uint32_t)(more.p + more.len - line.p);
		}
		struct lex l = lex_on(line);
		if (!lex_token(&l, name))
			continue;
		lex_ws(&l);
		if (!lex_at(&l, ':'))
			continue;
		l.p++;
		*value = lex_trim(lex_rest(&l));
		return true;
	}
	return false;
}

static void known_headers(struct sip_part *part)
{
	const struct {
		struct span name;
		struct span *to;
	} rows[] = {{SPAN("Content-Type"), &part->content_type}, {SPAN("c"), &part->content_type},
	    {SPAN("Content-Disposition"), &part->disposition}, {SPAN("Content-ID"), &part->content_id},
	    {SPAN("Content-Transfer-Encoding"), &part->encoding}};
	struct span rest = part->headers, name, value;
	while (sip_part_hdr_next(&rest, &name, &value)) {
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			if (!rows[i].to->p && span_ieq(rows[i].name, name))
				*rows[i].to = value;
		}
	}
}

/* MIME-part-headers [ CRLF *OCTET ]: the headers end before the first empty line. */
static void split_part(struct sip_part *part, struct span all)
{
	struct span rest = all;
	*part = (struct sip_part){.headers = all};
	while (rest.len) {
		const char *line = rest.p;
		if (line_of(&rest).len == 0) {
			part->headers.len = (uint32_t)(line - all.p);
			break;
		}
	}
	part->body = rest;
	known_headers(part);
}

int sip_multipart_next(struct sip_multipart *mp, struct sip_part *part)
{
	struct delimiter d;
	if (mp->closed)
		return 0;
	if (!mp->started) {
		if (!find_delimiter(mp->boundary, mp->rest, &d))
			return -1;
		mp->started = true;
		mp->closed = d.close;
		mp->rest = span_of(d.next, (uint32_t)(mp->rest.p + mp->rest.len - d.next));
	}
	if (mp->closed || mp->rest.len == 0)
		return 0;
	if (mp->n++ == SIP_PARTS_MAX)
		return -1;
	const char *end = mp->rest.p + mp->rest.len;
	if (!find_delimiter(mp->boundary, mp->rest, &d))
		d = (struct delimiter){end, end, false};
	split_part(part, span_of(mp->rest.p, (uint32_t)(d.at - mp->rest.p)));
	mp->closed = d.close;
	mp->rest = span_of(d.next, (uint32_t)(end - d.next));
	return 1;
}

struct wanted {
	struct span type, subtype;
	bool (*accept)(const struct sip_part *part);
};

static int find(
    const struct sip_part *in, const struct wanted *w, unsigned int depth, struct sip_part *found);

static int find_inside(
    const struct sip_part *in, const struct wanted *w, unsigned int depth, struct sip_part *found)
{
	struct sip_multipart mp;
	struct sip_part part;
	int rc;
	if (sip_multipart_open(&mp, in->content_type, in->body) < 0)
		return -1;
	while ((rc = sip_multipart_next(&mp, &part)) > 0) {
		rc = find(&part, w, depth + 1, found);
		if (rc)
			return rc;
	}
	return rc;
}

static int find(const struct sip_part *in, const struct wanted *w, unsigned int depth, struct sip_part *found)
{
	struct sip_content_type t;
	uint32_t off;
	if (!in->content_type.p || sip_content_type_parse(&t, in->content_type, &off) < 0)
		return 0;
	if (span_ieq(t.v.value, w->type) && span_ieq(t.v.subtype, w->subtype) &&
	    (!w->accept || w->accept(in))) {
		*found = *in;
		return 1;
	}
	if (!span_ieq(t.v.value, SPAN("multipart")) || depth == SIP_PARTS_DEPTH_MAX)
		return 0;
	return find_inside(in, w, depth, found);
}

int sip_body_find(
    struct span content_type, struct span body, struct span type, struct span subtype, struct sip_part *part)
{
	const struct sip_part whole = {.content_type = content_type, .body = body};
	const struct wanted w = {type, subtype, NULL};
	return find(&whole, &w, 0, part);
}

/* 7bit, 8bit, binary or nothing: the bytes are the text. */
static bool not_encoded(struct span encoding)
{
	return !encoding.p || span_ieq(encoding, SPAN("7bit")) || span_ieq(encoding, SPAN("8bit")) ||
	       span_ieq(encoding, SPAN("binary"));
}

static bool is_session(const struct sip_part *part)
{
	struct sip_disposition d;
	uint32_t off;
	if (!not_encoded(part->encoding))
		return false;
	return !part->disposition.p || (sip_disposition_parse(&d, part->disposition, &off) == 0 &&
	                                   span_ieq(d.v.value, SPAN("session")));
}

int sip_msg_sdp(const struct sip_msg *m, struct span *sdp)
{
	struct span packed = sip_msg_val(m, SIP_H_CONTENT_ENCODING);
	const struct sip_part whole = {.content_type = sip_msg_val(m, SIP_H_CONTENT_TYPE),
	    .disposition = sip_msg_val(m, SIP_H_CONTENT_DISPOSITION),
	    .body = m->body};
	const struct wanted w = {SPAN("application"), SPAN("sdp"), is_session};
	struct sip_part part;
	*sdp = (struct span){0};
	if (m->body.len == 0 || (packed.p && !span_ieq(packed, SPAN("identity"))))
		return 0;
	int rc = find(&whole, &w, 0, &part);
	if (rc > 0)
		*sdp = part.body;
	return rc;
}
