/* What the files of this folder share. One thread: that of the event base.
 *
 * A record's way: tp_kafka_produce puts it at the end of its topic's list, the topic gives it to librdkafka, part by
 * part, and the last report on them takes it off again. Whatever fails, the answer is one and the same: the topic is
 * held, waits until librdkafka has reported all that it still has of it, and then gives everything on its list again,
 * from the first. So the order of a topic is that of its list, whatever happened; and parts for other topics go in
 * the order of the list that their records are on. */
#pragma once

#include <stdatomic.h>
#include <sys/queue.h>

#include <librdkafka/rdkafka.h>

#include "daemon/kafka/kafka.h"
#include "daemon/log/log.h"
#include "daemon/metrics/metrics.h"

struct tp_kafka_topic;

/* A piece of a record, and what librdkafka knows it by. */
struct tp_kafka_part {
    struct tp_kafka_record *record;
    struct tp_kafka_topic *topic;
    struct tp_str key;
    struct tp_buf value;
    struct tp_kafka_header *headers;
    size_t n_headers;
};

/* One allocation: the parts, and behind them their headers, the keys' and the headers' bytes. */
struct tp_kafka_record {
    TAILQ_ENTRY(tp_kafka_record) link;
    struct tp_kafka_topic *topic;  /* of the first part, which the record is known by */
    void *owners;                  /* the caller's word for it */
    bool given;                    /* to a producer, at least once */
    bool in;                       /* the open transaction, or one whose outcome is not known */
    bool suspect;                  /* was in a batch that the broker refused */
    bool alone;                    /* is in a batch of its own, so that a refusal means it and no other */
    unsigned tries;                /* refused so often when alone */
    size_t size;                   /* counted against the bound */
    size_t n_out;                  /* parts given and not yet reported */
    rd_kafka_resp_err_t error;     /* since it was given: what failed it */
    struct tp_kafka_topic *failed; /* and of which topic that was said */
    size_t n_parts;
    struct tp_kafka_part parts[];
};
TAILQ_HEAD(tp_kafka_records, tp_kafka_record);

struct tp_kafka_topic {
    struct tp_kafka *kafka;
    enum tp_topic id;
    const char *name;
    struct tp_kafka_records records; /* not yet done, in the order they came */
    struct tp_kafka_record *next;    /* the first that the producer has not got; NULL: it has them all */
    size_t out;                      /* records of the list given and not yet reported */
    size_t wanted;                   /* by records not yet done, of whatever topic's list */
    size_t suspects;                 /* while there are any, one record is out at a time */
    bool held;                       /* nothing is given */
    bool known;                      /* it exists, or is not ours to make */
    bool there;                      /* it exists: what is not there would hold up a transaction */
    struct event *pause;             /* pending: not to be tried again yet */
    struct tp_log_limit complaint, refusal;
};

struct tp_kafka_transaction;

struct tp_kafka {
    struct tp_kafka_options options;
    struct tp_kafka_transaction *transaction; /* NULL: without */
    rd_kafka_conf_t *conf;                    /* each producer is made from a copy */
    rd_kafka_t *producer;                     /* NULL only while none could be made */
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
    _Atomic bool fenced;
    struct tp_log_limit complaint, failure, transaction_failure, refusal, chatter;
    struct tp_kafka_topic topics[TP_TOPIC_COUNT];
};

/* conf.c: what librdkafka is told. TP_ECONFIG with the reason in `fault`. */
int tp_kafka_conf(const struct tp_settings *settings, struct tp_buf *fault, rd_kafka_conf_t **ret);
/* Beside it, for one who produces in transactions: at most one has the name at a time. */
int tp_kafka_conf_transactional(rd_kafka_conf_t *conf, const char *node, struct tp_buf *fault);
/* The same for one who reads: as to brokers, login and kafka.property.*, what the producer is told. */
int tp_kafka_conf_reader(const struct tp_settings *settings, struct tp_buf *fault, rd_kafka_conf_t **ret);
/* The number that a property has in the end, ours or the operator's. */
size_t tp_kafka_conf_number(const rd_kafka_conf_t *conf, const char *name);
/* Makes librdkafka's queue so wide that it is not full before our list is, which has the bounds that it had. */
void tp_kafka_conf_widen(rd_kafka_conf_t *conf);

/* record.c. The values are taken. NULL when out of memory. */
struct tp_kafka_record *tp_kafka_record_new(struct tp_kafka *kafka, const struct tp_kafka_piece *pieces, size_t n,
                                            void *owners);
void tp_kafka_record_free(struct tp_kafka_record *record);
/* The most bytes that it takes in a batch. */
size_t tp_kafka_piece_size(const struct tp_kafka_piece *piece);
/* All its parts, or as many as librdkafka takes: what is said is said of the last that is out. When its queue is
 * full and none was taken, none is out. */
rd_kafka_resp_err_t tp_kafka_record_give(struct tp_kafka_record *record);

/* topic.c */
int tp_kafka_topic_init(struct tp_kafka_topic *topic, struct tp_kafka *kafka, enum tp_topic id);
void tp_kafka_topic_close(struct tp_kafka_topic *topic);
void tp_kafka_topic_add(struct tp_kafka_topic *topic, struct tp_kafka_record *record);
void tp_kafka_topic_want(const struct tp_kafka_record *record, int more);
void tp_kafka_topic_send(struct tp_kafka_topic *topic); /* what may be given now, or nothing */
void tp_kafka_topics_send(struct tp_kafka *kafka);      /* of all topics */
/* Holds it, and keeps it from being tried again for about a second. */
void tp_kafka_topic_pause(struct tp_kafka_topic *topic);
/* To be made before it is tried again, unless topics are not ours to make. */
void tp_kafka_topic_unknown(struct tp_kafka_topic *topic);

/* report.c: librdkafka's word on a part that it had, or would not take. */
void tp_kafka_report(struct tp_kafka_part *part, rd_kafka_resp_err_t error);
/* Its way is over: off the list, told, freed. */
void tp_kafka_finish(struct tp_kafka_record *record, int status);

/* producer.c. init and exit: the events, once; new and free: the producer, as often as it fails. */
int tp_kafka_producer_init(struct tp_kafka *kafka);
void tp_kafka_producer_exit(struct tp_kafka *kafka);
int tp_kafka_producer_new(struct tp_kafka *kafka, char *reason, size_t size); /* TP_ECONFIG with librdkafka's reason */
void tp_kafka_producer_free(struct tp_kafka *kafka);
void tp_kafka_producer_fail(struct tp_kafka *kafka); /* it has failed fatally: to be replaced */

/* transaction.c. All of these are fine without transactions. */
int tp_kafka_transaction_init(struct tp_kafka *kafka);
void tp_kafka_transaction_stop(struct tp_kafka *kafka);  /* waits for librdkafka's call to end, not for its outcome */
void tp_kafka_transaction_exit(struct tp_kafka *kafka);  /* when there is no producer any more */
void tp_kafka_transaction_start(struct tp_kafka *kafka); /* there is a new producer */
/* Whether records may be given now. */
bool tp_kafka_transaction_open(const struct tp_kafka *kafka);
/* Whether the producer is in a call that another thread made. */
bool tp_kafka_transaction_busy(const struct tp_kafka *kafka);
void tp_kafka_transaction_add(struct tp_kafka_record *record); /* the producer has it */
void tp_kafka_transaction_break(struct tp_kafka *kafka);       /* a record failed: to be aborted */
void tp_kafka_transaction_go_on(struct tp_kafka *kafka);       /* whatever is due */

/* worker.c: the thread for librdkafka's calls that block. One job at a time; when it is done, kafka->wake is written.
 */
enum tp_kafka_job { TP_JOB_NONE, TP_JOB_START, TP_JOB_LOOK, TP_JOB_COMMIT, TP_JOB_ABORT };
enum tp_kafka_outcome {
    TP_OUTCOME_DONE,    /* of TP_JOB_COMMIT: it is committed */
    TP_OUTCOME_ABORTED, /* of TP_JOB_COMMIT: it could not be */
    TP_OUTCOME_FAILED   /* the producer is of no more use; what became of a transaction is not known */
};
struct tp_kafka_worker;
struct tp_kafka_found {
    struct tp_buf position;      /* of TP_JOB_START: the node's, as the ledger has it */
    uint64_t repair;             /* and the last repair called */
    bool looked[TP_TOPIC_COUNT]; /* of TP_JOB_LOOK: those looked for, and why one was not found */
    rd_kafka_resp_err_t missing[TP_TOPIC_COUNT];
};
int tp_kafka_worker_start(struct tp_kafka *kafka, struct tp_kafka_worker **ret);
void tp_kafka_worker_stop(struct tp_kafka_worker *worker); /* NULL is fine */
void tp_kafka_worker_do(struct tp_kafka_worker *worker, enum tp_kafka_job job);
void tp_kafka_worker_look(struct tp_kafka_worker *worker, const bool wanted[TP_TOPIC_COUNT]); /* TP_JOB_LOOK */
bool tp_kafka_worker_busy(struct tp_kafka_worker *worker); /* until its outcome was taken */
/* The job that is done, once; TP_JOB_NONE while it is not. */
enum tp_kafka_job tp_kafka_worker_done(struct tp_kafka_worker *worker, enum tp_kafka_outcome *ret_outcome);
const struct tp_kafka_found *tp_kafka_worker_found(const struct tp_kafka_worker *worker); /* while it is not busy */

/* create.c: makes the topics that are not known yet and not paused. */
void tp_kafka_make_topics(struct tp_kafka *kafka);
void tp_kafka_make_topics_done(struct tp_kafka *kafka, rd_kafka_event_t *event);
/* A topic as it is to be made. NULL: its name or its numbers are refused, which is said. */
rd_kafka_NewTopic_t *tp_kafka_describe_topic(const struct tp_settings *settings, enum tp_topic id, const char *name);

/* tell.c: for the ledger. A record of its topic, which is made where it is absent; 0 when the brokers have it. */
int tp_kafka_tell(const struct tp_settings *settings, int32_t partition, struct tp_str key, struct tp_str value,
                  struct tp_buf *fault);
int tp_kafka_fence(const struct tp_settings *settings, const char *transactional_id, struct tp_buf *fault);

/* health.c: is a broker there, and what librdkafka has to say. */
void tp_kafka_set_up(struct tp_kafka *kafka, bool up);
void tp_kafka_on_statistics(struct tp_kafka *kafka, rd_kafka_event_t *event);
void tp_kafka_on_error(struct tp_kafka *kafka, rd_kafka_event_t *event);
void tp_kafka_on_log(struct tp_kafka *kafka, rd_kafka_event_t *event);
