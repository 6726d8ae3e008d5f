/* What hiredis asks of a loop: five functions that it calls, and two of its own that are to be called. What came with
 * the last answer stands in its reader behind that; what comes while no answer is owed still stands in the socket. An
 * error is left to hiredis, which takes it for the last word of a server that turns a connection away. */
#include "daemon/redis/attach.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "common/error.h"

struct attached {
    redisAsyncContext *context;
    struct event *readable, *writable;
    void (*unasked)(redisAsyncContext *context);
};

static bool nothing_owed(const redisAsyncContext *context) { return !context->replies.head; }

bool tp_redis_has_more(const redisAsyncContext *context) {
    const redisReader *reader = context->c.reader;
    return nothing_owed(context) && reader->pos < reader->len && reader->buf[reader->pos] != '-';
}

static bool speaks(evutil_socket_t fd) {
    char first;
    return recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && first != '-';
}

static void on_readable(evutil_socket_t fd, short what, void *arg) {
    struct attached *attached = arg;
    redisAsyncContext *context = attached->context;
    (void)what;
    if (context->c.flags & REDIS_CONNECTED && nothing_owed(context) && speaks(fd))
        attached->unasked(context);
    else
        redisAsyncHandleRead(context);
}

static void on_writable(evutil_socket_t fd, short what, void *arg) {
    (void)fd, (void)what;
    redisAsyncHandleWrite(((struct attached *)arg)->context);
}

static void add_read(void *arg) { event_add(((struct attached *)arg)->readable, NULL); }
static void del_read(void *arg) { event_del(((struct attached *)arg)->readable); }
static void add_write(void *arg) { event_add(((struct attached *)arg)->writable, NULL); }
static void del_write(void *arg) { event_del(((struct attached *)arg)->writable); }

static void cleanup(void *arg) {
    struct attached *attached = arg;
    if (attached->readable)
        event_free(attached->readable);
    if (attached->writable)
        event_free(attached->writable);
    free(attached);
}

int tp_redis_attach(redisAsyncContext *context, struct event_base *base, void (*unasked)(redisAsyncContext *context)) {
    struct attached *attached = calloc(1, sizeof *attached);
    if (!attached)
        return TP_ENOMEM;
    *attached = (struct attached){.context = context, .unasked = unasked};
    attached->readable = event_new(base, context->c.fd, EV_READ, on_readable, attached);
    attached->writable = event_new(base, context->c.fd, EV_WRITE, on_writable, attached);
    if (!attached->readable || !attached->writable) {
        cleanup(attached);
        return TP_ENOMEM;
    }
    context->ev.data = attached;
    context->ev.addRead = add_read;
    context->ev.delRead = del_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = del_write;
    context->ev.cleanup = cleanup;
    add_read(attached);
    add_write(attached);
    return 0;
}
