/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that creating a call, changing one and TwiML's nouns share. */
#ifndef CONTROL_CALL_CHECK_H
#define CONTROL_CALL_CHECK_H

#include "control/call.h"
#include "sip-parser/base/span.h"

#define TWIML_CHARACTERS_MAX 4000 /* of a document given inline */

/* What a status callback may be asked for, as bits of call_row.events. */
enum { CALL_EV_INITIATED = 1, CALL_EV_RINGING = 2, CALL_EV_ANSWERED = 4, CALL_EV_COMPLETED = 8 };

/* Fills *err with status 400; always -1. */
int call_refuse(struct call_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The value, or NULL when the parameter is missing or empty. */
const char *call_param(const struct form *params, const char *name);

/* Why this is no absolute http(s) URL with a host without '_'; NULL: it is one. */
const char *call_url_trouble(const char *url);

/* The bits of words separated by blanks or commas; *unknown (may be NULL) counts those that name no event. */
uint32_t call_events_of(struct span words, uint32_t *unknown);

/* Each: 0, or -1 with *err. *to is replaced when the parameter is there (call_check_url), *post is true unless it
 * says GET, *out is dflt without the parameter. */
[[nodiscard]] int call_check_url(
    const struct form *params, struct call_error *err, const char *name, int code, char **to);
[[nodiscard]] int call_check_method(
    const struct form *params, struct call_error *err, const char *name, bool *post);
[[nodiscard]] int call_check_seconds(const struct form *params, struct call_error *err, const char *name,
    uint32_t max, uint32_t dflt, uint32_t *out);
/* Not longer than TWIML_CHARACTERS_MAX characters? NULL is fine. */
[[nodiscard]] int call_check_twiml(const char *twiml, struct call_error *err);
/* call_extras.c: the values of parameters that have no effect yet. */
[[nodiscard]] int call_check_extras(const struct form *params, struct call_error *err);

#endif
