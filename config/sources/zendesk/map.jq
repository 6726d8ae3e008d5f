# Events have a type of zen:event-type:DOMAIN.WHAT, what they are about in `detail`, and what changed in `event`. What a trigger sends is as
# somebody wrote it: README.md has a body to write.

def lower: if type == "string" then ascii_downcase else "" end;

# Ids come as text; nobody's is empty, 0, or -1 where Zendesk itself did it.
def an_id: if . == null or . == false or . == 0 or . == -1 or . == "" or . == "0" or . == "-1" then null else tostring end;
def person: an_id | if . then "zendesk:\(.)" else null end;

# How somebody came, of the names that events use and of those that people read: "native_messaging", "Phone call (incoming)".
def channel:
  (lower | split(" ") | join("_")) as $via
  | if any("voice", "phone", "call"; . as $word | $via | contains($word)) then "call_centre"
    elif any("facebook", "instagram", "twitter"; . as $word | $via | contains($word)) then "social"
    elif any("sms", "text_message"; . as $word | $via | contains($word)) then "sms"
    elif any("chat", "messag", "whatsapp", "telegram", "viber", "kakao", "rcs", "slack", "sunshine", "answer_bot"; . as $word | $via | contains($word)) or $via == "line" then "chat"
    elif $via | contains("mail") then "email"
    elif any("web_form", "web_widget", "helpcenter", "help_center", "dropbox"; . as $word | $via | contains($word)) or $via == "web" then "web"
    elif $via == "mobile_sdk" then "app"
    else "desk" end;

# good or bad, with a comment or without; or how many of five.
def rating:
  if type == "object" then .score | rating
  elif type == "number" then {csat: ., scale: 5}
  elif type == "string" and (ascii_downcase | startswith("good")) then {csat: 1, scale: 1}
  elif type == "string" and (ascii_downcase | startswith("bad")) then {csat: 0, scale: 1}
  elif type == "string" and number != null then number | rating
  else null end;

def is_over: lower | IN("solved", "closed");
def issue($id; $status): {id: "zendesk:\($id)", status: (if $status | is_over then "resolved" elif $status | filled then "open" else null end)};

# ---- tickets ----

def status_type: (.current | lower) as $now
  | if $now == "solved" then "ticket.solved" elif $now == "closed" then "ticket.closed"
    elif (.previous | is_over) and ($now | IN("new", "open", "pending", "hold")) then "ticket.reopened"
    else "ticket.updated" end;

def ticket_type($event):
  if $event == "created" then "ticket.opened"
  elif $event == "status_changed" then status_type
  elif $event == "comment_added" then "ticket.commented"
  elif $event == "agent_assignment_changed" or $event == "group_assignment_changed" then "ticket.assigned"
  elif $event == "merged" then "ticket.merged"
  elif $event == "csat_requested" then "survey.sent"
  elif $event == "csat_received" then "survey.answered"
  elif $event | endswith("_changed") or IN("marked_as_spam", "soft_deleted", "permanently_deleted", "undeleted", "comment_made_private", "comment_redacted",
      "attachment_linked_to_comment", "attachment_redacted_from_comment") then "ticket.updated"
  else null end;

# Who opened a ticket for somebody else may have called them, or been called: that is not said.
def opened_direction: (.via.channel | lower) as $via
  | if $via | contains("outbound") then "outbound"
    elif (.submitter_id | an_id) == null or (.submitter_id | an_id) == (.requester_id | an_id) then "inbound"
    else null end;
def comment_direction: if .author.is_staff != true then "inbound" elif .is_public == false then "internal" else "outbound" end;

def of_ticket($event):
  . as $e | .detail as $t | (.event // {}) as $change
  | ($change.comment // {}) as $comment
  | ($change | ticket_type($event)) as $type
  | ($type // "" | startswith("survey.")) as $survey
  | {
      id: .id,
      channel: (if $survey then "survey" else $t.via.channel | channel end),
      type: $type,
      time: .time,
      direction: (if $event == "created" then $t | opened_direction elif $event == "comment_added" then $comment | comment_direction
        elif $type == "survey.sent" then "outbound" elif $type == "survey.answered" then "inbound" else null end),
      conversation: "zendesk:\($t.id)",
      subject: $t.subject,
      text: (if $event == "created" then $t.description elif $event == "comment_added" then $comment.body elif $type == "survey.answered" then ($change.satisfaction_score.comment? // null) else null end),
      # Of staff, who wrote it; or else whose ticket it is.
      agent: (if $event == "comment_added" and $comment.author.is_staff == true then $comment.author.id else $t.assignee_id end | an_id),
      queue: ($t.group_id | an_id),
      outcome: (if $type == "ticket.solved" then "solved" elif $event == "marked_as_spam" then "spam" else null end),
      feedback: (if $type == "survey.answered" then ($change.satisfaction_score // $change.current) | rating else null end),
      issue: issue($t.id; $t.status),
      # Whoever is in copy may write as well: then it is they who did.
      customer: {anonymous_id: ((if $event == "comment_added" and $comment.author.is_staff != true then $comment.author.id | person else null end) // ($t.requester_id | person))},
      attributes: ({priority: $t.priority, status: $t.status, tags: $t.tags, ticket_type: $t.type, via: $t.via.channel, previous: $change.previous, current: $change.current,
          tags_added: $change.tags_added, tags_removed: $change.tags_removed, custom_field: ($change.custom_field.title? // null), public: $comment.is_public,
          merged_into: ($change.target_ticket_id | if an_id then "zendesk:\(.)" else null end)}
        | with_entries(select(.value | filled != null)))
    }
  | nobody("zendesk:ticket:\($t.id)")
  | other("zendesk"; $e);

# A message of a chat names its ticket and who wrote it: the customer is known by both, so that what is answered is theirs too.
def of_message:
  . as $e | "zendesk:ticket:\(.detail.id)" as $ticket
  | (.event.actor.type | lower == "end_user") as $theirs
  | {
      id: .id,
      channel: "chat",
      type: (if .type | endswith(".message_added") then (if $theirs then "message.received" else "message.sent" end) else null end),
      time: .time,
      direction: (if $theirs then "inbound" else "outbound" end),
      conversation: "zendesk:\(.detail.id)",
      text: .event.message.body,
      agent: (if $theirs then null else .event.actor | .name // .id end),
      customer: {anonymous_id: [(if $theirs then .event.actor.id | person else null end), $ticket | select(.)]},
      attributes: {message: .event.message.id, by: .event.actor.type}
    }
  | other("zendesk"; $e);

# ---- who is who ----

# What says who somebody is. A person of the company's is none of its customers; what became of an account is no contact.
def of_user($event):
  . as $e | .detail as $u
  | ((.event.identity? // .event.current? // null) | if type == "object" then . else {} end) as $identity
  | {id: .id, channel: "desk", time: .time, customer: {email: $u.email, customer_id: $u.external_id, anonymous_id: ($u.id | person)}}
  | if $u.role | lower | IN("agent", "admin") then empty
    elif $event | IN("created", "name_changed", "external_id_changed", "time_zone_changed") then
      .type = "identify" | .traits = (if $event == "name_changed" then {name: $e.event.current} elif $event == "time_zone_changed" then {time_zone: $e.event.current} else null end)
    elif $event == "identity_created" or $event == "identity_changed" then
      .type = "identify" | .customer.email = [$u.email, (if $identity.type | lower == "email" then $identity.value else null end) | select(filled)]
      | .customer.phone = (if $identity.type | lower == "phone_number" then $identity.value else null end)
    elif $event == "merged" then .type = "identify" | .customer.anonymous_id = [($u.id, $e.event.user.id?) | person | select(.)]
    elif $event | endswith("_changed") or endswith("_created") or endswith("_deleted") or . == "deleted" then empty
    else other("zendesk"; $e) end;

# ---- help centre and community ----

# Posts, comments and votes of whoever has an account; whether that is a customer is not said.
def of_public($domain; $event):
  . as $e | (.event // {}) as $what
  | {
      id: .id,
      channel: "web",
      type: (if $event == "created" then "mention.posted" elif $event == "comment_created" then "comment.posted" elif $event == "comment_changed" then "comment.edited"
        elif $event | endswith("vote_created") or endswith("vote_changed") then "post.reacted" else null end),
      time: .time,
      direction: "inbound",
      conversation: "zendesk:\($domain):\(.detail.id)",
      subject: $what.title,
      text: ($what.comment.body? // null),
      customer: {anonymous_id: (first(($what.comment.author_id?, $what.vote.user_id?, $what.author_id, $what.user_id, null) | select(an_id)) // null | person)},
      attributes: ({value: ($what.vote.value? // $what.value), locale: ($what.comment.locale? // $what.locale)} | with_entries(select(.value | filled != null)))
    }
  | nobody("zendesk:\($domain):\($e.detail.id)")
  | other("zendesk"; $e);

# ---- triggers ----

# Triggers tell the minute; the request that is signed in it tells the second.
def moment($sent): if type == "string" and length == 17 and endswith("Z") then (if $sent[:16] == .[:16] then $sent else .[:16] + ":00Z" end) else . end;

def of_trigger($headers):
  . as $e
  | (.event | lower) as $event
  | {opened: "ticket.opened", updated: "ticket.updated", commented: "ticket.commented", answered: "ticket.commented", assigned: "ticket.assigned", escalated: "ticket.escalated",
      solved: "ticket.solved", reopened: "ticket.reopened", closed: "ticket.closed", merged: "ticket.merged", asked: "survey.sent", rated: "survey.answered"}[$event] as $type
  | {
      # Each run of a trigger has a number, which its retries keep.
      id: ($headers."x-zendesk-webhook-invocation-id" | if type == "string" then "invocation.\(.)" else null end),
      channel: (if $type // "" | startswith("survey.") then "survey" else .via | channel end),
      type: $type,
      time: (.updated_at | moment($headers."x-zendesk-webhook-signature-timestamp" // "" | tostring)),
      direction: ({opened: "inbound", commented: "inbound", rated: "inbound", answered: "outbound", asked: "outbound"}[$event]),
      conversation: "zendesk:\(.ticket_id)",
      subject: .subject,
      text: (if $event == "rated" then .rating_comment else .comment end),
      agent: .assignee,
      queue: .group,
      outcome: (if $event == "solved" then "solved" else null end),
      feedback: (if $event == "rated" then .rating | rating else null end),
      issue: issue(.ticket_id; .status),
      customer: {email: .requester_email, phone: .requester_phone, customer_id: .requester_external_id, anonymous_id: (.requester_id | person)},
      attributes: ({priority, tags, status, via} | with_entries(select(.value | filled != null)))
    }
  | nobody("zendesk:ticket:\($e.ticket_id)")
  | other("zendesk"; $e);

.headers as $headers
| .body_sha256 as $digest
| .body
| if type != "object" then error("the body is no JSON object") else . end
| . as $e
# Some are documented with a slash in place of the second colon.
| (.type | if type == "string" and (startswith("zen:event-type:") or startswith("zen:event-type/")) then .[15:] else "" end | split(".") | .[1] //= "") as [$domain, $event]
| if $domain == "ticket" then of_ticket($event)
  elif $domain == "messaging_ticket" then of_message
  elif $domain == "user" then of_user($event)
  elif $domain == "community_post" or $domain == "article" then
    if $event | IN("published", "unpublished", "comment_published", "comment_unpublished", "author_changed", "subscription_created") then empty else of_public($domain; $event) end
  elif $domain | IN("organization", "agent", "omnichannel_config", "messaging_live_metrics") then empty
  elif .ticket_id | filled then of_trigger($headers)
  else {channel: "desk"} + ({id, time} | with_entries(select(.value | type == "string"))) | nobody("zendesk:" + $digest) | other("zendesk"; $e) end
