/* Private to pipeline/: a record of the journal on its way. */
#pragma once

#include "common/interaction.h"
#include "common/split.h"
#include "common/uuid.h"
#include "daemon/journal/journal.h"
#include "daemon/kafka/kafka.h"
#include "daemon/metrics/metrics.h"
#include "daemon/pipeline/waitroom.h"
#include "daemon/timeline/timeline.h"

enum tp_stage {
    TP_AT_START,    /* read, or to begin again */
    TP_AT_TIMELINE, /* with identity or timeline: no answer yet */
    TP_ASIDE,       /* it failed there, and is tried again in a while */
    TP_AT_KAFKA,    /* answered; `out` waits for room in the producer, or the producer has it */
    TP_AT_END
};

struct tp_item {
    struct tp_item *next;     /* in order of record */
    struct tp_item *next_out; /* among those that wait for the producer */
    uint64_t record;
    enum tp_stage stage;
    unsigned tries, moves;
    size_t turn;               /* of the batch that is being resolved */
    bool defers;               /* it is with its arbiter (deferring.c) */
    char led_by[TP_UUID_TEXT]; /* "", or the customer at whose root its place is, */
    uint64_t led_under;        /* as was remembered under this repair */
    int64_t received_ms;
    bool is_split;           /* else an interaction or a rejection */
    bool is_rejection;       /* of the journal, or what became of an interaction or a split */
    enum tp_outcome outcome; /* at its end */
    bool answered;           /* those who wait were told */
    bool in;                 /* the transaction that is open at Kafka */
    int error;               /* why it became a rejection */
    struct tp_buf packed;
    struct tp_interaction interaction;
    struct tp_split split;
    struct tp_rejection rejection;
    char customer_id[TP_UUID_TEXT];
    struct tp_str sent; /* the interaction's json as it was accepted */
    struct tp_buf told; /* and as it is told, where it names identifiers of several customers; a rejected split's; of
                           one that identifies, these conflicts alone */
    struct tp_append append;
    uint32_t of_members;   /* as in struct tp_identity_request */
    struct tp_buf changes; /* that append.changes points to */
    struct tp_buf out;     /* the record for Kafka */
    struct tp_buf mapping; /* and the customer's, where that changed; else empty */
    size_t n_merged;       /* and of each that was merged into it; of a split, of each whom it changed */
    struct {
        char customer_id[TP_UUID_TEXT];
        struct tp_buf mapping;
    } merged[TP_TIMELINE_MOST_TOLD];
    struct {
        struct tp_buf key, value;
    } noted;              /* of a split, for the ledger */
    struct tp_buf waited; /* the enriched interaction again, for those who wait for it */
};

/* Copies and unpacks. A record that cannot be unpacked becomes a rejection. NULL when out of memory. */
struct tp_item *tp_item_new(const struct tp_journal_record *record);
void tp_item_free(struct tp_item *item);
/* Its time from receipt until now. The wall clock's, since the receipt may lie before a restart. */
void tp_item_observe(const struct tp_item *item, enum tp_histogram histogram);
/* Fills `append` once the customer is known: whom, and what changes in the customer's state. `conflict`: of those of
 * its identifiers that lead to others, `{"type", "value", "customer"}` each, with commas; mostly nothing. TP_ENOMEM. */
int tp_item_prepare_append(struct tp_item *item, struct tp_str conflict);
/* `out` becomes the enriched interaction, by what the timeline answered, `mapping` and `merged` what it changed; of one
 * that identifies, `out` becomes what it changed, and there is no more. */
int tp_item_enrich(struct tp_item *item, const struct tp_entry *entry);
/* `out` becomes a record of the rejected topic; for an interaction, because of `error`. With `bare`, without payload.
 */
void tp_item_reject(struct tp_item *item, int error, bool bare);
/* Hands `out` to the producer. As tp_kafka_produce. */
int tp_item_produce(struct tp_item *item, struct tp_kafka *kafka, const char *node);
