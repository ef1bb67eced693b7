/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_typed.h"

#include "sip-parser/sip_accept.h"
#include "sip-parser/sip_auth.h"
#include "sip-parser/sip_contact.h"
#include "sip-parser/sip_content.h"
#include "sip-parser/sip_date.h"
#include "sip-parser/sip_event.h"
#include "sip-parser/sip_history.h"
#include "sip-parser/sip_identity.h"
#include "sip-parser/sip_ims.h"
#include "sip-parser/sip_in_reply.h"
#include "sip-parser/sip_privacy.h"
#include "sip-parser/sip_product.h"
#include "sip-parser/sip_reason.h"
#include "sip-parser/sip_refer.h"
#include "sip-parser/sip_security.h"
#include "sip-parser/sip_stamp.h"
#include "sip-parser/sip_timer.h"
#include "sip-parser/sip_uui.h"
#include "sip-parser/sip_via.h"
#include "sip-parser/sip_warning.h"

_Static_assert(sizeof(struct sip_contact) <= SIP_TYPED_BYTES_MAX, "room for the largest");
_Static_assert(sizeof(struct sip_history) <= SIP_TYPED_BYTES_MAX, "room for the largest");
_Static_assert(sizeof(struct sip_diversion) <= SIP_TYPED_BYTES_MAX, "room for the largest");

/* Headers whose parameters have no meaning of their own to us. */
static const struct sip_shape token = {NULL, sizeof(struct sip_value), 0, SIP_HEAD_TOKEN, NULL};
static const struct sip_shape token_or_text = {NULL, sizeof(struct sip_value), 0, SIP_HEAD_TEXT, NULL};
static const struct sip_shape number = {NULL, sizeof(struct sip_value), 0, SIP_HEAD_NUMBER, NULL};
static const struct sip_shape only_params = {NULL, sizeof(struct sip_value), 0, SIP_HEAD_NONE, NULL};
static const struct sip_shape address = {NULL, sizeof(struct sip_addr), 0, SIP_HEAD_ADDR, NULL};

static const struct sip_shape *const shapes[SIP_H_COUNT] = {
    [SIP_H_ACCEPT] = &sip_accept_shape,
    [SIP_H_ACCEPT_CONTACT] = &token,
    [SIP_H_ACCEPT_ENCODING] = &sip_accept_token_shape,
    [SIP_H_ACCEPT_LANGUAGE] = &sip_accept_token_shape,
    [SIP_H_ACCEPT_RESOURCE_PRIORITY] = &token,
    [SIP_H_ALERT_INFO] = &address,
    [SIP_H_ALLOW] = &token,
    [SIP_H_ALLOW_EVENTS] = &token,
    [SIP_H_ANSWER_MODE] = &token,
    [SIP_H_CALL_INFO] = &address,
    [SIP_H_CONTACT] = &sip_contact_shape,
    [SIP_H_CONTENT_DISPOSITION] = &sip_disposition_shape,
    [SIP_H_CONTENT_ENCODING] = &token,
    [SIP_H_CONTENT_LANGUAGE] = &token,
    [SIP_H_CONTENT_LENGTH] = &number,
    [SIP_H_CONTENT_TYPE] = &sip_content_type_shape,
    [SIP_H_DIVERSION] = &sip_diversion_shape,
    [SIP_H_ERROR_INFO] = &address,
    [SIP_H_EVENT] = &sip_event_shape,
    [SIP_H_EXPIRES] = &number,
    [SIP_H_FEATURE_CAPS] = &token,
    [SIP_H_FLOW_TIMER] = &number,
    [SIP_H_FROM] = &address,
    [SIP_H_GEOLOCATION] = &address,
    [SIP_H_HISTORY_INFO] = &sip_history_shape,
    [SIP_H_IDENTITY] = &sip_identity_shape,
    [SIP_H_IDENTITY_INFO] = &address,
    [SIP_H_INFO_PACKAGE] = &token,
    [SIP_H_JOIN] = &sip_replaces_shape,
    [SIP_H_MAX_BREADTH] = &number,
    [SIP_H_MAX_FORWARDS] = &number,
    [SIP_H_MIN_EXPIRES] = &number,
    [SIP_H_MIN_SE] = &number,
    [SIP_H_P_ACCESS_NETWORK_INFO] = &sip_access_network_shape,
    [SIP_H_P_ANSWER_STATE] = &token,
    [SIP_H_P_ASSERTED_IDENTITY] = &address,
    [SIP_H_P_ASSERTED_SERVICE] = &address,
    [SIP_H_P_ASSOCIATED_URI] = &address,
    [SIP_H_P_CALLED_PARTY_ID] = &address,
    [SIP_H_P_CHARGING_FUNCTION_ADDRESSES] = &only_params,
    [SIP_H_P_CHARGING_VECTOR] = &sip_charging_vector_shape,
    [SIP_H_P_EARLY_MEDIA] = &token,
    [SIP_H_P_PREFERRED_IDENTITY] = &address,
    [SIP_H_P_PREFERRED_SERVICE] = &address,
    [SIP_H_P_SERVED_USER] = &sip_served_user_shape,
    [SIP_H_P_VISITED_NETWORK_ID] = &token_or_text,
    [SIP_H_PATH] = &address,
    [SIP_H_PRIORITY] = &token,
    [SIP_H_PRIV_ANSWER_MODE] = &token,
    [SIP_H_PRIVACY] = &sip_privacy_shape,
    [SIP_H_PROXY_REQUIRE] = &token,
    [SIP_H_REASON] = &sip_reason_shape,
    [SIP_H_RECORD_ROUTE] = &address,
    [SIP_H_RECV_INFO] = &token,
    [SIP_H_REFER_SUB] = &token,
    [SIP_H_REFER_TO] = &address,
    [SIP_H_REFERRED_BY] = &sip_referred_by_shape,
    [SIP_H_REJECT_CONTACT] = &token,
    [SIP_H_REMOTE_PARTY_ID] = &sip_rpid_shape,
    [SIP_H_REPLACES] = &sip_replaces_shape,
    [SIP_H_REPLY_TO] = &address,
    [SIP_H_REQUEST_DISPOSITION] = &token,
    [SIP_H_REQUIRE] = &token,
    [SIP_H_RESOURCE_PRIORITY] = &token,
    [SIP_H_RETRY_AFTER] = &sip_retry_after_shape,
    [SIP_H_ROUTE] = &address,
    [SIP_H_RSEQ] = &number,
    [SIP_H_SECURITY_CLIENT] = &sip_security_shape,
    [SIP_H_SECURITY_SERVER] = &sip_security_shape,
    [SIP_H_SECURITY_VERIFY] = &sip_security_shape,
    [SIP_H_SERVICE_ROUTE] = &address,
    [SIP_H_SESSION_EXPIRES] = &sip_session_expires_shape,
    [SIP_H_SESSION_ID] = &token,
    [SIP_H_SIP_ETAG] = &token,
    [SIP_H_SIP_IF_MATCH] = &token,
    [SIP_H_SUBSCRIPTION_STATE] = &sip_sub_state_shape,
    [SIP_H_SUPPORTED] = &token,
    [SIP_H_SUPPRESS_IF_MATCH] = &token,
    [SIP_H_TARGET_DIALOG] = &sip_target_dialog_shape,
    [SIP_H_TO] = &address,
    [SIP_H_UNSUPPORTED] = &token,
    [SIP_H_USER_TO_USER] = &sip_uui_shape,
};

const struct sip_shape *sip_typed_shape(enum sip_hdr_id id)
{
	return id < SIP_H_COUNT ? shapes[id] : NULL;
}

/* The headers with a decoder of their own, in one signature. */
#define AS_CHECK(fn, type)                                                                                   \
	static int fn##_check(struct span s, uint32_t *err_off)                                              \
	{                                                                                                    \
		struct type t;                                                                               \
		return fn##_parse(&t, s, err_off);                                                           \
	}

AS_CHECK(sip_via, sip_via)
AS_CHECK(sip_cseq, sip_cseq)
AS_CHECK(sip_date, sip_date)
AS_CHECK(sip_warning, sip_warning)
AS_CHECK(sip_stamp, sip_stamp)
AS_CHECK(sip_mime_version, sip_mime_version)
AS_CHECK(sip_rack, sip_rack)
AS_CHECK(sip_auth, sip_auth)

static int sip_auth_info_check(struct span s, uint32_t *err_off)
{
	struct sip_auth a;
	return sip_auth_params(&a, s, err_off);
}

static int sip_product_check(struct span s, uint32_t *err_off)
{
	struct sip_product p;
	struct span rest = s;
	int rc;
	while ((rc = sip_product_next(&rest, &p)) > 0)
		;
	*err_off = (uint32_t)(rest.p - s.p);
	return rc;
}

static int sip_in_reply_check(struct span s, uint32_t *err_off)
{
	struct span rest = s, id;
	int rc = s.len ? 1 : -1;
	while (rc > 0)
		rc = sip_in_reply_next(&rest, &id);
	*err_off = (uint32_t)(rest.p - s.p);
	return rc;
}

static int sip_call_id_check(struct span s, uint32_t *err_off)
{
	struct sip_value v;
	return sip_value_parse(&v, SIP_HEAD_CALLID, s, err_off);
}

static const struct {
	uint8_t id;
	int (*check)(struct span s, uint32_t *err_off);
} others[] = {
    {SIP_H_VIA, sip_via_check},
    {SIP_H_CSEQ, sip_cseq_check},
    {SIP_H_CALL_ID, sip_call_id_check},
    {SIP_H_DATE, sip_date_check},
    {SIP_H_WARNING, sip_warning_check},
    {SIP_H_TIMESTAMP, sip_stamp_check},
    {SIP_H_MIME_VERSION, sip_mime_version_check},
    {SIP_H_RACK, sip_rack_check},
    {SIP_H_IN_REPLY_TO, sip_in_reply_check},
    {SIP_H_SERVER, sip_product_check},
    {SIP_H_USER_AGENT, sip_product_check},
    {SIP_H_WWW_AUTHENTICATE, sip_auth_check},
    {SIP_H_PROXY_AUTHENTICATE, sip_auth_check},
    {SIP_H_AUTHORIZATION, sip_auth_check},
    {SIP_H_PROXY_AUTHORIZATION, sip_auth_check},
    {SIP_H_AUTHENTICATION_INFO, sip_auth_info_check},
};

int sip_typed_check(enum sip_hdr_id id, struct span elem, uint32_t *err_off)
{
	union {
		max_align_t align;
		char bytes[SIP_TYPED_BYTES_MAX];
	} room;
	const struct sip_shape *sh = sip_typed_shape(id);
	if (sh)
		return sip_shape_read(sh, &room, elem, err_off);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (others[i].id == id)
			return others[i].check(elem, err_off);
	}
	return 0;
}
