/* gzip (RFC 1952), unpacked as it arrives, so that a bomb is noticed when it passes the bound and not after. Several
 * members one after the other are one body, as gzip itself has it; anything else behind the end is corrupt. */
#include "daemon/http/internal.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum { STEP = 16 * 1024, GZIP_ONLY = 16 + MAX_WBITS };

struct tp_http_unpack {
    z_stream stream;
    bool at_end; /* of a member */
};

struct tp_http_unpack *tp_http_unpack_new(void) {
    struct tp_http_unpack *unpack = calloc(1, sizeof *unpack);
    if (!unpack)
        return NULL;
    if (inflateInit2(&unpack->stream, GZIP_ONLY) != Z_OK) {
        free(unpack);
        return NULL;
    }
    return unpack;
}

void tp_http_unpack_free(struct tp_http_unpack *unpack) {
    if (!unpack)
        return;
    inflateEnd(&unpack->stream);
    free(unpack);
}

bool tp_http_unpack_whole(const struct tp_http_unpack *unpack) { return unpack->at_end; }

static int error_of(int zlib_error) { return zlib_error == Z_MEM_ERROR ? TP_ENOMEM : TP_EINVALID; }

/* One call of inflate, with room for one byte more than may come: so a body of exactly `max` is told from a longer one.
 */
static int step(struct tp_http_unpack *unpack, size_t max, struct tp_buf *out, bool *ret_more) {
    z_stream *stream = &unpack->stream;
    size_t room = max - out->len + 1;
    if (room > STEP)
        room = STEP;
    stream->next_out = (unsigned char *)tp_buf_room(out, room);
    stream->avail_out = (uInt)room;
    if (!stream->next_out)
        return TP_ENOMEM;
    int rc = inflate(stream, Z_NO_FLUSH);
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
        return error_of(rc);
    size_t made = room - stream->avail_out;
    if (made > max - out->len)
        return TP_ETOOLARGE;
    out->len += made;
    unpack->at_end = rc == Z_STREAM_END;
    *ret_more = stream->avail_in > 0 || (stream->avail_out == 0 && !unpack->at_end);
    return 0;
}

int tp_http_unpack_feed(struct tp_http_unpack *unpack, struct tp_str packed, size_t max, struct tp_buf *out) {
    z_stream *stream = &unpack->stream;
    if (packed.len > UINT_MAX)
        return TP_ETOOLARGE;
    stream->next_in = (unsigned char *)packed.at; /* zlib does not write there */
    stream->avail_in = (uInt)packed.len;
    bool more = packed.len > 0;
    while (more) {
        if (unpack->at_end && inflateReset(stream) != Z_OK)
            return TP_EINVALID;
        int rc = step(unpack, max, out, &more);
        if (rc != 0)
            return rc;
    }
    return 0;
}
