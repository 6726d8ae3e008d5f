/* How senders sign, as tests/vectors/signatures.json names them. */
#pragma once

#include "daemon/verify/verify.h"

#define HEADER_NAMED(text)                                                                                             \
    { TP_VERIFY_HEADER, text }
#define IN_JSON(pointer)                                                                                               \
    { TP_VERIFY_JSON, pointer }

// clang-format off
static const struct {
    const char *name;
    struct tp_verify_scheme scheme;
} schemes[] = {
    {"twilio", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA1, .encoding = TP_VERIFY_BASE64,
                .signature = HEADER_NAMED("x-twilio-signature"), .signed_text = "{url}{form}", .url = TP_VERIFY_URL_PORTS,
                .body_digest = {TP_VERIFY_QUERY, "bodySHA256"}}},
    {"slack", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_HEX, .prefix = "v0=",
               .signature = HEADER_NAMED("x-slack-signature"), .signed_text = "v0:{timestamp}:{body}",
               .timestamp = HEADER_NAMED("x-slack-request-timestamp"), .tolerance_s = 300}},
    {"line", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_BASE64,
              .signature = HEADER_NAMED("x-line-signature")}},
    {"hubspot-v1", {.by = TP_VERIFY_HASH, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_HEX,
                    .signature = HEADER_NAMED("x-hubspot-signature"), .signed_text = "{secret}{body}"}},
    {"hubspot-v2", {.by = TP_VERIFY_HASH, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_HEX,
                    .signature = HEADER_NAMED("x-hubspot-signature"), .signed_text = "{secret}{method}{url}{body}"}},
    {"hubspot-v3", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_BASE64,
                    .signature = HEADER_NAMED("x-hubspot-signature-v3"), .signed_text = "{method}{url}{body}{timestamp}",
                    .timestamp = HEADER_NAMED("x-hubspot-request-timestamp"), .clock = TP_VERIFY_MILLISECONDS,
                    .tolerance_s = 300}},
    {"standard-webhooks", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_BASE64, .prefix = "v1,",
                           .separator = ' ', .signature = HEADER_NAMED("webhook-signature"),
                           .signed_text = "{id}.{timestamp}.{body}", .id = HEADER_NAMED("webhook-id"),
                           .timestamp = HEADER_NAMED("webhook-timestamp"), .tolerance_s = 300, .secret_prefix = "whsec_"}},
    {"sendgrid", {.by = TP_VERIFY_ECDSA, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_BASE64,
                  .signature = HEADER_NAMED("x-twilio-email-event-webhook-signature"), .signed_text = "{timestamp}{body}",
                  .timestamp = HEADER_NAMED("x-twilio-email-event-webhook-timestamp"), .tolerance_s = 300}},
    {"meta-compatible", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_HEX, .prefix = "sha256=",
                         .signature = HEADER_NAMED("x-hub-signature-256")}},
    {"zendesk", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_BASE64,
                 .signature = HEADER_NAMED("x-zendesk-webhook-signature"), .signed_text = "{timestamp}{body}",
                 .timestamp = HEADER_NAMED("x-zendesk-webhook-signature-timestamp"), .clock = TP_VERIFY_RFC3339,
                 .tolerance_s = 300}},
    {"mailgun", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_HEX,
                 .signature = IN_JSON("/signature/signature"), .signed_text = "{timestamp}{json:/signature/token}",
                 .timestamp = IN_JSON("/signature/timestamp"), .tolerance_s = 300}},
    {"mandrill", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA1, .encoding = TP_VERIFY_BASE64,
                  .signature = HEADER_NAMED("x-mandrill-signature"), .signed_text = "{url}{form}"}},
    {"intercom", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA1, .encoding = TP_VERIFY_HEX, .prefix = "sha1=",
                  .signature = HEADER_NAMED("x-hub-signature")}},
    {"x", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_BASE64, .prefix = "sha256=",
           .signature = HEADER_NAMED("x-twitter-webhooks-signature")}},
    {"typeform", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_BASE64, .prefix = "sha256=",
                  .signature = HEADER_NAMED("typeform-signature")}},
    {"chatwoot", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA256, .encoding = TP_VERIFY_HEX, .prefix = "sha256=",
                  .signature = HEADER_NAMED("x-chatwoot-signature"), .signed_text = "{timestamp}.{body}",
                  .timestamp = HEADER_NAMED("x-chatwoot-timestamp"), .tolerance_s = 300}},
    {"segment", {.by = TP_VERIFY_HMAC, .digest = TP_VERIFY_SHA1, .encoding = TP_VERIFY_HEX,
                 .signature = HEADER_NAMED("x-signature")}},
};
// clang-format on
