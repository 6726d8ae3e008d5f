# One record a leg, when the leg has ended: as JSON, as a form `cdr=` with JSON in it, or with that in base64. Of a call the leg of
# the customer tells it; what the company's own phones do belongs to it, or is no contact.

# ---- what was posted ----

# A file of err-log-dir is what the form would have held, without cdr= in front. Where the headers are replaced
# (disable-100-continue) base64 comes as a form, in which + has become a blank.
def of_form:
  (if .form then .form.cdr else .text end)
  | if type != "string" then null
    else ltrimstr("cdr=")
      | (if startswith("%") then percent_decoded else . end)
      | if startswith("{") then (try fromjson catch null)
        else split("\n") | join("") | split(" ") | join("+") | (try (@base64d | fromjson) catch null) end end;

# Several where files of err-log-dir are sent together. A form of encoded values is broken by FreeSWITCH itself: it does not encode
# what is encoded, so that the quotes within values are like those around them.
def records:
  (.body // of_form) | if type == "array" then .[] else . end
  | if type == "object" then . else error("no record of mod_json_cdr; with encode=true, encode-values must be false") end;

# Variables are percent-encoded unless encode-values says no; what is in callflow never is. There are hundreds, of which these are
# looked at.
def variables:
  .variables // {} | . as $all
  | reduce (
      "uuid", "call_uuid", "direction", "call_direction", "user_name", "dialed_user", "originator", "originating_leg_uuid", "caller_id_name", "caller_id_number",
      "sip_from_user", "destination_number", "sip_to_user", "start_uepoch", "start_epoch", "answer_uepoch", "answer_epoch", "bridge_uepoch", "bridge_epoch",
      "duration", "billsec", "waitsec", "hold_accum_seconds", "hangup_cause", "originate_disposition", "sip_hangup_disposition", "conference_name",
      "fifo_bridge_uuid", "transfer_history", "voicemail_message_len", "voicemail_account", "last_app", "last_arg", "cc_side", "cc_queue", "cc_agent", "cc_cause",
      "cc_cancel_reason", "cc_exit_key", "cc_member_uuid", "cc_queue_joined_epoch", "cc_queue_answered_epoch", "cc_queue_canceled_epoch", "cc_record_filename",
      "record_path", "accountcode", "rtp_audio_in_mos"
    ) as $name ({}; $all[$name] as $value | if $value == null then . else .[$name] = ($value | percent_decoded) end);

# The newest profile is in front: a transfer makes another one. The last is how the leg began.
def profile: [.callflow // empty] | flatten | last | .caller_profile | if type == "object" then . else {} end;

# ---- who ----

def is_number: type == "string" and (ltrimstr("+") | length >= 7 and (explode | all(. >= 48 and . <= 57)));
def withheld: . == null or (ascii_downcase | IN("", "anonymous", "restricted", "unavailable", "unknown", "private", "asserted", "invalid", "0000000000"));

# A leg that another one called: it is part of that one's call.
def is_called_by_a_leg($profile): $profile.originator or .originator or .originating_leg_uuid or .cc_side == "agent";

# A phone that has logged in as a user, and shows no number that somebody outside could have.
def is_own_phone($caller): .user_name != null and ($caller | is_number | not);

# Who is the customer's side: "inbound", "outbound", or null of what no customer is in.
def direction($leg; $profile; $caller; $called):
  if is_called_by_a_leg($profile) then null
  elif .call_direction == "inbound" or .call_direction == "outbound" then .call_direction
  elif .call_direction == "local" then null
  elif $leg == "outbound" then (if .dialed_user == null and ($called | is_number) then "outbound" else null end)
  elif is_own_phone($caller) then (if $called | is_number then "outbound" else null end)
  else "inbound" end;

# ---- what became of it ----

def at($name): .[$name] | number | if . == null or . <= 0 then null else . end;
def between($from; $to): if $from == null or $to == null or $to < $from then null else $to - $from end;

def began: at("start_uepoch") // (at("start_epoch") | if . then . * 1000000 else null end);
def is_answered: (at("answer_uepoch") // at("answer_epoch")) != null;
def bridged_at: (at("bridge_uepoch") | if . then . / 1000000 else null end) // at("bridge_epoch");

# Who hears their messages has its length set, too.
def has_left_a_message: (.voicemail_message_len | filled) != null and (.last_arg // "" | startswith("check") | not);

# Who left a queue, or was sent out of it, may have been put through elsewhere afterwards.
def has_left_the_queue: .cc_cause == "cancel" and (bridged_at as $at | $at == null or $at < (at("cc_queue_canceled_epoch") // 0));

# What became of the leg to the agent is told of the caller's beside the cause, which is the menu's then.
def cause: if .hangup_cause == "NORMAL_CLEARING" and .originate_disposition and .originate_disposition != "SUCCESS" then .originate_disposition else .hangup_cause // "" end;

# Of a call that nobody took. Who hangs up before is the customer of an inbound call only.
def unanswered($direction):
  cause
  | if IN("NO_ANSWER", "NO_USER_RESPONSE", "ALLOTTED_TIMEOUT", "PROGRESS_TIMEOUT", "RECOVERY_ON_TIMER_EXPIRE", "SUBSCRIBER_ABSENT", "USER_NOT_REGISTERED") then ["call.missed", "no_answer"]
    elif IN("USER_BUSY", "CALL_REJECTED") then ["call.missed", "busy"]
    elif IN("ORIGINATOR_CANCEL", "NORMAL_CLEARING") then (if $direction == "inbound" then ["call.abandoned", "abandoned"] else ["call.missed", "no_answer"] end)
    else ["call.failed", "failed"] end;

# The type and the outcome. A menu that answers is nobody who took the call.
def fate($direction):
  if has_left_a_message then ["voicemail.left", "voicemail"]
  elif has_left_the_queue then (if .cc_cancel_reason | IN("TIMEOUT", "NO_AGENT_TIMEOUT") then ["call.missed", "no_answer"] else ["call.abandoned", "abandoned"] end)
  elif is_answered then ["call.completed", (if $direction == "outbound" or bridged_at or .conference_name or .fifo_bridge_uuid then "answered" else null end)]
  else unanswered($direction) end;

def waited:
  if .cc_queue_joined_epoch then
    at("cc_queue_joined_epoch") as $joined
    | if has_left_the_queue then between($joined; at("cc_queue_canceled_epoch"))
      elif .cc_cause == "cancel" then between($joined; bridged_at | floor)
      else between($joined; at("cc_queue_answered_epoch")) end
  elif bridged_at then .waitsec | number
  elif is_answered then null
  else .duration | number end;

def agent($direction; $caller): .cc_agent // (if $direction == "outbound" then .user_name elif bridged_at then .dialed_user else null end);

.body_sha256 as $digest
| records as $record
| ($record | variables) as $v
| ($record | profile) as $p
| ($p.caller_id_number // "" | filled // $v.caller_id_number // $v.sip_from_user) as $caller
| ($p.destination_number // "" | filled // $v.destination_number // $v.sip_to_user) as $called
| if $v.uuid == null then {channel: "call_centre"} | nobody("freeswitch:" + $digest) | other("freeswitch"; $record)
  else
    ($v | direction($v.direction // $record.channel_data.direction; $p; $caller; $called)) as $direction
    | if $direction == null then empty
      else $v
        | fate($direction) as $fate
        | {
            id: .uuid,
            channel: "call_centre",
            type: $fate[0],
            time: (began | microseconds),
            direction: $direction,
            conversation: (.call_uuid // .uuid),
            agent: agent($direction; $caller),
            queue: .cc_queue,
            wait_s: (if $direction == "inbound" then waited else null end),
            duration_s: (.duration | number),
            outcome: $fate[1],
            customer: {phone: ((if $direction == "inbound" then $caller else $called end) | if withheld then null else . end)},
            attributes: ({caller_id_name: (if $direction == "inbound" then $p.caller_id_name // "" | filled // $v.caller_id_name else null end), destination_number: $called, hangup_cause, originate_disposition,
                sip_hangup_disposition, billsec, hold_accum_seconds, cc_cancel_reason, cc_exit_key, cc_member_uuid, voicemail_account, voicemail_message_len, conference_name, transfer_history,
                record_path: (.cc_record_filename // .record_path), accountcode, rtp_audio_in_mos}
              | with_entries(select(.value | filled)))
          }
        | nobody("freeswitch:" + $v.uuid) end
  end
