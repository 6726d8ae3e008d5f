# entry[].changes[].value has messages, statuses and calls of one number of the company's, and the names of who wrote.

# ---- who ----

# A wa_id is the phone number that WhatsApp has proven, but for an old habit of it: it leaves out the 9 in front of some Brazilian
# mobile numbers, and has a 1 in front of Mexican ones. Without the mending, who calls would be another person.
def phone:
  tostring
  | if startswith("55") and length == 12 and (.[4:5] | IN("6", "7", "8", "9")) then "+\(.[:4])9\(.[4:])"
    elif startswith("521") and length == 13 then "+52\(.[3:])"
    elif startswith("+") then .
    else "+" + . end;

# Who hides their number has an id with the company instead. Where both are told, each leads to the same person later.
def customer($wa_ids; $user_ids):
  ($wa_ids | map(select(filled))) as $numbers
  | {whatsapp: $numbers, phone: ($numbers | map(phone)), anonymous_id: ($user_ids | map(select(filled) | "whatsapp:\(.)"))}
  | map_values(filled);

def contact_of($value; $wa_id; $user_id):
  ($value.contacts // []) as $all
  | [$all[] | select((.wa_id != null and .wa_id == $wa_id) or (.user_id != null and .user_id == $user_id))][0]
  // (if $all | length == 1 then $all[0] else null end);

def conversation($value; $who): if $who | filled then "\($value.metadata.phone_number_id):\($who)" else null end;

def suffixed($suffix): if filled then "\(.).\($suffix)" else null end;

# ---- messages ----

def said:
  .text.body // .button.text // .interactive.button_reply.title // .interactive.list_reply.title // .interactive.nfm_reply.body
  // .reaction.emoji // (.[.type // ""] | if type == "object" then .caption else null end) // .system.body // .order.text // null;

# Of an edited message, what it says now.
def text_of: if .type == "edit" then .edit.message | said else said end;

def message_type($ours):
  if .type == "system" then null
  elif .type == "reaction" then "message.reacted"
  elif .type == "edit" then "message.edited"
  elif .type == "revoke" then "message.deleted"
  elif .type == "request_welcome" then "chat.started"
  elif $ours then "message.sent"
  elif .interactive.type == "nfm_reply" then "form.submitted"
  elif .interactive.type == "call_permission_reply" then {accept: "consent.given", reject: "consent.withdrawn"}[.interactive.call_permission_reply.response // ""]
  else "message.received" end;

# The answers of a flow are JSON in a text; its token is the company's own. (Not by |=: jq 1.6 loses what a try in it gives.)
def answers: (try fromjson catch null) | if type == "object" then del(.flow_token) else null end;
def contents:
  .[.type // ""]
  | if type == "object" and .nfm_reply
    then (.nfm_reply.response_json | answers) as $answers | .nfm_reply.response_json = $answers
    else . end;

# Who has changed their number is the same person.
def changed_to: if .type == "system" then .system.wa_id // .system.new_wa_id else null end;

def message($value; $ours; $who):
  . as $m
  | contact_of($value; $who; .from_user_id) as $contact
  | (if $ours then [.to_user_id] else [.from_user_id // $contact.user_id, .system.previous_user_id, .system.user_id] end) as $user_ids
  | {
      id: .id,
      channel: "chat",
      type: message_type($ours),
      time: (.timestamp | seconds),
      direction: (if $ours then "outbound" else "inbound" end),
      conversation: conversation($value; .group_id // $who // ($user_ids | map(select(filled))[0])),
      text: text_of,
      customer: customer([$who, changed_to]; $user_ids),
      attributes: ({type, context, referral, errors, group_id, name: $contact.profile.name, username: $contact.profile.username}
        + {(if $ours then "from" else "to" end): $value.metadata.display_phone_number}
        + (if .type == "text" then {} else {(.type // "message"): contents} end)
        | with_entries(select(.value | filled)))
    }
  | nobody("whatsapp:\(.conversation // .id // $value.metadata.phone_number_id)")
  | other("whatsapp"; $m);

# What was written before the number came to the Cloud API. Photos and the like are told twice: that there was one, and later what it was.
def past($value; $who):
  message($value; .from != $who; $who) + {version: (if .type == "media_placeholder" then 1 else 2 end)};

# ---- what became of those that were sent ----

def status($value):
  . as $s
  | (if .recipient_type == "group" then .recipient_participant_id else .recipient_id end) as $who
  | (.recipient_user_id // contact_of($value; $who; null).user_id) as $user_id
  | {
      id: (.id | suffixed($s.status) | if $s.recipient_type == "group" then suffixed($who) else . end),
      channel: "chat",
      type: ({sent: "message.sent", delivered: "message.delivered", read: "message.read", failed: "message.failed"}[.status // ""]),
      time: (.timestamp | seconds),
      direction: "outbound",
      conversation: conversation($value; .recipient_id // $user_id),
      outcome: (.errors[0] | if . then (.title // .message) else null end),
      customer: customer([$who]; [$user_id]),
      attributes: ({message: .id, errors, pricing, origin: .conversation.origin.type, callback: .biz_opaque_callback_data}
        | with_entries(select(.value | filled)))
    }
  | nobody("whatsapp:\(.conversation // $s.id)")
  | other("whatsapp"; $s);

# ---- calls ----

# A call of ours is told as ringing, taken or declined beside its beginning and its end: what says the same has the same id.
def call_step:
  (if .status | type == "array" then .status[0] else .status end) as $status
  | if .event == "connect" or $status == "RINGING" then "started"
    elif $status == "ACCEPTED" then "answered"
    elif .event == "terminate" or $status == "REJECTED" then "ended"
    else null end;

def call_end($errors):
  if .duration | number then {type: "call.completed", outcome: "answered"}
  elif .status == "REJECTED" then {type: "call.missed", outcome: "busy"}
  elif $errors then {type: "call.failed", outcome: "failed"}
  else {type: "call.missed", outcome: "no_answer"} end;

def call($value):
  . as $c
  | (.direction == "BUSINESS_INITIATED" or .type == "call") as $ours
  | (.errors // $value.errors | filled) as $errors
  | (if $ours then .to // .recipient_id else .from end) as $who
  | (if $ours then .to_user_id // .recipient_user_id else .from_user_id end) as $user_id
  | call_step as $step
  | {
      id: (.id | suffixed($step // $c.event // $c.status)),
      channel: "call_centre",
      time: (.timestamp | seconds),
      direction: (if $ours then "outbound" else "inbound" end),
      conversation: .id,
      duration_s: .duration,
      customer: customer([$who]; [$user_id // contact_of($value; $who; null).user_id]),
      attributes: ({event, start_time, end_time, status, errors: $errors, callback: .biz_opaque_callback_data} | with_entries(select(.value | filled)))
    }
  + (if $step == "ended" then call_end($errors) elif $step then {type: ("call." + $step)} else {} end)
  | nobody("whatsapp:\($c.id)")
  | other("whatsapp"; $c | del(.session));

# ---- what a customer allows ----

def preference($value):
  . as $p
  | {
      id: (if .timestamp then "\(.wa_id // .user_id).\(.category).\(.value).\(.timestamp)" else null end),
      channel: "chat",
      type: ({stop: "consent.withdrawn", resume: "consent.given"}[.value // ""]),
      time: (.timestamp | seconds),
      direction: "inbound",
      conversation: conversation($value; .wa_id // .user_id),
      text: .detail,
      customer: customer([.wa_id]; [.user_id]),
      attributes: {category}
    }
  | nobody("whatsapp:\(.conversation // $value.metadata.phone_number_id)")
  | other("whatsapp"; $p);

# ---- all ----

# What is told of the account, its numbers and templates is no contact with anybody.
def of_the_account:
  . as $field
  | any("account_", "business_", "message_template_", "template_", "phone_number_", "payment_configuration_", "partner_", "smb_app_state_", "flows", "security";
      . as $start | $field | startswith($start));

def unknown($field; $account):
  .contacts[0] as $contact
  | {channel: "chat", customer: customer([$contact.wa_id]; [$contact.user_id])}
  | nobody("whatsapp:\($account)");

.body.entry[]?
| .id as $account
| .changes[]?
| (.field // "") as $field
| .value as $value
| if ($value | type) != "object" then empty
  elif $field | IN("messages", "calls", "smb_message_echoes", "message_echoes", "user_preferences", "history") then
    (($value.messages // [])[]
       | each(if $field == "history" then past($value; if .from == $value.metadata.display_phone_number then .to else .from end)
         else message($value; false; .from) end)),
    (($value.message_echoes // [])[] | each(message($value; true; .to))),
    (($value.statuses // [])[] | each(if .type == "call" then call($value) else status($value) end)),
    (($value.calls // [])[] | each(call($value))),
    (($value.user_preferences // [])[] | each(preference($value))),
    (($value.history // [])[].threads[]? | .id as $who | .messages[]? | each(past($value; $who)))
  elif $field | of_the_account then empty
  else $value | unknown($field; $account) | other("whatsapp"; {field: $field, value: $value}) end
