# {"resource", "event", "timestamp", "data"}: what happened, and the call, contact or message as it is then. Each event of a call has the
# whole call in it, so that the newest of them is its record.

def named: if type == "object" then (.email // .name // null) else null end;

# Seconds of the call, or text of contacts and messages; callbacks of numbers in proxy mode have milliseconds.
def time_of: if type == "number" and . > 100000000000 then milliseconds elif type == "number" then seconds else . end;

# Numbers come as "+44 20 7946 0123", of groups without the +; "anonymous" is nobody's.
def phone:
  if type != "string" or . == "anonymous" then null
  elif startswith("+") or length < 11 or (tonumber? // null) == null then .
  else "+" + . end;

# ---- calls ----

def caller:
  {phone: (.raw_digits | phone),
   email: [.contact.emails[]?.value],
   anonymous_id: (if .contact.id then "aircall:contact:\(.contact.id)" else null end)};

# The customer waits only where they are the one who called.
def waited: if .direction == "inbound" and .started_at then ((.answered_at // .ended_at) as $until | if $until then $until - .started_at else null end) else null end;

def was_abandoned: .missed_call_reason // "" | IN("short_abandoned", "abandoned_in_ivr", "abandoned_in_classic");

# How it ended. A message that the caller left has an event of its own.
def ended:
  if .answered_at then {type: "call.completed", outcome: "answered", duration_s: (.duration | filled // (if .ended_at then .ended_at - .started_at else null end))}
  elif .voicemail then {type: "call.missed", outcome: "voicemail"}
  elif was_abandoned then {type: "call.abandoned", outcome: "abandoned"}
  else {type: "call.missed", outcome: "no_answer"} end;

def call($event; $at):
  . as $c
  # Told at once as call.hungup, half a minute later as call.ended, and again when it is tagged, commented, assigned or archived: each is
  # the record of the same end, with more in it.
  | (if $event == "call.hungup" then 0
     elif $event == "call.ended" then 1
     elif .status == "done" and ($event | IN("call.tagged", "call.untagged", "call.commented", "call.assigned", "call.archived")) then 2
     else null end) as $rank
  | {
      id: "\($event).\(.id).\($at)",
      channel: "call_centre",
      time: ($at | time_of),
      direction: .direction,
      conversation: "aircall:\(.id)",
      agent: (.user | named),
      queue: (.teams[0]?.name // .number.name),
      customer: caller,
      attributes: ({tags: [.tags[]?.name], missed_call_reason, hangup_cause, asset, number: .number.digits, call_uuid,
          assigned_to: (.assigned_to | named), transferred_by: (.transferred_by | named), external_transferred_to,
          ivr_options: [.ivr_options_selected[]? | .title? // .key?]} | with_entries(select(.value | filled)))
    }
  | if $rank != null then
      . + ($c | ended) + {id: "\($c.id).ended", version: (($at | number // 0) * 10 + $rank), time: (($c.ended_at // $at) | time_of), wait_s: ($c | waited),
        text: ([$c.comments[]?.content | select(filled)] | join("\n"))}
    elif $event == "call.created" then . + {type: "call.started", id: "\($c.id).created", time: (($c.started_at // $at) | time_of)}
    elif $event == "call.answered" then . + {type: "call.answered", id: "\($c.id).answered.\($c.user.id)", time: (($c.answered_at // $at) | time_of), wait_s: ($c | waited)}
    elif $event == "call.transferred" then . + {type: "call.transferred", agent: ($c.transferred_to | named // ($c.user | named))}
    elif $event == "call.external_transferred" then . + {type: "call.transferred", outcome: "transferred"}
    elif $event == "call.voicemail_left" then . + {type: "voicemail.left", id: "\($c.id).voicemail"}
    elif $event == "call.comm_assets_generated" then . + {type: "call.recorded"}
    else . end
  | nobody("aircall:\($c.id)");

# What is made of a recording names the call, and its speakers by their numbers.
def insight($event; $at):
  . as $d
  | [.content.utterances[]?] as $said
  | {
      id: "\($event).\(.call_id).\($at)",
      channel: "call_centre",
      type: (if $event == "transcription.created" then "call.recorded" else null end),
      time: ($at | time_of),
      conversation: "aircall:\(.call_id)",
      text: ([$said[] | .text | select(filled)] | join("\n")),
      customer: {phone: ([($said[] | select(.participant_type == "external")), (.participants[]? | select(.type == "external")) | .phone_number | phone | select(filled)] | unique)}
    }
  | nobody("aircall:\($d.call_id)");

# An automatic agent that takes calls: what it does is no person's answer.
def robot($event; $at):
  . as $d
  | {
      id: "\($event).\(.call_id).\($at)",
      channel: "call_centre",
      time: ($at | time_of),
      conversation: "aircall:\(.call_id)",
      agent: .ai_voice_agent_name,
      customer: {phone: (.external_caller_number | phone)}
    }
  | nobody("aircall:\($d.call_id)");

# ---- messages ----

def sent_as($event):
  if $event == "received" then "message.received"
  elif $event == "sent" then "message.sent"
  else {delivered: "message.delivered", read: "message.read", seen: "message.read", failed: "message.failed", undelivered: "message.failed"}[.status // "" | ascii_downcase] end;

def message($event; $at; $who; $conversation):
  . as $m
  | ($event | split(".")[1]) as $what
  | {
      id: ([$event, .id, (if $what == "received" or $what == "sent" then null else .status end), (if .group_conversation_id then $who else null end)] | map(select(filled)) | join(".")),
      channel: (if .channel == "whatsapp" then "chat" else "sms" end),
      type: sent_as($what),
      time: ($at | time_of),
      direction: (if $what == "received" or .direction == "inbound" then "inbound" else "outbound" end),
      conversation: $conversation,
      queue: .number.name,
      outcome: (if sent_as($what) == "message.failed" then .status else null end),
      text: .body,
      customer: {phone: $who, whatsapp: (if .channel == "whatsapp" then $who else null end), anonymous_id: (if .contact.id then "aircall:contact:\(.contact.id)" else null end)},
      attributes: ({number: .number.digits, media: [.media_details[]?.file_name]} | with_entries(select(.value | filled)))
    }
  | nobody("aircall:message:\($m.id)");

# Of a group, who wrote is one; what was written to it was written to each.
def messages($event; $at):
  ((.external_number // .raw_digits) | phone) as $who
  | if .group_conversation_id == null then message($event; $at; $who; ["aircall", .number.id, $who] | map(select(filled) | tostring) | join(":"))
    else
      ([if $who then $who else .participants[]? | phone | select(filled) end] | if . == [] then [null] else . end) as $them
      | message($event; $at; $them[]; "aircall:\(.group_conversation_id)")
    end;

# ---- who is who ----

def contact($event; $at):
  {
    id: "\($event).\(.id).\($at)",
    channel: "call_centre",
    type: "identify",
    time: ($at | time_of),
    customer: {phone: [.phone_numbers[]?.value], email: [.emails[]?.value], anonymous_id: "aircall:contact:\(.id)"},
    traits: ({first_name, last_name, company: .company_name} | with_entries(select(.value | filled)))
  };

# Agents, numbers, reports, marks that agents are given, and contacts that are gone: no contact with anybody.
def is_ours: . as $event
  | any("user.", "number.", "integration.", "analytics.", "call_evaluation.", "playbook_result.", "contact.deleted"; . as $start | $event | startswith($start));

# Links to recordings open them for whoever has the link.
def without_secrets: del(.token, .data.recording, .data.recording_short_url, .data.voicemail, .data.voicemail_short_url, .data.media_details, .data.media_url);

.body
| . as $e
| (.event // .event_name // "") as $event
| .timestamp as $at
| .data
| if type == "object" then . else {} end
| if $event | is_ours then empty
  elif $event | startswith("contact.") then contact($event; $at)
  elif $event | startswith("call.") then call($event; $at)
  elif $event | startswith("message.") or startswith("group_message.") then messages($event; $at)
  elif $event | startswith("ai_voice_agent.") then robot($event; $at)
  elif .call_id then insight($event; $at)
  else {id: "\($event).\(.id).\($at)", channel: "call_centre", time: ($at | time_of)} | nobody("aircall:\($event).\($at)") end
| if .type == "identify" then . else other("aircall"; $e | without_secrets) end
