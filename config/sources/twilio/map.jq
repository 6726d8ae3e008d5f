# Callbacks and webhooks are forms. Event Streams are lists of CloudEvents, whose data holds such a form, or has names of its own.
# What Twilio leaves out of a callback can stand in its address (?From=...): `params` has both.

# ---- addresses: a number, or a kind of address, a colon, and what it is there ----

# What is shown for a caller who withholds the number: a word, or the keys of a telephone that spell it (ANONYMOUS, RESTRICTED,
# BLOCKED, UNKNOWN, UNAVAILABLE), with or without a 1 in front.
def withheld:
  ascii_downcase as $shown
  | "|anonymous|restricted|blocked|unknown|unavailable|private|+266696687|+7378742833|+2562533|+8656696|+86282452253|+464|+1266696687|+17378742833|+12562533|+18656696|+186282452253|"
  | contains("|\($shown)|");

# sip:+442079460123@carrier.example.com;transport=tls is that number; sip:desk-7@... is a telephone of the company's.
def sip_user: .[4:] | split("@")[0];
def is_number: ltrimstr("+") | length >= 7 and (explode | all(. >= 48 and . <= 57));
def is_agent: type == "string" and (startswith("client:") or startswith("sim:") or (startswith("sip:") and (sip_user | is_number | not)));
def agent_name: if is_agent then (if startswith("sip:") then sip_user else split(":")[1:] | join(":") end) else null end;
def is_dialable: type == "string" and (startswith("sip:") and (sip_user | is_number) or is_number);

# WhatsApp leaves the 9 out of some Brazilian mobile numbers, and puts a 1 into Mexican ones: who calls would be another person.
def as_dialled:
  ltrimstr("+")
  | if startswith("55") and length == 12 and (.[4:5] | IN("6", "7", "8", "9")) then "+\(.[:4])9\(.[4:])"
    elif startswith("521") and length == 13 then "+52\(.[3:])"
    else "+" + . end;

# `other` is the company's side.
def identifiers($other):
  if type != "string" or . == "" or withheld or is_agent then []
  elif startswith("whatsapp:") then ltrimstr("whatsapp:") | [{type: "whatsapp", value: ltrimstr("+")}, {type: "phone", value: as_dialled}]
  elif startswith("messenger:") then [{type: "facebook", value: ltrimstr("messenger:"), scope: ($other // "" | ltrimstr("messenger:") | filled)}]
  elif startswith("sip:") then [{type: "phone", value: sip_user}]
  elif startswith("rcs:") then [{type: "phone", value: ltrimstr("rcs:")}]
  else [{type: "phone", value: .}] end;

# Of these members what there is.
def only($names): . as $all | reduce $names[] as $name ({}; if $all[$name] | filled then .[$name] = $all[$name] else . end);

def iso: if type == "string" and .[4:5] == "-" then . else null end;

# ---- voice ----

# A call that one of ours dialled for another call: a leg of that one.
def conversation: .ParentCallSid // "" | filled;

# Who is the customer, and which way it went. A leg that is dialled for a caller shows the caller's number as From, unless ?customer=to
# says that the called one is the customer.
def sides:
  if .customer == "to" then {direction: "outbound", who: .To, other: .From}
  elif .customer == "from" then {direction: "inbound", who: .From, other: .To}
  elif .Direction == null and .From == null then {direction: null, who: null, other: null}
  elif (.From | is_agent) and (.To | is_dialable) then {direction: "outbound", who: .To, other: .From}
  elif .Direction | IN("inbound", "outbound-dial", "trunking-originating") then {direction: "inbound", who: .From, other: .To}
  elif .Direction == null then {direction: null, who: .From, other: .To}
  else {direction: "outbound", who: .To, other: .From} end;

def call:
  . as $p
  | (conversation // .CallSid // .ConferenceSid) as $conversation
  | sides as $sides
  | {
      channel: "call_centre",
      direction: $sides.direction,
      conversation: $conversation,
      time: (.Timestamp | rfc2822 // iso),
      agent: (if conversation or $sides.direction == "outbound" then $sides.other | agent_name else null end),
      customer: {identifiers: ($sides.who | identifiers($sides.other))},
      attributes: (only(["From", "To", "CallStatus", "CallerName", "ForwardedFrom", "AnsweredBy", "StirVerstat", "SipResponseCode", "ErrorCode", "ErrorMessage"])
        + (if .ParentCallSid then {CallSid} else {} end))
    }
  | nobody("twilio:\($conversation)");

# The raw form, without what would let others act in the call, and without what is longer than a choice in a menu: it may be a PIN.
def raw: del(.CallToken, .PaymentToken, .customer) | if (.Digits // "" | length) > 2 then .Digits |= "\(length) digits" else . end;

def is_machine: .AnsweredBy // "" | startswith("machine") or . == "fax";

# A call ends once. How its caller left a queue, or how long somebody talked to them, is told besides the status that Twilio gives the call
# (which was answered, if only by a menu), and known better: the greater version.
def ended($version): {id: "\(.CallSid).ended", version: $version};

# Who hangs up before it is answered is the customer of an inbound call only.
def gave_up($direction): if $direction == "inbound" then {type: "call.abandoned", outcome: "abandoned"} else {type: "call.missed", outcome: "no_answer"} end;

def end_of($status; $seconds; $direction):
  if $status == "completed" then {type: "call.completed", duration_s: ($seconds | number), outcome: (if is_machine then "voicemail" elif $direction == "outbound" then "answered" else null end)}
  elif $status == "busy" then {type: "call.missed", outcome: "busy"}
  elif $status == "no-answer" then {type: "call.missed", outcome: "no_answer"}
  elif $status == "canceled" then gave_up($direction)
  elif $status == "failed" then {type: "call.failed", outcome: "failed"}
  else {} end;

# A request for TwiML while a call lasts: what was pressed or said in a menu. No person has answered.
def is_menu: .CallbackSource == null and (.Direction == "inbound" or .Digits or .SpeechResult);

def of_status:
  . as $p | call as $call
  | if .CallStatus | IN("queued", "initiated", "ringing") then $call + {id: "\(.CallSid).started", type: "call.started"}
    elif (.CallStatus | IN("in-progress", "answered")) and (is_menu | not) then
      $call + {id: "\(.CallSid).answered", type: "call.answered", outcome: (if is_machine then "voicemail" else "answered" end)}
    elif .CallStatus | IN("in-progress", "answered") then $call + {text: .SpeechResult}
    else end_of(.CallStatus; .CallDuration; $call.direction) as $final
      | $call + (if $final.type then ended(1) else {id: "\(.CallSid).\(.CallStatus // "call").\(.SequenceNumber // 0)"} end) + $final
      | .attributes += ($p | only(["RecordingSid", "RecordingUrl"])) end
  | other("twilio"; $p | raw);

# That a telephone of the company's rings, or is put down, is nothing to the caller; that somebody took it is.
def of_leg: if .CallStatus | IN("in-progress", "answered") then call + {id: "\(.ParentCallSid).\(.CallSid).answered", type: "call.answered", outcome: "answered"} else empty end;

# The end of <Dial>. Who talked to the caller has ended the call, and who hangs up while it rings; a caller whom nobody answers may be told something else.
# Of a call by an agent it is what became of the customer.
def of_dial:
  . as $p | call as $call
  | (if (.DialCallStatus | IN("completed", "answered")) and .DialBridged == "false" then "no-answer" elif .DialCallStatus == "answered" then "completed" else .DialCallStatus end) as $status
  | $call
  + (if $call.direction == "outbound" or $status == "completed" or $status == "canceled" then ended(2) else {id: "\(.CallSid).dial.\(.DialCallSid // $status)"} end)
  + end_of($status; .DialCallDuration; $call.direction)
  + (if $status == "completed" then {outcome: "answered"} else {} end)
  | .attributes += ($p | only(["DialCallStatus", "DialCallSid", "RecordingUrl"]))
  | other("twilio"; $p | raw);

def in_queue: call + {queue: (.Queue // .QueueSid), wait_s: (.QueueTime | number)};

# waitUrl asks again and again what to play.
def of_waiting: . as $p | in_queue + {id: "\(.CallSid).\(.QueueSid).queued", type: "call.queued"} | .attributes += ($p | only(["QueuePosition", "CurrentQueueSize", "AvgQueueTime"]));

# The url of <Queue> is asked for when the caller is put through, the action of <Enqueue> with `bridged` when they have talked.
def of_answer: in_queue + {id: "\(.CallSid).\(.QueueSid).answered", type: "call.answered", outcome: "answered"};

def of_queue:
  . as $p
  | if .QueueResult == "bridged" then of_answer
    else in_queue + {id: "\(.CallSid).\(.QueueSid).\(.QueueResult)"}
      + (if .QueueResult == "hangup" then ended(2) + {type: "call.abandoned", outcome: "abandoned"}
         elif .QueueResult == "queue-full" then {type: "call.missed", outcome: "busy"}
         elif .QueueResult | IN("redirected", "redirected-from-bridged") then {type: "call.transferred", outcome: "transferred"}
         elif .QueueResult | IN("error", "system-error") then {type: "call.failed", outcome: "failed"}
         else {} end)
      | other("twilio"; $p | raw) end;

# <Record> is how callers leave a message; its action and its status callback tell the same. Other recordings are of the talk.
def of_recording($by_caller):
  . as $p
  | (.RecordingSid // (.RecordingUrl // "" | split("/") | last)) as $sid
  | call
  + {id: "\($sid).recorded", duration_s: (.RecordingDuration | number), time: (.RecordingStartTime | rfc2822)}
  + (if $by_caller then {type: "voicemail.left", outcome: "voicemail"} else {type: "call.recorded"} end)
  | .attributes += ($p | only(["RecordingUrl", "RecordingSource", "RecordingChannels"]) + {RecordingSid: $sid})
  | .attributes |= del(.CallStatus);

def of_recording_status:
  . as $p
  | if .RecordingStatus == "completed" then of_recording(.RecordingSource == "RecordVerb")
    elif .RecordingStatus | IN("in-progress", "processing", "paused", "stopped", "absent") then empty
    else call + {id: "\(.RecordingSid).\(.RecordingStatus)"} | other("twilio"; $p | raw) end;

def of_transcription:
  . as $p
  | call + {id: .TranscriptionSid, type: (if .TranscriptionText | filled then "call.recorded" else null end), text: .TranscriptionText}
  | .attributes += ($p | only(["TranscriptionSid", "RecordingSid", "RecordingUrl"]))
  | other("twilio"; $p | raw);

# <Start><Transcription>: each utterance. What is not final is said again.
def of_live_transcription:
  . as $p
  | if .TranscriptionEvent == "transcription-content" and .Final != "false" then
      call + {id: "\(.TranscriptionSid).\(.SequenceId)", text: (.TranscriptionData // "" | (try (fromjson | .transcript) catch null)), attributes: only(["Track", "LanguageCode", "TranscriptionSid"])}
      | other("twilio"; $p | raw)
    elif .TranscriptionEvent == "transcription-error" then call + {id: "\(.TranscriptionSid).error"} | other("twilio"; $p | raw)
    else empty end;

def of_conference: . as $p | call + {id: "\(.ConferenceSid).\(.SequenceNumber)"} | other("twilio"; $p | raw);

# With what a request holds, whatever asked for it; the more special in front.
def voice:
  . as $p
  | if .TranscriptionEvent then of_live_transcription
    elif .TranscriptionSid then of_transcription
    elif .RecordingStatus then of_recording_status
    elif .StatusCallbackEvent and .ConferenceSid then of_conference
    elif .QueueResult then of_queue
    elif .DequeingCallSid then of_answer
    elif .QueuePosition then of_waiting
    elif .DialCallStatus then of_dial
    elif .RecordingUrl and .CallDuration == null then of_recording(true)
    elif .CallStatus == null then call + {id: "\(.CallSid).\(if .AnsweredBy then "amd" else "call" end)"} | other("twilio"; $p | raw)
    elif conversation and sides.direction == "inbound" then of_leg
    else of_status end;

# ---- messaging ----

def message_channel: . // "" | if startswith("whatsapp:") then "chat" elif startswith("messenger:") then "social" else "sms" end;

def media: . as $p | [range(0; ($p.NumMedia | number // 0)) | {url: $p["MediaUrl\(.)"], type: $p["MediaContentType\(.)"]} | select(.url)];

# Where Twilio's Advanced Opt-Out is off, it acts on these words itself and does not say so. YES may mean something else.
def opted:
  if .OptOutType then .OptOutType
  elif .From | message_channel != "sms" then null
  elif .Body // "" | length > 16 then null
  else (.Body // "" | ascii_upcase | split(" ") | join("")) as $word
    | if $word | IN("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT") then "STOP"
      elif $word | IN("START", "UNSTOP") then "START"
      else null end end;

def message($sid):
  {
    channel: ((if .From | message_channel != "sms" then .From else .To end) | message_channel),
    conversation: ([.From, .To] | map(select(filled)) | sort | join(" ")),
    attributes: only(["From", "To", "MessagingServiceSid", "ProfileName", "ErrorCode", "ErrorMessage", "ChannelStatusMessage", "RawDlrDoneDate"])
  };

def received:
  . as $p | (.MessageSid // .SmsSid) as $sid | opted as $opted
  | message($sid)
  + {type: ({STOP: "consent.withdrawn", START: "consent.given"}[$opted // ""] // "message.received"), id: "\($sid).received", direction: "inbound",
     time: (.Timestamp | iso), text: (.Body // "" | filled // $p.ButtonText // $p.ListTitle),
     customer: {identifiers: (.From | identifiers($p.To))}}
  | (if $p.WaId and .customer.identifiers[0].type == "whatsapp" then .customer.identifiers = ("whatsapp:" + $p.WaId | identifiers(null)) else . end)
  | .attributes += ($p | only(["OptOutType", "ButtonText", "ButtonPayload", "ListId", "ListTitle", "InteractiveData", "FlowData", "Latitude", "Longitude", "Address", "Label",
      "MessageType", "Forwarded", "OriginalRepliedMessageSid", "ReferralHeadline", "ReferralSourceUrl", "ReferralCtwaClid"]))
  | ($p | media) as $media | if $media == [] then . else .attributes.media = $media end
  | nobody("twilio:\($sid)");

def message_state($status):
  {sent: "message.sent", delivered: "message.delivered", partially_delivered: "message.delivered", read: "message.read",
    failed: "message.failed", undelivered: "message.failed", canceled: "message.failed"}[$status];

# What became of one that was sent. Before it is sent, nothing has happened between the two.
def told:
  . as $p | (.MessageSid // .SmsSid) as $sid | (.MessageStatus // .SmsStatus | ascii_downcase) as $status
  | if $status | IN("queued", "accepted", "scheduled", "sending") then empty
    else message($sid)
      + {id: "\($sid).\($status)", type: message_state($status), direction: "outbound", time: (.Timestamp | iso), text: .Body, customer: {identifiers: (.To | identifiers($p.From))},
         outcome: (if message_state($status) == "message.failed" then .ErrorMessage // .ErrorCode // $status else null end)}
      | nobody("twilio:\($sid)") | other("twilio"; $p) end;

def messaging: if .MessageStatus // .SmsStatus // "received" | ascii_downcase | IN("received", "receiving") then received else told end;

# ---- TaskRouter: work that waits for an agent, and who takes it ----

def task_attributes: .task_attributes // "" | (try fromjson catch null) | if type == "object" then . else {} end;

# What a task is of: of a call, a chat, or of something that has no word here.
def task_noun($a): if $a.call_sid or .task_channel_unique_name == "voice" then "call" elif .task_channel_unique_name | IN("chat", "sms", "messaging") then "chat" else null end;
def task_channel($noun; $a):
  ($a.channelType // .task_channel_unique_name // "" | ascii_downcase) as $by
  | if $noun == "call" then "call_centre"
    elif $by == "sms" then "sms"
    elif $by | IN("facebook", "messenger") then "social"
    elif $by == "email" then "email"
    elif $noun == "chat" then "chat"
    else "desk" end;

def is_outbound($a): $a.direction // "" | startswith("outbound");
def task_address($noun; $a):
  (if is_outbound($a) then $a.outbound_to // $a.to // $a.called else $a.customerAddress // $a.from // $a.caller end)
  | if type == "string" and ($noun == "call" or startswith("+") or contains(":")) then . else null end;
def task_customer($noun; $a):
  {identifiers: ((task_address($noun; $a) | identifiers($a.to)) + ($a.customers | if type == "object" then
    [{type: "customer_id", value: .external_id}, {type: "email", value: .email}, {type: "phone", value: .phone}] | map(select(.value | filled)) else [] end))};

# Of `event`, what of a noun has happened, and its id: a call's own, so that TaskRouter and the call's callbacks tell its end once.
def task_state($event; $noun; $a):
  ($a.call_sid // .task_sid) as $sid
  | if $noun == null then {}
    elif $event == "task.created" then {type: "\($noun).queued", id: "\(.task_sid).queued"}
    elif $event == "reservation.accepted" then
      {type: "\($noun).answered", outcome: "answered", wait_s: ((if .task_transfer_sid then .task_age_in_queue else .task_age end) | number), id: "\(.reservation_sid // .task_sid).answered"}
    elif $event == "task-queue.moved" or $event == "task.transfer-initiated" then {type: "\($noun).transferred", outcome: "transferred"}
    elif $event == "task.canceled" and (is_outbound($a) or ((.task_canceled_reason // "" | ascii_downcase) | contains("ttl")))
      then {type: (if $noun == "call" then "call.missed" else "\($noun).abandoned" end), outcome: "no_answer", wait_s: (.task_age | number), id: "\($sid).ended", version: 2}
    elif $event == "task.canceled" then {type: "\($noun).abandoned", outcome: "abandoned", wait_s: (.task_age | number), id: "\($sid).ended", version: 2}
    elif $event == "task.wrapup" or $event == "task.completed" then {type: "\($noun).completed", outcome: "answered", duration_s: (.task_age | number), id: "\($sid).ended", version: 2}
    else {} end;

# What goes on between the router and its agents, until one accepts.
def is_routing($event):
  ($event | split(".")[0] | IN("worker", "workflow", "workspace", "activity", "reservation", "task-queue")) and ($event | IN("reservation.accepted", "task-queue.moved") | not)
  or ($event | IN("task.updated", "task.deleted", "task.system-deleted", "task.transfer-completed"));

def task($event; $id; $time):
  . as $t
  | if is_routing($event) then empty
    else task_attributes as $a
      | task_noun($a) as $noun
      | ($a.call_sid // $a.conversationSid // $a.channelSid // .task_sid) as $conversation
      | {
          id: $id,
          channel: task_channel($noun; $a),
          time: $time,
          direction: (if is_outbound($a) then "outbound" else "inbound" end),
          conversation: $conversation,
          agent: .worker_name,
          queue: (.task_queue_name // .workflow_name),
          customer: task_customer($noun; $a),
          attributes: only(["task_sid", "task_channel_unique_name", "task_priority", "task_canceled_reason", "task_completed_reason", "previous_task_queue_name", "transfer_mode"])
        }
      + task_state($event; $noun; $a)
      | nobody("twilio:\($conversation // $id)")
      | other("twilio"; $t | {eventtype: $event} + . | del(.worker_attributes)) end;

# TaskSid is task_sid in Event Streams.
def snake: explode | map(if . >= 65 and . <= 90 then 95, . + 32 else . end) | implode | ltrimstr("_");
def task_callback: . as $p | with_entries(.key |= snake) | task($p.EventType; $p.Sid; $p.Timestamp | seconds);

# ---- forms ----

def callback($digest):
  . as $p
  | if .WorkspaceSid and .EventType then task_callback
    elif .MessageSid or .SmsSid then messaging
    elif .CallSid or .ConferenceSid then voice
    else {channel: "call_centre"} | nobody("twilio:" + $digest) | other("twilio"; $p | raw) end;

# ---- Event Streams ----

# messageSid and call_sid are MessageSid and CallSid in callbacks.
def pascal: split("_") | map((.[:1] | ascii_upcase) + .[1:]) | join("");
def as_callback: with_entries(.key |= pascal);

# How Voice Insights words the summary of a call.
def summary_as_callback:
  {CallSid: .call_sid, From: .from.caller, To: .to.callee, Direction: (.properties.direction // "" | split("_") | join("-") | filled),
    CallDuration: .connect_duration, AnsweredBy: .answered_by, Timestamp: .end_time,
    CallStatus: ({fail: "failed", noanswer: "no-answer"}[.call_state // ""] // .call_state), CallbackSource: "insights"};

# Whose kind of event is no contact: of programs, of agents, of registrations; and of calls, what measures them.
def is_no_contact:
  startswith("com.twilio.voice.api-request.") or startswith("com.twilio.voice.media.") or startswith("com.twilio.error-logs.") or startswith("com.twilio.iam.") or startswith("com.twilio.apiusage.")
  or startswith("com.twilio.messaging.compliance.") or startswith("com.twilio.lookup.") or startswith("com.twilio.video.insights.") or startswith("com.twilio.studio.flow.step.")
  or (startswith("com.twilio.voice.insights.") and (IN("com.twilio.voice.insights.call-summary.complete", "com.twilio.voice.insights.call-summary.predicted-complete") | not));

def unknown($event):
  ($event.data | if type == "object" then .ConversationSid // null else null end) as $conversation
  | {channel: (if $conversation then "chat" else "call_centre" end), conversation: $conversation, id: $event.id}
  | nobody("twilio:\($conversation // $event.id)")
  | other("twilio"; $event);

def of_voice($event; $data):
  ($data.request.parameters | if type == "object" then as_callback else {} end)
  | .CallSid = (.CallSid // $data.sid) | .Timestamp = (.Timestamp // $data.timestamp)
  | (if $event.type | contains("status-callback.call.") then
      .CallStatus = (.CallStatus // ($event.type | split(".") | last)) | .CallbackSource = (.CallbackSource // "call-progress-events")
    else . end)
  | voice;

# The event's id and time, where it is not told otherwise by a callback, too.
def of_event:
  . as $event
  | (.data | if type == "string" then (try fromjson catch {}) else . // {} end) as $data
  | (.type // "") as $type
  | if $type | is_no_contact then empty
    else
      (if $type | startswith("com.twilio.taskrouter.") then $data.payload // $data | task($type | ltrimstr("com.twilio.taskrouter."); $event.id; .timestamp // $event.time)
       elif $type == "com.twilio.messaging.inbound-message.received" then $data | as_callback | received
       elif $type | startswith("com.twilio.messaging.message.") then $data | as_callback | .MessageStatus = ($type | split(".") | last) | told
       elif $type | startswith("com.twilio.voice.insights.call-summary.") then $data | summary_as_callback | if .Direction == "outbound-dial" then empty else of_status end
       elif ($type | startswith("com.twilio.voice.")) and ($data.sid or $data.request.parameters) then of_voice($event; $data)
       elif $type == "com.twilio.eventstreams.test-event" then unknown($event) | .id = "test.\($data.test_id)"
       else unknown($event) end)
      | .id = (.id // $event.id) | .time = (.time // $event.time) end;

.body_sha256 as $digest
| (.query // {} | del(.bodySHA256)) as $query
| if .body then (.body | if type == "array" then .[] else . end | each(of_event)) else $query + (.form // {}) | callback($digest) end
