# Whether a connection may leave through the egress proxy. It judges by the entries of egress.yaml
# (load that file as data beside data.json) and by the address that the name resolved to.
#
# input:
#   host      the name that was asked for, without a trailing dot
#   port      number
#   address   the address that it resolved to
#   program   path of the calling program; without it only entries without binaries match
# data.network_policies  egress.yaml
#
# action: allow or deny; entry: the name of what allowed it; reason.
package defenseclaw.firewall

import rego.v1

# Not reachable through the proxy unless an endpoint's allowed_ips lists it: the metadata service's
# home, loopback, private ranges and the forms in which IPv6 carries them.
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

# An address that is missing or no address is not a public one.
is_address if net.cidr_contains("0.0.0.0/0", input.address)

is_address if net.cidr_contains("::/0", input.address)

address_ok(_) if {
	is_address
	not is_private
}

address_ok(endpoint) if {
	some range in endpoint.allowed_ips
	net.cidr_contains(range, input.address)
}

program_matches(policy) if {
	some binary in policy.binaries
	glob.match(binary.path, ["/"], object.get(input, "program", ""))
}

program_matches(policy) if not policy.binaries

endpoint_matches(endpoint) if {
	glob.match(lower(endpoint.host), ["."], lower(input.host))
	input.port in endpoint.ports
}

# Entries that name the host and port for this program.
named contains name if {
	some name, policy in data.network_policies
	some endpoint in policy.endpoints
	endpoint_matches(endpoint)
	program_matches(policy)
}

# Those of them that may go to this address.
allowing contains name if {
	some name in named
	some endpoint in data.network_policies[name].endpoints
	endpoint_matches(endpoint)
	address_ok(endpoint)
}

default action := "deny"

action := "allow" if count(allowing) > 0

entry := min(allowing) if action == "allow"

default reason := "no entry names this host and port for this program"

reason := sprintf("entry %s", [entry]) if {
	action == "allow"
} else := "the address is private or link-local" if {
	count(named) > 0
}
