# What follows from what the rule packs found in a prompt, a tool call or a reply.
#
# input:
#   direction   "prompt", "tool" or "reply"
#   findings    [{rule, severity, suppressed}]; suppressed optional
#   complete    false when the text was not scanned to its end (limit hit, unknown shape)
# data.guardrail  mode ("enforce" or "observe"), block_at, alert_at, incomplete ("block" or "allow")
# data.severity_rank  {NONE: 0, LOW: 1, …}
#
# action: allow, alert or block; severity: the worst finding that counts.
package defenseclaw.guardrail

import rego.v1

rank := data.severity_rank

counted contains finding if {
	some finding in input.findings
	not finding.suppressed
}

# A severity that nobody ranked is not a small one.
rank_of(severity) := object.get(rank, severity, rank.CRITICAL)

default worst := 0

worst := max({rank_of(finding.severity) | some finding in counted}) if count(counted) > 0

severity := name if {
	some name, value in rank
	value == worst
}

rules := sort({finding.rule | some finding in counted})

would_block if worst >= rank[data.guardrail.block_at]

would_block if {
	input.complete == false
	data.guardrail.incomplete == "block"
}

default action := "allow"

action := "block" if {
	would_block
	data.guardrail.mode == "enforce"
} else := "alert" if {
	would_block
} else := "alert" if {
	worst >= rank[data.guardrail.alert_at]
}
