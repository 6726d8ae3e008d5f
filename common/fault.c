/* What the environment says is read at each pass: it is short, and nothing is kept but how often a point was passed. A
 * word that is no fault ends the process, so that a test cannot pass because of a misspelling. */
#include "common/fault.h"

#ifdef TP_FAULTS

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FAULTS = 16 };

static unsigned passes[MOST_FAULTS]; /* by the word's place in the environment */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int act(const char *action, size_t len) {
    static const int numbers[] = {EIO, ENOSPC, EMFILE, EROFS, EINTR, EAGAIN, ENOMEM};
    if (len == 4 && strncmp(action, "kill", len) == 0)
        return raise(SIGKILL);
    if (len == 4 && strncmp(action, "stop", len) == 0)
        return raise(SIGSTOP);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *name = strerrorname_np(numbers[i]);
        if (strlen(name) == len && strncmp(action, name, len) == 0)
            return errno = numbers[i];
    }
    fprintf(stderr, "TOUCHPOINTD_FAULT: no such action: %.*s\n", (int)len, action);
    abort();
}

/* Whether this is the pass that `word` ("ACTION" or "ACTION:PASS") speaks of. */
static int pass(const char *word, size_t len, unsigned *passed) {
    const char *colon = memchr(word, ':', len);
    unsigned long due = colon ? strtoul(colon + 1, NULL, 10) : 1;
    pthread_mutex_lock(&lock);
    bool now = ++*passed == due;
    pthread_mutex_unlock(&lock);
    return now ? act(word, colon ? (size_t)(colon - word) : len) : 0;
}

int tp_fault_at(const char *point) {
    const char *word = getenv("TOUCHPOINTD_FAULT");
    size_t name = strlen(point);
    for (size_t i = 0; word && *word && i < MOST_FAULTS; i++) {
        size_t len = strcspn(word, " ");
        if (len > name && word[name] == '=' && strncmp(word, point, name) == 0) {
            int error = pass(word + name + 1, len - name - 1, &passes[i]);
            if (error)
                return error;
        }
        word += len + (word[len] == ' ');
    }
    return 0;
}

#endif
