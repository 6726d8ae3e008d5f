/* Keys. What is compared is the SHA-256 of the key shown with the SHA-256 of each key configured, always all of them
 * and each in constant time, so that neither a length nor a common beginning nor the place in the list can be measured.
 */
#include "daemon/http/internal.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <strings.h>

struct tp_http_auth {
    size_t n;
    struct {
        unsigned char digest[SHA256_DIGEST_LENGTH];
        const struct tp_key *key;
    } keys[];
};

struct tp_http_auth *tp_http_auth_new(const struct tp_settings *settings) {
    struct tp_http_auth *auth = calloc(1, sizeof *auth + settings->n_keys * sizeof *auth->keys);
    if (!auth)
        return NULL;
    for (size_t i = 0; i < settings->n_keys; i++) {
        const struct tp_key *key = &settings->keys[i];
        auth->keys[auth->n].key = key;
        SHA256((const unsigned char *)key->secret, strlen(key->secret), auth->keys[auth->n].digest);
        auth->n++;
    }
    return auth;
}

void tp_http_auth_free(struct tp_http_auth *auth) {
    if (!auth)
        return;
    OPENSSL_cleanse(auth->keys, auth->n * sizeof *auth->keys);
    free(auth);
}

static const struct tp_key *find(const struct tp_http_auth *auth, struct tp_str shown) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)shown.at, shown.len, digest);
    const struct tp_key *found = NULL;
    for (size_t i = 0; i < auth->n; i++) {
        if (CRYPTO_memcmp(digest, auth->keys[i].digest, sizeof digest) == 0)
            found = auth->keys[i].key;
    }
    return found;
}

/* "Bearer KEY"; nothing when it is of another form. */
static struct tp_str bearer(struct tp_str value) {
    static const char scheme[] = "Bearer ";
    size_t len = sizeof scheme - 1;
    if (value.len <= len || strncasecmp(value.at, scheme, len) != 0)
        return (struct tp_str){0};
    while (value.at[len] == ' ') /* a value does not end with a blank */
        len++;
    return (struct tp_str){value.at + len, value.len - len};
}

static int check(const struct tp_http_auth *auth, struct tp_http_request *request, unsigned scope) {
    if (auth->n == 0 || scope == 0)
        return 0;
    struct tp_str shown = bearer(tp_http_header(request, "authorization"));
    const struct tp_key *key = shown.len > 0 ? find(auth, shown) : NULL;
    if (!key)
        return tp_http_refuse(&request->refusal, TP_EUNAUTHORIZED, "a key is needed: Authorization: Bearer KEY");
    if ((key->scopes & scope) != scope)
        return tp_http_refuse(&request->refusal, TP_EFORBIDDEN, tp_error_text(TP_EFORBIDDEN));
    request->key_name = key->name;
    return 0;
}

int tp_http_auth_check(const struct tp_http_auth *auth, struct tp_http_request *request) {
    return check(auth, request, request->route->scope);
}

bool tp_http_authorize(struct tp_http_request *request, unsigned scope) {
    if (check(request->connection->thread->http->auth, request, scope) == 0)
        return true;
    tp_http_reply_refusal(request);
    return false;
}
