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
  | .reason = (.disconnectReason | if type == "object" then lowered | .code else . end | if type == "string" then . else "" end)
  | .first = (.initialContactId // .relatedContactId // .contactId);

def noun: {VOICE: "call", CHAT: "chat", TASK: "ticket", EMAIL: "email"}[.channel // "" | ascii_upcase] // "call";
def channel: {VOICE: "call_centre", CHAT: (if .subtype == "connect:SMS" then "sms" else "chat" end), TASK: "desk", EMAIL: "email"}[.channel // "" | ascii_upcase] // "call_centre";

# Who began it. By API customers begin chats and calls from web pages, but calls over the phone are always ours.
def is_ours: (.method | IN("OUTBOUND", "CALLBACK", "AGENT_REPLY", "FLOW")) or (.method == "API" and noun == "call") or .campaign != null;
def direction: if .method == "" then null elif is_ours then "outbound" else "inbound" end;

# Who listens in, and whom an agent asks outside, is no contact with the customer.
def is_aside: .method | IN("MONITOR", "EXTERNAL_OUTBOUND");
def goes_on: .method | IN("TRANSFER", "QUEUE_TRANSFER", "DISCONNECT");

# How a call that we made, and nobody took, was answered instead: type and outcome. What the network says counts only where the customer
# was never reached: a call may also break off later. Whose agent is there already waits for the customer as well.
def unreached:
  (.answeringMachineDetectionStatus // "") as $heard
  | if $heard | startswith("VOICEMAIL_") then ["missed", "voicemail"]
    elif $heard == "SIT_TONE_BUSY" then ["missed", "busy"]
    elif ($heard | startswith("SIT_TONE_")) or ($heard | IN("AMD_ERROR", "FAX_MACHINE_DETECTED")) then ["failed", "failed"]
    elif .reached and $heard != "AMD_UNANSWERED" then null
    elif .reason == "TELECOM_BUSY" then ["missed", "busy"]
    elif (.reason | startswith("OUTB")) or (.reason | IN("EXPIRED", "TELECOM_NUMBER_INVALID", "TELECOM_POTENTIAL_BLOCKING", "TELECOM_PROBLEM")) then ["failed", "failed"]
    else ["missed", "no_answer"] end;

# An inbound call that did not come so far as to be connected.
def never_arrived: noun == "call" and (.reason | IN("TELECOM_ORIGINATOR_CANCEL", "CUSTOMER_NEVER_ARRIVED"));

# Who left a queue without an agent: by way of another contact (a queue, a phone number, a call back), or because a flow hung up, or by themselves.
def is_passed_on: .transferCompletedTimestamp or .transferredToEndpoint or (.nextContactId and .reason != "CUSTOMER_DISCONNECT");
def is_sent_away: .reason | IN("CONTACT_FLOW_DISCONNECT", "API");

def fate:
  noun as $noun
  | if $noun == "ticket" then
      if .reason | IN("AGENT_COMPLETED", "AGENT_DISCONNECT") then ["ticket.solved", "solved"] else ["ticket.closed", null] end
    elif $noun == "call" and is_ours and unreached then ["call." + unreached[0], unreached[1]]
    elif .answered then [$noun + ".completed", (if .transferCompletedTimestamp or .transferredToEndpoint then "transferred" else "answered" end)]
    elif never_arrived then ["call.missed", "no_answer"]
    elif is_passed_on then [$noun + ".completed", "transferred"]
    elif .queue == {} or .method == "CALLBACK" then [$noun + ".completed", (if $noun == "call" and is_ours then "answered" else null end)]
    elif is_sent_away then (if $noun == "call" then ["call.missed", "no_answer"] else [$noun + ".completed", null] end)
    else [$noun + ".abandoned", "abandoned"] end;

# What a flow has put beside the contact, as customers' companies call it; the contact itself ties what belongs together.
def customer:
  (.customerEndpoint | lowered) as $endpoint
  | (.attributes // {} | if type == "object" then . else {} end) as $attributes
  | {
      phone: (if $endpoint.type == "TELEPHONE_NUMBER" then $endpoint.address else null end),
      whatsapp: (if $endpoint.type == "TELEPHONE_NUMBER" and .subtype == "connect:WhatsApp" then $endpoint.address else null end),
      email: [(if $endpoint.type == "EMAIL_ADDRESS" then $endpoint.address else null end), $attributes.email // $attributes.Email | select(filled)],
      customer_id: (.customerId // $attributes.customer_id // $attributes.customerId // $attributes.CustomerId),
      anonymous_id: "connect:\(.first)"
    };

def kept: {contact: .contactId, previous: .previousContactId, related: .relatedContactId, initiation: .method, reason, subtype, detected: .answeringMachineDetectionStatus,
  campaign: (.campaign | lowered | .campaignId), quality: .qualityMetrics,
  tags: (.tags // {} | if type == "object" then with_entries(select(.key | startswith("aws:") | not)) else null end)} | with_entries(select(.value | filled));

def as_told: {
  channel: channel,
  direction: direction,
  conversation: "connect:\(.first)",
  subject: .subject,
  customer: customer,
  attributes: kept};

# Type and time of an email. One of ours is a draft until its contact ends; one that is passed on has been told of already.
def mail:
  if goes_on then null
  elif is_ours | not then ["email.received", .initiationTimestamp]
  elif .ended and (.reason | IN("DISCARDED", "EXPIRED") | not) then ["email.sent", .ended]
  else null end;

# ---- contact events ----

# Calls of ours are answered when agent and customer are both there: who of them comes last has the event.
def is_half_made: noun == "call" and is_ours and (.answered == null or unreached);
def is_told_elsewhere:
  .eventType as $event
  | ($event | IN("COMPLETED", "CONTACT_DATA_UPDATED", "AMD_DISABLED"))
    or ($event == "CONNECTED_TO_SYSTEM" and (noun != "call" or (is_ours | not)))
    or (($event | IN("CONNECTED_TO_SYSTEM", "CONNECTED_TO_AGENT")) and is_half_made)
    or (noun == "email" and is_ours and ($event != "DISCONNECTED" or mail == null));

# Type and time; of an email only that it came or went.
def step:
  noun as $noun
  | if .eventType == "INITIATED" then
      if $noun == "email" then mail
      else [(if $noun == "ticket" then (if goes_on then "ticket.assigned" else "ticket.opened" end)
             elif goes_on then $noun + ".transferred" else $noun + ".started" end), .initiationTimestamp] end
    elif $noun == "email" then (if is_ours then mail else null end)
    elif .eventType == "QUEUED" then [(if $noun == "ticket" then "ticket.updated" else $noun + ".queued" end), .queue.enqueueTimestamp]
    elif .eventType | IN("CONNECTED_TO_AGENT", "CONNECTED_TO_SYSTEM") then
      [(if $noun == "ticket" then "ticket.assigned" else $noun + ".answered" end), ([.answered, (if is_ours then .reached else null end) | values] | max_by(epoch))]
    elif .eventType == "DISCONNECTED" then [fate[0], .ended]
    elif $noun == "ticket" and (.eventType | IN("PAUSED", "RESUMED")) then ["ticket.updated", null]
    else [null, null] end;

# The end is told once more, and better, by the record: it has the same id, and takes the event's place.
def id_of($type):
  if .eventType == "DISCONNECTED" and noun != "email" then "ended"
  elif $type | IN("email.received", "email.sent") then "email"
  elif noun == "call" and is_ours and $type == "call.answered" then "answered"
  else null end;

def of_event:
  . as $envelope
  | .detail | contact
  | if is_aside or is_told_elsewhere then empty else
      step as [$type, $time]
      | .eventType as $event
      | id_of($type) as $own
      | as_told + {
          id: (if $own then "\(.contactId).\($own)" else $envelope.id end),
          version: (if $own then 1 else null end),
          type: $type,
          time: ($time // $envelope.time),
          agent: (.agent.agentArn | name_of_arn),
          queue: (.queue.queueArn | name_of_arn),
          wait_s: (if $event | IN("CONNECTED_TO_AGENT", "CONNECTED_TO_SYSTEM") then seconds_between(.queue.enqueueTimestamp; .answered)
                   elif $type // "" | endswith(".abandoned") then seconds_between(.queue.enqueueTimestamp; .ended) else null end),
          duration_s: (if $own == "ended" then seconds_between(.initiationTimestamp; .ended) else null end),
          outcome: (if $own == "ended" then fate[1] else null end)
        }
      | .attributes.event = $event
      | other("amazon-connect"; $envelope)
    end;

# ---- contact records ----

def of_record:
  . as $record
  | contact
  | (noun == "email" and (goes_on | not)) as $mail
  | if is_aside or ($mail and mail == null) then empty else
      . as $r
      | as_told + {
          id: (if $mail then "\(.contactId).email" elif .ended then "\(.contactId).ended" else "\(.contactId).record" end),
          version: (.lastUpdateTimestamp | epoch | if . == null then null else . * 1000 | floor end),
          type: (if noun == "email" then mail[0] elif .ended then fate[0] elif noun == "ticket" then "ticket.opened" else noun + ".started" end),
          time: (if $mail then mail[1] else .ended // .initiationTimestamp end // .lastUpdateTimestamp),
          agent: (.agent.username // (.agent.aRN | name_of_arn)),
          queue: (.queue.name // (.queue.aRN | name_of_arn)),
          wait_s: (if noun == "ticket" then null else .queue.duration end),
          duration_s: (if $mail then null else seconds_between(.initiationTimestamp; .ended) end),
          outcome: (if .ended and noun != "email" then fate[1] else null end)
        }
      | .attributes += ($r | {attributes, next: .nextContactId, transferred: .transferCompletedTimestamp, talk_s: .agent.agentInteractionDuration,
          hold_s: .agent.customerHoldDuration, holds: .agent.numberOfHolds, after_contact_s: .agent.afterContactWorkDuration, attempts: .agentConnectionAttempts,
          recording: (.recording | lowered | .location), details: .contactDetails, chat: (.chatMetrics | lowered | .contactMetrics // .chatContactMetrics)} | with_entries(select(.value | filled)))
      | other("amazon-connect"; $record)
    end;

# Of what else Amazon Connect tells (a rule of Contact Lens has matched), some name the contact that it is about.
def of_something:
  (.detail | lowered | .contactArn | name_of_arn) as $contact
  | {channel: "call_centre", id, time}
  | if $contact then .conversation = "connect:\($contact)" else . end;

def of_any($digest):
  if (.detail | lowered | .contactId) then of_event elif .ContactId then of_record
  else . as $e | of_something | nobody(.conversation // "connect:\($e.id // $digest)") | other("amazon-connect"; $e) end;

.body_sha256 as $digest
| .body
| if .records then .records[].data elif type == "array" then .[] else . end
| each(of_any($digest))
