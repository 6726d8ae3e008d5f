/* What the files of this folder share. One thread: that of the event base.
 *
 * A record's way: tp_kafka_produce puts it at the end of its topic's list, the topic gives it to librdkafka, and the
 * report takes it off again. Whatever fails, the answer is one and the same: the topic is held, waits until librdkafka
 * has reported all that it still has of it, and then gives everything on its list again, from the first. So the order
 * of a topic is that of its list, whatever happened. */
#pragma once

#include <stdatomic.h>
#include <sys/queue.h>

#include <librdkafka/rdkafka.h>

#include "daemon/kafka/kafka.h"
#include "daemon/log/log.h"
#include "daemon/metrics/metrics.h"

struct tp_kafka_topic;

/* One allocation: the headers, and behind them the key's and the headers' bytes. */
struct tp_kafka_record {
    TAILQ_ENTRY(tp_kafka_record) link;
    struct tp_kafka_topic *topic;
    void *owners;   /* the caller's word for it */
    bool given;     /* to a producer, at least once */
    bool suspect;   /* was in a batch that the broker refused */
    bool alone;     /* is in a batch of its own, so that a refusal means it and no other */
    unsigned tries; /* refused so often when alone */
    size_t size;    /* counted against the bound */
    struct tp_str key;
    struct tp_buf value;
    size_t n_headers;
    struct tp_kafka_header headers[];
};
TAILQ_HEAD(tp_kafka_records, tp_kafka_record);

struct tp_kafka_topic {
    struct tp_kafka *kafka;
    enum tp_topic id;
    const char *name;
    struct tp_kafka_records records; /* not yet done, in the order they came */
    struct tp_kafka_record *next;    /* the first that the producer has not got; NULL: it has them all */
    size_t out;                      /* given and not yet reported */
    size_t suspects;                 /* while there are any, one record is out at a time */
    bool held;                       /* nothing is given */
    bool known;                      /* it exists, or is not ours to make */
    struct event *pause;             /* pending: not to be tried again yet */
    struct tp_log_limit complaint, refusal;
};

struct tp_kafka {
    struct tp_kafka_options options;
    rd_kafka_conf_t *conf; /* each producer is made from a copy */
    rd_kafka_t *producer;  /* NULL only while none could be made */
    rd_kafka_queue_t *queue;
    struct event *wake; /* reads an eventfd that librdkafka writes */
    bool failed;        /* fatally: nothing more is given to this producer */
    bool judged;        /* it has had the broker's verdict on a record */
    struct event *replace;
    bool making;  /* a request to make topics is under way */
    bool refused; /* the caller was told TP_EFULL, and waits for on_room */
    size_t max_record, max_records, max_bytes;
    size_t bytes;
    _Atomic size_t queued;
    _Atomic bool up;
    struct tp_log_limit complaint, failure, refusal, chatter;
    struct tp_kafka_topic topics[TP_TOPIC_COUNT];
};

/* conf.c: what librdkafka is told. TP_ECONFIG with the reason in `fault`. */
int tp_kafka_conf(const struct tp_settings *settings, struct tp_buf *fault, rd_kafka_conf_t **ret);
/* The same for one who reads: as to brokers, login and kafka.property.*, what the producer is told. */
int tp_kafka_conf_reader(const struct tp_settings *settings, struct tp_buf *fault, rd_kafka_conf_t **ret);
/* The number that a property has in the end, ours or the operator's. */
size_t tp_kafka_conf_number(const rd_kafka_conf_t *conf, const char *name);

/* record.c. `value` is taken. NULL when out of memory. */
struct tp_kafka_record *tp_kafka_record_new(struct tp_kafka_topic *topic, struct tp_str key, struct tp_buf *value,
                                            const struct tp_kafka_header *headers, size_t n_headers, void *owners);
void tp_kafka_record_free(struct tp_kafka_record *record);
/* The most bytes that it takes in a batch. */
size_t tp_kafka_record_size(struct tp_str key, struct tp_str value, const struct tp_kafka_header *headers,
                            size_t n_headers);
rd_kafka_resp_err_t tp_kafka_record_give(struct tp_kafka_record *record);

/* topic.c */
int tp_kafka_topic_init(struct tp_kafka_topic *topic, struct tp_kafka *kafka, enum tp_topic id);
void tp_kafka_topic_close(struct tp_kafka_topic *topic);
void tp_kafka_topic_add(struct tp_kafka_topic *topic, struct tp_kafka_record *record);
void tp_kafka_topic_send(struct tp_kafka_topic *topic); /* what may be given now, or nothing */
/* Holds it, and keeps it from being tried again for about a second. */
void tp_kafka_topic_pause(struct tp_kafka_topic *topic);
/* To be made before it is tried again, unless topics are not ours to make. */
void tp_kafka_topic_unknown(struct tp_kafka_topic *topic);

/* report.c: librdkafka's word on a record that it had, or would not take. */
void tp_kafka_report(struct tp_kafka_record *record, rd_kafka_resp_err_t error);

/* producer.c. init and exit: the events, once; new and free: the producer, as often as it fails. */
int tp_kafka_producer_init(struct tp_kafka *kafka);
void tp_kafka_producer_exit(struct tp_kafka *kafka);
int tp_kafka_producer_new(struct tp_kafka *kafka, char *reason, size_t size); /* TP_ECONFIG with librdkafka's reason */
void tp_kafka_producer_free(struct tp_kafka *kafka);
void tp_kafka_producer_fail(struct tp_kafka *kafka); /* it has failed fatally: to be replaced */

/* create.c: makes the topics that are not known yet and not paused. */
void tp_kafka_make_topics(struct tp_kafka *kafka);
void tp_kafka_make_topics_done(struct tp_kafka *kafka, rd_kafka_event_t *event);

/* health.c: is a broker there, and what librdkafka has to say. */
void tp_kafka_set_up(struct tp_kafka *kafka, bool up);
void tp_kafka_on_statistics(struct tp_kafka *kafka, rd_kafka_event_t *event);
void tp_kafka_on_error(struct tp_kafka *kafka, rd_kafka_event_t *event);
void tp_kafka_on_log(struct tp_kafka *kafka, rd_kafka_event_t *event);
