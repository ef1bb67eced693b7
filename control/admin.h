/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's control socket: a Unix socket on which `dialplane calls`, `call`, `status` and `reload` ask. A client
 * sends one line of words and reads lines of JSON until the end. Only root and the engine's own user may ask. Runs on the
 * loop and never blocks: who reads too slowly is hung up on. */
#ifndef CONTROL_ADMIN_H
#define CONTROL_ADMIN_H

#include "control/loop.h"

#include <jansson.h>

#define ADMIN_CLIENTS_MAX 16
#define ADMIN_LINE_MAX    256

struct admin;
struct admin_client;

/* One question, complete: the words, separated by blanks. Answers now or later with admin_put …, then admin_end. */
typedef void (*admin_ask_fn)(void *ctx, struct admin_client *c, const char *line);

/* NULL with a sentence in err. A socket that nobody serves any more is replaced. */
struct admin *admin_new(struct loop *l, const char *path, admin_ask_fn ask, void *ctx, char err[256]);
/* Hangs up on everybody and removes the socket. Clients that are held must have been released. */
void admin_free(struct admin *a);

/* One line; takes o. Nothing happens when the client has gone. */
void admin_put(struct admin_client *c, json_t *o);
/* What has been put is sent, then the connection is closed. */
void admin_end(struct admin_client *c);
/* Keep the client's memory while an answer is on its way, whether it has gone or not. */
void admin_hold(struct admin_client *c);
void admin_release(struct admin_client *c);

/* The client wants to be told what happens from now on. */
void admin_follow(struct admin_client *c);
/* o to everybody who follows; takes o. */
void admin_tell(struct admin *a, json_t *o);
bool admin_followed(const struct admin *a);

#endif
