/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/stream.h"

const char *stream_end_words(enum stream_end e)
{
	static const char *const WORDS[STREAM_ENDS] = {
	    [STREAM_END_LOCAL] = "connection closed",
	    [STREAM_END_FIN] = "connection closed by the far side",
	    [STREAM_END_RESET] = "connection reset by the far side",
	    [STREAM_END_REFUSED] = "connection refused: nobody listens on the target's port",
	    [STREAM_END_TIMEOUT] = "connection timed out",
	    [STREAM_END_UNREACHABLE] = "connection failed: the target cannot be reached",
	    [STREAM_END_LIMIT] = "no room for another connection",
	};
	return e < STREAM_ENDS ? WORDS[e] : "connection ended";
}
