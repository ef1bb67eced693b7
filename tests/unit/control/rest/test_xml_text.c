/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/xml_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<TwilioResponse>"
#define TAIL "</TwilioResponse>\n"

static void xml_is(const char *json, const char *expected)
{
	json_t *o = json_loads(json, 0, NULL);
	assert_non_null(o);
	char *text = xml_text_of(o, "Call");
	assert_string_equal(text, expected);
	free(text);
	json_decref(o);
}

static void members_become_camel_case_elements_and_uris_name_xml(void **state)
{
	xml_is("{\"date_created\":null,\"code\":7,\"on\":true,\"uri\":\"/a/b.json\",\"other\":\"b.json\"}",
	    HEAD "<Call><DateCreated></DateCreated><Code>7</Code><On>true</On><Uri>/a/b</Uri>"
	         "<Other>b.json</Other></Call>" TAIL);
	xml_is("{\"subresource_uris\":{\"events\":\"/a/Events.json\"}}",
	    HEAD "<Call><SubresourceUris><Events>/a/Events</Events></SubresourceUris></Call>" TAIL);
}

static void text_cannot_break_out_of_its_element(void **state)
{
	xml_is("{\"to\":\"<a b=\\\"c\\\">&]]>\\u0001\\r\\u00e9\"}",
	    HEAD "<Call><To>&lt;a b=&quot;c&quot;&gt;&amp;]]&gt;\xef\xbf\xbd&#13;\xc3\xa9</To></Call>" TAIL);
}

static void a_page_becomes_a_list_with_attributes(void **state)
{
	xml_is("{\"calls\":[{\"sid\":\"CA1\"},{\"sid\":\"CA2\"}],\"page_size\":2,"
	       "\"next_page_uri\":\"/Calls.json?To=%22&Page=1\"}",
	    HEAD "<Calls pagesize=\"2\" nextpageuri=\"/Calls?To=%22&amp;Page=1\"><Call><Sid>CA1</Sid></Call>"
	         "<Call><Sid>CA2</Sid></Call></Calls>" TAIL);
}

static void csv_quotes_every_cell_and_is_for_pages_only(void **state)
{
	json_t *o =
	    json_loads("{\"calls\":[{\"sid\":\"CA1\",\"to\":\"a\\\"b,c\",\"x\":{}}],\"page\":0}", 0, NULL);
	char *text = csv_text_of(o);
	assert_string_equal(text, "\"Sid\",\"To\"\r\n\"CA1\",\"a\"\"b,c\"\r\n");
	free(text);
	assert_null(csv_text_of(json_array_get(json_object_get(o, "calls"), 0)));
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members_become_camel_case_elements_and_uris_name_xml),
	    cmocka_unit_test(text_cannot_break_out_of_its_element),
	    cmocka_unit_test(a_page_becomes_a_list_with_attributes),
	    cmocka_unit_test(csv_quotes_every_cell_and_is_for_pages_only),
	};
	return cmocka_run_group_tests_name("rest_xml_text", tests, NULL, NULL);
}
