# CloudEvents 1.0 over HTTP: structured, a batch of such, or binary, whose attributes are headers. `data` is an interaction as POST /v1/events takes
# it, or whatever the sender has: then it is looked through for whom it is about, and is kept as it is.

def is_interaction: type == "object" and .channel != null and .customer != null;

# `source` and `id` together name an event. Attributes beyond the specification's own are kept.
def of_event:
  . as $e
  | (if .data != null then .data elif .data_base64 then (.data_base64 | try (@base64d | fromjson) catch {base64: $e.data_base64}) else null end) as $data
  | ($e | del(.specversion, .id, .type, .time, .data, .data_base64, .datacontenttype)) as $attributes
  | "\(.source) \(.id)" as $name
  | (if ($name | length) <= 256 then $name else null end) as $id
  | if $data | is_interaction then
      $data + {id: $id, type: ($data.type // $e.type), time: ($data.time // $e.time), attributes: (($data.attributes // {}) + {cloudevent: $attributes})} | del(.source)
    else
      {id: $id, channel: "web", type: .type, time: .time, customer: ($data | if type == "object" then whom else {} end),
       attributes: {event: $data, cloudevent: $attributes}}
      | nobody("cloudevent:" + $name)
      | if .type | filled then . else other("cloudevents"; $e) end
    end;

# Values of headers are percent-encoded (HTTP binding, 3.1.3.2).
def binary:
  (.headers | with_entries(select(.key | startswith("ce-")) | .key |= .[3:] | .value |= (if type == "string" then percent_decoded else . end)))
  + {data: (.body // .form // .text)};

if .headers."ce-specversion" then binary | of_event
else .body | if type == "array" then .[] else . end | of_event end
