# EventBridge's envelope; detail.eventBody is what happened to a participant of a conversation, by topics
# v2.detail.events.conversation.{id}.customer.start and so on.

def time_of: if type == "number" then milliseconds else . end;
def s($ms): $ms | number | if . == null then null else . / 1000 end;

# Between agents, or of a screen that is watched for training: no contact with the customer.
def is_internal: .mediaType | IN("INTERNALMESSAGE", "SCREENMONITORING");

# What is asked for, queued, and taken by an agent, who then calls: that is a call of its own in the same conversation.
def is_callback: .mediaType == "CALLBACK";

def is_call: .mediaType // "VOICE" | IN("CHAT", "MESSAGE", "COBROWSE", "SCREENSHARE", "EMAIL") | not;
def noun: if .mediaType == "EMAIL" then "email" elif is_call then "call" else "chat" end;
def messenger: .messageType // "" | ascii_upcase;
def channel: {EMAIL: "email", CHAT: "chat", COBROWSE: "web", SCREENSHARE: "web"}[.mediaType // ""]
  // (if .mediaType == "MESSAGE" then {SMS: "sms", FACEBOOK: "social", INSTAGRAM: "social", TWITTER: "social"}[messenger] // "chat" else "call_centre" end);

# "tel:+44...", "sip:+44...@host", a bare number.
def phone:
  if type != "string" then null
  elif startswith("tel:") then .[4:] | split(";")[0]
  elif startswith("sip:") or startswith("sips:") then (split(":")[1] | split("@")[0] | split(";")[0] | if startswith("+") then . else null end)
  else . end;

# Of a message: by what each service calls people. Guests of a web page have a number of Genesys' own.
def writer($who; $us):
  messenger as $by
  | if ($who | filled) == null then {}
    elif $by == "SMS" then {phone: $who}
    elif $by == "WHATSAPP" then ($who | ltrimstr("+")) as $number | {whatsapp: $who, phone: (if $number | number then "+\($number)" else null end)}
    elif $by == "TWITTER" then {x: $who}
    elif $by | IN("FACEBOOK", "INSTAGRAM", "LINE") then {identifiers: [{type: ($by | ascii_downcase), value: $who, scope: $us}]}
    else {anonymous_id: "genesys:guest:\($who)"} end;

def named:
  (.direction == "OUTBOUND") as $ours
  | if .mediaType == "EMAIL" then {email: (if $ours then .addressTo else .addressFrom end)}
    elif .mediaType == "MESSAGE" then if $ours then writer(.addressTo; .addressFrom) else writer(.addressFrom; .addressTo) end
    elif is_callback and (.callbackNumbers | filled) then {phone: [.callbackNumbers[] | phone | select(.)]}
    else {phone: (if $ours then .dnis else .ani end | phone)} end;

# The conversation ties its events: not each says whose it is. But whom agents of ours call in it may be somebody else, whom they ask; and of
# several external contacts it is not known which this one is. As identifiers where there are scopes.
def customer:
  named as $named
  | (.direction == "OUTBOUND" and ($named | map(values) | filled)) as $called
  | ([.externalContactId]
     + if $called then [] else [.conversationId] + (.conversationExternalContactIds | if type == "array" and length == 1 then . else [] end) end
     | map(select(filled) | "genesys:\(.)") | unique) as $ties
  | $named
  | if .identifiers then {identifiers: (.identifiers + [$ties[] | {type: "anonymous_id", value: .}])}
    else .anonymous_id = ([.anonymous_id | select(.)] + $ties) end;

def talked: .interactingDurationMs | number | if . != null and . > 0 then . / 1000 else null end;
def is_passed_on: .disconnectType // "" | endswith("TRANSFER") and . != "CONFERENCE_TRANSFER";

# How the customer's part in a call ended. Nobody was connected to whom there was no time to talk with.
def the_end:
  if talked then ["call.completed", (if .direction == "OUTBOUND" then "answered" else null end)]
  elif .direction != "OUTBOUND" then ["call.missed", "no_answer"]
  elif .disconnectType | IN("ERROR", "UNCALLABLE", "TRANSPORT_FAILURE") then ["call.failed", "failed"]
  elif .disconnectType == "DND_ENDPOINT" then ["call.missed", "busy"]
  else ["call.missed", "no_answer"] end;

# Queues say who took it, and how long that took; an agent who starts may only hear it ring.
def type_of($what):
  noun as $noun
  | if $what == "customer.start" then (if $noun == "email" then (if .direction == "OUTBOUND" then "email.sent" else "email.received" end) else $noun + ".started" end)
    elif $what == "voicemail.end" and .voicemailDurationMs != 0 then "voicemail.left"
    elif $noun == "email" then null
    elif $what == "acd.start" then $noun + ".queued"
    elif $what == "acd.end" then {ANSWERED: ($noun + ".answered"), ABANDON: ($noun + ".abandoned"), FLOW_OUT: ($noun + ".transferred")}[.acdOutcome // ""]
      // (if is_passed_on then $noun + ".transferred" else null end)
    elif $what == "user.end" then $noun + (if is_passed_on then ".transferred" else ".handled" end)
    elif $what == "customer.end" then (if is_call then the_end[0] else $noun + ".completed" end)
    else null end;

# Menus and flows are in front of what the others tell, and a call back is followed by its call.
def is_told_elsewhere($what): . as $b
  | is_internal
  or ($what | IN("user.start", "flow.start", "flow.end", "flow.outcome", "voicemail.start", "ivr.start", "ivr.end"))
  or ($what == "user.end" and (is_passed_on or talked | not))
  or (is_callback and ($what | IN("user.end", "customer.end") or ($what == "acd.end" and $b.acdOutcome == "ANSWERED")));

# Who gave up in a queue has ended the call by that: Genesys tells both, in any order, and the queue knows more. Calls of ours may be
# several in a conversation (a call back that is tried again), so each of these ends by itself.
def id_of_end($what):
  if is_call and (is_callback | not) and .direction != "OUTBOUND" and ($what == "customer.end" or ($what == "acd.end" and .acdOutcome == "ABANDON")) then "\(.conversationId).ended" else null end;

def of_conversation($what; $envelope):
  .conversationId as $conversation
  | type_of($what) as $type
  | {
      id: (id_of_end($what) // $envelope.id),
      version: (if id_of_end($what) then (if $what == "acd.end" then 2 else 1 end) else null end),
      channel: channel,
      type: $type,
      time: (.eventTime | time_of),
      direction: ({INBOUND: "inbound", OUTBOUND: "outbound"}[.direction // ""]),
      conversation: "genesys:\(.conversationId)",
      agent: (.userId // .answeredUserId),
      queue: .queueId,
      wait_s: (if $what == "acd.end" then s(.connectedDurationMs) else null end),
      duration_s: (if $what == "customer.end" or $what == "user.end" then talked elif $type == "voicemail.left" then s(.voicemailDurationMs) else null end),
      outcome: (if $type // "" | endswith(".abandoned") then "abandoned" elif $type // "" | endswith(".transferred") then "transferred" elif $type == "voicemail.left" then "voicemail"
        elif $what == "customer.start" and is_callback then "callback" elif $what == "customer.end" and is_call then the_end[1] else null end),
      subject: .subject,
      customer: customer,
      attributes: ({wrapup: .wrapupCode, notes: .wrapupNotes, wrapup_s: s(.wrapupDurationMs), hold_s: s(.heldDurationMs), rang_s: s(.alertingDurationMs), disconnect: .disconnectType,
          participant: .participantId, division: .divisionId, attributes, dnis, callback: .callbackUserName, callback_at: (.callbackScheduledTime | time_of), campaign: .outboundCampaignId, organizations: .conversationExternalOrganizationIds} | with_entries(select(.value | filled)))
    }
  | nobody("genesys:\($conversation)")
  | other("genesys"; $envelope.detail.eventBody + {topic: $what});

def of_event($digest):
  . as $e
  | (.detail.topicName // ."detail-type" // "") as $topic
  | (.detail.eventBody // .detail // .) as $b
  # The conversation stands in the topic, or {id} does.
  | if ($topic | startswith("v2.detail.events.conversation.")) and $b.conversationId then
      ($topic | split(".")[5:] | join(".")) as $what
      | $b
      | if is_told_elsewhere($what) then empty
        elif $what == "contact" and (.externalContactId | filled) then {id: $e.id, channel: channel, type: "identify", time: (.eventTime | time_of), customer: customer}
        else of_conversation($what; $e) end
    else {id: .id, channel: "call_centre", time: (.detail.timestamp // .time)} | nobody("genesys:\($e.id // $digest)") | other("genesys"; $e) end;

.body_sha256 as $digest
| .body | if type == "array" then .[] else . end
| each(of_event($digest))
