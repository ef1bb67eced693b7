/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/infra/infra.h"

#include "control/log.h"
#include "control/log_text.h"

#include <fcntl.h>
#include <jansson.h>
#include <time.h>
#include <unistd.h>

static int saved = -1, file = -1;

/* Standard error into a file while the lines are written. */
static void catch_lines(void)
{
	char name[] = "/tmp/dialplane-log-XXXXXX";
	file = mkstemp(name);
	unlink(name);
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	dup2(file, STDERR_FILENO);
}

static char *caught(void)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	off_t n = lseek(file, 0, SEEK_END);
	char *text = calloc(1, (size_t)n + 1);
	assert_int_equal(pread(file, text, (size_t)n, 0), n);
	close(file);
	return text;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;
	for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

static void escaped(const char *in, bool json, const char *expected)
{
	char out[256];
	struct buf b = buf_on(out, sizeof out - 1);
	log_escape(&b, in, json);
	out[b.len] = 0;
	assert_string_equal(out, expected);
}

static void nothing_from_outside_ends_a_line_or_drives_a_terminal(void **state)
{
	escaped("a\nb\r\x1b[31m\x7f", false, "a\\x0ab\\x0d\\x1b[31m\\x7f");
	escaped("\xff\xc3\xa9\xc3", false, "\\xff\xc3\xa9\\xc3");
	escaped("\xc2\x9b"
	        "31m",
	    false, "\\xc2\\x9b31m");
	escaped("a\xe2\x80\xae"
	        "b\xe2\x81\xa6"
	        "c\xe2\x82\xac",
	    false, "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6c\xe2\x82\xac");
	escaped("back\\slash \"q\"", false, "back\\\\slash \"q\"");
	escaped("back\\slash \"q\"\n", true, "back\\\\slash \\\"q\\\"\\u000a");
	escaped("\xff", true, "\\\\xff");
}

static void passwords_in_urls_are_left_out(void **state)
{
	escaped("GET http://user:secret@host/x failed", false, "GET http://***@host/x failed");
	escaped("http://user@host and https://a:b@c", false, "http://***@host and https://***@c");
	escaped("http://host/a@b sip:x@y", false, "http://host/a@b sip:x@y");
}

static void every_json_line_is_json_with_its_fields(void **state)
{
	char nasty[256];
	for (int i = 0; i < 255; i++)
		nasty[i] = (char)(i + 1);
	nasty[255] = 0;
	log_init(LOG_DEBUG, true);
	catch_lines();
	log_line(LOG_ERROR, "call", "CA1\"\n", "%s", nasty);
	log_line(LOG_DEBUG, "area", NULL, "plain %d", 5);
	char *text = caught();
	char *second = strchr(text, '\n') + 1;
	assert_int_equal(count(text, "\n"), 2);
	second[-1] = 0;
	json_error_t e;
	json_t *j = json_loads(text, 0, &e);
	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "level")), "error");
	assert_string_equal(json_string_value(json_object_get(j, "area")), "call");
	assert_string_equal(json_string_value(json_object_get(j, "call_sid")), "CA1\"\n");
	json_decref(j);
	j = json_loads(second, 0, &e);
	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "msg")), "plain 5");
	assert_null(json_object_get(j, "call_sid"));
	json_decref(j);
	free(text);
}

static void a_long_text_is_cut_and_the_line_stays_whole(void **state)
{
	char big[3000];
	memset(big, '\n', sizeof big - 1);
	big[sizeof big - 1] = 0;
	log_init(LOG_INFO, true);
	catch_lines();
	log_line(LOG_INFO, "a", "", "%s", big);
	char *text = caught();
	assert_int_equal(count(text, "\n"), 1);
	assert_true(strlen(text) <= LOG_LINE_MAX);
	json_error_t e;
	json_t *j = json_loads(text, 0, &e);
	assert_non_null(j);
	json_decref(j);
	free(text);
}

static void lines_below_the_level_are_not_written(void **state)
{
	log_init(LOG_WARN, false);
	catch_lines();
	log_line(LOG_INFO, "a", "", "no");
	log_line(LOG_WARN, "a", "CA7", "yes");
	char *text = caught();
	assert_int_equal(count(text, "\n"), 1);
	assert_non_null(strstr(text, " warn a CA7 yes\n"));
	free(text);
}

static void a_flood_of_one_kind_is_held_back_and_counted(void **state)
{
	log_init(LOG_INFO, false);
	struct timespec t;
	do /* stay inside one second */
		clock_gettime(CLOCK_REALTIME, &t);
	while (t.tv_nsec > 300000000);
	catch_lines();
	for (unsigned i = 0; i < 500; i++) {
		log_line(LOG_INFO, "sip", "", "stray response %u", i);
		if (i % 100 == 0)
			log_line(LOG_INFO, "sip", "", "other kind %u", i);
	}
	for (unsigned i = 0; i < 200; i++) {
		char text_[32];
		snprintf(text_, sizeof text_, "kind by words %u", i);
		log_line(LOG_INFO, "call", "", "%s", text_);
	}
	log_flush();
	char *text = caught();
	assert_int_equal(count(text, "sip stray response"), 50);
	assert_int_equal(count(text, "other kind"), 5);
	assert_int_equal(count(text, "call kind by words"), 50);
	assert_non_null(strstr(text, "suppressed 450 lines like: stray response"));
	assert_non_null(strstr(text, "suppressed 150 lines like: kind by words"));
	assert_int_equal(log_suppressed(), 600);
	free(text);
}

static void a_reader_that_stopped_does_not_stop_us(void **state)
{
	int p[2];
	log_init(LOG_INFO, false);
	assert_int_equal(pipe(p), 0);
	fflush(stderr);
	int before = dup(STDERR_FILENO);
	dup2(p[1], STDERR_FILENO);
	char big[1400];
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = 0;
	for (unsigned i = 0; i < 200; i++) { /* twice what a pipe holds; each its own kind */
		char word[16];
		snprintf(word, sizeof word, "a%c%c", 'a' + i % 26, 'a' + i / 26);
		log_line(LOG_INFO, word, "", "%s", big);
	}
	dup2(before, STDERR_FILENO);
	close(before);
	close(p[0]);
	close(p[1]);
	assert_true(log_suppressed() > 50);
}

static void hidden(const char *text, const char *want)
{
	char room[128];
	snprintf(room, sizeof room, "%s", text);
	log_hide_passwords(room);
	assert_string_equal(room, want);
}

static void passwords_of_a_document_are_not_kept(void **state)
{
	hidden("<Sip username='a' password='secret'>x</Sip>", "<Sip username='a' password='***'>x</Sip>");
	hidden("<Sip Password = \n\"it's\" /><Sip password=\"b\"/>",
	    "<Sip Password = \n\"***\" /><Sip password=\"*\"/>");
	hidden("<Sip password=''/>", "<Sip password=''/>");
	hidden("<Sip password='cut off", "<Sip password='***");
	hidden("<Say>your password is wrong</Say> password= password",
	    "<Say>your password is wrong</Say> password= password");
	hidden("password", "password");
	hidden("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_from_outside_ends_a_line_or_drives_a_terminal),
	    cmocka_unit_test(passwords_in_urls_are_left_out),
	    cmocka_unit_test(passwords_of_a_document_are_not_kept),
	    cmocka_unit_test(every_json_line_is_json_with_its_fields),
	    cmocka_unit_test(a_long_text_is_cut_and_the_line_stays_whole),
	    cmocka_unit_test(lines_below_the_level_are_not_written),
	    cmocka_unit_test(a_flood_of_one_kind_is_held_back_and_counted),
	    cmocka_unit_test(a_reader_that_stopped_does_not_stop_us),
	};
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
