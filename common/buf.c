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

/* Mostly there is room enough at once, and then it is formatted only once. */
void tp_buf_addf(struct tp_buf *buf, const char *format, ...) {
    va_list args, again;
    char *at = tp_buf_room(buf, 128);
    if (!at)
        return;
    size_t room = buf->cap - buf->len;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(at, room, format, args);
    if (len >= 0 && (size_t)len >= room && (at = tp_buf_room(buf, (size_t)len + 1)))
        vsnprintf(at, (size_t)len + 1, format, again);
    if (len < 0)
        buf->failed = true;
    else if (at)
        buf->len += (size_t)len;
    va_end(again);
    va_end(args);
}

struct tp_str tp_decimal(int64_t number, char room[TP_DECIMAL]) {
    size_t at = TP_DECIMAL;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do
        room[--at] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        room[--at] = '-';
    return (struct tp_str){room + at, TP_DECIMAL - at};
}

void tp_buf_addi(struct tp_buf *buf, int64_t number) {
    char room[TP_DECIMAL];
    tp_buf_addstr(buf, tp_decimal(number, room));
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

uint64_t tp_read_big(struct tp_reader *reader, size_t bytes) {
    struct tp_str at = tp_read_bytes(reader, bytes);
    uint64_t number = 0;
    for (size_t i = 0; i < at.len; i++)
        number = number << 8 | (unsigned char)at.at[i];
    return number;
}
