/* The command line of a command: the options that it has in common with others, its own, and its help. getopt_long does
 * the reading; its complaints begin with argv[0], so that is made "touchpointctl COMMAND". */
#include "ctl/internal.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_OPTIONS = 32, MOST_OWN = 24, MOST_KEY = 4096 };
/* What getopt_long answers; OWN + n is the n-th of the command's own. */
enum { CONFIG = 'c', HELP = 'h', URL = 256, KEY_FILE = 257, SET = 258, JSON = 259, OWN = 260 };

void tp_ctl_say(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("touchpointctl: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

int tp_ctl_help(const struct tp_ctl_command *command, bool asked) {
    FILE *out = asked ? stdout : stderr;
    fprintf(out, "touchpointctl %s%s%s [OPTIONS]\n%s\n%s", command->name, *command->arguments ? " " : "",
            command->arguments, command->help, command->options ? command->options : "");
    if (command->uses & TP_CTL_DAEMON)
        fputs("  --url URL           where touchpointd listens (TOUCHPOINT_URL; http://127.0.0.1:8080)\n"
              "  --key-file FILE     a file with the key to show it, where it wants one (or TOUCHPOINT_KEY)\n",
              out);
    if (command->uses & TP_CTL_SETTINGS)
        fputs("  -c, --config FILE   touchpointd's settings (/etc/touchpointd/touchpointd.conf)\n"
              "  --set KEY=VALUE     a setting, over the file's\n",
              out);
    if (command->uses & TP_CTL_JSON)
        fputs("  --json              for programs\n", out);
    fprintf(out, "  -h, --help          print this\n\n%s", command->example);
    return asked ? EXIT_DONE : EXIT_USAGE;
}

/* ---- the key ---- */

/* Kept for as long as the program runs, which is one command. */
static const char *read_key(const char *path) {
    static char key[MOST_KEY];
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(key, 1, sizeof key - 1, file) : 0;
    bool failed = !file || ferror(file);
    if (failed)
        tp_ctl_say("--key-file: %s: %s", path, strerror(errno));
    if (file)
        fclose(file);
    while (len > 0 && strchr(" \t\r\n\v\f", key[len - 1]))
        len--;
    key[len] = '\0';
    if (!failed && len == 0)
        tp_ctl_say("--key-file: %s: it is empty", path);
    return len > 0 ? key : NULL;
}

/* ---- reading ---- */

static size_t list_common(const struct tp_ctl_command *command, struct option *options) {
    size_t n = 0;
    options[n++] = (struct option){"help", no_argument, NULL, HELP};
    if (command->uses & TP_CTL_DAEMON) {
        options[n++] = (struct option){"url", required_argument, NULL, URL};
        options[n++] = (struct option){"key-file", required_argument, NULL, KEY_FILE};
    }
    if (command->uses & TP_CTL_SETTINGS) {
        options[n++] = (struct option){"config", required_argument, NULL, CONFIG};
        options[n++] = (struct option){"set", required_argument, NULL, SET};
    }
    if (command->uses & TP_CTL_JSON)
        options[n++] = (struct option){"json", no_argument, NULL, JSON};
    return n;
}

static void list_own(const struct tp_ctl_option *own, struct option *options) {
    for (int i = 0; own && own[i].name; i++) {
        assert(i < MOST_OWN);
        int takes = !own[i].value ? no_argument : own[i].flag ? optional_argument : required_argument;
        *options++ = (struct option){own[i].name, takes, NULL, OWN + i};
    }
}

static void set_own(const struct tp_ctl_option *own, const char *value) {
    if (own->flag)
        *own->flag = true;
    if (own->value && value)
        *own->value = value;
}

static void begin(struct tp_ctl_options *ret) {
    const char *url = getenv("TOUCHPOINT_URL"), *key = getenv("TOUCHPOINT_KEY"), *plain = getenv("NO_COLOR");
    *ret = (struct tp_ctl_options){
        .url = url && *url ? url : "http://127.0.0.1:8080",
        .key = key && *key ? key : NULL,
        .tty = isatty(STDOUT_FILENO) == 1,
    };
    ret->colour = ret->tty && !(plain && *plain);
}

/* -1 to go on, or the status to exit with. */
static int take(const struct tp_ctl_command *command, int option, const struct tp_ctl_option *own,
                struct tp_ctl_options *ret) {
    if (option >= OWN) {
        set_own(&own[option - OWN], optarg);
    } else if (option == URL) {
        ret->url = optarg;
    } else if (option == KEY_FILE) {
        ret->key = read_key(optarg);
        return ret->key ? -1 : EXIT_FAULT;
    } else if (option == CONFIG) {
        ret->config = optarg;
    } else if (option == SET) {
        if (ret->n_sets == sizeof ret->sets / sizeof ret->sets[0])
            return tp_ctl_say("--set: too many of them"), EXIT_USAGE;
        ret->sets[ret->n_sets++] = optarg;
    } else if (option == JSON) {
        ret->json = true;
    } else if (option == HELP) {
        return tp_ctl_help(command, true);
    } else {
        fprintf(stderr, "touchpointctl: see touchpointctl %s --help\n", command->name);
        return EXIT_USAGE;
    }
    return -1;
}

int tp_ctl_read(const struct tp_ctl_command *command, int argc, char **argv, const struct tp_ctl_option *own,
                struct tp_ctl_options *ret, const char **ret_operands, size_t *ret_n_operands) {
    static char name[64];
    struct option options[MOST_OPTIONS] = {0};
    list_own(own, options + list_common(command, options));
    snprintf(name, sizeof name, "touchpointctl %s", command->name);
    argv[0] = name;
    begin(ret);
    optind = 0; /* glibc: from the start, whatever was read before */
    for (int option;
         (option = getopt_long(argc, argv, command->uses & TP_CTL_SETTINGS ? "hc:" : "h", options, NULL)) != -1;) {
        int status = take(command, option, own, ret);
        if (status >= 0)
            return status;
    }
    *ret_n_operands = 0;
    for (int i = optind; i < argc; i++)
        ret_operands[(*ret_n_operands)++] = argv[i];
    return -1;
}

bool tp_ctl_read_number(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *ret) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    bool right = errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && value >= least && value <= most;
    if (right)
        *ret = value;
    else
        tp_ctl_say("%s: a whole number from %llu to %llu was expected", option, (unsigned long long)least,
                   (unsigned long long)most);
    return right;
}
