/* Where certificates may be fetched from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/certificate/internal.h"

#define HOSTS "sns.*.amazonaws.com, sns.*.amazonaws.com.cn,localhost:8443"

static bool may(const char *url) { return tp_certificate_may_fetch(HOSTS, tp_str(url)); }

static void from_the_hosts_that_are_named(void **state) {
    (void)state;
    assert_true(may("https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-01d0.pem"));
    assert_true(may("https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-01d0.pem"));
    assert_true(may("https://localhost:8443/a/b.pem"));
}

static void not_from_any_other(void **state) {
    (void)state;
    static const char *const urls[] = {
        "https://sns.mine.s3.amazonaws.com/a.pem",
        "https://sns.eu-west-2.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.eu-west-2.amazonaws.com/a.pem",
        "https://evil.example#.sns.eu-west-2.amazonaws.com/a.pem",
        "https://sns.eu-west-2.amazonaws.com:444/a.pem",
        "https://sns.eu-west-2.amazonaws.com@evil.example/a.pem",
        "https://sns.evil.example\\.amazonaws.com/a.pem",
        "https://sns.evil.example%2f.amazonaws.com/a.pem",
        "https://localhost/a.pem",
        "https:///a.pem",
        "",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        if (may(urls[i]))
            fail_msg("%s", urls[i]);
    assert_false(tp_certificate_may_fetch("", TP_STR("https://localhost:8443/a.pem")));
}

static void only_certificates_and_only_by_https(void **state) {
    (void)state;
    static const char *const urls[] = {
        "http://localhost:8443/a.pem",    "file:///etc/a.pem",        "https://localhost:8443/a.pem?x=y",
        "https://localhost:8443/a.pem#x", "https://localhost:8443/a", "https://localhost:8443/.pem.exe",
        "https://localhost:8443",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        if (may(urls[i]))
            fail_msg("%s", urls[i]);
}

static void an_address_is_not_long(void **state) {
    (void)state;
    char url[400] = "https://localhost:8443/";
    memset(url + strlen(url), 'a', TP_CERTIFICATE_URL_BYTES - strlen(url) - 4);
    strcat(url, ".pem");
    assert_int_equal(strlen(url), TP_CERTIFICATE_URL_BYTES);
    assert_true(may(url));
    strcpy(url + TP_CERTIFICATE_URL_BYTES - 4, "a.pem");
    assert_false(may(url));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_hosts_that_are_named),
        cmocka_unit_test(not_from_any_other),
        cmocka_unit_test(only_certificates_and_only_by_https),
        cmocka_unit_test(an_address_is_not_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
