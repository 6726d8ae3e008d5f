# EventBridge's envelope; detail.eventBody is what happened to a participant of a conversation, by topics
# v2.detail.events.conversation.{id}.customer.start and so on.

def time_of: if type == "number" then milliseconds else . end;
def s($ms): $ms | number | if . == null then null else . / 1000 end;

def noun: if IN("CHAT", "MESSAGE", "COBROWSE") then "chat" elif . == "EMAIL" then "email" else "call" end;
def channel: {VOICE: "call_centre", CALLBACK: "call_centre", EMAIL: "email", CHAT: "chat", COBROWSE: "web", SCREENSHARE: "web", VIDEO: "call_centre"}[.mediaType // ""]
  // (if .mediaType == "MESSAGE" then {SMS: "sms", FACEBOOK: "social", INSTAGRAM: "social", TWITTER: "social"}[.messageType // "" | ascii_upcase] // "chat" else "call_centre" end);

# "tel:+44...", "sip:...", a bare number.
def phone: if type != "string" then null elif startswith("tel:") then .[4:] elif startswith("sip:") then (.[4:] | split("@")[0] | if startswith("+") then . else null end) else . end;

def customer:
  (.direction == "OUTBOUND") as $ours
  | if .mediaType == "EMAIL" then {email: (if $ours then .addressTo else .addressFrom end)}
    elif .mediaType == "MESSAGE" then
      (if $ours then .addressTo else .addressFrom end) as $who
      | (.messageType // "" | ascii_upcase) as $by
      | if $by == "WHATSAPP" then {whatsapp: $who} elif $by == "SMS" then {phone: $who} elif $by == "FACEBOOK" then {facebook: $who} elif $by == "INSTAGRAM" then {instagram: $who} else {} end
    else {phone: (if $ours then .dnis else .ani end | phone)} end;

def type_of($what):
  (.mediaType // "VOICE" | noun) as $noun
  | (if $noun == "email" then (if .direction == "OUTBOUND" then "email.sent" else "email.received" end) else $noun + ".started" end) as $began
  | if $what == "customer.start" then $began
    elif $what == "acd.start" then (if $noun == "email" then null else $noun + ".queued" end)
    elif $what == "acd.end" then {ABANDON: ($noun + ".abandoned"), TRANSFER: ($noun + ".transferred")}[.acdOutcome // ""]
    elif $what == "user.start" then (if $noun == "email" then null else $noun + ".answered" end)
    elif $what == "customer.end" then (if $noun == "email" then null else $noun + ".completed" end)
    elif $what == "voicemail.end" then "voicemail.left"
    else null end;

# The parts that are told by another event as well: a queue that was answered by its agent, the menu in front.
def is_told_elsewhere($what): ($what == "acd.end" and .acdOutcome == "ANSWERED") or ($what | IN("flow.start", "flow.end", "voicemail.start", "ivr.start", "ivr.end"));

def of_conversation($what; $envelope):
  . as $b
  | type_of($what) as $type
  | {
      id: $envelope.id,
      channel: channel,
      type: $type,
      time: (.eventTime | time_of),
      direction: ({INBOUND: "inbound", OUTBOUND: "outbound"}[.direction // ""]),
      conversation: "genesys:\(.conversationId)",
      agent: .userId,
      queue: .queueId,
      wait_s: (if $what == "acd.end" then s(.connectedDurationMs) else null end),
      duration_s: (if $what == "customer.end" then s(.conversationDurationMs // .interactingDurationMs) elif $what == "user.end" then s(.interactingDurationMs) else null end),
      outcome: (if $type // "" | endswith("abandoned") then "abandoned" elif $type // "" | endswith("transferred") then "transferred" elif $what == "customer.end" and .interactingDurationMs then "answered"
        elif $what == "voicemail.end" then "voicemail" else null end),
      subject: .subject,
      customer: (customer + {anonymous_id: (if .externalContactId then "genesys:\(.externalContactId)" else null end)}),
      attributes: ({wrapup: .wrapupCode, wrapup_s: s(.wrapupDurationMs), talk_s: s(.interactingDurationMs), hold_s: s(.heldDurationMs), disconnect: .disconnectType, participant: .participantId,
          division: .divisionId, attributes, dnis, flow: .flowId} | with_entries(select(.value | filled)))
    }
  | nobody("genesys:\($b.conversationId)")
  | other("genesys"; $b + {topic: $what});

.body_sha256 as $digest
| .body | if type == "array" then .[] else . end
| . as $e
| (.detail.topicName // ."detail-type" // "") as $topic
| (.detail.eventBody // .detail // .) as $b
| if $topic | startswith("v2.detail.events.conversation.{id}.") then
    ($topic | ltrimstr("v2.detail.events.conversation.{id}.")) as $what
    | $b | if is_told_elsewhere($what) then empty else of_conversation($what; $e) end
  else {id: .id, channel: "call_centre", time: (.detail.timestamp // .time)} | nobody("genesys:\($e.id // $digest)") | other("genesys"; $e) end
