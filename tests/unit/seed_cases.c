/* Bad bundles. Each differs from a good one by the one thing that is wrong. */
#include "seed_cases.h"

#include "base/digest.h"
#include "base/mem.h"
#include "seed_kit.h"

#include <string.h>

#define STRICT "{\"policy\":\"strict\"}"
#define EGRESS "network_policies: {}\n"

/* -- archives -- */

/* A good manifest and flags, then what the case adds. */
static void begin(struct buf *t)
{
    static const struct kit_file flags = { "flags.json", STRICT };
    autobuf struct buf manifest = { 0 };

    kit_manifest(&flags, 1, "", &manifest);
    tar_add(t, '0', "manifest.json", manifest.data, manifest.len);
    tar_add(t, '0', "flags.json", STRICT, strlen(STRICT));
}

static void with_entry(struct buf *t, char type, const char *name)
{
    begin(t);
    tar_add(t, type, name, "", 0);
    tar_end(t);
}

#define ENTRY_CASE(fn, type, name)                                                                 \
    static void fn(struct buf *t)                                                                  \
    {                                                                                              \
        with_entry(t, type, name);                                                                 \
    }
ENTRY_CASE(absolute_name, '0', "/etc/passwd")
ENTRY_CASE(dotdot_name, '0', "policy/../../etc/passwd")
ENTRY_CASE(dot_name, '0', "./env")
ENTRY_CASE(inner_dot_name, '0', "policy/./egress.yaml")
ENTRY_CASE(double_slash_name, '0', "policy//egress.yaml")
ENTRY_CASE(slash_end_file, '0', "env/")
ENTRY_CASE(backslash_name, '0', "policy\\egress.yaml")
ENTRY_CASE(newline_name, '0', "env\nok")
ENTRY_CASE(empty_name, '0', "")
ENTRY_CASE(latin1_name, '0', "env\xe9")
ENTRY_CASE(unknown_name, '0', "setup.sh")
ENTRY_CASE(unknown_policy_name, '0', "policy/extra.yaml")
ENTRY_CASE(hidden_policy_name, '0', "policy/rego/.rego")
ENTRY_CASE(unknown_directory, '5', "etc/")
ENTRY_CASE(dot_directory, '5', "./")
ENTRY_CASE(hard_link, '1', "env")
ENTRY_CASE(symbolic_link, '2', "env")
ENTRY_CASE(character_device, '3', "env")
ENTRY_CASE(block_device, '4', "env")
ENTRY_CASE(fifo, '6', "env")
ENTRY_CASE(contiguous, '7', "env")
ENTRY_CASE(gnu_sparse, 'S', "env")
ENTRY_CASE(gnu_long_name, 'L', "././@LongLink")
ENTRY_CASE(gnu_long_link, 'K', "././@LongLink")
ENTRY_CASE(gnu_multivolume, 'M', "env")
ENTRY_CASE(gnu_volume, 'V', "env")
ENTRY_CASE(gnu_dump_directory, 'D', "policy/")
ENTRY_CASE(pax_global, 'g', "pax_global_header")
ENTRY_CASE(unknown_type, 'Q', "env")
ENTRY_CASE(duplicate, '0', "flags.json")
ENTRY_CASE(duplicate_manifest, '0', "manifest.json")

static void duplicate_by_case(struct buf *t)
{
    begin(t);
    tar_add(t, '0', "policy/rego/a.rego", "", 0);
    tar_add(t, '0', "policy/rego/A.rego", "", 0);
    tar_end(t);
}

static void duplicate_by_pax(struct buf *t)
{
    begin(t);
    tar_add_pax(t, "path", "flags.json");
    tar_add(t, '0', "env", "", 0);
    tar_end(t);
}

static void with_pax(struct buf *t, const char *key, const char *value)
{
    begin(t);
    tar_add_pax(t, key, value);
    tar_add(t, '0', "env", "", 0);
    tar_end(t);
}

#define PAX_CASE(fn, key, value)                                                                   \
    static void fn(struct buf *t)                                                                  \
    {                                                                                              \
        with_pax(t, key, value);                                                                   \
    }
PAX_CASE(pax_absolute, "path", "/etc/passwd")
PAX_CASE(pax_dotdot, "path", "../env")
PAX_CASE(pax_empty_path, "path", "")
PAX_CASE(pax_charset, "hdrcharset", "BINARY")
PAX_CASE(pax_sparse, "GNU.sparse.major", "1")
PAX_CASE(pax_sparse_name, "GNU.sparse.name", "flags.json")
PAX_CASE(pax_linkpath, "linkpath", "/etc/shadow")
PAX_CASE(pax_size, "size", "1")
PAX_CASE(pax_xattr, "SCHILY.xattr.user.x", "1")
PAX_CASE(pax_acl, "SCHILY.acl.access", "user::rwx")

static void pax_twice(struct buf *t)
{
    begin(t);
    tar_add_pax(t, "mtime", "1.5");
    tar_add_pax(t, "mtime", "1.5");
    tar_add(t, '0', "env", "", 0);
    tar_end(t);
}

static void pax_at_end(struct buf *t)
{
    begin(t);
    tar_add_pax(t, "mtime", "1.5");
    tar_end(t);
}

static void pax_damaged(struct buf *t)
{
    begin(t);
    tar_add(t, 'x', "PaxHeaders/x", "99 path=env\n", 12);
    tar_add(t, '0', "env", "", 0);
    tar_end(t);
}

static void directory_with_contents(struct buf *t)
{
    begin(t);
    tar_add(t, '5', "policy/", "x", 1);
    tar_end(t);
}

static void too_many(struct buf *t)
{
    char name[64];

    begin(t);
    for (int i = 0; i < 4095; i++) {
        snprintf(name, sizeof name, "policy/rego/m%d.rego", i);
        tar_add(t, '0', name, "", 0);
    }
    tar_end(t);
}

static void too_big(struct buf *t)
{
    begin(t);
    tar_add_sized(t, '0', "env", (64ull << 20) + 1, "", 0);
    tar_end(t);
}

/* 65 files of 1 MiB each, packed to almost nothing. */
static void bomb(struct buf *out, const char *filter)
{
    autobuf struct buf t = { 0 };
    autofree char *mebibyte = calloc(1, 1u << 20);
    char name[64];

    begin(&t);
    for (int i = 0; i < 65; i++) {
        snprintf(name, sizeof name, "policy/rego/m%d.rego", i);
        tar_add(&t, '0', name, mebibyte, 1u << 20);
    }
    tar_end(&t);
    kit_pack(&t, filter, NULL, out);
}

static void gzip_bomb(struct buf *out)
{
    bomb(out, "gzip");
}

static void zstd_bomb(struct buf *out)
{
    bomb(out, "zstd");
}

/* 128 MiB of zeros behind the end mark. */
static void zero_bomb(struct buf *out)
{
    autobuf struct buf t = { 0 };
    autofree char *zeros = calloc(1, 16u << 20);

    kit_small(&t);
    for (int i = 0; i < 8; i++)
        buf_add(&t, zeros, 16u << 20);
    kit_pack(&t, "gzip", "1", out);
}

static void wrong_checksum(struct buf *t)
{
    kit_small(t);
    t->data[0] ^= 1;
}

static void wrong_magic(struct buf *t)
{
    kit_small(t);
    memcpy(t->data + 257, "xstar", 5);
    tar_sum(t, 0);
}

static void base256_size(struct buf *t)
{
    kit_small(t);
    t->data[124] = 0x80;
    tar_sum(t, 0);
}

static void not_a_tar(struct buf *t)
{
    for (int i = 0; i < 200; i++)
        buf_puts(t, "no tar at all\n");
}

static void empty_file(struct buf *t)
{
    (void)t;
}

static void zip_file(struct buf *t)
{
    buf_add(t, "PK\x03\x04", 4);
    not_a_tar(t);
}

/* -- truncation and what follows the end -- */

static void truncated_in_header(struct buf *t)
{
    kit_small(t);
    t->len = 700;
}

static void truncated_in_contents(struct buf *t)
{
    kit_small(t);
    t->len = 512 + 100;
}

static void truncated_at_member(struct buf *t)
{
    begin(t);
}

static void one_zero_block(struct buf *t)
{
    kit_small(t);
    t->len -= 512;
}

static void trailing(struct buf *t)
{
    kit_small(t);
    buf_puts(t, "x");
}

static void second_tar(struct buf *t)
{
    kit_small(t);
    kit_small(t);
}

static void lone_zero_block(struct buf *t)
{
    static const char zeros[512];

    begin(t);
    buf_add(t, zeros, sizeof zeros);
    tar_add(t, '0', "env", "A=1\n", 4);
    tar_end(t);
}

static void packed_small(struct buf *out, const char *filter, const char *level)
{
    autobuf struct buf t = { 0 };

    kit_small(&t);
    kit_pack(&t, filter, level, out);
}

#define PACKED_CASES(filter)                                                                       \
    static void filter##_trailing(struct buf *t)                                                   \
    {                                                                                              \
        packed_small(t, #filter, NULL);                                                            \
        buf_puts(t, "more");                                                                       \
    }                                                                                              \
    static void filter##_second(struct buf *t)                                                     \
    {                                                                                              \
        packed_small(t, #filter, NULL);                                                            \
        packed_small(t, #filter, NULL);                                                            \
    }                                                                                              \
    static void filter##_second_empty(struct buf *t)                                               \
    {                                                                                              \
        autobuf struct buf nothing = { 0 };                                                        \
                                                                                                   \
        packed_small(t, #filter, NULL);                                                            \
        buf_add(&nothing, "", 0);                                                                  \
        kit_pack(&nothing, #filter, NULL, t);                                                      \
    }                                                                                              \
    static void filter##_truncated(struct buf *t)                                                  \
    {                                                                                              \
        packed_small(t, #filter, NULL);                                                            \
        t->len -= 5;                                                                               \
    }                                                                                              \
    static void filter##_cut_in_half(struct buf *t)                                                \
    {                                                                                              \
        packed_small(t, #filter, NULL);                                                            \
        t->len /= 2;                                                                               \
    }                                                                                              \
    static void filter##_flipped(struct buf *t)                                                    \
    {                                                                                              \
        packed_small(t, #filter, NULL);                                                            \
        t->data[t->len / 2] ^= 0x10;                                                               \
    }
PACKED_CASES(gzip)
PACKED_CASES(xz)
PACKED_CASES(zstd)

static void gzip_wrong_sum(struct buf *t)
{
    packed_small(t, "gzip", NULL);
    t->data[t->len - 6] ^= 1;
}

static void gzip_of_gzip(struct buf *out)
{
    autobuf struct buf once = { 0 };

    packed_small(&once, "gzip", NULL);
    kit_pack(&once, "gzip", NULL, out);
}

static void xz_in_zstd(struct buf *out)
{
    autobuf struct buf once = { 0 };

    packed_small(&once, "xz", NULL);
    kit_pack(&once, "zstd", NULL, out);
}

static void xz_window(struct buf *t)
{
    packed_small(t, "xz", "9");
}

static void zstd_window(struct buf *t)
{
    packed_small(t, "zstd", "22");
}

static void bzip2_packed(struct buf *t)
{
    packed_small(t, "bzip2", NULL);
}

static const struct kit_file good[] = {
    { "flags.json", STRICT },
    { "policy/egress.yaml", EGRESS },
    { "env", "GREETING=hello\n" },
};

/* -- the manifest -- */

static void with_manifest(struct buf *t, const char *text)
{
    tar_add(t, '0', "manifest.json", text, strlen(text));
    tar_add(t, '0', "flags.json", STRICT, strlen(STRICT));
    tar_end(t);
}

static void replaced(struct buf *t, const char *was, const char *now)
{
    autobuf struct buf m = { 0 }, text = { 0 };
    const char *at;

    kit_manifest(good, 1, "", &m);
    at = strstr(buf_str(&m), was);
    if (!at)
        abort(); /* the manifest is the kit's own */
    buf_add(&text, m.data, (size_t)(at - buf_str(&m)));
    buf_puts(&text, now);
    buf_puts(&text, at + strlen(was));
    with_manifest(t, buf_str(&text));
}

#define MANIFEST_CASE(fn, was, now)                                                                \
    static void fn(struct buf *t)                                                                  \
    {                                                                                              \
        replaced(t, was, now);                                                                     \
    }
MANIFEST_CASE(other_schema, "seed/1", "seed/2")
MANIFEST_CASE(serial_zero, "\"serial\":7", "\"serial\":0")
MANIFEST_CASE(serial_fraction, "\"serial\":7", "\"serial\":1.5")
MANIFEST_CASE(serial_text, "\"serial\":7", "\"serial\":\"7\"")
MANIFEST_CASE(serial_huge, "\"serial\":7", "\"serial\":1e300")
MANIFEST_CASE(serial_missing, "\"serial\":7,", "")
MANIFEST_CASE(bad_name, "\"name\":\"sandbox\"", "\"name\":\"Sand box\"")
MANIFEST_CASE(unknown_key, "\"name\":", "\"nmae\":1,\"name\":")
MANIFEST_CASE(double_key, "\"name\":", "\"name\":\"other\",\"name\":")
MANIFEST_CASE(bad_machine, "\"name\":", "\"machine\":\"a b\",\"name\":")
MANIFEST_CASE(bad_time, "\"name\":", "\"not_after\":\"2027-02-31T00:00:00Z\",\"name\":")
MANIFEST_CASE(local_time, "\"name\":", "\"not_after\":\"2027-01-01 00:00\",\"name\":")
MANIFEST_CASE(listed_missing, "\"flags.json\":",
              "\"env\":\"" /* 128 digits */
              "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
              "000000000000000000000000000000000000000000000000\",\"flags.json\":")
MANIFEST_CASE(lists_itself, "\"flags.json\":",
              "\"manifest.json\":\""
              "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
              "000000000000000000000000000000000000000000000000\",\"flags.json\":")
MANIFEST_CASE(short_digest, "\"flags.json\":\"", "\"flags.json\":\"00")
MANIFEST_CASE(trailing_json, "}}", "}} {}")
MANIFEST_CASE(nul_in_json, "\"name\":\"sandbox\"", "\"name\":\"sandbox\\u0000x\"")

static void manifest_missing(struct buf *t)
{
    tar_add(t, '0', "flags.json", STRICT, strlen(STRICT));
    tar_end(t);
}

static void manifest_is_list(struct buf *t)
{
    with_manifest(t, "[]");
}

static void flags_missing(struct buf *t)
{
    kit_bundle(good + 2, 1, t);
}

static void unlisted(struct buf *t)
{
    begin(t);
    tar_add(t, '0', "env", "A=1\n", 4);
    tar_end(t);
}

static void wrong_digest(struct buf *t)
{
    autobuf struct buf m = { 0 };

    kit_manifest(good, 1, "", &m);
    tar_add(t, '0', "manifest.json", m.data, m.len);
    tar_add(t, '0', "flags.json", "{}", 2);
    tar_end(t);
}

/* -- contents -- */

static void with_file(struct buf *t, const char *name, const char *text)
{
    struct kit_file files[] = { good[0], { name, text } };

    kit_bundle(files, 2, t);
}

static void with_flags(struct buf *t, const char *text)
{
    struct kit_file flags = { "flags.json", text };

    kit_bundle(&flags, 1, t);
}

#define FLAGS_CASE(fn, text)                                                                       \
    static void fn(struct buf *t)                                                                  \
    {                                                                                              \
        with_flags(t, text);                                                                       \
    }
FLAGS_CASE(flags_list, "[]")
FLAGS_CASE(flags_broken, "{\"policy\":}")
FLAGS_CASE(unknown_flag, "{\"polcy\":\"strict\"}")
FLAGS_CASE(flag_disable, "{\"disable\":true}")
FLAGS_CASE(flag_dry_run, "{\"dry-run\":true}")
FLAGS_CASE(flag_json, "{\"json\":true}")
FLAGS_CASE(flag_adopt, "{\"adopt-user\":true}")
FLAGS_CASE(flag_openclaw, "{\"openclaw\":\"/opt/openclaw\"}")
FLAGS_CASE(flag_verify, "{\"verify\":true}")
FLAGS_CASE(flag_defaults, "{\"defaults\":true}")
FLAGS_CASE(flag_false, "{\"no-guardrail\":false}")
FLAGS_CASE(flag_port, "{\"openclaw-port\":70000}")
FLAGS_CASE(flag_same_address, "{\"host-ip\":\"10.9.0.1\",\"sandbox-ip\":\"10.9.0.1\"}")
FLAGS_CASE(flag_other_name, "{\"name\":\"other\"}")
FLAGS_CASE(flag_twice, "{\"policy\":\"strict\",\"policy\":\"default\"}")
FLAGS_CASE(flag_dns, "{\"dns\":[\"8.8.8.8\",\"junk\"]}")

#define FILE_CASE(fn, name, text)                                                                  \
    static void fn(struct buf *t)                                                                  \
    {                                                                                              \
        with_file(t, name, text);                                                                  \
    }
FILE_CASE(env_no_equals, "env", "A=1\nnothing\n")
FILE_CASE(env_small_letters, "env", "path=1\n")
FILE_CASE(env_twice, "env", "A=1\nA=2\n")
FILE_CASE(env_carriage_return, "env", "A=1\r\n")
FILE_CASE(secrets_no_equals, "secrets", "OPENAI_API_KEY sk-very-secret\n")
FILE_CASE(latin1_text, "env", "A=caf\xe9\n")
FILE_CASE(broken_policy, "policy/egress.yaml", "network_policies:\n  a:\n   - [\n")
FILE_CASE(unknown_policy_key, "policy/egress.yaml", "network_policies: {}\nfoo: 1\n")
FILE_CASE(broken_rego_data, "policy/rego/data.json", "{")
FILE_CASE(broken_openclaw, "openclaw.json", "{gateway: ")
FILE_CASE(listed_openclaw, "openclaw.json", "[]")
FILE_CASE(zip_inside, "policy/admission.yaml", "PK\x03\x04 and more")
FILE_CASE(gzip_inside, "env", "\x1f\x8b")

static void nul_in_text(struct buf *t)
{
    char digest[DIGEST512_HEX_LEN + 1];

    digest512_hex("A=\0b\n", 5, digest);
    begin(t);
    tar_add(t, '0', "env", "A=\0b\n", 5);
    tar_end(t);
}

static void tar_inside(struct buf *t)
{
    autobuf struct buf inner = { 0 };

    kit_small(&inner);
    begin(t);
    tar_add(t, '0', "policy/admission.yaml", inner.data, inner.len);
    tar_end(t);
}

/* -- the table -- */

const struct bad_seed bad_seeds[] = {
#define BAD(fn, says)                                                                              \
    {                                                                                              \
#fn, fn, says                                                                              \
    }
    BAD(absolute_name, "an absolute name"),
    BAD(dotdot_name, "'..' in its name"),
    BAD(dot_name, "'.' in its name"),
    BAD(inner_dot_name, "'.' in its name"),
    BAD(double_slash_name, "an empty component"),
    BAD(slash_end_file, "an empty component"),
    BAD(backslash_name, "backslash"),
    BAD(newline_name, "control character"),
    BAD(empty_name, "an empty name"),
    BAD(latin1_name, "not UTF-8"),
    BAD(unknown_name, "setup.sh: unknown member"),
    BAD(unknown_policy_name, "policy/extra.yaml: unknown member"),
    BAD(hidden_policy_name, "unknown member"),
    BAD(unknown_directory, "etc: unknown member"),
    BAD(dot_directory, "'.' in its name"),
    BAD(hard_link, "env: a hard link"),
    BAD(symbolic_link, "env: a symbolic link"),
    BAD(character_device, "a character device"),
    BAD(block_device, "a block device"),
    BAD(fifo, "a FIFO"),
    BAD(contiguous, "a contiguous file"),
    BAD(gnu_sparse, "a sparse file"),
    BAD(gnu_long_name, "a GNU long name"),
    BAD(gnu_long_link, "a GNU long link name"),
    BAD(gnu_multivolume, "another volume"),
    BAD(gnu_volume, "a volume label"),
    BAD(gnu_dump_directory, "a dump directory"),
    BAD(pax_global, "a global pax header"),
    BAD(unknown_type, "no regular file"),
    BAD(duplicate, "flags.json: stands twice"),
    BAD(duplicate_manifest, "manifest.json: stands twice"),
    BAD(duplicate_by_case, "upper and lower case"),
    BAD(duplicate_by_pax, "flags.json: stands twice"),
    BAD(pax_absolute, "an absolute name"),
    BAD(pax_dotdot, "'..' in its name"),
    BAD(pax_empty_path, "pax path is empty"),
    BAD(pax_charset, "pax keyword hdrcharset"),
    BAD(pax_sparse, "pax keyword GNU.sparse.major"),
    BAD(pax_sparse_name, "pax keyword GNU.sparse.name"),
    BAD(pax_linkpath, "pax keyword linkpath"),
    BAD(pax_size, "pax keyword size"),
    BAD(pax_xattr, "pax keyword SCHILY.xattr"),
    BAD(pax_acl, "pax keyword SCHILY.acl"),
    BAD(pax_twice, "two pax headers"),
    BAD(pax_at_end, "not a tar"),
    BAD(pax_damaged, "damaged pax header"),
    BAD(directory_with_contents, "a directory with contents"),
    BAD(too_many, "more than 4096 members"),
    BAD(too_big, "more than 64 MiB"),
    BAD(gzip_bomb, "more than 64 MiB"),
    BAD(zstd_bomb, "more than 64 MiB"),
    BAD(zero_bomb, "more than 64 MiB"),
    BAD(wrong_checksum, "checksum is wrong"),
    BAD(wrong_magic, "not a tar"),
    BAD(base256_size, "no octal number"),
    BAD(not_a_tar, "not a tar"),
    BAD(empty_file, "empty or truncated"),
    BAD(zip_file, "not a tar"),
    BAD(bzip2_packed, "truncated"),
    BAD(truncated_in_header, "truncated"),
    BAD(truncated_in_contents, "truncated"),
    BAD(truncated_at_member, "truncated"),
    BAD(one_zero_block, "truncated"),
    BAD(trailing, "trailing bytes behind the tar's end mark"),
    BAD(second_tar, "trailing bytes behind the tar's end mark"),
    BAD(lone_zero_block, "trailing bytes behind the tar's end mark"),
    BAD(gzip_trailing, "bytes behind the end of the gzip stream"),
    BAD(gzip_second, "trailing bytes behind the tar's end mark"),
    BAD(gzip_second_empty, "more than one"),
    BAD(gzip_truncated, "truncated"),
    BAD(gzip_cut_in_half, "truncated"),
    BAD(gzip_flipped, ""),
    BAD(gzip_wrong_sum, "checksum is wrong"),
    BAD(gzip_of_gzip, "packed more than once"),
    BAD(xz_trailing, "xz stream, or bytes behind"),
    BAD(xz_second, "more than one xz stream"),
    BAD(xz_second_empty, "xz stream"),
    BAD(xz_truncated, "truncated xz stream"),
    BAD(xz_cut_in_half, "truncated xz stream"),
    BAD(xz_flipped, ""),
    BAD(xz_in_zstd, "truncated: the tar"),
    BAD(xz_window, "xz window of 64 MiB: at most 8 MiB"),
    BAD(zstd_trailing, "bytes behind the end of the zstd stream"),
    BAD(zstd_second, "bytes behind the end of the zstd stream"),
    BAD(zstd_second_empty, "bytes behind the end of the zstd stream"),
    BAD(zstd_truncated, "truncated or damaged zstd stream"),
    BAD(zstd_cut_in_half, "truncated or damaged zstd stream"),
    BAD(zstd_flipped, ""),
    BAD(zstd_window, "a zstd window of 128 MiB"),
    BAD(other_schema, "manifest.json: schema"),
    BAD(serial_zero, "manifest.json: serial"),
    BAD(serial_fraction, "manifest.json: serial"),
    BAD(serial_text, "manifest.json: serial"),
    BAD(serial_huge, "manifest.json: "),
    BAD(serial_missing, "serial: is missing"),
    BAD(bad_name, "manifest.json: name"),
    BAD(unknown_key, "nmae: unknown key, nearest is name"),
    BAD(double_key, "key name stands twice"),
    BAD(bad_machine, "manifest.json: machine"),
    BAD(bad_time, "manifest.json: not_after"),
    BAD(local_time, "manifest.json: not_after"),
    BAD(listed_missing, "env: manifest.json lists it, but it is missing"),
    BAD(lists_itself, "manifest.json: can't be listed"),
    BAD(short_digest, "128 small hex digits"),
    BAD(trailing_json, "manifest.json: line 1"),
    BAD(nul_in_json, "\\u0000"),
    BAD(manifest_missing, "manifest.json is missing"),
    BAD(manifest_is_list, "manifest.json: must be one object"),
    BAD(flags_missing, "flags.json is missing"),
    BAD(unlisted, "env: manifest.json doesn't list it"),
    BAD(wrong_digest, "flags.json: its digest"),
    BAD(flags_list, "flags.json: must be one object"),
    BAD(flags_broken, "flags.json: line 1"),
    BAD(unknown_flag, "--polcy: unknown flag, nearest is --policy"),
    BAD(flag_disable, "--disable: not allowed in a bundle"),
    BAD(flag_dry_run, "--dry-run: not allowed in a bundle"),
    BAD(flag_json, "--json: not allowed in a bundle"),
    BAD(flag_adopt, "--adopt-user: not allowed in a bundle"),
    BAD(flag_openclaw, "--openclaw: not allowed in a bundle"),
    BAD(flag_verify, "--verify: not allowed in a bundle"),
    BAD(flag_defaults, "--defaults: not allowed in a bundle"),
    BAD(flag_false, "--no-guardrail: must be true"),
    BAD(flag_port, "flags.json: --openclaw-port"),
    BAD(flag_same_address, "flags.json: "),
    BAD(flag_other_name, "manifest.json says sandbox"),
    BAD(flag_twice, "key policy stands twice"),
    BAD(flag_dns, "flags.json: --dns"),
    BAD(env_no_equals, "env: line 2: no NAME=VALUE"),
    BAD(env_small_letters, "env: line 1"),
    BAD(env_twice, "env: line 2: its name stands twice"),
    BAD(env_carriage_return, "carriage return"),
    BAD(secrets_no_equals, "secrets: line 1: no NAME=VALUE"),
    BAD(latin1_text, "env: line 1: not UTF-8"),
    BAD(broken_policy, "policy/egress.yaml: line "),
    BAD(unknown_policy_key, "policy/egress.yaml: line 2"),
    BAD(broken_rego_data, "policy/rego/data.json: line"),
    BAD(broken_openclaw, "openclaw.json: line"),
    BAD(listed_openclaw, "openclaw.json: must be one object"),
    BAD(zip_inside, "holds a zip archive"),
    BAD(gzip_inside, "holds a gzip archive"),
    BAD(tar_inside, "holds a tar archive"),
    BAD(nul_in_text, "env: line 1: a NUL byte"),
#undef BAD
};
const size_t bad_seed_count = N_ELEMENTS(bad_seeds);
