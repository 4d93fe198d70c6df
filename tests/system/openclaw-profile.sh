# trees: debian13 debian12
# timeout: 200
# OpenClaw's profile as a person keeps it: what setup does to it, and what --disable leaves.

profile=/home/sandbox/.openclaw/openclaw.json

# The user and the home stay at --disable: from here on a profile can stand there before setup.
t_case "absent before, absent after"
expect_setup --policy default || t_give_up
expect jq -e '.plugins.entries.defenseclaw.config.guardrail.endpoint == "http://10.200.0.1:18970"' $profile
expect_equal owner "$(stat -c '%a %U:%G' $profile)" '600 sandbox:sandbox'
expect_disable
expect_absent $profile

person() { # TEXT: the profile that a person made
    install -d -m 0700 -o sandbox -g sandbox /home/sandbox/.openclaw
    printf %b "$1" >$profile
    chown sandbox:sandbox $profile
    chmod "${2:-0640}" $profile
    cp -a $profile "$T_OUT/original"
}

t_case "comments, CRLF, a byte order mark, big integers and odd order come back byte for byte"
person '\xef\xbb\xbf// mine\r\n{ meta : {big:12345678901234567890,}, /* x */ gateway: {"port" : 0x10 }\r\n\t}\r\n'
expect_setup --policy default
expect grep -q '12345678901234567890,}, /\* x \*/ gateway' $profile
expect cmp $profile.defenseclaw.bak "$T_OUT/original"
expect_equal "the copy's owner" "$(stat -c '%a %U:%G' $profile.defenseclaw.bak)" '600 sandbox:sandbox'
expect_equal "its owner and mode" "$(stat -c '%a %U:%G' $profile)" '640 sandbox:sandbox'
expect_setup --policy default
expect_said 'nothing to (do|change)|[Nn]othing changed|already'
expect_disable
expect cmp $profile "$T_OUT/original"
expect_equal "its owner and mode" "$(stat -c '%a %U:%G' $profile)" '640 sandbox:sandbox'
expect_absent $profile.defenseclaw.bak

t_case "what a person changed after setup stays, is told, and only our keys go"
person '{ gateway: { port: 5 } }\n'
expect_setup --policy default
sed -i 's/"custom"/"lan"/; s/^{/{ "theirs": [1, 2],/' $profile
expect_disable
expect_said 'gateway.bind'
expect_equal profile "$(cat $profile)" '{ "theirs": [1, 2], gateway: { port: 5, "bind": "lan" } }'

t_case "another relay port replaces the origins of the one before"
person '{\n}\n'
expect_setup --relay-port 19000
expect grep -q http://127.0.0.1:19000 $profile
expect_failure grep -q 127.0.0.1:18789 $profile
expect_setup --relay-port 19001
expect_failure grep -q :19000 $profile
expect_disable
expect cmp $profile "$T_OUT/original"

t_case "a key of ours that stands twice is refused with both lines, and nothing is written"
person '{\n  gateway: { port: 1 },\n  "gateway": { port: 2 },\n}\n'
expect_status 2 defenseclaw sandbox setup --non-interactive
expect_said 'key gateway stands twice, in lines 2 and 3'
expect cmp $profile "$T_OUT/original"
expect_failure ip netns exec sandbox0 true

t_case "a broken profile is refused with the page's words, and the fix that is printed works"
person '{ "half": \n'
expect_status 4 defenseclaw sandbox setup --non-interactive
expect_said 'ERROR: openclaw.json: master_key not found'
fix=$(sed -n 's/^fix: //p' "$T_OUT/said")
expect sh -c "$fix"
expect_setup
expect_disable
rm -f $profile*

t_case "no OpenClaw: the page's words, exit 4"
openclaw=$(command -v openclaw)
mv "$openclaw" "$openclaw.away"
expect_status 4 defenseclaw sandbox setup --non-interactive
expect_said 'ERROR: openclaw.json: master_key not found'
expect_said 'fix: .*--no-agent'
expect_setup --no-agent
expect_disable
mv "$openclaw.away" "$openclaw"

t_case "links, FIFOs, directories and hard links are refused, and nothing outside is touched"
sudo -u sandbox mkdir -p /home/sandbox/.openclaw
echo outside >/root/outside
for make in "ln -s /root/outside $profile" "mkfifo $profile" "mkdir $profile" \
    "ln -s / /home/sandbox/l; ln -s /home/sandbox/l/root/outside $profile"; do
    sudo -u sandbox sh -c "$make"
    expect_status 4 timeout 20 defenseclaw sandbox setup --non-interactive
    expect_said 'openclaw.json: master_key not found'
    rm -rf $profile /home/sandbox/l
done
sudo -u sandbox rmdir /home/sandbox/.openclaw
sudo -u sandbox ln -s /root /home/sandbox/.openclaw
expect_status 4 timeout 20 defenseclaw sandbox setup --non-interactive
expect_absent /root/openclaw.json
rm /home/sandbox/.openclaw
expect_equal "what lies outside" "$(cat /root/outside)" outside

t_case "what is swapped in after setup is kept beside, and the original comes back"
person '{ mine: 1 }\n'
expect_setup
systemctl stop openshell-sandbox.service
sudo -u sandbox sh -c "rm $profile; ln -s /root/outside $profile"
expect_disable
expect_said 'kept beside'
expect cmp $profile "$T_OUT/original"
expect_equal "what lies outside" "$(cat /root/outside)" outside
expect test -L $profile.kept-by-defenseclaw
rm -f $profile.kept-by-defenseclaw

t_case "a directory swapped for a link is not followed at --disable either"
person '{ mine: 2 }\n'
expect_setup
systemctl stop openshell-sandbox.service
sudo -u sandbox sh -c 'mv ~/.openclaw ~/.moved; ln -s /root ~/.openclaw' || t_fail "the swap"
expect_disable
expect_absent /root/openclaw.json /root/openclaw.json.defenseclaw.bak
expect cmp $profile "$T_OUT/original"
expect test -L /home/sandbox/.openclaw.kept-by-defenseclaw

t_case "a mode, an owner's attribute and an access list survive setup and --disable"
rm -rf /home/sandbox/.openclaw /home/sandbox/.openclaw.kept-by-defenseclaw
person '{ mine: 3 }\n' 0604
if setfattr -n user.mine -v yes $profile 2>/dev/null; then
    expect_setup
    expect_equal attribute "$(getfattr --only-values -n user.mine $profile)" yes
    expect_disable
    expect_equal attribute "$(getfattr --only-values -n user.mine $profile)" yes
else
    expect_setup
    expect_disable
fi
expect_equal mode "$(stat -c %a $profile)" 604
expect cmp $profile "$T_OUT/original"
