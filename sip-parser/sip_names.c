/* SPDX-License-Identifier: Apache-2.0 */
/* Method names and reason phrases; declared in sip_msg.h. */
#include "sip-parser/sip_msg.h"

#define NAME(lit)                                                                                            \
	{                                                                                                    \
		lit, sizeof(lit) - 1                                                                         \
	}

static const struct span methods[SIP_METHODS] = {
    [SIP_UNKNOWN] = NAME(""),
    [SIP_INVITE] = NAME("INVITE"),
    [SIP_ACK] = NAME("ACK"),
    [SIP_BYE] = NAME("BYE"),
    [SIP_CANCEL] = NAME("CANCEL"),
    [SIP_OPTIONS] = NAME("OPTIONS"),
    [SIP_REGISTER] = NAME("REGISTER"),
    [SIP_PRACK] = NAME("PRACK"),
    [SIP_UPDATE] = NAME("UPDATE"),
    [SIP_INFO] = NAME("INFO"),
    [SIP_SUBSCRIBE] = NAME("SUBSCRIBE"),
    [SIP_NOTIFY] = NAME("NOTIFY"),
    [SIP_REFER] = NAME("REFER"),
    [SIP_MESSAGE] = NAME("MESSAGE"),
    [SIP_PUBLISH] = NAME("PUBLISH"),
};

static const struct {
	uint16_t status;
	struct span text;
} reasons[] = {
    {100, NAME("Trying")},
    {180, NAME("Ringing")},
    {181, NAME("Call Is Being Forwarded")},
    {182, NAME("Queued")},
    {183, NAME("Session Progress")},
    {199, NAME("Early Dialog Terminated")},
    {200, NAME("OK")},
    {202, NAME("Accepted")},
    {204, NAME("No Notification")},
    {300, NAME("Multiple Choices")},
    {301, NAME("Moved Permanently")},
    {302, NAME("Moved Temporarily")},
    {305, NAME("Use Proxy")},
    {380, NAME("Alternative Service")},
    {400, NAME("Bad Request")},
    {401, NAME("Unauthorized")},
    {402, NAME("Payment Required")},
    {403, NAME("Forbidden")},
    {404, NAME("Not Found")},
    {405, NAME("Method Not Allowed")},
    {406, NAME("Not Acceptable")},
    {407, NAME("Proxy Authentication Required")},
    {408, NAME("Request Timeout")},
    {410, NAME("Gone")},
    {412, NAME("Conditional Request Failed")},
    {413, NAME("Request Entity Too Large")},
    {414, NAME("Request-URI Too Long")},
    {415, NAME("Unsupported Media Type")},
    {416, NAME("Unsupported URI Scheme")},
    {417, NAME("Unknown Resource-Priority")},
    {420, NAME("Bad Extension")},
    {421, NAME("Extension Required")},
    {422, NAME("Session Interval Too Small")},
    {423, NAME("Interval Too Brief")},
    {424, NAME("Bad Location Information")},
    {428, NAME("Use Identity Header")},
    {429, NAME("Provide Referrer Identity")},
    {430, NAME("Flow Failed")},
    {433, NAME("Anonymity Disallowed")},
    {436, NAME("Bad Identity Info")},
    {437, NAME("Unsupported Credential")},
    {438, NAME("Invalid Identity Header")},
    {439, NAME("First Hop Lacks Outbound Support")},
    {440, NAME("Max-Breadth Exceeded")},
    {469, NAME("Bad Info Package")},
    {470, NAME("Consent Needed")},
    {480, NAME("Temporarily Unavailable")},
    {481, NAME("Call/Transaction Does Not Exist")},
    {482, NAME("Loop Detected")},
    {483, NAME("Too Many Hops")},
    {484, NAME("Address Incomplete")},
    {485, NAME("Ambiguous")},
    {486, NAME("Busy Here")},
    {487, NAME("Request Terminated")},
    {488, NAME("Not Acceptable Here")},
    {489, NAME("Bad Event")},
    {491, NAME("Request Pending")},
    {493, NAME("Undecipherable")},
    {494, NAME("Security Agreement Required")},
    {500, NAME("Server Internal Error")},
    {501, NAME("Not Implemented")},
    {502, NAME("Bad Gateway")},
    {503, NAME("Service Unavailable")},
    {504, NAME("Server Time-out")},
    {505, NAME("Version Not Supported")},
    {513, NAME("Message Too Large")},
    {555, NAME("Push Notification Service Not Supported")},
    {580, NAME("Precondition Failure")},
    {600, NAME("Busy Everywhere")},
    {603, NAME("Decline")},
    {604, NAME("Does Not Exist Anywhere")},
    {606, NAME("Not Acceptable")},
    {607, NAME("Unwanted")},
    {608, NAME("Rejected")},
};

enum sip_method sip_method_of(struct span text)
{
	for (unsigned int i = 1; i < SIP_METHODS; i++) {
		if (span_eq(methods[i], text))
			return i;
	}
	return SIP_UNKNOWN;
}

struct span sip_method_name(enum sip_method m)
{
	return methods[m < SIP_METHODS ? m : SIP_UNKNOWN];
}

struct span sip_reason_of(uint16_t status)
{
	for (unsigned int i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (reasons[i].status == status)
			return reasons[i].text;
	}
	return SPAN("");
}
