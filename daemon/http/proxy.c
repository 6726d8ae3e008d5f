/* Whose word is taken for where a request came from. Each proxy appends the address it was called from to
 * X-Forwarded-For, so the field is read from the right for as long as the one who wrote is trusted; the first address
 * that is not a trusted proxy's is the peer. What stands left of it anyone may have made up. */
#include "daemon/http/internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAPPED_BITS = 96 }; /* of ::ffff:0:0/96, where IPv4 lives in IPv6 */

/* IPv4 or IPv6, the former mapped; ret_bits: of an address of this family. */
static bool read_address(struct tp_str text, struct in6_addr *ret, unsigned *ret_bits) {
    char copy[INET6_ADDRSTRLEN];
    struct in_addr v4;
    if (text.len >= sizeof copy || text.len == 0)
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        *ret = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
        memcpy(&ret->s6_addr[12], &v4, sizeof v4);
        *ret_bits = 32;
        return true;
    }
    *ret_bits = 128;
    return inet_pton(AF_INET6, copy, ret) == 1;
}

static bool read_network(struct tp_str text, struct tp_http_network *ret) {
    const char *slash = memchr(text.at, '/', text.len);
    size_t len = slash ? (size_t)(slash - text.at) : text.len;
    unsigned family_bits, bits = 0;
    if (!read_address((struct tp_str){text.at, len}, &ret->address, &family_bits))
        return false;
    if (!slash) {
        ret->bits = 128;
        return true;
    }
    size_t digits = text.len - len - 1;
    if (digits == 0 || digits > 3)
        return false;
    for (const char *digit = slash + 1; digits > 0; digit++, digits--) {
        if (*digit < '0' || *digit > '9')
            return false;
        bits = bits * 10 + (unsigned)(*digit - '0');
    }
    ret->bits = bits + (family_bits == 32 ? MAPPED_BITS : 0);
    return bits <= family_bits;
}

int tp_http_proxies_parse(const char *list, struct tp_buf *fault, struct tp_http_proxies *proxies) {
    *proxies = (struct tp_http_proxies){0};
    struct tp_str left = tp_str(list), item;
    proxies->networks = calloc(strlen(list) / 2 + 1, sizeof *proxies->networks); /* as many as there may be commas */
    if (!proxies->networks)
        return TP_ENOMEM;
    while (tp_http_list_first(&left, &item)) {
        if (item.len == 0)
            continue;
        if (tp_str_is(item, "unix")) {
            proxies->unix_peers = true;
        } else if (!read_network(item, &proxies->networks[proxies->n++])) {
            tp_buf_addf(fault, "http.trusted_proxies: %.*s: expected an address, a network such as 10.0.0.0/8, or unix",
                        TP_FMT(item));
            return TP_ECONFIG;
        }
    }
    return 0;
}

void tp_http_proxies_free(struct tp_http_proxies *proxies) {
    free(proxies->networks);
    *proxies = (struct tp_http_proxies){0};
}

static bool contains(const struct tp_http_network *network, const struct in6_addr *address) {
    unsigned bytes = network->bits / 8, bits = network->bits % 8;
    if (memcmp(network->address.s6_addr, address->s6_addr, bytes) != 0)
        return false;
    return bits == 0 || ((network->address.s6_addr[bytes] ^ address->s6_addr[bytes]) >> (8 - bits)) == 0;
}

static bool trusted(const struct tp_http_proxies *proxies, const struct in6_addr *address) {
    for (size_t i = 0; i < proxies->n; i++) {
        if (contains(&proxies->networks[i], address))
            return true;
    }
    return false;
}

/* The address in "192.0.2.1", "192.0.2.1:80", "2001:db8::1" or "[2001:db8::1]:80". */
static struct tp_str without_port(struct tp_str text) {
    if (text.len > 0 && text.at[0] == '[') {
        const char *end = memchr(text.at, ']', text.len);
        return end ? (struct tp_str){text.at + 1, (size_t)(end - text.at) - 1} : text;
    }
    const char *colon = text.len > 0 ? memchr(text.at, ':', text.len) : NULL;
    bool one = colon && colon == memrchr(text.at, ':', text.len);
    return one ? (struct tp_str){text.at, (size_t)(colon - text.at)} : text;
}

struct origin {
    struct tp_str text;
    struct in6_addr address; /* where it was forwarded */
    bool forwarded;
};

/* Follows one field from the right. False when the walk ends in it. */
static bool follow(const struct tp_http_proxies *proxies, struct tp_str list, struct origin *origin) {
    struct tp_str item;
    while (tp_http_list_last(&list, &item)) {
        struct in6_addr address;
        unsigned bits;
        item = without_port(item);
        if (!read_address(item, &address, &bits))
            return false; /* "unknown" and the like: the one who wrote it is as far as we see */
        *origin = (struct origin){item, address, true};
        if (!trusted(proxies, &address))
            return false;
    }
    return true;
}

bool tp_http_from_proxy(const struct tp_http_connection *connection) {
    const struct tp_http_proxies *proxies = &connection->thread->http->proxies;
    return connection->peer_unix ? proxies->unix_peers : trusted(proxies, &connection->peer);
}

static struct origin trace(const struct tp_http_request *request) {
    const struct tp_http_proxies *proxies = &request->connection->thread->http->proxies;
    struct origin origin = {.text = tp_str(request->connection->peer_text)};
    for (size_t i = tp_http_from_proxy(request->connection) ? request->n_fields : 0; i-- > 0;) {
        if (tp_str_is(tp_http_field_name(request, i), "x-forwarded-for") &&
            !follow(proxies, tp_http_field_value(request, i), &origin))
            break;
    }
    return origin;
}

struct tp_str tp_http_peer(const struct tp_http_request *request) {
    return trace(request).text;
}

bool tp_http_forwarded(const struct tp_http_request *request, struct in6_addr *ret) {
    struct origin origin = trace(request);
    *ret = origin.address;
    return origin.forwarded;
}
