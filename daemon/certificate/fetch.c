#include "daemon/certificate/internal.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_MS 5000L
#define WHOLE_MS   10000L

enum { MOST_BYTES = 64 * 1024 };

static size_t on_bytes(char *bytes, size_t size, size_t n, void *out_) {
    struct tp_buf *out = out_;
    if (out->len + size * n > MOST_BYTES)
        return 0;
    tp_buf_add(out, bytes, size * n);
    return out->failed ? 0 : size * n;
}

static int on_progress(void *stopped, curl_off_t total, curl_off_t now, curl_off_t to_send, curl_off_t sent) {
    (void)total, (void)now, (void)to_send, (void)sent;
    return atomic_load((const atomic_bool *)stopped) ? 1 : 0;
}

static void prepare(CURL *curl, const char *url, const char *trusted, const atomic_bool *stopped, struct tp_buf *out) {
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, WHOLE_MS);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "touchpointd/" TP_VERSION);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)(uintptr_t)stopped);
    if (*trusted)
        curl_easy_setopt(curl, CURLOPT_CAINFO, trusted);
}

bool tp_certificate_fetch(const char *url, const char *trusted, const atomic_bool *stopped, struct tp_buf *out,
                          char why[256]) {
    char said[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (curl) {
        prepare(curl, url, trusted, stopped, out);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, said);
        code = curl_easy_perform(curl);
        curl_easy_cleanup(curl);
    }
    bool is = code == CURLE_OK && tp_str_begins(tp_buf_str(out), "-----BEGIN CERTIFICATE-----");
    if (!is)
        snprintf(why, 256, "%s", *said ? said : code ? curl_easy_strerror(code) : "it is no certificate in PEM");
    return is;
}
