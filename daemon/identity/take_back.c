/* An identifier is taken back: whose it is by now gives it up, with all above, the new customer gets it (customer.h),
 * and the claim is moved last. So whoever reads the claim as it was finds the note, and finishes what was begun. */
#include "daemon/identity/internal.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/fault.h"
#include "daemon/identity/restore.h"

struct taking {
    struct tp_customer_calls calls;
    struct tp_identity_taking asked;
    bool now;
    tp_identity_taken *done;
    void *arg;
};

static void end(struct taking *taking, int status, struct tp_str owner) {
    taking->done(taking->arg, status, taking->now, owner);
    free(taking);
}

/* Of the identifier's key: whose it is; and it becomes another's, when it was `from`'s. */
static int move(struct taking *taking, struct tp_str from, tp_redis_done *done) {
    const struct tp_identity_move moved = {taking->asked.identifier, from, taking->asked.to};
    struct tp_redis_words words = {0};
    size_t n_keys = tp_identity_move(taking->calls.settings, taking->calls.repair, "open", &moved, &words);
    int status = tp_redis_eval(taking->calls.redis, &tp_identity_move_script, n_keys, &words, done, taking);
    tp_redis_words_free(&words);
    return status;
}

static bool read_owner(const redisReply *reply, struct tp_str *ret) {
    *ret = (struct tp_str){reply->str, reply->len};
    return reply->type == REDIS_REPLY_STRING && (ret->len == 0 || tp_uuid_valid(*ret));
}

static void on_moved(void *arg, int status, const redisReply *reply) {
    struct taking *taking = arg;
    struct tp_str owner = {0};
    (void)TP_FAULT("identity.after_move");
    if (status == 0 && !read_owner(reply, &owner))
        status = TP_ECORRUPT;
    end(taking, status, owner);
}

static void on_taken(void *arg, int status, bool now) {
    struct taking *taking = arg;
    (void)TP_FAULT("identity.before_move");
    taking->now = now;
    if (status == 0)
        status = move(taking, taking->asked.from, on_moved);
    if (status < 0)
        end(taking, status, (struct tp_str){0});
}

static int take(struct taking *taking) {
    const struct tp_identity_taking *asked = &taking->asked;
    const struct tp_customer_taking taken = {asked->from, asked->to, asked->identifier, asked->why};
    return tp_customer_take_back(&taking->calls, &taken, on_taken, taking);
}

/* It may have been moved before, and even on to another. One that nobody has claimed may be listed all the same. */
static void on_owner(void *arg, int status, const redisReply *reply) {
    struct taking *taking = arg;
    struct tp_str owner = {0};
    if (status == 0 && !read_owner(reply, &owner))
        status = TP_ECORRUPT;
    bool before = owner.len > 0 && !tp_str_equal(owner, taking->asked.from);
    if (status == 0 && !before)
        status = take(taking);
    if (status < 0 || before)
        end(taking, status, owner);
}

int tp_identity_take_back(const struct tp_customer_calls *calls, const struct tp_identity_taking *asked,
                          tp_identity_taken *done, void *arg) {
    struct taking *taking = calloc(1, sizeof *taking);
    if (!taking)
        return TP_ENOMEM;
    *taking = (struct taking){.calls = *calls, .asked = *asked, .done = done, .arg = arg};
    int status = move(taking, TP_STR(""), on_owner);
    if (status < 0)
        free(taking);
    return status;
}
