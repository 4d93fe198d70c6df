/* --help, the bash completion and the man page's lists, all from the two tables. */
#include "base/mem.h"
#include "cli/verbs.h"
#include "spec/options.h"

#include <string.h>

#define WIDTH 100
#define COLUMN 28

/* Prints text from COLUMN on, wrapped at WIDTH; the cursor is at column at. */
static void print_wrapped(FILE *out, size_t at, const char *text)
{
    size_t column = at;

    if (at + 2 > COLUMN) {
        fputc('\n', out);
        column = 0;
    }
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, " ");

        if (column > COLUMN && column + 1 + len > WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        if (column < COLUMN) {
            fprintf(out, "%*s", (int)(COLUMN - column), "");
            column = COLUMN;
        } else {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", (int)len, p);
        column += len;
        p += len + strspn(p + len, " ");
    }
    fputc('\n', out);
}

static void print_option(FILE *out, const char *name, const char *metavar, const char *effect,
                         const char *default_text)
{
    char line[512];
    int at = fprintf(out, "  --%s%s%s", name, metavar ? " " : "", metavar ? metavar : "");

    snprintf(line, sizeof line, "%s%s%s%s", effect, default_text ? " (default: " : "",
             default_text ? default_text : "", default_text ? ")" : "");
    print_wrapped(out, at > 0 ? (size_t)at : 0, line);
}

/* What help shows as the default: nothing for switches, nor where the effect's text says it. */
static const char *shown_default(const struct option *o)
{
    return o->metavar && !strstr(o->effect, "(default") ? o->default_text : NULL;
}

static void print_setup_options(FILE *out, unsigned mask, unsigned want)
{
    for (size_t i = 0; i < option_table_len; i++) {
        const struct option *o = &option_table[i];

        if ((o->flags & mask) == want)
            print_option(out, o->name, o->metavar, o->effect, shown_default(o));
    }
}

static void help_setup(FILE *out)
{
    fputs("\nFlags:\n", out);
    print_setup_options(out, OPTION_PAGE, OPTION_PAGE);
    fputs("\nMore flags:\n", out);
    print_setup_options(out, OPTION_PAGE | OPTION_OTHER_NAME, 0);
    fputs("\nOther names and opposites (a flag that isn't given keeps its recorded value):\n", out);
    print_setup_options(out, OPTION_OTHER_NAME, OPTION_OTHER_NAME);
}

void help_verb(FILE *out, const struct verb *v)
{
    fprintf(out, "usage: defenseclaw %s %s\n\n%s\n", v->words, v->synopsis, v->summary);
    if (v->comes_with)
        fprintf(out, "Not in this version; comes with %s.\n", v->comes_with);
    if (v->setup_options)
        help_setup(out);
    else if (v->options[0].name)
        fputs("\nFlags:\n", out);
    for (size_t i = 0; i < VERB_OPTIONS_MAX && v->options[i].name; i++)
        print_option(out, v->options[i].name, v->options[i].metavar, v->options[i].effect, NULL);
}

void help_program(FILE *out)
{
    fputs("usage: defenseclaw COMMAND [OPTION…]\n\nA fenced home for an AI agent on a Linux "
          "host.\n\nCommands:\n",
          out);
    for (size_t i = 0; i < verb_count; i++) {
        int at;

        if (verbs[i].hidden || !verbs[i].fn)
            continue;
        at = fprintf(out, "  %s", verbs[i].words);
        print_wrapped(out, at > 0 ? (size_t)at : 0, verbs[i].summary);
    }
    fputs("\nBegin with:  sudo defenseclaw sandbox setup --dry-run\n"
          "Then:        sudo defenseclaw sandbox verify\n"
          "Undo:        sudo defenseclaw sandbox setup --disable\n\n"
          "'defenseclaw COMMAND --help' says more. Exit status: 0 done; 1 failed and rolled back;\n"
          "2 bad usage or input; 3 a check is red; 4 this machine can't.\n",
          out);
}

/* -- bash completion -- */

static const char completion_code[] =
    "_defenseclaw() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb words\n"
    "    verb=${COMP_WORDS[1]}\n"
    "    [ \"$verb\" = sandbox ] && [ \"$COMP_CWORD\" -gt 2 ] && verb=\"sandbox "
    "${COMP_WORDS[2]}\"\n"
    "    [ \"$prev\" = = ] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    [ \"$cur\" = = ] && cur=\n"
    "    words=$(_defenseclaw_values \"$verb\" \"$prev\")\n"
    "    if [ -z \"$words\" ]; then\n"
    "        if [ \"$COMP_CWORD\" -eq 1 ]; then words=$(_defenseclaw_words '')\n"
    "        else words=$(_defenseclaw_words \"$verb\"); fi\n"
    "    fi\n"
    "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
    "}\n"
    "complete -o default -F _defenseclaw defenseclaw\n";

static void completion_first_words(FILE *out, bool sandbox)
{
    for (size_t i = 0; i < verb_count; i++) {
        bool inside = strncmp(verbs[i].words, "sandbox ", 8) == 0;

        if (!verbs[i].hidden && verbs[i].fn && inside == sandbox)
            fprintf(out, " %s", verbs[i].words + (inside ? 8 : 0));
    }
}

static void completion_words(FILE *out)
{
    fputs("_defenseclaw_words() {\n    case $1 in\n    '') echo 'sandbox", out);
    completion_first_words(out, false);
    fputs(" --help --version' ;;\n    sandbox) echo '", out);
    completion_first_words(out, true);
    fputs("' ;;\n", out);
    for (size_t i = 0; i < verb_count; i++) {
        const struct verb *v = &verbs[i];

        if (v->hidden || !v->fn)
            continue;
        fprintf(out, "    '%s') echo '--help", v->words);
        for (size_t k = 0; v->setup_options && k < option_table_len; k++)
            fprintf(out, " --%s", option_table[k].name);
        for (size_t k = 0; k < VERB_OPTIONS_MAX && v->options[k].name; k++)
            fprintf(out, " --%s", v->options[k].name);
        fputs("' ;;\n", out);
    }
    fputs("    esac\n}\n", out);
}

int verb_completion(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], "bash") != 0) {
        fputs("ERROR: completion: only bash has one\nfix: defenseclaw completion bash\n", stderr);
        return EXIT_USAGE;
    }
    puts("# bash completion of defenseclaw, written by `defenseclaw completion bash`");
    completion_words(stdout);
    fputs("_defenseclaw_values() {\n    case \"$1 $2\" in\n", stdout);
    for (size_t i = 0; i < option_table_len; i++)
        if (option_table[i].choices)
            printf("    'sandbox setup --%s') echo '%s' ;;\n", option_table[i].name,
                   option_table[i].choices);
    fputs("    esac\n}\n", stdout);
    fputs(completion_code, stdout);
    return EXIT_DONE;
}

/* -- man page -- */

/* Text with what roff would read escaped. */
static void print_roff(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++)
        fputs(*text == '-' ? "\\-" : *text == '\\' ? "\\e" : (char[]){ *text, '\0' }, stdout);
}

static void man_option(const char *name, const char *metavar, const char *effect,
                       const char *default_text)
{
    fputs(".TP\n.B \\-\\-", stdout);
    print_roff(name);
    if (metavar) {
        fputs("\\fR \\fI", stdout);
        print_roff(metavar);
        fputs("\\fR", stdout);
    }
    fputc('\n', stdout);
    print_roff(effect);
    if (default_text) {
        fputs(" (default: ", stdout);
        print_roff(default_text);
        fputc(')', stdout);
    }
    fputs(".\n", stdout);
}

int verb_man_options(int argc, char **argv)
{
    (void)argc, (void)argv;
    for (size_t i = 0; i < verb_count; i++) {
        const struct verb *v = &verbs[i];

        if (v->hidden || !v->fn)
            continue;
        fputs(".SS defenseclaw ", stdout);
        print_roff(v->words);
        fputc(' ', stdout);
        print_roff(v->synopsis);
        fputc('\n', stdout);
        print_roff(v->summary);
        fputs(".\n", stdout);
        for (size_t k = 0; v->setup_options && k < option_table_len; k++)
            man_option(option_table[k].name, option_table[k].metavar, option_table[k].effect,
                       shown_default(&option_table[k]));
        for (size_t k = 0; k < VERB_OPTIONS_MAX && v->options[k].name; k++)
            man_option(v->options[k].name, v->options[k].metavar, v->options[k].effect, NULL);
    }
    return EXIT_DONE;
}
