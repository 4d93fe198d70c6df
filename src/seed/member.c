#include "seed/member.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>
#include <unistr.h>

/* Exact names, and families: a prefix, one word of its own, an ending. */
static const struct {
    const char *prefix, *ending; /* ending NULL: prefix is the whole name */
    enum member_type type;
} names[] = {
    { "manifest.json", NULL, MEMBER_MANIFEST },
    { "manifest.minisig", NULL, MEMBER_SIGNATURE },
    { "flags.json", NULL, MEMBER_FLAGS },
    { "openclaw.json", NULL, MEMBER_OPENCLAW },
    { "env", NULL, MEMBER_ENV },
    { "secrets", NULL, MEMBER_SECRETS },
    { "policy/egress.yaml", NULL, MEMBER_POLICY },
    { "policy/admission.yaml", NULL, MEMBER_POLICY },
    { "policy/guardrail/suppressions.yaml", NULL, MEMBER_POLICY },
    { "policy/guardrail/sensitive-tools.yaml", NULL, MEMBER_POLICY },
    { "policy/guardrail/rules/", ".yaml", MEMBER_POLICY },
    { "policy/rego/data.json", NULL, MEMBER_POLICY },
    { "policy/rego/", ".rego", MEMBER_POLICY },
};

static const char *const directories[] = {
    "policy",
    "policy/guardrail",
    "policy/guardrail/rules",
    "policy/rego",
};

static bool one_word(const char *s, size_t len)
{
    if (len == 0 || len > 64 || !isalnum((unsigned char)*s))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)s[i]) && !strchr("._-", s[i]))
            return false;
    return true;
}

static bool in_family(const char *name, const char *prefix, const char *ending)
{
    size_t len = strlen(name), pre = strlen(prefix), end = strlen(ending);

    return len > pre + end && strncmp(name, prefix, pre) == 0 &&
           strcmp(name + len - end, ending) == 0 && one_word(name + pre, len - pre - end);
}

enum member_type member_type(const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (names[i].ending ? in_family(name, names[i].prefix, names[i].ending)
                            : strcmp(name, names[i].prefix) == 0)
            return names[i].type;
    return MEMBER_UNKNOWN;
}

bool member_directory(const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS(directories); i++)
        if (strcmp(name, directories[i]) == 0)
            return true;
    return false;
}

static const char *component_fault(const char *at, size_t len)
{
    if (len == 0)
        return "an empty component in its name";
    if (len == 1 && at[0] == '.')
        return "'.' in its name";
    if (len == 2 && at[0] == '.' && at[1] == '.')
        return "'..' in its name";
    return NULL;
}

const char *member_name_fault(const char *name, size_t len)
{
    const char *fault = NULL;

    if (len == 0)
        return "an empty name";
    if (len > MEMBER_NAME_MAX)
        return "a name that is too long";
    if (u8_check((const uint8_t *)name, len))
        return "a name that is not UTF-8";
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '\\')
            return "a control character or backslash in its name";
    if (name[0] == '/')
        return "an absolute name";
    for (size_t at = 0; !fault && at <= len;) {
        const char *slash = memchr(name + at, '/', len - at);
        size_t end = slash ? (size_t)(slash - name) : len;

        fault = component_fault(name + at, end - at);
        at = end + 1;
    }
    return fault;
}

static const struct {
    size_t at;
    const char *magic;
    size_t len;
    const char *word;
} archives[] = {
    { 257, "ustar", 5, "tar" },
    { 0, "\x1f\x8b", 2, "gzip" },
    { 0,
      "\xfd"
      "7zXZ\0",
      6, "xz" },
    { 0, "\x28\xb5\x2f\xfd", 4, "zstd" },
    { 0, "PK\x03\x04", 4, "zip" },
    { 0, "PK\x05\x06", 4, "zip" },
    { 0, "BZh", 3, "bzip2" },
    { 0, "7z\xbc\xaf\x27\x1c", 6, "7z" },
    { 0, "Rar!\x1a\x07", 6, "rar" },
    { 0, "!<arch>\n", 8, "ar" },
    { 0, "070701", 6, "cpio" },
    { 0, "070702", 6, "cpio" },
    { 0, "070707", 6, "cpio" },
    { 0, "\x04\x22\x4d\x18", 4, "lz4" },
    { 0, "hsqs", 4, "squashfs" },
    { 32769, "CD001", 5, "ISO 9660" },
};

const char *member_archive_word(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < N_ELEMENTS(archives); i++)
        if (len >= archives[i].at + archives[i].len &&
            memcmp(data + archives[i].at, archives[i].magic, archives[i].len) == 0)
            return archives[i].word;
    return NULL;
}
