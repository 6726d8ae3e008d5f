/* An array into its elements: what is broken in one of them leaves the others whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/json.h"

/* Splits, and expects these elements, each in angle brackets, and " broken" behind them where the framing is. */
static void assert_split(const char *array, const char *expected) {
    struct tp_buf got = TP_BUF_INIT;
    struct tp_str rest = tp_str(array), element;
    int result;
    while ((result = tp_json_split(&rest, &element)) > 0)
        tp_buf_addf(&got, "<%.*s>", TP_FMT(element));
    if (result < 0) {
        assert_int_equal(result, TP_EJSON);
        tp_buf_adds(&got, " broken");
    }
    tp_buf_addc(&got, 0);
    assert_string_equal(got.at, expected);
    tp_buf_free(&got);
}

static void the_elements_as_they_stand(void **state) {
    (void)state;
    assert_split("[]", "");
    assert_split("[ \n ] \t", "");
    assert_split("[1]", "<1>");
    assert_split("[ {\"a\":1} , {\"b\":[2,3]} ,4, \"5\",null ] ", "<{\"a\":1}><{\"b\":[2,3]}><4><\"5\"><null>");
    assert_split("[[],[[]],{}]", "<[]><[[]]><{}>");
    assert_split("[\"],[\",\"\\\"],\",{\"}\":\"]\"}]", "<\"],[\"><\"\\\"],\"><{\"}\":\"]\"}>");
}

static void broken_framing(void **state) {
    (void)state;
    assert_split("", " broken");
    assert_split("{}", " broken");
    assert_split("[", " broken");
    assert_split("[1", " broken");
    assert_split("[1,", "<1> broken");
    assert_split("[,1]", " broken");
    assert_split("[1,,2]", "<1> broken");
    assert_split("[1,]", "<1> broken");
    assert_split("[1 2]", " broken");
    assert_split("[{\"a\":1} {\"b\":2}]", " broken");
    assert_split("[\"a\"\"b\"]", " broken");
    assert_split("[1{\"a\":2}]", " broken");
    assert_split("[1]]", "<1> broken");
    assert_split("[1],", "<1> broken");
    assert_split("[1] [2]", "<1> broken");
    assert_split("[]x", " broken");
    assert_split("[{\"a\":1", " broken");
    assert_split("[{\"a\":\"1}]", " broken");
    assert_split("[\"\\\"]", " broken");
}

static void a_broken_element_is_an_element(void **state) {
    (void)state;
    assert_split("[{\"a\":tru},{\"b\":1}]", "<{\"a\":tru}><{\"b\":1}>");
    assert_split("[tru,{a},[1,,2],{\"a\" 1},{},-]", "<tru><{a}><[1,,2]><{\"a\" 1}><{}><->");
    assert_split("[{\"a\":\"\\u0000 \\x\n\"},{}]", "<{\"a\":\"\\u0000 \\x\n\"}><{}>");
}

static void wrong_brackets_stay_within_their_element(void **state) {
    (void)state;
    assert_split("[{\"a\":1], {\"b\":2}]", "<{\"a\":1]><{\"b\":2}>");   /* another kind than was opened */
    assert_split("[[1}, {\"b\":2}]", "<[1}><{\"b\":2}>");               /* likewise */
    assert_split("[{\"a\":[1}, {\"b\":2}]", "<{\"a\":[1}><{\"b\":2}>"); /* a list left open */
    assert_split("[[{\"a\":1], {\"b\":2}]", "<[{\"a\":1]><{\"b\":2}>"); /* an object left open */
    assert_split("[{\"a\":1}}, {\"b\":2}]", "<{\"a\":1}}><{\"b\":2}>"); /* closed twice */
    assert_split("[}, 1}, {\"b\":2}]", "<}><1}><{\"b\":2}>");           /* never opened */
    assert_split("[{\"b\":2}, {\"a\":1 ]\n", "<{\"b\":2}><{\"a\":1 >"); /* the last one left open */
    assert_split("[{\"a\":1], {\"b\":[2}, {\"c\":3}}, {\"d\":4}]", "<{\"a\":1]><{\"b\":[2}><{\"c\":3}}><{\"d\":4}>");
}

static void as_deep_as_it_likes(void **state) {
    (void)state;
    enum { depth = 10000 };
    struct tp_buf array = TP_BUF_INIT;
    struct tp_str element;
    tp_buf_addc(&array, '[');
    for (int i = 0; i < depth; i++)
        tp_buf_adds(&array, i % 2 ? "[" : "{");
    for (int i = depth; i > 0; i--)
        tp_buf_adds(&array, i % 2 ? "}" : "]");
    tp_buf_adds(&array, ",{\"b\":2}]");
    struct tp_str rest = tp_buf_str(&array);
    assert_int_equal(tp_json_split(&rest, &element), 1);
    assert_int_equal(element.len, 2 * depth);
    assert_int_equal(tp_json_split(&rest, &element), 1);
    assert_true(tp_str_is(element, "{\"b\":2}"));
    assert_int_equal(tp_json_split(&rest, &element), 0);
    tp_buf_free(&array);
}

/* jansson is the witness. */
static void what_is_json_splits_as_it_parses(void **state) {
    (void)state;
    const char *array = " [ {\"a\":[1,{\"b\":\"]}\\\\\"}]}, \"x\\\\\", [ [] , {} ] ,1e5,null , {\"\\\"\":\"[\"} ]";
    struct tp_str rest = tp_str(array + 1), element;
    json_t *whole = json_loads(array, 0, NULL);
    size_t index = 0;
    for (; tp_json_split(&rest, &element) > 0; index++) {
        json_t *part = json_loadb(element.at, element.len, JSON_DECODE_ANY, NULL);
        assert_true(json_equal(part, json_array_get(whole, index)));
        json_decref(part);
    }
    assert_int_equal(index, json_array_size(whole));
    json_decref(whole);
}

static void count_safely(struct tp_str bytes) {
    struct tp_str rest = bytes, element;
    while (tp_json_split(&rest, &element) > 0) {
        assert_true(element.len > 0 && element.at > bytes.at);
        assert_true(rest.at >= element.at + element.len && rest.at + rest.len == bytes.at + bytes.len);
    }
}

/* On the heap, so that the address sanitizer sees each step beside them. */
static void no_bytes_lead_outside(void **state) {
    (void)state;
    const char array[] = "[{\"a\":[1,\"\\\"\"]}, \"b\\\\\" ,[{}] ]";
    const char other[] = "[]{}\",\\ 1";
    size_t len = sizeof array - 1;
    for (size_t cut = 0; cut <= len; cut++) {
        char *exact = malloc(cut ? cut : 1);
        memcpy(exact, array, cut);
        count_safely((struct tp_str){exact, cut});
        for (size_t i = 0; i < cut; i++) {
            for (size_t k = 0; k < sizeof other - 1; k++) {
                exact[i] = other[k];
                count_safely((struct tp_str){exact, cut});
            }
            exact[i] = array[i];
        }
        free(exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_elements_as_they_stand),
        cmocka_unit_test(broken_framing),
        cmocka_unit_test(a_broken_element_is_an_element),
        cmocka_unit_test(wrong_brackets_stay_within_their_element),
        cmocka_unit_test(as_deep_as_it_likes),
        cmocka_unit_test(what_is_json_splits_as_it_parses),
        cmocka_unit_test(no_bytes_lead_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
