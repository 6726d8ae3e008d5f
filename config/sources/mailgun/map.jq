# One event a request, in `event-data`; `signature` beside it is for the daemon. Routes and the webhooks of before 2018 post forms, whose
# members are put where an event has them.

def one: if type == "array" then .[0] else . end;

# The first of "<1@mg.example.com> <2@mg.example.com>" without the brackets, as events have it.
def message_id: one | if type != "string" then null else (split(">")[0] // "") | ltrimstr("<") | (split(" ")[0] // "") | filled end;

# "Ann Example <ann@example.com>" without the name; nothing of several addresses.
def address: if type != "string" then null elif contains(">,") then null elif contains("<") then (split("<")[-1] | split(">")[0]) else . end;

def header($name): (."message-headers" | one | try fromjson catch null | arrays | map(select(type == "array" and .[0] == $name)) | .[0][1]?) // null;

# A mail that a route has taken, told once to whichever of the company's addresses. A thread is named by the mail that began it.
def of_route:
  (."Message-Id" // ."message-id" // header("Message-Id") | message_id) as $id
  | {event: "stored", id: $id, timestamp: (.timestamp | one), recipient: (.recipient | one), text: ((."stripped-text" | one | filled) // (."body-plain" | one)),
     thread: ((.References // header("References") | message_id) // (."In-Reply-To" // header("In-Reply-To") | message_id) // $id),
     message: {headers: {from: ((.from | one | filled) // (.sender | one)), subject: ((.subject // .Subject) | one), "message-id": $id}},
     storage: {url: (."message-url" | one)}};

def of_older:
  (."Message-Id" // ."message-id" // header("Message-Id") | message_id) as $id
  | {event: (.event | one), id: (.token | one), timestamp: (.timestamp | one), recipient: (.recipient | one), url: (.url | one), ip: (.ip | one), tags: (.tag // ."X-Mailgun-Tag"),
     message: {headers: {"message-id": $id, subject: header("Subject")}}, "client-info": {"user-agent": (."user-agent" | one)}, reason: (.reason | one),
     "delivery-status": {code: (.code | one), description: ((.error // .description) | one)},
     "user-variables": {customer_id: (.customer_id | one), user_id: (.user_id | one)}}
  | map_values(if type == "object" then (with_entries(select(.value | filled)) | filled) else filled end);

# `dropped` and `bounced` are words of older webhooks.
def type_of:
  .event as $event
  | {accepted: "email.accepted", delivered: "email.delivered", rejected: "email.dropped", opened: "email.opened", clicked: "email.clicked",
     complained: "email.complained", unsubscribed: "email.unsubscribed", stored: "email.received", dropped: "email.dropped", bounced: "email.bounced"}[$event // ""]
  // (if $event == "failed" then (if .severity == "temporary" then "email.deferred" else "email.bounced" end) else null end);

# Of a mail that came in, the customer is who wrote it. One that was rejected has no recipient yet.
def customer:
  if .event == "stored" then {email: (.message.headers.from // .envelope.sender | address)}
  else {email: ((.recipient | filled) // .message.headers.to | address)} end;

def outcome: ."delivery-status" as $status | (($status.description | filled) // ($status.message | filled) // .reject.reason // null);

def kept: {reason, severity, tags, url, ip, geolocation, "client-info", campaigns, "delivery-status", "user-variables", storage, recipient: (if .event == "stored" then .recipient else null end)}
  | map_values(if type == "object" then (with_entries(select(.value != null)) | filled) else filled end) | with_entries(select(.value != null));

.form as $form
| (if $form == null then .body."event-data" // .body elif $form.event then ($form | of_older) else ($form | of_route) end) as $e
| $e
| {
    id: .id,
    channel: "email",
    type: type_of,
    time: (.timestamp | seconds),
    direction: (if .event == "stored" then "inbound" else "outbound" end),
    conversation: (.thread // .message.headers."message-id"),
    subject: .message.headers.subject,
    text: .text,
    outcome: (if type_of == "email.bounced" or type_of == "email.deferred" or type_of == "email.dropped" then outcome else null end),
    customer: customer,
    attributes: kept
  }
| .customer.customer_id = ($e."user-variables" | if type == "object" then .customer_id // .user_id else null end)
| nobody("mailgun:\($e.message.headers."message-id" // $e.id)")
| other("mailgun"; if $form then $form | del(.timestamp, .token, .signature) else $e end)
