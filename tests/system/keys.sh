# trees: debian13 debian12
# timeout: 150
# The keys verb, the device key and pair, with the page's two troubleshooting rows about them.

as_sandbox() { sudo -u sandbox "$@"; }
env_file=/home/sandbox/.defenseclaw/.env

t_case "setup without pairing writes neither half of the key"
expect_setup --policy default --no-auto-pair || t_give_up
expect_absent /home/sandbox/.defenseclaw/device.key /etc/defenseclaw/sandbox/device.pub

t_case "pair makes the key, registers it, and proves it"
expect sudo defenseclaw pair
expect_said 'paired: device [0-9a-f]{64}'
device=$(grep -oE '[0-9a-f]{64}' "$T_OUT/said")
expect_equal device.key "$(stat -c '%a %U' /home/sandbox/.defenseclaw/device.key)" '600 sandbox'
expect test -s /etc/defenseclaw/sandbox/device.pub

t_case "the device's id is the SHA-256 of the public key"
expect_equal id "$(python3 -c 'import base64, hashlib
key = open("/etc/defenseclaw/sandbox/device.pub").read().strip()
print(hashlib.sha256(base64.urlsafe_b64decode(key + "=")).hexdigest())')" "$device"

t_case "setup again keeps the key"
key=$(sha256sum </home/sandbox/.defenseclaw/device.key)
expect_setup
expect_equal "the key" "$(sha256sum </home/sandbox/.defenseclaw/device.key)" "$key"

t_case "the public half is made again when it is gone"
mv /etc/defenseclaw/sandbox/device.pub /var/tmp/device.pub
expect_setup
expect cmp /var/tmp/device.pub /etc/defenseclaw/sandbox/device.pub

t_case "a forged key is refused with the page's words, and the fix that is printed works"
as_sandbox sh -c '{ echo "-----BEGIN ED25519 PRIVATE KEY-----"; head -c 32 /dev/urandom | base64
    echo "-----END ED25519 PRIVATE KEY-----"; } >/home/sandbox/.defenseclaw/device.key'
expect_status 1 sudo defenseclaw pair
expect_said 'ERROR: device pair failed: 401'
fix=$(sed -n 's/^fix: //p' "$T_OUT/said")
expect sh -c "$fix"
expect sudo defenseclaw pair

t_case "device pair failed: 401 while the gateway hasn't read the key, and the page's fix works"
systemctl stop defenseclaw-gateway@sandbox.service
mv /etc/defenseclaw/sandbox/device.pub /etc/defenseclaw/sandbox/device.pub.away
systemctl start defenseclaw-gateway@sandbox.service
mv /etc/defenseclaw/sandbox/device.pub.away /etc/defenseclaw/sandbox/device.pub
expect_status 1 sudo /home/sandbox/pair.sh
expect_said 'ERROR: device pair failed: 401'
expect_said 'fix: sudo systemctl restart defenseclaw-gateway@sandbox.service'
expect sudo systemctl restart defenseclaw-gateway@sandbox.service
expect sudo /home/sandbox/pair.sh

t_case "OPENCLAW_GATEWAY_TOKEN empty comes out with the page's words, and the page's fix works as typed"
expect as_sandbox defenseclaw keys unset OPENCLAW_GATEWAY_TOKEN
expect_status 1 sudo /home/sandbox/pair.sh
expect_said 'ERROR: pair.sh: OPENCLAW_GATEWAY_TOKEN empty'
expect_said 'fix: sudo -u sandbox defenseclaw keys set OPENCLAW_GATEWAY_TOKEN'
expect sudo -u sandbox defenseclaw keys set OPENCLAW_GATEWAY_TOKEN
expect grep -qE '^OPENCLAW_GATEWAY_TOKEN=[0-9a-f]{64}$' $env_file
expect sudo /home/sandbox/pair.sh

t_case "keys keeps the sandbox's own in .env, by name alone in the list"
expect as_sandbox sh -c 'echo "a value with = in it" | defenseclaw keys set MY_KEY'
expect_equal owner "$(stat -c '%a %U:%G' $env_file)" '600 sandbox:sandbox'
expect grep -qx 'MY_KEY=a value with = in it' $env_file
expect as_sandbox defenseclaw keys list
expect_said '^MY_KEY$'
expect_silent_about 'a value'
expect as_sandbox defenseclaw keys unset MY_KEY
expect_failure grep -q MY_KEY $env_file
expect_status 2 as_sandbox defenseclaw keys unset MY_KEY

t_case "keys as root are the gateway's, sealed and unreadable to others"
expect sh -c 'printf sk-example | defenseclaw keys set PROVIDER_API_KEY'
cred=/etc/defenseclaw/sandbox/secrets/PROVIDER_API_KEY.cred
expect_equal "the sealed key" "$(stat -c '%a %U' $cred)" '600 root'
expect_failure grep -q sk-example $cred
expect_equal "its value" "$(systemd-creds decrypt --name=PROVIDER_API_KEY $cred - 2>/dev/null)" sk-example
expect defenseclaw keys list
expect_said '^PROVIDER_API_KEY$'
expect_failure as_sandbox cat $cred
expect defenseclaw keys unset PROVIDER_API_KEY
expect_absent $cred

t_case "bad names, missing values and other users end with 2 and write nothing"
before=$(sha256sum <$env_file)
expect_status 2 as_sandbox defenseclaw keys set lower
expect_status 2 as_sandbox defenseclaw keys set ../X
expect_status 2 as_sandbox defenseclaw keys set EMPTY
expect_status 2 as_sandbox defenseclaw keys frobnicate
expect_status 2 as_sandbox sh -c 'printf "one\ntwo\n" | defenseclaw keys set TWO'
expect_status 2 sudo defenseclaw keys set OPENCLAW_GATEWAY_TOKEN
expect_status 2 sudo -u nobody defenseclaw keys list
expect_equal .env "$(sha256sum <$env_file)" "$before"

t_case "the agent's environment has the key after a restart"
expect as_sandbox sh -c 'echo seen | defenseclaw keys set AGENT_SEES'
expect systemctl restart openshell-sandbox.service
wait_for 10 sh -c 'for p in $(pgrep -u sandbox); do tr "\0" "\n" </proc/$p/environ; done | grep -qx AGENT_SEES=seen'

t_case "--disable takes the key and its public half away"
expect_disable
expect_absent /home/sandbox/.defenseclaw/device.key /etc/defenseclaw/sandbox

t_case "a sealed key that keys set left stays at --disable, and setup goes through with it"
expect_setup
expect sh -c 'printf sk-example | defenseclaw keys set PROVIDER_API_KEY'
expect_disable
expect test -s $cred
expect_setup
expect_disable
expect rm -r /etc/defenseclaw/sandbox/secrets
