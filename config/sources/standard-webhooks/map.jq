# The body is {"type", "timestamp", "data"}. `data` is an interaction as POST /v1/events takes it, or whatever the sender has: then it is looked
# through for whom it is about, and is kept as it is.

def is_interaction: type == "object" and .channel != null and .customer != null;

.headers."webhook-id" as $id
| .body_sha256 as $digest
| .body as $b
| (if $b | type == "object" then $b.data // $b else $b end) as $data
| if $data | is_interaction then $data + {id: ($data.id // $id), type: ($data.type // $b.type), time: ($data.time // $b.timestamp)} | del(.source)
  else
    {id: $id, channel: "web", type: ($b | if type == "object" then .type else null end), time: ($b | if type == "object" then .timestamp else null end),
     customer: ($data | if type == "object" then whom else {} end)}
    | nobody("webhook:" + ($id // $digest))
    | if .type then .attributes = {event: $data} else other("standard-webhooks"; $data) end
  end
