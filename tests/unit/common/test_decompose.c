/* What is forwarded, taken apart again: whatever the interaction was, its stored JSON comes back byte by byte. */
#include "common/interaction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/uuid.h"

#define CUSTOMER "0190a000-0000-7000-8000-000000000001"
#define ANN      "0190a000-0000-7000-8000-000000000002"
#define BOB      "0190a000-0000-7000-8000-000000000003"
#define CONTEXT  "{\"sequence\":1,\"previous\":null,\"counts\":{\"web\":1}}"

static void assert_text(struct tp_str is, struct tp_str expected) {
    assert_int_equal(is.len, expected.len);
    assert_memory_equal(is.at, expected.at, is.len);
}

/* ---- any interaction, as normalize would write it ---- */

static unsigned seed;
static unsigned any(unsigned below) { return (seed = seed * 1103515245 + 12345) / 65536 % below; }

/* Strings that look like what surrounds them. */
static struct tp_str any_text(void) {
    static const char *const texts[] = {"e-1",
                                        "a\"b\\c",
                                        "\"customer\":{\"id\":\"",
                                        ",\"context\":{",
                                        "\\\"},\"customer\":{",
                                        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                                        "tab\there",
                                        "}]}",
                                        "{[",
                                        "\\"};
    return tp_str(texts[any(sizeof texts / sizeof *texts)]);
}

static void write_any_value(struct tp_buf *out, unsigned depth) {
    static const char *const plain[] = {"0", "-0.0", "19.99", "1e300", "true", "false", "null", "[]", "{}"};
    unsigned kind = any(depth > 3 ? 2 : 4);
    if (kind == 0)
        tp_buf_adds(out, plain[any(sizeof plain / sizeof *plain)]);
    else if (kind == 1)
        tp_json_write_string(any_text(), out);
    else
        tp_buf_addc(out, kind == 2 ? '[' : '{');
    for (unsigned i = 0, n = any(4); kind >= 2 && i < n; i++) {
        static const char *const names[] = {"\"customer\":", "\"context\":", "\"id\":", "\"a \\\"b\":"};
        tp_buf_adds(out, i > 0 ? "," : "");
        if (kind == 3)
            tp_buf_adds(out, names[i]);
        write_any_value(out, depth + 1);
    }
    if (kind >= 2)
        tp_buf_addc(out, kind == 2 ? ']' : '}');
}

static void add_string(struct tp_buf *out, const char *name, struct tp_str value) {
    tp_buf_addf(out, ",\"%s\":", name);
    tp_json_write_string(value, out);
}

static void write_identifiers(struct tp_interaction *interaction, struct tp_buf *out) {
    tp_buf_adds(out, ",\"customer\":{");
    interaction->customer_at = out->len;
    tp_buf_adds(out, "\"identifiers\":[");
    interaction->n_identifiers = 1 + any(TP_MAX_IDENTIFIERS);
    for (size_t i = 0; i < interaction->n_identifiers; i++) {
        interaction->identifiers[i] = (struct tp_identifier){TP_STR("x"), any_text()};
        tp_buf_adds(out, i > 0 ? ",{\"type\":\"x\",\"value\":" : "{\"type\":\"x\",\"value\":");
        tp_json_write_string(interaction->identifiers[i].value, out);
        tp_buf_addc(out, '}');
    }
    tp_buf_adds(out, "]}}");
}

static struct tp_interaction any_interaction(struct tp_buf *json) {
    struct tp_interaction interaction = {
        .source = any_text(), .id = any_text(), .channel = any_text(), .type = any_text()};
    tp_buf_clear(json);
    tp_buf_adds(json, "{\"schema\":1");
    add_string(json, "id", interaction.id);
    add_string(json, "source", interaction.source);
    add_string(json, "channel", interaction.channel);
    add_string(json, "type", interaction.type);
    tp_buf_adds(json, ",\"time\":\"2026-01-02T03:04:05.678Z\",\"received_at\":\"2026-01-02T03:04:05.999Z\"");
    interaction.time_ms = 1767323045678;
    interaction.received_ms = 1767323045999;
    if (any(2))
        add_string(json, "text", any_text());
    if (any(2)) {
        tp_buf_adds(json, ",\"attributes\":{\"a\":");
        write_any_value(json, 0);
        tp_buf_addc(json, '}');
    }
    write_identifiers(&interaction, json);
    interaction.json = tp_buf_str(json);
    return interaction;
}

static bool named_before(const struct tp_interaction *interaction, size_t i) {
    for (size_t j = 0; j < i; j++)
        if (tp_str_equal(interaction->identifiers[j].value, interaction->identifiers[i].value))
            return true;
    return false;
}

/* What is named twice is new the first time at most. */
static struct tp_resolved any_resolved(const struct tp_interaction *interaction) {
    struct tp_resolved resolved = {.customer_id = TP_STR(CUSTOMER), .created = any(2)};
    unsigned often = any(4);
    resolved.merged = (struct tp_str){ANN BOB, any(2) ? 0 : (TP_UUID_TEXT - 1) * any(3)};
    for (size_t i = 0; i < interaction->n_identifiers; i++)
        if (any(3) < often && !named_before(interaction, i))
            resolved.attached |= UINT32_C(1) << i;
    return resolved;
}

/* Who was created is told with what was attached, and not where somebody was merged. */
static void assert_same_resolved(const struct tp_resolved *is, const struct tp_resolved *expected) {
    assert_text(is->customer_id, expected->customer_id);
    assert_int_equal(is->attached, expected->attached);
    assert_int_equal(is->created, expected->created && expected->attached && expected->merged.len == 0);
    assert_text(is->merged, expected->merged);
}

static void assert_same(const struct tp_interaction *is, const struct tp_interaction *expected) {
    assert_text(is->json, expected->json);
    assert_int_equal(is->customer_at, expected->customer_at);
    assert_text(is->source, expected->source);
    assert_text(is->id, expected->id);
    assert_text(is->channel, expected->channel);
    assert_text(is->type, expected->type);
    assert_int_equal(is->time_ms, expected->time_ms);
    assert_int_equal(is->received_ms, expected->received_ms);
    assert_true(is->key == tp_interaction_key(expected->source, expected->id));
    assert_int_equal(is->n_identifiers, expected->n_identifiers);
    for (size_t i = 0; i < is->n_identifiers; i++) {
        assert_text(is->identifiers[i].type, expected->identifiers[i].type);
        assert_text(is->identifiers[i].value, expected->identifiers[i].value);
    }
}

static void any_interaction_comes_back_byte_by_byte(void **state) {
    (void)state;
    struct tp_buf json = TP_BUF_INIT, composed = TP_BUF_INIT, context = TP_BUF_INIT;
    for (seed = 1; seed < 20000; seed++) {
        unsigned began = seed;
        struct tp_interaction interaction = any_interaction(&json);
        struct tp_decomposed decomposed;
        tp_buf_clear(&context);
        tp_buf_adds(&context, "{\"sequence\":1,\"previous\":");
        write_any_value(&context, 0);
        tp_buf_addc(&context, '}');
        tp_buf_clear(&composed);
        const struct tp_resolved resolved = any_resolved(&interaction);
        tp_interaction_compose(interaction.json, interaction.customer_at, &resolved, tp_buf_str(&context), &composed);
        assert_int_equal(tp_interaction_decompose(tp_buf_str(&composed), &decomposed), 0);
        assert_same(&decomposed.interaction, &interaction);
        assert_same_resolved(&decomposed.resolved, &resolved);
        assert_text(decomposed.context, tp_buf_str(&context));
        tp_decomposed_free(&decomposed);
        seed = began;
    }
    tp_buf_free(&json);
    tp_buf_free(&composed);
    tp_buf_free(&context);
}

/* ---- what is none ---- */

static int decompose(struct tp_str text) {
    struct tp_decomposed decomposed;
    char *alone = malloc(text.len ? text.len : 1); /* so that the address sanitizer sees each step beside it */
    memcpy(alone, text.at, text.len);
    int error = tp_interaction_decompose((struct tp_str){alone, text.len}, &decomposed);
    if (!error)
        tp_decomposed_free(&decomposed);
    free(alone);
    return error;
}

static struct tp_str composed_of(struct tp_buf *composed) {
    struct tp_buf json = TP_BUF_INIT;
    seed = 7;
    struct tp_interaction interaction = any_interaction(&json);
    tp_buf_clear(composed);
    const struct tp_resolved resolved = {TP_STR(CUSTOMER), true, 1, {NULL, 0}};
    tp_interaction_compose(interaction.json, interaction.customer_at, &resolved, TP_STR(CONTEXT), composed);
    tp_buf_free(&json);
    return tp_buf_str(composed);
}

static void no_flipped_byte_leads_outside(void **state) {
    (void)state;
    struct tp_buf composed = TP_BUF_INIT;
    struct tp_str text = composed_of(&composed);
    for (size_t i = 0; i < text.len; i++) {
        char was = composed.at[i];
        for (const char *byte = "\"\\{}[],: 0\n"; *byte; byte++) {
            composed.at[i] = *byte;
            int error = decompose(text);
            assert_true(error == 0 || error == TP_ECORRUPT);
        }
        composed.at[i] = was;
    }
    tp_buf_free(&composed);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    struct tp_buf composed = TP_BUF_INIT;
    struct tp_str text = composed_of(&composed);
    for (size_t len = 0; len < text.len; len++)
        assert_int_equal(decompose((struct tp_str){text.at, len}), TP_ECORRUPT);
    assert_int_equal(decompose(text), 0);
    tp_buf_free(&composed);
}

#define HEAD                                                                                                           \
    "\"id\":\"e\",\"source\":\"s\",\"channel\":\"web\",\"type\":\"t\",\"time\":\"2026-01-02T03:04:05.678Z\","          \
    "\"received_at\":\"2026-01-02T03:04:05.678Z\","
#define WHO  "\"identifiers\":[{\"type\":\"x\",\"value\":\"ann\"}]"
#define TAIL ",\"context\":" CONTEXT "}"

static void what_another_wrote_is_refused(void **state) {
    (void)state;
    static const char *const foreign[] = {
        "",
        "7",
        "[]",
        "{}",
        "{\"schema\":2," HEAD "\"customer\":{\"id\":\"" CUSTOMER "\"," WHO "}" TAIL,
        "{\"schema\":1," HEAD "\"customer\":{\"id\":\"ann\"," WHO "}" TAIL,
        "{\"schema\":1," HEAD "\"customer\":{" WHO ",\"id\":\"" CUSTOMER "\"}" TAIL,
        "{\"schema\":1," HEAD "\"customer\":{\"id\":\"" CUSTOMER "\",\"identifiers\":[]}" TAIL,
        "{\"schema\":1," HEAD "\"customer\":{\"id\":\"" CUSTOMER "\"," WHO "}}",
        "{\"schema\":1," HEAD "\"context\":{},\"customer\":{\"id\":\"" CUSTOMER "\"," WHO "}}",
        "{\"schema\":1, " HEAD "\"customer\":{\"id\":\"" CUSTOMER "\"," WHO "}" TAIL,
        "{\"schema\":1," HEAD "\"customer\":{\"id\":\"" CUSTOMER "\"," WHO "}" TAIL " ",
        " {\"schema\":1," HEAD "\"customer\":{\"id\":\"" CUSTOMER "\"," WHO "}" TAIL,
        "{\"schema\":1,\"customer\":{\"id\":\"" CUSTOMER "\"," WHO "}" TAIL,
        "{\"schema\":1," HEAD "\"customer\":{\"id\":\"" CUSTOMER "\", " WHO "}" TAIL,
    };
    assert_int_equal(decompose(TP_STR("{\"schema\":1," HEAD "\"customer\":{\"id\":\"" CUSTOMER "\"," WHO "}" TAIL)), 0);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        assert_int_equal(decompose(tp_str(foreign[i])), TP_ECORRUPT);
}

/* ---- what was attached ---- */

#define FIRST             "{\"type\":\"email\",\"value\":\"ann@example.com\"}"
#define SECOND            "{\"type\":\"x\",\"value\":\"\\\"},{[\"}"
#define THIRD             "{\"type\":\"x\",\"value\":\"7\"}"
#define FRONT             "{\"schema\":1," HEAD "\"customer\":{"
#define ID                "\"id\":\"" CUSTOMER "\","
#define LIST              "\"identifiers\":[" FIRST "," SECOND "," THIRD "]}"
#define OF(list)          ",\"identifiers\":[" list "]}"
#define MERGED(list, ids) "\"change\":{\"kind\":\"merged\",\"identifiers\":[" list "],\"customers\":[" ids "]},"

static int decompose_change(const char *customer, struct tp_decomposed *ret) {
    struct tp_buf text = TP_BUF_INIT;
    tp_buf_addf(&text, "%s%s%s", FRONT, customer, TAIL);
    int error = decompose(tp_buf_str(&text)); /* beside nothing */
    if (error == 0) {
        assert_int_equal(tp_interaction_decompose(tp_buf_str(&text), ret), 0);
        assert_text(ret->interaction.json, TP_STR(FRONT LIST "}"));
        assert_int_equal(ret->interaction.customer_at, sizeof FRONT - 1);
        tp_decomposed_free(ret);
    }
    tp_buf_free(&text);
    return error;
}

static void what_was_attached_comes_back(void **state) {
    (void)state;
    static const struct {
        const char *change;
        bool created;
        uint32_t attached;
    } cases[] = {
        {"", false, 0},
        {"\"change\":{\"kind\":\"created\"" OF(FIRST) ",", true, 1},
        {"\"change\":{\"kind\":\"attached\"" OF(SECOND) ",", false, 2},
        {"\"change\":{\"kind\":\"attached\"" OF(THIRD) ",", false, 4},
        {"\"change\":{\"kind\":\"created\"" OF(FIRST "," THIRD) ",", true, 5},
        {"\"change\":{\"kind\":\"attached\"" OF(SECOND "," THIRD) ",", false, 6},
        {"\"change\":{\"kind\":\"created\"" OF(FIRST "," SECOND "," THIRD) ",", true, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tp_decomposed decomposed = {0};
        struct tp_buf customer = TP_BUF_INIT;
        tp_buf_addf(&customer, "%s%s%s", ID, cases[i].change, LIST);
        tp_buf_addc(&customer, '\0');
        assert_int_equal(decompose_change(customer.at, &decomposed), 0);
        assert_int_equal(decomposed.resolved.created, cases[i].created);
        assert_int_equal(decomposed.resolved.attached, cases[i].attached);
        tp_buf_free(&customer);
    }
}

static void who_was_merged_comes_back(void **state) {
    (void)state;
    static const struct {
        const char *customer, *merged;
        uint32_t attached;
    } cases[] = {
        {ID MERGED("", "\"" ANN "\"") LIST, ANN, 0},
        {ID MERGED(SECOND, "\"" ANN "\"") LIST, ANN, 2},
        {ID MERGED(FIRST "," THIRD, "\"" BOB "\",\"" ANN "\"") LIST, BOB ANN, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tp_decomposed decomposed = {0};
        struct tp_buf text = TP_BUF_INIT;
        tp_buf_addf(&text, "%s%s%s", FRONT, cases[i].customer, TAIL);
        assert_int_equal(tp_interaction_decompose(tp_buf_str(&text), &decomposed), 0);
        const struct tp_resolved expected = {TP_STR(CUSTOMER), false, cases[i].attached, tp_str(cases[i].merged)};
        assert_same_resolved(&decomposed.resolved, &expected);
        assert_text(decomposed.interaction.json, TP_STR(FRONT LIST "}"));
        tp_decomposed_free(&decomposed);
        tp_buf_free(&text);
    }
}

/* The 32nd bit is that of the last that there may be. */
static void all_of_as_many_as_there_may_be_come_back(void **state) {
    (void)state;
    struct tp_buf json = TP_BUF_INIT, composed = TP_BUF_INIT;
    const struct tp_resolved resolved = {TP_STR(CUSTOMER), true, UINT32_MAX, {NULL, 0}};
    tp_buf_adds(&json, FRONT "\"identifiers\":[");
    for (int i = 0; i < TP_MAX_IDENTIFIERS; i++)
        tp_buf_addf(&json, "%s{\"type\":\"x\",\"value\":\"%d\"}", i ? "," : "", i);
    tp_buf_adds(&json, "]}}");
    tp_interaction_compose(tp_buf_str(&json), sizeof FRONT - 1, &resolved, TP_STR(CONTEXT), &composed);
    struct tp_decomposed decomposed;
    assert_int_equal(tp_interaction_decompose(tp_buf_str(&composed), &decomposed), 0);
    assert_same_resolved(&decomposed.resolved, &resolved);
    assert_text(decomposed.interaction.json, tp_buf_str(&json));
    tp_decomposed_free(&decomposed);
    tp_buf_free(&json);
    tp_buf_free(&composed);
}

/* What is said of one that is not in the list is not written, and so does not come back. */
static void a_bit_beyond_the_list_does_not_come_back(void **state) {
    (void)state;
    const struct tp_resolved resolved = {TP_STR(CUSTOMER), false, 2 | 8 | UINT32_C(1) << 31, {NULL, 0}};
    struct tp_buf composed = TP_BUF_INIT;
    struct tp_decomposed decomposed;
    tp_interaction_compose(TP_STR(FRONT LIST "}"), sizeof FRONT - 1, &resolved, TP_STR(CONTEXT), &composed);
    assert_int_equal(tp_interaction_decompose(tp_buf_str(&composed), &decomposed), 0);
    assert_int_equal(decomposed.resolved.attached, 2);
    tp_decomposed_free(&decomposed);
    tp_buf_free(&composed);
}

static void a_change_that_lies_is_refused(void **state) {
    (void)state;
    static const char *const lies[] = {
        /* of what is attached */
        ID "\"change\":{\"kind\":\"attached\"" OF("{\"type\":\"x\",\"value\":\"8\"}") "," LIST,
        ID "\"change\":{\"kind\":\"attached\"" OF(FIRST ",{\"type\":\"x\",\"value\":\"8\"}") "," LIST,
        ID "\"change\":{\"kind\":\"attached\"" OF("{\"value\":\"7\",\"type\":\"x\"}") "," LIST,
        ID "\"change\":{\"kind\":\"attached\"" OF("{\"type\":\"x\",\"value\":\"\\u0037\"}") "," LIST,
        ID "\"change\":{\"kind\":\"attached\"" OF("{\"type\":\"x\"}") "," LIST,
        ID "\"change\":{\"kind\":\"attached\"" OF("7") "," LIST,
        ID "\"change\":{\"kind\":\"attached\"" OF(THIRD "," FIRST) "," LIST,
        ID "\"change\":{\"kind\":\"attached\"" OF(FIRST "," FIRST) "," LIST,
        ID "\"change\":{\"kind\":\"attached\"" OF("") "," LIST,
        ID "\"change\":{\"kind\":\"attached\",\"identifiers\":{}}," LIST,
        ID "\"change\":{\"kind\":\"attached\",\"identifiers\":" FIRST "}," LIST,
        ID "\"change\":{\"kind\":\"attached\"}," LIST,
        /* of the kind */
        ID "\"change\":{\"kind\":\"merged\"" OF(FIRST) "," LIST,
        ID "\"change\":{\"kind\":\"Created\"" OF(FIRST) "," LIST,
        ID "\"change\":{\"kind\":\"\"" OF(FIRST) "," LIST,
        ID "\"change\":{\"kind\":null" OF(FIRST) "," LIST,
        ID "\"change\":{\"identifiers\":[" FIRST "]}," LIST,
        ID "\"change\":{\"kind\":\"attached\",\"identifiers\":[" FIRST "],\"customers\":[\"" ANN "\"]}," LIST,
        ID "\"change\":{\"kind\":\"created\",\"identifiers\":[" FIRST "],\"customers\":[]}," LIST,
        /* of whom */
        ID MERGED(FIRST, "") LIST,
        ID MERGED(FIRST, "7") LIST,
        ID MERGED(FIRST, "\"ann\"") LIST,
        ID MERGED(FIRST, "\"" CUSTOMER "\"") LIST,
        ID MERGED(FIRST, "\"" ANN "\", \"" BOB "\"") LIST,
        ID MERGED(FIRST, "\"" ANN "\",\"\"") LIST,
        ID MERGED(FIRST, "\"0190A000-0000-7000-8000-000000000002\"") LIST,
        ID "\"change\":{\"kind\":\"merged\",\"customers\":[\"" ANN "\"],\"identifiers\":[" FIRST "]}," LIST,
        ID "\"change\":{\"kind\":\"merged\",\"customers\":[\"" ANN "\"]}," LIST,
        ID "\"change\":{\"kind\":\"merged\",\"identifiers\":[" FIRST "],\"customers\":\"" ANN "\"}," LIST,
        /* of its form */
        ID "\"change\":{\"identifiers\":[" FIRST "],\"kind\":\"attached\"}," LIST,
        ID "\"change\":{\"kind\":\"attached\",\"identifiers\":[" FIRST "],\"source\":\"shop\"}," LIST,
        ID "\"change\":{\"kind\":\"attached\"" OF(FIRST) ", " LIST,
        ID "\"change\":{\"kind\":\"attached\" " OF(FIRST) "," LIST,
        ID "\"change\":{}," LIST,
        ID "\"change\":[]," LIST,
        ID "\"change\":null," LIST,
        ID "\"change\":\"},\\\"\"," LIST,
        /* of where it stands */
        "\"change\":{\"kind\":\"attached\"" OF(FIRST) ",\"id\":\"" CUSTOMER "\"," LIST,
        ID "\"identifiers\":[" FIRST "],\"change\":{\"kind\":\"attached\"" OF(FIRST) "}",
        ID "\"change\":{\"kind\":\"attached\"" OF(FIRST) "}",
        ID "\"change\":{\"kind\":\"attached\"" OF(FIRST) ",\"change\":{\"kind\":\"attached\"" OF(FIRST) "," LIST,
    };
    struct tp_decomposed decomposed;
    assert_int_equal(decompose_change(ID "\"change\":{\"kind\":\"attached\"" OF(FIRST) "," LIST, &decomposed), 0);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++)
        if (decompose_change(lies[i], &decomposed) != TP_ECORRUPT)
            fail_msg("taken: %s", lies[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_interaction_comes_back_byte_by_byte),
        cmocka_unit_test(no_flipped_byte_leads_outside),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(what_another_wrote_is_refused),
        cmocka_unit_test(what_was_attached_comes_back),
        cmocka_unit_test(who_was_merged_comes_back),
        cmocka_unit_test(all_of_as_many_as_there_may_be_come_back),
        cmocka_unit_test(a_bit_beyond_the_list_does_not_come_back),
        cmocka_unit_test(a_change_that_lies_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
