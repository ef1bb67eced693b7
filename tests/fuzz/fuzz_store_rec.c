/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a record of the store's log: refused, or a row whose texts lie within them; written again it is the
 * same row. */
#include "tests/fuzz/fuzz.h"

#include "control/store_rec.h"

#include <stdlib.h>
#include <string.h>

static void check_texts(const struct store_rec *r, const union store_any *row)
{
	for (unsigned i = 0; i < r->table->n; i++) {
		const struct store_column *c = &r->table->columns[i];
		const char *s = (const char *)row + c->off;
		if (c->kind == SC_SID) {
			MUST(memchr(s, 0, 35));
			continue;
		}
		if (c->kind != SC_TEXT || !(s = *(const char *const *)(const void *)s))
			continue;
		MUST(s >= r->bytes && s + strlen(s) < r->bytes + r->size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	union store_any row, again;
	struct store_rec *r = store_rec_parse((const char *)data, n);
	if (!r)
		return 0;
	MUST(store_rec_read(r, &row) == 0);
	check_texts(r, &row);
	if (store_rec_what(r) == STORE_REC_PUT) {
		struct store_rec *w = store_rec_new(r->table, STORE_REC_PUT, &row);
		MUST(store_rec_read(w, &again) == 0);
		check_texts(w, &again);
		free(w);
	}
	free(r);
	return 0;
}
