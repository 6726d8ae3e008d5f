# One request has events of one kind or of several, each in a list of its own, about the account for_user_id.

# A handle may change its owner's name for it; the number stays.
def person: {x: .screen_name, anonymous_id: (if (.id_str // .id) | filled then "x:\(.id_str // .id)" else null end)};

def words: .extended_tweet.full_text // .full_text // .text;

def at: (.timestamp_ms // .created_timestamp) | milliseconds;

def post_type($us):
  if .retweeted_status then "post.shared"
  elif .in_reply_to_user_id_str == $us then "comment.posted"
  elif .quoted_status.user.id_str == $us then "post.shared"
  else "mention.posted" end;

def post($us):
  . as $p
  | (.user.id_str == $us) as $ours
  | if $ours and (.in_reply_to_user_id_str == null or .in_reply_to_user_id_str == $us) then empty  # no contact with anybody
    else
      {
        id: .id_str,
        channel: "social",
        type: (if $ours then "comment.posted" else post_type($us) end),
        time: at,
        direction: (if $ours then "outbound" else "inbound" end),
        conversation: (.conversation_id_str // .in_reply_to_status_id_str // .retweeted_status.id_str // .quoted_status.id_str // .id_str),
        text: words,
        customer: (if $ours then {x: .in_reply_to_screen_name, anonymous_id: "x:\(.in_reply_to_user_id_str)"} else .user | person end),
        attributes: ({name: .user.name, followers: .user.followers_count, lang, in_reply_to: .in_reply_to_status_id_str, quoted: .quoted_status.id_str,
            retweeted: .retweeted_status.id_str, hashtags: [.entities.hashtags[]?.text]} | with_entries(select(.value | filled)))
      }
      | nobody("x:\($p.id_str)")
    end;

def liked:
  . as $e
  | {id: "\(.id).liked", channel: "social", type: "post.reacted", time: at, direction: "inbound", conversation: .favorited_status.id_str,
     customer: (.user | person), attributes: ({name: .user.name, post: (.favorited_status | words)} | with_entries(select(.value | filled)))}
  | nobody("x:\($e.id)");

def followed($us):
  . as $e
  | if (.source.id | tostring) == $us then empty else
      {id: "\(.source.id).\(.type).\(.created_timestamp)", channel: "social", type: {follow: "profile.followed", unfollow: "profile.unfollowed"}[.type // ""],
       time: at, direction: "inbound", customer: (.source | person), attributes: {name: .source.name}}
      | nobody("x:\($e.source.id)") | other("x"; $e)
    end;

def direct($us; $users):
  . as $e
  | .message_create as $m
  | ($m.sender_id == $us) as $ours
  | (if $ours then $m.target.recipient_id else $m.sender_id end) as $who
  | {id: .id, channel: "social", type: (if .type != "message_create" then null elif $ours then "message.sent" else "message.received" end),
     time: at, direction: (if $ours then "outbound" else "inbound" end), conversation: "dm:\($who)", text: $m.message_data.text,
     customer: (($users[$who // ""] // {}) + {id: $who} | person),
     attributes: ({name: $users[$who // ""].name, attachment: $m.message_data.attachment, quick_reply: $m.message_data.quick_reply_response.metadata}
       | with_entries(select(.value | filled)))}
  | nobody("x:\($who)") | other("x"; $e);

def read($us; $users):
  . as $e
  | if .sender_id == $us then empty else
      {id: "\(.sender_id).read.\(.last_read_event_id)", channel: "social", type: "message.read", time: at, direction: "outbound",
       conversation: "dm:\(.sender_id)", customer: (($users[.sender_id // ""] // {}) + {id: .sender_id} | person)}
      | nobody("x:\($e.sender_id)")
    end;

def deleted($us):
  . as $e
  | if .status.user_id == $us then empty else
      {id: "\(.status.id).deleted", channel: "social", type: "comment.deleted", time: at, direction: "inbound", conversation: .status.id,
       customer: ({id: .status.user_id} | person)}
      | nobody("x:\($e.status.user_id)")
    end;

# Blocks, mutes, a right that was taken back: who did it is told, and no more is known of it.
def whatever($name; $us):
  . as $e
  | {id: (if .created_timestamp then "\($name).\(.source.id).\(.type).\(.created_timestamp)" else null end), channel: "social", time: at, customer: (if (.source.id | tostring) == $us then .target else .source end | . // {} | person)}
  | nobody("x:\($us)") | other("x"; {($name): $e});

def known: ["for_user_id", "users", "apps", "user_has_blocked", "tweet_create_events", "favorite_events", "follow_events", "direct_message_events",
  "direct_message_mark_read_events", "direct_message_indicate_typing_events", "tweet_delete_events"];

.body
| (.for_user_id // .user_event.revoke.source.user_id | tostring) as $us | (.users // {}) as $users
| ((.tweet_create_events // [])[] | post($us)),
  ((.favorite_events // [])[] | liked),
  ((.follow_events // [])[] | followed($us)),
  ((.direct_message_events // [])[] | direct($us; $users)),
  ((.direct_message_mark_read_events // [])[] | read($us; $users)),
  ((.tweet_delete_events // [])[] | deleted($us)),
  (to_entries[] | select(.key | IN(known[]) | not) | .key as $name | .value | if type == "array" then .[] else . end | whatever($name; $us))
