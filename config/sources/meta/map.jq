# Messenger and Instagram put messages into entry[].messaging[], and what is public into entry[].changes[]. Whose page or account it
# is, is entry[].id: an id of a person is that page's alone.

def is_instagram: .object == "instagram";

# ---- messages ----

def person($id; $type; $page): if $id | filled then {identifiers: [{type: $type, value: $id, scope: $page}]} else {} end;

# What a message says: its words, or what was pressed.
def text_of: .message.text // .postback.title // .reaction.emoji // .message_edit.text // null;

def message_type:
  if .message.is_deleted then "message.deleted"
  elif .message.is_echo then "message.sent"
  elif .message or .postback then "message.received"
  elif .message_edit then "message.edited"
  elif .reaction then "message.reacted"
  elif .read then "message.read"
  elif .delivery then "message.delivered"
  elif .optin then "consent.given"
  else null end;

def message_id($who):
  .message.mid as $mid
  | if .message.is_deleted then "\($mid).deleted"
    elif .message then $mid
    elif .postback then (.postback.mid // "\($who).postback.\(.timestamp)")
    elif .message_edit then "\(.message_edit.mid).edit.\(.message_edit.num_edit)"
    elif .reaction then "\(.reaction.mid).\(.reaction.action).\(.timestamp)"
    elif .read then "\($who).read.\(.read.mid // .read.watermark)"
    elif .delivery then "\($who).delivery.\(.delivery.watermark)"
    else null end;

def message($page; $type; $standby):
  . as $m
  | (if .message.is_echo then .recipient.id else .sender.id end) as $who
  | {
      id: message_id($who),
      channel: "social",
      type: message_type,
      time: (.timestamp | milliseconds),
      direction: (if .message.is_echo or .read or .delivery then "outbound" else "inbound" end),
      conversation: "\($page):\($who)",
      text: text_of,
      customer: person($who; $type; $page),
      attributes: ({
          attachments: .message.attachments, quick_reply: .message.quick_reply.payload, reply_to: .message.reply_to,
          postback: .postback.payload, referral: (.referral // .postback.referral // .message.referral), reaction: .reaction.reaction,
          mids: .delivery.mids, app_id: .message.app_id, standby: $standby}
        | with_entries(select(.value | filled)))
    }
  | nobody("\($type):\($page):\($who)")
  | other("meta"; $m);

# ---- in public ----

def public_type:
  (if .verb == "remove" then "deleted" elif .verb == "edited" or .verb == "edit" then "edited" else "posted" end) as $done
  | if .item == "comment" then "comment." + $done
    elif .item == "reaction" or .item == "like" then (if $done == "posted" then "post.reacted" else null end)
    elif .item == "share" then "post.shared"
    elif .item | IN("status", "post", "photo", "video") then (if $done == "posted" then "mention.posted" else null end)
    elif .item == "rating" then (if $done == "posted" then "review.posted" else null end)
    else null end;

def change_type($field):
  if $field == "feed" or $field == "ratings" then public_type
  elif $field == "comments" or $field == "live_comments" then "comment.posted"
  elif $field == "mention" or $field == "mentions" then "mention.posted"
  elif $field == "leadgen" then "form.submitted"
  else null end;

def change_id($field):
  if $field == "leadgen" then .leadgen_id
  elif $field == "comments" or $field == "live_comments" then .id
  elif .item == "reaction" or .item == "like" then "\(.comment_id // .post_id).\(.from.id).\(.reaction_type // .item).\(.verb).\(.created_time)"
  elif .comment_id then "\(.comment_id).\(.verb // "add")\(if .verb == "edited" or .verb == "edit" then ".\(.created_time)" else "" end)"
  elif .media_id then "\(.media_id).mention"
  elif .open_graph_story_id then "\(.open_graph_story_id).\(.verb // "add")"
  elif .post_id then "\(.post_id).\(.item // $field).\(.verb // "add")"
  else null end;

# Recommended or not; where there are stars, as many of five.
def feedback:
  if .rating then {csat: .rating, scale: 5}
  elif .recommendation_type == "positive" then {csat: 1, scale: 1}
  elif .recommendation_type == "negative" then {csat: 0, scale: 1}
  else null end;

def change($field; $page; $type; $at):
  . as $c
  | (.from.id // .reviewer_id // .sender_id) as $who
  | if $who == $page then empty else  # the page's own posts are no contact of a customer's
      {
        id: change_id($field),
        channel: (if $field == "leadgen" then "web" else "social" end),
        type: change_type($field),
        time: ((.created_time // $at) | seconds),
        direction: "inbound",
        conversation: (.post_id // .media.id // .media_id // .open_graph_story_id),
        text: (.message // .text // .review_text),
        feedback: feedback,
        customer: person($who; $type; $page),
        attributes: ({name: (.from.name // .from.username // .reviewer_name), comment_id, parent_id, reaction_type, item, verb, permalink_url: .post.permalink_url,
            form_id, ad_id, adgroup_id, leadgen_id} | with_entries(select(.value | filled)))
      }
      | nobody("\($type):\($page):\($c | .leadgen_id // .comment_id // .media_id // .post_id // $at)")
      | other("meta"; $c + {field: $field})
    end;

.body
| (if is_instagram then "instagram" else "facebook" end) as $type
| .entry[]?
| (.id | tostring) as $page | .time as $at
| ((.messaging // [])[] | message($page; $type; null)),
  ((.standby // [])[] | message($page; $type; true)),
  ((.changes // [])[] | .field as $field | .value | if type == "object" then change($field; $page; $type; $at) else empty end)
