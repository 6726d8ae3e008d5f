# A message of Segment's API (track, page, screen, identify, group, alias), or {"batch": [...]} of them. RudderStack's messages are the
# same but for a few members. README.md has what becomes of each.

def object: if type == "object" then . else {} end;
def text: if type == "string" then . elif type == "number" then tostring else null end;
def without_empty: . as $all | delpaths([keys_unsorted[] | select($all[.] | filled == null) | [.]]);

# "Order Completed" -> "order_completed". What has no letter or digit of ASCII is nothing.
def slug:
  if type != "string" then ""
  else explode
    | map(if (. >= 97 and . <= 122) or (. >= 48 and . <= 57) then . elif . >= 65 and . <= 90 then . + 32 else 95 end)
    | implode | split("_") | map(select(. != "")) | join("_") | .[:100] | rtrimstr("_") end;

# ---- when ----

# Milliseconds since 1970 of ISO 8601: a date, or date and time with any fraction and zone (UTC without one). Null of anything else.
def offset_ms:
  (if contains("+") then [-60000, (split("+") | .[1])] elif contains("-") then [60000, (split("-") | .[1])] else [0, "0000"] end) as [$sign, $zone]
  | ($zone | split(":") | join("")) as $digits
  | $sign * (($digits[:2] | tonumber) * 60 + (($digits[2:] | filled // "0") | tonumber));
def fraction_ms:
  if startswith(".") then ("0" + (split("+") | .[0] | split("-") | .[0] | rtrimstr("Z") | rtrimstr("z")) | tonumber) * 1000 + 0.0001 | floor else 0 end;
def instant:
  if type == "number" then (if . < 100000000000 then . * 1000 else . end)
  elif type != "string" then null
  elif length == 10 then (try ((. + "T00:00:00Z" | fromdateiso8601) * 1000) catch null)
  else (try (((.[:10] + "T" + .[11:19] + "Z") | fromdateiso8601) * 1000 + (.[19:] | fraction_ms + offset_ms)) catch null) end;

# Libraries that run on the customer's own device, whose clock may be anything.
def browser_libraries: ["analytics.js", "@segment/analytics-next", "RudderLabs JavaScript SDK"];
def mobile_libraries:
  ["analytics-ios", "analytics-swift", "analytics-android", "analytics-kotlin", "analytics-react-native", "@segment/analytics-react-native",
   "analytics_flutter", "analytics-flutter", "Analytics-CSharp", "rudder-ios", "RudderStack iOS", "com.rudderstack.", "rudder-react-native", "rudder-flutter"];
def library: .context.library | object | .name | text // "";
# "web" or "app"; null where it was a server's.
def device:
  library as $library
  | if .channel == "web" or .channel == "browser" then "web"
    elif .channel == "mobile" then "app"
    elif .channel == "server" then null
    elif any(browser_libraries[]; . as $name | $library | startswith($name)) then "web"
    elif any(mobile_libraries[]; . as $name | $library | startswith($name)) then "app"
    else null end;

# What a device's clock was off is what passed between sending and receipt, all but a moment; a server's time is believed.
def happened($device; $sent_at; $received_at):
  ((.timestamp | instant) // (.originalTimestamp | instant)) as $told
  | ($sent_at | instant) as $sent
  | (if $device == null or $sent == null or $told == null then $told else ($received_at | instant) - ($sent - $told) end) | milliseconds;

# ---- who ----

# Traits stand in identify's own member (those of group are the group's), and in the context of any message.
def traits_of($type): (.context.traits | object) + (if $type == "identify" then .traits | object else {} end);
def customer($type):
  traits_of($type) as $traits
  | {customer_id: (.userId | text), email: ($traits.email | text), phone: ($traits.phone | text), anonymous_id: (.anonymousId | text)};

# Only what fits: touchpointd keeps 50 traits of one event, names of 64 bytes, values of 1,024 bytes of JSON.
def fitting:
  to_entries | map(select((.key | filled) and (.key | utf8bytelength) <= 64 and (.key | explode | all(. >= 32)) and (.value | tojson | utf8bytelength) <= 1024))
  | .[:50] | from_entries;

# ---- what ----

# The events that Segment gives a meaning to (its specifications of ecommerce, email and live chat), by slug.
def known: {
  "product_added": {"type": "cart.updated"}, "product_removed": {"type": "cart.updated"},
  "wishlist_product_added_to_cart": {"type": "cart.updated"},
  "added_product": {"type": "cart.updated"}, "removed_product": {"type": "cart.updated"},
  "checkout_started": {"type": "checkout.started"},
  "order_completed": {"type": "purchase.completed"}, "completed_order": {"type": "purchase.completed"},
  "order_updated": {"type": "purchase.updated"}, "order_cancelled": {"type": "purchase.cancelled"}, "order_refunded": {"type": "purchase.refunded"},
  "product_reviewed": {"type": "review.posted"},
  "form_submitted": {"type": "form.submitted"},
  "email_sent": {"type": "email.sent", "by": "email"}, "email_delivered": {"type": "email.delivered", "by": "email"},
  "email_bounced": {"type": "email.bounced", "by": "email"}, "email_opened": {"type": "email.opened", "by": "email"},
  "email_link_clicked": {"type": "email.clicked", "by": "email"}, "email_marked_as_spam": {"type": "email.complained", "by": "email"},
  "unsubscribed": {"type": "email.unsubscribed", "by": "email"},
  "live_chat_conversation_started": {"type": "chat.started", "by": "chat"}, "live_chat_conversation_ended": {"type": "chat.completed", "by": "chat"},
  "live_chat_message_sent": {"type": "message.received", "by": "chat"},
  "live_chat_message_received": {"type": "message.sent", "by": "chat", "direction": "outbound"}
};

def attributes:
  {event, name, category, properties, context: (.context | object | if .traits then .traits |= (object | del(.email, .phone)) else . end | without_empty)}
  | without_empty;

def from_email:
  (.attributes.properties | object) as $said
  | .channel = "email" | .direction = "outbound" | .conversation = ($said.email_id | text) | .subject = ($said.email_subject | text // .subject);
def from_chat:
  (.attributes.properties | object) as $said
  | .channel = "chat" | .conversation = ($said.conversation_id | text) | .text = ($said.message_body | text)
  | .agent = ([$said.agent_username, $said.agent_name, $said.agent_id | text] | map(filled // empty) | .[0])
  | if .type == "chat.completed" then .duration_s = ($said.conversation_duration | number) else . end;

# An event with a name of the sender's own has a type of the sender's own, behind "track.".
def track($device):
  .attributes.event as $name | ($name | slug) as $slug | (known[$slug]) as $known
  | (.attributes.properties | object) as $said
  | .subject = ($name | text)
  | .direction = ($known.direction // (if $known or $device then "inbound" else null end))
  | .type = ($known.type // (if $slug == "" then null else "track." + $slug end))
  | if $known.by == "email" then from_email
    elif $known.by == "chat" then from_chat
    elif .type == "review.posted" then .text = ($said.review_body | text)
    else . end;

def seen($type):
  .type = $type | .direction = "inbound" | .subject = ([(.attributes.properties | object | .title), .attributes.name] | map(text | filled // empty) | .[0]);

# What says who somebody is has no place for what interactions have.
def said($traits): {id, time, channel, type: "identify", customer, traits: ($traits | fitting)};
def alias($message):
  ([$message.previousId, $message.from, $message.anonymousId | text | filled // empty] | unique) as $former
  | .customer.customer_id = ([$message.userId, $message.to | text | filled // empty] | .[0])
  | .customer.anonymous_id = ($former - [.customer.customer_id]);

def interaction($type; $common; $received_at):
  . as $message | device as $device
  | {id: (.messageId | text), time: happened($device; .sentAt // $common.sentAt; $received_at),
     channel: (if $type == "screen" then "app" elif $type == "page" then "web" else $device // (if .context.device | object | .type then "app" else "web" end) end),
     conversation: (.context.sessionId | text), customer: customer($type)}
  | if $type == "identify" then said($message | traits_of($type))
    elif $type == "group" then said({group_id: $message.groupId, group: ($message.traits | object)} | without_empty)
    elif $type == "alias" then alias($message) | said({})
    else .attributes = ($message | attributes)
      | if $type == "track" then track($device) elif $type == "page" then seen("page.viewed") elif $type == "screen" then seen("screen.viewed") else . end
      | if .type then . else .attributes = null | .subject = null | other("segment"; $message | if .context == {} then del(.context) else . end) end end;

# ---- all of it ----

def types: {"t": "track", "p": "page", "s": "screen", "i": "identify", "g": "group", "a": "alias",
            "track": "track", "page": "page", "screen": "screen", "identify": "identify", "group": "group", "alias": "alias"};

# One that cannot be read is refused by itself, and takes none of its batch with it.
def message_of($path; $common; $request; $number):
  .context = ($common.context | object) * (.context | object)
  | (if $request.batch then .type // types[$path] else types[$path] // .type end) as $type
  | interaction($type; $common; $request.received_at)
  | if .type == "identify" then . else nobody("segment:" + (.id // "\($request.body_sha256).\($number)")) end;

{received_at, body_sha256, batch: (.body | object | .batch | type == "array")} as $request
| (.path | text // "" | split("/") | last // "") as $path
| (if $request.batch then .body else {batch: [.body]} end) as $common
| range($common.batch | length) as $number
| $common.batch[$number]
| if type != "object" then . else del(.writeKey) | each(message_of($path; $common; $request; $number)) end
