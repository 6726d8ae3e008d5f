/* Write keys. As with keys (daemon/http/auth.c), the SHA-256 of what is shown is compared with that of each that is
 * configured, always all of them, so that neither a length nor a common beginning nor the place in the list can be
 * measured. */
#include "daemon/api/segment.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <strings.h>

#include "common/base64.h"
#include "common/error.h"

struct key {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    size_t source;
};
struct tp_segment_keys {
    size_t n_sources, n;
    struct key list[];
};

static void add_keys_of(struct tp_segment_keys *keys, const struct tp_source_settings *source, size_t index) {
    for (size_t i = 0; i < source->n_secrets; i++) {
        struct key *key = &keys->list[keys->n++];
        key->source = index;
        SHA256((const unsigned char *)source->secrets[i], strlen(source->secrets[i]), key->digest);
    }
}

static bool is_segment(const struct tp_source_settings *source) { return strcmp(source->kind, "segment") == 0; }

int tp_segment_keys_new(const struct tp_settings *settings, struct tp_segment_keys **ret) {
    size_t n = 0;
    for (size_t i = 0; i < settings->n_sources; i++)
        n += is_segment(&settings->source_list[i]) ? settings->source_list[i].n_secrets : 0;
    struct tp_segment_keys *keys = calloc(1, sizeof *keys + n * sizeof *keys->list);
    if (!keys)
        return TP_ENOMEM;
    keys->n_sources = settings->n_sources;
    for (size_t i = 0; i < settings->n_sources; i++)
        if (is_segment(&settings->source_list[i]))
            add_keys_of(keys, &settings->source_list[i], i);
    *ret = keys;
    return 0;
}

void tp_segment_keys_free(struct tp_segment_keys *keys) {
    if (!keys)
        return;
    OPENSSL_cleanse(keys->list, keys->n * sizeof *keys->list);
    free(keys);
}

size_t tp_segment_keys_find(const struct tp_segment_keys *keys, struct tp_str shown) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)(shown.at ? shown.at : ""), shown.len, digest);
    size_t found = keys->n_sources;
    for (size_t i = keys->n; i-- > 0;)
        if (CRYPTO_memcmp(digest, keys->list[i].digest, sizeof digest) == 0)
            found = keys->list[i].source;
    return found;
}

/* What stands behind the name of the scheme; at NULL when it is another. */
static struct tp_str behind(struct tp_str text, const char *scheme) {
    size_t len = strlen(scheme);
    if (text.len <= len || strncasecmp(text.at, scheme, len) != 0)
        return (struct tp_str){0};
    while (len < text.len && text.at[len] == ' ')
        len++;
    return (struct tp_str){text.at + len, text.len - len};
}

struct tp_str tp_segment_key_shown(struct tp_str authorization, struct tp_buf *room) {
    struct tp_str bearer = behind(authorization, "Bearer "), basic = behind(authorization, "Basic ");
    if (!basic.at || tp_base64_decode(basic, room) < 0)
        return bearer;
    struct tp_str pair = tp_buf_str(room);
    return tp_str_cut(&pair, ':'); /* the password is empty, and of no account */
}
