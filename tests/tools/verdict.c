/* What normalize says of each line of its input, taken as one interaction that was sent: "ok", or code, path and
 * message separated by tabs. The clock stands still, so that the cases which look at it keep their verdict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "daemon/normalize/normalize.h"

#define NOW_MS INT64_C(1780315200000) /* 2026-06-01T12:00:00Z */

static void judge(struct tp_normalizer *normalizer, struct tp_str line) {
    struct tp_interaction interaction;
    struct tp_refusal refusal;
    struct tp_normalize_input input = {.data = line, .default_source = TP_STR("default"), .received_ms = NOW_MS};
    if (tp_normalize(normalizer, &input, &interaction, &refusal) == 0)
        puts("ok");
    else
        printf("%s\t%s\t%s\n", tp_error_code(refusal.error), refusal.path, refusal.message);
}

int main(void) {
    const struct tp_normalize_options options = {
        .region = "",
        .types = "customer_id,email,phone,anonymous_id,x,facebook,instagram,whatsapp,telegram,line,slack",
        .blocked = "null,no-reply@*",
        .max_depth = 32,
        .max_event = 262144,
    };
    struct tp_normalizer *normalizer;
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    if (tp_normalizer_new(&options, &normalizer) < 0)
        return 1;
    while ((len = getline(&line, &room, stdin)) > 0)
        judge(normalizer, (struct tp_str){line, (size_t)len});
    free(line);
    tp_normalizer_free(normalizer);
    return 0;
}
