/* SPDX-License-Identifier: Apache-2.0 */
/* The index pass over bit masks; included once by each variant, which has defined
 *
 *   FAST void bits_to(uint16_t *to, uint64_t bits, uint32_t off)   off + each bit, in order; room for 64. Of more than
 *                                                      16 bits any numbers will do
 *   FAST const struct hdr_key *name_key(const char *p, uint32_t len)  hdr_key_of or something faster
 *   struct block { uint64_t lf, cr, mark; }            bit i: byte i is LF, CR, none of a-z A-Z 0-9 - . _
 *   FAST struct block block_of(const char *p)          of 64 bytes
 *   FAST struct block block_tail(const char *p, uint32_t n)   of n < 64 bytes; the bits behind them are 0 in lf, cr
 *
 * One walk over 64-byte blocks: a bit behind each LF begins a line, and the first line that begins with CR or LF ends
 * the headers. The first mark in a line ends its name. */
#include <stddef.h>

/* Where the lines begin, the start line's 0 not among them; the last is the empty line. Room for as many as there are
 * bytes in the blocks. */
struct lines {
	uint32_t n;
	uint16_t at[64 * SIP_MARKS_WORDS + 64];
};

/* The marks at and behind byte `at`, 57 of them at least. */
FAST uint64_t marks_at(const uint64_t *marks, uint32_t at)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return load_8((const char *)marks + (at >> 3)) >> (at & 7);
#else
	uint32_t w = at >> 6, s = at & 63;
	return marks[w] >> s | marks[w + 1] << 1 << (63 - s);
#endif
}

/* The first mark at or behind byte `at`, within 57 bytes; else a byte that is no mark. */
FAST uint32_t mark_from(const uint64_t *marks, uint32_t at)
{
	return at + (uint32_t)__builtin_ctzll(marks_at(marks, at) | UINT64_C(1) << 56);
}

FAST bool index_status(struct sip_msg *m, const char *buf, uint32_t e)
{
	uint32_t code;
	if (e < 12 || buf[11] != ' ' || e - 12 > SIP_REASON_MAX || !number_at(buf + 8, buf + 11, &code) ||
	    code - 100 > 599)
		return false;
	m->version = span_of(buf, 7);
	m->status = (uint16_t)code;
	m->reason = span_of(buf + 12, e - 12);
	return true;
}

/* SP or HTAB among n bytes, read by eights with the 8 bytes behind them; the message goes on that far. */
FAST bool has_blank(const char *p, uint32_t n)
{
	uint64_t hit = 0;
	for (uint32_t i = 0; i < n; i += 8) {
		uint64_t w = load_8(p + i), sp = w ^ FOLD_8, tab = w ^ 0x0909090909090909u;
		uint64_t keep = n - i < 8 ? (UINT64_C(1) << 8 * (n - i)) - 1 : ~UINT64_C(0);
		hit |= (((sp - 0x0101010101010101u) & ~sp) | ((tab - 0x0101010101010101u) & ~tab)) &
		       0x8080808080808080u & keep;
	}
	return hit != 0;
}

FAST bool index_request(struct sip_msg *m, const char *buf, uint32_t e)
{
	uint32_t q = mark_from(m->marks, 0);
	if (q == 0 || buf[q] != ' ' || q > SIP_METHOD_MAX || e < q + 10 || e - 9 - q > SIP_URI_MAX ||
	    load_8(buf + e - 8) != WORD(" SIP/2.0"))
		return false;
	if (has_blank(buf + q + 1, e - 9 - q))
		return false;
	m->is_request = true;
	m->method_text = span_of(buf, q);
	m->method = method_at(buf, q);
	m->ruri = span_of(buf + q + 1, e - 9 - q);
	m->version = span_of(buf + e - 7, 7);
	return true;
}

/* The start line, which ends before `next`. */
FAST bool index_start(struct sip_msg *m, const char *buf, uint32_t next)
{
	if (next < 12 || buf[next] == ' ' || buf[next] == '\t')
		return false;
	uint32_t e = next - 2;
	uint64_t w = load_8(buf);
	if (w == WORD("SIP/2.0 "))
		return index_status(m, buf, e);
	return ((uint32_t)w | 0x202020u) != (uint32_t)WORD("sip/") && index_request(m, buf, e);
}

FAST bool is_ws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A value with other white space around it than one space before: [v, e) trimmed, as e << 16 | v. */
static __attribute__((noinline)) uint32_t index_trim(const char *buf, uint32_t v, uint32_t e)
{
	while (v < e && is_ws(buf[v]))
		v++;
	while (e > v && is_ws(buf[e - 1]))
		e--;
	return e << 16 | v;
}

/* Chain the lines of each id, from the last to the first, so that each finds the next in first[]. Apart from the look-up
 * of names, whose latencies then overlap. */
FAST void index_link(struct sip_msg *m, const uint8_t *single)
{
	uint32_t twice = 0;
	for (uint32_t i = m->n_hdrs; i > 0; i--) {
		struct sip_hdr *h = &m->hdrs[i - 1];
		uint32_t follow = m->first[h->id];
		h->next = (uint8_t)follow;
		twice |= follow & single[i - 1];
		m->first[h->id] = (uint8_t)i;
		m->first[SIP_H_OTHER] = 0;
	}
	m->twice = twice != 0;
}

/* Compilers put neighbouring stores together, which takes more instructions than it saves stores. */
#define STORED __asm__ volatile("" : : : "memory")

/* All header lines. */
FAST bool index_headers(struct sip_msg *m, const char *buf, const struct lines *l)
{
	uint32_t s = l->at[0], n = l->n - 1;
	struct sip_hdr *h = m->hdrs;
	uint8_t single[SIP_HDRS_MAX];
	if (n > SIP_HDRS_MAX)
		return false;
	for (uint32_t i = 0; i < n; i++, h++) {
		uint32_t next = l->at[i + 1], colon = mark_from(m->marks, s), e = next - 2, v = colon + 1;
		if (buf[colon] != ':' || colon == s)
			return false;
		v += buf[v] == ' ';
		if ((unsigned char)buf[v] <= ' ' || (unsigned char)buf[e - 1] <= ' ') {
			uint32_t both = index_trim(buf, v, e);
			v = both & 0xffff;
			e = both >> 16;
		}
		const struct hdr_key *k = name_key(buf + s, colon - s);
		h->name_off = (uint16_t)s;
		STORED;
		h->name_len = (uint16_t)(colon - s);
		STORED;
		h->val_off = (uint16_t)v;
		STORED;
		h->val_len = (uint16_t)(e - v);
		h->id = k->id;
		single[i] = k->single;
		s = next;
	}
	m->n_hdrs = (uint16_t)n;
	index_link(m, single);
	return true;
}

/* The body begins at byte `at`. */
FAST bool index_body(struct sip_msg *m, uint32_t at, uint32_t len, enum sip_framing framing)
{
	uint32_t have = len - at, want = have;
	const struct sip_hdr *h = sip_msg_hdr(m, SIP_H_CONTENT_LENGTH);
	if (h) {
		const char *v = m->base + h->val_off;
		if (!number_at(v, v + h->val_len, &want))
			return false;
	} else if (framing == SIP_STREAM) {
		return false;
	}
	if (want > have)
		return false;
	m->body = span_of(m->base + at, want);
	m->len = at + want;
	m->marked = true;
	return true;
}

/* What crosses from one block to the next: single bits; `unusual` only grows. */
struct carry {
	uint64_t lf, cr, unusual;
	uint32_t n;
};

/* One block; true: the empty line is in it. Unusual is a CR or an LF alone, and lines of less than four bytes, which are
 * no headers: without them no block begins more than 16. */
FAST bool index_block(struct sip_msg *m, struct lines *l, struct carry *c, struct block b, uint32_t off)
{
	uint64_t begin = b.lf << 1 | c->lf, stop = begin & b.cr, upto = stop ^ (stop - 1);
	uint32_t n = (uint32_t)__builtin_popcountll(begin & upto);
	c->unusual |= (((b.cr << 1 | c->cr) ^ b.lf) & upto) | (n > 16);
	c->lf = b.lf >> 63;
	c->cr = b.cr >> 63;
	m->marks[off >> 6] = b.mark;
	bits_to(l->at + c->n, begin & upto, off);
	c->n += n;
	return stop != 0;
}

/* All marks and lines up to the empty one. */
FAST bool index_lines(struct sip_msg *m, struct lines *l, const char *buf, uint32_t len)
{
	struct carry c = {0};
	uint32_t off = 0, whole = len < 64 * (SIP_MARKS_WORDS - 1) ? len & ~63u : 64 * (SIP_MARKS_WORDS - 1);
	bool found = false;
	for (; off < whole && !found; off += 64)
		found = index_block(m, l, &c, block_of(buf + off), off);
	if (!found && off < len && off < 64 * (SIP_MARKS_WORDS - 1)) {
		found = index_block(m, l, &c, block_tail(buf + off, len - off), off);
		off += 64;
	}
	l->n = c.n;
	if (!found || c.unusual || l->at[c.n - 1] >= len)
		return false;
	m->marks[off >> 6] = ~UINT64_C(0);
	return true;
}

static bool index_msg(struct sip_msg *m, const char *buf, uint32_t len, enum sip_framing framing)
{
	struct lines l;
	l.n = 0;
	if (len < 32 || len > SIP_MSG_BYTES_MAX)
		return false;
	memset(m, 0, offsetof(struct sip_msg, hdrs));
	m->base = buf;
	if (!index_lines(m, &l, buf, len))
		return false;
	if (!index_start(m, buf, l.at[0]) || !index_headers(m, buf, &l))
		return false;
	uint32_t at = l.at[l.n - 1];
	return at + 1 < len && buf[at + 1] == '\n' && index_body(m, at + 2, len, framing);
}
