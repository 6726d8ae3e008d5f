/* A restore by itself, of a Redis whose lanes and buckets the caller has closed: restore REPAIR all|SINCE_MS
 * [NAME=VALUE]..., the last as for touchpointd --set. Says as one line of JSON what became of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/time.h"
#include "daemon/restore/restore.h"

static int restore(const struct tp_settings *settings, const char *repair, const char *since) {
    struct tp_restore_progress done;
    struct tp_buf fault = TP_BUF_INIT;
    const struct tp_restore_options options = {.settings = settings,
                                               .repair = strtoull(repair, NULL, 10),
                                               .all = strcmp(since, "all") == 0,
                                               .since_ms = strtoll(since, NULL, 10)};
    int64_t began_us = tp_time_monotonic_us();
    int error = tp_restore(&options, &fault, &done);
    if (fault.len > 0)
        fwrite(fault.at, 1, fault.len, stderr);
    tp_buf_free(&fault);
    printf("{\"result\":\"%s\",\"total\":%" PRIu64 ",\"records\":%" PRIu64 ",\"entries\":%" PRIu64
           ",\"claims\":%" PRIu64 ",\"merges\":%" PRIu64 ",\"unreadable\":%" PRIu64 ",\"lacking\":%" PRIu64
           ",\"customers\":%" PRIu64 ",\"us\":%" PRId64 "}\n",
           error ? tp_error_code(error) : "ok", done.total, done.records, done.entries, done.claims, done.merges,
           done.unreadable, done.lacking, done.customers, tp_time_monotonic_us() - began_us);
    return error ? 1 : 0;
}

int main(int argc, char **argv) {
    struct tp_settings *settings;
    struct tp_buf faults = TP_BUF_INIT;
    if (argc < 3)
        return 2;
    if (tp_settings_load(NULL, (const char *const *)argv + 3, (size_t)argc - 3, &faults, &settings) < 0) {
        fwrite(faults.at, 1, faults.len, stderr);
        tp_buf_free(&faults);
        return 2;
    }
    int status = restore(settings, argv[1], argv[2]);
    tp_settings_free(settings);
    return status;
}
