#include "local/interlock.h"

#include <sys/shm.h>

#include <sstream>

#include "system/file.h"

namespace understudy {

void remove_interlock(const DomainPlace& place) {
  auto text = file::read(place.file("postgres/postmaster.pid"));
  if (!text) return;
  // Line 7 names it: key and id.
  std::istringstream lines(*text);
  std::string line;
  for (int i = 0; i < 7; ++i) std::getline(lines, line);
  unsigned long key = 0;
  int segment = -1;
  shmid_ds seen{};
  if (!(std::istringstream(line) >> key >> segment) || shmctl(segment, IPC_STAT, &seen) != 0)
    return;
  // Ids are given anew after a reboot: it may be somebody else's by now.
  if (static_cast<unsigned long>(static_cast<unsigned>(seen.shm_perm.__key)) != key) return;
  if (seen.shm_nattch == 0) shmctl(segment, IPC_RMID, nullptr);
}

}  // namespace understudy
