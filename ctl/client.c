/* HTTP over libcurl: one easy handle, which keeps its connection from request to request. */
#include "ctl/internal.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

#define CONNECT_MS 5000L
#define ANSWER_MS  15000L  /* a look, which waits for Redis at most */
#define WHOLE_MS   120000L /* what is sent, with all its waiting */

struct tp_ctl_client {
    CURL *curl;
    char *url; /* without a '/' at its end */
    struct curl_slist *headers;
    struct tp_buf address; /* of one request */
    char said[CURL_ERROR_SIZE];
    struct tp_buf fault;
};

static size_t on_body(char *bytes, size_t size, size_t n, void *body) {
    tp_buf_add(body, bytes, size * n);
    return ((struct tp_buf *)body)->failed ? 0 : size * n;
}

static bool add_header(struct curl_slist **list, const char *line) {
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static bool show_key(struct tp_ctl_client *client, const char *key) {
    struct tp_buf line = TP_BUF_INIT;
    tp_buf_addf(&line, "Authorization: Bearer %s", key);
    tp_buf_addc(&line, '\0');
    bool added = !line.failed && add_header(&client->headers, line.at);
    tp_buf_free(&line);
    return added;
}

/* A proxy is for the way to the world, and not asked for a daemon of one's own. */
static void set_up(struct tp_ctl_client *client) {
    curl_easy_setopt(client->curl, CURLOPT_DEFAULT_PROTOCOL, "http");
    curl_easy_setopt(client->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(client->curl, CURLOPT_USERAGENT, "touchpointctl/" TP_VERSION);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, client->said);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, on_body);
}

struct tp_ctl_client *tp_ctl_client_new(const struct tp_ctl_options *options) {
    struct tp_ctl_client *client = calloc(1, sizeof *client);
    if (client) {
        client->curl = curl_easy_init();
        client->url = strdup(options->url);
    }
    if (!client || !client->curl || !client->url || (options->key && !show_key(client, options->key))) {
        tp_ctl_say("out of memory");
        tp_ctl_client_free(client);
        return NULL;
    }
    for (size_t len = strlen(client->url); len > 0 && client->url[len - 1] == '/'; len--)
        client->url[len - 1] = '\0';
    set_up(client);
    return client;
}

void tp_ctl_client_free(struct tp_ctl_client *client) {
    if (!client)
        return;
    curl_slist_free_all(client->headers);
    curl_easy_cleanup(client->curl);
    tp_buf_free(&client->address);
    tp_buf_free(&client->fault);
    free(client->url);
    free(client);
}

static void note_fault(struct tp_ctl_client *client, CURLcode code) {
    tp_buf_clear(&client->fault);
    tp_buf_addf(&client->fault, "touchpointd at %s cannot be reached: %s", client->url,
                *client->said ? client->said : curl_easy_strerror(code));
    tp_buf_addc(&client->fault, '\0');
}

static int perform(struct tp_ctl_client *client, const char *path, struct curl_slist *headers,
                   struct tp_ctl_reply *ret) {
    tp_buf_clear(&client->address);
    tp_buf_addf(&client->address, "%s%s", client->url, path);
    tp_buf_addc(&client->address, '\0');
    tp_buf_clear(&ret->body);
    *client->said = '\0';
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (!client->address.failed) {
        curl_easy_setopt(client->curl, CURLOPT_URL, client->address.at);
        curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &ret->body);
        code = curl_easy_perform(client->curl);
    }
    if (code != CURLE_OK) {
        note_fault(client, code);
        return TP_EUNAVAILABLE;
    }
    curl_off_t retry_after = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &ret->status);
    curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &retry_after);
    ret->retry_after_s = (long)retry_after;
    return 0;
}

int tp_ctl_get(struct tp_ctl_client *client, const char *path, struct tp_ctl_reply *ret) {
    curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, ANSWER_MS);
    return perform(client, path, client->headers, ret);
}

int tp_ctl_post(struct tp_ctl_client *client, const char *path, const char *const *headers, struct tp_str body,
                struct tp_ctl_reply *ret) {
    struct curl_slist *all = NULL;
    bool added = add_header(&all, "Expect:"); /* not announced: what is refused costs a round trip less */
    for (const struct curl_slist *own = client->headers; added && own; own = own->next)
        added = add_header(&all, own->data);
    for (; added && headers && *headers; headers++)
        added = add_header(&all, *headers);
    int status = TP_EUNAVAILABLE;
    if (added) {
        curl_easy_setopt(client->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, WHOLE_MS);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body.at ? body.at : "");
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        status = perform(client, path, all, ret);
    } else {
        note_fault(client, CURLE_OUT_OF_MEMORY);
    }
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(all);
    return status;
}

const char *tp_ctl_client_fault(const struct tp_ctl_client *client) {
    return client->fault.at && !client->fault.failed ? client->fault.at : "out of memory";
}

void tp_ctl_reply_free(struct tp_ctl_reply *reply) {
    if (reply)
        tp_buf_free(&reply->body);
}

void tp_ctl_escape(struct tp_str text, struct tp_buf *out) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] && strchr(plain, text.at[i]))
            tp_buf_addc(out, text.at[i]);
        else
            tp_buf_addf(out, "%%%02X", (unsigned char)text.at[i]);
}

void tp_ctl_say_reply(const char *what, const struct tp_ctl_reply *reply) {
    struct tp_json json;
    struct tp_json_error error;
    struct tp_buf said = TP_BUF_INIT;
    if (tp_json_parse(tp_buf_str(&reply->body), 32, &json, &error) == 0) {
        static const char *const members[] = {"code", "path", "message"};
        const json_t *fault = json_object_get(json.root, "error");
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            const char *value = json_string_value(json_object_get(fault, members[i]));
            tp_buf_adds(&said, value ? said.len ? ": " : " " : "");
            tp_ctl_clean(tp_str(value), &said);
        }
        tp_json_free(&json);
    }
    tp_ctl_say("%s: %ld%.*s", what, reply->status, TP_FMT(tp_buf_str(&said)));
    tp_buf_free(&said);
}
