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

#include "sip-parser/sip_fast_pairs.h"

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
