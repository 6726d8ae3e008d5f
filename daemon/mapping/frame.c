#include "daemon/mapping/internal.h"

#include "common/error.h"

void tp_mapping_write_frame(enum tp_mapping_frame kind, struct tp_str bytes, struct tp_buf *out) {
    tp_buf_addc(out, (char)kind);
    tp_buf_addu32(out, (uint32_t)bytes.len);
    tp_buf_addstr(out, bytes);
}

void tp_mapping_write_set(const struct tp_mapping_set *set, struct tp_buf *out) {
    struct tp_buf limits = TP_BUF_INIT;
    tp_buf_addu64(&limits, set->limits.memory);
    tp_buf_addu64(&limits, set->limits.max_values);
    tp_buf_addu64(&limits, set->limits.max_bytes);
    tp_mapping_write_frame(TP_MAPPING_LIMITS, tp_buf_str(&limits), out);
    for (size_t i = 0; i < set->n; i++)
        tp_mapping_write_frame(TP_MAPPING_PROGRAM, set->programs[i], out);
    tp_mapping_write_frame(TP_MAPPING_START, TP_STR(""), out);
    out->failed = out->failed || limits.failed;
    tp_buf_free(&limits);
}

void tp_mapping_write_run(size_t program, struct tp_str input, struct tp_buf *out) {
    tp_buf_addc(out, TP_MAPPING_RUN);
    tp_buf_addu32(out, (uint32_t)(sizeof(uint32_t) + input.len));
    tp_buf_addu32(out, (uint32_t)program);
    tp_buf_addstr(out, input);
}

int tp_mapping_read_frame(struct tp_str bytes, enum tp_mapping_frame *ret_kind, struct tp_str *ret, size_t *ret_taken) {
    struct tp_reader reader = {.left = bytes};
    uint8_t kind = tp_read_u8(&reader);
    uint32_t len = tp_read_u32(&reader);
    *ret = tp_read_bytes(&reader, len);
    if (reader.failed)
        return 0;
    *ret_kind = (enum tp_mapping_frame)kind;
    *ret_taken = TP_MAPPING_HEAD + len;
    return 1;
}

int tp_mapping_status(enum tp_mapping_frame kind) {
    switch (kind) {
    case TP_MAPPING_VALUES:
        return 0;
    case TP_MAPPING_FAILED:
        return TP_EFORM;
    case TP_MAPPING_TOO_MUCH:
        return TP_ETOOMANY;
    default:
        return TP_EINTERNAL;
    }
}
