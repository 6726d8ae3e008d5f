/* An interaction into the journal and out again, and the customer put into it. */
#include "common/interaction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/error.h"

#define HEAD "{\"schema\":1,\"id\":\"e-1\",\"customer\":{"

static struct tp_interaction an_interaction(void) {
    return (struct tp_interaction){
        .source = TP_STR("shop"),
        .id = TP_STR("e-1"),
        .channel = TP_STR("web"),
        .type = TP_STR("page"),
        .time_ms = 1767323045678,
        .received_ms = 1767323045999,
        .key = UINT64_C(0xfedcba9876543210),
        .content = 42,
        .n_identifiers = 2,
        .identifiers = {{TP_STR("email"), TP_STR("ann@example.com")}, {TP_STR("phone"), TP_STR("+447700900123")}},
        .json = TP_STR(HEAD "\"identifiers\":[]},\"text\":\"\\\"customer\\\":{\"}"),
        .customer_at = sizeof HEAD - 1,
    };
}

static void assert_text(struct tp_str is, struct tp_str expected) {
    assert_int_equal(is.len, expected.len);
    assert_memory_equal(is.at, expected.at, is.len);
}

static void it_comes_back_as_it_went(void **state) {
    (void)state;
    struct tp_interaction before = an_interaction(), after;
    struct tp_buf packed = TP_BUF_INIT;
    tp_interaction_pack(&before, &packed);
    assert_int_equal(packed.at[0], 1); /* the version */
    assert_int_equal(tp_interaction_unpack(tp_buf_str(&packed), &after), 0);
    assert_text(after.source, before.source);
    assert_text(after.id, before.id);
    assert_text(after.channel, before.channel);
    assert_text(after.type, before.type);
    assert_int_equal(after.time_ms, before.time_ms);
    assert_int_equal(after.received_ms, before.received_ms);
    assert_true(after.key == before.key && after.content == before.content);
    assert_int_equal(after.n_identifiers, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_text(after.identifiers[i].type, before.identifiers[i].type);
        assert_text(after.identifiers[i].value, before.identifiers[i].value);
    }
    assert_text(after.json, before.json);
    assert_int_equal(after.customer_at, before.customer_at);
    tp_buf_free(&packed);
}

/* A journal of before has interactions of any type. */
static void one_that_identifies_has_another_version(void **state) {
    (void)state;
    struct tp_interaction before = an_interaction(), after;
    struct tp_buf packed = TP_BUF_INIT;
    before.type = TP_STR("identify");
    tp_interaction_pack(&before, &packed);
    assert_int_equal(tp_interaction_unpack(tp_buf_str(&packed), &after), 0);
    assert_false(after.identifies);
    tp_buf_clear(&packed);
    before.identifies = true;
    before.traits = TP_STR("name\t\"Ann\"\n");
    tp_interaction_pack(&before, &packed);
    assert_int_equal(packed.at[0], 2);
    assert_int_equal(tp_interaction_unpack(tp_buf_str(&packed), &after), 0);
    assert_true(after.identifies);
    assert_text(after.traits, before.traits);
    assert_text(after.json, before.json);
    for (packed.len--; packed.len > 0; packed.len--)
        assert_int_equal(tp_interaction_unpack(tp_buf_str(&packed), &after), TP_ECORRUPT);
    tp_buf_free(&packed);
}

/* A journal of before has such as were taken when their version said nothing. */
static void one_with_a_version_is_packed_with_it(void **state) {
    (void)state;
    struct tp_interaction before = an_interaction(), after;
    struct tp_buf packed = TP_BUF_INIT;
    before.has_version = true;
    before.version = TP_MAX_VERSION;
    before.bare_key = 77;
    tp_interaction_pack(&before, &packed);
    assert_int_equal(packed.at[0], 3);
    assert_int_equal(tp_interaction_unpack(tp_buf_str(&packed), &after), 0);
    assert_true(after.has_version && after.version == before.version && after.bare_key == 77);
    assert_true(after.key == before.key);
    for (packed.len--; packed.len > 0; packed.len--)
        assert_int_equal(tp_interaction_unpack(tp_buf_str(&packed), &after), TP_ECORRUPT);
    before.version++;
    tp_interaction_pack(&before, &packed);
    assert_int_equal(tp_interaction_unpack(tp_buf_str(&packed), &after), TP_ECORRUPT);
    tp_buf_free(&packed);
}

/* What is stored knows events by these numbers: those of one without a version may never change. */
static void its_key_is_that_of_source_and_event_id(void **state) {
    (void)state;
    struct tp_interaction interaction = an_interaction();
    char room[TP_MAX_EVENT_ID_BYTES + 1];
    tp_interaction_set_keys(&interaction);
    assert_true(interaction.key == UINT64_C(0x84f4eccfc3a08419));
    assert_text(tp_interaction_event_id(&interaction, room), TP_STR("e-1"));
    interaction.has_version = true;
    tp_interaction_set_keys(&interaction);
    assert_true(interaction.key == tp_interaction_key(TP_STR("shop"), TP_STR("e-1;version=0")));
    assert_true(interaction.bare_key == UINT64_C(0x84f4eccfc3a08419));
    char longest[TP_MAX_ID_BYTES];
    memset(longest, 'i', sizeof longest);
    interaction.id = (struct tp_str){longest, sizeof longest};
    interaction.version = TP_MAX_VERSION;
    assert_int_equal(tp_interaction_event_id(&interaction, room).len, TP_MAX_EVENT_ID_BYTES);
    tp_interaction_set_keys(&interaction);
}

static void as_many_identifiers_as_there_may_be(void **state) {
    (void)state;
    struct tp_interaction before = an_interaction(), after;
    before.n_identifiers = TP_MAX_IDENTIFIERS;
    for (size_t i = 0; i < TP_MAX_IDENTIFIERS; i++)
        before.identifiers[i] = before.identifiers[i % 2];
    struct tp_buf packed = TP_BUF_INIT;
    tp_interaction_pack(&before, &packed);
    assert_int_equal(tp_interaction_unpack(tp_buf_str(&packed), &after), 0);
    assert_text(after.identifiers[TP_MAX_IDENTIFIERS - 1].value, TP_STR("+447700900123"));
    tp_buf_free(&packed);
}

static void assert_within(struct tp_str view, struct tp_str packed) {
    assert_true(view.at >= packed.at && view.len <= packed.len);
    assert_true(view.at + view.len <= packed.at + packed.len);
}

/* Whatever the bytes say: it is refused, or all its views lie within them and it can be composed. */
static int unpack_safely(struct tp_str packed) {
    struct tp_interaction after;
    int error = tp_interaction_unpack(packed, &after);
    if (error) {
        assert_int_equal(error, TP_ECORRUPT);
        return error;
    }
    assert_within(after.source, packed);
    assert_within(after.id, packed);
    assert_within(after.channel, packed);
    assert_within(after.type, packed);
    assert_within(after.json, packed);
    for (size_t i = 0; i < after.n_identifiers; i++) {
        assert_within(after.identifiers[i].type, packed);
        assert_within(after.identifiers[i].value, packed);
    }
    struct tp_buf out = TP_BUF_INIT;
    const struct tp_resolved resolved = {.customer_id = TP_STR("c"), .attached = UINT32_MAX};
    tp_interaction_compose(after.json, after.customer_at, &resolved, TP_STR("{}"), &out);
    tp_buf_free(&out);
    return 0;
}

/* The bytes alone on the heap, so that the address sanitizer sees each step beside them. */
static struct tp_str alone(struct tp_str bytes) {
    char *at = malloc(bytes.len ? bytes.len : 1);
    memcpy(at, bytes.at, bytes.len);
    return (struct tp_str){at, bytes.len};
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    struct tp_interaction interaction = an_interaction();
    struct tp_buf packed = TP_BUF_INIT;
    tp_interaction_pack(&interaction, &packed);
    for (size_t len = 0; len < packed.len; len++) {
        struct tp_str cut = alone((struct tp_str){packed.at, len});
        assert_int_equal(unpack_safely(cut), TP_ECORRUPT);
        free((char *)cut.at);
    }
    tp_buf_addc(&packed, 0);
    assert_int_equal(unpack_safely(tp_buf_str(&packed)), TP_ECORRUPT); /* and so is more */
    tp_buf_free(&packed);
}

static void no_flipped_byte_leads_outside(void **state) {
    (void)state;
    struct tp_interaction interaction = an_interaction();
    struct tp_buf packed = TP_BUF_INIT;
    tp_interaction_pack(&interaction, &packed);
    struct tp_str bytes = alone(tp_buf_str(&packed));
    char *at = (char *)bytes.at;
    for (size_t i = 0; i < bytes.len; i++) {
        for (int value = 0; value < 256; value++) {
            at[i] = (char)value;
            unpack_safely(bytes);
        }
        at[i] = packed.at[i];
    }
    free(at);
    tp_buf_free(&packed);
}

static int unpacked_with(struct tp_str json, size_t customer_at, int64_t time_ms) {
    struct tp_interaction interaction = an_interaction();
    struct tp_str good = interaction.json;
    interaction.time_ms = time_ms;
    struct tp_buf packed = TP_BUF_INIT;
    tp_interaction_pack(&interaction, &packed);
    packed.len -= 4 + 4 + good.len; /* customer_at, the length, the json */
    tp_buf_addu32(&packed, (uint32_t)customer_at);
    tp_buf_addu32(&packed, (uint32_t)json.len);
    tp_buf_addstr(&packed, json);
    int error = unpack_safely(tp_buf_str(&packed));
    tp_buf_free(&packed);
    return error;
}

static void what_could_not_be_composed_is_refused(void **state) {
    (void)state;
    struct tp_str good = an_interaction().json;
    size_t at = sizeof HEAD - 1;
    assert_int_equal(unpacked_with(good, at, 0), 0);
    assert_int_equal(unpacked_with(good, at - 1, 0), TP_ECORRUPT);
    assert_int_equal(unpacked_with(good, 0, 0), TP_ECORRUPT);
    assert_int_equal(unpacked_with(good, good.len, 0), TP_ECORRUPT);
    assert_int_equal(unpacked_with(good, UINT32_MAX, 0), TP_ECORRUPT);
    assert_int_equal(unpacked_with(TP_STR(""), 0, 0), TP_ECORRUPT);
    assert_int_equal(unpacked_with(TP_STR(HEAD "}}"), at, 0), TP_ECORRUPT); /* a customer without identifiers */
    assert_int_equal(unpacked_with(TP_STR(HEAD "\"a\":1}"), at, 0), 0);
    assert_int_equal(unpacked_with(TP_STR(HEAD "\"a\":1"), at, 0), TP_ECORRUPT);
    assert_int_equal(unpacked_with(good, at, -1), TP_ECORRUPT);
    assert_int_equal(unpacked_with(good, at, INT64_C(253402300800000)), TP_ECORRUPT); /* the year 10000 */
}

static void the_customer_and_the_context_are_spliced_in(void **state) {
    (void)state;
    struct tp_interaction interaction = an_interaction();
    struct tp_buf out = TP_BUF_INIT;
    const struct tp_resolved resolved = {.customer_id = TP_STR("c-7")};
    tp_interaction_compose(interaction.json, interaction.customer_at, &resolved, TP_STR("{\"sequence\":1}"), &out);
    assert_text(tp_buf_str(&out), TP_STR(HEAD "\"id\":\"c-7\",\"identifiers\":[]},\"text\":\"\\\"customer\\\":{\","
                                              "\"context\":{\"sequence\":1}}"));
    tp_buf_free(&out);
}

/* Identifiers that look like what stands around them. */
#define FIRST        "{\"type\":\"email\",\"value\":\"]},{\\\"[\"}"
#define SECOND       "{\"type\":\"x\",\"value\":\"\\\\\"}"
#define THIRD        "{\"type\":\"x\",\"value\":\"7\"}"
#define LIST         "\"identifiers\":[" FIRST "," SECOND "," THIRD "]"
#define CREATED(of)  "{\"kind\":\"created\",\"identifiers\":[" of "]}"
#define ATTACHED(of) "{\"kind\":\"attached\",\"identifiers\":[" of "]}"

static void what_was_attached_stands_behind_the_id(void **state) {
    (void)state;
    static const struct {
        bool created;
        uint32_t attached;
        const char *change;
    } cases[] = {
        {true, 1, CREATED(FIRST)},
        {false, 1, ATTACHED(FIRST)},
        {false, 2, ATTACHED(SECOND)},
        {false, 4, ATTACHED(THIRD)},
        {true, 5, CREATED(FIRST "," THIRD)},
        {false, 6, ATTACHED(SECOND "," THIRD)},
        {true, 7, CREATED(FIRST "," SECOND "," THIRD)},
        /* Bits of what is not in the list: nothing behind it is taken for one. */
        {false, 8 | 2, ATTACHED(SECOND)},
        {false, UINT32_C(1) << 31, ATTACHED("")},
        {true, UINT32_MAX, CREATED(FIRST "," SECOND "," THIRD)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct tp_resolved resolved = {TP_STR("c-7"), cases[i].created, cases[i].attached, {NULL, 0}};
        struct tp_buf out = TP_BUF_INIT, expected = TP_BUF_INIT;
        tp_interaction_compose(TP_STR(HEAD LIST "},\"more\":[" FIRST "]}"), sizeof HEAD - 1, &resolved, TP_STR("{}"),
                               &out);
        tp_buf_addf(&expected, "%s\"id\":\"c-7\",\"change\":%s,%s},\"more\":[%s],\"context\":{}}", HEAD,
                    cases[i].change, LIST, FIRST);
        assert_text(tp_buf_str(&out), tp_buf_str(&expected));
        tp_buf_free(&out);
        tp_buf_free(&expected);
    }
}

static void a_customer_to_whom_nothing_was_attached_has_no_change(void **state) {
    (void)state;
    const struct tp_resolved resolved = {.customer_id = TP_STR("c-7"), .created = true};
    struct tp_buf out = TP_BUF_INIT;
    tp_interaction_compose(TP_STR(HEAD LIST "}}"), sizeof HEAD - 1, &resolved, TP_STR("{}"), &out);
    assert_text(tp_buf_str(&out), TP_STR(HEAD "\"id\":\"c-7\"," LIST "},\"context\":{}}"));
    tp_buf_free(&out);
}

#define ANN    "01a201bc-ed2d-7000-8033-8b5c564c75a5"
#define BOB    "01a201bc-ed2d-7000-8033-8b5c564c75a6"
#define MERGED "{\"kind\":\"merged\",\"identifiers\":["

/* Also where nothing was attached, and with the first that it has. */
static void who_was_merged_is_named(void **state) {
    (void)state;
    static const struct {
        struct tp_resolved resolved;
        const char *change;
    } cases[] = {
        {{{"c-7", 3}, false, 0, {ANN, 36}}, MERGED "],\"customers\":[\"" ANN "\"]}"},
        {{{"c-7", 3}, false, 4, {ANN BOB, 72}}, MERGED THIRD "],\"customers\":[\"" ANN "\",\"" BOB "\"]}"},
        {{{"c-7", 3}, true, 1, {BOB, 36}}, MERGED FIRST "],\"customers\":[\"" BOB "\"]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tp_buf out = TP_BUF_INIT, expected = TP_BUF_INIT;
        tp_interaction_compose(TP_STR(HEAD LIST "}}"), sizeof HEAD - 1, &cases[i].resolved, TP_STR("{}"), &out);
        tp_buf_addf(&expected, "%s\"id\":\"c-7\",\"change\":%s,%s},\"context\":{}}", HEAD, cases[i].change, LIST);
        assert_text(tp_buf_str(&out), tp_buf_str(&expected));
        tp_buf_free(&out);
        tp_buf_free(&expected);
    }
}

static void a_change_says_more_where_more_is_given(void **state) {
    (void)state;
    const struct tp_resolved resolved = {TP_STR("c-7"), true, 4, {NULL, 0}};
    struct tp_buf out = TP_BUF_INIT;
    tp_buf_adds(&out, "before ");
    tp_interaction_write_change(TP_STR(HEAD LIST "}}"), sizeof HEAD - 1, &resolved, TP_STR(",\"source\":\"shop\""),
                                &out);
    assert_text(tp_buf_str(&out),
                TP_STR("before {\"kind\":\"created\",\"identifiers\":[" THIRD "],\"source\":\"shop\"}"));
    tp_buf_free(&out);
}

/* One of them is the 32nd bit. */
static void as_many_as_there_may_be_may_be_attached(void **state) {
    (void)state;
    const struct tp_resolved resolved = {TP_STR("c-7"), false, UINT32_C(1) << (TP_MAX_IDENTIFIERS - 1), {NULL, 0}};
    struct tp_buf json = TP_BUF_INIT, out = TP_BUF_INIT;
    tp_buf_adds(&json, HEAD "\"identifiers\":[");
    for (size_t i = 1; i < TP_MAX_IDENTIFIERS; i++)
        tp_buf_adds(&json, SECOND ",");
    tp_buf_adds(&json, THIRD "]}}");
    tp_interaction_write_change(tp_buf_str(&json), sizeof HEAD - 1, &resolved, TP_STR(""), &out);
    assert_text(tp_buf_str(&out), TP_STR(ATTACHED(THIRD)));
    tp_buf_free(&json);
    tp_buf_free(&out);
}

static void a_conflict_stands_behind_the_list(void **state) {
    (void)state;
    static const struct {
        const char *json, *told;
    } cases[] = {
        {"{\"customer\":{\"identifiers\":[{\"v\":\"],\"},{}],\"dropped\":[1]},\"id\":[2]}",
         "{\"customer\":{\"identifiers\":[{\"v\":\"],\"},{}],\"conflict\":[7,8],\"dropped\":[1]},\"id\":[2]}"},
        {"{\"customer\":{\"identifiers\":[{}]}}", "{\"customer\":{\"identifiers\":[{}],\"conflict\":[7,8]}}"},
        {"{\"customer\":{\"id\":7}}", "{\"customer\":{\"id\":7}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tp_buf out = TP_BUF_INIT;
        tp_interaction_put_conflict(tp_str(cases[i].json), 13, TP_STR("7,8"), &out);
        assert_true(tp_str_is(tp_buf_str(&out), cases[i].told));
        tp_buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back_as_it_went),
        cmocka_unit_test(one_that_identifies_has_another_version),
        cmocka_unit_test(one_with_a_version_is_packed_with_it),
        cmocka_unit_test(its_key_is_that_of_source_and_event_id),
        cmocka_unit_test(as_many_identifiers_as_there_may_be),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(no_flipped_byte_leads_outside),
        cmocka_unit_test(what_could_not_be_composed_is_refused),
        cmocka_unit_test(the_customer_and_the_context_are_spliced_in),
        cmocka_unit_test(what_was_attached_stands_behind_the_id),
        cmocka_unit_test(a_customer_to_whom_nothing_was_attached_has_no_change),
        cmocka_unit_test(who_was_merged_is_named),
        cmocka_unit_test(a_change_says_more_where_more_is_given),
        cmocka_unit_test(as_many_as_there_may_be_may_be_attached),
        cmocka_unit_test(a_conflict_stands_behind_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
