/* Items grouped by the lane of their customer; all calls are under way together. */
#include "daemon/customer/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"

struct spread {
    struct tp_customer_calls calls;
    const struct tp_spread_kind *kind;
    void *items;
    tp_customer_done *done;
    void *arg;
    size_t waiting;
    int status;
};

struct lane_call {
    struct spread *spread;
    size_t n, items[];
};

static void settle(struct spread *spread, int status) {
    if (status < 0 && spread->status == 0)
        spread->status = status;
    if (--spread->waiting > 0)
        return;
    spread->done(spread->arg, spread->status);
    free(spread);
}

static void on_answers(void *arg, int status, const redisReply *reply) {
    struct lane_call *call = arg;
    struct spread *spread = call->spread;
    if (status == 0 && (reply->type != REDIS_REPLY_ARRAY || reply->elements != call->n))
        status = TP_ECORRUPT;
    for (size_t i = 0; status == 0 && i < call->n; i++)
        status = spread->kind->take(spread->items, call->items[i], reply->element[i]);
    free(call);
    settle(spread, status);
}

/* The number of the customer of item `i` among those of the call; a new one gets the next. */
static size_t customer_number(const struct lane_call *call, size_t upto, const size_t *numbers, size_t n_customers) {
    const struct spread *spread = call->spread;
    struct tp_str id = spread->kind->customer_id(spread->items, call->items[upto]);
    for (size_t i = 0; i < upto; i++)
        if (tp_str_equal(spread->kind->customer_id(spread->items, call->items[i]), id))
            return numbers[i];
    return n_customers + 1;
}

static size_t write_keys(const struct lane_call *call, unsigned lane, size_t *numbers, struct tp_redis_words *words) {
    const struct spread *spread = call->spread;
    char room[TP_HOME_PREFIX_BYTES];
    struct tp_str prefix = tp_customer_prefix(spread->calls.settings, lane, room);
    size_t n_customers = 0;
    tp_customer_lane_keys(words, prefix);
    for (size_t i = 0; i < call->n; i++) {
        numbers[i] = customer_number(call, i, numbers, n_customers);
        if (numbers[i] <= n_customers)
            continue;
        n_customers++;
        tp_customer_keys(words, prefix, spread->kind->customer_id(spread->items, call->items[i]));
    }
    return words->n;
}

static int send_call(struct lane_call *call, unsigned lane) {
    struct spread *spread = call->spread;
    struct tp_redis_words words = {0};
    size_t *numbers = calloc(call->n, sizeof *numbers);
    if (!numbers)
        return TP_ENOMEM;
    size_t n_keys = write_keys(call, lane, numbers, &words);
    tp_redis_number(&words, (int64_t)spread->calls.repair);
    if (spread->kind->write_common)
        spread->kind->write_common(&words);
    for (size_t i = 0; i < call->n; i++)
        spread->kind->write(spread->items, call->items[i], numbers[i], &words);
    int status = tp_redis_eval(spread->calls.redis, spread->kind->script, n_keys, &words, on_answers, call);
    tp_redis_words_free(&words);
    free(numbers);
    return status;
}

static void call_lane(struct spread *spread, unsigned lane, const unsigned *lanes, size_t n) {
    struct lane_call *call = malloc(sizeof *call + n * sizeof call->items[0]);
    int status = call ? 0 : TP_ENOMEM;
    spread->waiting++;
    if (call) {
        *call = (struct lane_call){.spread = spread};
        for (size_t i = 0; i < n; i++)
            if (lanes[i] == lane)
                call->items[call->n++] = i;
        status = send_call(call, lane);
    }
    if (status < 0) {
        free(call);
        settle(spread, status);
    }
}

/* A lane's call is made when its first item comes. */
static void call_lanes(struct spread *spread, const unsigned *lanes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t first = 0;
        while (lanes[first] != lanes[i])
            first++;
        if (first == i)
            call_lane(spread, lanes[i], lanes, n);
    }
}

int tp_spread(const struct tp_customer_calls *calls, const struct tp_spread_kind *kind, void *items, size_t n,
              tp_customer_done *done, void *arg) {
    struct spread *spread = malloc(sizeof *spread);
    unsigned *lanes = calloc(n + 1, sizeof *lanes);
    if (!spread || !lanes) {
        free(spread);
        free(lanes);
        return TP_ENOMEM;
    }
    *spread = (struct spread){*calls, kind, items, done, arg, 1, 0}; /* 1: until all are sent */
    for (size_t i = 0; i < n; i++)
        lanes[i] = tp_customer_lane(calls->settings, kind->customer_id(items, i));
    call_lanes(spread, lanes, n);
    free(lanes);
    settle(spread, 0);
    return 0;
}
