/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP Basic: the account's SID as the user, its auth token as the password (RFC 7617). */
#ifndef CONTROL_REST_AUTH_H
#define CONTROL_REST_AUTH_H

#include "control/rest/rest.h"

#define AUTH_TEXT_MAX 256 /* user and password together, decoded */

/* Equal, found out in a time that depends on the length of `given` only. */
bool auth_equal(const char *given, size_t given_len, const char *secret);

/* The account that `authorization` (the header's value, NULL when there is none) proves, or NULL. */
const struct rest_account *auth_check(
    const struct rest_account *accounts, size_t n, const char *authorization);

/* The same for API keys. */
const struct rest_account *auth_check_key(const struct rest_env *e, const char *authorization);

#endif
