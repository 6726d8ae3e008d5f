# SNS puts SES's JSON as text into Message. SES has it in two forms, notifications (notificationType) and published events (eventType), whose
# members are alike; of each recipient it is an interaction of their own.

def tag($name): .mail.tags[$name]? | if type == "array" then .[0] else . end;

def text_of_subtype: [.bounceType, .bounceSubType] | map(select(. != null)) | join(" ") | filled;

# Of what a reader did SES does not say which of several recipients it was, so that of those it is nobody's.
def readers: [.mail.destination[]?] | if length == 1 then {email: .[0]} else empty end;

# Who it is about, each with what is told of them alone.
def recipients($kind):
  if $kind == "Bounce" then .bounce.bouncedRecipients[]? | {email: .emailAddress, outcome: (.diagnosticCode // .status)}
  elif $kind == "Complaint" then .complaint.complainedRecipients[]? | {email: .emailAddress}
  elif $kind == "Delivery" then .delivery.recipients[]? | {email: .}
  elif $kind == "DeliveryDelay" then .deliveryDelay.delayedRecipients[]? | {email: .emailAddress, outcome: (.diagnosticCode // .status)}
  elif $kind == "Received" then {email: (.mail.commonHeaders.from[0]? // .mail.source)}
  elif $kind == "Open" or $kind == "Click" or $kind == "Subscription" then readers
  else .mail.destination[]? | {email: .} end;

def address: if type != "string" then null elif contains("<") then (split("<")[-1] | split(">")[0]) else . end;

# The first of "<1@x> <2@x>", without brackets; of a mail that SES has sent what SES calls it, which stands in front of the @.
def message_id:
  if type != "string" then null
  else (split(">")[0] // "") | ltrimstr("<") | if endswith(".amazonses.com") then split("@")[0] else . end | filled end;
def header($name): [.mail.headers[]? | select(type == "object" and .name == $name) | .value][0];

# A thread is named by the mail that it began with.
def thread:
  (header("References") | message_id) // (header("In-Reply-To") | message_id)
  // (if .notificationType == "Received" then .mail.commonHeaders.messageId | message_id else null end) // .mail.messageId;

# Whoever is asked which topics they want may leave one of them, and stay with others.
def opted_out: [.topicSubscriptionStatus[]? | select(.subscriptionStatus == "OptOut") | .topicName];
def unsubscribed: .newTopicPreferences.unsubscribeAll == true or (((.newTopicPreferences | opted_out) - (.oldTopicPreferences | opted_out)) | length > 0);

def types: {Send: "email.sent", Delivery: "email.delivered", Bounce: "email.bounced", Complaint: "email.complained", Reject: "email.dropped", Open: "email.opened", Click: "email.clicked",
  "Rendering Failure": "email.dropped", DeliveryDelay: "email.deferred", Received: "email.received"};

# A bounce that will pass is none yet; of a subscription it is said what became of it.
def type_of($kind):
  if $kind == "Bounce" and .bounce.bounceType == "Transient" then "email.deferred"
  elif $kind == "Subscription" then (if .subscription | unsubscribed then "email.unsubscribed" else "email.resubscribed" end)
  else types[$kind] end;

def detail($kind): {Bounce: .bounce, Complaint: .complaint, Delivery: .delivery, DeliveryDelay: .deliveryDelay, Received: .receipt, Reject: .reject, Open: .open, Click: .click, "Rendering Failure": .failure,
  Subscription: .subscription}[$kind] // {};

def kept($kind; $detail):
  {configuration_set: .mail.tags["ses:configuration-set"], bounce: ($detail | text_of_subtype), link: $detail.link, ip: $detail.ipAddress, user_agent: $detail.userAgent,
   tags: (.mail.tags // {} | with_entries(select(.key | startswith("ses:") | not))), source: .mail.source, recipients: (if $kind == "Received" then $detail.recipients else null end),
   spamVerdict: $detail.spamVerdict.status, virusVerdict: $detail.virusVerdict.status,
   destination: (if [recipients($kind)] == [] then .mail.destination else null end), subscription: (if $kind == "Subscription" then $detail | del(.timestamp) else null end)}
  | with_entries(select(.value | filled));

# What SES says to a topic, and to nobody else, when it is chosen.
def is_ping: .notificationType == "AmazonSnsSubscriptionSucceeded" or (.text | type == "string" and startswith("Successfully validated SNS topic for Amazon SES"));

# The JSON within; whatever else somebody has published to the topic is text.
def message: .Message as $text | ($text | if type == "string" then (try fromjson catch null) else . end) | if type == "object" then . else {text: $text} end;

.body
| . as $sns
| message as $ses
| if .Type == "UnsubscribeConfirmation" or ($ses | is_ping) then empty
  else
    ($ses.eventType // $ses.notificationType // "") as $kind
    | $ses | detail($kind) as $detail
    | ([recipients($kind)] | if length == 0 then [{}] else . end | to_entries[]) as $entry
    | $entry.value as $who
    | {
        id: "\($sns.MessageId)\(if $entry.key > 0 then ".\($entry.key)" else "" end)",
        channel: "email",
        type: type_of($kind),
        time: ($detail.timestamp // (if $kind == "Send" then .mail.timestamp else null end) // $sns.Timestamp),
        direction: (if $kind == "Received" then "inbound" else "outbound" end),
        conversation: thread,
        subject: (if .mail then .mail.commonHeaders.subject else $sns.Subject end),
        outcome: ($who.outcome // $detail.reason // $detail.errorMessage // $detail.complaintFeedbackType // null),
        customer: {email: ($who.email | address), customer_id: (if (.mail.destination | length) < 2 then tag("customer_id") else null end)},
        attributes: kept($kind; $detail)
      }
    | nobody("ses:\($ses.mail.messageId // $sns.MessageId)")
    | other("ses"; $ses)
  end
