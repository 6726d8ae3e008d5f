/* RapidJSON reads a text with a fraction of jansson's work and tells of each value as it comes; here jansson's tree is
 * made of that, with each number's text. Numbers come as they were written, since jansson's rules for them are others.
 * RapidJSON lets some things pass that jansson does not: escaped NULs, halves of surrogate pairs, bytes that are not
 * UTF-8 and a NUL byte behind the value. It also has no opinion on members that stand twice, and does not ask whether
 * it got memory. All that, and whatever it takes for an error, ends the reading without a word: only jansson judges, so
 * that there is one judgement. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* C's functions may be called as structs are */
#include "common/json_read.h"
#include "common/utf8.h"
#pragma GCC diagnostic pop

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#define RAPIDJSON_ASSERT(holds) ((holds) ? (void)0 : throw std::logic_error("RapidJSON"))
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

namespace {

constexpr unsigned most_deep = 1024; /* jansson itself ends at 2048 */

/* RapidJSON's memory, for what it has not yet told: a string, mostly, which rarely needs more than this. */
constexpr size_t usual_memory = 1024;

struct memory {
    void *Malloc(size_t size) { return Realloc(nullptr, 0, size); }
    void *Realloc(void *at, size_t, size_t size) {
        void *grown = std::realloc(at, size);
        if (!grown)
            throw std::bad_alloc();
        return grown;
    }
    static void Free(void *at) { std::free(at); }
};

/* What RapidJSON calls: false ends the reading. */
class builder {
  public:
    builder(const rapidjson::MemoryStream &from, unsigned deepest)
        : stream(from), max_depth(deepest < most_deep ? deepest : most_deep) {}
    builder(const builder &) = delete;
    builder &operator=(const builder &) = delete;
    ~builder() {
        json_decref(root);
        tp_buf_free(&numbers);
    }

    bool Null() { return add(json_null()); }
    bool Bool(bool value) { return add(json_boolean(value)); }
    bool String(const char *at, size_t len, bool) { return is_sound({at, len}) && add(json_stringn_nocheck(at, len)); }
    bool StartObject() { return open(json_object()); }
    bool Key(const char *at, size_t len, bool) {
        key.assign(at, len);
        return is_sound({at, len});
    }
    bool EndObject(size_t) { return close(); }
    bool StartArray() { return open(json_array()); }
    bool EndArray(size_t) { return close(); }

    /* What it is given is a copy; the number itself is what has just been read. */
    bool RawNumber(const char *, size_t len, bool) {
        struct tp_json_number number = {nullptr, {stream.src_ - len, len}};
        json_t *value = to_json(number.text);
        number.value = value;
        tp_buf_add(&numbers, &number, sizeof number);
        return add(value) && !numbers.failed;
    }

    /* It is told numbers as text alone. */
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(int64_t) { return false; }
    bool Uint64(uint64_t) { return false; }
    bool Double(double) { return false; }

    void give(struct tp_json *ret) {
        *ret = {};
        ret->root = root;
        ret->n_numbers = numbers.len / sizeof *ret->numbers;
        ret->numbers = static_cast<struct tp_json_number *>(static_cast<void *>(tp_buf_take(&numbers)));
        root = nullptr;
    }

  private:
    static bool is_sound(struct tp_str string) {
        return !std::memchr(string.at, 0, string.len) && tp_utf8_valid(string);
    }

    /* NULL where the number is out of range. jansson, too, takes for whole what has neither fraction nor exponent. */
    static json_t *to_json(struct tp_str number) {
        const char *end = number.at + number.len;
        int64_t whole = 0;
        double real = 0;
        std::from_chars_result result = std::from_chars(number.at, end, whole);
        if (result.ptr == end)
            return result.ec == std::errc() ? json_integer(whole) : nullptr;
        result = std::from_chars(number.at, end, real);
        return result.ec == std::errc() && result.ptr == end ? json_real(real) : nullptr;
    }

    /* Takes the value, NULL too, which is refused. A member that was there already is replaced, and so shows. */
    bool add(json_t *value) {
        if (depth == 0) {
            root = value;
            return value;
        }
        json_t *in = around[depth - 1];
        if (json_is_array(in))
            return json_array_append_new(in, value) == 0;
        size_t members = json_object_size(in);
        return json_object_setn_new_nocheck(in, key.data(), key.size(), value) == 0 && json_object_size(in) > members;
    }

    bool open(json_t *container) {
        if (!add(container) || depth == max_depth)
            return false;
        around[depth++] = container;
        return true;
    }

    bool close() {
        depth--;
        return true;
    }

    const rapidjson::MemoryStream &stream;
    const unsigned max_depth;
    unsigned depth = 0;
    json_t *root = nullptr;
    std::string key;
    struct tp_buf numbers = {};
    json_t *around[most_deep]; /* the objects and lists that the next value is within */
};

} // namespace

/* Iteratively: what is nested deeply must not use up the stack. */
bool tp_json_read(struct tp_str text, unsigned max_depth, struct tp_json *ret) {
    if (text.len > UINT32_MAX)
        return false; /* it counts in 32 bits */
    try {
        memory heap;
        rapidjson::MemoryStream stream(text.at, text.len);
        rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, memory> reader(&heap, usual_memory);
        builder made(stream, max_depth);
        if (!reader.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag>(stream, made) ||
            stream.Tell() < text.len)
            return false;
        made.give(ret);
        return true;
    } catch (const std::exception &) {
        return false;
    }
}
