/* A disk that fails on command: loaded before libc (LD_PRELOAD), it lets the nth call that changes
 * something under one folder fail. It counts what every library does there (Python, SQLite,
 * DuckDB), so that "fail the 1st, then the 2nd, then the 3rd, until nothing fails" is possible.
 *
 *   koers_disk_arm(folder, what, nth, error, sticky)  what: 1 write, 2 flush, 4 name; 8: write half
 *   koers_disk_calls()   how many calls were counted    koers_disk_hits()  how many failed
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, FLUSH = 2, NAME = 4, HALF = 8 };
enum { KILL = -9 }; /* as the error: the process ends there instead */

static char folder[PATH_MAX];
static int armed, wanted_kinds, wanted_nth, wanted_error, is_sticky;
static atomic_int calls, hits;

void koers_disk_arm(const char *under, int what, int nth, int error, int sticky) {
  strncpy(folder, under, sizeof folder - 1);
  wanted_kinds = what;
  wanted_nth = nth;
  wanted_error = error;
  is_sticky = sticky;
  calls = hits = 0;
  armed = folder[0] != 0;
}
int koers_disk_calls(void) { return calls; }
int koers_disk_hits(void) { return hits; }

static int is_under(const char *path) { return strncmp(path, folder, strlen(folder)) == 0; }

static int fails(int kind) {
  int call = atomic_fetch_add(&calls, 1) + 1;
  if (call != wanted_nth && !(is_sticky && call > wanted_nth)) return 0;
  atomic_fetch_add(&hits, 1);
  if (wanted_error == KILL) kill(getpid(), SIGKILL);
  return 1;
}

static int fd_fails(int fd, int kind) {
  char link[64], path[PATH_MAX];
  if (!armed || !(wanted_kinds & kind)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return is_under(path) && fails(kind);
}

static int path_fails(const char *path) {
  return armed && (wanted_kinds & NAME) && is_under(path) && fails(NAME);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REFUSED(failed) if (failed) { errno = wanted_error; return -1; }

ssize_t write(int fd, const void *bytes, size_t count) {
  if (fd_fails(fd, WRITE)) {
    if (wanted_kinds & HALF && count > 1) return REAL(write)(fd, bytes, count / 2);
    errno = wanted_error;
    return -1;
  }
  return REAL(write)(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  if (fd_fails(fd, WRITE)) {
    if (wanted_kinds & HALF && count > 1) return REAL(pwrite)(fd, bytes, count / 2, at);
    errno = wanted_error;
    return -1;
  }
  return REAL(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  return pwrite(fd, bytes, count, at);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  REFUSED(fd_fails(fd, WRITE))
  return REAL(writev)(fd, parts, count);
}
int fsync(int fd) { REFUSED(fd_fails(fd, FLUSH)) return REAL(fsync)(fd); }
int fdatasync(int fd) { REFUSED(fd_fails(fd, FLUSH)) return REAL(fdatasync)(fd); }
int ftruncate(int fd, off_t size) { REFUSED(fd_fails(fd, WRITE)) return REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }
int rename(const char *from, const char *to) { REFUSED(path_fails(to)) return REAL(rename)(from, to); }
int renameat(int at, const char *from, int to_at, const char *to) {
  REFUSED(path_fails(to))
  return REAL(renameat)(at, from, to_at, to);
}
int link(const char *from, const char *to) { REFUSED(path_fails(to)) return REAL(link)(from, to); }
int linkat(int at, const char *from, int to_at, const char *to, int flags) {
  REFUSED(path_fails(to))
  return REAL(linkat)(at, from, to_at, to, flags);
}
int symlink(const char *from, const char *to) { REFUSED(path_fails(to)) return REAL(symlink)(from, to); }
int symlinkat(const char *from, int at, const char *to) {
  REFUSED(path_fails(to))
  return REAL(symlinkat)(from, at, to);
}
