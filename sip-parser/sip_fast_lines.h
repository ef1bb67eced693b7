/* SPDX-License-Identifier: Apache-2.0 */
/* Where the lines of a message begin and where their names end, from bit masks of 64 bytes. Included once by each variant,
 * which has defined
 *
 *   struct block { uint64_t lf, cr, mark; }            bit i: byte i is LF, CR, none of a-z A-Z 0-9 - . _
 *   FAST uint32_t bits_to(uint16_t *to, uint64_t bits, uint32_t off)   off + each bit, in order, and any numbers behind
 *                                                      them; room for 64. Returns how many bits there are
 *   BITS_OFF(off)                                      `off` as bits_to takes it
 *
 * A bit behind each LF begins a line, and the first line that begins with CR ends the headers. Added to the bytes that are
 * no marks, the bit that begins a line runs through its name and comes to rest on the first mark behind it. */

/* Offsets in pairs, a line's first byte and the mark behind its name, and at last the empty line. Room for as many as
 * there are bytes in the blocks. */
struct lines {
	uint32_t n;
	uint16_t at[64 * SIP_MARKS_WORDS + 64];
};

/* What crosses from one block to the next: single bits; `unusual` only grows. */
struct carry {
	uint64_t lf, cr, name, unusual;
};

/* One block; true: the empty line is in it. Unusual is a CR or an LF alone, and a line that begins with a mark. */
FAST bool lines_in(struct sip_msg *m, struct lines *l, struct carry *c, struct block b, uint32_t off)
{
	uint64_t begin = b.lf * 2 + c->lf, stop = begin & b.cr;
	uint64_t upto = stop ^ (stop - 1), below = ~stop & (stop - 1), end;
	c->unusual |= (((b.cr * 2 + c->cr) ^ b.lf) & upto) | (begin & b.mark & below);
	c->name = __builtin_add_overflow(~b.mark, begin | c->name, &end);
	c->lf = b.lf >> 63;
	c->cr = b.cr >> 63;
	m->marks[off >> 6] = b.mark;
	uint64_t bits = (begin & upto) | (end & b.mark & below);
	l->n += bits_to(l->at + l->n, bits, BITS_OFF(off));
	return stop != 0;
}

/* One space between the colon and the value, and no other white space between it and the line end before `next`. */
FAST bool value_is_plain(const char *colon, const char *next)
{
	return memcmp(colon, ": ", 2) == 0 && (unsigned char)colon[2] > ' ' && (unsigned char)next[-3] > ' ';
}

/* Name and chain the lines whose pairs begin at `at`. */
FAST void names_from(struct sip_msg *m, const char *buf, const uint16_t *at)
{
	uint8_t twice = 0;
	for (uint32_t i = m->n_hdrs; i > 0; i--) {
		const uint16_t *p = at + 2 * i - 2;
		const struct hdr_key *k = hdr_key_of(buf + p[0], (uint32_t)p[1] - p[0]);
		uint8_t id = k->id, follow = m->first[id];
		m->ids[i - 1] = id;
		m->next[i - 1] = follow;
		m->first[id] = (uint8_t)i;
		twice |= follow & k->single;
	}
	m->twice = twice != 0;
}
