/* `touchpointd --dev`: a Redis and a broker of one's own, in a directory made for the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "common/error.h"
#include "daemon/dev/internal.h"

struct world {
    char top[32], dir[64]; /* the second, the state directory, is made by --dev below the first */
    struct tp_settings settings;
    struct tp_buf fault;
    struct tp_dev *dev;
};

static int setup(void **state) {
    struct world *world = test_calloc(1, sizeof *world);
    alarm(120);
    snprintf(world->top, sizeof world->top, "/tmp/test-dev-XXXXXX");
    assert_non_null(mkdtemp(world->top));
    snprintf(world->dir, sizeof world->dir, "%s/below/state", world->top);
    world->settings.dev.dir = strdup(world->dir);
    world->settings.http.listen = strdup("127.0.0.1:18080, unix:/run/touchpointd.sock");
    world->settings.redis.url = strdup("redis://redis.example.com");
    world->settings.redis.password = strdup("secret");
    world->settings.journal.dir = strdup("/var/lib/touchpointd/journal");
    world->settings.kafka.brokers = strdup("kafka.example.com");
    world->settings.kafka.username = strdup("shop");
    world->settings.kafka.password = strdup("secret");
    world->settings.kafka.partitions = 3;
    world->settings.kafka.topic_interactions = strdup("touchpoint.interactions");
    world->settings.kafka.topic_customers = strdup("touchpoint.customers");
    world->settings.kafka.topic_rejected = strdup("touchpoint.rejected");
    world->settings.kafka.topic_checkpoints = strdup("touchpoint.checkpoints");
    *state = world;
    return 0;
}

static int remove_one(const char *path, const struct stat *what, int type, struct FTW *where) {
    (void)what, (void)type, (void)where;
    return remove(path);
}

static int teardown(void **state) {
    struct world *world = *state;
    struct tp_settings *settings = &world->settings;
    tp_dev_stop(world->dev);
    nftw(world->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    char *owned[] = {settings->dev.dir,
                     settings->http.listen,
                     settings->redis.url,
                     settings->redis.password,
                     settings->journal.dir,
                     settings->kafka.brokers,
                     settings->kafka.username,
                     settings->kafka.password,
                     settings->kafka.topic_interactions,
                     settings->kafka.topic_customers,
                     settings->kafka.topic_rejected,
                     settings->kafka.topic_checkpoints};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    tp_buf_free(&world->fault);
    test_free(world);
    return 0;
}

static void start(struct world *world) {
    int error = tp_dev_start(&world->settings, &world->fault, &world->dev);
    if (error)
        fail_msg("%.*s", TP_FMT(tp_buf_str(&world->fault)));
}

static void assert_file_says(struct world *world, const char *name, const char *expected) {
    char path[128], text[128] = "";
    snprintf(path, sizeof path, "%s/%s", world->dir, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    text[strcspn(text, "\n")] = 0;
    assert_string_equal(text, expected);
}

/* One command to our Redis; what it says as text. */
static void ask(struct world *world, const char *command, char *answer, size_t size) {
    redisContext *context = redisConnect("127.0.0.1", world->dev->redis.port);
    assert_non_null(context);
    assert_int_equal(context->err, 0);
    redisReply *reply = redisCommand(context, command);
    assert_non_null(reply);
    snprintf(answer, size, "%s", reply->type == REDIS_REPLY_ARRAY ? reply->element[1]->str : reply->str);
    freeReplyObject(reply);
    redisFree(context);
}

static void both_run_and_the_settings_point_at_them(void **state) {
    struct world *world = *state;
    struct stat made;
    char answer[64], url[64], journal[128];
    start(world);
    snprintf(url, sizeof url, "redis://127.0.0.1:%u", (unsigned)world->dev->redis.port);
    snprintf(journal, sizeof journal, "%s/journal", world->dir);
    assert_string_equal(world->settings.redis.url, url);
    assert_string_equal(world->settings.journal.dir, journal);
    assert_file_says(world, "redis", url + strlen("redis://"));
    assert_file_says(world, "kafka", world->settings.kafka.brokers);
    assert_int_equal(strncmp(world->settings.kafka.brokers, "127.0.0.1:", 10), 0);
    assert_string_equal(world->settings.redis.password, "");
    assert_string_equal(world->settings.kafka.username, "");
    ask(world, "CONFIG GET appendonly", answer, sizeof answer);
    assert_string_equal(answer, "yes");
    assert_int_equal(stat(world->dir, &made), 0);
    assert_int_equal(made.st_mode & 0777, 0700);
}

static void the_broker_has_the_topics(void **state) {
    struct world *world = *state;
    const struct rd_kafka_metadata *metadata;
    char reason[128];
    start(world);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", world->settings.kafka.brokers, NULL, 0);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_int_equal(rd_kafka_metadata(client, 1, NULL, &metadata, 10000), 0);
    assert_int_equal(metadata->topic_cnt, 4);
    for (int i = 0; i < metadata->topic_cnt; i++)
        assert_int_equal(metadata->topics[i].partition_cnt, 3);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_destroy(client);
    assert_int_equal(world->settings.kafka.partitions, 0); /* and no one needs to make them */
}

static void what_redis_has_lasts(void **state) {
    struct world *world = *state;
    char answer[64];
    start(world);
    ask(world, "SET a_key a_value", answer, sizeof answer);
    assert_string_equal(answer, "OK");
    tp_dev_stop(world->dev);
    world->dev = NULL;
    start(world);
    ask(world, "GET a_key", answer, sizeof answer);
    assert_string_equal(answer, "a_value");
}

static void stopping_ends_the_child(void **state) {
    struct world *world = *state;
    char path[128];
    start(world);
    pid_t child = world->dev->redis.pid;
    assert_int_equal(kill(child, 0), 0);
    tp_dev_stop(world->dev);
    world->dev = NULL;
    assert_int_equal(kill(child, 0), -1);
    snprintf(path, sizeof path, "%s/redis", world->dir);
    assert_int_equal(access(path, F_OK), -1); /* nobody is sent to an address where nothing is */
    tp_dev_stop(NULL);
}

/* A daemon that is killed takes its redis-server along, and the next one waits until that is gone. */
static void after_a_kill_the_next_one_starts(void **state) {
    struct world *world = *state;
    char answer[64];
    int ready[2], status;
    pid_t redis = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t daemon = fork();
    if (daemon == 0) {
        if (tp_dev_start(&world->settings, &world->fault, &world->dev) != 0)
            _exit(1);
        ask(world, "SET a_key before_the_kill", answer, sizeof answer);
        if (write(ready[1], &world->dev->redis.pid, sizeof redis) < 0)
            _exit(1);
        pause();
    }
    assert_int_equal(read(ready[0], &redis, sizeof redis), sizeof redis);
    kill(daemon, SIGKILL);
    waitpid(daemon, &status, 0);
    start(world);
    assert_int_not_equal(world->dev->redis.pid, redis);
    ask(world, "GET a_key", answer, sizeof answer);
    assert_string_equal(answer, "before_the_kill");
    close(ready[0]);
    close(ready[1]);
}

static void only_one_uses_a_directory(void **state) {
    struct world *world = *state;
    struct tp_dev *second = NULL;
    start(world);
    assert_int_equal(tp_dev_start(&world->settings, &world->fault, &second), TP_ELOCKED);
    tp_buf_addc(&world->fault, 0);
    assert_non_null(strstr(world->fault.at, "in use by another touchpointd --dev"));
}

static int listen_on(struct sockaddr_in *address, int option) {
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof *address;
    setsockopt(fd, SOL_SOCKET, option, &on, sizeof on);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
    assert_int_equal(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)address, &size);
    return fd;
}

/* Also one that another daemon would share. */
static void a_port_that_is_taken_is_replaced(void **state) {
    struct world *world = *state;
    struct sockaddr_in taken;
    struct tp_buf listen = TP_BUF_INIT;
    unsigned port = 0;
    char before[64], rest[32] = "";
    (void)world;
    int fd = listen_on(&taken, SO_REUSEPORT);
    snprintf(before, sizeof before, "127.0.0.1:%u,unix:/run/t.sock", (unsigned)ntohs(taken.sin_port));
    tp_dev_free_listen(before, &listen);
    tp_buf_addc(&listen, 0);
    assert_int_equal(sscanf(listen.at, "127.0.0.1:%u%31s", &port, rest), 2);
    assert_int_not_equal(port, ntohs(taken.sin_port));
    assert_string_equal(rest, ",unix:/run/t.sock");
    close(fd);
    tp_buf_free(&listen);
}

static void a_port_that_is_free_is_kept(void **state) {
    struct sockaddr_in was_taken;
    struct tp_buf listen = TP_BUF_INIT;
    char before[64];
    (void)state;
    close(listen_on(&was_taken, SO_REUSEADDR));
    snprintf(before, sizeof before, "127.0.0.1:%u", (unsigned)ntohs(was_taken.sin_port));
    tp_dev_free_listen(before, &listen);
    assert_true(tp_str_is(tp_buf_str(&listen), before));
    tp_buf_free(&listen);
}

static void a_missing_redis_is_told_by_its_package(void **state) {
    struct world *world = *state;
    const char *path_now = getenv("PATH");
    char *path = strdup(path_now ? path_now : "");
    setenv("PATH", "/nonexistent", 1);
    int error = tp_dev_start(&world->settings, &world->fault, &world->dev);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(error, TP_EUNAVAILABLE);
    tp_buf_addc(&world->fault, 0);
    assert_non_null(strstr(world->fault.at, "package redis-server"));
}

static void a_directory_that_cannot_be_made_is_told(void **state) {
    struct world *world = *state;
    free(world->settings.dev.dir);
    world->settings.dev.dir = strdup("/proc/none/state");
    assert_int_not_equal(tp_dev_start(&world->settings, &world->fault, &world->dev), 0);
    tp_buf_addc(&world->fault, 0);
    assert_non_null(strstr(world->fault.at, "dev.dir: cannot make /proc/none/state"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(both_run_and_the_settings_point_at_them),
        TEST(the_broker_has_the_topics),
        TEST(what_redis_has_lasts),
        TEST(stopping_ends_the_child),
        TEST(after_a_kill_the_next_one_starts),
        TEST(only_one_uses_a_directory),
        TEST(a_port_that_is_taken_is_replaced),
        TEST(a_port_that_is_free_is_kept),
        TEST(a_missing_redis_is_told_by_its_package),
        TEST(a_directory_that_cannot_be_made_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
