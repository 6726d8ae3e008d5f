# SNS puts SES's JSON as text into Message. SES has it in two forms, notifications (notificationType) and published events (eventType), whose
# members are alike; of each recipient it is an interaction of their own.

def tag($name): .mail.tags[$name]? | if type == "array" then .[0] else . end;

def text_of_subtype: [.bounceType, .bounceSubType] | map(select(. != null)) | join(" ") | filled;

# Who it is about, each with what is told of them alone.
def recipients($kind):
  if $kind == "Bounce" then .bounce.bouncedRecipients[]? | {email: .emailAddress, outcome: (.diagnosticCode // .status)}
  elif $kind == "Complaint" then .complaint.complainedRecipients[]? | {email: .emailAddress}
  elif $kind == "Delivery" then .delivery.recipients[]? | {email: .}
  elif $kind == "DeliveryDelay" then .deliveryDelay.delayedRecipients[]? | {email: .emailAddress, outcome: (.diagnosticCode // .status)}
  elif $kind == "Received" then {email: (.mail.commonHeaders.from[0]? // .mail.source)}
  else .mail.destination[]? | {email: .} end;

def address: if type != "string" then null elif contains("<") then (split("<")[-1] | split(">")[0]) else . end;

def types: {Send: "email.sent", Delivery: "email.delivered", Bounce: "email.bounced", Complaint: "email.complained", Reject: "email.dropped", Open: "email.opened", Click: "email.clicked",
  "Rendering Failure": "email.dropped", DeliveryDelay: "email.deferred", Received: "email.received", Subscription: "email.unsubscribed"};

# A bounce that will pass is none yet; of a subscription it is said what became of it.
def type_of($kind):
  if $kind == "Bounce" and .bounce.bounceType == "Transient" then "email.deferred"
  elif $kind == "Subscription" and (.subscription.newTopicPreferences.unsubscribeAll | not) then "email.resubscribed"
  else types[$kind] end;

def detail($kind): {Bounce: .bounce, Complaint: .complaint, Delivery: .delivery, DeliveryDelay: .deliveryDelay, Received: .receipt, Reject: .reject, Open: .open, Click: .click, "Rendering Failure": .failure,
  Subscription: .subscription}[$kind] // {};

.body
| . as $sns
| if .Type == "UnsubscribeConfirmation" then empty
  else
    (.Message | if type == "string" then (try fromjson catch {text: .}) else . // {} end) as $ses
    | ($ses.eventType // $ses.notificationType // "") as $kind
    | $ses | detail($kind) as $detail
    | ([recipients($kind)] | if length == 0 then [{}] else . end | to_entries[]) as $entry
    | $entry.value as $who
    | {
        id: "\($sns.MessageId)\(if $entry.key > 0 then ".\($entry.key)" else "" end)",
        channel: "email",
        type: type_of($kind),
        time: ($detail.timestamp // (if $kind == "Send" then .mail.timestamp else null end) // $sns.Timestamp),
        direction: (if $kind == "Received" then "inbound" else "outbound" end),
        conversation: (.mail.messageId // null),
        subject: (.mail.commonHeaders.subject // $sns.Subject),
        outcome: ($who.outcome // $detail.reason // $detail.errorMessage // $detail.complaintFeedbackType // null),
        customer: {email: ($who.email | address), customer_id: (if (.mail.destination | length) < 2 then tag("customer_id") else null end)},
        attributes: ({configuration_set: .mail.tags["ses:configuration-set"], bounce: ($detail | text_of_subtype), link: $detail.link, ip: $detail.ipAddress, user_agent: $detail.userAgent,
            tags: (.mail.tags // {} | with_entries(select(.key | startswith("ses:") | not))), source: .mail.source} | with_entries(select(.value | filled)))
      }
    | nobody("ses:\($ses.mail.messageId // $sns.MessageId)")
    | other("ses"; if ($ses | length) > 0 then $ses else $sns.Message end)
  end
