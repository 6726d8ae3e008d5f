# One record a leg, when it has ended: as JSON, as a form `cdr=` with JSON in it, or that in base64. Values are percent-encoded unless
# encode-values says no.

def of_form:
  (if .form then .form.cdr else (.text | if type == "string" then ltrimstr("cdr=") | percent_decoded else null end) end)
  | if type != "string" then null
    elif startswith("{") then (try fromjson catch null)
    else (try (@base64d | fromjson) catch null) end;

# +, which a form would have as a blank, is what numbers begin with.
def plain: if type == "string" then percent_decoded else . end;

def at($name): .[$name] | number | if . == null or . == 0 then null else . end;
def between($from; $to): if $from == null or $to == null or $to < $from then null else ($to - $from) end;

# Who hung up on whom, of a leg that nobody took.
def unanswered: {NO_ANSWER: "no_answer", NO_USER_RESPONSE: "no_answer", ALLOTTED_TIMEOUT: "no_answer", USER_BUSY: "busy", CALL_REJECTED: "no_answer", ORIGINATOR_CANCEL: "abandoned"}[.hangup_cause // ""] // "failed";

def type_of($answered):
  if .cc_cause == "cancel" then "call.abandoned"
  elif (.voicemail_message_len | number // 0) > 0 then "voicemail.left"
  elif $answered then "call.completed"
  else {no_answer: "call.missed", busy: "call.missed", abandoned: "call.abandoned", failed: "call.failed"}[unanswered] end;

# The leg to an agent is part of the caller's call, which is told by its own record.
def is_agents_leg: .direction == "outbound" and (.cc_agent or .originating_leg_uuid or .originate_signal_bond);

.body_sha256 as $digest
| (.body // of_form) as $record
| ($record.variables // {} | map_values(plain)) as $v
| if ($v | is_agents_leg) then empty
  elif $v.uuid == null then {channel: "call_centre"} | nobody("freeswitch:" + $digest) | other("freeswitch"; $record)
  else
    ($v | at("answer_uepoch")) as $answered
    | ($v | at("start_uepoch")) as $began
    | ($v.direction == "outbound") as $ours
    | $v
    | {
        id: .uuid,
        channel: "call_centre",
        type: type_of($answered),
        time: ($began | microseconds),
        direction: (if $ours then "outbound" else "inbound" end),
        conversation: (.call_uuid // .uuid),
        agent: (.cc_agent // null),
        queue: (.cc_queue // null),
        wait_s: (if .cc_queue_joined_epoch then between(at("cc_queue_joined_epoch"); at("cc_queue_answered_epoch") // at("cc_queue_canceled_epoch")) else (.waitsec | number) end),
        duration_s: (.duration | number),
        outcome: (if .cc_cause == "cancel" then "abandoned" elif (.voicemail_message_len | number // 0) > 0 then "voicemail" elif $answered then "answered" else unanswered end),
        customer: {phone: (if $ours then (.destination_number // .callee_id_number) else (.caller_id_number // .effective_caller_id_number // .sip_from_user) end)},
        attributes: ({caller_id_name, destination_number, hangup_cause, billsec, sip_hangup_disposition, cc_cancel_reason, cc_member_uuid, endpoint_disposition, record_path: (.cc_record_filename // .record_path)}
          | with_entries(select(.value | filled)))
      }
    | (if .customer.phone == "anonymous" or .customer.phone == "0000000000" then .customer.phone = null else . end)
    | nobody("freeswitch:" + $v.uuid)
  end
