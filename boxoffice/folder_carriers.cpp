#include "folder_carriers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "system/file.h"

namespace understudy::boxoffice {

Result<Done> MailFolder::prepare(const std::string& folder) { return file::make_folder(folder); }

MailFolder::MailFolder(std::string folder, std::string instance)
    : folder_(std::move(folder)),
      instance_(std::move(instance)),
      born_(std::to_string(std::chrono::system_clock::now().time_since_epoch().count())) {}

Result<Done> MailFolder::carry(const Mail& mail, const std::string& message) {
  const std::string name =
      fmt::format("{}.{}.{}.{}", mail.message_id.substr(0, mail.message_id.find('@')), instance_,
                  born_, ++count_);
  return file::write_durably(fmt::format("{}/{}.eml", folder_, name), message);
}

Result<Done> TextFile::carry(const Text& text) {
  const auto failed = [this](After after) {
    return Error{after, fmt::format("{}: {}", path_, std::strerror(errno))};
  };
  const int file = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return failed(After::unchanged_retry);
  const std::string line = to_json(text) + "\n";
  const ssize_t written = write(file, line.data(), line.size());
  Result<Done> done = Done{};
  if (written < 0)
    done = failed(After::unchanged_retry);
  else if (static_cast<std::size_t>(written) < line.size() || fdatasync(file) != 0)
    done = failed(After::unknown);
  close(file);
  return done;
}

}  // namespace understudy::boxoffice
