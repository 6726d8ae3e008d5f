/* The librdkafka producer: made, listened to, replaced after a fatal error.
 *
 * librdkafka's threads write to an eventfd when its queue of events is no longer empty; one wake-up may stand for many
 * events, so they are taken until there are none, or so many that the rest of the loop should have its turn first.
 *
 * After a fatal error librdkafka gives back what it had queued, and still reports what was on its way to a broker. A
 * second is left for that, so that as little as possible is sent twice. Then the producer is destroyed, and only then
 * are its records given to the next one: librdkafka borrows their values. A producer on which no broker ever gave a
 * verdict is replaced no sooner than after that second, so that this cannot spin: a producer without the right to be
 * idempotent, say, fails again as soon as it is made. */
#include "daemon/kafka/internal.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "common/error.h"

#define EVENTS_A_TURN 256

static const struct timeval one_second = {1, 0};

static void on_reports(rd_kafka_event_t *event) {
    const rd_kafka_message_t *message;
    while ((message = rd_kafka_event_message_next(event)))
        tp_kafka_report(message->_private, message->err);
}

static void dispatch(struct tp_kafka *kafka, rd_kafka_event_t *event) {
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        on_reports(event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        tp_kafka_on_error(kafka, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        tp_kafka_on_log(kafka, event);
        break;
    case RD_KAFKA_EVENT_STATS:
        tp_kafka_on_statistics(kafka, event);
        break;
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        tp_kafka_make_topics_done(kafka, event);
        break;
    default: /* none that we asked for */
        break;
    }
}

/* Whether there are none left. */
static bool take_events(struct tp_kafka *kafka) {
    for (int i = 0; i < EVENTS_A_TURN; i++) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(kafka->queue, 0);
        if (!event)
            return true;
        dispatch(kafka, event);
        rd_kafka_event_destroy(event);
    }
    return false;
}

static size_t still_out(const struct tp_kafka *kafka) {
    size_t out = 0;
    for (int i = 0; i < TP_TOPIC_COUNT; i++)
        out += kafka->topics[i].out;
    return out;
}

static void replace(struct tp_kafka *kafka) {
    char reason[256] = "";
    if (tp_kafka_transaction_busy(kafka)) { /* with this very producer; it has failed, so not for long */
        evtimer_add(kafka->replace, &one_second);
        return;
    }
    tp_kafka_producer_free(kafka);
    for (int i = 0; i < TP_TOPIC_COUNT; i++) {
        kafka->topics[i].out = 0;
        kafka->topics[i].held = true;
    }
    if (tp_kafka_producer_new(kafka, reason, sizeof reason)) {
        tp_log_limited(&kafka->complaint, 30, TP_LOG_ERROR, "kafka_producer_missing", "stage=kafka error=%s",
                       tp_log_quote(reason));
        evtimer_add(kafka->replace, &one_second);
        return;
    }
    tp_metrics_add(TP_M_KAFKA_REBUILT, 1);
}

/* Whatever the events have made possible. */
static void go_on(struct tp_kafka *kafka) {
    tp_kafka_transaction_go_on(kafka);
    if (kafka->failed && kafka->judged && still_out(kafka) == 0)
        replace(kafka);
    tp_kafka_topics_send(kafka);
    size_t queued = atomic_load(&kafka->queued);
    if (kafka->refused && queued < kafka->max_records && kafka->bytes < kafka->max_bytes) {
        kafka->refused = false;
        kafka->options.on_room(kafka->options.arg);
    }
}

static void on_wake(evutil_socket_t fd, short what, void *arg) {
    struct tp_kafka *kafka = arg;
    uint64_t count;
    (void)what;
    if (read(fd, &count, sizeof count) < 0)
        count = 0; /* the turn before left events and woke us itself */
    if (kafka->producer && !take_events(kafka))
        event_active(kafka->wake, EV_READ, 0);
    go_on(kafka);
}

static void on_replace(evutil_socket_t fd, short what, void *arg) {
    struct tp_kafka *kafka = arg;
    (void)fd, (void)what;
    while (kafka->producer && !take_events(kafka))
        ;
    replace(kafka);
    go_on(kafka);
}

void tp_kafka_producer_fail(struct tp_kafka *kafka) {
    if (kafka->failed)
        return;
    char reason[512] = "";
    rd_kafka_resp_err_t error = rd_kafka_fatal_error(kafka->producer, reason, sizeof reason);
    tp_log_limited(&kafka->failure, 30, TP_LOG_WARNING, "kafka_producer_failed", "stage=kafka error=%s reason=%s",
                   rd_kafka_err2name(error), tp_log_quote(reason));
    kafka->failed = true;
    evtimer_add(kafka->replace, &one_second);
}

int tp_kafka_producer_init(struct tp_kafka *kafka) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return TP_ENOMEM;
    kafka->wake = event_new(kafka->options.base, fd, EV_READ | EV_PERSIST, on_wake, kafka);
    kafka->replace = evtimer_new(kafka->options.base, on_replace, kafka);
    if (!kafka->wake)
        close(fd);
    return kafka->wake && kafka->replace && event_add(kafka->wake, NULL) == 0 ? 0 : TP_ENOMEM;
}

void tp_kafka_producer_exit(struct tp_kafka *kafka) {
    if (kafka->wake) {
        close(event_get_fd(kafka->wake));
        event_free(kafka->wake);
    }
    if (kafka->replace)
        event_free(kafka->replace);
}

int tp_kafka_producer_new(struct tp_kafka *kafka, char *reason, size_t size) {
    static const uint64_t one = 1;
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(kafka->conf);
    kafka->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, size);
    if (!kafka->producer) {
        rd_kafka_conf_destroy(conf);
        return TP_ECONFIG;
    }
    rd_kafka_set_log_queue(kafka->producer, NULL); /* to the same queue as everything else */
    kafka->queue = rd_kafka_queue_get_main(kafka->producer);
    rd_kafka_queue_io_event_enable(kafka->queue, event_get_fd(kafka->wake), &one, sizeof one);
    event_active(kafka->wake, EV_READ, 0); /* for what was queued before */
    kafka->failed = kafka->judged = false;
    tp_kafka_transaction_start(kafka);
    tp_kafka_make_topics(kafka);
    return 0;
}

/* librdkafka (2.0 to 2.15) ends the process by an assertion, where it is registering partitions with a transaction
 * while it is destroyed; while it aborts one, it registers none. What the abort comes to is for the next producer to
 * see. */
static void register_no_more(struct tp_kafka *kafka) {
    enum { NO_LONGER_THAN_MS = 100 };
    if (kafka->transaction)
        rd_kafka_error_destroy(rd_kafka_abort_transaction(kafka->producer, NO_LONGER_THAN_MS));
}

/* No broker is waited for, only the end of librdkafka's threads, which comes at once. */
void tp_kafka_producer_free(struct tp_kafka *kafka) {
    if (!kafka->producer)
        return;
    evtimer_del(kafka->replace);
    register_no_more(kafka);
    rd_kafka_queue_io_event_enable(kafka->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(kafka->queue);
    rd_kafka_purge(kafka->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_destroy_flags(kafka->producer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    kafka->producer = NULL;
    kafka->making = false; /* its answer went with it */
}
