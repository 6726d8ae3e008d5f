/* The forms that a text may have, each a sentence for people and a function that says what is wrong. Addresses are
 * checked as far as one can without the network: a name may still not resolve. */
#include "daemon/settings/internal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <sys/un.h>

#define NOT_VALID "is not valid"

static const char *verdict(bool right) { return right ? NULL : NOT_VALID; }

static bool is_made_of(struct tp_str text, const char *others) {
    for (size_t i = 0; i < text.len; i++)
        if (!isalnum((unsigned char)text.at[i]) && (text.at[i] == '\0' || !strchr(others, text.at[i])))
            return false;
    return true;
}

static bool is_visible(const char *value) {
    for (; *value; value++)
        if (*value <= ' ' || *value > '~')
            return false;
    return true;
}

static struct tp_str trimmed(struct tp_str text) {
    for (; text.len && text.at[0] == ' '; text.len--)
        text.at++;
    while (text.len && text.at[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* The next element of a list with commas, without the blanks around it; false at its end. An empty list has one empty
 * element. */
static bool next(const char **at, struct tp_str *ret_element) {
    if (!*at)
        return false;
    size_t len = strcspn(*at, ",");
    *ret_element = trimmed((struct tp_str){*at, len});
    *at = (*at)[len] ? *at + len + 1 : NULL;
    return true;
}

static bool each(const char *value, bool (*is)(struct tp_str element)) {
    struct tp_str element;
    while (next(&value, &element))
        if (!is(element))
            return false;
    return true;
}

static bool is_number(struct tp_str text, unsigned max) {
    unsigned long number = 0;
    if (text.len == 0 || text.len > 9)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!isdigit((unsigned char)text.at[i]))
            return false;
        number = number * 10 + (unsigned long)(text.at[i] - '0');
    }
    return number <= max;
}

static bool is_ip(int family, struct tp_str text) {
    char address[INET6_ADDRSTRLEN], binary[sizeof(struct in6_addr)];
    if (text.len >= sizeof address)
        return false;
    memcpy(address, text.at, text.len);
    address[text.len] = '\0';
    return inet_pton(family, address, binary) == 1;
}

/* Cuts `text` at the last `mark`: false when there is none. */
static bool cut(struct tp_str text, char mark, struct tp_str *ret_before, struct tp_str *ret_behind) {
    const char *at = text.len ? memrchr(text.at, mark, text.len) : NULL;
    if (!at)
        return false;
    *ret_before = (struct tp_str){text.at, (size_t)(at - text.at)};
    *ret_behind = (struct tp_str){at + 1, text.len - ret_before->len - 1};
    return true;
}

static struct tp_str behind(struct tp_str text, size_t len) { return (struct tp_str){text.at + len, text.len - len}; }

static bool is_listener(struct tp_str text) {
    struct tp_str host, port;
    if (tp_str_begins(text, "unix:"))
        return text.len > 5 && text.len - 5 < sizeof((struct sockaddr_un){0}.sun_path);
    if (!cut(text, ':', &host, &port) || !is_number(port, 65535))
        return false;
    if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
        return is_ip(AF_INET6, (struct tp_str){host.at + 1, host.len - 2});
    return is_ip(AF_INET, host);
}

static const char *wrong_listen(const char *value) { return verdict(each(value, is_listener)); }
const struct tp_form tp_form_listen = {"ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH, several with commas", wrong_listen};

static const char *wrong_url(const char *value) {
    struct tp_str url = tp_str(value);
    size_t scheme = tp_str_begins(url, "https://") ? 8 : tp_str_begins(url, "http://") ? 7 : 0;
    return verdict(!*value || (scheme && url.len > scheme && url.at[scheme] != '/' && is_visible(value) &&
                               !strpbrk(value, "?#@\"<>\\")));
}
const struct tp_form tp_form_url = {"nothing, or http://HOST or https://HOST, with :PORT and /PATH where needed",
                                    wrong_url};

static bool is_proxy(struct tp_str text) {
    struct tp_str address = text, bits;
    bool network = cut(text, '/', &address, &bits);
    return tp_str_is(text, "unix") || (is_ip(AF_INET, address) && (!network || is_number(bits, 32))) ||
           (is_ip(AF_INET6, address) && (!network || is_number(bits, 128)));
}

static const char *wrong_proxies(const char *value) { return verdict(!*value || each(value, is_proxy)); }
const struct tp_form tp_form_proxies = {"nothing, or addresses, networks (ADDRESS/BITS) or unix, several with commas",
                                        wrong_proxies};

/* Those with a telephone plan: ISO 3166-1 alpha-2, and AC, TA and XK beside it. */
static const char regions[] =
    "AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM "
    "FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN "
    "MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT "
    "PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK "
    "TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

static const char *wrong_region(const char *value) {
    return verdict(!*value || (strlen(value) == 2 && value[0] != ' ' && value[1] != ' ' && strstr(regions, value)));
}
const struct tp_form tp_form_region = {"nothing, or a country as in ISO 3166, e.g. GB", wrong_region};

static const char *wrong_path(const char *value) { return verdict(*value); }
const struct tp_form tp_form_path = {"a path", wrong_path};

bool tp_settings_is_token(const char *value) {
    struct tp_str text = tp_str(value);
    return text.len >= 1 && text.len <= 64 && is_made_of(text, "._-");
}

static const char *wrong_token(const char *value) { return verdict(!*value || tp_settings_is_token(value)); }
const struct tp_form tp_form_token = {"nothing, or up to 64 letters, digits, '.', '_' and '-'", wrong_token};

static bool is_type(struct tp_str text) {
    if (text.len == 0 || text.len > 32 || !islower((unsigned char)text.at[0]))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (isupper((unsigned char)text.at[i]))
            return false;
    return is_made_of(text, "_");
}

static const char *wrong_types(const char *value) {
    struct tp_str type, other;
    for (const char *at = value; next(&at, &type);) {
        if (!is_type(type))
            return NOT_VALID;
        for (const char *rest = at; next(&rest, &other);)
            if (tp_str_equal(type, other))
                return "names a type twice";
    }
    return NULL;
}
const struct tp_form tp_form_types = {"names of lower-case letters, digits and '_', up to 32, with commas",
                                      wrong_types};

/* A pattern that is only '*' would block everybody. */
static bool is_pattern(struct tp_str text) {
    bool says = false;
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] < ' ')
            return false;
        says = says || text.at[i] != '*';
    }
    return says && text.len <= 256;
}

static const char *wrong_patterns(const char *value) { return verdict(!*value || each(value, is_pattern)); }
const struct tp_form tp_form_patterns = {"nothing, or values in which * stands for anything, with commas",
                                         wrong_patterns};

static const char *wrong_identifier(const char *value) {
    static const char *const forms[] = {"", "text", "lower", "handle", "email", "phone", "whatsapp"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(value, forms[i]) == 0)
            return NULL;
    return NOT_VALID;
}
const struct tp_form tp_form_identifier = {"nothing, or text, lower, handle, email, phone or whatsapp",
                                           wrong_identifier};

static bool is_nothing_or(const char *const words[3], const char *value) {
    for (size_t i = 0; i < 3; i++)
        if (strcmp(value, words[i]) == 0)
            return true;
    return *value == '\0';
}

static const char *wrong_unique(const char *value) {
    return verdict(is_nothing_or((const char *const[]){"on", "merges", "off"}, value));
}
const struct tp_form tp_form_unique = {"nothing, or on, merges or off", wrong_unique};

static const char *wrong_scope(const char *value) {
    return verdict(is_nothing_or((const char *const[]){"required", "optional", "off"}, value));
}
const struct tp_form tp_form_scope = {"nothing, or required, optional or off", wrong_scope};

static bool is_host(struct tp_str text) {
    if (text.len > 2 && text.at[0] == '[' && text.at[text.len - 1] == ']')
        return is_ip(AF_INET6, (struct tp_str){text.at + 1, text.len - 2});
    return text.len > 0 && text.len < 256 && is_made_of(text, ".-_");
}

static bool is_host_port(struct tp_str text) {
    struct tp_str host, port;
    return is_host(text) || (cut(text, ':', &host, &port) && is_host(host) && is_number(port, 65535));
}

/* USER@HOST:PORT/DB, all but the host left out at will. */
static const char *wrong_server(struct tp_str text) {
    struct tp_str user, database;
    if (cut(text, '@', &user, &text)) {
        if (memchr(user.at, ':', user.len))
            return "holds a password, which belongs to redis.password";
        if (user.len == 0 || !is_made_of(user, "._-"))
            return NOT_VALID;
    }
    if (cut(text, '/', &text, &database) && database.len && !is_number(database, 1023))
        return NOT_VALID;
    return verdict(is_host_port(text));
}

static const char *wrong_redis(const char *value) {
    struct tp_str url = tp_str(value);
    if (tp_str_begins(url, "redis://"))
        return wrong_server(behind(url, 8));
    if (tp_str_begins(url, "rediss://"))
        return "asks for TLS to Redis, which this build has not";
    return verdict(tp_str_begins(url, "unix:///") && url.len > 8);
}
const struct tp_form tp_form_redis = {"redis://[USER@]HOST[:PORT][/DATABASE] or unix:///PATH", wrong_redis};

static const char *wrong_prefix(const char *value) {
    if (strpbrk(value, "{}"))
        return "has braces, which would choose the slot in a cluster";
    return verdict(*value && strlen(value) <= 32 && is_visible(value));
}
const struct tp_form tp_form_prefix = {"up to 32 visible characters without braces", wrong_prefix};

static bool is_origin(struct tp_str text) {
    size_t scheme = tp_str_begins(text, "https://") ? 8 : tp_str_begins(text, "http://") ? 7 : 0;
    return tp_str_is(text, "*") || (scheme && is_host_port(behind(text, scheme)));
}

static const char *wrong_origins(const char *value) { return verdict(!*value || each(value, is_origin)); }
const struct tp_form tp_form_origins = {
    "nothing, *, or http://HOST or https://HOST with :PORT where needed, with commas", wrong_origins};

static const char *wrong_kind(const char *value) { return verdict(*value != '.' && tp_settings_is_token(value)); }
const struct tp_form tp_form_kind = {"the name of a folder of letters, digits, '.', '_' and '-'", wrong_kind};

static const char *wrong_topic(const char *value) {
    struct tp_str topic = tp_str(value);
    return verdict(topic.len >= 1 && topic.len <= 249 && is_made_of(topic, "._-") && !tp_str_is(topic, ".") &&
                   !tp_str_is(topic, ".."));
}
const struct tp_form tp_form_topic = {"up to 249 letters, digits, '.', '_' and '-'", wrong_topic};

static const char *wrong_brokers(const char *value) { return verdict(each(value, is_host_port)); }
const struct tp_form tp_form_brokers = {"HOST or HOST:PORT, several with commas", wrong_brokers};

static const char *wrong_replication(const char *value) { return verdict(strtol(value, NULL, 10) != 0); }
const struct tp_form tp_form_replication = {"-1, or a number from 1 to 100", wrong_replication};

static const char *wrong_level(const char *value) {
    static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(value, levels[i]) == 0)
            return NULL;
    return NOT_VALID;
}
const struct tp_form tp_form_level = {"error, warning, notice, info or debug", wrong_level};
