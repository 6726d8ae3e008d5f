# One element an event. What the customer does with a mail, and what becomes of it on its way, is on the mail that was sent.

def types: {
  processed: "email.accepted", deferred: "email.deferred", delivered: "email.delivered", bounce: "email.bounced",
  blocked: "email.bounced", dropped: "email.dropped", open: "email.opened", click: "email.clicked", spamreport: "email.complained",
  unsubscribe: "email.unsubscribed", group_unsubscribe: "email.unsubscribed", group_resubscribe: "email.resubscribed"};

def kept: {sg_message_id, "smtp-id", ip, useragent, url, category, asm_group_id, bounce_classification, attempt, sg_machine_open,
  marketing_campaign_id, marketing_campaign_name, type, status} | with_entries(select(.value));

# What a sender gave to the mail as unique arguments is among the members; it is kept under its name.
def known: ["email", "timestamp", "event", "sg_event_id", "sg_message_id", "smtp-id", "ip", "useragent", "url", "url_offset", "category",
  "asm_group_id", "bounce_classification", "attempt", "reason", "response", "status", "type", "tls", "cert_err", "sg_machine_open",
  "sg_content_type", "pool", "newsletter", "marketing_campaign_id", "marketing_campaign_name", "send_at"];
def arguments: with_entries(select(.key | IN(known[]) | not));

def of_event:
  select(.event != "account_status_change") # of the company's account, and of no customer
  | . as $e
  | {
      id: .sg_event_id,
      channel: "email",
      type: types[.event // ""],
      time: (.timestamp | seconds),
      direction: "outbound",
      conversation: (.sg_message_id | if type == "string" then split(".")[0] else null end),
      outcome: (.reason // (if .event == "deferred" then .response else null end)),
      customer: {email, customer_id: (.customer_id // .user_id // .userid)},
      attributes: (kept + arguments)
    }
  | nobody("sendgrid:\($e.sg_message_id // $e.sg_event_id)")
  | other("sendgrid"; $e);

.body | if type == "array" then .[] else . end | each(of_event)
