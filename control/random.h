/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes for names that must not be guessed, fetched from the kernel a page at a time. On the loop only. Ends
 * the process when the kernel has none. */
#ifndef CONTROL_RANDOM_H
#define CONTROL_RANDOM_H

#include <stddef.h>

void random_bytes(void *out, size_t n);
/* Two letters and 32 hexadecimal digits: "CA…". */
void random_sid(char out[35], const char *prefix);
/* A UUID of version 4 as text. */
void random_uuid(char out[37]);
/* n bytes as 2n digits, not terminated; returns the end. */
char *random_hex(char *out, const unsigned char *bytes, size_t n);

#endif
