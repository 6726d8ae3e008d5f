/* kind.conf as it is read, and what is said of one that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/kind/kind.h"

static char dir[] = "/tmp/kinds-XXXXXX";
static struct tp_kind *kind;
static struct tp_buf fault;

static void write_file(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/mine/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int set_up(void **state) {
    char path[256];
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/mine", dir);
    return mkdir(path, 0700);
}

static int tear_down(void **state) {
    static const char *const files[] = {"mine/kind.conf", "mine/map.jq", "mine/own.jq", "mine", ""};
    char path[256];
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        remove(path);
    }
    return 0;
}

static int load(const char *conf, const char *mapping) {
    write_file("kind.conf", conf);
    write_file("map.jq", ".body");
    tp_kind_free(kind);
    kind = NULL;
    tp_buf_clear(&fault);
    int error = tp_kind_load(dir, "mine", mapping, &fault, &kind);
    tp_buf_addc(&fault, '\0');
    return error;
}

static int forget(void **state) {
    (void)state;
    tp_kind_free(kind);
    kind = NULL;
    tp_buf_free(&fault);
    return 0;
}

static void one_that_says_nothing_asks_for_a_key(void **state) {
    (void)state;
    assert_int_equal(load("", ""), 0);
    assert_string_equal(kind->name, "mine");
    assert_int_equal(kind->n_schemes, 0);
    assert_int_equal(kind->handshake, TP_HANDSHAKE_NONE);
    assert_int_equal(kind->reply.status, 200);
    assert_string_equal(kind->reply.body, "");
    assert_string_equal(kind->decode, "");
    assert_string_equal(kind->mapping.at, ".body");
}

static void all_of_it_is_read(void **state) {
    (void)state;
    const char *conf =
        "title = \"Mine\"\n"
        "verify { by = hmac digest = sha1 encoding = base64 signature = \"header:x-sig\" prefix = \"v1=\"\n"
        "  separator = \",\" signed = \"{timestamp}.{url}{body}\" url = ports id = \"query:id\"\n"
        "  timestamp = \"json:/a/b\" clock = milliseconds tolerance = 300 body_digest = \"form:d\"\n"
        "  secret_prefix = \"whsec_\" }\n"
        "verify { by = basic }\n"
        "handshake = crc\n decode = \"/records/*/data\"\n"
        "reply { status = 204 type = \"text/xml\" body = \"<Response/>\" }\n";
    assert_int_equal(load(conf, ""), 0);
    const struct tp_verify_scheme *scheme = &kind->schemes[0];
    assert_int_equal(kind->n_schemes, 2);
    assert_int_equal(scheme->by, TP_VERIFY_HMAC);
    assert_int_equal(scheme->digest, TP_VERIFY_SHA1);
    assert_int_equal(scheme->encoding, TP_VERIFY_BASE64);
    assert_int_equal(scheme->signature.in, TP_VERIFY_HEADER);
    assert_string_equal(scheme->signature.name, "x-sig");
    assert_string_equal(scheme->prefix, "v1=");
    assert_int_equal(scheme->separator, ',');
    assert_int_equal(scheme->url, TP_VERIFY_URL_PORTS);
    assert_int_equal(scheme->id.in, TP_VERIFY_QUERY);
    assert_int_equal(scheme->timestamp.in, TP_VERIFY_JSON);
    assert_string_equal(scheme->timestamp.name, "/a/b");
    assert_int_equal(scheme->clock, TP_VERIFY_MILLISECONDS);
    assert_int_equal(scheme->tolerance_s, 300);
    assert_int_equal(scheme->body_digest.in, TP_VERIFY_FORM);
    assert_string_equal(scheme->secret_prefix, "whsec_");
    assert_int_equal(kind->schemes[1].by, TP_VERIFY_BASIC);
    assert_string_equal(kind->schemes[1].signature.name, "authorization");
    assert_int_equal(kind->handshake, TP_HANDSHAKE_CRC);
    assert_int_equal(kind->reply.status, 204);
    assert_string_equal(kind->reply.body, "<Response/>");
}

/* What SNS signs, it signs in one way. */
static void of_sns_only_a_tolerance_is_to_be_said(void **state) {
    (void)state;
    assert_int_equal(load("verify { by = sns tolerance = 3600 }", ""), 0);
    const struct tp_verify_scheme *scheme = &kind->schemes[0];
    assert_string_equal(scheme->signature.name, "/Signature");
    assert_string_equal(scheme->timestamp.name, "/Timestamp");
    assert_int_equal(scheme->clock, TP_VERIFY_RFC3339);
    assert_int_equal(scheme->tolerance_s, 3600);
}

static void what_is_wrong_is_said(void **state) {
    (void)state;
    static const struct {
        const char *conf, *says;
    } wrong[] = {
        {"verify { by = magic }", "by: hmac, hash, token"},
        {"verify { by = hmac }", "nowhere where the signature is"},
        {"verify { signature = \"x-sig\" }", "signature: header:NAME"},
        {"verify { signature = \"header:x\" digest = md5 }", "digest: sha1"},
        {"verify { signature = \"header:x\" encoding = rot13 }", "encoding: hex"},
        {"verify { signature = \"header:x\" separator = \"ab\" }", "separator: one character"},
        {"verify { signature = \"header:x\" tolerance = -1 }", "tolerance: 0 to 86400"},
        {"verify { signature = \"header:x\" signed = \"{nothing}\" }", "in braces that is not known"},
        {"verify { by = hash signature = \"header:x\" }", "{secret} is missing"},
        {"handshake = shake", "handshake: hub, crc"},
        {"decode = \"records\"", "decode: a JSON pointer"},
        {"reply { status = 500 }", "status: 200 to 299"},
        {"colour = red", "kind.conf:1: "},
        {"title = \"open", "kind.conf"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(load(wrong[i].conf, ""), TP_ECONFIG);
        if (!strstr(fault.at, wrong[i].says))
            fail_msg("%s: %s", wrong[i].conf, fault.at);
    }
}

static void a_source_may_have_a_mapping_of_its_own(void **state) {
    char path[256];
    (void)state;
    write_file("own.jq", ".text");
    snprintf(path, sizeof path, "%s/mine/own.jq", dir);
    assert_int_equal(load("", path), 0);
    assert_string_equal(kind->mapping.at, ".text");
    assert_int_equal(load("", "/nowhere/map.jq"), TP_ECONFIG);
    assert_non_null(strstr(fault.at, "/nowhere/map.jq: No such file"));
}

static void one_that_is_not_there_is_said(void **state) {
    (void)state;
    assert_int_equal(tp_kind_load(dir, "yours", "", &fault, &kind), TP_ECONFIG);
    tp_buf_addc(&fault, '\0');
    assert_non_null(strstr(fault.at, "yours: there is no such kind"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(one_that_says_nothing_asks_for_a_key, forget),
        cmocka_unit_test_teardown(all_of_it_is_read, forget),
        cmocka_unit_test_teardown(of_sns_only_a_tolerance_is_to_be_said, forget),
        cmocka_unit_test_teardown(what_is_wrong_is_said, forget),
        cmocka_unit_test_teardown(a_source_may_have_a_mapping_of_its_own, forget),
        cmocka_unit_test_teardown(one_that_is_not_there_is_said, forget),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
