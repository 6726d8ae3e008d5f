/* Power loss at any moment. A life of the journal is recorded (power.h), and of each moment in it images of the disk
 * are made: all that there may be where they are few, else some that are drawn. From each the journal must rise with
 * all that it had told anybody, in order, once, and no batch by half. Some then live on and lose their power again, in
 * the middle of their recovery too; and some are killed first, and find in the page cache what the disk does not have
 * yet.
 *
 * TOUCHPOINTD_POWER_LIVES: how many lives are gone through, and each more closely than the one of the short form.
 * TOUCHPOINTD_SEED: what is drawn. */
#include "power.h"
#include "story.h"

#include <time.h>

enum {
    MOST_RECORDS = 2000,
    MOST_TEXT = 1000,
    ROUNDS = 24,
    LATER_ROUNDS = 2,
    LATER_IMAGES = 2,
    MOST_SAID = 10,
    START = 16
};

struct search {
    struct story *story;
    unsigned most;  /* images of a moment */
    unsigned share; /* of the moments, every so many-th is lived on from; and each of the START first */
    unsigned life;
    struct origin {
        unsigned life; /* in which it was written; 0: never */
        bool last;     /* of its batch */
    } origins[MOST_RECORDS];
    uint64_t next, read; /* numbers of the next record to be written, and of the last that was read */
    char node[TP_UUID_TEXT];
    uint64_t images, lost, doubled, wrong; /* wrong: anything else that is not as it should be */
};

/* ---- a life ---- */

/* Of each record it is known what it must hold. */
static size_t text_of(const struct search *search, uint64_t number, char ret[MOST_TEXT]) {
    unsigned life = search->origins[number].life;
    size_t len = (size_t)snprintf(ret, MOST_TEXT, "life %u, record %llu: ", life, (unsigned long long)number);
    size_t more = (number * 7919 + life * 104729) % (number % 5 == 0 ? 850 : 250);
    memset(ret + len, 'a' + (int)(number % 26), more);
    return len + more;
}

static void tell_durable(struct tp_journal_batch *batch, int status, uint64_t first) {
    if (status == 0)
        power_record_mark(POWER_DURABLE, first + batch->n_records - 1);
    on_durable(batch, status, first);
}

/* False when there is no room. */
static bool post(struct search *search, struct letter *letter) {
    char text[MOST_TEXT];
    uint64_t number = search->next, end = number + 1 + (uint64_t)random() % 4;
    *letter = (struct letter){.story = search->story, .batch = {.received_ms = 1000, .on_durable = tell_durable}};
    for (; number < end && number < MOST_RECORDS; number++) {
        search->origins[number] = (struct origin){search->life, number + 1 == end};
        size_t len = text_of(search, number, text);
        tp_journal_batch_add(&letter->batch, TP_RECORD_INTERACTION, (struct tp_str){text, len});
    }
    power_record_mark(POWER_APPENDED, number - 1);
    if (tp_journal_append(search->story->journal, &letter->batch) == 0) {
        search->next = number;
        return true;
    }
    tp_buf_free(&letter->batch.records);
    return false;
}

static void read_and_release(struct search *search) {
    struct tp_journal *journal = search->story->journal;
    struct tp_journal_record record;
    for (long n = random() % 12; n > 0 && tp_journal_read(journal, &record) == 1; n--)
        search->read = record.number;
    uint64_t frontier = search->read + 1 - (search->read > 2 ? (uint64_t)random() % 3 : 0);
    power_record_mark(POWER_RELEASED, frontier);
    tp_journal_release(journal, frontier);
    power_record_mark(POWER_CHECKPOINTED, tp_journal_checkpointed(journal));
}

static void live(struct search *search, unsigned rounds) {
    struct letter letters[3];
    while (rounds-- > 0) {
        size_t n = 0, want = 1 + (size_t)random() % 3;
        while (n < want && post(search, &letters[n]))
            n++;
        for (size_t i = 0; i < n; i++) {
            await(search->story, &letters[i]);
            assert_int_equal(letters[i].status, 0);
        }
        read_and_release(search);
    }
    close_journal(search->story);
}

/* ---- what must hold ---- */

static void say(uint64_t *count, const char *what, uint64_t number) {
    if (++*count < MOST_SAID)
        print_message("%s: %llu\n", what, (unsigned long long)number);
}

static void check_text(struct search *search, const struct tp_journal_record *record) {
    char text[MOST_TEXT];
    if (record->number >= MOST_RECORDS || search->origins[record->number].life == 0) {
        say(&search->wrong, "a number that was never given", record->number);
        return;
    }
    size_t len = text_of(search, record->number, text);
    if (record->payload.len != len || memcmp(record->payload.at, text, len) != 0)
        say(&search->wrong, "a record that was never written", record->number);
}

/* Reads on to the end, from `expected` on. */
static uint64_t read_all(struct search *search, uint64_t expected) {
    struct tp_journal_record record;
    int r;
    for (; (r = tp_journal_read(search->story->journal, &record)) == 1; expected = record.number + 1) {
        if (record.number < expected)
            say(&search->doubled, "read twice", record.number);
        if (record.number > expected)
            say(&search->lost, "not read", expected);
        check_text(search, &record);
    }
    if (r < 0)
        say(&search->wrong, "reading failed after record", expected - 1);
    return expected;
}

/* Opens what the power loss has left, and looks. */
static bool rise(struct search *search, const struct power_told *told) {
    struct story *story = search->story;
    int64_t corrupt = tp_metrics_get(TP_M_JOURNAL_CORRUPT);
    search->images++;
    if (try_open(story) != 0) {
        say(&search->wrong, "refused after image", search->images);
        print_message("%.*s", TP_FMT(tp_buf_str(&story->said)));
        return false;
    }
    uint64_t frontier = tp_journal_frontier(story->journal);
    if (frontier > told->released && frontier > 1)
        say(&search->lost, "passed over, though not released", frontier - 1);
    if (frontier < told->checkpointed)
        say(&search->doubled, "read again, though checkpointed", frontier);
    search->next = read_all(search, frontier);
    search->read = search->next - 1;
    if (search->read < told->durable)
        say(&search->lost, "not there, though durable", told->durable);
    if (search->read > told->durable && !search->origins[search->read].last)
        say(&search->wrong, "half a batch, up to", search->read);
    if (search->read > told->appended)
        say(&search->wrong, "never appended", search->read);
    if (tp_metrics_get(TP_M_JOURNAL_CORRUPT) != corrupt || was_said(story, "missing"))
        say(&search->wrong, "taken for corruption after image", search->images),
            print_message("%.*s", TP_FMT(tp_buf_str(&story->said)));
    if (told->durable > 0 && strcmp(tp_journal_node(story->journal), search->node) != 0)
        say(&search->wrong, "another node after image", search->images);
    return true;
}

/* And goes on: the next record gets the next number, and is read. */
static void go_on(struct search *search) {
    struct story *story = search->story;
    uint64_t expected = search->next;
    uint64_t first = write_one(story, "one more");
    if (first != expected)
        say(&search->wrong, "another number than the next one", first);
    struct tp_journal_record record;
    next_record(story, &record);
    if (record.number != first)
        say(&search->wrong, "the next record was not read", first);
    close_journal(story);
}

/* ---- the search ---- */

typedef void visitor(struct search *search, const struct power_log *log, size_t point, const struct power_disk *disk);

static uint64_t faults(const struct search *search) { return search->lost + search->doubled + search->wrong; }

/* Each moment from the point `from` on. What was told goes with the call before it. */
static void go_through(struct search *search, const struct power_log *log, size_t from, visitor *visit) {
    struct power_disk *disk = power_disk_new();
    for (size_t point = 1; point <= log->n; point++) {
        uint64_t before = faults(search);
        power_disk_apply(disk, &log->ops[point - 1]);
        if (point >= from && (point == log->n || log->ops[point].kind < POWER_APPENDED))
            visit(search, log, point, disk);
        if (faults(search) > before && before < MOST_SAID)
            power_log_print(log, point);
    }
    power_disk_free(disk);
}

static void look_at_images(struct search *search, const struct power_disk *disk, unsigned most) {
    struct power_choice choice = {.drawn = power_disk_ways(disk, most + 1) > most};
    unsigned n = 0;
    do {
        power_disk_make(disk, &choice, search->story->dir);
        if (rise(search, power_disk_told(disk)))
            go_on(search);
    } while (++n < most && power_choice_next(&choice));
}

static void lose_power(struct search *search, const struct power_log *log, size_t point,
                       const struct power_disk *disk) {
    (void)log, (void)point;
    look_at_images(search, disk, search->most);
}

static void lose_power_again(struct search *search, const struct power_log *log, size_t point,
                             const struct power_disk *disk) {
    (void)log, (void)point;
    look_at_images(search, disk, LATER_IMAGES);
}

/* A second life, from the directory as it is and the log that has led to it; then its moments. */
static void live_on(struct search *search, struct power_log *log, const struct power_told *told) {
    struct search *before = malloc(sizeof *before);
    size_t from = log->n;
    *before = *search;
    search->life++;
    power_record_start(log);
    if (rise(search, told)) {
        strcpy(search->node, tp_journal_node(search->story->journal));
        power_record_mark(POWER_APPENDED, search->read);
        power_record_mark(POWER_DURABLE, search->read); /* delivery has seen them */
        live(search, LATER_ROUNDS);
    }
    power_record_stop();
    go_through(search, log, from, lose_power_again);
    power_log_free(log);
    memcpy(search->origins, before->origins, sizeof before->origins);
    memcpy(search->node, before->node, sizeof before->node);
    search->life = before->life;
    free(before);
}

/* The first way of all is that everything happened: so a kill leaves it, in the page cache and not on the disk. */
static void be_killed_and_lose_power(struct search *search, const struct power_log *log, size_t point,
                                     const struct power_disk *disk) {
    struct power_choice all = {0};
    struct power_log second;
    if (point > START && (unsigned)random() % search->share > 0)
        return;
    power_disk_make(disk, &all, search->story->dir);
    power_log_copy(log, point, &second);
    live_on(search, &second, power_disk_told(disk));
}

static void lose_power_twice(struct search *search, const struct power_log *log, size_t point,
                             const struct power_disk *disk) {
    struct power_choice choice = {.drawn = true};
    struct power_log second;
    (void)log;
    if (point > START && (unsigned)random() % search->share > 0)
        return;
    power_disk_make(disk, &choice, search->story->dir);
    power_record_found(search->story->dir, power_disk_told(disk), &second);
    live_on(search, &second, power_disk_told(disk));
}

/* ---- the tests ---- */

static void record_a_life(struct search *search, struct power_log *log) {
    struct story *story = search->story;
    nftw(story->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    story->options.max_size = 6 * 4096;
    power_record_start(log);
    open_journal(story);
    strcpy(search->node, tp_journal_node(story->journal));
    search->life = 1;
    search->next = 1;
    search->read = 0;
    live(search, ROUNDS);
    power_record_stop();
    story->options.max_size = 16 * 4096; /* room for what is tried with the images */
}

static void search_for_faults(struct story *story, visitor *visit) {
    const char *lives = getenv("TOUCHPOINTD_POWER_LIVES"), *given = getenv("TOUCHPOINTD_SEED");
    unsigned seed = given ? (unsigned)atoi(given) : (unsigned)time(NULL);
    struct search *search = calloc(1, sizeof *search);
    assert_non_null(search);
    *search = (struct search){.story = story, .most = lives ? 64 : 16, .share = lives ? 2 : 12};
    srandom(seed);
    for (int left = lives ? atoi(lives) : 2; left > 0; left--) {
        struct power_log log = {0};
        record_a_life(search, &log);
        go_through(search, &log, 1, visit);
        power_log_free(&log);
    }
    print_message("images %llu, lost %llu, doubled %llu, otherwise wrong %llu (seed %u)\n",
                  (unsigned long long)search->images, (unsigned long long)search->lost,
                  (unsigned long long)search->doubled, (unsigned long long)search->wrong, seed);
    assert_true(search->images > 100);
    assert_int_equal(faults(search), 0);
    free(search);
}

static void nothing_told_is_lost_by_a_power_loss(void **state) { search_for_faults(*state, lose_power); }

static void nor_by_one_that_follows_a_kill(void **state) { search_for_faults(*state, be_killed_and_lose_power); }

static void nor_by_two_in_a_row(void **state) { search_for_faults(*state, lose_power_twice); }

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(nothing_told_is_lost_by_a_power_loss),
        STORY(nor_by_one_that_follows_a_kill),
        STORY(nor_by_two_in_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
