/* One slot an id, by its hash; the newer of two that share a slot stays. */
#include "daemon/pipeline/known.h"

#include <stdlib.h>

struct tp_known {
    struct {
        uint64_t key, content;
    } slots[TP_KNOWN_IDS];
};

struct tp_known *tp_known_new(void) {
    return calloc(1, sizeof(struct tp_known));
}

void tp_known_free(struct tp_known *known) { free(known); }

bool tp_known_otherwise(struct tp_known *known, const struct tp_interaction *interaction) {
    size_t slot = interaction->key % TP_KNOWN_IDS;
    if (known->slots[slot].key == interaction->key && known->slots[slot].content != interaction->content)
        return true;
    known->slots[slot].key = interaction->key;
    known->slots[slot].content = interaction->content;
    return false;
}

void tp_known_forget(struct tp_known *known, const struct tp_interaction *interaction) {
    size_t slot = interaction->key % TP_KNOWN_IDS;
    if (known->slots[slot].key == interaction->key && known->slots[slot].content == interaction->content)
        known->slots[slot].key = known->slots[slot].content = 0;
}
