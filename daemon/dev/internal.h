/* What the files of this folder share. One thread: the one that starts. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include <librdkafka/rdkafka.h>
/* needs the one above */
#include <librdkafka/rdkafka_mock.h>

#include "daemon/dev/dev.h"

#define TP_DEV_PATH 512 /* room for a path below the state directory */

struct tp_dev_redis {
    pid_t pid; /* 0: not running */
    uint16_t port;
};

struct tp_dev_broker {
    rd_kafka_t *handle; /* the mock cluster lives in one; nothing is produced with it */
    rd_kafka_mock_cluster_t *cluster;
};

struct tp_dev {
    char dir[TP_DEV_PATH - 64];
    int lock;
    struct tp_dev_redis redis;
    struct tp_dev_broker broker;
    const struct tp_settings *settings;
};

/* directory.c */
int tp_dev_make_directory(const char *path, struct tp_buf *fault); /* and its parents; 0700 */
/* One at a time on a state directory. The lock passes on to the redis-server, so that one left behind by a daemon that
 * was killed is waited for, too. -1 after about five seconds. */
int tp_dev_lock(const char *dir, struct tp_buf *fault);
int tp_dev_write_file(const char *dir, const char *name, const char *text, struct tp_buf *fault);
void tp_dev_remove_file(const char *dir, const char *name);

/* port.c */
/* `wanted`, or the next that is free, or any. 0: none. */
uint16_t tp_dev_free_port(const char *address, uint16_t wanted);
/* A listener list with each port that is taken replaced, appended to `out`. */
void tp_dev_free_listen(const char *listen, struct tp_buf *out);

/* redis.c. `lock` is inherited by the child. */
int tp_dev_redis_start(struct tp_dev_redis *redis, const char *dir, int lock, struct tp_buf *fault);
void tp_dev_redis_stop(struct tp_dev_redis *redis);

/* broker.c */
int tp_dev_broker_start(struct tp_dev_broker *broker, const struct tp_settings *settings, struct tp_buf *fault);
void tp_dev_broker_stop(struct tp_dev_broker *broker);
