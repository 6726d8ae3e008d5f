#include "daemon/pipeline/senders.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "daemon/certificate/certificate.h"

enum { MOST_VALUES_BYTES = 64 << 20 };

struct tp_sender {
    const struct tp_source_settings *settings;
    struct tp_kind *kind;
    size_t mapping;
    struct tp_str *secrets;
    struct tp_certificates *certificates; /* of all senders */
    atomic_uint_least64_t counts[TP_SENDER_COUNTS];
};

struct tp_senders {
    struct tp_sender *list;
    size_t n;
    struct tp_str *programs; /* one for each sender: the same one of the same kind */
    struct tp_mapping_set mappings;
    struct tp_certificates *certificates; /* NULL: none are fetched */
};

/* ---- whether they can work ---- */

static void say(struct tp_buf *fault, const struct tp_sender *sender, const char *member, const char *wrong) {
    tp_buf_addf(fault, "source.%s.%s: %s\n", sender->settings->name, member, wrong);
}

/* NULL, or why no scheme of the kind can do with it. */
static const char *wrong_secret(const struct tp_settings *settings, const struct tp_kind *kind, struct tp_str secret) {
    const char *wrong = NULL;
    for (size_t i = 0; i < kind->n_schemes; i++) {
        wrong = tp_verify_check_secret(&kind->schemes[i], secret);
        if (!wrong && !*settings->sources.certificate_hosts && tp_verify_wants_certificate(&kind->schemes[i], secret))
            wrong = "it has no certificate, and sources.certificate_hosts names no host that it may be fetched from";
        if (!wrong)
            return NULL;
    }
    return wrong;
}

static bool signs_url(const struct tp_kind *kind) {
    for (size_t i = 0; i < kind->n_schemes; i++)
        if (kind->schemes[i].signed_text && strstr(kind->schemes[i].signed_text, "{url}"))
            return true;
    return false;
}

static bool check(const struct tp_settings *settings, const struct tp_sender *sender, struct tp_buf *fault) {
    size_t before = fault->len;
    const struct tp_kind *kind = sender->kind;
    if ((kind->n_schemes > 0 || kind->handshake == TP_HANDSHAKE_CRC) && sender->settings->n_secrets == 0)
        say(fault, sender, "secret",
            "is missing; expected what its requests are signed with: env:VARIABLE or file:PATH");
    if (kind->handshake == TP_HANDSHAKE_HUB && !*sender->settings->verify_token)
        say(fault, sender, "verify_token", "is missing; expected what the sender asks with: env:VARIABLE or file:PATH");
    if (signs_url(kind) && !*settings->http.external_url)
        say(fault, sender, "kind", "signs the address that it sends to; expected http.external_url to say it");
    for (size_t i = 0; kind->n_schemes > 0 && i < sender->settings->n_secrets; i++) {
        const char *wrong = wrong_secret(settings, kind, sender->secrets[i]);
        if (wrong)
            say(fault, sender, "secret", wrong);
    }
    return fault->len == before;
}

/* ---- life ---- */

static int load(const struct tp_settings *settings, const struct tp_source_settings *source, struct tp_sender *sender,
                struct tp_buf *fault) {
    sender->settings = source;
    sender->secrets = calloc(source->n_secrets + 1, sizeof *sender->secrets);
    if (!sender->secrets)
        return TP_ENOMEM;
    for (size_t i = 0; i < source->n_secrets; i++)
        sender->secrets[i] = tp_str(source->secrets[i]);
    int error = tp_kind_load(settings->sources.dir, source->kind, source->mapping, fault, &sender->kind);
    if (error < 0)
        return error;
    return check(settings, sender, fault) ? 0 : TP_ECONFIG;
}

/* The number of a program that is like the sender's; a new one where there is none. */
static size_t program_of(struct tp_senders *senders, const struct tp_sender *sender) {
    size_t i = 0;
    while (i < senders->mappings.n && !tp_str_equal(senders->programs[i], sender->kind->mapping))
        i++;
    if (i == senders->mappings.n)
        senders->programs[senders->mappings.n++] = sender->kind->mapping;
    return i;
}

/* In a process as those that will run them. */
static int compile(const struct tp_senders *senders, struct tp_buf *fault) {
    struct tp_mapping *mapping = NULL;
    struct tp_buf said = TP_BUF_INIT;
    int error = senders->n > 0 ? tp_mapping_open(&senders->mappings, &said, &mapping) : 0;
    tp_mapping_close(mapping);
    tp_buf_addc(&said, '\0');
    if (error == TP_ECONFIG && !said.failed) {
        size_t program = strtoul(said.at, NULL, 10) - 1;
        for (size_t i = 0; i < senders->n; i++)
            if (senders->list[i].mapping == program)
                tp_buf_addf(fault, "source.%s: its mapping (kind %s) is no program: %s",
                            senders->list[i].settings->name, senders->list[i].kind->name,
                            said.at + strcspn(said.at, " ") + 1);
    } else if (error < 0) {
        tp_buf_addf(fault, "sources: %s", said.failed ? tp_error_text(TP_ENOMEM) : said.at);
    }
    tp_buf_free(&said);
    return error;
}

static int open_certificates(const struct tp_settings *settings, struct tp_senders *senders) {
    const struct tp_certificates_options options = {.hosts = settings->sources.certificate_hosts,
                                                    .trusted = settings->sources.certificate_authorities};
    return *options.hosts ? tp_certificates_new(&options, &senders->certificates) : 0;
}

int tp_senders_open(const struct tp_settings *settings, struct tp_buf *fault, struct tp_senders **ret) {
    struct tp_senders *senders = calloc(1, sizeof *senders);
    if (!senders)
        return TP_ENOMEM;
    senders->list = calloc(settings->n_sources + 1, sizeof *senders->list);
    senders->programs = calloc(settings->n_sources + 1, sizeof *senders->programs);
    senders->mappings = (struct tp_mapping_set){.programs = senders->programs,
                                                .limits = {.timeout_ms = settings->sources.mapping_timeout,
                                                           .memory = settings->sources.mapping_memory,
                                                           .max_values = settings->normalize.max_events,
                                                           .max_bytes = MOST_VALUES_BYTES}};
    int error = senders->list && senders->programs ? open_certificates(settings, senders) : TP_ENOMEM;
    for (; error != TP_ENOMEM && senders->n < settings->n_sources; senders->n++) {
        struct tp_sender *sender = &senders->list[senders->n];
        sender->certificates = senders->certificates;
        int wrong = load(settings, &settings->source_list[senders->n], sender, fault);
        if (wrong == 0)
            sender->mapping = program_of(senders, sender);
        error = error ? error : wrong;
    }
    if (error == 0)
        error = compile(senders, fault);
    if (error < 0)
        tp_senders_close(senders);
    else
        *ret = senders;
    return error;
}

void tp_senders_close(struct tp_senders *senders) {
    if (!senders)
        return;
    for (size_t i = 0; i < senders->n; i++) {
        tp_kind_free(senders->list[i].kind);
        free(senders->list[i].secrets);
    }
    tp_certificates_free(senders->certificates);
    free(senders->list);
    free(senders->programs);
    free(senders);
}

/* ---- asked ---- */

struct tp_sender *tp_senders_find(const struct tp_senders *senders, struct tp_str name) {
    for (size_t i = 0; i < senders->n; i++)
        if (tp_str_is(name, senders->list[i].settings->name))
            return &senders->list[i];
    return NULL;
}

struct tp_sender *tp_senders_next(const struct tp_senders *senders, const char *kind, const struct tp_sender *before) {
    for (size_t i = before ? (size_t)(before - senders->list) + 1 : 0; i < senders->n; i++)
        if (strcmp(senders->list[i].kind->name, kind) == 0)
            return &senders->list[i];
    return NULL;
}

const struct tp_mapping_set *tp_senders_mappings(const struct tp_senders *senders) { return &senders->mappings; }

const struct tp_source_settings *tp_sender_settings(const struct tp_sender *sender) { return sender->settings; }

const struct tp_kind *tp_sender_kind(const struct tp_sender *sender) { return sender->kind; }

size_t tp_sender_mapping(const struct tp_sender *sender) { return sender->mapping; }

static int find_certificate(void *certificates, struct tp_str url, struct tp_buf *out) {
    return tp_certificates_find(certificates, url, out);
}

enum tp_verification tp_sender_verify(const struct tp_sender *sender, const struct tp_verify_request *asked) {
    const struct tp_kind *kind = sender->kind;
    struct tp_verify_request request = *asked;
    if (sender->certificates)
        request.certificates = (struct tp_verify_certificates){find_certificate, sender->certificates};
    enum tp_verification furthest = kind->n_schemes > 0 ? TP_VERIFY_UNSIGNED : TP_VERIFIED;
    for (size_t i = 0; i < kind->n_schemes; i++) {
        enum tp_verification verdict =
            tp_verify(&kind->schemes[i], sender->secrets, sender->settings->n_secrets, &request);
        if (verdict == TP_VERIFIED || verdict == TP_VERIFY_FAILED)
            return verdict;
        if (verdict > furthest)
            furthest = verdict;
    }
    return furthest;
}

void tp_sender_count(struct tp_sender *sender, enum tp_sender_count what, size_t more) {
    atomic_fetch_add_explicit(&sender->counts[what], more, memory_order_relaxed);
}

/* ---- told ---- */

static const struct {
    const char *name, *label, *help;
} counts[TP_SENDER_COUNTS] = {
    [TP_SENDER_ACCEPTED] = {"touchpoint_source_events_total", "status=\"accepted\"",
                            "events of a source, by what became of them"},
    [TP_SENDER_REJECTED] = {"touchpoint_source_events_total", "status=\"rejected\"", NULL},
    [TP_SENDER_REQUESTS] =
        {"touchpoint_source_requests_total", "result=\"taken\"",
         "requests of a source: taken, not proven to be its own, or with something that its mapping could not read"},
    [TP_SENDER_UNVERIFIED] = {"touchpoint_source_requests_total", "result=\"unverified\"", NULL},
    [TP_SENDER_UNREADABLE] = {"touchpoint_source_requests_total", "result=\"unreadable\"", NULL},
};

void tp_senders_write_metrics(const struct tp_senders *senders, struct tp_buf *out) {
    for (size_t what = 0; senders->n > 0 && what < TP_SENDER_COUNTS; what++) {
        if (counts[what].help)
            tp_buf_addf(out, "# HELP %s %s\n# TYPE %s counter\n", counts[what].name, counts[what].help,
                        counts[what].name);
        for (size_t i = 0; i < senders->n; i++)
            tp_buf_addf(out, "%s{source=\"%s\",%s} %" PRIuLEAST64 "\n", counts[what].name,
                        senders->list[i].settings->name, counts[what].label,
                        atomic_load_explicit(&senders->list[i].counts[what], memory_order_relaxed));
    }
}
