#include "local/secrets.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "system/file.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr std::array kMembers = {
    std::pair{"postgres_superuser", &StackSecrets::postgres_superuser},
    std::pair{"understudy_role", &StackSecrets::understudy_role},
    std::pair{"probe_role", &StackSecrets::probe_role},
    std::pair{"replication_role", &StackSecrets::replication_role},
    std::pair{"application_role", &StackSecrets::application_role},
    std::pair{"redis", &StackSecrets::redis},
};

constexpr const char* kOfServices = "services";

/// 192 bits as hexadecimal digits: safe in connection strings, URLs and configuration files.
std::string random_password() {
  std::array<unsigned char, 24> bytes{};
  ensure(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
         "the kernel gives random bytes");
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

StackSecrets make_secrets() {
  StackSecrets secrets;
  for (const auto& [name, member] : kMembers) secrets.*member = random_password();
  return secrets;
}

bool add_service_secrets(StackSecrets& secrets, const Topology& topology) {
  bool added = false;
  for (const Service& service : topology.services) {
    for (const std::string& name : service.secrets) {
      if (secrets.of_services.contains(name)) continue;
      secrets.of_services[name] = random_password();
      added = true;
    }
  }
  return added;
}

Result<Done> save_secrets(const StackSecrets& secrets, const std::string& file) {
  json::object object;
  for (const auto& [name, member] : kMembers) object[name] = secrets.*member;
  json::object& of_services = object[kOfServices].emplace_object();
  for (const auto& [name, value] : secrets.of_services) of_services[name] = value;
  return file::write_durably(file, json::serialize(object), 0600);
}

Result<StackSecrets> load_secrets(const std::string& file) {
  auto text = file::read(file);
  if (!text) return text.error();
  boost::system::error_code malformed;
  const json::value value = json::parse(*text, malformed);
  StackSecrets secrets;
  for (const auto& [name, member] : kMembers) {
    const json::value* found =
        !malformed && value.is_object() ? value.get_object().if_contains(name) : nullptr;
    if (found == nullptr || !found->is_string()) {
      return Error{After::unchanged_final,
                   fmt::format("{}: \"{}\" is missing or not a text", file, name)};
    }
    secrets.*member = found->get_string();
  }
  // Stacks that were made before services had any lack the member.
  const json::value* of_services = value.get_object().if_contains(kOfServices);
  if (of_services == nullptr) return secrets;
  if (!of_services->is_object())
    return Error{After::unchanged_final,
                 fmt::format("{}: \"{}\" is not an object", file, kOfServices)};
  for (const auto& [name, secret] : of_services->get_object()) {
    if (!secret.is_string())
      return Error{After::unchanged_final, fmt::format("{}: \"{}.{}\" is not a text", file,
                                                       kOfServices, std::string_view(name))};
    secrets.of_services[name] = secret.get_string();
  }
  return secrets;
}

}  // namespace understudy
