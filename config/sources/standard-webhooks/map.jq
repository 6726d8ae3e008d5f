# The body is {"type", "timestamp", "data"}. `data` is an interaction as POST /v1/events takes it, or whatever the sender has: then it is looked
# through for whom it is about, and is kept as it is.

def member($name): if type == "object" then .[$name] else null end;

(.headers | ."webhook-id" // ."svix-id") as $id
| .body_sha256 as $digest
| .body
| if . == null then error("the body is no JSON") else . end
| . as $b
| ($b | member("data") // $b)
| told($b | member("type"); $b | member("timestamp"))
| .id //= $id
| nobody("webhook:" + ($id // $digest))
| if .type then . else del(.attributes) | other("standard-webhooks"; $b) end
