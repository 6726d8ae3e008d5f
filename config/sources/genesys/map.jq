# EventBridge's envelope; detail.eventBody is what happened to a participant of a conversation, by topics
# v2.detail.events.conversation.{id}.customer.start and so on.

def time_of: if type == "number" then milliseconds else . end;
def s($ms): $ms | number | if . == null then null else . / 1000 end;

def is_call: .mediaType // "VOICE" | IN("CHAT", "MESSAGE", "COBROWSE", "EMAIL") | not;
def noun: if .mediaType == "EMAIL" then "email" elif is_call then "call" else "chat" end;
def messenger: .messageType // "" | ascii_upcase;
def channel: {EMAIL: "email", CHAT: "chat", COBROWSE: "web", SCREENSHARE: "web"}[.mediaType // ""]
  // (if .mediaType == "MESSAGE" then {SMS: "sms", FACEBOOK: "social", INSTAGRAM: "social", TWITTER: "social"}[messenger] // "chat" else "call_centre" end);

# "tel:+44...", "sip:...", a bare number.
def phone: if type != "string" then null elif startswith("tel:") then .[4:] elif startswith("sip:") then (.[4:] | split("@")[0] | if startswith("+") then . else null end) else . end;

# Of a message: by what each service calls people. Guests of a web page have a number of Genesys' own.
def writer($who; $us):
  messenger as $by
  | if ($who | filled) == null then {}
    elif $by == "SMS" then {phone: $who}
    elif $by == "WHATSAPP" then {whatsapp: $who}
    elif $by == "TWITTER" then {x: $who}
    elif $by | IN("FACEBOOK", "INSTAGRAM", "LINE") then {identifiers: [{type: ($by | ascii_downcase), value: $who, scope: $us}]}
    else {anonymous_id: "genesys:guest:\($who)"} end;

def named:
  (.direction == "OUTBOUND") as $ours
  | if .mediaType == "EMAIL" then {email: (if $ours then .addressTo else .addressFrom end)}
    elif .mediaType == "MESSAGE" then if $ours then writer(.addressTo; .addressFrom) else writer(.addressFrom; .addressTo) end
    elif .mediaType == "CALLBACK" and (.callbackNumbers | filled) then {phone: [.callbackNumbers[] | phone | select(.)]}
    else {phone: (if $ours then .dnis else .ani end | phone)} end;

# The conversation ties its events: not each says whose it is. As identifiers where there are scopes.
def customer:
  ([.conversationId, .externalContactId, .conversationExternalContactIds[]?] | map(select(filled) | "genesys:\(.)")) as $ties
  | named
  | if .identifiers then {identifiers: (.identifiers + [$ties[] | {type: "anonymous_id", value: .}])}
    else .anonymous_id = ([.anonymous_id | select(.)] + $ties) end;

def is_passed_on: .disconnectType // "" | endswith("TRANSFER");

# Queues say who took it, and how long that took; an agent who starts may only hear it ring.
def type_of($what):
  noun as $noun
  | if $what == "customer.start" then (if $noun == "email" then (if .direction == "OUTBOUND" then "email.sent" else "email.received" end) else $noun + ".started" end)
    elif $what == "voicemail.end" then "voicemail.left"
    elif $noun == "email" then null
    elif $what == "acd.start" then $noun + ".queued"
    elif $what == "acd.end" then {ANSWERED: ($noun + ".answered"), ABANDON: ($noun + ".abandoned"), FLOW_OUT: ($noun + ".transferred")}[.acdOutcome // ""]
    elif $what == "user.end" then $noun + (if is_passed_on then ".transferred" else ".handled" end)
    elif $what == "customer.end" then $noun + ".completed"
    else null end;

# Menus and flows are in front of what the others tell.
def is_told_elsewhere($what): ($what | IN("user.start", "flow.start", "flow.end", "flow.outcome", "voicemail.start", "ivr.start", "ivr.end", "outbound"))
  or ($what == "user.end" and (is_passed_on or .interactingDurationMs | not));

# Who gave up in a queue has ended the call by that: Genesys tells both, in any order, and the queue knows more.
def ends($what): is_call and ($what == "customer.end" or ($what == "acd.end" and .acdOutcome == "ABANDON"));

def of_conversation($what; $envelope):
  type_of($what) as $type
  | {
      id: (if ends($what) then "\(.conversationId).ended" else $envelope.id end),
      version: (if ends($what) then (if $what == "acd.end" then 2 else 1 end) else null end),
      channel: channel,
      type: $type,
      time: (.eventTime | time_of),
      direction: ({INBOUND: "inbound", OUTBOUND: "outbound"}[.direction // ""]),
      conversation: "genesys:\(.conversationId)",
      agent: (.userId // .answeredUserId),
      queue: .queueId,
      wait_s: (if $what == "acd.end" then s(.connectedDurationMs) else null end),
      duration_s: (if $what == "customer.end" or $what == "user.end" then s(.interactingDurationMs) else null end),
      outcome: (if $type // "" | endswith(".abandoned") then "abandoned" elif $type // "" | endswith(".transferred") then "transferred" elif $what == "voicemail.end" then "voicemail" else null end),
      subject: .subject,
      customer: customer,
      attributes: ({wrapup: .wrapupCode, notes: .wrapupNotes, wrapup_s: s(.wrapupDurationMs), hold_s: s(.heldDurationMs), rang_s: s(.alertingDurationMs), disconnect: .disconnectType,
          participant: .participantId, division: .divisionId, attributes, dnis, callback: .callbackUserName, organizations: .conversationExternalOrganizationIds} | with_entries(select(.value | filled)))
    }
  | other("genesys"; $envelope.detail.eventBody + {topic: $what});

def of_event($digest):
  . as $e
  | (.detail.topicName // ."detail-type" // "") as $topic
  | (.detail.eventBody // .detail // .) as $b
  # The conversation stands in the topic, or {id} does.
  | if ($topic | startswith("v2.detail.events.conversation.")) and $b.conversationId then
      ($topic | split(".")[5:] | join(".")) as $what
      | $b | if is_told_elsewhere($what) then empty else of_conversation($what; $e) end
    else {id: .id, channel: "call_centre", time: (.detail.timestamp // .time)} | nobody("genesys:\($e.id // $digest)") | other("genesys"; $e) end;

.body_sha256 as $digest
| .body | if type == "array" then .[] else . end
| each(of_event($digest))
