#include "common/buf.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

void tp_buf_free(struct tp_buf *buf) {
    if (!buf)
        return;
    free(buf->at);
    *buf = TP_BUF_INIT;
}

void tp_buf_clear(struct tp_buf *buf) {
    buf->len = 0;
    buf->failed = false;
}

char *tp_buf_room(struct tp_buf *buf, size_t more) {
    if (buf->failed)
        return NULL;
    if (buf->at && more <= buf->cap - buf->len)
        return buf->at + buf->len;
    size_t cap = buf->cap ? buf->cap : 64;
    while (cap - buf->len < more) {
        if (cap > SIZE_MAX / 2)
            goto fail;
        cap *= 2;
    }
    char *at = realloc(buf->at, cap);
    if (!at)
        goto fail;
    buf->at = at;
    buf->cap = cap;
    return at + buf->len;
fail:
    buf->failed = true;
    return NULL;
}

void tp_buf_add(struct tp_buf *buf, const void *bytes, size_t len) {
    if (len == 0)
        return;
    char *to = tp_buf_room(buf, len);
    if (!to)
        return;
    memcpy(to, bytes, len);
    buf->len += len;
}

void tp_buf_adds(struct tp_buf *buf, const char *text) { tp_buf_add(buf, text, strlen(text)); }

void tp_buf_addstr(struct tp_buf *buf, struct tp_str text) { tp_buf_add(buf, text.at, text.len); }

void tp_buf_addc(struct tp_buf *buf, char byte) { tp_buf_add(buf, &byte, 1); }

void tp_buf_addf(struct tp_buf *buf, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *to = len < 0 ? NULL : tp_buf_room(buf, (size_t)len + 1);
    if (to) {
        vsnprintf(to, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    } else {
        buf->failed = true;
    }
    va_end(again);
    va_end(args);
}

void tp_buf_addu16(struct tp_buf *buf, uint16_t value) {
    value = htole16(value);
    tp_buf_add(buf, &value, sizeof value);
}

void tp_buf_addu32(struct tp_buf *buf, uint32_t value) {
    value = htole32(value);
    tp_buf_add(buf, &value, sizeof value);
}

void tp_buf_addu64(struct tp_buf *buf, uint64_t value) {
    value = htole64(value);
    tp_buf_add(buf, &value, sizeof value);
}

char *tp_buf_take(struct tp_buf *buf) {
    char *at = NULL;
    if (!buf->failed && buf->len > 0) {
        at = buf->at;
        buf->at = NULL;
    }
    tp_buf_free(buf);
    return at;
}

struct tp_str tp_read_bytes(struct tp_reader *reader, size_t len) {
    if (reader->failed || reader->left.len < len) {
        reader->failed = true;
        return (struct tp_str){0};
    }
    struct tp_str bytes = {reader->left.at, len};
    reader->left.at += len;
    reader->left.len -= len;
    return bytes;
}

uint8_t tp_read_u8(struct tp_reader *reader) {
    struct tp_str bytes = tp_read_bytes(reader, 1);
    return bytes.len ? (uint8_t)bytes.at[0] : 0;
}

uint16_t tp_read_u16(struct tp_reader *reader) {
    uint16_t value = 0;
    struct tp_str bytes = tp_read_bytes(reader, sizeof value);
    if (bytes.len)
        memcpy(&value, bytes.at, sizeof value);
    return le16toh(value);
}

uint32_t tp_read_u32(struct tp_reader *reader) {
    uint32_t value = 0;
    struct tp_str bytes = tp_read_bytes(reader, sizeof value);
    if (bytes.len)
        memcpy(&value, bytes.at, sizeof value);
    return le32toh(value);
}

uint64_t tp_read_u64(struct tp_reader *reader) {
    uint64_t value = 0;
    struct tp_str bytes = tp_read_bytes(reader, sizeof value);
    if (bytes.len)
        memcpy(&value, bytes.at, sizeof value);
    return le64toh(value);
}
