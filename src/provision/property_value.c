#include "provision/property_value.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MS_REC_FLAG 16384 /* MS_REC: a bind with what is mounted below */

static cJSON *parse_bool(const char *text)
{
    bool yes = strcmp(text, "yes") == 0;

    return yes || strcmp(text, "no") == 0 ? cJSON_CreateBool(yes) : NULL;
}

static cJSON *parse_based(const char *text, int base, double factor)
{
    char *end;
    long n = strtol(text, &end, base);

    return end == text || *end ? NULL : cJSON_CreateNumber((double)n * factor);
}

static cJSON *parse_number(const char *text)
{
    return strcmp(text, "infinity") == 0 ? cJSON_CreateString(text) : parse_based(text, 10, 1);
}

static cJSON *parse_octal(const char *text)
{
    return parse_based(text, 8, 1);
}

static cJSON *parse_seconds(const char *text)
{
    return parse_based(text, 10, 1e6);
}

static cJSON *parse_nothing(const char *text)
{
    (void)text;
    return cJSON_CreateNumber(0);
}

/* Takes the next word of *text into word; false at the end, or when it doesn't fit. */
static bool next_word(const char **text, char *word, size_t size)
{
    size_t n;

    *text += strspn(*text, " ");
    n = strcspn(*text, " ");
    if (n == 0 || n >= size)
        return false;
    memcpy(word, *text, n);
    word[n] = '\0';
    *text += n;
    return true;
}

/* Builds a list by one function per word. */
static cJSON *parse_words(const char *text, cJSON *(*one)(const char *word))
{
    autojson cJSON *list = cJSON_CreateArray();
    char word[PATH_MAX * 2];

    while (list && next_word(&text, word, sizeof word)) {
        cJSON *item = one(word);

        if (!item)
            return NULL;
        cJSON_AddItemToArray(list, item);
    }
    return *text ? NULL : mem_take(&list);
}

static cJSON *parse_list(const char *text)
{
    return parse_words(text, cJSON_CreateString);
}

static const struct {
    const char *name;
    int bit;
} secure_bits[] = {
    { "noroot", 0 },          { "noroot-locked", 1 },
    { "no-setuid-fixup", 2 }, { "no-setuid-fixup-locked", 3 },
    { "keep-caps", 4 },       { "keep-caps-locked", 5 },
};

static cJSON *parse_secure_bits(const char *text)
{
    char word[32];
    int bits = 0;

    while (next_word(&text, word, sizeof word)) {
        size_t i = 0;

        while (i < N_ELEMENTS(secure_bits) && strcmp(secure_bits[i].name, word) != 0)
            i++;
        if (i == N_ELEMENTS(secure_bits))
            return NULL;
        bits |= 1 << secure_bits[i].bit;
    }
    return cJSON_CreateNumber(bits);
}

static cJSON *parse_errno(const char *text)
{
    return strcmp(text, "EPERM") == 0 ? cJSON_CreateNumber(EPERM) : NULL;
}

static cJSON *pair_of(const char *first, const char *second)
{
    autojson cJSON *list = cJSON_CreateArray();
    cJSON *a = cJSON_CreateString(first), *b = cJSON_CreateString(second);

    if (!list || !a || !b) {
        cJSON_Delete(a);
        cJSON_Delete(b);
        return NULL;
    }
    cJSON_AddItemToArray(list, a);
    cJSON_AddItemToArray(list, b);
    return mem_take(&list);
}

static cJSON *bind_of(const char *word)
{
    bool optional = word[0] == '-';
    const char *source = word + optional, *colon = strchr(source, ':');
    autofree char *from = strndup(source, colon ? (size_t)(colon - source) : strlen(source));
    autojson cJSON *bind = from ? pair_of(from, colon ? colon + 1 : from) : NULL;

    if (!bind || !cJSON_AddItemToArray(bind, cJSON_CreateBool(optional)) ||
        !cJSON_AddItemToArray(bind, cJSON_CreateNumber(MS_REC_FLAG)))
        return NULL;
    return mem_take(&bind);
}

static cJSON *parse_binds(const char *text)
{
    return parse_words(text, bind_of);
}

static cJSON *tmpfs_of(const char *word)
{
    const char *colon = strchr(word, ':');
    autofree char *path = strndup(word, colon ? (size_t)(colon - word) : strlen(word));

    return path ? pair_of(path, colon ? colon + 1 : "") : NULL;
}

static cJSON *parse_tmpfs(const char *text)
{
    return parse_words(text, tmpfs_of);
}

static cJSON *with_mode(bool allowed, cJSON *names)
{
    autojson cJSON *value = cJSON_CreateArray();

    if (!value || !names || !cJSON_AddItemToArray(value, cJSON_CreateBool(allowed))) {
        cJSON_Delete(names);
        return NULL;
    }
    cJSON_AddItemToArray(value, names);
    return mem_take(&value);
}

static cJSON *parse_families(const char *text)
{
    return with_mode(true, parse_list(text));
}

static cJSON *parse_syscalls(const char *text)
{
    bool refused = text[0] == '~';

    return with_mode(!refused, parse_list(text + refused));
}

/* systemd reads a filter back expanded, and groups differ from version to version: so of each
 * refused group one call stands for all. */
static const struct {
    const char *group, *call;
} group_calls[] = {
    { "@privileged", "setuid" }, { "@debug", "ptrace" },       { "@keyring", "keyctl" },
    { "@mount", "mount" },       { "@clock", "settimeofday" }, { "@cpu-emulation", "modify_ldt" },
    { "@obsolete", "uselib" },   { "@raw-io", "ioperm" },      { "@reboot", "reboot" },
    { "@swap", "swapon" },       { "@module", "init_module" }, { "@aio", "io_setup" },
};

static cJSON *call_of(const char *word)
{
    if (word[0] != '@')
        return cJSON_CreateString(word);
    for (size_t i = 0; i < N_ELEMENTS(group_calls); i++)
        if (strcmp(group_calls[i].group, word) == 0)
            return cJSON_CreateString(group_calls[i].call);
    return NULL;
}

static cJSON *expect_syscalls(const char *text)
{
    return text[0] == '~' ? parse_words(text + 1, call_of) : cJSON_CreateArray();
}

static cJSON *bytes_of(const unsigned char *bytes, int count)
{
    int numbers[16];

    for (int i = 0; i < count; i++)
        numbers[i] = bytes[i];
    return cJSON_CreateIntArray(numbers, count);
}

static cJSON *prefix_of(int family, const unsigned char *bytes, int length)
{
    autojson cJSON *value = cJSON_CreateArray();
    cJSON *address = bytes_of(bytes, family == AF_INET ? 4 : 16);

    if (!value || !address || !cJSON_AddItemToArray(value, cJSON_CreateNumber(family))) {
        cJSON_Delete(address);
        return NULL;
    }
    cJSON_AddItemToArray(value, address);
    if (!cJSON_AddItemToArray(value, cJSON_CreateNumber(length)))
        return NULL;
    return mem_take(&value);
}

static cJSON *address_of(const char *word)
{
    const char *slash = strchr(word, '/');
    autofree char *text = strndup(word, slash ? (size_t)(slash - word) : strlen(word));
    unsigned char bytes[4];

    if (!text || inet_pton(AF_INET, text, bytes) != 1)
        return NULL;
    return prefix_of(AF_INET, bytes, slash ? (int)strtol(slash + 1, NULL, 10) : 32);
}

static cJSON *parse_addresses(const char *text)
{
    static const unsigned char zero[16];
    autojson cJSON *list = NULL;

    if (strcmp(text, "any") != 0)
        return parse_words(text, address_of);
    list = cJSON_CreateArray();
    if (!list || !cJSON_AddItemToArray(list, prefix_of(AF_INET, zero, 0)) ||
        !cJSON_AddItemToArray(list, prefix_of(AF_INET6, zero, 0)))
        return NULL;
    return mem_take(&list);
}

static const struct property_form forms[] = {
    [PROPERTY_BOOL] = { "b", "exact", parse_bool },
    [PROPERTY_STRING] = { "s", "exact", cJSON_CreateString },
    [PROPERTY_NUMBER] = { "t", "exact", parse_number },
    [PROPERTY_SIGNED] = { "i", "exact", parse_number },
    [PROPERTY_OCTAL] = { "u", "exact", parse_octal },
    [PROPERTY_SECONDS] = { "t", "exact", parse_seconds },
    [PROPERTY_NOTHING] = { "t", "exact", parse_nothing },
    [PROPERTY_SECURE_BITS] = { "i", "exact", parse_secure_bits },
    [PROPERTY_ERRNO] = { "i", "exact", parse_errno },
    [PROPERTY_LIST] = { "as", "set", parse_list },
    [PROPERTY_BINDS] = { "a(ssbt)", "set", parse_binds },
    [PROPERTY_TMPFS] = { "a(ss)", "set", parse_tmpfs },
    [PROPERTY_FAMILIES] = { "(bas)", "set", parse_families },
    [PROPERTY_SYSCALLS] = { "(bas)", "without", parse_syscalls, expect_syscalls },
    [PROPERTY_ADDRESSES] = { "a(iayu)", "set", parse_addresses },
};
static_assert(N_ELEMENTS(forms) == PROPERTY_TYPE_COUNT, "give every type a form");

const struct property_form *property_form(enum property_type type)
{
    return &forms[type];
}
