#pragma once
// The stack's controller, as commands ask it.

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "cli/commands.h"
#include "local/control_client.h"
#include "local/site.h"

namespace understudy {

class ControllerClient {
 public:
  /// Prints why there is none; the status to exit with is then in `otherwise`.
  struct Found {
    std::unique_ptr<ControllerClient> controller;
    Exit otherwise = Exit::ok;
    explicit operator bool() const { return controller != nullptr; }
    ControllerClient* operator->() const { return controller.get(); }
  };
  [[nodiscard]] static Found find(const std::string& command, const Where& where);

  [[nodiscard]] const Layout& layout() const { return site_->layout(); }
  [[nodiscard]] const Topology& topology() const { return site_->topology(); }
  [[nodiscard]] Result<boost::json::object> get(const std::string& path);
  [[nodiscard]] Result<boost::json::object> post(const std::string& path,
                                                 const boost::json::object& body,
                                                 Duration patience = std::chrono::seconds(3));

  /// The newest execution, or the one that was named.
  [[nodiscard]] Result<std::string> execution(const std::string& named);

 private:
  explicit ControllerClient(std::unique_ptr<Site> site);

  std::unique_ptr<Site> site_;
  std::unique_ptr<Clock> clock_;
  ControlClient client_;
};

/// A member as text for people: "-" if it is missing or null.
[[nodiscard]] std::string text(const boost::json::object& object, std::string_view key);

/// The user who types, also behind sudo.
[[nodiscard]] std::string who_am_i();

/// Prints why a call failed; the status to exit with.
[[nodiscard]] Exit unreachable(const std::string& command, const Error& error);

}  // namespace understudy
