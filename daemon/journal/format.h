/* The journal on disk: rules and structs. All numbers are little endian; checksums are XXH3 with 64 bits.
 *
 * A directory (0700) of files (0600):
 *   lock                               held by flock as long as the journal is open
 *   node                               struct tp_disk_node: whose journal this is
 *   checkpoint                         two slots, struct tp_disk_checkpoint: how far delivery has come
 *   journal-00000000000000000001.tp    segments, struct tp_disk_segment and then records; names sort by number
 *   corrupt-SEGMENT-OFFSET             damaged bytes that were put aside for a person to look at
 *   checkpoint.damaged                 a checkpoint that a person has reset
 *   NAME.new                           what was not made to its end
 *
 * Every struct but the record's begins with struct tp_disk_head and ends with a checksum over all before it. This holds
 * for every version, so that a file of another version can be told from a damaged one.
 *
 * Segments. A segment is filled once, from its beginning, by the process that made it. It is preallocated and full of
 * zeros; its header is written together with its first records. Only when all of a segment is synced is anything
 * written to the next one, so that a segment with a header proves the one before it. After a restart writing begins in
 * a new segment; the last one is truncated to what it holds. Segment numbers with records have no gap and none comes
 * twice.
 *
 * Records stand at multiples of 8, one after the other, with numbers that rise by one. The checksum covers all that
 * follows it, length included, and is seeded with the node and the segment's number: bytes that belong to another
 * segment or to another journal fail. Zeros up to the end of the file are its end.
 *
 * `synced` is what makes recovery certain. It is the highest number that was known to be synced when the record was
 * written, so no record of a group names another of the same group. Damage where a number is expected that somebody
 * (a record, a header's `first` less one, the checkpoint's `last`) names as synced is corruption: the bytes are put
 * aside, what follows is still read. Damage beyond that is the torn end of a group that nobody was told about: it is
 * cut off with all that follows it. Without that number a group torn in its middle would look like corruption.
 *
 * `more` keeps a batch whole: it says that the next record is of the same batch. A batch that nobody was told about and
 * whose end is not there is cut off from its beginning.
 *
 * The checkpoint's slots lie in different blocks and are written in turn, so a torn write leaves the older one. A
 * segment is removed only after a checkpoint beyond its last record is synced. */
#pragma once

#include <stdint.h>

#define TP_DISK_VERSION       1
#define TP_DISK_ALIGN         8
#define TP_DISK_SLOT          4096             /* bytes from one checkpoint slot to the next */
#define TP_DISK_MOST          (UINT64_MAX / 2) /* no number of ours is higher, so there is always a next one */
#define TP_DISK_MAGIC_NODE    "tp-node"
#define TP_DISK_MAGIC_SLOT    "tp-mark"
#define TP_DISK_MAGIC_SEGMENT "tp-segm"

struct tp_disk_head {
    char magic[8];
    uint32_t version;
    uint32_t reserved; /* 0 */
} __attribute__((packed));

struct tp_disk_node {
    struct tp_disk_head head;
    char node[40];    /* UUID as text, then zeros */
    uint64_t machine; /* XXH3 of the machine-id that it was made or adopted on; 0: there was none */
    uint64_t checksum;
} __attribute__((packed));

struct tp_disk_checkpoint {
    struct tp_disk_head head;
    uint64_t generation; /* the higher one counts; odd ones are in the second slot */
    uint64_t frontier;   /* all below is delivered */
    uint64_t last;       /* the highest number given to a record that is synced */
    uint64_t segment;    /* the highest number of one that has records; those in later ones are beyond `last` */
    uint64_t checksum;   /* the rest of the slot is for ranges that are complete above the frontier: version 2 */
} __attribute__((packed));

struct tp_disk_segment {
    struct tp_disk_head head;
    char node[40];
    uint64_t number;     /* as in the file's name */
    uint64_t first;      /* the number of its first record */
    int64_t received_ms; /* of its first record */
    uint64_t checksum;
} __attribute__((packed));

struct tp_disk_record {
    uint64_t checksum;
    uint32_t length; /* of the payload, which follows, and then zeros up to a multiple of 8 */
    uint16_t type;   /* enum tp_record_type */
    uint16_t more;   /* 1: the next record is of the same batch */
    uint64_t number;
    uint64_t synced; /* less than number */
    int64_t received_ms;
} __attribute__((packed));

_Static_assert(sizeof(struct tp_disk_node) == 72, "as on disk");
_Static_assert(sizeof(struct tp_disk_checkpoint) == 56, "as on disk");
_Static_assert(sizeof(struct tp_disk_segment) == 88, "as on disk");
_Static_assert(sizeof(struct tp_disk_record) == 40, "as on disk");
