/* `journal adopt` and `journal reset-checkpoint`: the two decisions that touchpointd leaves to a person. Each first
 * says what it means for this journal. What cannot be done anyway is not asked; the journal says why. */
#include "ctl/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"

static const char adopting[] = "Adopt it only when the touchpointd that wrote it is gone for good: two that deliver "
                               "the same journal are taken for\n"
                               "one by Kafka, and each fences the other. Of a mere copy nothing need be delivered.\n";

static const char resetting[] =
    "Nobody knows any more what of it was delivered, so touchpointd will deliver all of it again. What the timelines\n"
    "still remember is recognized and placed once, and with kafka.transactions = on what Kafka has is not produced\n"
    "again. Older records come twice.\n";

/* A file that root makes could not be read by the daemon: so as root it is done as the journal's owner. */
static bool become_owner(const char *dir) {
    struct stat status;
    if (geteuid() != 0 || stat(dir, &status) < 0) /* if it is not there that is said later */
        return true;
    if (setegid(status.st_gid) == 0 && seteuid(status.st_uid) == 0)
        return true;
    tp_ctl_say("%s: cannot act as its owner: %s", dir, strerror(errno));
    return false;
}

static bool confirm(const char *dir, const struct tp_inspection *found, const char *meaning, const char *question) {
    char answer[16] = "";
    printf("Journal %s of node %s, with %" PRIu64 " records.\n%s%s [y/N] ", dir, *found->node ? found->node : "unknown",
           found->records, meaning, question);
    fflush(stdout);
    bool yes = fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
    if (!yes)
        tp_ctl_say("nothing was done");
    return yes;
}

static struct tp_inspection *look(const char *dir) {
    struct tp_inspection *found = NULL;
    struct tp_buf said = TP_BUF_INIT;
    int error = tp_journal_inspect(dir, NULL, NULL, &said, &found);
    tp_ctl_write(&said, stderr);
    tp_buf_free(&said);
    if (error < 0)
        tp_ctl_say("%s cannot be inspected: %s", dir, tp_error_text(error));
    return found;
}

/* EXIT_DONE, or why not was said. */
static int finish(const char *dir, int error, struct tp_buf *said, const char *done) {
    tp_ctl_write(said, stderr);
    tp_buf_free(said);
    if (error < 0)
        tp_ctl_say("%s was left as it is: %s", dir, tp_error_text(error));
    else
        printf("%s: %s\n", dir, done);
    return error < 0 ? EXIT_FAULT : EXIT_DONE;
}

int tp_ctl_journal_adopt(const char *dir, bool yes) {
    char node[TP_UUID_TEXT];
    struct tp_buf said = TP_BUF_INIT;
    struct tp_inspection *found = become_owner(dir) ? look(dir) : NULL;
    if (!found)
        return EXIT_FAULT;
    bool possible = !found->in_use && found->node_status == 0;
    bool go_on = !possible || yes || confirm(dir, found, adopting, "Make it this machine's?");
    tp_inspection_free(found);
    if (!go_on)
        return EXIT_FAULT;
    return finish(dir, tp_journal_adopt(dir, &said, node), &said, "this machine's now");
}

int tp_ctl_journal_reset(const char *dir, bool yes) {
    struct tp_buf said = TP_BUF_INIT;
    struct tp_inspection *found = become_owner(dir) ? look(dir) : NULL;
    if (!found)
        return EXIT_FAULT;
    const struct tp_inspect_slot *slots = found->slots;
    bool possible = !found->in_use && slots[0].status == TP_ECORRUPT && slots[1].status == TP_ECORRUPT;
    bool go_on = !possible || yes || confirm(dir, found, resetting, "Deliver all of it again?");
    tp_inspection_free(found);
    if (!go_on)
        return EXIT_FAULT;
    return finish(dir, tp_journal_reset_checkpoint(dir, &said), &said,
                  "the damaged checkpoint is in checkpoint.damaged; the next start delivers all records");
}
