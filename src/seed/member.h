/* The names that a seed bundle may hold, and what each is. Reader and parent both ask here. */
#ifndef DEFENSECLAW_SEED_MEMBER_H
#define DEFENSECLAW_SEED_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMBER_NAME_MAX 160
#define MEMBER_COUNT_MAX 4096        /* files and directories together */
#define MEMBER_BYTES_MAX (64u << 20) /* all contents together, unpacked */
#define MEMBER_WINDOW_MAX (8u << 20) /* of xz and zstd */
#define MEMBER_POLICY_DIR "policy/"

enum member_type {
    MEMBER_UNKNOWN,
    MEMBER_MANIFEST,
    MEMBER_SIGNATURE,
    MEMBER_FLAGS,
    MEMBER_POLICY,
    MEMBER_OPENCLAW,
    MEMBER_ENV,
    MEMBER_SECRETS,
};

/* What a member of this name is. */
enum member_type member_type(const char *name);

/* Whether a directory entry of this name (no slash at its end) may stand in a bundle. */
bool member_directory(const char *name);

/* Why a name isn't canonical ("absolute", …: words that follow the name), NULL when it is. */
const char *member_name_fault(const char *name, size_t len);

/* What kind of archive the bytes start as ("zip", "tar", …), NULL when none: archives don't nest.
 */
const char *member_archive_word(const uint8_t *data, size_t len);

#endif
