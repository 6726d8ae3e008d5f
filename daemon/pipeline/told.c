#include "daemon/pipeline/told.h"

#include <inttypes.h>

#include "common/json.h"
#include "common/time.h"
#include "common/traits.h"

int tp_told_begin(const struct tp_told *told, struct tp_buf *out) {
    tp_buf_addf(out, "{\"schema\":%d,\"id\":\"%.*s\"", TP_SCHEMA_VERSION, TP_FMT(told->customer_id));
    if (told->redirect.len > 0) {
        tp_buf_addf(out, ",\"redirect\":\"%.*s\",\"identifiers\":[]", TP_FMT(told->redirect));
        return 0;
    }
    tp_buf_addf(out, ",\"sequence\":%" PRIu64 ",\"identifiers\":", told->sequence);
    int status = tp_mapping_write(told->mapping, out);
    if (told->members.len > 0) {
        tp_buf_adds(out, ",\"members\":");
        tp_interaction_write_ids(told->members, out);
    }
    return status < 0 ? status : tp_traits_write_whole(told->traits, told->customer_id, out);
}

void tp_told_cause(struct tp_str source, struct tp_str event, int64_t time_ms, struct tp_buf *out) {
    char time[TP_TIME_TEXT];
    tp_time_format(time_ms, time);
    tp_buf_adds(out, ",\"source\":");
    tp_json_write_string(source, out);
    tp_buf_adds(out, ",\"event\":");
    tp_json_write_string(event, out);
    tp_buf_addf(out, ",\"time\":\"%s\"", time);
}
