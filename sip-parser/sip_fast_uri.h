/* SPDX-License-Identifier: Apache-2.0 */
/* Walking the marks of a message: hosts, URIs, parameters. Included once by each variant, which has defined
 *
 *   struct host { uint64_t dot, digit, hyphen; }       bit i: byte i is '.', 0-9, '-'
 *   FAST struct host host_bits(const char *p, uint32_t n, const char *limit)   of n <= 64 bytes; nothing from
 *                                                       `limit` on may be read; the bits behind n are 0
 *   FAST bool bytes_ok(const struct host *h, const char *p, uint64_t three)   at each bit of `three` a label of three
 *                                                       digits begins; they are at most 255
 *
 * Every function returns the byte of the mark that ended what it read, or 0 when the shape is unusual. A value always
 * ends at a mark (white space, CR, LF or a comma), so no walk leaves its line. */
struct walk {
	const struct sip_msg *m;
	const char *b, *limit;
	uint32_t base; /* the byte of bit 0 */
	uint64_t bits; /* never 0 */
};

/* Seldom: the next word that has marks. The word behind the last block has them all. */
FAST void walk_on(struct walk *w)
{
	do {
		w->base += 64;
		w->bits = w->m->marks[w->base >> 6];
	} while (!w->bits);
}

FAST void walk_to(struct walk *w, uint32_t at)
{
	w->base = at & ~63u;
	w->bits = w->m->marks[at >> 6] & ~UINT64_C(0) << (at & 63);
	if (!w->bits)
		walk_on(w);
}

FAST uint32_t walk_next(struct walk *w)
{
	uint32_t at = w->base + (uint32_t)__builtin_ctzll(w->bits);
	w->bits &= w->bits - 1;
	if (!USUAL(w->bits != 0))
		walk_on(w);
	return at;
}

FAST struct sip_at at_from(uint32_t from, uint32_t to)
{
	return (struct sip_at){(uint16_t)from, (uint16_t)(to - from)};
}

/* hostname or IPv4 address of n letters, digits, '-', '.' and '_' (the rules of hostname_ok in sip_lex.c). */
FAST bool host_ok(const struct walk *w, uint32_t at, uint32_t n, bool *is_v4)
{
	if (n - 1 >= 64)
		return false;
	const char *p = w->b + at;
	struct host h = host_bits(p, n, w->limit);
	uint64_t starts = h.dot << 1 | 1, ends = h.dot >> 1 | UINT64_C(1) << (n - 1);
	uint64_t alpha = ~(h.dot | h.digit) & ~UINT64_C(0) >> (64 - n);
	*is_v4 = alpha == 0;
	if ((starts | ends) & (h.dot | h.hyphen))
		return false;
	if (alpha)
		return alpha > h.dot;
	uint64_t two = starts & h.digit >> 1, three = two & h.digit >> 2;
	uint64_t d = h.dot & (h.dot - 1), d3 = d & (d - 1);
	return d3 && !(d3 & (d3 - 1)) && !(three & h.digit >> 3) && bytes_ok(&h, p, three);
}

FAST bool port_at(const struct walk *w, uint32_t from, uint32_t to, uint16_t *port)
{
	uint32_t n;
	if (to - from > 5 || !number_at(w->b + from, w->b + to, &n) || n > 65535)
		return false;
	*port = (uint16_t)n;
	return true;
}

/* uri-parameters behind the ';' at y. */
FAST uint32_t uri_params_at(struct walk *w, uint32_t y, struct sip_at *to)
{
	uint32_t from = y + 1;
	for (;;) {
		uint32_t z = walk_next(w);
		char c = w->b[z];
		bool sep = c == ';' || c == '=';
		if (!sep && ascii_is(c, ASCII_PARAM))
			continue;
		if (z == y + 1)
			return 0;
		if (!sep) {
			*to = at_from(from, z);
			return z;
		}
		y = z;
	}
}

/* A user part when there is one. *at moves to the host; returns the mark behind the host. */
FAST uint32_t user_at(struct walk *w, uint32_t *at, struct sip_at *user)
{
	uint32_t first = walk_next(w), z = first;
	if (w->b[z] != '@') {
		struct walk back = *w;
		while (w->b[z] != '@' && ascii_is(w->b[z], ASCII_USER))
			z = walk_next(w);
		if (w->b[z] != '@') {
			*w = back;
			return first;
		}
	}
	if (z == *at)
		return 0;
	*user = at_from(*at, z);
	*at = z + 1;
	return walk_next(w);
}

/* A SIP URI from byte `at`, where the walk stands. */
FAST uint32_t uri_at(struct walk *w, uint32_t at, struct sip_core_uri *u)
{
	uint32_t colon = walk_next(w), host = at + 4;
	if (colon != at + 3 || (load_4(w->b + at) | 0x202020u) != (uint32_t)WORD("sip:"))
		return 0;
	memset(u, 0, sizeof *u);
	uint32_t y = user_at(w, &host, &u->user);
	if (y == 0 || !host_ok(w, host, y - host, &u->host_is_v4))
		return 0;
	u->kind = SIP_URI_SIP;
	u->scheme = at_from(at, colon);
	u->host = at_from(host, y);
	if (w->b[y] == ':') {
		uint32_t from = y + 1;
		y = walk_next(w);
		if (!port_at(w, from, y, &u->port))
			return 0;
	}
	if (w->b[y] == ';')
		y = uri_params_at(w, y, &u->params);
	u->text = at_from(at, y);
	return y;
}

/* From the opening quote at q: returns the mark behind the closing one. */
FAST uint32_t quoted_at(struct walk *w, uint32_t q)
{
	for (uint32_t z = q;;) {
		z = walk_next(w);
		unsigned char c = (unsigned char)w->b[z];
		if (c < ' ' || c == 0x7f || c == '\\')
			return 0;
		if (c == '"') {
			q = walk_next(w);
			return q == z + 1 ? q : 0;
		}
	}
}

struct param {
	uint32_t name, name_len, val, val_len; /* val 0: no '=' */
};

/* One parameter behind the ';' at y. */
FAST uint32_t param_at(struct walk *w, uint32_t y, struct param *p)
{
	uint32_t z = walk_next(w);
	while (ascii_is(w->b[z], ASCII_TOKEN))
		z = walk_next(w);
	*p = (struct param){y + 1, z - y - 1, 0, 0};
	if (z == y + 1 || w->b[z] != '=')
		return z == y + 1 ? 0 : z;
	p->val = z + 1;
	z = walk_next(w);
	if (z == p->val && w->b[z] == '"') {
		z = quoted_at(w, z);
		p->val_len = z - p->val;
		return ascii_is(w->b[z], ASCII_TOKEN) ? 0 : z;
	}
	while (ascii_is(w->b[z], ASCII_TOKEN))
		z = walk_next(w);
	p->val_len = z - p->val;
	return z == p->val ? 0 : z;
}
