/* An operator's split, packed for the journal and read back. */
#include "common/split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"

#define ID       "0190a1b2-0000-4000-8000-000000000001"
#define CUSTOMER "0190a1b2-0000-7000-8000-000000000002"
#define MEMBER   "0190a1b2-0000-7000-8000-000000000003"

static const struct tp_split split = {.id = {ID, 36},
                                      .customer = {CUSTOMER, 36},
                                      .member = {MEMBER, 36},
                                      .merge = 3,
                                      .received_ms = 1767323046000,
                                      .reason = {"not \"her\"", 9}};

static struct tp_split of_identifier(void) {
    struct tp_split taking = split;
    taking.merge = 0;
    taking.identifier = (struct tp_identifier){TP_STR("email"), TP_STR("ann@example.com")};
    taking.claimant = TP_STR(CUSTOMER);
    return taking;
}

static void what_was_packed_is_read_back(void **state) {
    (void)state;
    struct tp_buf packed = TP_BUF_INIT;
    struct tp_split read;
    tp_split_pack(&split, &packed);
    assert_int_equal(tp_split_unpack(tp_buf_str(&packed), &read), 0);
    assert_true(tp_str_is(read.id, ID) && tp_str_is(read.customer, CUSTOMER) && tp_str_is(read.member, MEMBER));
    assert_int_equal(read.merge, 3);
    assert_int_equal(read.received_ms, 1767323046000);
    assert_true(tp_str_equal(read.reason, split.reason));
    tp_buf_free(&packed);
}

/* The reason is the rest, and so may be shorter. */
static void what_is_none_is_not_read(void **state) {
    (void)state;
    struct tp_buf packed = TP_BUF_INIT;
    struct tp_split read;
    tp_split_pack(&split, &packed);
    for (size_t len = 0; len < packed.len; len++)
        assert_int_equal(tp_split_unpack((struct tp_str){packed.at, len}, &read),
                         len < packed.len - split.reason.len ? TP_ECORRUPT : 0);
    const size_t damaged[] = {0, 8, 17, 17 + 36, 17 + 72, packed.len - 1};
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        char was = packed.at[damaged[i]];
        packed.at[damaged[i]] = (char)0xff;
        assert_int_equal(tp_split_unpack(tp_buf_str(&packed), &read), TP_ECORRUPT);
        packed.at[damaged[i]] = was;
    }
    for (size_t i = 0; i < TP_MAX_REASON_BYTES; i++)
        tp_buf_addc(&packed, 'x');
    assert_int_equal(tp_split_unpack(tp_buf_str(&packed), &read), TP_ECORRUPT);
    tp_buf_free(&packed);
}

static void it_is_said_as_json(void **state) {
    (void)state;
    struct tp_buf out = TP_BUF_INIT;
    struct tp_split silent = split;
    silent.reason.len = 0;
    tp_split_json(&split, &out);
    assert_true(tp_str_is(tp_buf_str(&out), "{\"id\":\"" ID "\",\"customer\":\"" CUSTOMER "\",\"member\":\"" MEMBER
                                            "\",\"merge\":3,\"received_at\":\"2026-01-02T03:04:06.000Z\","
                                            "\"reason\":\"not \\\"her\\\"\"}"));
    tp_buf_clear(&out);
    tp_split_json(&silent, &out);
    assert_null(memmem(out.at, out.len, "reason", 6));
    tp_buf_free(&out);
}

static void an_identifier_is_read_back_too(void **state) {
    (void)state;
    struct tp_buf packed = TP_BUF_INIT;
    struct tp_split read, taking = of_identifier();
    tp_split_pack(&taking, &packed);
    assert_int_equal(tp_split_unpack(tp_buf_str(&packed), &read), 0);
    assert_true(tp_split_takes_identifier(&read));
    assert_true(tp_str_is(read.identifier.type, "email") && tp_str_is(read.identifier.value, "ann@example.com"));
    assert_true(tp_str_is(read.claimant, CUSTOMER) && tp_str_equal(read.reason, split.reason));
    for (size_t len = 0; len < packed.len - split.reason.len; len++)
        assert_int_equal(tp_split_unpack((struct tp_str){packed.at, len}, &read), TP_ECORRUPT);
    for (size_t at = 17 + 108 + 36; at < 17 + 108 + 36 + 4;
         at++) { /* its lengths: of nothing, or of more than there is */
        char was = packed.at[at];
        packed.at[at] = (char)(at % 2 ? 0 : 0xff);
        int status = tp_split_unpack(tp_buf_str(&packed), &read);
        assert_true(status == TP_ECORRUPT || was == packed.at[at]);
        packed.at[at] = was;
    }
    tp_buf_free(&packed);
}

static void an_identifier_is_said_as_json(void **state) {
    (void)state;
    struct tp_buf out = TP_BUF_INIT;
    struct tp_split taking = of_identifier();
    taking.reason.len = 0;
    tp_split_json(&taking, &out);
    assert_true(
        tp_str_is(tp_buf_str(&out),
                  "{\"id\":\"" ID "\",\"customer\":\"" CUSTOMER "\",\"member\":\"" MEMBER
                  "\",\"identifier\":{\"type\":\"email\",\"value\":\"ann@example.com\"},\"claimant\":\"" CUSTOMER
                  "\",\"received_at\":\"2026-01-02T03:04:06.000Z\"}"));
    tp_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_is_read_back),
        cmocka_unit_test(what_is_none_is_not_read),
        cmocka_unit_test(it_is_said_as_json),
        cmocka_unit_test(an_identifier_is_read_back_too),
        cmocka_unit_test(an_identifier_is_said_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
