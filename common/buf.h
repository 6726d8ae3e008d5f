/* A growing run of bytes. Appending never fails half-way: when memory is short the buffer is marked `failed`, what is
 * appended afterwards is dropped, and the caller asks once, at the end. One thread at a time. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tp_buf {
    char *at;
    size_t len, cap;
    bool failed;
};

#define TP_BUF_INIT ((struct tp_buf){0})

void tp_buf_free(struct tp_buf *buf);  /* and empty again; NULL is fine */
void tp_buf_clear(struct tp_buf *buf); /* keeps the memory */
/* Room for `more` bytes beyond len, or NULL (and failed). The caller writes there and adds to len. */
char *tp_buf_room(struct tp_buf *buf, size_t more);
void tp_buf_add(struct tp_buf *buf, const void *bytes, size_t len);
void tp_buf_adds(struct tp_buf *buf, const char *text);
void tp_buf_addstr(struct tp_buf *buf, struct tp_str text);
void tp_buf_addc(struct tp_buf *buf, char byte);
void tp_buf_addf(struct tp_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tp_buf_addi(struct tp_buf *buf, int64_t number); /* decimal; much quicker than addf */
#define TP_DECIMAL 20                                 /* digits of the longest number, with its sign */
struct tp_str tp_decimal(int64_t number, char room[TP_DECIMAL]);
/* Little endian, as on disk. */
void tp_buf_addu16(struct tp_buf *buf, uint16_t value);
void tp_buf_addu32(struct tp_buf *buf, uint32_t value);
void tp_buf_addu64(struct tp_buf *buf, uint64_t value);
static inline struct tp_str tp_buf_str(const struct tp_buf *buf) { return (struct tp_str){buf->at, buf->len}; }
/* The bytes, to be freed with free(); the buffer is empty again. NULL when failed or empty. */
char *tp_buf_take(struct tp_buf *buf);

/* Reading back what the above wrote. A reader that runs over its end is marked `failed` and gives zeros. */
struct tp_reader {
    struct tp_str left;
    bool failed;
};
uint8_t tp_read_u8(struct tp_reader *reader);
uint16_t tp_read_u16(struct tp_reader *reader);
uint32_t tp_read_u32(struct tp_reader *reader);
uint64_t tp_read_u64(struct tp_reader *reader);
struct tp_str tp_read_bytes(struct tp_reader *reader, size_t len);
/* A number of so many bytes, big endian, as the scripts in Redis pack it. */
uint64_t tp_read_big(struct tp_reader *reader, size_t bytes);

#ifdef __cplusplus
}
#endif
