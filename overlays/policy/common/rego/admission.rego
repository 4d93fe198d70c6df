# Whether a skill, plugin or MCP server may be installed.
#
# input:
#   target_type   "skill", "plugin" or "mcp"
#   target_name   its name
#   digest        optional, the digest that admission.yaml describes
#   block_list    optional, [{target_type, target_name, reason}]
#   allow_list    optional, [{target_type, target_name, reason}]
#   scan_result   optional, {max_severity, total_findings}
# data.admission  admission.yaml (load that file as data beside data.json)
# data.actions, data.scanner_overrides: see skill_actions.rego
#
# verdict: blocked, rejected, allowed, scan, clean or warning; reason: one line for people.
package defenseclaw.admission

import data.defenseclaw.skill_actions
import rego.v1

listed(list) if {
	some entry in list
	entry.target_type == input.target_type
	entry.target_name == input.target_name
}

known := entry if {
	some entry in data.admission.known
	entry.target_type == input.target_type
	entry.target_name == input.target_name
}

# A name that is ours with bytes that aren't is the worst case: somebody poses as a known extension.
impostor if {
	known.digest
	input.digest != known.digest
}

impostor if {
	known.digest
	not input.digest
}

has_scan if is_number(input.scan_result.total_findings)

found := sprintf("severity %s", [input.scan_result.max_severity])

default decision := {"verdict": "rejected", "reason": "not described well enough to decide"}

decision := {"verdict": "blocked", "reason": "on the block list"} if {
	listed(object.get(input, "block_list", []))
} else := {"verdict": "rejected", "reason": "its bytes are not those of the release"} if {
	impostor
} else := {"verdict": "allowed", "reason": known.reason} if {
	known.digest == input.digest
} else := {"verdict": "rejected", "reason": "no digest, and this template asks for one"} if {
	data.admission.require_digest
	not input.digest
} else := {"verdict": "allowed", "reason": "on the allow list"} if {
	listed(object.get(input, "allow_list", []))
	data.admission.allow_list_bypass_scan
} else := {"verdict": "clean", "reason": "scanned, nothing found"} if {
	has_scan
	input.scan_result.total_findings == 0
} else := {"verdict": "rejected", "reason": found} if {
	has_scan
	skill_actions.action.install == "block"
} else := {"verdict": "warning", "reason": found} if {
	has_scan
} else := {"verdict": "scan", "reason": "not scanned yet"} if {
	data.admission.unknown == "scan"
	input.target_name
} else := {"verdict": "rejected", "reason": "not known, and this template admits only what is"} if {
	input.target_name
}

verdict := decision.verdict

reason := decision.reason

admitted if verdict in {"allowed", "clean", "warning"}
