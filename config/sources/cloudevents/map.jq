# CloudEvents 1.0 over HTTP: structured, a batch of such, or binary, whose attributes are headers. `data` is an interaction as POST /v1/events takes
# it, or whatever the sender has: then it is looked through for whom it is about, and is kept as it is.

# Data that is no JSON comes in base64; it may be JSON all the same.
def data: if .data != null then .data elif .data_base64 then .data_base64 as $base64 | try ($base64 | @base64d | fromjson) catch {base64: $base64} else null end;

# `source` and `id` together name an event. Attributes beyond the specification's own are kept.
def of_event($digest):
  if type == "object" and (.specversion or .type) then . else error("no CloudEvent, which has a specversion, an id, a source and a type") end
  | . as $e
  | (del(.specversion, .id, .type, .time, .data, .data_base64, .datacontenttype)) as $attributes
  | ("\(.source) \(.id)" | if utf8bytelength <= 240 then . else null end) as $name
  | data
  | told($e.type; $e.time)
  | .id = $name
  | if .type == "identify" then . else .attributes.cloudevent = $attributes end
  | nobody("cloudevent:" + ($name // $digest))
  | if .type then . else del(.attributes) | other("cloudevents"; $e) end;

# Values of headers are percent-encoded (HTTP binding, 3.1.3.2).
def binary:
  (.headers | with_entries(select(.key | startswith("ce-")) | .key |= .[3:] | .value |= (if type == "string" then percent_decoded else . end)))
  + {data: (.body // .form // .text)};

.body_sha256 as $digest
| if .headers."ce-specversion" then binary | of_event($digest)
else .body | if type == "array" then .[] else . end | each(of_event($digest)) end
