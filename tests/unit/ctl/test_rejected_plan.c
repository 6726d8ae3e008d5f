/* What is sent again for a record of the rejected topic: what it was, completed by what the daemon knew of it then; or
 * why nothing is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/interaction.h"
#include "ctl/rejected.h"

static struct tp_rejection refused(const char *payload) {
    return (struct tp_rejection){.source = TP_STR("crm"),
                                 .code = TP_STR("invalid_value"),
                                 .path = TP_STR("customer.phone"),
                                 .message = TP_STR("a number was expected"),
                                 .payload = tp_str(payload),
                                 .received_ms = 1767323045678};
}

/* As the daemon writes it and the command reads it. */
static void plan_of(const struct tp_rejection *rejection, struct tp_ctl_plan *ret) {
    struct tp_buf json = TP_BUF_INIT;
    struct tp_ctl_rejection read;
    tp_rejection_json(rejection, &json);
    const struct tp_kafka_message message = {.partition = 3, .offset = 41, .value = tp_buf_str(&json)};
    tp_ctl_rejection_read(&message, &read);
    tp_ctl_plan(&read, "touchpoint.rejected", ret);
    tp_ctl_rejection_free(&read);
    tp_buf_free(&json);
}

static void is_sent_as(const struct tp_rejection *rejection, enum tp_ctl_frame frame, const char *event) {
    struct tp_ctl_plan plan;
    plan_of(rejection, &plan);
    assert_null(plan.why_not);
    assert_int_equal(plan.frame, frame);
    assert_int_equal(plan.event.len, strlen(event));
    assert_memory_equal(plan.event.at, event, plan.event.len);
    tp_buf_free(&plan.event);
}

static void is_not_sent(const struct tp_rejection *rejection, const char *because) {
    struct tp_ctl_plan plan;
    plan_of(rejection, &plan);
    assert_non_null(plan.why_not);
    assert_non_null(strstr(plan.why_not, because));
    tp_buf_free(&plan.event);
}

static void what_it_has_stays_as_it_is(void **state) {
    (void)state;
    static const char whole[] =
        "{\"id\":\"a\",\"source\":\"s\",\"time\":\"t\",\"type\":\"x\",\"attributes\":{\"p\":19.90}}";
    struct tp_rejection rejection = refused(whole);
    is_sent_as(&rejection, TP_CTL_FRAME_ARRAY, whole);
}

static void what_it_lacks_is_what_the_daemon_had_filled_in(void **state) {
    (void)state;
    struct tp_rejection rejection = refused("{\"type\":\"x\"}");
    is_sent_as(&rejection, TP_CTL_FRAME_ARRAY,
               "{\"id\":\"touchpoint.rejected/3/41\",\"source\":\"crm\",\"time\":\"2026-01-02T03:04:05.678Z\","
               "\"type\":\"x\"}");
    rejection.id = TP_STR("order-4711"); /* of an Idempotency-Key */
    is_sent_as(&rejection, TP_CTL_FRAME_ARRAY,
               "{\"id\":\"order-4711\",\"source\":\"crm\",\"time\":\"2026-01-02T03:04:05.678Z\",\"type\":\"x\"}");
}

static void a_cloudevent_is_sent_as_one(void **state) {
    (void)state;
    struct tp_rejection rejection = refused("{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"data\":{}}");
    is_sent_as(&rejection, TP_CTL_FRAME_CLOUDEVENTS,
               "{\"time\":\"2026-01-02T03:04:05.678Z\",\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\","
               "\"data\":{}}");
    static const char timed[] = "{\"specversion\":\"1.0\",\"time\":\"t\"}";
    rejection.payload = tp_str(timed);
    is_sent_as(&rejection, TP_CTL_FRAME_CLOUDEVENTS, timed);
}

static void what_was_accepted_loses_what_was_added(void **state) {
    (void)state;
    struct tp_rejection rejection = refused("{\"schema\":1,\"id\":\"a\",\"source\":\"s\",\"type\":\"x\",\"time\":\"t\","
                                            "\"received_at\":\"r\",\"attributes\":{\"p\":19.90}}");
    rejection.code = TP_STR("undeliverable");
    rejection.path = TP_STR("");
    is_sent_as(&rejection, TP_CTL_FRAME_ARRAY,
               "{\"id\":\"a\",\"source\":\"s\",\"type\":\"x\",\"time\":\"t\",\"attributes\":{\"p\":19.90}}");
}

static void but_a_sender_who_sent_that_is_refused_again(void **state) {
    (void)state;
    static const char sent[] =
        "{\"schema\":1,\"id\":\"a\",\"source\":\"s\",\"type\":\"x\",\"time\":\"t\",\"received_at\":\"r\"}";
    struct tp_rejection rejection = refused(sent);
    rejection.path = TP_STR("schema");
    is_sent_as(&rejection, TP_CTL_FRAME_ARRAY, sent);
}

static void what_cannot_be_sent_is_not(void **state) {
    (void)state;
    struct tp_rejection rejection = refused("{\"id\":\"a\"");
    is_not_sent(&rejection, "not sound JSON");
    rejection.payload = TP_STR("\xFF\xFE"); /* which goes as payload_base64 */
    is_not_sent(&rejection, "not sound JSON");
    rejection.payload = TP_STR("[1]");
    is_not_sent(&rejection, "no JSON object");
    rejection.payload = TP_STR("");
    is_not_sent(&rejection, "too large for the topic");
    rejection.payload = TP_STR("{\"channel\":\"web\"}");
    is_not_sent(&rejection, "header");
    rejection.path = TP_STR("type"); /* that is why it was refused: it was not in a header */
    struct tp_ctl_plan plan;
    plan_of(&rejection, &plan);
    assert_null(plan.why_not);
    tp_buf_free(&plan.event);
}

static void a_payload_that_was_cut_is_told(void **state) {
    (void)state;
    struct tp_buf cut = TP_BUF_INIT;
    tp_buf_adds(&cut, "{\"type\":\"");
    while (cut.len < (size_t)512 * 1024)
        tp_buf_addc(&cut, 'x');
    struct tp_rejection rejection = refused("");
    rejection.payload = tp_buf_str(&cut);
    is_not_sent(&rejection, "first 512 KiB");
    tp_buf_free(&cut);
}

static void what_others_wrote_there_is_told(void **state) {
    (void)state;
    static const char no_base64[] =
        "{\"source\":\"s\",\"received_at\":\"t\",\"reason\":{\"code\":\"c\"},\"payload_base64\":\"nonsense!\"}";
    static const char *const values[] = {"", "nonsense", "42", "{\"source\":\"s\"}", no_base64};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const struct tp_kafka_message message = {.value = tp_str(values[i])};
        struct tp_ctl_rejection read;
        struct tp_ctl_plan plan;
        tp_ctl_rejection_read(&message, &read);
        assert_non_null(read.unreadable);
        tp_ctl_plan(&read, "touchpoint.rejected", &plan);
        assert_ptr_equal(plan.why_not, read.unreadable);
        tp_ctl_rejection_free(&read);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_has_stays_as_it_is),
        cmocka_unit_test(what_it_lacks_is_what_the_daemon_had_filled_in),
        cmocka_unit_test(a_cloudevent_is_sent_as_one),
        cmocka_unit_test(what_was_accepted_loses_what_was_added),
        cmocka_unit_test(but_a_sender_who_sent_that_is_refused_again),
        cmocka_unit_test(what_cannot_be_sent_is_not),
        cmocka_unit_test(a_payload_that_was_cut_is_told),
        cmocka_unit_test(what_others_wrote_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
