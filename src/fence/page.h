/* The fence page: what the agent promises, and every writer obeys.
 *
 * One small file in a memory file system (so that it dies with the boot), mapped shared. The
 * region's agent is its only writer; PostgreSQL backends (understudy_fence) and services map it
 * read-only. Valid C11 and C++20; no dependency beyond libc, since PostgreSQL loads it.
 *
 * A region may acknowledge a write only while its page is open. The page is open iff it can be
 * read, is whole (not torn), belongs to this boot, and is endless or has both deadlines ahead: the
 * boot-time clock judges, and the wall clock may only refuse earlier. Anything else means closed:
 * no page, no writes. (safety-protocol: R1, R2, section 2.) */
#ifndef UNDERSTUDY_FENCE_PAGE_H
#define UNDERSTUDY_FENCE_PAGE_H

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

/* Maps the page read-only. NULL if it is not there (yet) or too short; errno says why. The mapping
 * stays good for as long as the agent writes in place, which it always does. */
static inline const understudy_page* understudy_map_page(const char* path) {
  struct stat seen;
  void* mapped;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return NULL;
  if (fstat(file, &seen) != 0 || seen.st_size < (off_t)sizeof(understudy_page)) {
    close(file);
    return NULL;
  }
  mapped = mmap(NULL, sizeof(understudy_page), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  return mapped == MAP_FAILED ? NULL : (const understudy_page*)mapped;
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
