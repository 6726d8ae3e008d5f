/* What is posted to Segment's paths before it is known whose it is. The input is the header Authorization, a line's
 * end, and the body.
 *
 * What has to hold: mending keeps a body's length and finds nothing more to mend; a body that is JSON as it is stays as
 * it is; one that is not refused is an object within the limits; and what is refused is told in a sentence, as 400. */
#include "tests/fuzz/fuzz.h"

#include "common/error.h"
#include "daemon/api/segment.h"

enum { MOST_DEPTH = 32 };

static bool is_json(struct tp_str text) {
    struct tp_json json;
    struct tp_json_error ignored;
    int error = tp_json_parse(text, MOST_DEPTH, &json, &ignored);
    if (error == 0)
        tp_json_free(&json);
    return error == 0;
}

static struct tp_str mend(struct tp_str body, struct tp_buf *room) {
    struct tp_buf again = TP_BUF_INIT;
    struct tp_str mended = tp_segment_body_mend(body, room);
    must(mended.len == body.len);
    must(tp_segment_body_mend(mended, &again).at == mended.at);
    must(!is_json(body) || mended.at == body.at);
    tp_buf_free(&again);
    return mended;
}

static void read_body(struct tp_str text) {
    struct tp_segment_body body;
    char message[160] = "";
    int error = tp_segment_body_read(text, MOST_DEPTH, &body, message);
    if (error < 0) {
        must(tp_error_http(error) == 400 && *message && memchr(message, '\0', sizeof message));
        return;
    }
    must(json_is_object(body.json.root) && text.len <= TP_SEGMENT_BATCH_BYTES);
    must(json_array_size(json_object_get(body.json.root, "batch")) <= TP_SEGMENT_BATCH_EVENTS);
    tp_segment_body_free(&body);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tp_buf room = TP_BUF_INIT, key = TP_BUF_INIT;
    struct tp_str body = fuzz_text(data, size), authorization = tp_str_cut(&body, '\n');
    struct tp_str shown = tp_segment_key_shown(authorization, &key);
    must(shown.len <= authorization.len);
    read_body(mend(body, &room));
    tp_buf_free(&room);
    tp_buf_free(&key);
    return 0;
}
