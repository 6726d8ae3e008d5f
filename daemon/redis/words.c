/* Words in Redis' protocol (RESP): "$LENGTH\r\nBYTES\r\n" each. The head of the call, which counts them, is known last
 * and is put into room that is kept free for it at the front. And what Redis' word means when it refuses a call. */
#include "daemon/redis/words.h"

#include <stdio.h>
#include <string.h>

#include "common/error.h"

enum { HEAD_ROOM = 160 };

static void begin(struct tp_redis_words *words, size_t len) {
    if (words->wire.len == 0 && tp_buf_room(&words->wire, HEAD_ROOM))
        words->wire.len = HEAD_ROOM;
    tp_buf_addc(&words->wire, '$');
    tp_buf_addi(&words->wire, (int64_t)len);
    tp_buf_add(&words->wire, "\r\n", 2);
    words->n++;
}

void tp_redis_word(struct tp_redis_words *words, struct tp_str word) { tp_redis_key(words, word, (struct tp_str){0}); }

void tp_redis_key(struct tp_redis_words *words, struct tp_str prefix, struct tp_str rest) {
    begin(words, prefix.len + rest.len);
    tp_buf_addstr(&words->wire, prefix);
    tp_buf_addstr(&words->wire, rest);
    tp_buf_add(&words->wire, "\r\n", 2);
}

void tp_redis_number(struct tp_redis_words *words, int64_t number) {
    char room[TP_DECIMAL];
    tp_redis_word(words, tp_decimal(number, room));
}

void tp_redis_words_clear(struct tp_redis_words *words) {
    tp_buf_clear(&words->wire);
    words->n = 0;
}

void tp_redis_words_free(struct tp_redis_words *words) {
    tp_buf_free(&words->wire);
    words->n = 0;
}

int tp_redis_words_finish(struct tp_redis_words *words, const char *sha, size_t n_keys, struct tp_str *ret) {
    char head[HEAD_ROOM], keys[24];
    int len = 0;
    if (sha) {
        int keys_len = snprintf(keys, sizeof keys, "%zu", n_keys);
        len = snprintf(head, sizeof head, "*%zu\r\n$7\r\nEVALSHA\r\n$40\r\n%.40s\r\n$%d\r\n%s\r\n", words->n + 3, sha,
                       keys_len, keys);
    } else {
        len = snprintf(head, sizeof head, "*%zu\r\n", words->n);
    }
    if (words->wire.failed || words->n == 0)
        return TP_ENOMEM;
    char *at = words->wire.at + HEAD_ROOM - len;
    memcpy(at, head, (size_t)len);
    *ret = (struct tp_str){at, words->wire.len - HEAD_ROOM + (size_t)len};
    return 0;
}

/* Which of them mean "not now", whatever was asked. */
int tp_redis_error_of(const char *text) {
    static const char *const not_now[] = {"LOADING",     "BUSY",       "READONLY", "OOM",      "MISCONF",  "MASTERDOWN",
                                          "CLUSTERDOWN", "TRYAGAIN",   "MOVED",    "ASK",      "NOSCRIPT", "NOAUTH",
                                          "WRONGPASS",   "NOREPLICAS", "NOPERM",   "EXECABORT"};
    for (size_t i = 0; i < sizeof not_now / sizeof not_now[0]; i++) {
        size_t len = strlen(not_now[i]);
        if (strncmp(text, not_now[i], len) == 0 && (text[len] == ' ' || text[len] == '\0'))
            return TP_EUNAVAILABLE;
    }
    if (strcmp(text, "TPHOME absent") == 0 || strcmp(text, "TPHOME elsewhere") == 0)
        return TP_ELOST;
    return strncmp(text, "TPHOME ", 7) == 0 ? TP_ECLOSED : TP_ECORRUPT;
}
