/* Stands between the program and the C library (LD_PRELOAD) and breaks chosen calls.
 *
 * Unlike strace it counts the calls of all threads together, so that "the 17th" walks the
 * write path in the order of time, and costs nothing. What it is told:
 *
 *   SHIM_CONTROL  a file of four 64-bit numbers, mapped shared, so that it can be changed while the
 *                 program runs and outlives it: calls counted, first and last call to break,
 *                 milliseconds to add to the wall clock
 *   SHIM_CALLS    names of the calls to count, between commas: ",fsync,write,"
 *   SHIM_ACTION   "kill", "kill-after", "error=ERRNO", "delay=MILLISECONDS", or "skip": say that
 *                 it was done
 *   SHIM_PATH     count only calls on files below this folder
 *
 * Calls on descriptors count only if those are regular files or folders.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static struct { _Atomic unsigned long count, first, last; _Atomic long clock_ms; } *control;
static const char *calls, *action, *folder;
static int (*real_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("SHIM_CONTROL");
    real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    calls = getenv("SHIM_CALLS");
    action = getenv("SHIM_ACTION");
    folder = getenv("SHIM_PATH");
    if (mapped != MAP_FAILED) control = mapped;
}

static int is_below(const char *path) {
    return !folder || (path && strncmp(path, folder, strlen(folder)) == 0);
}

static int is_file(int fd) {
    struct stat status;
    char link[64], path[4096];
    if (fd <= 2 || fstat(fd, &status) || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
        return 0;
    if (!folder) return 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int is_counted(const char *name) {
    char word[32];
    if (!control || !calls || !action) return 0;
    snprintf(word, sizeof word, ",%s,", name);
    return strstr(calls, word) != NULL;
}

/* Counts a call; true if it must be broken. */
static int is_due(void) {
    unsigned long n = atomic_fetch_add(&control->count, 1) + 1;
    return n >= control->first && n <= control->last;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Breaks the call before it is made; true if it must not be made at all, and what it then says. */
static int broken(int *says) {
    *says = strcmp(action, "skip") == 0 ? 0 : -1;
    if (*says == 0) return 1;
    if (strcmp(action, "kill") == 0) die();
    if (strncmp(action, "error=", 6) == 0) {
        errno = atoi(action + 6);
        return 1;
    }
    if (strncmp(action, "delay=", 6) == 0) usleep(atoi(action + 6) * 1000);
    return 0;
}

#define STAND_IN(type, name, declared, passed, counts)                    \
    type name declared {                                                  \
        static type (*real) declared;                                     \
        if (!real) real = dlsym(RTLD_NEXT, #name);                        \
        int says, due = is_counted(#name) && (counts) && is_due();        \
        if (due && broken(&says)) return says;                            \
        type result = real passed;                                        \
        if (due && strcmp(action, "kill-after") == 0) die();              \
        return result;                                                    \
    }

STAND_IN(int, fsync, (int fd), (fd), is_file(fd))
STAND_IN(int, fdatasync, (int fd), (fd), is_file(fd))
STAND_IN(ssize_t, write, (int fd, const void *at, size_t n), (fd, at, n), is_file(fd))
STAND_IN(ssize_t, writev, (int fd, const struct iovec *at, int n), (fd, at, n), is_file(fd))
STAND_IN(ssize_t, pwrite64, (int fd, const void *at, size_t n, off64_t to), (fd, at, n, to),
         is_file(fd))
STAND_IN(int, ftruncate64, (int fd, off64_t to), (fd, to), is_file(fd))
STAND_IN(int, rename, (const char *from, const char *to), (from, to), is_below(to))
STAND_IN(int, link, (const char *from, const char *to), (from, to), is_below(to))
STAND_IN(int, linkat, (int a, const char *from, int b, const char *to, int flags),
         (a, from, b, to, flags), is_below(to))
STAND_IN(int, unlink, (const char *path), (path), is_below(path))
STAND_IN(int, mkdir, (const char *path, mode_t mode), (path, mode), is_below(path))

/* Only opening that creates counts. */
int open64(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (!real) real = dlsym(RTLD_NEXT, "open64");
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    int says, due = (flags & O_CREAT) && is_counted("open64") && is_below(path) && is_due();
    if (due && broken(&says)) return says;
    int fd = real(path, flags, mode);
    if (due && strcmp(action, "kill-after") == 0) die();
    return fd;
}

int clock_gettime(clockid_t which, struct timespec *at) {
    if (!real_clock) real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real_clock(which, at);
    if (result == 0 && which == CLOCK_REALTIME && control) at->tv_sec += control->clock_ms / 1000;
    return result;
}
