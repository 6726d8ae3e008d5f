# {"resource", "event", "timestamp", "data"}: what happened, and the call, contact or message as it is then.

def agent: .user | if type == "object" then (.email // .name // null) else null end;
def queue: .teams[0]?.name // .number.name // null;
def ended_type: if .answered_at then "call.completed" elif .voicemail then "voicemail.left" elif .missed_call_reason == "abandoned_in_ivr" or .missed_call_reason == "abandoned_in_classic" then "call.abandoned" else "call.missed" end;
def wait: if .answered_at and .started_at then .answered_at - .started_at elif .ended_at and .started_at then .ended_at - .started_at else null end;
def customer: {phone: .raw_digits, email: [.contact.emails[]?.value], anonymous_id: (if .contact.id then "aircall:\(.contact.id)" else null end)}
  | if .phone == "anonymous" then .phone = null else . end;

def call($event):
  . as $c
  | {
      channel: "call_centre",
      type: ({"call.created": "call.started", "call.answered": "call.answered", "call.transferred": "call.transferred", "call.external_transferred": "call.transferred",
          "call.voicemail_left": "voicemail.left", "call.ended": ended_type}[$event]),
      direction: .direction,
      conversation: "aircall:\(.id)",
      agent: agent,
      queue: queue,
      wait_s: (if $event == "call.answered" or $event == "call.ended" then wait else null end),
      duration_s: (if $event == "call.ended" and .answered_at then .duration else null end),
      outcome: (if $event != "call.ended" then null elif .answered_at then "answered" elif ended_type == "call.abandoned" then "abandoned" else "no_answer" end),
      text: ([.comments[]?.content] | join("\n")),
      customer: customer,
      attributes: ({tags: [.tags[]?.name], missed_call_reason, recording, voicemail, cost, number: .number.digits} | with_entries(select(.value | filled)))
    }
  | nobody("aircall:\($c.id)");

def message($event):
  . as $m
  | {
      channel: (if .channel == "whatsapp" then "chat" else "sms" end),
      type: ({"message.received": "message.received", "message.sent": "message.sent",
        "message.status_updated": ({delivered: "message.delivered", read: "message.read", failed: "message.failed"}[.status // ""])}[$event]),
      direction: (if $event == "message.received" then "inbound" else "outbound" end),
      conversation: "aircall:sms:\(.external_number // .raw_digits)",
      text: .body,
      customer: {phone: (.external_number // .raw_digits)}
    }
  | nobody("aircall:message:\($m.id)");

.body
| . as $e
| .event as $event
| if .resource == "contact" and (.event | IN("contact.created", "contact.updated")) then
    .data | {channel: "call_centre", type: "identify", customer: {phone: [.phone_numbers[]?.value], email: [.emails[]?.value], anonymous_id: "aircall:\(.id)"},
      traits: ({first_name, last_name, company: .company_name} | with_entries(select(.value | filled)))}
  elif .resource == "call" then .data | call($event)
  elif .resource == "message" then .data | message($event)
  elif .resource == "user" or .resource == "number" or .resource == "integration" then empty
  else {channel: "call_centre", customer: {}} end
| . + {id: "\($event).\($e.data.id).\($e.timestamp)", time: ($e.timestamp | seconds)}
| if .type == "identify" then . else nobody(.customer.nobody // "aircall:\($event).\($e.timestamp)") | other("aircall"; $e | del(.token)) end
