/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/json_text.h"

#include "control/mem.h"
#include "control/utf8.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static json_t *repaired(const char *s, size_t len)
{
	char *out = mem_zalloc(len * 3 + 1);
	size_t n = 0;
	while (len) {
		size_t k = utf8_char(s, len);
		memcpy(out + n, k ? s : "\xef\xbf\xbd", k ? k : 3);
		n += k ? k : 3;
		s += k ? k : 1;
		len -= k ? k : 1;
	}
	json_t *j = json_stringn(out, n);
	free(out);
	return j;
}

json_t *json_text(const char *s)
{
	if (!s)
		return json_null();
	json_t *j = json_string(s);
	return j ? j : repaired(s, strlen(s));
}

char *json_text_dump(json_t *o)
{
	char *s = json_dumps(o, JSON_COMPACT);
	assert(s);
	json_decref(o);
	return s;
}
