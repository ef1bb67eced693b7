/* SPDX-License-Identifier: Apache-2.0 */
/* The fragment of a webhook's URL, which is never sent: how long to wait and how often to try.
 * "#ct=2000&rt=3000&tt=5000&rc=2&rp=ct,5xx" */
#ifndef CONTROL_WEBHOOK_OVERRIDE_H
#define CONTROL_WEBHOOK_OVERRIDE_H

#include "control/http_client.h"

/* Fill connect_ms (ct 100…10000), read_ms (rt 100…15000), total_ms (tt 100…15000), retries (rc 0…5, 1 without one)
 * and retry_on (rp: ct, rt, 4xx, 5xx, all; ct without one). What is missing or wrong keeps its default. fragment: behind
 * the '#', NULL for none. Returns 0, or what was wrong first: 11240 a name that is not known, an e that is no list
 * of edges, an sni other than y and n (neither changes anything: there is one way out, and TLS always names the host); 11241 a time that is no number in its range, 11242 a wrong rc, 11243 a wrong rp; *what the piece. */
int webhook_override(struct http_request *r, const char *fragment, char what[64]);

#endif
