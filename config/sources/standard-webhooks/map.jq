# The body is {"type", "timestamp", "data"}. `data` is an interaction as POST /v1/events takes it, or whatever the sender has: then it is looked
# through for whom it is about, and is kept as it is.

# Members by which senders name people, at the top of the data or in an object within it.
def people: ., .customer?, .user?, .contact?, .profile?, .person?, .recipient?, .object? | objects;
def first_of(f): [f | strings, numbers | select(. != "")][0];
def customer: {
  customer_id: first_of(people | .customer_id, .user_id, .customerId, .userId, .external_id),
  email: first_of(people | .email, .email_address),
  phone: first_of(people | .phone, .phone_number),
  anonymous_id: first_of(people | .anonymous_id, .anonymousId)};

def is_interaction: type == "object" and .channel != null and .customer != null;

.headers."webhook-id" as $id
| .body_sha256 as $digest
| .body as $b
| (if $b | type == "object" then $b.data // $b else $b end) as $data
| if $data | is_interaction then $data + {id: ($data.id // $id), type: ($data.type // $b.type), time: ($data.time // $b.timestamp)} | del(.source)
  else
    {id: $id, channel: "web", type: ($b | if type == "object" then .type else null end), time: ($b | if type == "object" then .timestamp else null end),
     customer: ($data | if type == "object" then customer else {} end)}
    | nobody("webhook:" + ($id // $digest))
    | if .type then .attributes = {event: $data} else other("standard-webhooks"; $data) end
  end
