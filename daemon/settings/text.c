/* The file's text before libconfuse sees it. libconfuse 3.3 counts a line with a comment three times, takes no comment
 * within a list, and takes a file that ends inside a section for whole. So comments become blanks here, and what is not
 * closed is found here. This follows libconfuse's own lexer: # and // to the end of the line, C comments, strings in
 * double quotes (with ${VARIABLE}, which may hold quotes) or single ones, and words, within which // is no comment. */
#include "daemon/settings/internal.h"

struct scan {
    char *at;
    int line;
    int depth, opened; /* of sections and lists; the line of the outermost that is open */
};

static void step(struct scan *scan) {
    if (*scan->at == '\n')
        scan->line++;
    scan->at++;
}

static void step_to(struct scan *scan, const char *to) {
    while (scan->at < to)
        step(scan);
}

static void blank(struct scan *scan, const char *to) {
    for (; scan->at < to; step(scan))
        if (*scan->at != '\n')
            *scan->at = ' ';
}

static bool skip_string(struct scan *scan) {
    char quote = *scan->at, *brace;
    for (step(scan); *scan->at != quote; step(scan)) {
        if (quote == '"' && strncmp(scan->at, "${", 2) == 0 && (brace = strchr(scan->at, '}')))
            step_to(scan, brace);
        else if (*scan->at == '\\')
            step(scan);
        if (!*scan->at)
            return false;
    }
    step(scan);
    return true;
}

static bool skip_comment(struct scan *scan) {
    char *end = *scan->at == '#' || scan->at[1] == '/' ? strchrnul(scan->at, '\n') : strstr(scan->at + 2, "*/");
    if (!end)
        return false;
    blank(scan, *end == '*' ? end + 2 : end);
    return true;
}

static void skip_brace(struct scan *scan) {
    scan->depth += *scan->at == '{' ? 1 : scan->depth > 0 ? -1 : 0;
    if (*scan->at == '{' && scan->depth == 1)
        scan->opened = scan->line;
    step(scan);
}

static void skip_word(struct scan *scan) {
    char *brace = strncmp(scan->at, "${", 2) == 0 ? strchr(scan->at, '}') : NULL;
    size_t len = strcspn(scan->at, " #\"'\t\n\r={}()+,*");
    step_to(scan, brace ? brace + 1 : scan->at + (len ? len : 1));
}

bool tp_settings_clean(char *text, int *ret_line, const char **ret_wrong) {
    struct scan scan = {.at = text, .line = 1};
    while (*scan.at) {
        *ret_line = scan.line;
        if (*scan.at == '"' || *scan.at == '\'') {
            *ret_wrong = "a string that begins here is not closed; expected a quote";
            if (!skip_string(&scan))
                return false;
        } else if (*scan.at == '#' || strncmp(scan.at, "//", 2) == 0 || strncmp(scan.at, "/*", 2) == 0) {
            *ret_wrong = "a comment that begins here is not closed; expected */";
            if (!skip_comment(&scan))
                return false;
        } else if (*scan.at == '{' || *scan.at == '}') {
            skip_brace(&scan);
        } else {
            skip_word(&scan);
        }
    }
    *ret_line = scan.opened;
    *ret_wrong = "a section that begins here is not closed; expected }";
    return scan.depth == 0;
}
