/* CSV (RFC 4180, by libcsv) to events: the first row names the columns, each other one is an object of them, and a
 * mapping makes interactions of it. They are written beside the file, and sent from there as any others: so a run that
 * was stopped goes on where it was, and the same file sent again is the same events. */
#include "ctl/send.h"

#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/time.h"
#include "common/utf8.h"
#include "ctl/source.h"

enum { STEP = 65536, MOST_COLUMNS = 1000, FIRST_LINE = 4096 };

struct conversion {
    const struct tp_ctl_csv *how;
    struct tp_ctl_mapping *mapping;
    struct tp_ctl_mapped mapped;
    char where[32];
    struct csv_parser parser;
    struct tp_buf fields; /* of the row: each with a NUL behind it */
    struct tp_buf header; /* likewise, of the first one */
    size_t n_fields, n_columns;
    struct tp_buf row, made;
    FILE *out;
    uint64_t rows, refused;
    bool failed;
};

/* ---- a row ---- */

/* What is no UTF-8 is taken for Latin-1, which spreadsheets still write. */
static void add_text(struct tp_str text, struct tp_buf *out) {
    struct tp_buf latin = TP_BUF_INIT;
    if (tp_utf8_valid(text)) {
        tp_json_write_string(text, out);
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte >= 0x80)
            tp_buf_addc(&latin, (char)(0xc0 | byte >> 6));
        tp_buf_addc(&latin, (char)(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte));
    }
    tp_json_write_string(tp_buf_str(&latin), out);
    out->failed = out->failed || latin.failed;
    tp_buf_free(&latin);
}

static struct tp_str next_field(struct tp_str *rest) { return tp_str_cut(rest, '\0'); }

/* How many columns of this name there are in front of the i-th. */
static size_t count_before(const struct conversion *conversion, size_t column, struct tp_str name) {
    struct tp_str rest = tp_buf_str(&conversion->header);
    size_t n = 0;
    for (size_t i = 0; i < column; i++)
        n += tp_str_equal(next_field(&rest), name);
    return n;
}

static void add_name(const struct conversion *conversion, size_t column, struct tp_str name, struct tp_buf *out) {
    struct tp_buf text = TP_BUF_INIT;
    size_t before = count_before(conversion, column, name);
    tp_buf_addstr(&text, name);
    if (name.len == 0 || before > 0)
        tp_buf_addf(&text, "%s%zu", name.len ? " " : "column ", name.len ? before + 1 : column + 1);
    add_text(tp_buf_str(&text), out);
    out->failed = out->failed || text.failed;
    tp_buf_free(&text);
}

static void write_row(struct conversion *conversion) {
    struct tp_str names = tp_buf_str(&conversion->header), values = tp_buf_str(&conversion->fields);
    struct tp_buf *row = &conversion->row;
    tp_buf_clear(row);
    tp_buf_addc(row, '{');
    for (size_t i = 0; i < conversion->n_fields; i++) {
        if (i > 0)
            tp_buf_addc(row, ',');
        add_name(conversion, i, i < conversion->n_columns ? next_field(&names) : TP_STR(""), row);
        tp_buf_addc(row, ':');
        add_text(next_field(&values), row);
    }
    tp_buf_addc(row, '}');
}

/* The elements of the list that a mapping made, each on a line. */
static void write_lines(struct conversion *conversion) {
    struct tp_str rest = tp_buf_str(&conversion->made), event;
    while (tp_json_split(&rest, &event) > 0) {
        fwrite(event.at, 1, event.len, conversion->out);
        fputc('\n', conversion->out);
    }
}

static void take_row(struct conversion *conversion) {
    struct tp_ctl_request request = {.method = TP_STR("POST"), .path = TP_STR("/")};
    snprintf(conversion->where, sizeof conversion->where, "row %llu: ", (unsigned long long)++conversion->rows);
    write_row(conversion);
    tp_buf_clear(&conversion->made);
    request.body = tp_buf_str(&conversion->row);
    if (conversion->row.failed)
        conversion->failed = true;
    else if (tp_ctl_map(conversion->mapping, &request, &conversion->made) != EXIT_DONE)
        conversion->refused++;
    write_lines(conversion);
}

/* ---- the parser's word ---- */

static void on_field(void *text, size_t len, void *arg) {
    struct conversion *conversion = arg;
    if (++conversion->n_fields > MOST_COLUMNS)
        return;
    for (size_t i = 0; i < len; i++)
        tp_buf_addc(&conversion->fields, ((const char *)text)[i] ? ((const char *)text)[i] : ' ');
    tp_buf_addc(&conversion->fields, '\0');
}

static void on_row(int end, void *arg) {
    struct conversion *conversion = arg;
    (void)end;
    if (conversion->n_fields > MOST_COLUMNS || conversion->fields.failed)
        conversion->failed = true;
    else if (conversion->n_columns == 0) {
        tp_buf_addstr(&conversion->header, tp_buf_str(&conversion->fields));
        conversion->n_columns = conversion->n_fields;
    } else {
        take_row(conversion);
    }
    tp_buf_clear(&conversion->fields);
    conversion->n_fields = 0;
}

/* The one that the first line has most of. */
static char guess_delimiter(const char *text, size_t len) {
    static const char delimiters[] = ",;\t|";
    size_t most = 0, counts[sizeof delimiters] = {0};
    for (size_t i = 0; i < len && text[i] != '\n'; i++) {
        const char *found = memchr(delimiters, text[i], sizeof delimiters - 1);
        if (found)
            counts[found - delimiters]++;
    }
    for (size_t i = 1; i < sizeof delimiters - 1; i++)
        if (counts[i] > counts[most])
            most = i;
    return delimiters[most];
}

/* ---- the file ---- */

static bool parse_part(struct conversion *conversion, const char *from, size_t len) {
    return csv_parse(&conversion->parser, from, len, on_field, on_row, conversion) == len && !conversion->failed;
}

/* The first part also shows what stands between columns. */
static bool parse_first(struct conversion *conversion, const char *from, size_t len) {
    static const char mark[] = "\xEF\xBB\xBF";
    size_t passed = len >= 3 && memcmp(from, mark, 3) == 0 ? 3 : 0;
    char guessed = guess_delimiter(from + passed, len < FIRST_LINE ? len - passed : FIRST_LINE);
    csv_set_delim(&conversion->parser,
                  (unsigned char)(*conversion->how->delimiter ? *conversion->how->delimiter : guessed));
    return parse_part(conversion, from + passed, len - passed);
}

static bool parse(struct conversion *conversion, FILE *in) {
    char bytes[STEP];
    size_t len = fread(bytes, 1, sizeof bytes, in);
    bool parsed = parse_first(conversion, bytes, len);
    while (parsed && len == sizeof bytes) {
        len = fread(bytes, 1, sizeof bytes, in);
        parsed = parse_part(conversion, bytes, len);
    }
    csv_fini(&conversion->parser, on_field, on_row, conversion);
    conversion->failed = conversion->failed || !parsed;
    return parsed && !ferror(in);
}

static bool convert(struct conversion *conversion, const char *file, const char *to) {
    FILE *in = fopen(file, "re");
    conversion->out = in ? fopen(to, "we") : NULL;
    bool done = conversion->out && csv_init(&conversion->parser, 0) == 0 && parse(conversion, in);
    if (!done)
        tp_ctl_say("%s: %s", file,
                   conversion->failed ? "no CSV that can be read, or memory is short" : strerror(errno));
    csv_free(&conversion->parser);
    if (in)
        fclose(in);
    if (conversion->out)
        done = fclose(conversion->out) == 0 && done;
    return done;
}

static bool prepare(struct conversion *conversion, const struct tp_settings *settings) {
    conversion->mapped = (struct tp_ctl_mapped){.kind = "json",
                                                .mapping = conversion->how->map,
                                                .region = conversion->how->region,
                                                .name = conversion->how->source,
                                                .zone = conversion->how->zone,
                                                .where = conversion->where,
                                                .received_ms = tp_time_now_ms(),
                                                .for_sending = true};
    conversion->mapping = tp_ctl_mapping_open(settings, &conversion->mapped);
    return conversion->mapping != NULL;
}

static void release(struct conversion *conversion) {
    tp_ctl_mapping_close(conversion->mapping);
    tp_buf_free(&conversion->fields);
    tp_buf_free(&conversion->header);
    tp_buf_free(&conversion->row);
    tp_buf_free(&conversion->made);
}

/* Whole or not there: what is half written has another name. */
int tp_ctl_csv_convert(const char *file, const struct tp_ctl_csv *how, const struct tp_settings *settings,
                       const char *to, uint64_t *ret_refused) {
    struct conversion conversion = {.how = how};
    struct tp_buf beside = TP_BUF_INIT;
    tp_buf_addf(&beside, "%s.new", to);
    tp_buf_addc(&beside, '\0');
    bool done = !beside.failed && prepare(&conversion, settings) && convert(&conversion, file, beside.at) &&
                rename(beside.at, to) == 0;
    if (!done && beside.at)
        unlink(beside.at);
    *ret_refused = conversion.refused;
    if (done)
        tp_ctl_say("%s: %llu rows, of which %llu could not be mapped", file, (unsigned long long)conversion.rows,
                   (unsigned long long)conversion.refused);
    release(&conversion);
    tp_buf_free(&beside);
    return done ? EXIT_DONE : EXIT_FAULT;
}
