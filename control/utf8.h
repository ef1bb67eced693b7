/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 allows it: shortest form, no surrogates, at most U+10FFFF. */
#ifndef CONTROL_UTF8_H
#define CONTROL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed character at s (1 … 4), 0 when there is none. left: bytes that may be read. */
size_t utf8_char(const char *s, size_t left);
bool utf8_valid(const char *s, size_t len);

#endif
