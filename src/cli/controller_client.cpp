#include "cli/controller_client.h"

#include <pwd.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "system/kernel.h"

namespace understudy {

namespace json = boost::json;

ControllerClient::ControllerClient(std::unique_ptr<Site> site)
    : site_(std::move(site)),
      clock_(make_kernel_clock()),
      client_(Site::control_http(site_->layout().file("tls"), "cli"),
              site_->layout().controller().text(), *clock_) {}

ControllerClient::Found ControllerClient::find(const std::string& command, const Where& where) {
  const auto stack = find_stack(where);
  if (!stack) return {nullptr, Exit::usage};
  auto site = Site::open(stack->data);
  if (!site) return {nullptr, fail(command, "is the stack up? " + site.error().what, Exit::no)};
  return {std::unique_ptr<ControllerClient>(new ControllerClient(std::move(*site))), Exit::ok};
}

Result<json::object> ControllerClient::get(const std::string& path) {
  return client_.get(path, clock_->boot() + std::chrono::seconds(3));
}

Result<json::object> ControllerClient::post(const std::string& path, const json::object& body,
                                            Duration patience) {
  return client_.post(path, body, clock_->boot() + patience);
}

Result<std::string> ControllerClient::execution(const std::string& named) {
  if (!named.empty()) return named;
  auto all = get("/v1/executions");
  if (!all) return all.error();
  const json::array& executions = all->at("executions").as_array();
  if (executions.empty()) return Error{After::unchanged_final, "nothing has been executed yet"};
  return json::value_to<std::string>(executions.back().at("name"));
}

std::string text(const json::object& object, std::string_view key) {
  const auto* found = object.if_contains(key);
  if (found == nullptr || found->is_null()) return "-";
  return found->is_string() ? std::string(found->get_string()) : json::serialize(*found);
}

std::string who_am_i() {
  const passwd* user = getpwuid(getuid());
  const char* before_sudo = std::getenv("SUDO_USER");
  return before_sudo != nullptr ? before_sudo
         : user != nullptr      ? user->pw_name
                                : std::to_string(getuid());
}

Exit unreachable(const std::string& command, const Error& error) {
  return fail(command, error.what,
              error.after == After::unchanged_final ? Exit::no : Exit::unreachable);
}

}  // namespace understudy
