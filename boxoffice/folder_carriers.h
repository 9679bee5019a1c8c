#pragma once
// Messages into files, for where there is no one to carry them: the local stack, tests.

#include <atomic>
#include <mutex>
#include <string>

#include "carriers.h"

namespace understudy::boxoffice {

/// One .eml file a mail, durable once told so. A message that is sent twice is there twice.
class MailFolder : public MailCarrier {
 public:
  /// Error, unchanged_final: the folder cannot be made.
  [[nodiscard]] static Result<Done> prepare(const std::string& folder);
  /// Requires: prepared. `instance` keeps the files of several processes apart.
  MailFolder(std::string folder, std::string instance);
  Result<Done> carry(const Mail& mail, const std::string& message) override;

 private:
  const std::string folder_;
  const std::string instance_;
  const std::string born_;  ///< keeps the files of one process apart from those before it
  std::atomic<std::uint64_t> count_{0};
};

/// One JSON line a text message, appended in one piece.
class TextFile : public TextCarrier {
 public:
  explicit TextFile(std::string path) : path_(std::move(path)) {}
  Result<Done> carry(const Text& text) override;

 private:
  const std::string path_;
};

}  // namespace understudy::boxoffice
