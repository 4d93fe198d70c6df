/* Prints every file of the machine: what the undo tests compare. One line a file, sorted by path:
 *   PATH TYPE MODE UID:GID SIZE|MAJOR:MINOR|->TARGET DIGEST XATTR=VALUE…
 * ACLs are the xattrs system.posix_acl_*. No times, no inode numbers, no sizes of directories.
 *   listing ROOT [EXCLUDED-PATH-PREFIX…] */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static char **excluded;

/* An excluded path hides itself and all beneath; a pattern ends with what fnmatch knows. */
static int hidden(const char *path)
{
    for (char **x = excluded; *x != NULL; x++)
        if (fnmatch(*x, path, 0) == 0)
            return 1;
    return 0;
}

static void print_hex(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%02x", p[i]);
}

static void print_text(const char *s)
{
    for (; *s != '\0'; s++)
        if (*s == ' ' || *s == '\\' || (unsigned char)*s < 0x20)
            printf("\\%03o", (unsigned char)*s);
        else
            putchar(*s);
}

static void print_digest(const char *path)
{
    static unsigned char bytes[1 << 18], digest[16];
    crypto_generichash_state state;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        printf(" unreadable:%s", strerrorname_np(errno));
        return;
    }
    crypto_generichash_init(&state, NULL, 0, sizeof(digest));
    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        crypto_generichash_update(&state, bytes, (unsigned long long)n);
    close(fd);
    crypto_generichash_final(&state, digest, sizeof(digest));
    putchar(' ');
    print_hex(digest, sizeof(digest));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_xattrs(const char *path)
{
    char names[4096], value[4096], *sorted[64];
    size_t count = 0;
    ssize_t len = llistxattr(path, names, sizeof(names));

    for (ssize_t i = 0; i < len && count < 64; i += (ssize_t)strlen(names + i) + 1)
        sorted[count++] = names + i;
    qsort(sorted, count, sizeof(*sorted), by_name);
    for (size_t i = 0; i < count; i++) {
        ssize_t n = lgetxattr(path, sorted[i], value, sizeof(value));
        printf(" %s=", sorted[i]);
        print_hex((unsigned char *)value, n > 0 ? (size_t)n : 0);
    }
}

static void print_file(const char *path, const struct stat *st)
{
    char target[4096];
    ssize_t n;

    print_text(path);
    printf(" %c %04o %u:%u", "?pc?d?b?-?l?s???"[st->st_mode >> 12], st -> st_mode & 07777,
           st -> st_uid, st -> st_gid);
    if (S_ISREG(st->st_mode)) {
        printf(" %lld", (long long)st->st_size);
        print_digest(path);
    } else if (S_ISLNK(st->st_mode) && (n = readlink(path, target, sizeof(target) - 1)) >= 0) {
        target[n] = '\0';
        printf(" ->");
        print_text(target);
    } else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
        printf(" %u:%u", major(st->st_rdev), minor(st->st_rdev));
    }
    print_xattrs(path);
    putchar('\n');
}

static void walk(const char *path, dev_t dev)
{
    struct stat st;
    struct dirent **entries;

    if (hidden(path) || lstat(*path != '\0' ? path : "/", &st) < 0)
        return;
    print_file(*path != '\0' ? path : "/", &st);
    if (!S_ISDIR(st.st_mode) || (dev != 0 && st.st_dev != dev))
        return;
    int n = scandir(*path != '\0' ? path : "/", &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        char *child = NULL;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
            asprintf(&child, "%s/%s", path, name) > 0)
            walk(child, st.st_dev);
        free(child);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    if (argc < 2 || sodium_init() < 0) {
        fprintf(stderr, "usage: listing ROOT [EXCLUDED…]\n");
        return 2;
    }
    excluded = argv + 2;
    walk(strcmp(argv[1], "/") == 0 ? "" : argv[1], 0);
    return ferror(stdout) || fflush(stdout) != 0;
}
