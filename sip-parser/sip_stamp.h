/* SPDX-License-Identifier: Apache-2.0 */
/* Headers that are a few numbers: Timestamp (RFC 3261 §20.38), MIME-Version (§20.24), RAck (RFC 3262 §7.2).
 * RSeq, Expires, Min-Expires, Max-Forwards, Content-Length and Flow-Timer are one number: sip_delta or
 * sip_number. */
#ifndef SIP_STAMP_H
#define SIP_STAMP_H

#include "sip-parser/sip_cseq.h"

struct sip_stamp {
	struct span time;  /* 1*DIGIT [ "." *DIGIT ] as written */
	struct span delay; /* *DIGIT [ "." *DIGIT ] as written; empty = none */
};

struct sip_mime_version {
	uint32_t major, minor;
};

struct sip_rack {
	uint32_t rseq; /* the RSeq that is acknowledged */
	struct sip_cseq cseq;
};

/* Each: -1 with *err_off within s. */
[[nodiscard]] int sip_stamp_parse(struct sip_stamp *t, struct span s, uint32_t *err_off);
[[nodiscard]] int sip_mime_version_parse(struct sip_mime_version *v, struct span s, uint32_t *err_off);
[[nodiscard]] int sip_rack_parse(struct sip_rack *r, struct span s, uint32_t *err_off);

#endif
