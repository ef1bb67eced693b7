/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_hdr.h"

#include "sip-parser/base/ascii.h"

struct row {
	struct span name;
	char compact;
	uint8_t kind;
};

static const struct row rows[SIP_H_COUNT] = {
    [SIP_H_OTHER] = {{"", 0}, 0, SIP_KIND_OTHER},
#define HDR(id, name, compact, kind) [SIP_H_##id] = {{name, sizeof(name) - 1}, compact, SIP_KIND_##kind},
#include "sip-parser/sip_hdr.def"
#undef HDR
};

/* First row whose long name begins with the letter; the rows are in alphabetical order. */
static const uint8_t first_of_letter[26] = {
    ['a' - 'a'] = SIP_H_ACCEPT,
    ['c' - 'a'] = SIP_H_CALL_ID,
    ['d' - 'a'] = SIP_H_DATE,
    ['e' - 'a'] = SIP_H_ERROR_INFO,
    ['f' - 'a'] = SIP_H_FEATURE_CAPS,
    ['g' - 'a'] = SIP_H_GEOLOCATION,
    ['h' - 'a'] = SIP_H_HISTORY_INFO,
    ['i' - 'a'] = SIP_H_IDENTITY,
    ['j' - 'a'] = SIP_H_JOIN,
    ['m' - 'a'] = SIP_H_MAX_BREADTH,
    ['o' - 'a'] = SIP_H_ORGANIZATION,
    ['p' - 'a'] = SIP_H_P_ACCESS_NETWORK_INFO,
    ['r' - 'a'] = SIP_H_RACK,
    ['s' - 'a'] = SIP_H_SECURITY_CLIENT,
    ['t' - 'a'] = SIP_H_TARGET_DIALOG,
    ['u' - 'a'] = SIP_H_UNSUPPORTED,
    ['v' - 'a'] = SIP_H_VIA,
    ['w' - 'a'] = SIP_H_WARNING,
};

static const uint8_t of_compact[26] = {
    ['a' - 'a'] = SIP_H_ACCEPT_CONTACT,
    ['b' - 'a'] = SIP_H_REFERRED_BY,
    ['c' - 'a'] = SIP_H_CONTENT_TYPE,
    ['d' - 'a'] = SIP_H_REQUEST_DISPOSITION,
    ['e' - 'a'] = SIP_H_CONTENT_ENCODING,
    ['f' - 'a'] = SIP_H_FROM,
    ['i' - 'a'] = SIP_H_CALL_ID,
    ['j' - 'a'] = SIP_H_REJECT_CONTACT,
    ['k' - 'a'] = SIP_H_SUPPORTED,
    ['l' - 'a'] = SIP_H_CONTENT_LENGTH,
    ['m' - 'a'] = SIP_H_CONTACT,
    ['n' - 'a'] = SIP_H_IDENTITY_INFO,
    ['o' - 'a'] = SIP_H_EVENT,
    ['r' - 'a'] = SIP_H_REFER_TO,
    ['s' - 'a'] = SIP_H_SUBJECT,
    ['t' - 'a'] = SIP_H_TO,
    ['u' - 'a'] = SIP_H_ALLOW_EVENTS,
    ['v' - 'a'] = SIP_H_VIA,
    ['x' - 'a'] = SIP_H_SESSION_EXPIRES,
    ['y' - 'a'] = SIP_H_IDENTITY,
};

enum sip_hdr_id sip_hdr_of(struct span name)
{
	if (name.len == 0)
		return SIP_H_OTHER;
	unsigned int letter = (unsigned char)(ascii_lower(name.p[0]) - 'a');
	if (letter >= 26)
		return SIP_H_OTHER;
	if (name.len == 1)
		return of_compact[letter];
	unsigned int id = first_of_letter[letter];
	if (id == 0)
		return SIP_H_OTHER;
	for (char c = (char)('a' + letter); id < SIP_H_COUNT && ascii_lower(rows[id].name.p[0]) == c; id++) {
		if (rows[id].name.len == name.len && span_ieq(rows[id].name, name))
			return id;
	}
	return SIP_H_OTHER;
}

struct span sip_hdr_long(enum sip_hdr_id id)
{
	return rows[id < SIP_H_COUNT ? id : 0].name;
}

char sip_hdr_compact(enum sip_hdr_id id)
{
	return rows[id < SIP_H_COUNT ? id : 0].compact;
}

enum sip_hdr_kind sip_hdr_kind(enum sip_hdr_id id)
{
	return rows[id < SIP_H_COUNT ? id : 0].kind;
}
