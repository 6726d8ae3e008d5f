/* RFC 3339 by hand: the format is fixed to the column, so a cursor that reads digits is shorter, and ten times faster,
 * than sscanf and timegm, and knows neither locale nor TZ. A time is days since 1970 by the Gregorian rules, and
 * seconds in that day; UTC has no leap seconds here, as in POSIX. */
#include "common/time.h"

#include <assert.h>
#include <time.h>

#include "common/error.h"

#define DAY_SECONDS   86400
#define MAX_SECONDS   INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define CYCLE_YEARS   400                   /* the calendar repeats itself */
#define CYCLE_DAYS    146097
#define MOST_DECIMALS 9

static bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

static int leap_years_before(int year) {
    int last = year - 1;
    return last / 4 - last / 100 + last / 400;
}

/* Days from 1970-01-01 to the first of January. (One too many for the year 0, which is refused with all before 1970.)
 */
static int64_t days_before_year(int year) {
    return (int64_t)365 * (year - 1970) + leap_years_before(year) - leap_years_before(1970);
}

static int days_of_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

static int days_before_month(int year, int month) {
    int days = 0;
    for (int before = 1; before < month; before++)
        days += days_of_month(year, before);
    return days;
}

struct date {
    int year, month, day;
};

static int64_t days_of_date(struct date date) {
    return days_before_year(date.year) + days_before_month(date.year, date.month) + date.day - 1;
}

static struct date date_of_days(int64_t days) {
    struct date date = {.year = 1970 + (int)(days * CYCLE_YEARS / CYCLE_DAYS), .month = 1};
    while (days_before_year(date.year) > days) /* the estimate is off by one at most */
        date.year--;
    while (days_before_year(date.year + 1) <= days)
        date.year++;
    int left = (int)(days - days_before_year(date.year));
    while (left >= days_of_month(date.year, date.month))
        left -= days_of_month(date.year, date.month++);
    date.day = left + 1;
    return date;
}

/* What is still to be read; the first surprise marks it `failed`, and the caller asks once, at the end. */
struct cursor {
    struct tp_str left;
    bool failed;
};

static char next(struct cursor *cursor) {
    if (cursor->left.len == 0) {
        cursor->failed = true;
        return 0;
    }
    cursor->left.len--;
    return *cursor->left.at++;
}

static bool next_is(struct cursor *cursor, char byte) {
    if (cursor->left.len == 0 || *cursor->left.at != byte)
        return false;
    next(cursor);
    return true;
}

static void expect(struct cursor *cursor, char byte) {
    if (!next_is(cursor, byte))
        cursor->failed = true;
}

static bool at_digit(const struct cursor *cursor) {
    return cursor->left.len > 0 && *cursor->left.at >= '0' && *cursor->left.at <= '9';
}

static int number(struct cursor *cursor, int digits, int least, int most) {
    int value = 0;
    for (; digits > 0; digits--) {
        if (!at_digit(cursor))
            cursor->failed = true;
        value = value * 10 + (next(cursor) - '0');
    }
    if (value < least || value > most)
        cursor->failed = true;
    return value;
}

static struct date read_date(struct cursor *cursor) {
    struct date date;
    date.year = number(cursor, 4, 0, 9999);
    expect(cursor, '-');
    date.month = number(cursor, 2, 1, 12);
    expect(cursor, '-');
    date.day = number(cursor, 2, 1, 31);
    if (!cursor->failed && date.day > days_of_month(date.year, date.month))
        cursor->failed = true;
    return date;
}

/* Seconds of the day, 86400 only for a leap second; whether one is allowed here shows once the offset is known. */
static int read_clock(struct cursor *cursor, bool *ret_leap_second) {
    int hour = number(cursor, 2, 0, 23);
    expect(cursor, ':');
    int minute = number(cursor, 2, 0, 59);
    expect(cursor, ':');
    int second = number(cursor, 2, 0, 60);
    *ret_leap_second = second == 60;
    return hour * 3600 + minute * 60 + second;
}

static int read_fraction_ms(struct cursor *cursor) {
    if (!next_is(cursor, '.'))
        return 0;
    int ms = 0, digits = 0;
    for (int worth = 100; at_digit(cursor); worth /= 10, digits++)
        ms += (next(cursor) - '0') * worth;
    if (digits == 0 || digits > MOST_DECIMALS)
        cursor->failed = true;
    return ms;
}

static int read_offset_seconds(struct cursor *cursor) {
    if (next_is(cursor, 'Z') || next_is(cursor, 'z'))
        return 0;
    int sign = next_is(cursor, '-') ? -1 : 1;
    if (sign > 0)
        expect(cursor, '+');
    int hours = number(cursor, 2, 0, 23);
    expect(cursor, ':');
    int minutes = number(cursor, 2, 0, 59);
    return sign * (hours * 3600 + minutes * 60);
}

/* A leap second stands only at the end of a month of UTC, so the second after it is a first day's midnight. */
static bool may_follow_leap_second(int64_t seconds) {
    return seconds % DAY_SECONDS == 0 && date_of_days(seconds / DAY_SECONDS).day == 1;
}

int tp_time_parse(struct tp_str text, int64_t *ret_ms) {
    struct cursor cursor = {.left = text};
    struct date date = read_date(&cursor);
    if (!next_is(&cursor, 't'))
        expect(&cursor, 'T');
    bool leap_second;
    int clock = read_clock(&cursor, &leap_second);
    int ms = read_fraction_ms(&cursor);
    int offset = read_offset_seconds(&cursor);
    if (cursor.failed || cursor.left.len > 0)
        return TP_EFORM;
    int64_t seconds = days_of_date(date) * DAY_SECONDS + clock - offset;
    if (seconds < 0 || seconds > MAX_SECONDS)
        return TP_ERANGE;
    if (leap_second && !may_follow_leap_second(seconds))
        return TP_EFORM;
    *ret_ms = seconds * 1000 + ms;
    return 0;
}

static char *put(char *to, int value, int digits, char behind) {
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        to[i] = (char)('0' + value % 10);
    to[digits] = behind;
    return to + digits + 1;
}

void tp_time_format(int64_t ms, char out[TP_TIME_TEXT]) {
    assert(ms >= 0 && ms / 1000 <= MAX_SECONDS);
    int64_t seconds = ms / 1000;
    struct date date = date_of_days(seconds / DAY_SECONDS);
    int clock = (int)(seconds % DAY_SECONDS);
    out = put(out, date.year, 4, '-');
    out = put(out, date.month, 2, '-');
    out = put(out, date.day, 2, 'T');
    out = put(out, clock / 3600, 2, ':');
    out = put(out, clock / 60 % 60, 2, ':');
    out = put(out, clock % 60, 2, '.');
    out = put(out, (int)(ms % 1000), 3, 'Z');
    *out = 0;
}

static int64_t clock_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t tp_time_now_ms(void) { return clock_us(CLOCK_REALTIME) / 1000; }

int64_t tp_time_monotonic_ms(void) { return clock_us(CLOCK_MONOTONIC) / 1000; }

int64_t tp_time_monotonic_us(void) { return clock_us(CLOCK_MONOTONIC); }
