# An example to begin with: the orders of a shop. README.md arrives here step by step.

# The shop's words in those of all senders (docs/vocabulary.md).
def type_of: {placed: "checkout.started", paid: "purchase.completed", shipped: "purchase.updated", cancelled: "purchase.cancelled", refunded: "purchase.refunded"}[.state // ""];

# One order, or a list of them, or one on each line.
.body | if type == "array" then .[] else . end
| . as $order
| {
    id: "\(.order).\(.state)",
    channel: "web",
    type: type_of,
    time: (.changed | seconds),
    direction: (if .state == "shipped" or .state == "refunded" then "outbound" else "inbound" end),
    conversation: .order,
    text: .note,
    customer: {customer_id: .buyer.number, email: .buyer.mail, phone: .buyer.tel},
    attributes: ({total, currency, items: [.lines[]?.sku]} | with_entries(select(.value | filled)))
  }
| nobody("order:\($order.order)")
| other("json"; $order)
