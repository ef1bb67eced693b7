/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a message as its two index passes hand them over, and their names. Included once by each variant. */

/* Offsets in pairs, a line's first byte and the mark behind its name, and at last the empty line. Room for as many as
 * there are bytes in the blocks. */
struct lines {
	uint32_t n;
	uint16_t at[64 * SIP_MARKS_WORDS + 64];
};

/* One space between the colon and the value, and no other white space between it and the line end before `next`. */
FAST bool value_is_plain(const char *colon, const char *next)
{
	return memcmp(colon, ": ", 2) == 0 && (unsigned char)colon[2] > ' ' && (unsigned char)next[-3] > ' ';
}

/* Name and chain the lines whose pairs begin at `at`. False, half done: `plain` is asked for and a value is not. */
FAST bool names_from(struct sip_msg *m, const char *buf, const uint16_t *at, bool plain)
{
	uint8_t twice = 0;
	for (uint32_t i = m->n_hdrs; i > 0; i--) {
		const uint16_t *p = at + 2 * i - 2;
		if (plain && !USUAL(value_is_plain(buf + p[1], buf + p[2])))
			return false;
		const struct hdr_key *k = hdr_key_of(buf + p[0], (uint32_t)p[1] - p[0]);
		uint8_t id = k->id, follow = m->first[id];
		m->ids[i - 1] = id;
		m->next[i - 1] = follow;
		m->first[id] = (uint8_t)i;
		twice |= follow & k->single;
	}
	m->twice = twice != 0;
	return true;
}
