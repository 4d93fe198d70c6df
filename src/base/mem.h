/* Ownership of locals: what is declared auto… is released when its scope ends. */
#ifndef DEFENSECLAW_BASE_MEM_H
#define DEFENSECLAW_BASE_MEM_H

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

static inline void fd_closep(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -EBADF;
    errno = saved;
}

/* Moves ownership out of *fd, which is left at -EBADF. */
static inline int fd_take(int *fd)
{
    int was = *fd;

    *fd = -EBADF;
    return was;
}

static inline void mem_freep(void *p)
{
    void **pp = p;

    free(*pp);
    *pp = NULL;
}

/* Moves ownership out of *p (any pointer type, cast by the caller), which is left NULL. */
static inline void *mem_take(void *p)
{
    void **pp = p, *was = *pp;

    *pp = NULL;
    return was;
}

static inline void file_closep(FILE **f)
{
    if (*f)
        fclose(*f);
    *f = NULL;
}

static inline void json_freep(cJSON **j)
{
    cJSON_Delete(*j);
    *j = NULL;
}

#define autofd __attribute__((cleanup(fd_closep)))
#define autofree __attribute__((cleanup(mem_freep)))
#define autofile __attribute__((cleanup(file_closep)))
#define autojson __attribute__((cleanup(json_freep)))

#endif
