/* The journal's recovery. A journal is written when the process begins, and its files are kept as a crash would leave
 * them; the input is edits to these (image.c). The journal is then looked at, opened, read to its end, written to,
 * closed and opened again.
 *
 * What has to hold: it opens, or is refused with a reason, and then again; what is read are sound records of the files,
 * by a second opinion on what is sound, in the order of their numbers and none below the frontier; all of them that
 * were promised are read, where bytes and files were only damaged; `touchpointctl journal` sees the same records; what
 * is written then is read behind them, and all of it again by the next one. Of records whose checksums the input made
 * itself only the first of that is asked: numbers that no writer gave lead where they may. */
#include "tests/fuzz/fuzz.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/error.h"
#include "daemon/journal/format.h"
#include "daemon/journal/inspect.h"
#include "daemon/journal/journal.h"
#include "daemon/log/log.h"
#include "tests/fuzz/image.h"

#define MACHINE "0123456789abcdef"

enum { MOST_RECORDS = 4096, FIRST_LIFE = 20, SECOND_LIFE = 6, RELEASED = 7 };

static const char *dir;
static char node[TP_UUID_TEXT];
static struct image written, edited; /* as written, and with the input's edits */

/* Records by number and what they hold. */
struct records {
    size_t n;
    struct record {
        uint64_t number, content;
    } at[MOST_RECORDS];
};
static struct records sound, seen, first, again;
static uint64_t promised; /* the highest number that a sound record names as synced */

static void add(struct records *records, uint64_t number, const void *payload, size_t len) {
    must(records->n < MOST_RECORDS);
    records->at[records->n++] = (struct record){number, XXH3_64bits(payload, len)};
}

/* --- its callbacks, from the writer's thread --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned readable; /* how often records became so */

static void on_readable(void *arg) {
    (void)arg;
    pthread_mutex_lock(&lock);
    readable++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

struct letter {
    struct tp_journal_batch batch; /* the first member: it is what comes back */
    int status;
    uint64_t first;
};

static void on_durable(struct tp_journal_batch *batch, int status, uint64_t number) {
    struct letter *letter = (struct letter *)batch;
    pthread_mutex_lock(&lock);
    letter->status = status;
    letter->first = number;
    pthread_mutex_unlock(&lock);
}

static void on_failure(void *arg, const char *what, int error_number) {
    (void)arg, (void)what;
    must(error_number == 0); /* it is never called */
}

/* --- the journal's side --- */

static struct tp_journal *open_journal(int *ret_status) {
    struct tp_journal_options options = {.dir = dir,
                                         .machine_id = MACHINE,
                                         .segment_size = 4096,
                                         .max_size = 24 * 4096,
                                         .queue_size = 2048,
                                         .on_readable = on_readable,
                                         .on_failure = on_failure};
    struct tp_journal *journal = NULL;
    struct tp_buf said = TP_BUF_INIT;
    *ret_status = tp_journal_open(&options, &said, &journal);
    must(*ret_status == 0 || *ret_status == TP_ECORRUPT || *ret_status == TP_ECONFIG);
    must(*ret_status == 0 || (said.len > 0 && said.at[said.len - 1] == '\n'));
    must((*ret_status == 0) == (journal != NULL));
    tp_buf_free(&said);
    return journal;
}

/* `n` records with this payload, readable when it returns; gives the first one's number, or 0 when there is no room. */
static uint64_t append(struct tp_journal *journal, struct tp_str payload, size_t n) {
    struct letter letter = {.batch = {.received_ms = 1000, .on_durable = on_durable}};
    unsigned before = readable;
    for (size_t i = 0; i < n; i++)
        tp_journal_batch_add(&letter.batch, TP_RECORD_INTERACTION, payload);
    int status = tp_journal_append(journal, &letter.batch);
    must(status == 0 || status == TP_EFULL);
    pthread_mutex_lock(&lock);
    while (status == 0 && readable == before)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    tp_buf_free(&letter.batch.records);
    must(letter.status == 0);
    return letter.first;
}

static void read_all(struct tp_journal *journal, struct records *ret) {
    struct tp_journal_record record;
    int status;
    while ((status = tp_journal_read(journal, &record)) > 0) {
        must(record.number >= tp_journal_frontier(journal));
        must(ret->n == 0 || record.number > ret->at[ret->n - 1].number);
        add(ret, record.number, record.payload.at, record.payload.len);
    }
    must(status == 0);
}

/* --- at the start --- */

static struct tp_journal *live(size_t n, uint64_t before) {
    char payload[1024];
    int status;
    struct tp_journal *journal = open_journal(&status);
    must(journal);
    for (size_t i = 0; i < n; i++) {
        int len = snprintf(payload, sizeof payload, "record %zu %*d", i, (int)(i * 97 % 500), 0);
        uint64_t number = append(journal, (struct tp_str){payload, (size_t)len}, i % 2 + 1);
        must(number > before);
        before = number;
    }
    return journal;
}

static void remove_journal(void) {
    image_empty(dir);
    rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    static char path[128];
    snprintf(path, sizeof path, "%s/journal", fuzz_directory());
    dir = path;
    must(mkdir(dir, 0700) == 0);
    atexit(remove_journal);
    tp_log_set_level("error");
    struct tp_journal *journal = live(FIRST_LIFE, 0);
    memcpy(node, tp_journal_node(journal), sizeof node);
    tp_journal_release(journal, RELEASED);
    tp_journal_close(journal);
    journal = live(SECOND_LIFE, FIRST_LIFE);
    image_load(&written, dir);
    tp_journal_close(journal);
    image_empty(dir);
    return 0;
}

/* --- the judgement --- */

/* Every record that could be one: at each place where one may stand, with its checksum. */
static void find_sound(const struct image_file *file, const char *whose, struct records *ret) {
    struct tp_disk_record head;
    uint64_t segment = image_segment(file);
    for (size_t at = 0; segment > 0 && at + sizeof head <= file->bytes.len; at += TP_DISK_ALIGN) {
        const char *bytes = file->bytes.at + at;
        memcpy(&head, bytes, sizeof head);
        if (head.length <= file->bytes.len - at - sizeof head &&
            head.checksum == image_sum_record(bytes, head.length, whose, segment)) {
            add(ret, head.number, bytes + sizeof head, head.length);
            promised = head.synced > promised ? head.synced : promised;
        }
    }
}

static bool contains(const struct records *records, const struct record *record) {
    for (size_t i = 0; i < records->n; i++)
        if (memcmp(&records->at[i], record, sizeof *record) == 0)
            return true;
    return false;
}

/* What a sound record names as synced, and is still sound, is read, whatever else was damaged. */
static void check_whole(uint64_t frontier) {
    for (size_t i = 0; i < sound.n; i++)
        must(sound.at[i].number < frontier || sound.at[i].number > promised || contains(&first, &sound.at[i]));
}

static bool note_seen(void *arg, const struct tp_inspect_record *record) {
    (void)arg;
    add(&seen, record->record->number, record->record->payload.at, record->record->payload.len);
    return true;
}

static int inspect(void) {
    struct tp_buf said = TP_BUF_INIT;
    struct tp_inspection *inspection = NULL;
    int status = tp_journal_inspect(dir, note_seen, NULL, &said, &inspection);
    must(status == 0 || said.len > 0);
    tp_inspection_free(inspection);
    tp_buf_free(&said);
    return status;
}

/* What is seen from the frontier on, and nothing else, is what is read. */
static void compare_with_seen(uint64_t frontier) {
    size_t i = 0;
    for (size_t j = 0; j < seen.n; j++) {
        if (seen.at[j].number < frontier)
            continue;
        must(i < first.n && memcmp(&first.at[i], &seen.at[j], sizeof seen.at[j]) == 0);
        i++;
    }
    must(i == first.n);
}

static void write_and_read_on(struct tp_journal *journal, bool forged) {
    uint64_t last = first.n > 0 ? first.at[first.n - 1].number : 0;
    size_t before = first.n;
    uint64_t number = append(journal, TP_STR("what came afterwards"), 2);
    read_all(journal, &first);
    if (forged)
        return;
    must(number == 0 || number > last);
    must(first.n == before + (number ? 2 : 0));
    must(number == 0 || (first.at[before].number == number && first.at[before + 1].number == number + 1));
}

static void open_again(bool forged) {
    int status;
    struct tp_journal *journal = open_journal(&status);
    must(journal);
    read_all(journal, &again);
    must(forged || (again.n == first.n && memcmp(again.at, first.at, first.n * sizeof *first.at) == 0));
    tp_journal_close(journal);
}

static void try(enum image_edited how) {
    int status, twice;
    bool inspected = inspect() == 0;
    struct tp_journal *journal = open_journal(&status);
    if (!journal) {
        must(!open_journal(&twice) && twice == status);
        return;
    }
    uint64_t frontier = tp_journal_frontier(journal);
    for (size_t i = 0; i < edited.n; i++)
        if (!edited.files[i].gone)
            find_sound(&edited.files[i], tp_journal_node(journal), &sound);
    read_all(journal, &first);
    for (size_t i = 0; i < first.n; i++)
        must(contains(&sound, &first.at[i]));
    if (how == IMAGE_DAMAGED)
        check_whole(frontier);
    if (inspected && how < IMAGE_FORGED)
        compare_with_seen(frontier);
    write_and_read_on(journal, how == IMAGE_FORGED);
    tp_journal_close(journal);
    open_again(how == IMAGE_FORGED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sound.n = seen.n = first.n = again.n = promised = 0;
    image_copy(&written, &edited);
    enum image_edited how = image_edit(&edited, node, fuzz_text(data, size));
    image_save(&edited, dir);
    try(how);
    image_empty(dir);
    return 0;
}
