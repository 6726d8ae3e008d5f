/* One word to the ledger: ledger BROKERS TOPIC answer|call|done|fence NODE NUMBER. A call says whether it is ours; each
 * says what stands there then. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "daemon/kafka/ledger.h"

static int speak(const struct tp_settings *settings, const char *word, const char *node, uint64_t number,
                 struct tp_buf *fault) {
    bool ours = false;
    int error = TP_EINVALID;
    if (strcmp(word, "answer") == 0)
        error = tp_ledger_answer(settings, node, number, TP_STR("{\"frontier\":1,\"done\":[]}"), fault);
    else if (strcmp(word, "call") == 0)
        error = tp_ledger_call(settings, node, number, fault, &ours);
    else if (strcmp(word, "done") == 0)
        error = tp_ledger_done(settings, node, number, fault);
    else if (strcmp(word, "fence") == 0)
        error = tp_ledger_fence(settings, node, fault);
    if (ours)
        puts("ours");
    return error;
}

static int show(const struct tp_settings *settings, struct tp_buf *fault) {
    struct tp_ledger ledger;
    int error = tp_ledger_read(settings, NULL, fault, &ledger);
    if (error)
        return error;
    printf("repair %" PRIu64 " %s %s\n", ledger.repair, ledger.by, ledger.done ? "done" : "called");
    for (size_t i = 0; i < ledger.n_nodes; i++)
        printf("node %s %" PRIu64 "\n", ledger.nodes[i].node, ledger.nodes[i].repair);
    tp_ledger_free(&ledger);
    return 0;
}

int main(int argc, char **argv) {
    char brokers[256], topic[256];
    struct tp_buf fault = TP_BUF_INIT;
    struct tp_settings *settings = NULL;
    if (argc != 6)
        return 2;
    snprintf(brokers, sizeof brokers, "kafka.brokers=%s", argv[1]);
    snprintf(topic, sizeof topic, "kafka.topic_checkpoints=%s", argv[2]);
    const char *const sets[] = {brokers, topic};
    int error = tp_settings_load(NULL, sets, 2, &fault, &settings);
    if (!error)
        error = speak(settings, argv[3], argv[4], strtoull(argv[5], NULL, 10), &fault);
    if (!error)
        error = show(settings, &fault);
    if (fault.len > 0)
        fwrite(fault.at, 1, fault.len, stderr);
    tp_buf_free(&fault);
    tp_settings_free(settings);
    return error ? 1 : 0;
}
