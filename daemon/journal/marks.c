/* When records were received: one mark for the first record of a group, as long as they lie some time apart. When there
 * are too many, every other one goes and the spacing doubles, so the age of the oldest record is right within about a
 * five-hundredth of the backlog, whatever its length. */
#include "daemon/journal/internal.h"

#include <stdlib.h>

#define FIRST_SPACING_MS 100

void tp_marks_add(struct tp_marks *marks, uint64_t number, int64_t received_ms) {
    if (marks->n <= 1) /* the backlog of which the spacing came is gone */
        marks->spacing_ms = FIRST_SPACING_MS;
    /* A clock that was set back makes a mark too: the distance counts, not the direction. */
    if (marks->n > 0 && llabs(received_ms - marks->at[marks->n - 1].received_ms) < marks->spacing_ms)
        return;
    if (marks->n == TP_MARKS) {
        for (size_t i = 0; i < TP_MARKS / 2; i++)
            marks->at[i] = marks->at[2 * i];
        marks->n = TP_MARKS / 2;
        marks->spacing_ms *= 2;
    }
    marks->at[marks->n++] = (struct tp_mark){number, received_ms};
}

int64_t tp_marks_find(struct tp_marks *marks, uint64_t number) {
    size_t below = 0;
    while (below + 1 < marks->n && marks->at[below + 1].number <= number)
        below++;
    marks->n -= below;
    memmove(marks->at, marks->at + below, marks->n * sizeof marks->at[0]);
    return marks->n > 0 ? marks->at[0].received_ms : 0;
}
