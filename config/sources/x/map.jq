# The Account Activity API sends one request with events of one kind or of several, each in a list of its own, about the account
# for_user_id. Its successor, the X Activity API, sends one event at a time in another form, which is turned into the first here.

# A handle may change its owner, and its owner the handle; the number stays.
def number_of: .id_str // .id | if filled then tostring else null end;
def person: {x: .screen_name, anonymous_id: (number_of | if . then "x:" + . else null end)};

def kept: with_entries(select(.value | filled));

# Parts of an id; none where one of them is lacking.
def key: if any(.[]; . == null) then null else map(tostring) | join(".") end;

# `Mon Mar 02 09:30:00 +0000 2026`, always in UTC, or RFC 3339.
def created:
  if type != "string" then null
  elif .[4:5] == "-" then .
  else (try (strptime("%a %b %d %H:%M:%S %z %Y") | mktime) catch null) | seconds end;
def at: ((.timestamp_ms // .created_timestamp) | milliseconds) // (.created_at | created);

# ---- in public ----

def words: .extended_tweet.full_text // .full_text // .text;

def answered: if .in_reply_to_user_id_str then {id_str: .in_reply_to_user_id_str, screen_name: .in_reply_to_screen_name} else null end;

# What somebody's post is to us, and what ours is to somebody.
def post_type($us; $ours):
  if .retweeted_status then "post.shared"
  elif $ours and answered then "comment.posted"
  elif $ours then "post.shared"
  elif .in_reply_to_user_id_str == $us then "comment.posted"
  elif (.quoted_status.user | number_of) == $us then "post.shared"
  else "mention.posted" end;

def post($us):
  . as $p
  | ((.user | number_of) == $us) as $ours
  | (if $ours then .retweeted_status.user // answered // .quoted_status.user else .user end) as $who
  | if $ours and ($who == null or ($who | number_of) == $us) then empty  # to nobody
    else
      {
        id: .id_str,
        channel: "social",
        type: post_type($us; $ours),
        time: at,
        direction: (if $ours then "outbound" else "inbound" end),
        conversation: (.conversation_id_str // .in_reply_to_status_id_str // .retweeted_status.id_str // .quoted_status.id_str // .id_str),
        text: words,
        customer: ($who | person),
        attributes: ({name: $who.name, followers: $who.followers_count, lang, in_reply_to: .in_reply_to_status_id_str, quoted: .quoted_status.id_str,
            retweeted: .retweeted_status.id_str, hashtags: [.entities.hashtags[]?.text]} | kept)
      }
      | nobody("x:post:\($p.id_str)")
    end;

def liked($us):
  . as $e
  | ((.user | number_of) == $us) as $ours
  | (if $ours then .favorited_status.user else .user end) as $who
  | {
      id: ([.id, "liked"] | key),
      channel: "social",
      type: "post.reacted",
      time: at,
      direction: (if $ours then "outbound" else "inbound" end),
      conversation: .favorited_status.id_str,
      customer: ($who // {} | person),
      attributes: ({name: $who.name, post: (.favorited_status | words)} | kept)
    }
  | nobody("x:like:\($e.id)");

# What one account does to another: follows, blocks, mutes it.
def done_to($name; $us):
  . as $e
  | ((.source | number_of) == $us) as $ours
  | (if $ours then .target else .source end) as $who
  | {
      id: (if .event_uuid then [$name, .event_uuid] else [$name, (.source | number_of), .type, (.target | number_of), .created_timestamp] end | key),
      channel: "social",
      type: {follow: "profile.followed", unfollow: "profile.unfollowed"}[.type // ""],
      time: at,
      direction: (if $ours then "outbound" else "inbound" end),
      customer: ($who // {} | person),
      attributes: ({name: $who.name} | kept)
    }
  | nobody("x:account:\($us)")
  | other("x"; {($name): $e});

# Who deletes a post of theirs to which we were a party.
def deleted($us):
  . as $e
  | if (.status.user_id | tostring) == $us then empty else
      {id: ([.status.id, "deleted"] | key), channel: "social", type: "comment.deleted", time: at, direction: "inbound", conversation: .status.id,
       customer: ({id: .status.user_id} | person)}
      | nobody("x:post:\($e.status.id)")
    end;

# ---- direct messages ----

def dm($us; $who): if $who then "dm:\($us):\($who)" else null end;

def direct($us; $users):
  . as $e
  | .message_create as $m
  | ($m.sender_id == $us) as $ours
  | (if $ours then $m.target.recipient_id else $m.sender_id end) as $who
  | {
      id: .id,
      channel: "social",
      type: (if .type != "message_create" then null elif $ours then "message.sent" else "message.received" end),
      time: at,
      direction: (if $ours then "outbound" else "inbound" end),
      conversation: dm($us; $who),
      text: $m.message_data.text,
      customer: (($users[$who // ""] // {}) + {id: $who} | person),
      attributes: ({name: $users[$who // ""].name, attachment: $m.message_data.attachment, encrypted: $m.message_data.encrypted,
          quick_reply: $m.message_data.quick_reply_response.metadata} | kept)
    }
  | nobody("x:dm:\($e.id)")
  | other("x"; $e);

def read($us; $users):
  . as $e
  | if .sender_id == $us then empty else
      {id: ([.sender_id, "read", .last_read_event_id] | key), channel: "social", type: "message.read", time: at, direction: "outbound",
       conversation: dm($us; .sender_id), customer: (($users[.sender_id // ""] // {}) + {id: .sender_id} | person),
       attributes: ({message: .last_read_event_id} | kept)}
      | nobody("x:account:\($us)")
    end;

# ---- what else there is ----

# Somebody has to know that nothing more will come of this account; but our own account is no customer.
def revoked($us):
  . as $e
  | {id: ([$us, "revoke", .revoke.date_time] | key), channel: "social", time: (.revoke.date_time | created), customer: {}}
  | nobody("x:account:\($us)")
  | other("x"; {user_event: $e});

def whatever($name; $us):
  . as $e
  | {id: (if .event_uuid then [$name, .event_uuid] | key else null end), channel: "social", time: at, customer: (.user // .sender // {} | if type == "object" then person else {} end)}
  | nobody("x:account:\($us)")
  | other("x"; {($name): $e});

def known: ["for_user_id", "users", "apps", "user_has_blocked", "is_blocked_by", "direct_message_indicate_typing_events"];

def account_activity:
  (.for_user_id // .user_event.revoke.source.user_id | tostring) as $us
  | (.users // {}) as $users
  | to_entries[]
  | .key as $name
  | select($name | IN(known[]) | not)
  | .value
  | if type == "array" then .[] else . end
  | objects
  | each(
    if $name == "tweet_create_events" then post($us)
    elif $name == "favorite_events" then liked($us)
    elif $name | IN("follow_events", "unfollow_events", "block_events", "unblock_events", "mute_events", "unmute_events") then done_to($name; $us)
    elif $name == "direct_message_events" then direct($us; $users)
    elif $name == "direct_message_mark_read_events" then read($us; $users)
    elif $name == "tweet_delete_events" then deleted($us)
    elif $name == "user_event" and .revoke then revoked($us)
    else whatever($name; $us) end);

# ---- the X Activity API, in the words of the Account Activity API ----

def older_user: (.data // .) | {id_str: .id, screen_name: .username, name, followers_count: .public_metrics.followers_count};

def older_post($users; $posts):
  . as $p
  | def referenced($type): [$p.referenced_tweets[]? | select(.type == $type) | .id][0];
    def of_whom: . as $id | if $id then {id_str: $id, user: ($posts[$id].author_id as $author | if $author then $users[$author] // {id_str: $author} else null end)} else null end;
    (referenced("replied_to") | of_whom) as $answered
  | (.in_reply_to_user_id // $answered.user.id_str // (if $answered then .entities.mentions[0].id else null end)) as $to
  | {
      id_str: .id,
      text: (.note_tweet.text // .text),
      user: ($users[.author_id // ""] // {id_str: .author_id}),
      created_at: .created_at,
      lang: .lang,
      conversation_id_str: .conversation_id,
      in_reply_to_status_id_str: $answered.id_str,
      in_reply_to_user_id_str: $to,
      in_reply_to_screen_name: ($users[$to // ""].screen_name // [.entities.mentions[]? | select(.id == $to) | .username][0]),
      quoted_status: (referenced("quoted") | of_whom),
      retweeted_status: (referenced("retweeted") | of_whom),
      entities: {hashtags: [.entities.hashtags[]? | {text: .tag}]}
    };

# Who has liked is not in the event, but beside it.
def older_like($us; $users; $posts):
  (.liked_tweet_author_id == $us) as $inbound
  | {
      id: .id,
      timestamp_ms: .timestamp_ms,
      user: (if $inbound then [$users[] | select(.id_str != $us)][0] else {id_str: $us} end),
      favorited_status: {id_str: .liked_tweet_id, text: $posts[.liked_tweet_id // ""].text,
        user: ($users[.liked_tweet_author_id // ""] // {id_str: .liked_tweet_author_id})}
    };

# What is said there is sealed: that something was said is all that can be told.
def older_chat($us):
  .sender_id as $from
  | {type: "message_create", id: .id, created_timestamp: .created_at_msec,
     message_create: {sender_id: $from, message_data: {encrypted: true},
       target: {recipient_id: (if $from == $us then [.conversation_id // "" | split(":")[] | select(. != $us)][0] else $us end)}}};

def between($uuid; $type): {event_uuid: $uuid, type: $type, source: (.source // {} | older_user), target: (.target // {} | older_user)};

# What an account says of itself, its own rooms and the news are no contact with anybody.
def is_contact: startswith("profile.") or startswith("spaces.") or startswith("news.") | not;

def activity:
  .event_type as $type
  | .event_uuid as $uuid
  | (.filter.user_id // .payload.user_id) as $us
  | ([.includes.users[]? | older_user | {key: .id_str, value: .}] | from_entries) as $users
  | ([.includes.tweets[]? | (.data // .) | {key: .id, value: .}] | from_entries) as $posts
  | select($type // "" | is_contact)
  | .payload
  | {for_user_id: $us}
    + if $type | IN("post.create", "post.mention.create") then {tweet_create_events: [older_post($users; $posts)]}
      elif $type == "post.delete" then {tweet_delete_events: [{status: {id: .id, user_id: .author_id}}]}
      elif $type == "like.create" then {favorite_events: [older_like($us; $users; $posts)]}
      elif $type | IN("follow.follow", "follow.unfollow") then {follow_events: [between($uuid; $type[7:])]}
      elif $type | IN("block.block", "block.unblock") then {block_events: [between($uuid; $type[6:])]}
      elif $type | IN("mute.mute", "mute.unmute") then {mute_events: [between($uuid; $type[5:])]}
      elif $type | IN("chat.received", "chat.sent") then {direct_message_events: [older_chat($us)]}
      elif ($type | startswith("dm.")) and any(keys[]; endswith("_events")) then . + {users: (.users // {} | map_values(older_user))}
      elif $type == "oauth.revoke" then {user_event: {revoke: .}}
      else {($type // "data"): (del(.conversation_token, .encoded_event, .conversation_key_change_event, .message_event_signature) + {event_uuid: $uuid})} end;

.body
| if .data.event_type then .data | activity else . end
| account_activity
