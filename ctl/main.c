/* touchpointctl: looks at a running touchpointd and at what it keeps, and sends to it. Each command is a row. */
#include "ctl/internal.h"

#include <string.h>

#include "daemon/mapping/mapping.h"

static const struct tp_ctl_command *const commands[] = {
    &tp_ctl_status, &tp_ctl_customer, &tp_ctl_timeline, &tp_ctl_split,   &tp_ctl_send,
    &tp_ctl_source, &tp_ctl_rejected, &tp_ctl_rebuild,  &tp_ctl_journal,
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static int help_all(FILE *out) {
    fputs("touchpointctl: look at a running touchpointd, send to it, and see what it keeps\n\n"
          "  touchpointctl COMMAND [ARGUMENTS]     (touchpointctl COMMAND --help says more)\n\n",
          out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-8s  %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n"
          "  --version   print the version\n"
          "  -h, --help  print this\n\n"
          "Without --url or TOUCHPOINT_URL it talks to http://127.0.0.1:8080.\n"
          "Example: touchpointctl timeline email=ann@example.com\n"
          "Exit: 0 when it was done, 1 when it could not be, 2 when the command line is not understood.\n",
          out);
    return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static const struct tp_ctl_command *find(const char *name) {
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* What was printed is only done when it has arrived. */
static int finish(int status) {
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (!written && status == EXIT_DONE)
        tp_ctl_say("standard output could not be written");
    return written || status != EXIT_DONE ? status : EXIT_FAULT;
}

int main(int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : "";
    tp_mapping_main(argc, argv);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
        return finish(help_all(stdout));
    if (strcmp(word, "--version") == 0)
        return puts("touchpointctl " TP_VERSION), finish(EXIT_DONE);
    const struct tp_ctl_command *command = find(word);
    if (command)
        return finish(command->run(command, argc - 1, argv + 1));
    if (*word)
        tp_ctl_say("no such command: %s", word);
    return help_all(stderr);
}
