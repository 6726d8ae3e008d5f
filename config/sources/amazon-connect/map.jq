# EventBridge sends one event in its envelope; Firehose sends records, each a contact's whole record, which comes again when it changes.

def channel: {VOICE: "call_centre", CHAT: "chat", TASK: "desk", EMAIL: "email", SMS: "sms"}[. // ""] // "call_centre";
def noun: if . == "CHAT" or . == "SMS" then "chat" elif . == "EMAIL" then "email" else "call" end;

# Who began it.
def direction: if . == null then null elif IN("OUTBOUND", "CALLBACK", "EXTERNAL_OUTBOUND", "AGENT_REPLY") then "outbound"
  elif IN("INBOUND", "API", "QUEUE_TRANSFER", "TRANSFER", "DISCONNECT", "MONITOR", "WEBRTC_API", "MESSAGING_PLATFORM", "FLOW") then "inbound" else null end;

# arn:aws:connect:REGION:ACCOUNT:instance/ID/agent/ID: its last part.
def name_of_arn: if type == "string" then split("/")[-1] else null end;

# What a flow has put beside the contact, as customers' companies call it.
def named_in($attributes): {
  customer_id: ($attributes.customer_id // $attributes.customerId // $attributes.CustomerId),
  email: ($attributes.email // $attributes.Email)} | with_entries(select(.value | filled));

def endpoint: if type != "object" then {}
  elif .Type == "TELEPHONE_NUMBER" or .type == "TELEPHONE_NUMBER" then {phone: (.Address // .value)}
  elif .Type == "EMAIL_ADDRESS" or .type == "EMAIL_ADDRESS" then {email: (.Address // .value)}
  else {} end;

def seconds_between($from; $to):
  if $from == null or $to == null then null
  else (($to | epoch) - ($from | epoch)) | if . < 0 then null else (. * 1000 | round) / 1000 end end;

# ---- contact events ----

def event_type:
  (.channel | noun) as $noun
  | (.eventType // "") as $event
  | if $noun == "email" then {INITIATED: (if .initiationMethod | direction == "outbound" then "email.sent" else "email.received" end)}[$event]
    elif $event == "INITIATED" then $noun + ".started"
    elif $event == "QUEUED" then $noun + ".queued"
    elif $event == "CONNECTED_TO_AGENT" then $noun + ".answered"
    elif $event == "DISCONNECTED" then
      $noun + (if .agentInfo.connectedToAgentTimestamp // .connectedToAgentTimestamp then ".completed" elif .queueInfo then ".abandoned" else ".completed" end)
    else null end;

# COMPLETED comes behind DISCONNECTED, when what is done afterwards is done too: it is the same end; and a menu answers every call.
def of_event:
  . as $envelope | .detail as $d
  | ($d | event_type) as $type
  | ($d.agentInfo.connectedToAgentTimestamp // $d.connectedToAgentTimestamp) as $answered
  | {
      id: $envelope.id,
      channel: ($d.channel | channel),
      type: $type,
      time: ($d.disconnectTimestamp as $ended | if $d.eventType == "DISCONNECTED" and $ended then $ended else $envelope.time end),
      direction: ($d.initiationMethod | direction),
      conversation: "connect:\($d.initialContactId // $d.relatedContactId // $d.contactId)",
      agent: ($d.agentInfo.agentArn | name_of_arn),
      queue: ($d.queueInfo.queueName // ($d.queueInfo.queueArn | name_of_arn)),
      wait_s: (if $type == "call.answered" or $type == "chat.answered" then seconds_between($d.queueInfo.enqueueTimestamp; $answered)
               elif $type == "call.abandoned" or $type == "chat.abandoned" then seconds_between($d.queueInfo.enqueueTimestamp; $d.disconnectTimestamp) else null end),
      duration_s: (if $d.eventType == "DISCONNECTED" then seconds_between($d.initiationTimestamp; $d.disconnectTimestamp) else null end),
      outcome: (if $d.eventType != "DISCONNECTED" then null elif $type // "" | endswith("abandoned") then "abandoned" elif $answered then "answered" else null end),
      customer: (($d.customerEndpoint | endpoint) + ($d.contactAttributes // $d.segmentAttributes // {} | named_in(.))),
      attributes: ({contact: $d.contactId, previous: $d.previousContactId, initiation: $d.initiationMethod, reason: $d.disconnectReason, event: $d.eventType, tags: $d.tags,
          quality: $d.qualityMetrics} | with_entries(select(.value | filled)))
    }
  | nobody("connect:\($d.contactId // $envelope.id)")
  | if $d.eventType | IN("COMPLETED", "CONNECTED_TO_SYSTEM") then empty else other("amazon-connect"; $envelope) end;

# ---- contact records ----

def record_type:
  (.Channel | noun) as $noun
  | if $noun == "email" then (if .InitiationMethod | direction == "outbound" then "email.sent" else "email.received" end)
    elif .ConnectedToAgentTimestamp // .Agent.ConnectedToAgentTimestamp then $noun + ".completed"
    elif .Queue then $noun + ".abandoned"
    elif .DisconnectTimestamp then $noun + ".completed"
    else $noun + ".started" end;

def of_record:
  . as $r
  | record_type as $type
  | (.Agent.ConnectedToAgentTimestamp // .ConnectedToAgentTimestamp) as $answered
  | {
      id: "\(.ContactId).record",
      version: (.LastUpdateTimestamp | epoch | if . == null then null else . * 1000 | floor end),
      channel: (.Channel | channel),
      type: $type,
      time: (.InitiationTimestamp // .LastUpdateTimestamp),
      direction: (.InitiationMethod | direction),
      conversation: "connect:\(.InitialContactId // .ContactId)",
      agent: (.Agent.Username // (.Agent.ARN | name_of_arn)),
      queue: .Queue.Name,
      wait_s: (.Queue.Duration // null),
      duration_s: seconds_between(.InitiationTimestamp; .DisconnectTimestamp),
      outcome: (if $type | endswith("abandoned") then "abandoned" elif $answered then "answered" else null end),
      text: (.ContactLens.ConversationalAnalytics.Summary // null),
      customer: ((.CustomerEndpoint | endpoint) + ((.Attributes // {}) | named_in(.))),
      attributes: ({attributes: .Attributes, reason: .DisconnectReason, initiation: .InitiationMethod, next: .NextContactId, previous: .PreviousContactId,
          transferred: .TransferCompletedTimestamp, talk_s: .Agent.AgentInteractionDuration, hold_s: .Agent.CustomerHoldDuration, holds: .Agent.NumberOfHolds,
          after_contact_s: .Agent.AfterContactWorkDuration, recording: .Recording.Location, contact: .ContactId}
        | with_entries(select(.value | filled)))
    }
  | nobody("connect:\($r.ContactId)");

def of_any($digest): if .detail.contactId then of_event elif .ContactId then of_record
  else . as $e | {channel: "call_centre", id: .id, time: .time} | nobody("connect:\($e.id // $digest)") | other("amazon-connect"; $e) end;

.body_sha256 as $digest
| .body
| if .records then .records[].data | if type == "string" then (try fromjson catch {unreadable: .}) else . end
  elif type == "array" then .[] else . end
| of_any($digest)
