/* SPDX-License-Identifier: Apache-2.0 */
#include "control/cli_parse.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "control/parse_body.h"
#include "control/parse_headers.h"
#include "control/parse_json.h"

static const char help[] =
    "usage: dialplane parse [--bench N] [FILE...|-]\n"
    "\n"
    "Parse each FILE as one SIP message in a datagram and print one JSON object per line.\n"
    "Without FILE, or with -, one message is read from standard input.\n"
    "\n"
    "  file            the name given\n"
    "  verdict         \"ok\" or \"reject\"\n"
    "  status          the status to answer with, 0 when the message must be dropped, null when ok\n"
    "  reason          header, rule and byte offset, null when ok\n"
    "  kind            \"request\", \"response\", or null when the start line is neither\n"
    "  method, uri, version, status_code, reason_phrase\n"
    "                  start line; null where it has none\n"
    "  headers         name (long form), raw_name, offset and length of the value in the message,\n"
    "                  value (folds read as one space), decoded (null: text only, or malformed)\n"
    "  body            offset, length, content_type, sdp (the session description, from inside a multipart\n"
    "                  too; null when there is none), sdp_error, parts (of a multipart; else null)\n"
    "  bench           with --bench only: runs, parse_ns (the index) and check_ns (the index and the "
    "verdict),\n"
    "                  each the mean of N runs over this message\n"
    "\n"
    "Text that is not UTF-8 is shown byte by byte as U+0000 to U+00FF.\n"
    "\n"
    "exit status: 0  every input was read, whatever the verdicts\n"
    "             1  the output could not be written\n"
    "             2  an input could not be read (the others are still parsed), or wrong arguments\n";

static json_t *kind_json(const struct sip_msg *m)
{
	if (!m->is_request)
		return json_string("response");
	return m->version.p ? json_string("request") : json_null();
}

static json_t *reason_json(const struct sip_err *err)
{
	char line[256];
	snprintf(line, sizeof line, "%s at byte %u", err->reason, (unsigned int)err->offset);
	return json_string(line);
}

static json_t *start_uri(const struct sip_msg *m)
{
	if (!m->is_request || !m->ruri.p)
		return json_null();
	json_t *u = pj_uri_text(m->ruri);
	return u ? u : json_pack("{s:o, s:n}", "text", pj_text(m->ruri), "scheme");
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Mean time of one run; with the verdict, too, when check is set. */
static double timed(const char *bytes, uint32_t len, unsigned long runs, bool check)
{
	struct sip_msg m;
	struct sip_err err;
	double from = now_ns();
	for (unsigned long i = 0; i < runs; i++) {
		int rc = sip_msg_parse(&m, bytes, len, SIP_DATAGRAM, &err);
		if (check && rc == 0)
			rc = sip_msg_check(&m, &err);
		__asm__ volatile("" : : "r"(rc), "r"(&m) : "memory"); /* the result is wanted every time */
	}
	return (now_ns() - from) / (double)runs;
}

static json_t *bench_json(const char *bytes, uint32_t len, unsigned long runs)
{
	return json_pack("{s:I, s:f, s:f}", "runs", (json_int_t)runs, "parse_ns",
	    timed(bytes, len, runs, false), "check_ns", timed(bytes, len, runs, true));
}

static json_t *message_json(const char *file, const char *bytes, uint32_t len, unsigned long runs)
{
	struct sip_msg m;
	struct sip_err err;
	bool ok = sip_msg_parse(&m, bytes, len, SIP_DATAGRAM, &err) == 0 && sip_msg_check(&m, &err) == 0;
	json_t *o = json_pack("{s:o, s:s, s:o, s:o, s:o}", "file", pj_text(span_str(file)), "verdict",
	    ok ? "ok" : "reject", "status", ok ? json_null() : json_integer(err.status), "reason",
	    ok ? json_null() : reason_json(&err), "kind", kind_json(&m));
	bool response = !m.is_request;
	json_object_set_new(o, "method", response ? json_null() : pj_filled(m.method_text, pj_text));
	json_object_set_new(o, "uri", start_uri(&m));
	json_object_set_new(o, "version", pj_text(m.version));
	json_object_set_new(o, "status_code", response && m.status ? json_integer(m.status) : json_null());
	json_object_set_new(o, "reason_phrase", response ? pj_text(m.reason) : json_null());
	json_object_set_new(o, "headers", parse_headers(&m));
	json_object_set_new(o, "body", parse_body(&m));
	if (runs)
		json_object_set_new(o, "bench", bench_json(bytes, len, runs));
	return o;
}

/* One byte more than a message may have: the parser then says that it is too large. */
#define READ_MAX (SIP_MSG_BYTES_MAX + 1)

static int print_message(const char *file, FILE *in, unsigned long runs)
{
	static char bytes[READ_MAX];
	size_t n = fread(bytes, 1, sizeof bytes, in);
	if (ferror(in)) {
		fprintf(stderr, "dialplane parse: %s: %s\n", file, strerror(errno));
		return 2;
	}
	json_t *o = message_json(file, bytes, (uint32_t)n, runs);
	bool ok = json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) == 0 && putchar('\n') != EOF;
	json_decref(o);
	return ok ? 0 : 1;
}

static int parse_file(const char *file, unsigned long runs)
{
	if (strcmp(file, "-") == 0)
		return print_message("-", stdin, runs);
	FILE *in = fopen(file, "rb");
	if (!in) {
		fprintf(stderr, "dialplane parse: %s: %s\n", file, strerror(errno));
		return 2;
	}
	int rc = print_message(file, in, runs);
	fclose(in);
	return rc;
}

/* --bench N. 0: it is no number from 1 to 10^9. */
static unsigned long bench_runs(const char *arg)
{
	char *end;
	unsigned long n = arg && *arg >= '0' && *arg <= '9' ? strtoul(arg, &end, 10) : 0;
	return n && *end == '\0' && n <= 1000000000 ? n : 0;
}

static int bad_usage(const char *what, const char *arg)
{
	fprintf(stderr, "dialplane parse: %s%s (see --help)\n", what, arg);
	return 2;
}

/* Options up to the first name. The index of that, or -1 when one is wrong. */
static int options(int argc, char **argv, unsigned long *runs)
{
	int i = 1;
	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		if (strcmp(argv[i], "--bench") != 0)
			return -bad_usage("unknown option ", argv[i]);
		*runs = i + 1 < argc ? bench_runs(argv[++i]) : 0;
		if (*runs == 0)
			return -bad_usage("--bench takes a number of runs from 1 to 1000000000", "");
	}
	return i;
}

int cli_parse(int argc, char **argv)
{
	unsigned long runs = 0;
	int rc = 0;
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return fputs(help, stdout) < 0 ? 1 : 0;
	int i = options(argc, argv, &runs);
	if (i < 0)
		return 2;
	if (i >= argc)
		rc = parse_file("-", runs);
	for (; i < argc && rc != 1; i++) {
		int one = parse_file(argv[i], runs);
		rc = one ? one : rc;
	}
	if (fflush(stdout) != 0)
		rc = 1;
	return rc;
}
