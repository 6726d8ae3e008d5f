# Events have a type of zen:event-type:..., what they are about in `detail`, and what changed in `event`. What a trigger sends is as
# somebody wrote it: README.md has a body to write.

# How the requester came.
def channel_of: {email: "email", mail: "email", web: "web", web_form: "web", web_widget: "chat", chat: "chat", messaging: "chat", native_messaging: "chat",
  voice: "call_centre", phone: "call_centre", sms: "sms", whatsapp: "chat", facebook: "social", twitter: "social", x: "social", instagram: "social"};
def channel: (if type == "string" then ascii_downcase | gsub(" "; "_") else "" end) as $via | channel_of[$via] // "desk";

def lower: if type == "string" then ascii_downcase else . end;

# The events of a ticket by the last word of their type; a change of status by what it became.
def ticket_type($event):
  (.current // "" | lower) as $now | (.previous // "" | lower) as $before
  | if $event == "created" then "ticket.opened"
    elif $event == "status_changed" then
      (if $now == "solved" then "ticket.solved" elif $now == "closed" then "ticket.closed"
       elif ($before | IN("solved", "closed")) then "ticket.reopened" else "ticket.updated" end)
    elif $event == "comment_added" then "ticket.commented"
    elif $event == "agent_assignment_changed" or $event == "group_assignment_changed" then "ticket.assigned"
    elif $event == "merged" then "ticket.merged"
    elif $event == "csat_requested" or $event == "satisfaction_score_requested" then "survey.sent"
    elif $event == "satisfaction_score_changed" or $event == "csat_answered" then "survey.answered"
    elif ($event | endswith("_changed")) or ($event | IN("attachment_linked_to_comment", "attachment_redacted_from_comment", "undeleted", "soft_deleted",
        "permanently_deleted", "marked_as_spam", "unmarked_as_spam")) then "ticket.updated"
    else null end;

# good or bad, with a comment or without; or stars.
def feedback:
  if type == "object" then .score | feedback
  elif type == "number" then {csat: ., scale: 5}
  elif type == "string" and startswith("good") then {csat: 1, scale: 1}
  elif type == "string" and startswith("bad") then {csat: 0, scale: 1}
  else null end;

def issue($id; $subject; $status): {id: ($id | if . == null then null else "zendesk:\(.)" end), topic: null,
  status: (if $status | lower | IN("solved", "closed") then "resolved" else "open" end)} | if .id == null then null else . end;

def customer: {email: (.requester_email // .email), phone: (.requester_phone // .phone), customer_id: .requester_external_id};

def of_ticket:
  . as $e | .detail as $t | (.event // {}) as $change
  | (.type | split(".")[-1]) as $event
  | ($change | ticket_type($event)) as $type
  | ($change.comment // {}) as $comment
  | {
      id: .id,
      channel: (($t.via.channel // $change.comment.via) | channel),
      type: $type,
      time: .time,
      direction: (if $event == "created" then "inbound" elif $event == "comment_added" then (if $comment.author.is_staff then "outbound" else "inbound" end) else null end),
      conversation: "zendesk:\($t.id)",
      subject: $t.subject,
      text: (if $event == "created" then $t.description else $comment.body end),
      agent: ($t.assignee_id // null),
      queue: ($t.group_id // null),
      outcome: (if $type == "ticket.solved" then "solved" else null end),
      feedback: (if $type == "survey.answered" then ($change.current // $change.rating) | feedback else null end),
      issue: issue($t.id; $t.subject; $t.status),
      customer: ($t.requester // {} | {email, phone, customer_id: .external_id}
        | . + {anonymous_id: (if $t.requester_id then "zendesk:\($t.requester_id)" else null end)}),
      attributes: ({priority: $t.priority, tags: $t.tags, previous: $change.previous, current: $change.current, public: $comment.is_public, ticket_type: $t.type}
        | with_entries(select(.value != null and .value != [])))
    }
  | nobody("zendesk:ticket:\($t.id)")
  | other("zendesk"; $e);

# A person of the company's is none of its customers.
def of_user:
  . as $e | .detail as $u
  | if $u.role | lower | IN("agent", "admin") then empty
    elif .type | IN("zen:event-type:user.created", "zen:event-type:user.identity_created", "zen:event-type:user.name_changed", "zen:event-type:user.external_id_changed") then
      {id: .id, channel: "desk", type: "identify", time: .time,
       customer: {email: ($u.email // .event.identity.value), customer_id: $u.external_id, anonymous_id: "zendesk:\($u.id)"},
       traits: ({name: ($u.name // .event.current)} | with_entries(select(.value | filled)))}
    else {id: .id, channel: "desk", time: .time, customer: {email: $u.email, anonymous_id: "zendesk:\($u.id)"}} | other("zendesk"; $e) end;

# What README.md proposes for triggers.
def of_trigger:
  . as $e
  | {
      id: (if .ticket_id and .updated_at then "\(.ticket_id).\(.event).\(.updated_at)" else null end),
      channel: (.via | channel),
      type: ({opened: "ticket.opened", updated: "ticket.updated", commented: "ticket.commented", solved: "ticket.solved", reopened: "ticket.reopened", closed: "ticket.closed", rated: "survey.answered"}[.event // ""]),
      time: .updated_at,
      conversation: "zendesk:\(.ticket_id)",
      subject: .subject,
      text: .comment,
      agent: .assignee,
      queue: .group,
      feedback: (if .event == "rated" then .rating | lower | feedback else null end),
      issue: issue(.ticket_id; .subject; .status),
      customer: customer,
      attributes: ({priority, tags, status} | with_entries(select(.value | filled)))
    }
  | nobody("zendesk:ticket:\($e.ticket_id)")
  | other("zendesk"; $e);

.body_sha256 as $digest
| .body | if type == "array" then .[] else . end
| . as $e
| if .type // "" | tostring | startswith("zen:event-type:ticket.") then of_ticket
  elif .type // "" | tostring | startswith("zen:event-type:user.") then of_user
  elif .ticket_id then of_trigger
  else {id: .id, channel: "desk", time: .time} | nobody("zendesk:" + $digest) | other("zendesk"; $e) end
