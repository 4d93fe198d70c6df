# Whether a sandbox may be set up with these flags, and what about them weakens it.
#
# input: setup's long flags without dashes, as in a seed bundle's flags.json
#   policy, "no-guardrail", "no-host-networking", "dns-filter", "openclaw-port", …
# data.sandbox  floor ("strict", "default" or "permissive"), forbid (flags that may not be given)
#
# allow; deny: the reasons; weakens: what a person should know about flags that are allowed.
package defenseclaw.sandbox

import rego.v1

strictness := {"permissive": 0, "default": 1, "strict": 2}

policy := object.get(input, "policy", "permissive")

floor := data.sandbox.floor

deny contains sprintf("policy %s is below this machine's floor, %s", [policy, floor]) if {
	strictness[policy] < strictness[floor]
}

deny contains sprintf("unknown policy %v", [policy]) if not policy in object.keys(strictness)

deny contains sprintf("flag %s is not allowed here", [flag]) if {
	some flag in data.sandbox.forbid
	input[flag]
}

weakens contains "no-guardrail: what is said to models is not inspected" if input["no-guardrail"]

weakens contains "no-host-networking: the host's own fence is not built" if {
	input["no-host-networking"]
}

weakens contains "dns-filter none: any name can be asked for" if input["dns-filter"] == "none"

allow if count(deny) == 0
