# One event a request, in `event-data`; `signature` beside it is for the daemon.

def type_of:
  .event as $event
  | {accepted: "email.accepted", delivered: "email.delivered", rejected: "email.dropped", opened: "email.opened", clicked: "email.clicked",
     complained: "email.complained", unsubscribed: "email.unsubscribed", stored: "email.received"}[$event // ""]
  // (if $event == "failed" then (if .severity == "temporary" then "email.deferred" else "email.bounced" end) else null end);

# "Ann Example <ann@example.com>" without the name.
def address: if type != "string" then null elif contains("<") then (split("<")[-1] | split(">")[0]) else . end;

# Of a mail that came in, the customer is who wrote it.
def customer:
  if .event == "stored" then {email: (.message.headers.from // .envelope.sender | address)} else {email: .recipient} end;

def outcome: ."delivery-status" as $status | (($status.description | filled) // ($status.message | filled) // .reject.reason // null);

def kept: {reason, severity, tags, url, ip, geolocation, "client-info", campaigns, "delivery-status", "user-variables", storage}
  | with_entries(select(.value | filled));

(.body."event-data" // .body) as $e
| $e
| {
    id: .id,
    channel: "email",
    type: type_of,
    time: (.timestamp | seconds),
    direction: (if .event == "stored" then "inbound" else "outbound" end),
    conversation: .message.headers."message-id",
    subject: .message.headers.subject,
    outcome: (if type_of == "email.bounced" or type_of == "email.deferred" or type_of == "email.dropped" then outcome else null end),
    customer: customer,
    attributes: kept
  }
| .customer.customer_id = ($e."user-variables" | if type == "object" then .customer_id // .user_id else null end)
| nobody("mailgun:\($e.message.headers."message-id" // $e.id)")
| other("mailgun"; $e)
