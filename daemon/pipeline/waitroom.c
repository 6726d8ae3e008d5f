#include "daemon/pipeline/waitroom.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uthash.h>

#include "common/error.h"

struct seat {
    UT_hash_handle hh;
    uint64_t record;
    struct tp_loop *loop;
    void *waiter;
    size_t index;
    void (*deliver)(struct tp_mail *news);
};

struct tp_waitroom {
    pthread_mutex_t mutex;
    struct seat *seats; /* by record */
    atomic_size_t taken;
};

struct tp_waitroom *tp_waitroom_new(void) {
    struct tp_waitroom *room = calloc(1, sizeof *room);
    if (room)
        pthread_mutex_init(&room->mutex, NULL);
    return room;
}

/* Takes the seat out of the room; NULL when there is none. */
static struct seat *stand_up(struct tp_waitroom *room, uint64_t record) {
    struct seat *seat = NULL;
    pthread_mutex_lock(&room->mutex);
    HASH_FIND(hh, room->seats, &record, sizeof record, seat);
    if (seat) {
        HASH_DEL(room->seats, seat);
        atomic_fetch_sub(&room->taken, 1);
    }
    pthread_mutex_unlock(&room->mutex);
    return seat;
}

void tp_waitroom_free(struct tp_waitroom *room) {
    if (!room)
        return;
    while (room->seats)
        free(stand_up(room, room->seats->record));
    pthread_mutex_destroy(&room->mutex);
    free(room);
}

int tp_waitroom_enter(struct tp_waitroom *room, uint64_t record, struct tp_loop *loop, void *waiter, size_t index,
                      void (*deliver)(struct tp_mail *news)) {
    struct seat *seat = calloc(1, sizeof *seat);
    if (!seat)
        return TP_ENOMEM;
    seat->record = record;
    seat->loop = loop;
    seat->waiter = waiter;
    seat->index = index;
    seat->deliver = deliver;
    pthread_mutex_lock(&room->mutex);
    HASH_ADD(hh, room->seats, record, sizeof seat->record, seat);
    atomic_fetch_add(&room->taken, 1);
    pthread_mutex_unlock(&room->mutex);
    return 0;
}

bool tp_waitroom_leave(struct tp_waitroom *room, uint64_t record) {
    struct seat *seat = stand_up(room, record);
    free(seat);
    return seat != NULL;
}

bool tp_waitroom_has(struct tp_waitroom *room, uint64_t record) {
    struct seat *seat = NULL;
    if (atomic_load(&room->taken) == 0)
        return false;
    pthread_mutex_lock(&room->mutex);
    HASH_FIND(hh, room->seats, &record, sizeof record, seat);
    pthread_mutex_unlock(&room->mutex);
    return seat != NULL;
}

void tp_waitroom_tell(struct tp_waitroom *room, uint64_t record, enum tp_outcome outcome, int error,
                      struct tp_str event) {
    if (!tp_waitroom_has(room, record))
        return;
    struct tp_news *news = malloc(sizeof *news + event.len);
    struct seat *seat = news ? stand_up(room, record) : NULL; /* without memory, its time runs out instead */
    if (!seat) {
        free(news);
        return;
    }
    *news = (struct tp_news){.mail = {.deliver = seat->deliver},
                             .waiter = seat->waiter,
                             .index = seat->index,
                             .outcome = outcome,
                             .error = error,
                             .event_len = event.len};
    if (event.len > 0)
        memcpy(news->event, event.at, event.len);
    tp_loop_post(seat->loop, &news->mail);
    free(seat);
}
