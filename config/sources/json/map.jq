# An example to begin with: orders of a shop. README.md goes through it line by line.

# {"order": "o-9", "state": "paid", "changed": 1772443800, "buyer": {"number": 4711, "mail": "ann@example.com", "tel": "020 7946 0123"},
#  "total": 19.99, "currency": "GBP", "note": "please ring twice"}
def type_of: {placed: "checkout.started", paid: "purchase.completed", refunded: "purchase.refunded"}[.state // ""];

.body | if type == "array" then .[] else . end
| . as $order
| {
    id: "\(.order).\(.state)",
    channel: "web",
    type: type_of,
    time: (.changed | seconds),
    direction: "inbound",
    conversation: .order,
    text: .note,
    customer: {customer_id: .buyer.number, email: .buyer.mail, phone: .buyer.tel},
    attributes: ({total, currency} | with_entries(select(.value | filled)))
  }
| nobody("order:\($order.order)")
| other("json"; $order)
