/* One interaction from its JSON text to the text that is forwarded. It is parsed once; what the sender left out is
 * filled into the parsed object, so that one set of rules sees all; then each member is checked and written at once.
 * The document and the output stay with the normalizer, which is why strings need no copies. */
#include "daemon/normalize/normalize.h"

#include <assert.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/time.h"
#include "common/utf8.h"
#include "common/uuid.h"
#include "daemon/normalize/internal.h"

#define STRINGIFY(x) #x
#define DECIMAL(x)   STRINGIFY(x)
#define HEAD         TP_STR("{\"schema\":" DECIMAL(TP_SCHEMA_VERSION))

/* ---- countries ---- */

static int add_region(struct tp_normalizer *normalizer, struct tp_str name) {
    struct tp_region *list = reallocarray(normalizer->regions, normalizer->n_regions + 1, sizeof *list);
    if (!list)
        return TP_ENOMEM;
    normalizer->regions = list;
    struct tp_region *region = &list[normalizer->n_regions];
    region->name = strndup(name.at, name.len);
    region->canonical = region->name ? tp_canonical_new(region->name) : NULL;
    if (region->canonical) {
        normalizer->n_regions++;
        return 0;
    }
    free(region->name);
    return TP_ENOMEM;
}

static int choose_region(struct tp_normalizer *normalizer, struct tp_str name) {
    size_t i = 0;
    while (name.len > 0 && i < normalizer->n_regions && !tp_str_is(name, normalizer->regions[i].name))
        i++;
    int error = i == normalizer->n_regions ? add_region(normalizer, name) : 0;
    if (error == 0)
        normalizer->canonical = normalizer->regions[i].canonical;
    return error;
}

int tp_normalizer_new(const struct tp_normalize_options *options, struct tp_normalizer **ret) {
    struct tp_normalizer *normalizer = calloc(1, sizeof *normalizer);
    if (!normalizer)
        return TP_ENOMEM;
    normalizer->max_depth = options->max_depth;
    normalizer->max_event = options->max_event;
    normalizer->hash = XXH3_createState();
    int error = normalizer->hash ? add_region(normalizer, tp_str(options->region)) : TP_ENOMEM;
    if (!error)
        error = tp_types_read(options, &normalizer->types);
    if (!error)
        error = choose_region(normalizer, TP_STR(""));
    if (error)
        tp_normalizer_free(normalizer);
    else
        *ret = normalizer;
    return error;
}

void tp_normalizer_free(struct tp_normalizer *normalizer) {
    if (!normalizer)
        return;
    tp_json_free(&normalizer->json);
    tp_buf_free(&normalizer->out);
    tp_buf_free(&normalizer->values);
    tp_buf_free(&normalizer->traits);
    json_decref(normalizer->aside);
    json_decref(normalizer->nobody);
    for (size_t i = 0; i < normalizer->n_regions; i++) {
        tp_canonical_free(normalizer->regions[i].canonical);
        free(normalizer->regions[i].name);
    }
    free(normalizer->regions);
    tp_types_free(&normalizer->types);
    XXH3_freeState(normalizer->hash);
    free(normalizer);
}

static void forget_last(struct tp_normalizer *normalizer) {
    tp_json_free(&normalizer->json);
    json_decref(normalizer->aside);
    json_decref(normalizer->nobody);
    normalizer->aside = normalizer->nobody = NULL;
    tp_buf_clear(&normalizer->out);
    tp_buf_clear(&normalizer->values);
    tp_buf_clear(&normalizer->traits);
}

static int out_of_memory(struct tp_task *task) {
    return tp_refuse(task->refusal, TP_ENOMEM, NULL, "%s", tp_error_text(TP_ENOMEM));
}

static int parse(struct tp_task *task, struct tp_str data) {
    struct tp_normalizer *normalizer = task->normalizer;
    struct tp_json_error why;
    if (data.len > normalizer->max_event)
        return tp_refuse(task->refusal, TP_ETOOLARGE, NULL, "an event of at most %zu bytes was expected",
                         normalizer->max_event);
    int error = tp_json_parse(data, normalizer->max_depth, &normalizer->json, &why);
    if (error)
        return tp_refuse(task->refusal, error, NULL, "%s", why.message);
    if (task->forgives && tp_tidy_is_unreadable(normalizer->json.root))
        return tp_tidy_refuse_unreadable(task);
    if (!json_is_object(normalizer->json.root))
        return tp_refuse_type(task->refusal, NULL, "an object", normalizer->json.root);
    return 0;
}

static int fill(struct tp_task *task, const char *name, struct tp_str value) {
    json_t *root = task->normalizer->json.root;
    if (value.len == 0 || json_object_get(root, name))
        return 0;
    if (!tp_utf8_valid(value))
        return tp_refuse(task->refusal, TP_EUTF8, &(struct tp_place){.name = tp_str(name)}, "UTF-8 was expected");
    if (json_object_set_new_nocheck(root, name, json_stringn_nocheck(value.at, value.len)) < 0)
        return out_of_memory(task);
    return 0;
}

/* What came beside the data, in a CloudEvent's attributes. */
static int fill_from_envelope(struct tp_task *task, const struct tp_normalize_input *input) {
    int error = fill(task, "id", input->id);
    if (!error)
        error = fill(task, "source", input->source);
    if (!error)
        error = fill(task, "type", input->type);
    if (!error)
        error = fill(task, "time", input->time);
    return error;
}

static int fill_from_receipt(struct tp_task *task, const struct tp_normalize_input *input) {
    char id[TP_UUID_TEXT] = "", time[TP_TIME_TEXT];
    if (!json_object_get(task->normalizer->json.root, "id"))
        tp_uuid_v7(input->received_ms, id);
    tp_time_format(input->received_ms, time);
    int error = fill(task, "id", tp_str(id));
    if (!error)
        error = fill(task, "source", input->default_source);
    if (!error)
        error = fill(task, "time", tp_str(time));
    return error;
}

static struct tp_str string_of(const struct tp_task *task, const char *name) {
    const json_t *value = json_object_get(task->normalizer->json.root, name);
    return (struct tp_str){json_string_value(value), json_string_length(value)};
}

/* So that a refusal can be matched to what was sent, whatever else is wrong with it. */
static void tell_id(struct tp_task *task) {
    const struct tp_rule *rule = tp_rules_find(&tp_rules_interaction, TP_STR("id"));
    struct tp_refusal ignored = {0};
    struct tp_str id = string_of(task, "id");
    if (id.at && tp_member_check_string(&ignored, NULL, rule, id) == 0)
        task->refusal->id = id;
}

/* Over the output but for our schema's version, the time of receipt, and a time that is one: a retry is the same. */
static uint64_t hash_content(const struct tp_task *task, bool time_sent) {
    const struct tp_buf *out = &task->normalizer->out;
    XXH3_state_t *hash = task->normalizer->hash;
    size_t front_end = time_sent ? task->time_end : task->time_at;
    XXH3_64bits_reset(hash);
    XXH3_64bits_update(hash, out->at + HEAD.len, front_end - HEAD.len);
    XXH3_64bits_update(hash, out->at + task->received_end, out->len - task->received_end);
    return XXH3_64bits_digest(hash);
}

/* Its rule has seen to it that it is a whole number within its bounds. */
static void take_version(const struct tp_task *task) {
    const json_t *version = json_object_get(task->normalizer->json.root, "version");
    task->interaction->has_version = version != NULL;
    task->interaction->version = (uint64_t)json_integer_value(version);
}

static int write_interaction(struct tp_task *task, bool time_sent) {
    struct tp_interaction *interaction = task->interaction;
    struct tp_buf *out = &task->normalizer->out;
    interaction->identifies = tp_str_is(string_of(task, "type"), "identify");
    tp_buf_addstr(out, HEAD);
    int error = tp_members_write(task, NULL, &tp_rules_interaction, task->normalizer->json.root);
    tp_buf_addc(out, '}');
    if (!error && (out->failed || task->normalizer->traits.failed))
        error = out_of_memory(task);
    if (error)
        return error;
    interaction->source = string_of(task, "source");
    interaction->id = string_of(task, "id");
    interaction->channel = string_of(task, "channel");
    interaction->type = string_of(task, "type");
    interaction->received_ms = task->received_ms;
    interaction->traits = tp_buf_str(&task->normalizer->traits);
    interaction->json = tp_buf_str(out);
    take_version(task);
    tp_interaction_set_keys(interaction);
    /* Its sender knows it by its id; of the rest some may be of the sending, such as a token. */
    interaction->content = task->forgives ? interaction->key : hash_content(task, time_sent);
    return 0;
}

int tp_normalize(struct tp_normalizer *normalizer, const struct tp_normalize_input *input, struct tp_interaction *ret,
                 struct tp_refusal *ret_refusal) {
    assert(input->default_source.len > 0);
    struct tp_task task = {
        .normalizer = normalizer,
        .received_ms = input->received_ms,
        .forgives = input->mapped,
        .interaction = ret,
        .refusal = ret_refusal,
    };
    *ret_refusal = (struct tp_refusal){0};
    forget_last(normalizer);
    int error = parse(&task, input->data);
    if (!error)
        error = choose_region(normalizer, input->region) ? out_of_memory(&task) : 0;
    if (!error && input->mapped)
        tp_tidy(normalizer);
    if (!error)
        error = fill_from_envelope(&task, input);
    if (error)
        return error;
    tell_id(&task);
    bool time_sent = json_object_get(normalizer->json.root, "time") != NULL;
    error = fill_from_receipt(&task, input);
    return error ? error : write_interaction(&task, time_sent);
}
