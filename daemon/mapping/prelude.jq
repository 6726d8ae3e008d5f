# What every mapping has at hand; config/sources/README.md says what each gives. It runs in front of the mapping, on one line, so
# that the lines that jq names are those of the mapping: a comment has a line of its own here.

def filled: if . == null or . == "" or . == [] or . == {} then null else . end;

def number: if type == "number" then . elif type == "string" then (try tonumber catch null) else null end;

# jq keeps whole seconds, so what is behind them is put back as text. It ends its process on times far beyond the year 9999.
def time_of(per_second):
  number | if . == null or . < 0 or . / per_second >= 253402300800 then null
  else (. * 1000 / per_second | floor) as $ms
  | ($ms / 1000 | floor | todate | rtrimstr("Z")) + "." + (($ms % 1000 + 1000) | tostring | .[1:]) + "Z" end;
def seconds: time_of(1);
def milliseconds: time_of(1000);
def microseconds: time_of(1000000);

def rfc2822:
  if type != "string" then null
  else (split(" ") | .[-1]) as $zone
  | (try (strptime("%a, %d %b %Y %H:%M:%S %z") | mktime) catch null) as $at
  | if $at == null then null
    elif ($zone[0:1] != "+" and $zone[0:1] != "-") then $at | seconds
    else (($zone[1:3] | tonumber) * 3600 + ($zone[3:5] | tonumber) * 60) as $off
    | (if $zone[0:1] == "+" then $at - $off else $at + $off end) | seconds end end;

# Bytes go by way of base64, since jq makes text of bytes nowhere else.
def bytes_as_text:
  . as $bytes
  | "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" as $digits
  | [range(0; length; 3) as $i
     | ($bytes[$i:$i + 3]) as $three | ($three | length) as $n
     | ($three[0] * 65536 + ($three[1] // 0) * 256 + ($three[2] // 0)) as $bits
     | $digits[($bits / 262144 | floor):][:1], $digits[($bits / 4096 | floor) % 64:][:1],
       (if $n > 1 then $digits[($bits / 64 | floor) % 64:][:1] else "=" end),
       (if $n > 2 then $digits[$bits % 64:][:1] else "=" end)]
  | join("") | @base64d;
def hex_digit: if . >= 48 and . <= 57 then . - 48 elif . >= 65 and . <= 70 then . - 55 elif . >= 97 and . <= 102 then . - 87 else null end;
# The text in front of the first % stays as it is; behind it, runs of %XX are bytes of UTF-8.
def percent_decoded:
  if type != "string" or (contains("%") | not) then .
  else reduce (split("%") | .[1:][]) as $part
    ({text: (split("%")[0]), bytes: []};
     ($part[:2] | explode | map(hex_digit)) as $hex
     | if ($hex | length) == 2 and $hex[0] != null and $hex[1] != null
       then .bytes += [$hex[0] * 16 + $hex[1]]
         | if ($part | length) > 2 then .text += (.bytes | bytes_as_text) + $part[2:] | .bytes = [] else . end
       else .text += (.bytes | bytes_as_text) + "%" + $part | .bytes = [] end)
    | .text + (.bytes | bytes_as_text) end;

def other($sender; $raw): if .type then . else . + {type: ($sender + ".other"), attributes: ((.attributes // {}) + {event: $raw})} end;

# As daemon/normalize/tidy.c takes it.
def each(f): . as $element | try f catch ["unreadable", (if type == "string" then . else tojson end), $element];

def nobody($id): .customer.nobody = $id;

# RFC 3339, of whatever offset and with whatever fraction, in seconds since 1970.
def epoch:
  if type == "number" then .
  elif type != "string" or length < 19 then null
  else (.[:10] + "T" + .[11:19]) as $whole | .[19:] as $rest
  | (try ($whole + "Z" | fromdateiso8601) catch null) as $at
  | if $at == null then null
    else ($rest | if startswith(".") then (.[1:] | split("Z")[0] | split("+")[0] | split("-")[0]) else "" end) as $digits
    | ($rest[(if $digits == "" then 0 else ($digits | length) + 1 end):]) as $zone
    | (if $digits == "" then 0 else ("0." + $digits | number) end) as $fraction
    | (if ($zone | length) >= 6 and ($zone[0:1] == "+" or $zone[0:1] == "-")
       then (($zone[1:3] | number) * 3600 + ($zone[4:6] | number) * 60) * (if $zone[0:1] == "+" then 1 else -1 end) else 0 end) as $offset
    | $at + $fraction - $offset end end;

# Members by which senders name people, at the top or in an object within.
def people: ., .customer?, .user?, .contact?, .profile?, .person?, .recipient?, .object? | objects;
def first_of(f): [f | strings, numbers | select(. != "")][0];
def whom: {
  customer_id: first_of(people | .customer_id, .user_id, .customerId, .userId, .external_id),
  email: first_of(people | .email, .email_address),
  phone: first_of(people | .phone, .phone_number),
  anonymous_id: first_of(people | .anonymous_id, .anonymousId)};

# A time as senders write it, where they need not say how: RFC 3339 as it is; with a blank in place of the T; without a zone, in UTC; a number of
# seconds, milliseconds or microseconds by its size.
def moment:
  if type == "string" and number == null then
    rtrimstr(" UTC")
    | if epoch == null then null
      elif endswith("Z") or endswith("z") or (.[-6:-5] | . == "+" or . == "-") then .[:10] + "T" + .[11:]
      else .[:10] + "T" + .[11:] + "Z" end
  else number | if . == null then null elif . < 100000000000 then seconds elif . < 100000000000000 then milliseconds else microseconds end end;

# The text of a type where it may be one.
def type_form:
  if type == "string" and length > 0 and length <= 128
    and (explode | all(. == 45 or . == 46 or . == 95 or (. >= 48 and . <= 57) or (. >= 65 and . <= 90) or (. >= 97 and . <= 122)))
    and (split(".") | all(. != "" and (split("-") | all(. != "")))) then . else null end;

# An interaction as POST /v1/events takes it: it has no other members, and its customer nothing but identifiers.
def is_interaction:
  type == "object" and (.channel | type) == "string" and (.customer | type) == "object"
  and (keys - ["id", "source", "channel", "type", "time", "direction", "conversation", "agent", "queue", "department", "wait_s", "duration_s", "outcome", "issue",
      "feedback", "sentiment", "subject", "text", "segment", "version", "attributes", "traits", "customer"] == [])
  and (.customer | has("identifiers") or (keys - ["customer_id", "email", "phone", "anonymous_id", "x", "facebook", "instagram", "whatsapp", "telegram", "line", "slack"] == []));

# What a sender of whatever kind tells of: an interaction as it is, but for what it leaves out; else one of that type, about who is named in it, with
# all of it as `attributes.event`. (A parameter $type would hide the function `type`.)
def told($what; $when):
  . as $data
  | ($what | type_form) as $what | ($when | moment) as $when
  | (if type == "object" then . else {} end) as $members
  | if is_interaction then . + {type: (.type // $what), time: (.time // $when)} | del(.source)
    else
      {channel: ({email: "email", sms: "sms", call: "call_centre", voicemail: "call_centre", chat: "chat", message: "chat", survey: "survey", ticket: "desk", screen: "app"}
          [$what // "" | split(".")[0] // ""] // "web"),
       type: $what, time: $when, customer: ($members | whom)}
      | if $what == "identify" then .traits = ($members.traits | if type == "object" then . else null end)
        else .attributes = {event: $data} | .conversation = ($members | first_of(.conversation_id, .thread_id, .ticket_id, .call_id, .order_id)) end
    end;
