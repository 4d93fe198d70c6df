# What follows from the worst finding in a skill, plugin or MCP server.
#
# input:
#   target_type   "skill", "plugin" or "mcp"
#   scan_result   {max_severity}
# data.actions            {SEVERITY: {runtime, file, install}}
# data.scanner_overrides  {TYPE: {SEVERITY: {…}}}, wins over actions
#
# action: {runtime: allow|block, file: none|quarantine, install: none|block}. A severity that nobody
# described counts as the worst.
package defenseclaw.skill_actions

import rego.v1

worst := {"runtime": "block", "file": "quarantine", "install": "block"}

default action := {"runtime": "allow", "file": "none", "install": "none"}

action := data.scanner_overrides[input.target_type][input.scan_result.max_severity]

action := data.actions[input.scan_result.max_severity] if {
	not data.scanner_overrides[input.target_type][input.scan_result.max_severity]
}

action := worst if {
	input.scan_result.max_severity
	not data.scanner_overrides[input.target_type][input.scan_result.max_severity]
	not data.actions[input.scan_result.max_severity]
}

blocked if action.runtime == "block"

quarantined if action.file == "quarantine"
