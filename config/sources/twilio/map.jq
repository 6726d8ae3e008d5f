# Callbacks are forms; Event Streams are lists of CloudEvents, whose data is like such a form or has names of its own.

# Numbers that carriers show for a caller who withholds theirs: the keys of a telephone that spell ANONYMOUS, RESTRICTED and so on.
def withheld: . == "+266696687" or . == "+7378742833" or . == "+2562533" or . == "+8656696" or . == "+86282452253"
  or . == "+464" or . == "anonymous" or . == "Anonymous";

# An address of Twilio's: a number, or a kind of address, a colon and what it is there. `other` is the company's side.
def identifier($other):
  if . == null or . == "" or withheld then null
  elif startswith("whatsapp:") then {type: "whatsapp", value: ltrimstr("whatsapp:")}
  elif startswith("messenger:") then {type: "facebook", value: ltrimstr("messenger:"), scope: ($other // "" | ltrimstr("messenger:") | filled)}
  elif startswith("client:") or startswith("sip:") or startswith("sim:") then null
  else {type: "phone", value: .} end;

def customer($who; $other): {identifiers: [$who | identifier($other) // empty]};

# ---- voice ----

# A leg that a call of the caller's dialled is told of with the caller's number as From, like the call itself.
def is_inbound: .Direction == "inbound" or .Direction == "outbound-dial";

def call:
  . as $p
  | (.ParentCallSid // .CallSid) as $conversation
  | {
      channel: "call_centre",
      direction: (if is_inbound then "inbound" else "outbound" end),
      conversation: $conversation,
      time: (.Timestamp | rfc2822),
      customer: (if is_inbound then customer(.From; .To) else customer(.To; .From) end),
      attributes: ({From, To, CallStatus, CallerName, ForwardedFrom, CallSid, AnsweredBy, StirVerstat}
        | with_entries(select(.value)))
    }
  | nobody("twilio:" + $conversation);

# How a leg ended or goes on, in the vocabulary.
def call_state($status; $seconds):
  if $status == "queued" or $status == "initiated" or $status == "ringing" then {type: "call.started"}
  elif $status == "in-progress" or $status == "answered" then {type: "call.answered"}
  elif $status == "completed" then {type: "call.completed", outcome: "answered", duration_s: ($seconds | number)}
  elif $status == "busy" then {type: "call.missed", outcome: "busy"}
  elif $status == "no-answer" then {type: "call.missed", outcome: "no_answer"}
  elif $status == "canceled" then {type: "call.abandoned", outcome: "abandoned"}
  elif $status == "failed" then {type: "call.failed", outcome: "failed"}
  else {} end;

def recorded:
  . as $p | call
  + {type: "call.recorded", id: "\($p.CallSid).\($p.RecordingSid // "recording")", duration_s: ($p.RecordingDuration | number),
     time: ($p.RecordingStartTime | rfc2822)}
  | .attributes += ($p | {RecordingSid, RecordingUrl, RecordingStatus});

def transcribed:
  . as $p | call
  + {type: "call.recorded", id: "\($p.CallSid).\($p.TranscriptionSid)", text: $p.TranscriptionText}
  | .attributes += ($p | {TranscriptionSid, RecordingSid, RecordingUrl});

# The end of <Enqueue>: how long the caller waited, and for what.
def queued:
  . as $p | call
  + {id: "\($p.CallSid).queue.\($p.QueueResult)", queue: ($p.QueueSid // $p.Queue), wait_s: ($p.QueueTime | number)}
  + (if $p.QueueResult == "bridged" then {type: "call.answered", outcome: "answered"}
     elif $p.QueueResult == "hangup" then {type: "call.abandoned", outcome: "abandoned"}
     else {} end)
  | other("twilio"; $p);

# The end of <Dial>: what became of the leg that was dialled.
def dialled:
  . as $p | call
  + {id: "\($p.CallSid).dial.\($p.DialCallSid // $p.DialCallStatus)"}
  + call_state($p.DialCallStatus; $p.DialCallDuration)
  | other("twilio"; $p);

def voice:
  . as $p
  | if .TranscriptionText then transcribed
    elif .RecordingStatus then recorded
    elif .QueueResult then queued
    elif .DialCallStatus then dialled
    else call
      + {id: "\($p.CallSid).\($p.CallStatus)\(if $p.SequenceNumber then ".\($p.SequenceNumber)" else "" end)"}
      + call_state($p.CallStatus; $p.CallDuration)
      | other("twilio"; $p) end;

# ---- messaging ----

def message_channel($address):
  ($address // "") | if startswith("whatsapp:") then "chat" elif startswith("messenger:") then "social" else "sms" end;

def media: . as $p | [range(0; ($p.NumMedia | number // 0)) | {url: $p["MediaUrl\(.)"], type: $p["MediaContentType\(.)"]}];

# Words that Twilio itself acts on, where the service has opt-out on.
def received_type:
  if .OptOutType == "STOP" then "consent.withdrawn" elif .OptOutType == "START" then "consent.given" else "message.received" end;

def message($sid):
  {
    channel: message_channel(.From),
    conversation: "\([.From, .To] | sort | join(" "))",
    attributes: ({From, To, MessagingServiceSid, ProfileName, ButtonText, OptOutType, ErrorCode, ErrorMessage, SmsStatus: .MessageStatus}
      | with_entries(select(.value)))
  }
  | nobody("twilio:" + $sid);

def received:
  . as $p | (.MessageSid // .SmsSid) as $sid
  | message($sid)
  + {type: received_type, id: "\($sid).received", direction: "inbound", text: .Body,
     customer: customer(.From; .To)}
  | (if .customer.identifiers[0].type == "whatsapp" and $p.WaId then .customer.identifiers[0].value = $p.WaId else . end)
  | (if ($p | media | length) > 0 then .attributes.media = ($p | media) else . end)
  | nobody("twilio:" + $sid);

def message_state($status):
  if $status == "sent" then {type: "message.sent"}
  elif $status == "delivered" or $status == "partially_delivered" then {type: "message.delivered"}
  elif $status == "read" then {type: "message.read"}
  elif $status == "failed" or $status == "undelivered" or $status == "canceled" then {type: "message.failed"}
  else {} end;

# Before it is sent, nothing has happened between the two.
def is_on_its_way: . == "queued" or . == "accepted" or . == "scheduled" or . == "sending";

def told:
  . as $p | (.MessageSid // .SmsSid) as $sid | (.MessageStatus // .SmsStatus) as $status
  | if $status | is_on_its_way then empty else
  message($sid)
  + {id: "\($sid).\($status)", direction: "outbound", customer: customer(.To; .From), outcome: (.ErrorMessage // .ErrorCode)}
  + message_state($status)
  | nobody("twilio:" + $sid) | other("twilio"; $p) end;

def messaging: (.MessageStatus // .SmsStatus) as $status | if $status == null or $status == "received" then received else told end;

def callback($digest):
  . as $p
  | if .MessageSid or .SmsSid then messaging
    elif .CallSid then voice
    else {channel: "call_centre"} | nobody("twilio:" + $digest) | other("twilio"; $p) end;

# ---- Event Streams ----

# Names as callbacks have them: messageSid is MessageSid.
def as_callback: with_entries(.key |= ((.[:1] | ascii_upcase) + .[1:]));

def task_attributes: (.task_attributes // "{}") | try fromjson catch {};

def task_state($type):
  if $type == "task.created" then {type: "call.queued"}
  elif $type == "reservation.accepted" then {type: "call.answered", outcome: "answered"}
  elif $type == "task.canceled" then {type: "call.abandoned", outcome: "abandoned"}
  elif $type == "task.completed" then {type: "call.completed", outcome: "answered"}
  elif $type == "task.transfer-initiated" then {type: "call.transferred", outcome: "transferred"}
  else {} end;

# A task is not told by its worker, whose attributes it may carry beside the caller's.
def task($type; $id):
  (.payload // .) as $t | ($t | task_attributes) as $a
  | ($a.call_sid // $t.task_sid) as $conversation
  | {channel: "call_centre", direction: "inbound", conversation: $conversation, agent: $t.worker_name,
     queue: ($t.task_queue_name // $t.workflow_name), wait_s: (if $type == "reservation.accepted" or $type == "task.canceled" then $t.task_age | number else null end),
     customer: customer($a.from // $a.caller; $a.to // $a.called), attributes: ({task_sid: $t.task_sid, reason: $t.task_canceled_reason} | with_entries(select(.value)))}
  + task_state($type)
  | nobody("twilio:" + ($conversation // $id));

def of_event:
  . as $event | (.data // {}) as $d
  | (if .type | startswith("com.twilio.taskrouter.") then $d | task($event.type | ltrimstr("com.twilio.taskrouter."); $event.id)
     elif .type == "com.twilio.messaging.inbound-message.received" then $d | as_callback | received
     elif .type | startswith("com.twilio.messaging.message.") then
       $d | as_callback | .MessageStatus = ($event.type | ltrimstr("com.twilio.messaging.message.")) | told
     elif $d.request.parameters.CallSid then $d.request.parameters | voice
     elif $d.CallSid or $d.callSid or $d.call_sid then
       $d | as_callback | .CallSid = (.CallSid // .Call_sid) | call + {type: null}
     else {channel: "call_centre"} | nobody("twilio:" + $event.id) end)
  + {id: .id, time: .time}
  | if (.type // "twilio.other") == "twilio.other" then .type = null | .attributes.event = null | other("twilio"; $event) else . end;

.body_sha256 as $digest
| if .body then (.body | if type == "array" then .[] else . end | of_event) else .form // {} | callback($digest) end
