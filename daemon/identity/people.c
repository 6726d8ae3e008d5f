/* The customers that identifiers lead to. Most are known by nothing: who has claimed an identifier is taken for a root,
 * and the append says when he is none any more. So looking costs only where customers were merged, or where something
 * is to be decided. */
#include "daemon/identity/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/time.h"

enum { MOST_PEOPLE = 100000 };

/* ---- what is known ---- */

struct tp_person *tp_people_find(const struct tp_identity *identity, const char *customer_id) {
    struct tp_person *person = NULL;
    HASH_FIND_STR(identity->people, customer_id, person);
    return person;
}

static struct tp_person *person_of(struct tp_identity *identity, const char *customer_id) {
    struct tp_person *person = tp_people_find(identity, customer_id);
    if (person)
        return person;
    person = calloc(1, sizeof *person);
    if (!person) {
        identity->status = TP_ENOMEM;
        return NULL;
    }
    memcpy(person->customer_id, customer_id, TP_UUID_TEXT);
    HASH_ADD_STR(identity->people, customer_id, person);
    return person;
}

const char *tp_people_root(const struct tp_identity *identity, const char *claimant) {
    const struct tp_person *person = tp_people_find(identity, claimant);
    return person && person->root[0] ? person->root : claimant;
}

struct tp_view *tp_people_view(const struct tp_identity *identity, const char *customer_id) {
    struct tp_view *view = NULL;
    HASH_FIND_STR(identity->views, customer_id, view);
    return view;
}

static struct tp_view *add_view(struct tp_identity *identity, const char *customer_id) {
    struct tp_view *view = calloc(1, sizeof *view);
    if (!view) {
        identity->status = TP_ENOMEM;
        return NULL;
    }
    memcpy(view->look.customer_id, customer_id, TP_UUID_TEXT);
    HASH_ADD_STR(identity->views, look.customer_id, view);
    return view;
}

struct tp_view *tp_people_make(struct tp_identity *identity) {
    char customer_id[TP_UUID_TEXT];
    tp_uuid_v7(tp_time_now_ms(), customer_id);
    struct tp_view *view = add_view(identity, customer_id);
    if (view)
        view->made = true;
    identity->n_made += view != NULL;
    return view;
}

static void drop_view(struct tp_identity *identity, const char *customer_id) {
    struct tp_view *view = tp_people_view(identity, customer_id);
    if (!view)
        return;
    HASH_DEL(identity->views, view);
    tp_customer_look_free(&view->look);
    free(view);
}

void tp_people_forget(struct tp_identity *identity, const char *customer_id) {
    drop_view(identity, customer_id);
    struct tp_person *own = person_of(identity, customer_id);
    if (own)
        own->ask = true;
    for (struct tp_person *person = identity->people; person; person = person->hh.next)
        person->ask = person->ask || strcmp(person->root, customer_id) == 0;
}

void tp_people_clear(struct tp_identity *identity, bool all) {
    for (struct tp_view *view = identity->views, *next; view; view = next) {
        next = view->hh.next;
        drop_view(identity, view->look.customer_id);
    }
    for (size_t i = 0; i < identity->n_looks; i++)
        tp_customer_look_free(&identity->looks[i]);
    identity->n_looks = 0;
    if (!all && HASH_COUNT(identity->people) < MOST_PEOPLE)
        return;
    struct tp_person *people = identity->people;
    HASH_CLEAR(hh, identity->people);
    for (struct tp_person *next; people; people = next) {
        next = people->hh.next;
        free(people);
    }
}

/* ---- what is wanted ---- */

static void want_look(struct tp_identity *identity, const char *customer_id, const char *member) {
    for (size_t i = 0; i < identity->n_looks; i++)
        if (strcmp(identity->looks[i].customer_id, customer_id) == 0 && strcmp(identity->looks[i].member, member) == 0)
            return;
    if (identity->n_looks == identity->most_looks) {
        size_t most = identity->most_looks ? 2 * identity->most_looks : 64;
        struct tp_customer_look *looks = reallocarray(identity->looks, most, sizeof *looks);
        if (!looks) {
            identity->status = TP_ENOMEM;
            return;
        }
        identity->looks = looks;
        identity->most_looks = most;
    }
    struct tp_customer_look *look = &identity->looks[identity->n_looks++];
    *look = (struct tp_customer_look){0};
    snprintf(look->customer_id, sizeof look->customer_id, "%s", customer_id);
    snprintf(look->member, sizeof look->member, "%s", member);
}

bool tp_people_want(struct tp_identity *identity, const char *claimant, bool closely) {
    const struct tp_person *person = tp_people_find(identity, claimant);
    bool leads = person && person->root[0] != '\0', ask = person ? person->ask : identity->careful;
    if (!ask && leads && closely && person->seen != identity->batch)
        want_look(identity, person->root, claimant);
    else if (ask || (closely && !leads && !tp_people_view(identity, claimant)))
        want_look(identity, claimant, "");
    else
        return false;
    return true;
}

/* ---- what is answered ---- */

/* It is a root: where those lead who were followed to it, if it lists them; else they are followed anew. */
static void take_root(struct tp_identity *identity, struct tp_customer_look *look) {
    const char *first = look->member[0] ? look->member : look->customer_id;
    struct tp_person *person = person_of(identity, first);
    struct tp_view *view = tp_people_view(identity, look->customer_id);
    if (!view)
        view = add_view(identity, look->customer_id);
    if (!person || !view)
        return;
    struct tp_customer_look before = view->look;
    view->look = *look; /* its buffers go along */
    look->identifiers = before.identifiers;
    look->notes = before.notes;
    person->ask = look->member[0] && !look->is_member && !look->broken;
    if (strcmp(person->root, look->member[0] ? look->customer_id : "") != 0)
        identity->at = 0; /* those that were resolved before may be of this one */
    person->seen = identity->batch;
    person->bound = look->version.generation + 1;
    snprintf(person->root, sizeof person->root, "%s", look->member[0] ? look->customer_id : "");
}

static void take(struct tp_identity *identity, struct tp_customer_look *look) {
    if (look->broken || look->standing == TP_CUSTOMER_ROOT) {
        take_root(identity, look);
        return;
    }
    if (look->standing == TP_CUSTOMER_HALF_WAY)
        memcpy(identity->pending, look->customer_id, TP_UUID_TEXT);
    struct tp_person *person = person_of(identity, look->member[0] ? look->member : look->customer_id);
    if (!person)
        return;
    if (look->standing == TP_CUSTOMER_HALF_WAY)
        person->ask = true;
    else
        want_look(identity, look->to, person->customer_id);
}

static void on_looked(void *arg, int status) {
    struct tp_identity *identity = arg;
    size_t n = identity->n_asked;
    for (size_t i = 0; status == 0 && i < n; i++) {
        struct tp_customer_look look = identity->looks[i]; /* the list may move */
        take(identity, &look);
        identity->looks[i].identifiers = look.identifiers;
        identity->looks[i].notes = look.notes;
    }
    for (size_t i = 0; i < n; i++)
        tp_customer_look_free(&identity->looks[i]);
    memmove(identity->looks, identity->looks + n, (identity->n_looks - n) * sizeof identity->looks[0]);
    identity->n_looks -= n;
    tp_identity_go_on(identity, status);
}

static void on_finished(void *arg, int status, bool merged) {
    (void)merged; /* it is looked at again, in any case */
    tp_identity_go_on(arg, status);
}

static int finish_pending(struct tp_identity *identity) {
    char customer_id[TP_UUID_TEXT];
    memcpy(customer_id, identity->pending, sizeof customer_id);
    identity->pending[0] = '\0';
    return tp_customer_finish(&identity->calls, tp_str(customer_id), on_finished, identity);
}

void tp_people_ask(struct tp_identity *identity) {
    int status = 0;
    identity->n_asked = identity->n_looks;
    if (identity->pending[0])
        status = finish_pending(identity);
    else
        status = tp_customer_look(&identity->calls, identity->looks, identity->n_looks, on_looked, identity);
    if (status < 0)
        tp_identity_go_on(identity, status);
}
