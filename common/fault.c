/* What the environment says is read at each pass: it is short, and nothing is kept but how often a point was passed. A
 * fault that happens is said on standard error, and a word that is none ends the process: no test passes because of a
 * misspelling. */
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
    if (len == 5 && strncmp(action, "short", len) == 0)
        return TP_FAULT_SHORT;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *name = strerrorname_np(numbers[i]);
        if (strlen(name) == len && strncmp(action, name, len) == 0)
            return errno = numbers[i];
    }
    fprintf(stderr, "TOUCHPOINTD_FAULT: no such action: %.*s\n", (int)len, action);
    abort();
}

/* Whether this is a pass that `word` ("ACTION", "ACTION:PASS" or "ACTION:PASS+") speaks of. */
static bool due(const char *word, size_t len, unsigned *passed) {
    const char *colon = memchr(word, ':', len);
    unsigned long pass = colon ? strtoul(colon + 1, NULL, 10) : 1;
    bool later = word[len - 1] == '+';
    pthread_mutex_lock(&lock);
    unsigned now = ++*passed;
    pthread_mutex_unlock(&lock);
    return now == pass || (later && now > pass);
}

int tp_fault_at(const char *point) {
    const char *word = getenv("TOUCHPOINTD_FAULT");
    size_t name = strlen(point);
    for (size_t i = 0; word && *word && i < MOST_FAULTS; i++) {
        size_t len = strcspn(word, " ");
        bool here = len > name && word[name] == '=' && strncmp(word, point, name) == 0;
        if (here && due(word + name + 1, len - name - 1, &passes[i])) {
            fprintf(stderr, "TOUCHPOINTD_FAULT: %.*s\n", (int)len, word);
            return act(word + name + 1, strcspn(word + name + 1, ": "));
        }
        word += len + (word[len] == ' ');
    }
    return 0;
}

#endif
