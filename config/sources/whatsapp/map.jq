# entry[].changes[].value has messages, statuses and calls of one number of the company's, and the names of who wrote.

# What a message says, whatever its kind.
def text_of:
  .text.body // .button.text // .interactive.button_reply.title // .interactive.list_reply.title // .reaction.emoji
  // (.[.type // ""] | if type == "object" then .caption else null end) // .system.body // .order.text // null;

# Who hides their number has an id with the company instead.
def customer($wa_id; $user_id):
  if $wa_id | filled then {whatsapp: $wa_id} elif $user_id | filled then {anonymous_id: ("whatsapp:" + $user_id)} else {} end;

def our_number: .metadata.phone_number_id;

def message($value; $contact):
  . as $m
  | {
      id: "\(.id)",
      channel: "chat",
      type: (if .type == "reaction" then "message.reacted" elif .type == "system" then null else "message.received" end),
      time: (.timestamp | seconds),
      direction: "inbound",
      conversation: "\($value | our_number):\(.from // .from_user_id)",
      text: text_of,
      customer: customer(.from; .from_user_id // $contact.user_id),
      attributes: ({type, context, referral, errors, to: $value.metadata.display_phone_number, name: $contact.profile.name}
        + (if .type | IN("text", "button", "reaction") then {} else {(.type // "message"): .[.type // ""]} end)
        | with_entries(select(.value | filled)))
    }
  | nobody("whatsapp:" + $m.id)
  | other("whatsapp"; $m);

def status($value):
  . as $s
  | {
      id: "\(.id).\(.status)",
      channel: "chat",
      type: ({sent: "message.sent", delivered: "message.delivered", read: "message.read", failed: "message.failed"}[.status // ""]),
      time: (.timestamp | seconds),
      direction: "outbound",
      conversation: "\($value | our_number):\(.recipient_id // .recipient_user_id)",
      outcome: (.errors[0] | if . then (.title // .message) else null end),
      customer: customer(.recipient_id; .recipient_user_id),
      attributes: ({message: .id, errors, pricing, origin: .conversation.origin.type, callback: .biz_opaque_callback_data}
        | with_entries(select(.value | filled)))
    }
  | nobody("whatsapp:" + $s.id)
  | other("whatsapp"; $s);

def call_type: if .event == "connect" then "call.started"
  elif .event == "terminate" then (if (.status | if type == "array" then .[0] else . end) == "FAILED" or (.duration | number) == null then "call.missed" else "call.completed" end)
  else null end;

def call($value):
  . as $c
  | (.direction == "BUSINESS_INITIATED") as $ours
  | {
      id: "\(.id).\(.event // .status)",
      channel: "call_centre",
      type: call_type,
      time: (.timestamp | seconds),
      direction: (if $ours then "outbound" else "inbound" end),
      conversation: .id,
      duration_s: .duration,
      outcome: (if call_type == "call.missed" then "no_answer" elif call_type == "call.completed" then "answered" else null end),
      customer: customer((if $ours then .to else .from end); (if $ours then null else .from_user_id end)),
      attributes: ({event, start_time, end_time, status, errors} | with_entries(select(.value | filled)))
    }
  | nobody("whatsapp:" + $c.id)
  | other("whatsapp"; $c);

# What is told of the account and its templates is no contact with anybody.
def is_contact: .field == "messages" or .field == "calls" or .field == "smb_message_echoes";

# A message that a person wrote in the WhatsApp Business app.
def echo($value):
  . as $m
  | message($value; null) + {type: "message.sent", direction: "outbound", conversation: "\($value | our_number):\(.to)", customer: customer(.to; null)}
  | nobody("whatsapp:" + $m.id);

.body.entry[]?.changes[]?
| select(is_contact)
| .value as $value
| ($value.contacts // []) as $contacts
| (($value.messages // [])[]
     | (.from // .from_user_id) as $from
     | message($value; ([$contacts[] | select(.wa_id == $from or .user_id == $from)][0] // $contacts[0]))),
  (($value.message_echoes // [])[] | echo($value)),
  (($value.statuses // [])[] | status($value)),
  (($value.calls // [])[] | call($value))
