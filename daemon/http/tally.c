/* How many connections each address has. A table with chains, made as large as there may be connections, and hashed
 * with a seed that nobody outside knows: so no choice of addresses makes a chain long. An entry is there only while it
 * counts something, so there are never more of them than connections. Who calls holds the lock. */
#include "daemon/http/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

struct tp_http_tally_entry {
    struct tp_http_tally_entry *next;
    struct in6_addr address;
    unsigned count;
};

int tp_http_tally_init(struct tp_http_tally *tally, unsigned most) {
    size_t n = 64;
    while (n < most)
        n *= 2;
    tally->mask = n - 1;
    tally->chains = calloc(n, sizeof(struct tp_http_tally_entry *));
    if (getrandom(&tally->seed, sizeof tally->seed, 0) != sizeof tally->seed)
        return TP_EIO;
    return tally->chains ? 0 : TP_ENOMEM;
}

void tp_http_tally_free(struct tp_http_tally *tally) { free(tally->chains); }

/* The link that points to the address's entry, or to the end of the chain where it would be. */
static struct tp_http_tally_entry **find(const struct tp_http_tally *tally, const struct in6_addr *address) {
    size_t at = (size_t)XXH64(address, sizeof *address, tally->seed) & tally->mask;
    struct tp_http_tally_entry **link = &tally->chains[at];
    while (*link && memcmp(&(*link)->address, address, sizeof *address) != 0)
        link = &(*link)->next;
    return link;
}

bool tp_http_tally_add(struct tp_http_tally *tally, const struct in6_addr *address, unsigned most) {
    struct tp_http_tally_entry **link = find(tally, address);
    if (!*link) {
        *link = calloc(1, sizeof **link);
        if (!*link)
            return false;
        (*link)->address = *address;
    }
    if ((*link)->count == most)
        return false;
    (*link)->count++;
    return true;
}

void tp_http_tally_remove(struct tp_http_tally *tally, const struct in6_addr *address) {
    struct tp_http_tally_entry **link = find(tally, address), *entry = *link;
    assert(entry && entry->count > 0);
    if (--entry->count > 0)
        return;
    *link = entry->next;
    free(entry);
}

struct in6_addr tp_http_tally_key(const struct in6_addr *address) {
    enum { NETWORK_BYTES = 8 };
    struct in6_addr key = *address;
    if (!IN6_IS_ADDR_V4MAPPED(address))
        memset(&key.s6_addr[NETWORK_BYTES], 0, sizeof key.s6_addr - NETWORK_BYTES);
    return key;
}
