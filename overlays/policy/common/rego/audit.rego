# What of an audit row is kept, for how long, what is blacked out, and whether anybody is told.
#
# input:
#   row       {kind, decision, severity, fields}; kind: egress, dns, guardrail, tool, pair or
#             admission
#   age_days  number, when asked whether a row may go
# data.audit  retention_days {KIND: days}, default_retention_days, redact (names of fields),
# alert_at data.severity_rank
#
# record: whether to write the row at all; expired; redact: the fields to black out; alert.
package defenseclaw.audit

import rego.v1

rank := data.severity_rank

# Every decision is recorded: a policy can ask for longer keeping, never for silence.
default record := true

days := data.audit.retention_days

retention_days := object.get(days, input.row.kind, data.audit.default_retention_days)

default expired := false

expired if input.age_days > retention_days

redact contains field if {
	some field in data.audit.redact
	input.row.fields[field]
}

default alert := false

alert if {
	input.row.decision in {"deny", "block"}
	severity := object.get(input.row, "severity", "NONE")
	object.get(rank, severity, rank.CRITICAL) >= rank[data.audit.alert_at]
}
