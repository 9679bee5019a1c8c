/* The fence page: what the agent promises, and every writer obeys.
 *
 * One small file in a memory file system (so that it dies with the boot), mapped shared. The
 * region's agent is its only writer; PostgreSQL backends (understudy_fence) and services map it
 * read-only. Valid C11 and C++20; no dependency beyond libc, since PostgreSQL loads it.
 * page_writer.h is the agent's side.
 *
 * A region may acknowledge a write only while its page is open. The page is open iff it can be
 * read, is whole (not torn), belongs to this boot, and is endless or has both deadlines ahead: the
 * boot-time clock judges, and the wall clock may only refuse earlier. Anything else means closed:
 * no page, no writes. (safety-protocol: R1, R2, section 2.) */
#ifndef UNDERSTUDY_FENCE_PAGE_H
#define UNDERSTUDY_FENCE_PAGE_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

#define UNDERSTUDY_PAGE_MAGIC 0x31454341504655ULL /* "UFPACE1" */
#define UNDERSTUDY_BOOT_ID_BYTES 40               /* 36 characters and zeroes */
#define UNDERSTUDY_FENCE_SQLSTATE "57UF1"         /* how PostgreSQL refuses a fenced write */

/* What is promised. Times in nanoseconds: CLOCK_BOOTTIME and CLOCK_REALTIME. */
typedef struct understudy_promise {
  uint64_t incarnation;     /* of the agent that wrote it; a new one at each start */
  uint64_t epoch;           /* of the record when it was granted */
  uint64_t term;            /* the lease generation that was granted */
  uint64_t serial;          /* of the grant, to compare with the registry's grant log */
  int64_t deadline_boot_ns; /* 0: closed */
  int64_t deadline_wall_ns;
  uint64_t endless; /* 1: granted without end; deadlines do not count */
  char boot_id[UNDERSTUDY_BOOT_ID_BYTES];
} understudy_promise;

/* The file. `sequence` is odd while the agent writes; a reader that sees it odd, or changed under
 * its reading, has a torn page. An agent that dies in between leaves it odd: closed. */
typedef struct understudy_page {
  uint64_t magic;
  uint64_t sequence;
  understudy_promise promise;
} understudy_page;

enum understudy_verdict {
  UNDERSTUDY_OPEN = 0,
  UNDERSTUDY_NO_PAGE = 1,     /* no file, too short, or another layout */
  UNDERSTUDY_TORN = 2,        /* being written, or its writer died while writing */
  UNDERSTUDY_OTHER_BOOT = 3,  /* from before the last reboot */
  UNDERSTUDY_CLOSED = 4,      /* the agent has closed it, or never opened it */
  UNDERSTUDY_EXPIRED = 5,     /* the boot-time deadline has passed */
  UNDERSTUDY_WALL_EXPIRED = 6 /* the wall-clock deadline has passed, the other has not */
};

static inline int64_t understudy_clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Reads this boot's id into `into`, zero-padded. 0 on success, -1 if the kernel does not say. */
static inline int understudy_read_boot_id(char into[UNDERSTUDY_BOOT_ID_BYTES]) {
  int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t got;
  memset(into, 0, UNDERSTUDY_BOOT_ID_BYTES);
  if (file < 0) return -1;
  got = read(file, into, 36);
  close(file);
  return got == 36 ? 0 : -1;
}

/* One reader's hold on the page: the file it has open and its mapping. Start it as
 * UNDERSTUDY_NO_VIEW. Not thread-safe; judging a page that was followed before is. */
typedef struct understudy_view {
  int file;
  const understudy_page* page;
} understudy_view;
#ifdef __cplusplus
#define UNDERSTUDY_NO_VIEW \
  understudy_view { -1, nullptr }
#else
#define UNDERSTUDY_NO_VIEW \
  { -1, NULL }
#endif

static inline void understudy_leave_page(understudy_view* view) {
  if (view->page != NULL) munmap((void*)view->page, sizeof(understudy_page));
  if (view->file >= 0) close(view->file);
  view->file = -1;
  view->page = NULL;
}

/* The page at `path`, mapped read-only, or NULL with errno if there is none. To be asked before
 * every judgement (one fstat when nothing has changed): a file that was deleted, replaced or cut
 * short since is let go. An old mapping would keep an endless promise that the agent can no longer
 * take back. A file that any but its owner may write is no page. */
static inline const understudy_page* understudy_follow_page(understudy_view* view,
                                                            const char* path) {
  struct stat seen;
  void* mapped;
  if (view->page != NULL && fstat(view->file, &seen) == 0 && seen.st_nlink > 0 &&
      seen.st_size >= (off_t)sizeof(understudy_page))
    return view->page;
  understudy_leave_page(view);
  view->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (view->file < 0) return NULL;
  errno = EINVAL;
  if (fstat(view->file, &seen) == 0 && S_ISREG(seen.st_mode) &&
      (seen.st_mode & (S_IWGRP | S_IWOTH)) == 0 && seen.st_size >= (off_t)sizeof(understudy_page)) {
    mapped = mmap(NULL, sizeof(understudy_page), PROT_READ, MAP_SHARED, view->file, 0);
    if (mapped != MAP_FAILED) view->page = (const understudy_page*)mapped;
  }
  if (view->page == NULL) understudy_leave_page(view);
  return view->page;
}

/* Maps the page once, for a reader that is done at once (a command line). A reader that lives on
 * follows the page instead. NULL if there is none; errno says why. Ends with munmap. */
static inline const understudy_page* understudy_map_page(const char* path) {
  understudy_view view = UNDERSTUDY_NO_VIEW;
  const understudy_page* page = understudy_follow_page(&view, path);
  if (page != NULL) close(view.file);
  return page;
}

/* Copies a whole promise out, or says that none can be had. A few tries: a write takes less than a
 * microsecond, so one that is still odd after them is a dead writer's. */
static inline enum understudy_verdict understudy_read_promise(const understudy_page* page,
                                                              understudy_promise* promise) {
  int attempt;
  if (page == NULL || page->magic != UNDERSTUDY_PAGE_MAGIC) return UNDERSTUDY_NO_PAGE;
  for (attempt = 0; attempt < 1000; ++attempt) {
    const uint64_t before = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
    if (before & 1) continue;
    memcpy(promise, (const void*)&page->promise, sizeof *promise);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(&page->sequence, __ATOMIC_RELAXED) == before) return UNDERSTUDY_OPEN;
  }
  return UNDERSTUDY_TORN;
}

/* May a write be acknowledged at this instant? `boot_id` is this boot's. Fills `promise` if it
 * could be read. The clock is read after the page, so that the answer is never newer than the
 * promise. */
static inline enum understudy_verdict understudy_judge(const understudy_page* page,
                                                       const char boot_id[UNDERSTUDY_BOOT_ID_BYTES],
                                                       understudy_promise* promise) {
  const enum understudy_verdict whole = understudy_read_promise(page, promise);
  if (whole != UNDERSTUDY_OPEN) return whole;
  if (memcmp(promise->boot_id, boot_id, UNDERSTUDY_BOOT_ID_BYTES) != 0)
    return UNDERSTUDY_OTHER_BOOT;
  if (promise->endless) return UNDERSTUDY_OPEN;
  if (promise->deadline_boot_ns == 0) return UNDERSTUDY_CLOSED;
  if (understudy_clock_ns(CLOCK_BOOTTIME) >= promise->deadline_boot_ns) return UNDERSTUDY_EXPIRED;
  if (understudy_clock_ns(CLOCK_REALTIME) >= promise->deadline_wall_ns)
    return UNDERSTUDY_WALL_EXPIRED;
  return UNDERSTUDY_OPEN;
}

static inline const char* understudy_verdict_text(enum understudy_verdict verdict) {
  switch (verdict) {
    case UNDERSTUDY_OPEN: return "open";
    case UNDERSTUDY_NO_PAGE: return "there is no fence page";
    case UNDERSTUDY_TORN: return "the fence page is torn";
    case UNDERSTUDY_OTHER_BOOT: return "the fence page is from before the last reboot";
    case UNDERSTUDY_CLOSED: return "this region holds no writer lease";
    case UNDERSTUDY_EXPIRED: return "the writer lease has run out";
    case UNDERSTUDY_WALL_EXPIRED: return "the writer lease has run out by the wall clock";
  }
  return "unknown";
}

#ifdef __cplusplus
}
#endif

#endif
