# Messenger and Instagram put messages into entry[].messaging[], and what is public into entry[].changes[]. Whose page or account it
# is, is entry[].id: an id of a person is that page's alone.

# Parts of an id; none where one of them is lacking.
def key: if any(.[]; . == null) then null else map(tostring) | join(".") end;

# Messages have milliseconds, what is public has seconds; Instagram's tests have seconds in messages too.
def moment: number | if . == null then null elif . > 100000000000 then milliseconds else seconds end;

def kept: with_entries(select(.value | filled));

# Who is known by a checkbox of a web page alone has a user_ref; the first message names it beside the person.
def person($type; $page; $id; $ref):
  [(if $id | filled then {type: $type, value: $id, scope: $page} else empty end),
   (if $ref | filled then {type: "anonymous_id", value: "\($type):\($page):\($ref)"} else empty end)]
  | if . == [] then {} else {identifiers: .} end;

# ---- messages ----

def handed_over: .pass_thread_control // .take_thread_control;

# What a message says: its words, or what was pressed.
def text_of: .message.text // .postback.title // .reaction.emoji // .message_edit.text // null;

def consent: if .notification_messages_status // "" | startswith("STOP") then "consent.withdrawn" else "consent.given" end;

def message_type($ours):
  if .message.is_deleted then "message.deleted"
  elif .message then (if $ours then "message.sent" else "message.received" end)
  elif .postback then "message.received"
  elif .message_edit then "message.edited"
  elif .reaction then "message.reacted"
  elif .read then "message.read"
  elif .delivery then "message.delivered"
  elif .optin then (.optin | consent)
  elif .referral then "chat.started"
  elif handed_over then "chat.transferred"
  elif .response_feedback or .answer then "survey.answered"
  else null end;

def message_id($who):
  if .message then (if .message.is_deleted then [.message.mid, "deleted"] | key else .message.mid end)
  elif .postback.mid then .postback.mid
  elif .message_edit then [.message_edit.mid, "edit", .message_edit.num_edit] | key
  elif .reaction then [.reaction.mid, .reaction.action, .timestamp] | key
  elif .read then [$who, "read", .read.mid // .read.watermark] | key
  elif .delivery then [$who, "delivery", .delivery.watermark] | key
  elif .answer then [$who, "messaging_feedback", .timestamp, .answer.screen, .answer.question] | key
  else [$who, (keys - ["sender", "recipient", "timestamp", "hop_context"])[0], .timestamp] | key end;

# A thumb, or the answer to one question of a survey.
def message_feedback:
  if .response_feedback then {csat: (if .response_feedback.feedback // "" | ascii_downcase | startswith("good") then 1 else 0 end), scale: 1}
  elif .answer.type == "csat" then {csat: (.answer.payload | number), scale: 5}
  elif .answer.type == "nps" then {nps: (.answer.payload | number), scale: 10}
  elif .answer.type == "ces" then {ces: (.answer.payload | number), scale: 7}
  else null end;

def message($type; $page; $standby):
  . as $m
  | (.message.is_echo == true or .sender.id == $page) as $ours
  | (if $ours then .recipient else .sender end) as $party
  | ($party.user_ref // .optin.user_ref // .message.prior_message.identifier) as $ref
  | ($party.id // $ref) as $who
  | {
      id: message_id($who),
      channel: "social",
      type: message_type($ours),
      time: (.timestamp | moment),
      direction: (if handed_over then "internal" elif $ours or .read or .delivery then "outbound" else "inbound" end),
      conversation: (if $who then "\($page):\($who)" else null end),
      queue: handed_over.new_owner_app_id,
      text: (text_of // .answer.follow_up.payload // .answer.text),
      feedback: message_feedback,
      customer: person($type; $page; $party.id; $ref),
      attributes: ({
          attachments: .message.attachments, quick_reply: .message.quick_reply.payload, reply_to: .message.reply_to, commands: .message.commands,
          is_unsupported: .message.is_unsupported, postback: .postback.payload, referral: (.referral // .postback.referral // .message.referral),
          reaction: .reaction.reaction, action: .reaction.action, message: (.reaction.mid // .read.mid // .response_feedback.mid), mids: .delivery.mids,
          optin: (.optin | if . then del(.notification_messages_token, .one_time_notif_token) else null end),
          metadata: handed_over.metadata, previous_owner_app_id: handed_over.previous_owner_app_id,
          question: .answer.question, app_id: .message.app_id, standby: $standby}
        | kept)
    }
  | nobody("\($type):\($page):\(.id // $m.timestamp)")
  | other("meta"; $m | del(.account_linking.authorization_code));

# A survey has several questions, each of which is an interaction: an interaction has one answer.
def answers:
  if .messaging_feedback then
    .messaging_feedback.feedback_screens[]? as $screen
    | ($screen.questions // {} | to_entries)[] as $question
    | del(.messaging_feedback) + {answer: ($question.value + {screen: ($screen.screen_id // 0), question: $question.key}
        + (if $question.value.type == "free_form" then {text: $question.value.payload} else {} end))}
  else . end;

# What is told of the app is no contact with anybody.
def messages($type; $page; $standby):
  select(.app_roles or .policy_enforcement or .["policy-enforcement"] | not) | answers | message($type; $page; $standby);

# ---- in public ----

# Hidden and shown again, blocked and muted are the page's doing, and are none of these.
def done: {add: "posted", edit: "edited", edited: "edited", update: "edited", remove: "deleted", delete: "deleted"}[.verb // "add"];

def is_of_the_page: .post_id == null and .comment_id == null and .parent_id == null and .open_graph_story_id == null;

def public_type:
  done as $done
  | if .item == "comment" then (if $done then "comment." + $done else null end)
    elif .item == "like" and is_of_the_page then {posted: "profile.followed", deleted: "profile.unfollowed"}[$done // ""]
    elif .item == "reaction" or .item == "like" then (if $done == "posted" or $done == "edited" then "post.reacted" else null end)
    elif .item == "rating" then (if $done == "posted" or $done == "edited" then "review.posted" else null end)
    elif $done != "posted" then null
    elif .item == "share" then "post.shared"
    elif .item | IN("status", "post", "photo", "video", "album", "link", "note", "event") then "mention.posted"
    else null end;

def change_type($field):
  if $field == "feed" or $field == "ratings" then public_type
  elif $field == "comments" or $field == "live_comments" then "comment.posted"
  elif $field == "mention" or $field == "mentions" then (if done == "posted" then "mention.posted" else null end)
  elif $field == "leadgen" then "form.submitted"
  else null end;

def change_id($field; $who):
  (.verb // "add") as $verb
  | if $field == "leadgen" then .leadgen_id
    elif $field == "comments" or $field == "live_comments" then .id
    elif .item == "reaction" or .item == "like" then
      [.comment_id // .parent_id // .post_id // .open_graph_story_id // "page", $who, .reaction_type // .item, $verb, .created_time] | key
    elif .comment_id then [.comment_id, $verb] + (if done == "edited" then [.created_time] else [] end) | key
    elif .media_id then [.media_id, "mention"] | key
    elif .item == "rating" then [.open_graph_story_id, if done == "deleted" then $verb else "rating" end] | key
    elif .post_id then [.post_id, .item // $field, $verb] | key
    else null end;

# Recommended or not; where there are stars, as many of five.
def feedback:
  (.recommendation_type // "" | ascii_downcase) as $recommended
  | if .rating then {csat: .rating, scale: 5}
    elif $recommended == "positive" then {csat: 1, scale: 1}
    elif $recommended == "negative" then {csat: 0, scale: 1}
    else null end;

def change($field; $type; $page; $at):
  . as $c
  | (.from.id // .reviewer_id // .sender_id) as $who
  | if $who == $page then empty  # the page's own posts are no contact of a customer's
    else
      {
        id: change_id($field; $who),
        channel: "social",
        type: change_type($field),
        time: ((.created_time // $at) | moment),
        direction: "inbound",
        conversation: (.post_id // .media.id // .media_id // .open_graph_story_id),
        text: (.message // .text // .review_text),
        feedback: feedback,
        customer: person($type; $page; $who; null),
        attributes: ({name: (.from.name // .from.username // .reviewer_name // .sender_name), comment_id, parent_id, reaction_type, item, verb,
            permalink_url: .post.permalink_url, link, photo, video, media, form_id, ad_id, adgroup_id, leadgen_id} | kept)
      }
      # A review that was edited is told once more.
      | if .type == "review.posted" then .version = ($at | number) else . end
      | nobody("\($type):\($page):\($c | .leadgen_id // .comment_id // .media_id // .post_id // $at)")
      | other("meta"; $c + {field: $field})
    end;

# Figures, and what becomes of the page's own films, is no contact with anybody.
def is_contact: IN("story_insights", "videos", "live_videos") | not;

.body
| (if .object == "instagram" then "instagram" else "facebook" end) as $type
| .entry[]?
| (.id | tostring) as $page | .time as $at
| ((.messaging // [])[] | each(messages($type; $page; null))),
  ((.standby // [])[] | each(messages($type; $page; true))),
  ((.changes // [])[]
     | (.field // "") as $field
     | select($field | is_contact)
     | .value
     | if type != "object" then empty
       elif (.sender | type) == "object" and (.recipient | type) == "object" then each(messages($type; $page; null))
       else each(change($field; $type; $page; $at)) end)
