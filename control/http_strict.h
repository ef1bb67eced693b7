/* SPDX-License-Identifier: Apache-2.0 */
/* What libmicrohttpd forgives and a listener behind a proxy must not: a head that two readers take apart in two ways is
 * how requests are smuggled (RFC 9112 §2.2, §5.1, §5.2, §6.3, §11.2). */
#ifndef CONTROL_HTTP_STRICT_H
#define CONTROL_HTTP_STRICT_H

#include <microhttpd.h>

/* The head of the request that c has just read; method and version as MHD's access handler got them. NULL: it is good.
 * Otherwise a sentence. *length: the Content-Length, 0 without one; it may be larger than any limit. */
const char *http_strict_check(
    struct MHD_Connection *c, const char *method, const char *version, unsigned long long *length);

#endif
