/* `defenseclaw seed`: one file a verb; those without come with signatures. */
#include "cli/seed.h"

#include "base/mem.h"
#include "base/nearest.h"
#include "cli/verbs.h"

#include <string.h>

int seed_usage(struct err *e, const char *words)
{
    return err_fix(e, err_set(e, -EINVAL, EXIT_USAGE, "seed: usage: defenseclaw seed %s", words),
                   "defenseclaw seed --help");
}

static const struct {
    const char *word;
    int (*fn)(int argc, char **argv, struct err *e); /* NULL: comes later */
} words[] = {
    { "create", seed_verb_create },
    { "inspect", seed_verb_inspect },
    { "verify", NULL },
    { "sign", NULL },
    { "keygen", NULL },
    { "cloud-init", NULL },
};

int verb_seed(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    struct nearest n = { .given = word };
    struct err e = { 0 };

    for (size_t i = 0; i < N_ELEMENTS(words); i++) {
        if (strcmp(words[i].word, word) != 0)
            continue;
        if (words[i].fn)
            return words[i].fn(argc - 1, argv + 1, &e) == 0 ? EXIT_DONE : err_print(&e);
        err_set(&e, -ENOSYS, EXIT_USAGE, "seed %s: comes with the image issue", word);
        return err_print(&e);
    }
    seed_usage(&e, "create|inspect …");
    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        nearest_offer(&n, words[i].word);
    if (*word)
        err_set(&e, -EINVAL, EXIT_USAGE, "seed %s: there is no such verb%s%s", word,
                n.best ? ", nearest is " : "", n.best ? n.best : "");
    return err_print(&e);
}
