/* Counters, gauges and histograms, two tables: each with its Prometheus name, type, label and meaning. Atomic and
 * relaxed; any thread. A gauge that is cheaper to ask than to keep is set just before /metrics is written. */
#pragma once

#include <stdint.h>

#include "common/buf.h"

// clang-format off
/*    id                             name and labels                                          type       help */
#define TP_METRICS(X)                                                                                                        \
    X(TP_M_HTTP_CONNECTIONS,         "touchpoint_http_connections",                            "gauge",   "connections open now") \
    X(TP_M_HTTP_CONNECTIONS_TOTAL,   "touchpoint_http_connections_total",                      "counter", "connections accepted") \
    X(TP_M_HTTP_REFUSED_FULL,        "touchpoint_http_connections_refused_total{reason=\"full\"}", "counter", "connections turned away because there were too many: of all, or of one peer") \
    X(TP_M_HTTP_REFUSED_PEER,        "touchpoint_http_connections_refused_total{reason=\"peer\"}", "counter", NULL) \
    X(TP_M_HTTP_SHED_IDLE,           "touchpoint_http_connections_shed_total{was=\"idle\"}",    "counter", "connections closed to make room for others, by what they were at") \
    X(TP_M_HTTP_SHED_SENDING,        "touchpoint_http_connections_shed_total{was=\"sending\"}", "counter", NULL) \
    X(TP_M_HTTP_SHED_READING,        "touchpoint_http_connections_shed_total{was=\"reading\"}", "counter", NULL) \
    X(TP_M_HTTP_REQUESTS,            "touchpoint_http_requests_total",                         "counter", "requests read whole") \
    X(TP_M_HTTP_TIMEOUTS,            "touchpoint_http_timeouts_total",                         "counter", "connections closed at a deadline") \
    X(TP_M_HTTP_2XX,                 "touchpoint_http_responses_total{class=\"2xx\"}",         "counter", "replies by class of status") \
    X(TP_M_HTTP_3XX,                 "touchpoint_http_responses_total{class=\"3xx\"}",         "counter", NULL) \
    X(TP_M_HTTP_4XX,                 "touchpoint_http_responses_total{class=\"4xx\"}",         "counter", NULL) \
    X(TP_M_HTTP_5XX,                 "touchpoint_http_responses_total{class=\"5xx\"}",         "counter", NULL) \
    X(TP_M_EVENTS_ACCEPTED,          "touchpoint_events_total{status=\"accepted\"}",           "counter", "events received, by what became of them") \
    X(TP_M_EVENTS_REJECTED,          "touchpoint_events_total{status=\"rejected\"}",           "counter", NULL) \
    X(TP_M_SEGMENT_UNKNOWN_KEYS,     "touchpoint_segment_unknown_keys_total",                  "counter", "requests at Segment's paths without the write key of a source") \
    X(TP_M_MAPPING_TIMEOUTS,         "touchpoint_mappings_stopped_total{reason=\"time\"}",     "counter", "mappings that were stopped: they took too long, ended their process (memory), or made too much") \
    X(TP_M_MAPPING_ENDED,            "touchpoint_mappings_stopped_total{reason=\"ended\"}",    "counter", NULL) \
    X(TP_M_MAPPING_TOO_MUCH,         "touchpoint_mappings_stopped_total{reason=\"size\"}",     "counter", NULL) \
    X(TP_M_JOURNAL_RECORDS,          "touchpoint_journal_records_total",                       "counter", "records made durable") \
    X(TP_M_JOURNAL_SYNCS,            "touchpoint_journal_syncs_total",                         "counter", "calls of fdatasync for records") \
    X(TP_M_JOURNAL_FULL,             "touchpoint_journal_full_total",                          "counter", "requests refused because the journal was full") \
    X(TP_M_JOURNAL_CORRUPT,          "touchpoint_journal_corrupt_bytes_total",                 "counter", "bytes put aside as damaged") \
    X(TP_M_JOURNAL_BYTES,            "touchpoint_journal_bytes",                               "gauge",   "bytes of segments on disk") \
    X(TP_M_JOURNAL_MAX,              "touchpoint_journal_max_bytes",                           "gauge",   "journal.max_size: bytes that its segments may take") \
    X(TP_M_JOURNAL_PENDING,          "touchpoint_journal_pending_records",                     "gauge",   "records that are not yet released") \
    X(TP_M_JOURNAL_AGE,              "touchpoint_journal_oldest_seconds",                      "gauge",   "age of the oldest record that is not yet released") \
    X(TP_M_JOURNAL_QUEUE,            "touchpoint_journal_queue_bytes",                         "gauge",   "bytes that wait for the writer") \
    X(TP_M_IDENTITY_RESOLVED,        "touchpoint_identity_resolved_total",                     "counter", "interactions whose customer was found or made") \
    X(TP_M_IDENTIFIERS_BLOCKED,      "touchpoint_identifiers_blocked_total",                   "counter", "values of accepted events that name nobody, and were dropped") \
    X(TP_M_IDENTITY_CREATED,         "touchpoint_identity_created_total",                      "counter", "customers made") \
    X(TP_M_IDENTITY_CONFLICTS,       "touchpoint_identity_conflicts_total",                    "counter", "interactions that named identifiers of several customers") \
    X(TP_M_IDENTITY_IDENTIFIED,      "touchpoint_identity_identified_total",                   "counter", "events that only say who somebody is") \
    X(TP_M_IDENTITY_MERGED,          "touchpoint_identity_merged_total",                       "counter", "customers that turned out to be another") \
    X(TP_M_IDENTITY_DEMOTED,         "touchpoint_identity_demoted_total",                      "counter", "values that turned out to be shared by many customers") \
    X(TP_M_IDENTITY_SPLIT,           "touchpoint_identity_split_total",                        "counter", "merges that an operator has taken back") \
    X(TP_M_TIMELINE_APPENDED,        "touchpoint_timeline_total{result=\"appended\"}",         "counter", "interactions at the timeline, by result") \
    X(TP_M_TIMELINE_REPLAYED,        "touchpoint_timeline_total{result=\"replayed\"}",         "counter", NULL) \
    X(TP_M_TIMELINE_DUPLICATE,       "touchpoint_timeline_total{result=\"duplicate\"}",        "counter", NULL) \
    X(TP_M_TIMELINE_REUSED,          "touchpoint_timeline_total{result=\"id_reused\"}",        "counter", NULL) \
    X(TP_M_KAFKA_PRODUCED,           "touchpoint_kafka_acknowledged_total{topic=\"interactions\"}", "counter", "records that the broker has") \
    X(TP_M_KAFKA_REJECTED,           "touchpoint_kafka_acknowledged_total{topic=\"rejected\"}", "counter", NULL) \
    X(TP_M_KAFKA_CUSTOMERS,          "touchpoint_kafka_acknowledged_total{topic=\"customers\"}", "counter", NULL) \
    X(TP_M_KAFKA_RETRIED,            "touchpoint_kafka_retried_total",                         "counter", "records given to the producer again after it failed them") \
    X(TP_M_KAFKA_REBUILT,            "touchpoint_kafka_producers_rebuilt_total",               "counter", "producers replaced after a fatal error") \
    X(TP_M_KAFKA_COMMITTED,          "touchpoint_kafka_transactions_total{result=\"committed\"}", "counter", "transactions, by what became of them") \
    X(TP_M_KAFKA_ABORTED,            "touchpoint_kafka_transactions_total{result=\"aborted\"}", "counter", NULL) \
    X(TP_M_KAFKA_QUEUE,              "touchpoint_kafka_queue_records",                         "gauge",   "records that the producer holds") \
    X(TP_M_DELIVERY_WINDOW,          "touchpoint_delivery_records",                            "gauge",   "records under way behind the journal") \
    X(TP_M_DELIVERY_UNDELIVERABLE,   "touchpoint_delivery_undeliverable_total",                "counter", "records that went to the rejected topic after several tries") \
    X(TP_M_REDIS_UP,                 "touchpoint_redis_up",                                    "gauge",   "1 while delivery has its connection") \
    X(TP_M_REDIS_LOSSES,             "touchpoint_redis_losses_total",                          "counter", "times that Redis came back as another or emptier server") \
    X(TP_M_REPAIRS,                  "touchpoint_redis_repairs_total",                         "counter", "repairs of Redis that this node has carried out") \
    X(TP_M_REPAIRING,                "touchpoint_redis_repairing",                             "gauge",   "1 while Redis is being repaired from Kafka, or waits for that") \
    X(TP_M_REPAIR_RECORDS,           "touchpoint_redis_repair_records",                        "gauge",   "records that the last repair has read from Kafka so far") \
    X(TP_M_REPAIR_LACKING,           "touchpoint_redis_repair_lacking_records",                "gauge",   "records that the last repair did not find in Kafka any more") \
    X(TP_M_KAFKA_UP,                 "touchpoint_kafka_up",                                    "gauge",   "1 while a broker answers")

/* How long things took, in seconds. A 202 costs a sync of the disk, so its bounds are fine; what comes behind it may wait
 * for hours, and theirs go that far.
 *    id             name                           bounds      help */
#define TP_HISTOGRAMS(X)                                                                                                     \
    X(TP_H_ACCEPT,   "touchpoint_accept_seconds",   accept,     "from a request's last byte until its events are durable and it is answered") \
    X(TP_H_TIMELINE, "touchpoint_timeline_seconds", delivery,   "from an interaction's receipt until it is on its timeline") \
    X(TP_H_DELIVERY, "touchpoint_delivery_seconds", delivery,   "from an interaction's receipt until the broker has it, committed") \
    X(TP_H_COMMIT,   "touchpoint_kafka_commit_seconds", accept, "how long the commit of a transaction took")
// clang-format on

enum tp_metric {
#define X(id, name, type, help) id,
    TP_METRICS(X)
#undef X
        TP_METRIC_COUNT
};

enum tp_histogram {
#define X(id, name, bounds, help) id,
    TP_HISTOGRAMS(X)
#undef X
        TP_HISTOGRAM_COUNT
};

void tp_metrics_add(enum tp_metric metric, int64_t more);
void tp_metrics_set(enum tp_metric metric, int64_t value);
int64_t tp_metrics_get(enum tp_metric metric);
/* One more that took so long; less than nothing, where a clock was set back, counts as nothing. */
void tp_metrics_observe(enum tp_histogram histogram, int64_t us);
/* Prometheus text format 0.0.4. */
void tp_metrics_write(struct tp_buf *out);
