/* SPDX-License-Identifier: Apache-2.0 */
/* config.def as rows, and the reader of one plain value. */
#ifndef CONTROL_CONFIG_TABLE_H
#define CONTROL_CONFIG_TABLE_H

#include "control/config.h"

#include <stddef.h>

enum config_type {
	CT_LIST = 0,
	CT_TEXT,
	CT_SECRET, /* text that is never shown */
	CT_USER,   /* [A-Za-z0-9+._-] */
	CT_HOST,   /* name or address literal, optional port */
	CT_URL,    /* http:// or https:// */
	CT_SID,    /* AC and 32 hexadecimal digits */
	CT_BOOL,
	CT_U16,
	CT_U32,
	CT_RING,      /* U32, a power of two */
	CT_IP,        /* struct ip_addr; min … max: families */
	CT_CIDR,      /* struct target_net, host bits kept */
	CT_NET,       /* struct target_net, no host bits; a bare address is a /32 or /128 */
	CT_ROUTE_NET, /* the same in a struct dp_route */
	CT_MAC,
	CT_SOCK,     /* struct ip_sock, port needed */
	CT_DNS_SOCK, /* struct ip_sock, port 53 by default */
	CT_DRIVER,
	CT_TCP,
	CT_LOG_LEVEL,
	CT_LOG_FORMAT,
	CT_TYPES
};

struct config_row {
	const char *name; /* "network.routes[].to" */
	enum config_type type;
	size_t off, size;                     /* member: in struct config, or in the item */
	size_t count_off, count_size, stride; /* CT_LIST; its maximum is size / stride */
	long long min, max;
	const char *def; /* NULL: must be given; "": nothing */
	const char *unit, *help;
};

extern const struct config_row config_rows[];
extern const unsigned config_n_rows;

/* Row with that name, or NULL. */
const struct config_row *config_row(const char *name);
/* Anything at or below this name: "network" is a section. */
bool config_is_section(const char *name);
/* A known name that looks like this one among its siblings, or NULL. */
const char *config_near(const char *name);

/* Read one value into its member. -EINVAL: why says what was expected; the member is untouched. The empty
 * text leaves the member alone when the row's default is empty. */
[[nodiscard]] int config_value(
    const struct config_row *row, const char *text, size_t len, void *member, char why[256]);
/* "number 1 … 32", "auto, af_xdp, … or pci" for documentation and messages. */
void config_expected(const struct config_row *row, char out[200]);

/* Add a problem. */
void config_say(struct config_errors *e, struct config_pos pos, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Where a setting, or item i of a list, stands; line 0 when it is a default. */
struct config_pos config_at(const struct config *c, const char *name);
struct config_pos config_item_at(const struct config *c, const char *list, unsigned i);

/* What no single row can say: settings against each other, secrets fetched, derived members filled. */
void config_finish(struct config *c, struct config_errors *e);

#endif
