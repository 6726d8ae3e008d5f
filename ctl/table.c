/* A table for people: two blanks between columns, no lines, titles in bold and colours where it is a terminal. All
 * cells are kept, cleaned, in one buffer until the table is printed, since widths are known only then. */
#include "ctl/internal.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { SPACE = 2, MOST_COLUMNS = 16 };
#define ELLIPSIS "\xE2\x80\xA6"

struct cell {
    size_t at, len, columns;
    unsigned colour;
};

struct tp_ctl_table {
    size_t n_columns, n, room;
    bool right[MOST_COLUMNS];
    size_t widths[MOST_COLUMNS];
    struct cell *cells; /* the titles first */
    struct tp_buf text;
    bool failed;
};

static const char *sequence(unsigned colour) {
    static const char *const named[] = {"", "\033[2m", "\033[32m", "\033[31m", "\033[1m"};
    static const char *const hues[] = {"\033[36m", "\033[33m", "\033[35m", "\033[34m", "\033[32m", "\033[31m"};
    return colour < TP_CTL_HUES ? named[colour] : hues[(colour - TP_CTL_HUES) % (sizeof hues / sizeof hues[0])];
}

struct tp_ctl_table *tp_ctl_table_new(const char *const *titles, size_t n) {
    assert(n > 0 && n <= MOST_COLUMNS);
    struct tp_ctl_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->n_columns = n;
    for (size_t i = 0; i < n; i++) {
        table->right[i] = titles[i][0] == '>';
        tp_ctl_table_add(table, tp_str(titles[i] + table->right[i]));
        tp_ctl_table_colour(table, TP_CTL_BOLD);
    }
    return table;
}

void tp_ctl_table_free(struct tp_ctl_table *table) {
    if (!table)
        return;
    free(table->cells);
    tp_buf_free(&table->text);
    free(table);
}

static struct cell *next_cell(struct tp_ctl_table *table) {
    if (table->n == table->room) {
        size_t room = table->room ? table->room * 2 : 64;
        struct cell *cells = realloc(table->cells, room * sizeof *cells);
        if (!cells)
            return NULL;
        table->cells = cells;
        table->room = room;
    }
    return &table->cells[table->n++];
}

void tp_ctl_table_add(struct tp_ctl_table *table, struct tp_str cell) {
    size_t at = table->text.len, column = table->n % table->n_columns;
    tp_ctl_clean(cell, &table->text);
    struct cell *made = table->text.failed ? NULL : next_cell(table);
    if (!made) {
        table->failed = true;
        return;
    }
    *made = (struct cell){.at = at, .len = table->text.len - at};
    made->columns = tp_ctl_columns((struct tp_str){table->text.at + at, made->len});
    if (table->widths[column] < made->columns)
        table->widths[column] = made->columns;
}

void tp_ctl_table_addf(struct tp_ctl_table *table, const char *format, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        table->failed = true;
    else
        tp_ctl_table_add(table, (struct tp_str){text, (size_t)len});
    if (len >= 0)
        free(text);
}

void tp_ctl_table_colour(struct tp_ctl_table *table, unsigned colour) {
    if (table->n > 0)
        table->cells[table->n - 1].colour = colour;
}

/* ---- printing ---- */

static size_t terminal_columns(const struct tp_ctl_options *options) {
    struct winsize size;
    return options->tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : SIZE_MAX;
}

/* The last column has what the others leave; a terminal too narrow for that breaks the line by itself. */
static size_t room_of_last(const struct tp_ctl_table *table, size_t terminal) {
    size_t before = 0;
    for (size_t i = 0; i + 1 < table->n_columns; i++)
        before += table->widths[i] + SPACE;
    return terminal > before + SPACE ? terminal - before : SIZE_MAX;
}

static void print_blanks(FILE *out, size_t n) { fprintf(out, "%*s", (int)n, ""); }

static void print_cell(const struct tp_ctl_table *table, const struct cell *cell, size_t room, bool colour, FILE *out) {
    struct tp_str text = {table->text.at + cell->at, cell->len};
    bool cut = cell->columns > room, painted = colour && cell->colour != TP_CTL_PLAIN && cell->len > 0;
    if (cut)
        text.len = tp_ctl_fitting(text, room - 1);
    fprintf(out, "%s%.*s%s%s", painted ? sequence(cell->colour) : "", TP_FMT(text), cut ? ELLIPSIS : "",
            painted ? "\033[0m" : "");
}

/* No blanks at the end of a line: behind the last cell that is not empty nothing is printed. */
static void print_row(const struct tp_ctl_table *table, const struct cell *row, size_t last_room, bool colour,
                      FILE *out) {
    size_t n = table->n_columns, owed = 0;
    for (size_t i = 0; i < n; i++) {
        size_t blank = table->widths[i] > row[i].columns ? table->widths[i] - row[i].columns : 0;
        if (row[i].len > 0) {
            print_blanks(out, owed + (table->right[i] ? blank : 0));
            print_cell(table, &row[i], i + 1 == n ? last_room : SIZE_MAX, colour, out);
            owed = SPACE + (table->right[i] ? 0 : blank);
        } else {
            owed += SPACE + blank;
        }
    }
    fputc('\n', out);
}

void tp_ctl_table_print(const struct tp_ctl_table *table, const struct tp_ctl_options *options, FILE *out) {
    size_t last_room = room_of_last(table, terminal_columns(options));
    for (size_t at = 0; at + table->n_columns <= table->n; at += table->n_columns)
        print_row(table, &table->cells[at], last_room, options->colour, out);
    if (table->failed)
        tp_ctl_say("out of memory: the table is not whole");
}
