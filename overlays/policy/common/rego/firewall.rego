# Whether a connection may leave through the egress proxy. It judges by the entries of egress.yaml
# (load that file as data beside data.json) and by the address that the name resolved to.
#
# input:
#   host      the name that was asked for, without a trailing dot
#   port      number
#   address   the address that it resolved to
#   program   path of the calling program; without it no entry matches
# data.network_policies  egress.yaml
# data.firewall          allow_private (CIDRs that an entry may reach although they are private)
#
# action: allow or deny; entry: the name of what allowed it; reason.
package defenseclaw.firewall

import rego.v1

# Never reachable through the proxy, whatever an entry says: the metadata service's home, loopback,
# private ranges and the forms in which IPv6 carries them.
private := {
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
	"::/128", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fc00::/7",
	"fe80::/10", "ff00::/8",
}

is_private if {
	some range in private
	net.cidr_contains(range, input.address)
}

# An IPv4 address in IPv6 clothes; as a range, ::ffff:0:0/96 would contain every IPv4 address.
is_private if regex.match(`(?i)^(::|(0{1,4}:){5})ffff:`, input.address)

private_allowed if {
	some range in data.firewall.allow_private
	net.cidr_contains(range, input.address)
}

# An address that is missing or no address is not a public one.
is_address if net.cidr_contains("0.0.0.0/0", input.address)

is_address if net.cidr_contains("::/0", input.address)

address_ok if {
	is_address
	not is_private
}

address_ok if private_allowed

program_matches(policy) if {
	some binary in policy.binaries
	glob.match(binary.path, ["/"], object.get(input, "program", ""))
}

matching contains name if {
	some name, policy in data.network_policies
	some endpoint in policy.endpoints
	glob.match(lower(endpoint.host), ["."], lower(input.host))
	input.port in endpoint.ports
	program_matches(policy)
}

default action := "deny"

action := "allow" if {
	count(matching) > 0
	address_ok
}

entry := min(matching) if action == "allow"

default reason := "no entry names this host and port for this program"

reason := "the address is private or link-local" if {
	count(matching) > 0
	not address_ok
} else := sprintf("entry %s", [entry]) if {
	action == "allow"
}
