/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that other people's generators and applications make, and XML attacks: those that are well-formed
 * run, those that are not are refused with Twilio's code. Needs the shared vectors; skipped without them. */
#include "tests/unit/nothing.h"
#include "tests/unit/sip/cm.h"

#include "twiml/twiml_parse.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static char dir_name[512];
static char doc[70000];

static DIR *open_vectors(const char *name)
{
	const char *root = getenv("DIALPLANE_VECTORS");
	snprintf(dir_name, sizeof dir_name, "%s/%s", root ? root : SOURCE_ROOT "/../shared/vectors", name);
	return opendir(dir_name);
}

static bool is_document(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot && (strcmp(dot, ".xml") == 0 || strcmp(dot, ".twiml") == 0);
}

static size_t read_doc(const char *name)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/%s", dir_name, name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t n = fread(doc, 1, 65000, f);
	fclose(f);
	doc[n] = '\0';
	return n;
}

/* Fixtures whose root is a verb or a noun stand inside <Response>, as their makers would send them. */
static void wrap(void)
{
	char *start = strncmp(doc, "<?xml", 5) == 0 ? strstr(doc, "?>") + 2 : doc, *copy = strdup(start);
	snprintf(doc, sizeof doc, "<Response>%s</Response>", copy);
	free(copy);
}

static bool raw_ampersand(void)
{
	for (const char *p = doc; (p = strchr(p, '&')); p++)
		if (p[1 + strspn(p + 1, "#abcdefghijklmnopqrstuvwxyz0123456789")] != ';')
			return true;
	return false;
}

static void twiml_of_others_runs(void **state)
{
	DIR *d = open_vectors("twilio-twiml");
	if (!d)
		NOTHING_TO_CHECK("no vectors");
	int n = 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (!is_document(e->d_name))
			continue;
		read_doc(e->d_name);
		if (!strstr(doc, "<Response"))
			wrap();
		struct twiml_program *p = twiml_parse(doc, strlen(doc));
		if (p->ok == raw_ampersand())
			fail_msg("%s: %s", e->d_name, p->notes ? p->notes->text : "ok");
		if (!p->ok)
			assert_int_equal(p->notes->code, 12100);
		twiml_program_free(p);
		n++;
	}
	closedir(d);
	assert_true(n >= 100);
}

static void attacks_are_refused(void **state)
{
	DIR *d = open_vectors("xml-attacks");
	if (!d)
		NOTHING_TO_CHECK("no vectors");
	for (struct dirent *e; (e = readdir(d));) {
		if (!is_document(e->d_name))
			continue;
		size_t n = read_doc(e->d_name);
		struct twiml_program *p = twiml_parse(doc, n);
		assert_false(p->ok);
		assert_int_equal(p->notes->code, strstr(doc, "<!DOCTYPE") ? 12100 : 12102);
		twiml_program_free(p);
	}
	closedir(d);
}

/* Every prefix of a real document: refused, not read beyond (the parser gets exactly that many bytes). */
static void a_document_cut_anywhere_is_refused(void **state)
{
	static const char text[] =
	    "<?xml version='1.0' encoding='UTF-8'?><Response><Dial timeout='10' action='/a?x=1&amp;b'>"
	    "<Sip>sip:jack@example.com?x-a=1&amp;x-b=2</Sip></Dial><!-- c --><Say>\xc3\xa9</Say></Response>";
	for (size_t n = 0; n < sizeof text - 1; n++) {
		char *exact = malloc(n + !n);
		memcpy(exact, text, n);
		struct twiml_program *p = twiml_parse(exact, n);
		assert_false(p->ok);
		twiml_program_free(p);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(twiml_of_others_runs),
	    cmocka_unit_test(attacks_are_refused),
	    cmocka_unit_test(a_document_cut_anywhere_is_refused),
	};
	return cmocka_run_group_tests_name("twiml_vectors", tests, NULL, NULL);
}
