/* Whose journal this is. The node is a UUID made with the journal, so that a new journal under an old host's name does
 * not inherit the old one's position at Kafka. Of the machine-id only a checksum is kept, to notice a copied directory:
 * two daemons that both believe to be the same node would deliver twice and fence one another. */
#include "daemon/journal/internal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <xxhash.h>

#include "common/error.h"

#define NAME "node"

static uint64_t machine_of(const char *machine_id) {
    char text[128] = "";
    size_t len = 0;
    if (!machine_id) {
        if (tp_disk_load(AT_FDCWD, "/etc/machine-id", text, sizeof text - 1, &len) < 0)
            len = 0;
        text[len] = '\0';
        machine_id = text;
    }
    len = strcspn(machine_id, "\n");
    return len > 0 ? XXH3_64bits(machine_id, len) : 0;
}

static int save(int dir, const char *node, uint64_t machine) {
    struct tp_disk_node file = {.machine = htole64(machine)};
    memcpy(file.node, node, strlen(node));
    tp_disk_seal(&file, sizeof file, TP_DISK_MAGIC_NODE);
    return tp_disk_replace(dir, NAME, &file, sizeof file);
}

int tp_node_read(int dir, char ret_node[TP_UUID_TEXT], uint64_t *ret_machine) {
    struct tp_disk_node file;
    size_t len;
    int r = tp_disk_load(dir, NAME, &file, sizeof file, &len);
    if (r < 0)
        return r;
    r = len < sizeof file ? TP_ECORRUPT : tp_disk_check(&file, sizeof file, TP_DISK_MAGIC_NODE);
    if (r < 0)
        return r;
    memcpy(ret_node, file.node, TP_UUID_TEXT);
    ret_node[TP_UUID_TEXT - 1] = '\0';
    *ret_machine = le64toh(file.machine);
    return tp_uuid_valid(tp_str(ret_node)) ? 0 : TP_ECORRUPT;
}

static int make(int dir, uint64_t machine, const char *inherited, struct tp_buf *said, char ret[TP_UUID_TEXT]) {
    if (inherited[0])
        memcpy(ret, inherited, TP_UUID_TEXT);
    else
        tp_uuid_v4(ret);
    if (save(dir, ret, machine) < 0)
        return tp_disk_say(said, "writing the file " NAME);
    if (inherited[0])
        tp_buf_addf(said, "the file " NAME " was absent: this machine takes over node %s, which the segments name\n",
                    ret);
    else
        tp_buf_addf(said, "a new node: %s\n", ret);
    return 0;
}

/* Why the file cannot be taken as it is; gives the error. */
static int say_unread(int error, struct tp_buf *said) {
    if (error == TP_EIO)
        return tp_disk_say(said, "reading the file " NAME);
    if (error == TP_ECONFIG)
        return tp_disk_say_version(said, "the file " NAME);
    tp_buf_adds(said, "the file " NAME " is damaged; move it away: the node is then taken from the segments, or made "
                      "anew when there is none\n");
    return error;
}

int tp_node_load(int dir, const char *machine_id, const char *inherited, struct tp_buf *said, char ret[TP_UUID_TEXT]) {
    uint64_t machine = machine_of(machine_id), made_on;
    int r = tp_node_read(dir, ret, &made_on);
    if (r == TP_ENOTFOUND) {
        r = make(dir, machine, inherited, said, ret);
        return r < 0 ? r : 1;
    }
    if (r < 0)
        return say_unread(r, said);
    if (machine && made_on && machine != made_on) {
        tp_buf_addf(said,
                    "this journal, of node %s, was made on another machine. If it is a copy, it must not be delivered "
                    "twice: start with an empty directory. If it was moved here and the other daemon is gone for good, "
                    "`touchpointctl journal adopt` makes it this machine's\n",
                    ret);
        return TP_ECONFIG;
    }
    return 0;
}

int tp_node_renew(int dir, const char *machine_id, struct tp_buf *said, char ret[TP_UUID_TEXT]) {
    return make(dir, machine_of(machine_id), "", said, ret);
}

int tp_node_adopt(int dir, struct tp_buf *said, char ret[TP_UUID_TEXT]) {
    uint64_t made_on;
    int r = tp_node_read(dir, ret, &made_on);
    if (r == TP_ENOTFOUND)
        tp_buf_adds(said, "there is no file " NAME ": the next start makes it\n");
    else if (r < 0)
        say_unread(r, said);
    else if (save(dir, ret, machine_of(NULL)) < 0)
        r = tp_disk_say(said, "writing the file " NAME);
    return r;
}
