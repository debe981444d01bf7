/*
 * A disk that forgets every write not yet synced at the moment of death.
 *
 * kill -9 alone proves little: the kernel keeps what a dead process wrote, so a server that never syncs passes.
 * This library, loaded with LD_PRELOAD, lets writes through to the real files and keeps beside them an image of what a
 * disk would hold if the power had gone: on fsync and fdatasync exactly the ranges written since the last sync are copied
 * from the file to its image. After the kill the harness puts the image in place of the data (`disk.py`).
 *
 *     LOSSYDISK_ROOT    the directory to watch; everything else is left alone
 *     LOSSYDISK_SHADOW  where the images are kept; the harness fills it with a copy of the root before the process starts
 *     LOSSYDISK_COUNT   a file of three 64-bit counters: fsyncs, fdatasyncs, writes refused
 *     LOSSYDISK_FULL    while a file of this name exists, a write that would make a file longer fails with ENOSPC
 *
 * Each may be left out; with only ROOT and COUNT it counts syncs and costs nothing else.
 *
 * What it takes for granted, and in which direction it errs:
 *  - creating, renaming and removing a file is durable at once, what is in it is not: a file renamed into place without
 *    an fsync is found empty after the crash. Directory syncs are counted and otherwise without effect.
 *  - a file it first meets with content of unknown origin counts as unsynced. Writes by a way not seen here
 *    (copy_file_range, io_uring) are lost even when synced. It so reports a loss that was none rather than the reverse.
 *  - mapping a file for shared writing cannot be seen: it aborts the process, `-shm` (the rebuilt WAL index) excepted.
 *  - files are known by inode, not by descriptor, so dup, fork and stdio need no special care.
 *
 * The image is read through the caller's own descriptor and the watched file is never opened and closed in here: closing any
 * descriptor of a file drops all POSIX locks the process holds on it, SQLite's among them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct range { off_t from, to; };

struct file {
    struct file *next;
    dev_t device;
    ino_t inode;
    pthread_mutex_t lock;
    int image;             /* descriptor of the image, -1 when none is kept */
    int reader;            /* a descriptor to read by, for callers that may only write; never closed while the file lives */
    bool whole;            /* written in ways that cannot be followed (stdio): copy all of it */
    off_t shortest;        /* the least length since the last sync: beyond it the image holds nothing of worth */
    struct range *dirty;
    size_t count, room;
};

struct counters { _Atomic uint64_t fsyncs, fdatasyncs, refused; };

enum { most_ranges = 1 << 18 };

static bool ready;
static char root[PATH_MAX];
static size_t root_length;
static const char *shadow, *full;
static struct counters *counters, no_counters;
static struct file *files;
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;

static _Noreturn void give_up(const char *what, const char *path) {
    dprintf(2, "lossydisk: %s: %s (%s)\n", path, what, strerror(errno));
    abort();
}

__attribute__((constructor)) static void set_up(void) {
    counters = &no_counters;
    const char *watched = getenv("LOSSYDISK_ROOT");
    if (!watched) return;
    if (!realpath(watched, root)) give_up("no such directory", watched);
    root_length = strlen(root);
    shadow = getenv("LOSSYDISK_SHADOW");
    full = getenv("LOSSYDISK_FULL");
    const char *count = getenv("LOSSYDISK_COUNT");
    if (count) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, count, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || syscall(SYS_ftruncate, fd, sizeof *counters)) give_up("cannot make the counters", count);
        counters = (void *)syscall(SYS_mmap, NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (counters == MAP_FAILED) give_up("cannot map the counters", count);
        syscall(SYS_close, fd);
    }
    ready = true;
}

/* ---- paths ---- */

/* The part of an absolute path below the root, or NULL when it is elsewhere. */
static const char *below_root(const char *path) {
    return strncmp(path, root, root_length) == 0 && path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static bool path_of(int fd, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length > 0) path[length] = 0;
    return length > 0;
}

/* Follows the directories of a path but not its last name, which may be about to go. */
static const char *resolve(int directory, const char *path, char resolved[PATH_MAX]) {
    char whole[PATH_MAX * 2], base[PATH_MAX] = "";
    if (path[0] != '/' && directory != AT_FDCWD) {
        if (!path_of(directory, base)) return NULL;
        strcat(base, "/");
    }
    if (snprintf(whole, sizeof whole, "%s%s", base, path) >= (int)sizeof whole) return NULL;
    char *slash = strrchr(whole, '/');
    const char *name = slash ? slash + 1 : whole;
    char kept[NAME_MAX + 1];
    if (strlen(name) > NAME_MAX) return NULL;
    strcpy(kept, name);
    if (slash) slash[slash == whole ? 1 : 0] = 0;
    if (!realpath(slash ? whole : ".", resolved) || strlen(resolved) + strlen(kept) + 2 > PATH_MAX) return NULL;
    strcat(strcat(resolved, "/"), kept);
    return below_root(resolved);
}

static void image_path(const char *relative, char path[PATH_MAX]) {
    if (snprintf(path, PATH_MAX, "%s/%s", shadow, relative) >= PATH_MAX) give_up("path too long", relative);
    for (char *at = path + strlen(shadow) + 1; (at = strchr(at, '/')); at++) {
        *at = 0;
        syscall(SYS_mkdirat, AT_FDCWD, path, 0700);
        *at = '/';
    }
}

/* ---- the table of watched files ---- */

static struct file *find(const struct stat *status) {
    for (struct file *file = files; file; file = file->next)
        if (file->inode == status->st_ino && file->device == status->st_dev) return file;
    return NULL;
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void touched(struct file *file, off_t from, off_t to);

static struct file *adopt(const struct stat *status, const char *relative) {
    struct file *file = calloc(1, sizeof *file);
    if (!file) give_up("out of memory", relative);
    *file = (struct file){.next = files, .device = status->st_dev, .inode = status->st_ino, .image = -1, .reader = -1};
    pthread_mutex_init(&file->lock, NULL);
    files = file;
    if (!shadow || ends_with(relative, "-shm")) return file;
    char path[PATH_MAX];
    image_path(relative, path);
    bool new = access(path, F_OK) != 0;
    file->image = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, status->st_mode & 0777);
    if (file->image < 0) give_up("cannot make the image", path);
    file->shortest = new ? 0 : status->st_size;
    if (new) touched(file, 0, status->st_size);
    return file;
}

/* The watched file behind a descriptor; NULL for everything else, sockets and removed files included. */
static struct file *watched(int fd, struct stat *status) {
    if (!ready || fstat(fd, status) || !S_ISREG(status->st_mode) || status->st_nlink == 0) return NULL;
    pthread_mutex_lock(&table);
    struct file *file = find(status);
    char path[PATH_MAX];
    const char *relative;
    if (!file && path_of(fd, path) && (relative = below_root(path))) file = adopt(status, relative);
    pthread_mutex_unlock(&table);
    return file;
}

/* Takes a file that is going out of the table. Its record is never freed: another thread may be inside a sync of it. */
static void forget(const struct stat *status) {
    struct file **at = &files;
    while (*at && !((*at)->inode == status->st_ino && (*at)->device == status->st_dev)) at = &(*at)->next;
    struct file *file = *at;
    if (!file) return;
    *at = file->next;
    pthread_mutex_lock(&file->lock);
    if (file->image >= 0) syscall(SYS_close, file->image);
    if (file->reader >= 0) syscall(SYS_close, file->reader);
    file->image = file->reader = -1;
    pthread_mutex_unlock(&file->lock);
}

/* ---- what is written, and what of it is synced ---- */

static void touched(struct file *file, off_t from, off_t to) {
    if (file->image < 0 || from >= to) return;
    pthread_mutex_lock(&file->lock);
    struct range *last = file->count ? &file->dirty[file->count - 1] : NULL;
    if (last && from <= last->to && to >= last->from) {
        if (from < last->from) last->from = from;
        if (to > last->to) last->to = to;
    } else if (file->count == most_ranges) {
        file->whole = true;
    } else {
        if (file->count == file->room) {
            file->room = file->room ? file->room * 2 : 64;
            file->dirty = realloc(file->dirty, file->room * sizeof *file->dirty);
            if (!file->dirty) give_up("out of memory", "ranges");
        }
        file->dirty[file->count++] = (struct range){from, to};
    }
    pthread_mutex_unlock(&file->lock);
}

static void resized(struct file *file, off_t length) {
    pthread_mutex_lock(&file->lock);
    if (length < file->shortest) file->shortest = length;
    pthread_mutex_unlock(&file->lock);
}

static int readable(struct file *file, int fd) {
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY) return fd;
    if (file->reader < 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        file->reader = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        if (file->reader < 0) give_up("cannot be read", path);
    }
    return file->reader;
}

static void copy(int from, int to, struct range range) {
    char buffer[1 << 16];
    while (range.from < range.to) {
        size_t wanted = range.to - range.from < (off_t)sizeof buffer ? (size_t)(range.to - range.from) : sizeof buffer;
        ssize_t got = pread(from, buffer, wanted, range.from);
        if (got < 0) give_up("cannot be read", "a watched file");
        if (got == 0) return;
        if (syscall(SYS_pwrite64, to, buffer, (size_t)got, range.from) != got) give_up("cannot be written", "an image");
        range.from += got;
    }
}

static void keep(struct file *file, int fd) {
    struct stat status;
    if (file->image < 0 || fstat(fd, &status)) return;
    int source = readable(file, fd);
    syscall(SYS_ftruncate, file->image, file->shortest);
    if (file->whole) copy(source, file->image, (struct range){0, status.st_size});
    for (size_t i = 0; !file->whole && i < file->count; i++) copy(source, file->image, file->dirty[i]);
    syscall(SYS_ftruncate, file->image, status.st_size);
    file->shortest = status.st_size;
    file->count = 0;
}

static int sync_by(long call, _Atomic uint64_t *counter, int fd) {
    struct stat status;
    char path[PATH_MAX];
    struct file *file = watched(fd, &status);
    if (!file) {
        if (ready && S_ISDIR(status.st_mode) && path_of(fd, path) && (strcmp(path, root) == 0 || below_root(path))) (*counter)++;
        return (int)syscall(call, fd);
    }
    (*counter)++;
    pthread_mutex_lock(&file->lock);
    int result = (int)syscall(call, fd);
    if (result == 0) keep(file, fd);
    pthread_mutex_unlock(&file->lock);
    return result;
}

int fsync(int fd) { return sync_by(SYS_fsync, &counters->fsyncs, fd); }
int fdatasync(int fd) { return sync_by(SYS_fdatasync, &counters->fdatasyncs, fd); }

/* ---- writing ---- */

static bool refused(const struct stat *status, off_t end) {
    if (!full || end <= status->st_size || access(full, F_OK)) return false;
    counters->refused++;
    errno = ENOSPC;
    return true;
}

static bool following(void) { return ready && (shadow || full); }

static off_t length_of(const struct iovec *parts, int count) {
    off_t length = 0;
    for (int i = 0; i < count; i++) length += (off_t)parts[i].iov_len;
    return length;
}

static ssize_t write_at(int fd, const struct iovec *parts, int count, off_t offset) {
    struct stat status;
    struct file *file = following() ? watched(fd, &status) : NULL;
    if (file && refused(&status, offset + length_of(parts, count))) return -1;
    ssize_t written = count == 1 ? syscall(SYS_pwrite64, fd, parts->iov_base, parts->iov_len, offset)
                                 : syscall(SYS_pwritev, fd, parts, (long)count, (long)offset, 0L);
    if (file && written > 0) touched(file, offset, offset + written);
    return written;
}

static ssize_t write_here(int fd, const struct iovec *parts, int count) {
    struct stat status;
    struct file *file = following() ? watched(fd, &status) : NULL;
    if (file) {
        off_t from = fcntl(fd, F_GETFL) & O_APPEND ? status.st_size : lseek(fd, 0, SEEK_CUR);
        if (refused(&status, from + length_of(parts, count))) return -1;
    }
    ssize_t written = count == 1 ? syscall(SYS_write, fd, parts->iov_base, parts->iov_len) : syscall(SYS_writev, fd, parts, (long)count);
    if (file && written > 0) {
        off_t to = lseek(fd, 0, SEEK_CUR);
        touched(file, to - written, to);
    }
    return written;
}

static struct iovec one(const void *bytes, size_t length) { return (struct iovec){(void *)bytes, length}; }

ssize_t write(int fd, const void *bytes, size_t length) { return write_here(fd, (struct iovec[]){one(bytes, length)}, 1); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return write_here(fd, parts, count); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return write_at(fd, (struct iovec[]){one(bytes, length)}, 1, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return pwrite(fd, bytes, length, offset); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return write_at(fd, parts, count, offset); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) { return write_at(fd, parts, count, offset); }

int ftruncate(int fd, off_t length) {
    struct stat status;
    struct file *file = following() ? watched(fd, &status) : NULL;
    if (file && refused(&status, length)) return -1;
    int result = (int)syscall(SYS_ftruncate, fd, length);
    if (file && result == 0) resized(file, length);
    return result;
}
int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

int fallocate(int fd, int mode, off_t offset, off_t length) {
    struct stat status;
    struct file *file = following() ? watched(fd, &status) : NULL;
    if (file && !(mode & FALLOC_FL_KEEP_SIZE) && refused(&status, offset + length)) return -1;
    int result = (int)syscall(SYS_fallocate, fd, mode, offset, length);
    if (file && result == 0 && mode) touched(file, offset, offset + length);
    return result;
}
int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return fallocate(fd, mode, offset, length); }
int posix_fallocate(int fd, off_t offset, off_t length) { return fallocate(fd, 0, offset, length) ? errno : 0; }
int posix_fallocate64(int fd, off64_t offset, off64_t length) { return posix_fallocate(fd, offset, length); }

static void *map(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    struct stat status;
    struct file *file = following() && fd >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE) ? watched(fd, &status) : NULL;
    if (file && file->image >= 0) give_up("mapped for shared writing, which cannot be followed", "a watched file");
    return (void *)syscall(SYS_mmap, address, length, (long)protection, (long)flags, (long)fd, offset);
}
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) { return map(address, length, protection, flags, fd, offset); }
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset) { return map(address, length, protection, flags, fd, offset); }

/* ---- opening: only making and emptying matter, the rest is seen when it is written ---- */

static int opened(int fd, int flags) {
    struct stat status;
    int kept = errno;
    struct file *file = fd >= 0 && following() && (flags & (O_CREAT | O_TRUNC)) ? watched(fd, &status) : NULL;
    if (file && (flags & O_TRUNC)) resized(file, 0);
    errno = kept;
    return fd;
}

static int open_at(int directory, const char *path, int flags, va_list rest) {
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    return opened((int)syscall(SYS_openat, directory, path, flags, mode), flags);
}

#define OPENS(directory)                             \
    va_list rest;                                    \
    va_start(rest, flags);                           \
    int fd = open_at(directory, path, flags, rest);  \
    va_end(rest);                                    \
    return fd

int open(const char *path, int flags, ...) { OPENS(AT_FDCWD); }
int open64(const char *path, int flags, ...) { OPENS(AT_FDCWD); }
int openat(int directory, const char *path, int flags, ...) { OPENS(directory); }
int openat64(int directory, const char *path, int flags, ...) { OPENS(directory); }
int creat(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

static FILE *stream(const char *name, const char *path, const char *mode) {
    FILE *(*next)(const char *, const char *) = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, name);
    FILE *stream = next(path, mode);
    struct stat status;
    struct file *file = stream && following() && strpbrk(mode, "wa+") ? watched(fileno(stream), &status) : NULL;
    if (file) file->whole = true;
    if (file && strchr(mode, 'w')) resized(file, 0);
    return stream;
}
FILE *fopen(const char *path, const char *mode) { return stream("fopen", path, mode); }
FILE *fopen64(const char *path, const char *mode) { return stream("fopen64", path, mode); }

/* ---- names ---- */

int unlinkat(int directory, const char *path, int flags) {
    char resolved[PATH_MAX], image[PATH_MAX];
    struct stat status;
    const char *relative = ready && !(flags & AT_REMOVEDIR) ? resolve(directory, path, resolved) : NULL;
    if (!relative || lstat(resolved, &status)) return (int)syscall(SYS_unlinkat, directory, path, flags);
    pthread_mutex_lock(&table);
    int result = (int)syscall(SYS_unlinkat, directory, path, flags);
    int kept = errno;
    if (result == 0) forget(&status);
    if (result == 0 && shadow) {
        image_path(relative, image);
        syscall(SYS_unlinkat, AT_FDCWD, image, 0);
    }
    pthread_mutex_unlock(&table);
    errno = kept;
    return result;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int rmdir(const char *path) { return (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char *path) {
    struct stat status;
    return !lstat(path, &status) && S_ISDIR(status.st_mode) ? rmdir(path) : unlink(path);
}

/* The image of a file moves with it. One that comes from outside the root starts with nothing synced. */
static void rename_image(const char *from, const char *to) {
    char old[PATH_MAX], new[PATH_MAX];
    if (from) image_path(from, old);
    if (to) image_path(to, new);
    if (from && to) syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0);
    else if (from) syscall(SYS_unlinkat, AT_FDCWD, old, 0);
    else syscall(SYS_unlinkat, AT_FDCWD, new, 0);
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
    char old[PATH_MAX], new[PATH_MAX];
    const char *source = ready ? resolve(from_directory, from, old) : NULL;
    const char *target = ready ? resolve(to_directory, to, new) : NULL;
    if (!source && !target) return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
    struct stat moved, replaced;
    bool replaces = target && !lstat(new, &replaced);
    bool known = !lstat(source ? old : from, &moved);
    pthread_mutex_lock(&table);
    if (known && source && S_ISREG(moved.st_mode) && !find(&moved)) adopt(&moved, source);
    int result = (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
    int kept = errno;
    if (result == 0) {
        if (replaces && known && replaced.st_ino != moved.st_ino) forget(&replaced);
        if (shadow) rename_image(source, target);
        if (known && S_ISREG(moved.st_mode) && !source) adopt(&moved, target);
        if (known && !target) forget(&moved);
    }
    pthread_mutex_unlock(&table);
    errno = kept;
    return result;
}
int renameat(int from_directory, const char *from, int to_directory, const char *to) { return renameat2(from_directory, from, to_directory, to, 0); }
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }
