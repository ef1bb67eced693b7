/* SPDX-License-Identifier: Apache-2.0 */
/* An ordered list of name=value pairs: what a REST request carried and what a webhook will. Owns its strings. */
#ifndef CONTROL_FORM_H
#define CONTROL_FORM_H

#include <stdbool.h>
#include <stddef.h>

struct form_pair {
	char *name, *value; /* decoded UTF-8, NUL-terminated, no embedded NUL */
};

struct form {
	struct form_pair *pairs;
	size_t n, cap;
};

void form_init(struct form *f);
void form_fini(struct form *f);
void form_add(struct form *f, const char *name, const char *value);
void form_addf(struct form *f, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* First value with that exact name, or NULL. form_next continues behind a pair (repeated parameters). */
const char *form_get(const struct form *f, const char *name);
const struct form_pair *form_next(const struct form *f, const char *name, const struct form_pair *after);
/* application/x-www-form-urlencoded. decode: '+' is a space; returns -EINVAL on a bad escape or a NUL,
 * -E2BIG beyond max_pairs. encode: caller frees. */
[[nodiscard]] int form_decode(struct form *f, const char *s, size_t len, size_t max_pairs);
char *form_encode(const struct form *f);

#endif
