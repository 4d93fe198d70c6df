# trees: debian13 debian12
# What is left of an instance that was disabled and purged stands in no later one's way.

t_case "a machine-readable setup prints one document, also when it verifies"
expect defenseclaw sandbox setup --non-interactive --json --verify
expect_equal "the documents" "$(jq -r .schema $T_OUT/stdout 2>&1)" defenseclaw.setup/1

t_case "a user keeps his home: another one is refused before anything changes"
expect_status 2 defenseclaw sandbox setup --non-interactive --sandbox-home /srv/elsewhere
expect_said '^ERROR: --sandbox-home /srv/elsewhere: the home of user sandbox is /home/sandbox' \
    '^fix: give --sandbox-home /home/sandbox'
expect_silent_about undoing

t_case "keys answer a stranger with the user whose they are"
expect_status 2 runuser -u nobody -- defenseclaw keys list
expect_said '^fix: sudo -u sandbox defenseclaw keys list'

t_case "verify is red where its rows can't be printed"
expect_status 1 sh -c 'defenseclaw sandbox verify >/dev/full'

t_case "purged as --disable says, it is set up green in another home"
expect_disable
expect userdel -rf sandbox
expect rm -rf /home/sandbox
expect_setup --sandbox-home /srv/elsewhere
expect defenseclaw sandbox verify
expect_disable
expect_status 2 defenseclaw sandbox setup --non-interactive
expect_said '^fix: give --sandbox-home /srv/elsewhere'
expect userdel -rf sandbox
expect rm -rf /srv/elsewhere

t_case "a person who has the purged user's name gets the own home back"
expect useradd -m -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 -s /bin/bash sandbox
before=$(stat -c '%a %U' /home/sandbox)
expect_setup --adopt-user
expect_disable
expect_silent_about userdel
expect_equal "the home" "$(stat -c '%a %U' /home/sandbox)" "$before"

t_case "the gateway's status says what to do where there is no instance"
expect_status 1 defenseclaw-gateway status --name nobody2
expect_said '^fix: sudo defenseclaw sandbox setup --name nobody2'
