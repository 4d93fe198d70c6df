/* Row 8: the CodeGuard skill and the guardrail plugin, root's, where OpenClaw is told to look. */
#include "base/mem.h"
#include "provision/tree.h"
#include "resource/kinds.h"

#define STEP "extras"

int extras_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    static const char *const dirs[] = { ".claw", ".claw/skills", ".claw/extensions" };
    const char *home = in->in.spec.home;
    autofree char *skill = path_join(home, ".claw/skills/codeguard");
    autofree char *plugin = path_join(home, ".claw/extensions/defenseclaw");
    int r;

    if (in->in.spec.no_agent)
        return 0;
    for (size_t i = 0; i < N_ELEMENTS(dirs); i++) {
        autofree char *dir = path_join(home, "%s", dirs[i]);

        if (!dir)
            return -ENOMEM;
        plan_add(p, STEP, &kind_file, dir, want_directory(0755, 0, 0));
    }
    if (!skill || !plugin)
        return -ENOMEM;
    r = tree_wants(in, p, STEP, skill, in->skill, in->skill_count, e);
    return r < 0 ? r : tree_wants(in, p, STEP, plugin, in->plugin, in->plugin_count, e);
}
