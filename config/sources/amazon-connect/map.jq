# EventBridge sends one event in its envelope; Firehose sends records, each a contact's whole record, which comes again when it changes.
# Events do not say whose number it is. Both have the contact, which ties them: what a record knows of somebody is then true of its events.

# Members of records begin with a capital, those of events do in some of the sender's own examples.
def lowered: if type == "object" then with_entries(.key |= ((.[:1] | ascii_downcase) + .[1:])) else {} end;

# What has not happened yet happened in 1970.
def moment_of: if type != "string" or startswith("1970-") then null else . end;
def seconds_between($from; $to):
  if $from == null or $to == null then null
  else (($to | epoch) - ($from | epoch)) | if . < 0 then null else (. * 1000 | round) / 1000 end end;

# arn:aws:connect:REGION:ACCOUNT:instance/ID/agent/ID: its last part.
def name_of_arn: if type == "string" then split("/")[-1] else null end;

# An event's detail, or a record, in the same words.
def contact:
  lowered
  | (.agentInfo // .agent | lowered) as $agent | (.queueInfo // .queue | lowered) as $queue
  | (.segmentAttributes // {} | if type == "object" then . else {} end) as $segment
  | .agent = $agent
  | .queue = $queue
  | .answered = ($agent.connectedToAgentTimestamp // .connectedToAgentTimestamp | moment_of)
  | .reached = (.connectedToSystemTimestamp | moment_of)
  | .ended = (.disconnectTimestamp | moment_of)
  | .subtype = ($segment."connect:Subtype" | lowered | .valueString // "")
  | .subject = ($segment."connect:EmailSubject" | lowered | .valueString)
  | .method = (.initiationMethod // "")
  | .first = (.initialContactId // .relatedContactId // .contactId);

def noun: {VOICE: "call", CHAT: "chat", TASK: "ticket", EMAIL: "email"}[.channel // "" | ascii_upcase] // "call";
def channel: {VOICE: "call_centre", CHAT: (if .subtype == "connect:SMS" then "sms" else "chat" end), TASK: "desk", EMAIL: "email"}[.channel // "" | ascii_upcase] // "call_centre";

# Who began it.
def is_ours: .method | IN("OUTBOUND", "CALLBACK", "AGENT_REPLY", "FLOW");
def direction: if .method == "" then null elif is_ours then "outbound" else "inbound" end;

# Who listens in, and whom an agent asks outside, is no contact with the customer.
def is_aside: .method | IN("MONITOR", "EXTERNAL_OUTBOUND");
def goes_on: .method | IN("TRANSFER", "QUEUE_TRANSFER", "DISCONNECT");

# How a call that we made, and nobody took, was answered instead: type and outcome.
def unreached:
  (.answeringMachineDetectionStatus // "") as $heard
  | if $heard | startswith("VOICEMAIL_") then ["missed", "voicemail"]
    elif $heard == "SIT_TONE_BUSY" then ["missed", "busy"]
    elif ($heard | startswith("SIT_TONE_")) or ($heard | IN("AMD_ERROR", "FAX_MACHINE_DETECTED")) or (.disconnectReason // "" | startswith("OUTB") or . == "EXPIRED") then ["failed", "failed"]
    elif $heard == "AMD_UNANSWERED" or .reached == null then ["missed", "no_answer"]
    else null end;

def fate:
  if noun == "ticket" then
    if .disconnectReason == "AGENT_COMPLETED" then ["ticket.solved", "solved"] else ["ticket.closed", null] end
  elif .answered then [noun + ".completed", (if .transferCompletedTimestamp then "transferred" else "answered" end)]
  elif noun == "call" and is_ours and unreached then ["call." + unreached[0], unreached[1]]
  elif .queue == {} or is_ours then [noun + ".completed", null]
  else [noun + ".abandoned", "abandoned"] end;

# What a flow has put beside the contact, as customers' companies call it; the contact itself ties what belongs together.
def customer:
  (.customerEndpoint | lowered) as $endpoint
  | (.attributes // {} | if type == "object" then . else {} end) as $attributes
  | {
      phone: (if $endpoint.type == "TELEPHONE_NUMBER" then $endpoint.address else null end),
      email: [(if $endpoint.type == "EMAIL_ADDRESS" then $endpoint.address else null end), $attributes.email // $attributes.Email | select(filled)],
      customer_id: (.customerId // $attributes.customer_id // $attributes.customerId // $attributes.CustomerId),
      anonymous_id: "connect:\(.first)"
    };

def kept: {contact: .contactId, previous: .previousContactId, related: .relatedContactId, initiation: .method, reason: .disconnectReason, subtype, detected: .answeringMachineDetectionStatus,
  campaign: (.campaign | lowered | .campaignId), quality: .qualityMetrics,
  tags: (.tags // {} | if type == "object" then with_entries(select(.key | startswith("aws:") | not)) else null end)} | with_entries(select(.value | filled));

def as_told: {
  channel: channel,
  direction: direction,
  conversation: "connect:\(.first)",
  subject: .subject,
  customer: customer,
  attributes: kept};

# ---- contact events ----

def is_told_elsewhere: IN("COMPLETED", "CONNECTED_TO_SYSTEM", "CONTACT_DATA_UPDATED", "AMD_DISABLED");

# Type and time; of an email only that it came or went.
def step:
  noun as $noun
  | if .eventType == "INITIATED" then
      [(if $noun == "email" then (if goes_on then null elif is_ours then "email.sent" else "email.received" end)
        elif $noun == "ticket" then (if goes_on then "ticket.assigned" else "ticket.opened" end)
        elif goes_on then $noun + ".transferred" else $noun + ".started" end), .initiationTimestamp]
    elif $noun == "email" then [null, null]
    elif .eventType == "QUEUED" then [(if $noun == "ticket" then "ticket.updated" else $noun + ".queued" end), .queue.enqueueTimestamp]
    elif .eventType == "CONNECTED_TO_AGENT" then [(if $noun == "ticket" then "ticket.assigned" else $noun + ".answered" end), .answered]
    elif .eventType == "DISCONNECTED" then [fate[0], .ended]
    elif $noun == "ticket" and (.eventType | IN("PAUSED", "RESUMED")) then ["ticket.updated", null]
    else [null, null] end;

# The end is told once more, and better, by the record: it has the same id, and takes the event's place.
def of_event:
  . as $envelope
  | .detail | contact
  | (.eventType // "") as $event
  | if is_aside or ($event | is_told_elsewhere) then empty else
      step as [$type, $time]
      | as_told + {
          id: (if $event == "DISCONNECTED" and noun != "email" then "\(.contactId).ended" elif $type == "email.received" or $type == "email.sent" then "\(.contactId).email" else $envelope.id end),
          version: (if ($event == "DISCONNECTED" and noun != "email") or $type == "email.received" or $type == "email.sent" then 1 else null end),
          type: $type,
          time: ($time // $envelope.time),
          agent: (.agent.agentArn | name_of_arn),
          queue: (.queue.queueArn | name_of_arn),
          wait_s: (if $event == "CONNECTED_TO_AGENT" then seconds_between(.queue.enqueueTimestamp; .answered)
                   elif $type // "" | endswith(".abandoned") then seconds_between(.queue.enqueueTimestamp; .ended) else null end),
          duration_s: (if $event == "DISCONNECTED" then seconds_between(.initiationTimestamp; .ended) else null end),
          outcome: (if $event == "DISCONNECTED" then fate[1] else null end)
        }
      | .attributes.event = $event
      | other("amazon-connect"; $envelope)
    end;

# ---- contact records ----

def of_record:
  contact
  | if is_aside then empty else
      . as $r
      | (noun == "email") as $mail
      | as_told + {
          id: (if $mail then "\(.contactId).email" elif .ended then "\(.contactId).ended" else "\(.contactId).record" end),
          version: (.lastUpdateTimestamp | epoch | if . == null then null else . * 1000 | floor end),
          type: (if $mail then (if is_ours then "email.sent" else "email.received" end) elif .ended then fate[0] elif noun == "ticket" then "ticket.opened" else noun + ".started" end),
          time: (if $mail or .ended == null then .initiationTimestamp else .ended end // .lastUpdateTimestamp),
          agent: (.agent.username // (.agent.aRN | name_of_arn)),
          queue: (.queue.name // (.queue.aRN | name_of_arn)),
          wait_s: (if noun == "ticket" then null else .queue.duration end),
          duration_s: (if $mail then null else seconds_between(.initiationTimestamp; .ended) end),
          outcome: (if .ended and ($mail | not) then fate[1] else null end)
        }
      | .attributes += ($r | {attributes, next: .nextContactId, transferred: .transferCompletedTimestamp, talk_s: .agent.agentInteractionDuration,
          hold_s: .agent.customerHoldDuration, holds: .agent.numberOfHolds, after_contact_s: .agent.afterContactWorkDuration, attempts: .agentConnectionAttempts,
          recording: (.recording | lowered | .location), details: .contactDetails, chat: (.chatMetrics | lowered | .contactMetrics // .chatContactMetrics)} | with_entries(select(.value | filled)))
    end;

def of_any($digest):
  if (.detail | lowered | .contactId) then of_event elif .ContactId then of_record
  else . as $e | {channel: "call_centre", id: .id, time: .time} | nobody("connect:\($e.id // $digest)") | other("amazon-connect"; $e) end;

.body_sha256 as $digest
| .body
| if .records then .records[].data elif type == "array" then .[] else . end
| each(of_any($digest))
