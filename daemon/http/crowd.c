/* All connections, over all threads: how many they are, from whom, and which of them goes when another wants in.
 *
 * Each that waits stands in the list of what it waits for, in the order in which it came there, so that whoever is
 * looked for is the first of a list. One lock is over the lists; it is held for a few pointers' time, twice or so a
 * request.
 *
 * A connection is touched by its own thread alone, so it is shed by shutting its socket down: its thread finds the end
 * of the input there, and closes. It is no longer counted from that moment on. What a handler has stands in no list,
 * and is never shed. */
#include "daemon/http/internal.h"

#include <assert.h>
#include <utlist.h>

#include "common/time.h"
#include "daemon/metrics/metrics.h"

enum { MOST_LINGERING = 256 };

/* Whom one can do without, in this order: it costs the first ones least. */
static const struct shedding {
    enum tp_http_place place;
    bool graced; /* only those who have been there for longer than the grace */
    int how;     /* a slow sender is still told why */
    enum tp_metric metric;
} sheddings[] = {
    {TP_PLACE_ARRIVED, true, SHUT_RD, TP_M_HTTP_SHED_IDLE},
    {TP_PLACE_IDLE, false, SHUT_RD, TP_M_HTTP_SHED_IDLE},
    {TP_PLACE_SENDING, true, SHUT_RD, TP_M_HTTP_SHED_SENDING},
    {TP_PLACE_READING, true, SHUT_RDWR, TP_M_HTTP_SHED_READING},
};

int tp_http_crowd_init(struct tp_http_crowd *crowd, unsigned most, unsigned most_of_peer, unsigned grace_ms) {
    crowd->most = most;
    crowd->most_of_peer = most_of_peer;
    crowd->grace_ms = grace_ms;
    pthread_mutex_init(&crowd->lock, NULL);
    return tp_http_tally_init(&crowd->tally, most);
}

void tp_http_crowd_free(struct tp_http_crowd *crowd) {
    tp_http_tally_free(&crowd->tally);
    pthread_mutex_destroy(&crowd->lock);
}

/* --- under the lock --- */

static void stand(struct tp_http_crowd *crowd, struct tp_http_guest *guest, enum tp_http_place place) {
    if (guest->place != TP_PLACE_NONE)
        DL_DELETE(crowd->places[guest->place], guest);
    crowd->lingering -= guest->place == TP_PLACE_LINGERING;
    guest->place = place;
    guest->since = tp_time_monotonic_ms();
    if (place != TP_PLACE_NONE)
        DL_APPEND(crowd->places[place], guest);
    crowd->lingering += place == TP_PLACE_LINGERING;
}

static void forget_name(struct tp_http_crowd *crowd, struct tp_http_guest *guest) {
    if (guest->named)
        tp_http_tally_remove(&crowd->tally, &guest->name);
    guest->named = false;
}

static bool take_name(struct tp_http_crowd *crowd, struct tp_http_guest *guest, const struct in6_addr *address) {
    guest->name = tp_http_tally_key(address);
    guest->named = tp_http_tally_add(&crowd->tally, &guest->name, crowd->most_of_peer);
    return guest->named;
}

static void uncount(struct tp_http_crowd *crowd, struct tp_http_guest *guest) {
    forget_name(crowd, guest);
    crowd->count -= guest->counted;
    guest->counted = false;
}

static void dismiss(struct tp_http_crowd *crowd, struct tp_http_guest *guest, int how) {
    stand(crowd, guest, TP_PLACE_NONE);
    uncount(crowd, guest);
    guest->shed = true;
    shutdown(guest->fd, how);
}

static bool shed_one(struct tp_http_crowd *crowd) {
    int64_t now = tp_time_monotonic_ms();
    for (size_t i = 0; i < sizeof sheddings / sizeof *sheddings; i++) {
        const struct shedding *shedding = &sheddings[i];
        struct tp_http_guest *oldest = crowd->places[shedding->place];
        if (!oldest || (shedding->graced && now - oldest->since < crowd->grace_ms))
            continue;
        dismiss(crowd, oldest, shedding->how);
        tp_metrics_add(shedding->metric, 1);
        return true;
    }
    return false;
}

static enum tp_http_entry enter(struct tp_http_crowd *crowd, struct tp_http_guest *guest,
                                const struct in6_addr *address) {
    if (address && crowd->most_of_peer > 0 && !take_name(crowd, guest, address))
        return TP_ENTRY_PEER_FULL;
    if (crowd->count == crowd->most && !shed_one(crowd)) {
        forget_name(crowd, guest);
        return TP_ENTRY_FULL;
    }
    crowd->count++;
    guest->counted = true;
    stand(crowd, guest, TP_PLACE_ARRIVED);
    return TP_ENTRY_TAKEN;
}

static bool rename_guest(struct tp_http_crowd *crowd, struct tp_http_guest *guest, const struct in6_addr *address) {
    struct in6_addr name = tp_http_tally_key(address);
    if (!guest->counted || (guest->named && IN6_ARE_ADDR_EQUAL(&guest->name, &name)))
        return true;
    forget_name(crowd, guest);
    return take_name(crowd, guest, address);
}

/* --- what the others call --- */

enum tp_http_entry tp_http_crowd_enter(struct tp_http_crowd *crowd, struct tp_http_guest *guest, int fd,
                                       const struct in6_addr *address) {
    guest->fd = fd;
    pthread_mutex_lock(&crowd->lock);
    enum tp_http_entry entry = enter(crowd, guest, address);
    pthread_mutex_unlock(&crowd->lock);
    return entry;
}

bool tp_http_crowd_rename(struct tp_http_crowd *crowd, struct tp_http_guest *guest, const struct in6_addr *address) {
    if (crowd->most_of_peer == 0)
        return true;
    pthread_mutex_lock(&crowd->lock);
    bool has_room = rename_guest(crowd, guest, address);
    pthread_mutex_unlock(&crowd->lock);
    return has_room;
}

void tp_http_crowd_place(struct tp_http_crowd *crowd, struct tp_http_guest *guest, enum tp_http_place place) {
    pthread_mutex_lock(&crowd->lock);
    if (place == TP_PLACE_LINGERING)
        uncount(crowd, guest);
    else if (!guest->counted)
        place = TP_PLACE_NONE; /* to shed it would make no room */
    else if (place == TP_PLACE_IDLE && guest->place == TP_PLACE_ARRIVED)
        place = TP_PLACE_ARRIVED; /* still */
    if (guest->place != place)
        stand(crowd, guest, place);
    if (crowd->lingering > MOST_LINGERING)
        dismiss(crowd, crowd->places[TP_PLACE_LINGERING], SHUT_RDWR);
    pthread_mutex_unlock(&crowd->lock);
}

void tp_http_crowd_leave(struct tp_http_crowd *crowd, struct tp_http_guest *guest) {
    pthread_mutex_lock(&crowd->lock);
    stand(crowd, guest, TP_PLACE_NONE);
    uncount(crowd, guest);
    pthread_mutex_unlock(&crowd->lock);
}

bool tp_http_crowd_shed(struct tp_http_crowd *crowd) {
    pthread_mutex_lock(&crowd->lock);
    bool shed = shed_one(crowd);
    pthread_mutex_unlock(&crowd->lock);
    return shed;
}
