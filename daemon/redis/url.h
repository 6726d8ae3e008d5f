/* redis.url taken apart. */
#pragma once

#define TP_REDIS_HOST 256

struct tp_redis_url {
    char host[TP_REDIS_HOST]; /* a name, an address, or the path of a Unix socket */
    char user[128];           /* "" when absent */
    int port, db;
    int is_unix;
};

/* redis://[USER@]HOST[:PORT][/DB] or unix://PATH; TP_EINVALID otherwise. */
int tp_redis_url_parse(const char *text, struct tp_redis_url *ret);
