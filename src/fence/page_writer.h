/* The agent's side of the fence page: the one writer.
 *
 * The file is created once, written in place and never replaced, so that every mapping of it stays
 * good. A lock on it, held for as long as the writer lives (also while it is frozen), keeps a
 * second agent out: an older one that thaws would otherwise write its old promise over the newer
 * one's.
 *
 * Whoever closes the page and then tells others that it is fenced (R12) waits g in between: a
 * backend may have judged the page a moment before it was closed and be about to send. */
#ifndef UNDERSTUDY_FENCE_PAGE_WRITER_H
#define UNDERSTUDY_FENCE_PAGE_WRITER_H

#include <sys/file.h>

#include "fence/page.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Not thread-safe; belongs to one thread of one process. */
typedef struct understudy_page_writer {
  int file;
  understudy_page* page;
  char boot_id[UNDERSTUDY_BOOT_ID_BYTES];
} understudy_page_writer;

static inline void understudy_release_page(understudy_page_writer* writer) {
  if (writer->page != NULL) munmap(writer->page, sizeof(understudy_page));
  if (writer->file >= 0) close(writer->file);
  writer->page = NULL;
  writer->file = -1;
}

/* What the page's last whole write promised; UNDERSTUDY_OPEN if there is one, as
 * understudy_read_promise says otherwise. A restarted agent reads it to keep an endless promise of
 * the same boot (R19), before it writes anything. */
static inline enum understudy_verdict understudy_last_promise(const understudy_page_writer* writer,
                                                              understudy_promise* promise) {
  return understudy_read_promise(writer->page, promise);
}

/* Writes a whole promise. `boot_id` in it is filled in. Readers see the old promise, a torn page or
 * the new one. Picks up where a writer that died in the middle left off. */
static inline void understudy_write_promise(understudy_page_writer* writer,
                                            const understudy_promise* promise) {
  understudy_promise whole = *promise;
  understudy_page* page = writer->page;
  const uint64_t odd = __atomic_load_n(&page->sequence, __ATOMIC_RELAXED) | 1;
  memcpy(whole.boot_id, writer->boot_id, sizeof whole.boot_id);
  __atomic_store_n(&page->sequence, odd, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  memcpy(&page->promise, &whole, sizeof whole);
  __atomic_store_n(&page->magic, UNDERSTUDY_PAGE_MAGIC, __ATOMIC_RELAXED);
  __atomic_store_n(&page->sequence, odd + 1, __ATOMIC_RELEASE);
}

/* Takes the promise back: no write is let through from here on. Epoch, term and serial stay for the
 * reader of a status. See above for what to wait before saying "fenced". */
static inline void understudy_close_page(understudy_page_writer* writer,
                                         const understudy_promise* last) {
  understudy_promise closed = *last;
  closed.deadline_boot_ns = 0;
  closed.deadline_wall_ns = 0;
  closed.endless = 0;
  understudy_write_promise(writer, &closed);
}

/* Opens the page at `path` (0644), creating it closed if it is not there and leaving it as it is
 * otherwise. 0, or -1 with errno: EWOULDBLOCK if another process writes it, ENOSPC if the memory
 * file system is full (found here rather than by a SIGBUS later), EINVAL if it is no regular file.
 */
static inline int understudy_open_page(understudy_page_writer* writer, const char* path) {
  struct stat seen;
  void* mapped = MAP_FAILED;
  int problem;
  writer->page = NULL;
  writer->file = -1;
  if (understudy_read_boot_id(writer->boot_id) != 0) return -1;
  writer->file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0644);
  if (writer->file < 0) return -1;
  if (flock(writer->file, LOCK_EX | LOCK_NB) == 0 && fstat(writer->file, &seen) == 0) {
    errno = S_ISREG(seen.st_mode) ? 0 : EINVAL;
    if (errno == 0) errno = posix_fallocate(writer->file, 0, (off_t)sizeof(understudy_page));
    if (errno == 0 && fchmod(writer->file, 0644) == 0)
      mapped =
          mmap(NULL, sizeof(understudy_page), PROT_READ | PROT_WRITE, MAP_SHARED, writer->file, 0);
  }
  if (mapped == MAP_FAILED) {
    problem = errno;
    understudy_release_page(writer);
    errno = problem;
    return -1;
  }
  writer->page = (understudy_page*)mapped;
  if (writer->page->magic != UNDERSTUDY_PAGE_MAGIC) {
    understudy_promise nothing;
    memset(&nothing, 0, sizeof nothing);
    understudy_write_promise(writer, &nothing);
  }
  return 0;
}

/* Does `path` still lead to the file this writer writes? 1 or 0. To be asked at each renewal: if
 * somebody has deleted or replaced the file, readers no longer see what is written here, and the
 * region is closed until the agent has opened the page anew. */
static inline int understudy_page_is_seen(const understudy_page_writer* writer, const char* path) {
  struct stat mine;
  struct stat there;
  if (fstat(writer->file, &mine) != 0 || stat(path, &there) != 0) return 0;
  return mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

#ifdef __cplusplus
}
#endif

#endif
