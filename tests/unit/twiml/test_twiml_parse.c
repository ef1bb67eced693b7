/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of other people's servers: what runs, what is said about the rest, and where. */
#include "tests/unit/sip/cm.h"

#include "twiml/twiml_parse.h"

#include <stdio.h>
#include <stdlib.h>

static struct twiml_program *prog;

static struct twiml_program *parse(const char *text)
{
	twiml_program_free(prog);
	prog = twiml_parse(text, strlen(text));
	assert_non_null(prog);
	return prog;
}

static int teardown(void **state)
{
	twiml_program_free(prog);
	prog = NULL;
	return 0;
}

static void rejected(const char *text, int code, uint32_t line, uint32_t col)
{
	parse(text);
	assert_false(prog->ok);
	assert_null(prog->root);
	assert_int_equal(prog->n_notes, 1);
	assert_int_equal(prog->notes->code, code);
	assert_true(prog->notes->error);
	assert_int_equal(prog->notes->line, line);
	assert_int_equal(prog->notes->col, col);
}

static const struct twiml_note *noted(int code)
{
	for (const struct twiml_note *n = prog->notes; n; n = n->next)
		if (n->code == code)
			return n;
	return NULL;
}

static const struct twiml_node *first(void)
{
	assert_true(prog->ok);
	assert_non_null(prog->root->child);
	return prog->root->child;
}

static void equals(struct span s, const char *text)
{
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(s.p, text, s.len);
	assert_int_equal(s.p[s.len], 0);
}

static void bad_xml_is_12100_with_its_place(void **state)
{
	rejected("<Response>\n<Dial>", 12100, 2, 7);
	rejected("<Response>&nbsp;</Response>", 12100, 1, 17);
	rejected("<Response/>tail", 12100, 1, 12);
	rejected("hello", 12100, 1, 1);
	rejected("<Response a='1' a='2'/>", 12100, 1, 22);
	rejected("<Response><Sip>a@b?x=1&y=2</Sip></Response>", 12100, 1, 25);
}

static void another_version_is_12101(void **state)
{
	rejected("<?xml version=\"1.1\"?><Response/>", 12101, 1, 1);
	rejected("<?xml version='2.0' ?><Response/>", 12101, 1, 1);
	assert_true(parse("<?xml version='1.0' encoding='utf-8'?><Response/>")->ok);
}

static void wrong_root_is_12102(void **state)
{
	rejected("\n <response/>", 12102, 2, 2);
	rejected("<Dial/>", 12102, 1, 1);
	rejected("<x:Response xmlns:x='u'/>", 12102, 1, 1);
}

static void nothing_is_11770_and_too_much_is_11750(void **state)
{
	rejected("", 11770, 1, 1);
	rejected(" \n\t", 11770, 1, 1);
	char *big = malloc(65538);
	memset(big, ' ', 65537);
	memcpy(big, "<Response/>", 11);
	big[65536] = '\0';
	assert_true(parse(big)->ok);
	big[65536] = ' ';
	big[65537] = '\0';
	rejected(big, 11750, 1, 1);
	free(big);
}

static void a_document_type_is_refused_whatever_it_declares(void **state)
{
	rejected("<!DOCTYPE Response><Response/>", 12100, 1, 1);
	rejected(
	    "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'y'>]><Response>&x;</Response>", 12100, 2, 1);
	rejected("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><Response/>", 12100, 1, 1);
	rejected("<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/'>%p;]><Response/>", 12100, 1, 1);
}

static void only_utf8_is_read(void **state)
{
	rejected("<Response>\xff</Response>", 12100, 1, 1);
	rejected("<Response>\xc0\xaf</Response>", 12100, 1, 1);
	rejected("<Response>\xe0\x80\xaf</Response>", 12100, 1, 1);
	rejected("<Response>\xed\xa0\x80</Response>", 12100, 1, 1);
	rejected("<Response>\xf4\x90\x80\x80</Response>", 12100, 1, 1);
	rejected("<Response>\xe2\x82", 12100, 1, 1);
	rejected("<?xml version='1.0' encoding='ISO-8859-1'?><Response/>", 12100, 1, 1);
	rejected("<?xml version='1.0' encoding='UTF-16'?><Response/>", 12100, 1, 1);
	twiml_program_free(prog);
	prog = twiml_parse("<\0R\0/\0>\0", 8);
	assert_false(prog->ok);
	assert_true(parse("\xef\xbb\xbf<Response/>")->ok);
	assert_true(parse("<Response><!-- \xe2\x82\xac --></Response>")->ok);
}

static void nest(char *out, int depth)
{
	char *p = out;
	p += sprintf(p, "<Response>");
	for (int i = 1; i < depth; i++)
		p += sprintf(p, "<a>");
	for (int i = 1; i < depth; i++)
		p += sprintf(p, "</a>");
	sprintf(p, "</Response>");
}

static void sixteen_levels_and_no_more(void **state)
{
	char text[512];
	nest(text, 16);
	assert_true(parse(text)->ok);
	nest(text, 17);
	rejected(text, 12100, 1, 11 + 15 * 3);
}

static void sixty_four_attributes_and_no_more(void **state)
{
	char text[4096], *p = text;
	p += sprintf(p, "<Response><Hangup");
	for (int i = 0; i < 64; i++)
		p += sprintf(p, " a%d=''", i);
	strcpy(p, "/></Response>");
	assert_true(parse(text)->ok);
	assert_int_equal(prog->n_notes, TWIML_NOTES_MAX);
	strcpy(p, " b=''/></Response>");
	rejected(text, 12100, 1, 11);
}

static void more_remarks_than_are_kept_are_counted(void **state)
{
	char text[4096], *p = text + sprintf(text, "<Response>");
	for (int i = 0; i < TWIML_NOTES_MAX + 7; i++)
		p += sprintf(p, "<Foo/>");
	strcpy(p, "</Response>");
	assert_true(parse(text)->ok);
	assert_int_equal(prog->n_notes, TWIML_NOTES_MAX);
	assert_int_equal(prog->notes_dropped, 7);
}

static void the_five_entities_and_characters_by_number_work_everywhere(void **state)
{
	parse("<Response><Redirect "
	      "method='&#80;OST'>/a?x=1&amp;y=&lt;&gt;&quot;&apos;&#x41;</Redirect></Response>");
	equals(first()->text, "/a?x=1&y=<>\"'A");
	equals(twiml_attr(first(), "method"), "POST");
	parse("<Response><Dial action='/a?x=1&amp;y=2'>1</Dial></Response>");
	equals(twiml_attr(first(), "action"), "/a?x=1&y=2");
}

static void white_space_comments_and_cdata_around_a_noun_mean_nothing(void **state)
{
	parse("<Response>\n<!-- a --><Dial><?pi b?>\r\n<Sip>\n\t sip:jack@example.com<!-- c "
	      "-->;a=<![CDATA[b?x-c=d&e]]> \n"
	      "</Sip></Dial></Response>");
	equals(first()->child->text, "sip:jack@example.com;a=b?x-c=d&e");
	assert_false(first()->refused);
	assert_int_equal(prog->n_notes, 0);
}

static void an_unknown_verb_is_12200_and_skipped(void **state)
{
	parse("<Response>\n  <Foo><Hangup/></Foo><Hangup/></Response>");
	assert_true(first()->skip);
	assert_true(first()->child->skip);
	assert_false(first()->next->skip);
	assert_int_equal(prog->n_notes, 1);
	assert_int_equal(prog->notes->code, 12200);
	assert_false(prog->notes->error);
	assert_int_equal(prog->notes->line, 2);
	assert_int_equal(prog->notes->col, 3);
}

static void names_are_case_sensitive(void **state)
{
	parse("<Response><hangup/><Dial TIMEOUT='5'>1</Dial></Response>");
	assert_true(first()->skip);
	assert_int_equal(twiml_attr_number(first()->next, "timeout"), 30);
}

static void every_verb_of_the_table_is_recognised(void **state)
{
	char text[128];
	for (int i = 0; i < TWIML_EL_COUNT; i++) {
		if (!(twiml_elems[i].parents & UINT64_C(1) << TWIML_EL_RESPONSE))
			continue;
		snprintf(text, sizeof text, "<Response><%s/></Response>", twiml_elems[i].name);
		parse(text);
		assert_int_equal(first()->elem, i);
		assert_int_equal(first()->skip, !twiml_elems[i].built);
		if (!twiml_elems[i].built) {
			assert_int_equal(prog->notes->code, 12200);
			assert_non_null(strstr(prog->notes->text, "not built yet: <"));
		}
	}
}

static void a_bad_value_is_told_by_its_code_and_the_default_counts(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *attr, *value;
	} rows[] = {
	    {"<Dial timeout='0'>1</Dial>", 13212, "timeout", "30"},
	    {"<Dial timeout='601'>1</Dial>", 13212, "timeout", "30"},
	    {"<Dial timeout='x'>1</Dial>", 13212, "timeout", "30"},
	    {"<Dial timeout=''>1</Dial>", 13212, "timeout", "30"},
	    {"<Dial timeLimit='0'>1</Dial>", 13216, "timeLimit", "14400"},
	    {"<Dial timeLimit='99999999999999999999'>1</Dial>", 13216, "timeLimit", "14400"},
	    {"<Dial method='PUT'>1</Dial>", 13210, "method", "POST"},
	    {"<Dial hangupOnStar='yes'>1</Dial>", 13213, "hangupOnStar", "false"},
	    {"<Dial record='maybe'>1</Dial>", 13217, "record", "do-not-record"},
	    {"<Dial ringTone='xx'>1</Dial>", 13220, NULL, NULL},
	    {"<Redirect method='DELETE'>/</Redirect>", 13710, "method", "POST"},
	    {"<Pause length='0'/>", 13910, "length", "1"},
	    {"<Pause length='-5'/>", 13910, "length", "1"},
	    {"<Reject reason='tired'/>", 13810, "reason", "rejected"},
	    {"<Gather finishOnKey='##'/>", 13310, "finishOnKey", "#"},
	    {"<Record maxLength='0'/>", 13612, "maxLength", "3600"},
	};
	char text[256];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		snprintf(text, sizeof text, "<Response>%s</Response>", rows[i].text);
		parse(text);
		assert_non_null(noted(rows[i].code));
		if (rows[i].attr)
			equals(twiml_attr(first(), rows[i].attr), rows[i].value);
	}
}

static void good_values_are_taken_as_written(void **state)
{
	parse("<Response><Dial timeout='600' timeLimit='1' method='get' "
	      "callerId='+1-5_5.x'>1</Dial></Response>");
	assert_int_equal(twiml_attr_number(first(), "timeout"), 600);
	assert_int_equal(twiml_attr_number(first(), "timeLimit"), 1);
	equals(twiml_attr(first(), "method"), "get");
	equals(twiml_attr(first(), "callerId"), "+1-5_5.x");
	assert_null(twiml_attr(first(), "action").p);
}

static void an_attribute_that_is_not_built_is_told_unless_it_asks_for_nothing(void **state)
{
	parse("<Response><Dial hangupOnStar='true'><Sip>a@b</Sip></Dial></Response>");
	assert_int_equal(prog->n_notes, 1);
	assert_non_null(strstr(prog->notes->text, "not built yet: attribute \"hangupOnStar\""));
	parse("<Response><Dial hangupOnStar='false' record='do-not-record'><Sip>a@b</Sip></Dial></Response>");
	assert_int_equal(prog->n_notes, 0);
	parse("<Response><Dial foo='1'><Sip bar='2'>a@b</Sip></Dial></Response>");
	assert_int_equal(prog->n_notes, 2);
	assert_false(first()->refused);
}

static void a_dial_with_nouns_that_do_not_go_together_is_refused_whole(void **state)
{
	static const struct {
		const char *text;
		int code;
	} rows[] = {
	    {"<Dial><Conference>a</Conference></Dial>", 12200},
	    {"<Dial><Sip>a@b</Sip><Queue>q</Queue></Dial>", 13215},
	    {"<Dial>1<Sip>a@b</Sip></Dial>", 13215},
	    {"<Dial><Sip>1</Sip><Sip>2</Sip><Sip>3</Sip><Sip>4</Sip><Sip>5</Sip><Sip>6</Sip><Sip>7</Sip>"
	     "<Sip>8</Sip><Client>9</Client><Number>10</Number><Sip>11</Sip></Dial>",
	        13215},
	    {"<Dial/>", 13223},
	    {"<Dial><Foo/></Dial>", 13223},
	    {"<Dial><Sip> </Sip></Dial>", 13243},
	    {"<Dial><Number/></Dial>", 13223},
	    {"<Dial><Sip><Uri> </Uri></Sip></Dial>", 13243},
	    {"<Dial><Sip><Uri>a@b</Uri><Uri>c@d</Uri></Sip></Dial>", 13250},
	};
	char text[512];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		snprintf(text, sizeof text, "<Response>%s</Response>", rows[i].text);
		parse(text);
		assert_true(first()->refused);
		bool told = false;
		for (const struct twiml_note *n = prog->notes; n; n = n->next)
			told |= n->error && n->code == rows[i].code;
		assert_true(told);
	}
}

/* The addresses of the first verb's nouns, with a blank behind each. */
static const char *nouns(const char *dial)
{
	static char out[512];
	char text[1024];
	snprintf(text, sizeof text, "<Response>%s</Response>", dial);
	parse(text);
	out[0] = '\0';
	for (const struct twiml_node *n = NULL; (n = twiml_dial_noun(first(), n));) {
		strcat(out, twiml_noun_address(n).p);
		strcat(out, " ");
	}
	return out;
}

static void nouns_stand_in_document_order(void **state)
{
	assert_string_equal(nouns("<Dial>415-123</Dial>"), "415-123 ");
	assert_string_equal(
	    nouns("<Dial><Number>1</Number><Sip>a@b</Sip><Client>bob</Client></Dial>"), "1 a@b bob ");
	assert_string_equal(
	    nouns("<Dial><Sip>1</Sip><Sip>2</Sip><Sip>3</Sip><Sip>4</Sip><Sip>5</Sip><Sip>6</Sip>"
	          "<Sip>7</Sip><Sip>8</Sip><Sip>9</Sip><Sip>10</Sip></Dial>"),
	    "1 2 3 4 5 6 7 8 9 10 ");
	assert_int_equal(prog->n_notes, 0);
}

static void a_noun_that_names_nobody_is_left_out(void **state)
{
	assert_string_equal(nouns("<Dial><Sip/><Foo/><Sip>c@d</Sip><Number> </Number></Dial>"), "c@d ");
	assert_false(first()->refused);
	assert_true(noted(13243)->error);
	assert_true(noted(13223)->error);
	assert_non_null(noted(12200));
}

static void the_older_forms_name_their_address_inside(void **state)
{
	assert_string_equal(nouns("<Dial><Sip><Headers><Header name='x-a' value='1'/></Headers>"
	                          "<Uri> sip:a@b </Uri></Sip></Dial>"),
	    "sip:a@b ");
	assert_int_equal(prog->n_notes, 0);
	assert_string_equal(nouns("<Dial><Client><Identity>bob</Identity></Client></Dial>"), "bob ");
}

static void a_remark_holds_no_control_bytes(void **state)
{
	parse("<Response><Dial timeout='1&#10;2'>1</Dial></Response>");
	assert_non_null(strchr(noted(13212)->text, '?'));
	assert_null(strchr(noted(13212)->text, '\n'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(bad_xml_is_12100_with_its_place, teardown),
	    cmocka_unit_test_teardown(another_version_is_12101, teardown),
	    cmocka_unit_test_teardown(wrong_root_is_12102, teardown),
	    cmocka_unit_test_teardown(nothing_is_11770_and_too_much_is_11750, teardown),
	    cmocka_unit_test_teardown(a_document_type_is_refused_whatever_it_declares, teardown),
	    cmocka_unit_test_teardown(only_utf8_is_read, teardown),
	    cmocka_unit_test_teardown(sixteen_levels_and_no_more, teardown),
	    cmocka_unit_test_teardown(sixty_four_attributes_and_no_more, teardown),
	    cmocka_unit_test_teardown(more_remarks_than_are_kept_are_counted, teardown),
	    cmocka_unit_test_teardown(the_five_entities_and_characters_by_number_work_everywhere, teardown),
	    cmocka_unit_test_teardown(white_space_comments_and_cdata_around_a_noun_mean_nothing, teardown),
	    cmocka_unit_test_teardown(an_unknown_verb_is_12200_and_skipped, teardown),
	    cmocka_unit_test_teardown(names_are_case_sensitive, teardown),
	    cmocka_unit_test_teardown(every_verb_of_the_table_is_recognised, teardown),
	    cmocka_unit_test_teardown(a_bad_value_is_told_by_its_code_and_the_default_counts, teardown),
	    cmocka_unit_test_teardown(good_values_are_taken_as_written, teardown),
	    cmocka_unit_test_teardown(
	        an_attribute_that_is_not_built_is_told_unless_it_asks_for_nothing, teardown),
	    cmocka_unit_test_teardown(a_dial_with_nouns_that_do_not_go_together_is_refused_whole, teardown),
	    cmocka_unit_test_teardown(nouns_stand_in_document_order, teardown),
	    cmocka_unit_test_teardown(a_noun_that_names_nobody_is_left_out, teardown),
	    cmocka_unit_test_teardown(the_older_forms_name_their_address_inside, teardown),
	    cmocka_unit_test_teardown(a_remark_holds_no_control_bytes, teardown),
	};
	return cmocka_run_group_tests_name("twiml_parse", tests, NULL, NULL);
}
