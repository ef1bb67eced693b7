/* SPDX-License-Identifier: Apache-2.0 */
/* The one YAML file an engine starts from. Every setting is a row of config.def: name, type, range, default,
 * unit and help; reading, checking, defaults and `dialplane config` come from that table. */
#ifndef CONTROL_CONFIG_H
#define CONTROL_CONFIG_H

#include "control/keepalive.h"
#include "control/log.h"
#include "control/target_policy.h"
#include "dataplane/api/dp_conf.h"

#define CONFIG_ACCOUNTS_MAX    256
#define CONFIG_DNS_SERVERS_MAX 8
#define CONFIG_BYTES_MAX       (1u << 20)
#define CONFIG_ROWS_MAX        160

/* Where something stands in the file; line 0: nowhere (a default). Both count from 1. */
struct config_pos {
	unsigned line, col;
};

struct config_account {
	char sid[35];    /* AC and 32 hexadecimal digits */
	char token[129]; /* the secret, whichever way it was given; never printed */
	char token_file[256], token_env[64];
	bool enhanced_sip; /* several nouns in one <Dial> */
};

#define CONFIG_KEYS_MAX 256

struct config_key {
	char sid[35], account[35]; /* SK… and AC… */
	char secret[129];          /* never printed */
	char secret_file[256];
};

/* Where item `index` of the list in row `row` stands. */
struct config_item_pos {
	unsigned row, index;
	struct config_pos pos;
};

/* As read. Strings are "" when not set. */
struct config {
	struct dp_conf dp; /* complete: user agent, key and pool sizes included */
	struct target_net network_ip, network_ip6;
	uint32_t n_cores;
	char sip_tcp[8]; /* sip.tcp */
	char default_from[64]; /* sip.default_from */
	char from_host[128];   /* sip.from_host; after loading never empty: the address, with its port unless
	                          5060 */
	char trunk_uri[256], client_uri[256]; /* with {number}, {client} */
	char trunk_from[64];
	char inbound_account[35]; /* empty: the first of accounts */
	char inbound_voice_url[256], inbound_fallback_url[256], inbound_status_callback[256];
	char inbound_voice_method[8], inbound_fallback_method[8], inbound_status_callback_method[8];
	uint32_t n_inbound_sources;
	struct target_net inbound_sources[DP_SOURCES_MAX];
	uint32_t calls_max;    /* limits.calls, whole engine */
	uint32_t call_seconds; /* limits.call_seconds */
	struct ip_sock rest_listen;
	char rest_public_url[256];
	char rest_tls_cert[256], rest_tls_key[256];
	uint32_t drain_s;
	uint32_t webhook_connect_ms, webhook_total_ms, webhook_in_flight;
	uint32_t webhook_per_host, webhook_failures, webhook_cache_kb;
	bool webhook_last_good;
	char webhook_ca_file[256];
	uint32_t callback_retry_ms, callback_age_s;
	struct target_policy policy; /* targets.allow */
	uint32_t keepalive_every_s, keepalive_wait_ms;
	uint8_t n_keepalive_targets;
	struct keepalive_target keepalive_targets[KEEPALIVE_TARGETS_MAX];
	bool dns_naptr, dns_srv;
	uint32_t dns_ttl_min_s, dns_ttl_max_s;
	uint32_t first_response_ms, targets_avoid_s;
	uint32_t n_dns_servers;
	struct ip_sock dns_servers[CONFIG_DNS_SERVERS_MAX];
	char store_path[256];
	uint32_t keep_calls_s, keep_events_s, keep_notes_s; /* 0: for ever */
	char log_level[8], log_format[8];
	char run_user[64];
	char control_path[263]; /* run.control; after loading never empty */
	uint32_t n_accounts;
	struct config_account accounts[CONFIG_ACCOUNTS_MAX];
	uint32_t account_calls, calls_per_second; /* limits of one account, 0: none */
	uint32_t n_api_keys;
	struct config_key api_keys[CONFIG_KEYS_MAX];
	struct config_pos pos[CONFIG_ROWS_MAX]; /* by row of the table */
	struct config_item_pos *item_pos;
	size_t n_item_pos;
};

struct config_error {
	struct config_pos pos;
	char text[320];
};

/* Every problem found, in the order of the file. */
struct config_errors {
	struct config_error *list;
	size_t n;
};

/* Read and check a file. 0, or -EINVAL (-errno when it cannot be read): nothing in *out, at least one error.
 * *out is on pages that are left out of core dumps; config_free wipes them. */
[[nodiscard]] int config_load(struct config **out, const char *path, struct config_errors *errors);
/* The same from memory; name is what messages about files call it. */
[[nodiscard]] int config_parse(
    struct config **out, const char *text, size_t len, struct config_errors *errors);
void config_free(struct config *c);
void config_errors_fini(struct config_errors *e);

/* The account's token, or NULL when there is no such account. */
const char *config_token(const struct config *c, const char *account_sid);
/* May the account put several nouns into one <Dial>? */
bool config_enhanced_sip(const struct config *c, const char *account_sid);
enum log_level config_log_level(const struct config *c);
/* "ip:port,ip:port" for dns_new; NULL when the system's servers are to be used. */
const char *config_dns_servers(const struct config *c, char out[512]);

#endif
