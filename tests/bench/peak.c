/* Runs a command and writes what it cost as JSON: wall and CPU time, peak memory, bytes written,
 * children included. A small program of its own, because a child's peak begins with what its parent
 * held. peak FILE COMMAND… */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Of a child that has ended but was not waited for; with those it waited for itself. */
static unsigned long long written(pid_t pid)
{
    char path[64], line[128];
    unsigned long long n = 0;

    snprintf(path, sizeof(path), "/proc/%d/io", pid);
    FILE *f = fopen(path, "re");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL)
        sscanf(line, "wchar: %llu", &n);
    if (f != NULL)
        fclose(f);
    return n;
}

int main(int argc, char **argv)
{
    siginfo_t info;
    struct rusage u;
    int status;

    if (argc < 3)
        return 125;
    double began = now();
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    double took = now() - began;
    unsigned long long bytes = written(pid);
    wait4(pid, &status, 0, &u);

    FILE *f = fopen(argv[1], "we");
    if (f == NULL)
        return 125;
    fprintf(f, "{\"wall\": %.6f, \"cpu\": %.6f, \"peak_kib\": %ld, \"written\": %llu}\n", took,
            seconds(u.ru_utime) + seconds(u.ru_stime), u.ru_maxrss, bytes);
    fclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
