/* Row 3: the policy. What is in force is root's, below /etc/defenseclaw/NAME/policy; the home has a
 * readable copy, from which nothing is ever read back. */
#include "base/mem.h"
#include "base/paths.h"
#include "provision/tree.h"
#include "resource/kinds.h"

#define STEP "policy"

int policy_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    autofree char *force = path_join(DC_ETC, "%s/policy", in->in.spec.name);
    autofree char *copy = path_join(in->in.spec.home, ".defenseclaw/policy");
    int r;

    if (!force || !copy)
        return -ENOMEM;
    r = tree_wants(in, p, STEP, force, in->policy, in->policy_count, e);
    return r < 0 ? r : tree_wants(in, p, STEP, copy, in->policy, in->policy_count, e);
}
