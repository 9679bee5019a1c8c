// docs/understudy.schema.json, which editors check understudy.yaml against, says what fields.h
// says: every setting, its bounds and choices, and nothing else.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <set>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "minimal.h"
#include "topology/fields.h"
#include "topology/length.h"
#include "topology/names.h"
#include "topology/yaml_tree.h"

namespace understudy {
namespace {

namespace json = boost::json;

std::string source_file(const std::string& name) {
  std::ifstream file(UNDERSTUDY_SOURCE_DIR "/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

const json::value& whole_schema() {
  static const json::value parsed = json::parse(source_file("docs/understudy.schema.json"));
  return parsed;
}
const json::object& schema() { return whole_schema().as_object(); }

/// "#/definitions/length" and the like.
const json::object& resolved(const json::object& part) {
  const auto* reference = part.if_contains("$ref");
  return reference == nullptr ? part
                              : whole_schema()
                                    .at_pointer("/" + std::string(reference->as_string()).substr(2))
                                    .as_object();
}

/// Goes through fields.h and the schema side by side.
class SchemaVisitor {
 public:
  SchemaVisitor(const json::object& part, std::string path)
      : part_(resolved(part)), path_(std::move(path)) {}

  void text(std::string_view name, const std::string& value, Need need, TextRule rule) {
    EXPECT_EQ(said(name, "type"), "string") << path_ << name;
    EXPECT_EQ(required(name), need == Need::required) << path_ << name;
    const bool free = rule == TextRule::any || rule == TextRule::file || rule == TextRule::user;
    EXPECT_TRUE(free || said(name, "pattern") != "") << path_ << name << " needs a pattern";
    if (need == Need::optional && !value.empty()) says_default(name, value);
  }
  void optional_text(std::string_view name, const std::optional<std::string>& /*value*/,
                     TextRule /*rule*/) {
    EXPECT_EQ(said(name, "type"), "string") << path_ << name;
  }
  void texts(std::string_view name, const std::vector<std::string>& /*values*/, Need need) {
    EXPECT_EQ(said(name, "type"), "array") << path_ << name;
    EXPECT_EQ(required(name), need == Need::required) << path_ << name;
  }
  void variables(std::string_view name, const std::vector<std::string>& /*values*/) {
    EXPECT_EQ(said(name, "type"), "array") << path_ << name;
  }
  void pairs(std::string_view name, const std::map<std::string, std::string>& /*values*/) {
    EXPECT_EQ(said(name, "type"), "object") << path_ << name;
  }
  void flag(std::string_view name, bool value) {
    EXPECT_EQ(said(name, "$ref"), "#/definitions/switch") << path_ << name;
    says_default(name, value);
  }
  void length(std::string_view name, Duration value, LengthBounds bounds) {
    EXPECT_EQ(said(name, "$ref"), "#/definitions/length") << path_ << name;
    says_default(name, format_length(value));
    // A schema cannot compare lengths; people read the bounds in the description.
    const std::string described(json::value_to<std::string>(said(name, "description")));
    EXPECT_THAT(described, testing::HasSubstr(format_length(bounds.least) + " to " +
                                              format_length(bounds.most)))
        << path_ << name;
  }
  void count(std::string_view name, unsigned value, CountBounds bounds) {
    EXPECT_EQ(said(name, "type"), "integer") << path_ << name;
    EXPECT_EQ(said(name, "minimum"), json::value(bounds.least)) << path_ << name;
    EXPECT_EQ(said(name, "maximum"), json::value(bounds.most)) << path_ << name;
    if (at(name).contains("default")) says_default(name, value);
  }
  template <class Enum>
  void choice(std::string_view name, Enum value) {
    json::array spellings;
    for (const auto& [choice, spelling] : Spellings<Enum>::all) spellings.emplace_back(spelling);
    EXPECT_EQ(said(name, "enum"), spellings) << path_ << name;
    says_default(name, to_string(value));
  }
  template <class Fields>
  void group(std::string_view name, Fields fields) {
    SchemaVisitor inner(at(name), path_ + std::string(name) + ".");
    fields(inner);
    inner.finish();
  }
  template <class T, class Fields>
  void named(std::string_view name, const std::vector<T>& /*values*/, Need need, Fields fields) {
    EXPECT_EQ(required(name), need == Need::required) << path_ << name;
    EXPECT_TRUE(at(name).contains("propertyNames")) << path_ << name;
    SchemaVisitor inner(at(name).at("additionalProperties").as_object(),
                        path_ + std::string(name) + ".*.");
    const T fresh;
    fields(inner, fresh);
    inner.finish();
  }

  /// What the schema has besides, the parser does not know.
  void finish() {
    EXPECT_EQ(part_.at("additionalProperties"), false) << path_;
    for (const auto& property : part_.at("properties").as_object())
      EXPECT_TRUE(visited_.contains(property.key())) << path_ << property.key() << " is no setting";
  }

 private:
  /// What the schema says of a setting, "" where it says nothing.
  json::value said(std::string_view name, std::string_view key) {
    const auto& field = at(name);
    if (const auto* found = field.if_contains(key)) return *found;
    const auto* found = resolved(field).if_contains(key);
    return found != nullptr ? *found : json::value("");
  }
  const json::object& at(std::string_view name) {
    static const json::object kNone{{"properties", json::object()},
                                    {"additionalProperties", false}};
    visited_.emplace(name);
    const auto* field = part_.at("properties").as_object().if_contains(name);
    if (field == nullptr) {
      ADD_FAILURE() << path_ << name << " is not in docs/understudy.schema.json";
      return kNone;
    }
    return field->as_object();
  }
  bool required(std::string_view name) const {
    const auto* names = part_.if_contains("required");
    if (names == nullptr) return false;
    const auto& list = names->as_array();
    return std::find(list.begin(), list.end(), json::value(name)) != list.end();
  }
  template <class T>
  void says_default(std::string_view name, const T& value) {
    EXPECT_EQ(said(name, "default"), json::value_from(value)) << path_ << name;
  }

  const json::object& part_;
  const std::string path_;
  std::set<std::string, std::less<>> visited_;
};

TEST(TheSchema, has_every_setting_with_its_bounds_and_no_other) {
  SchemaVisitor visitor(schema(), "");
  const Topology defaults;
  visit_topology(visitor, defaults);
  visitor.finish();
}

/// As an editor reads it: by the core schema of YAML 1.2, for plain scalars.
json::value as_json(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::nothing) return nullptr;
  if (node.kind == YamlNode::Kind::sequence) {
    json::array items;
    for (const auto& item : node.items) items.push_back(as_json(item));
    return items;
  }
  if (node.kind == YamlNode::Kind::mapping) {
    json::object entries;
    for (const auto& entry : node.entries) entries[entry.key] = as_json(entry.value);
    return entries;
  }
  if (node.text == "true" || node.text == "false") return node.text == "true";
  json::error_code failed;
  auto number = json::parse(node.text, failed);
  return !failed && number.is_number() ? number : json::value(node.text);
}

bool schema_takes(const std::string& yaml) {
  static const auto* const parsed = [] {
    auto* made = new valijson::Schema;
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::BoostJsonAdapter(whole_schema()), *made);
    return made;
  }();
  const json::value document = as_json(std::get<YamlNode>(read_yaml(yaml)));
  valijson::Validator validator;
  return validator.validate(*parsed, valijson::adapters::BoostJsonAdapter(document), nullptr);
}

TEST(TheSchema, takes_every_example) {
  for (const char* name : {"boxoffice", "guestbook"}) {
    EXPECT_TRUE(schema_takes(source_file(std::string("examples/") + name + "/understudy.yaml")))
        << name;
  }
  EXPECT_TRUE(schema_takes(kMinimal));
}

TEST(TheSchema, takes_whatever_may_be_set) {
  EXPECT_TRUE(schema_takes(
      kMinimal +
      "    environment: { EMPTY: '', NUMBER: 7, SWITCH: on }\n"
      "    listens: true\n    ready_path: /r?full=1\n    live_path: /l\n    ingress: cdn\n"
      "    posture: minimal\n    instances_active: 4\n    instances_standby: 2\n"
      "witness: { address: 127.9.3.1 }\nedge: { address: 127.9.4.1, wait_max: 3s }\n"
      "database: { name: d, application_role: r, schema_file: s.sql, replication: synchronous, "
      "connections_max: 50 }\n"
      "redis: off\n"
      "lease: { ttl: 1min, renew_interval: 20s, margin: 2s, answer_max: 1s, "
      "clock_drift_ppm_max: 500 }\n"
      "probe: { interval: 1s, timeout: 2s, failures: 5, patience: 1h }\n"
      "policy: { automatic_failover: off, lag_budget: 0s, over_budget: go-on }\n"
      "objectives: { rto: 2min, rto_full: 2h, rpo: 0s }\n"
      "local: { data: run, port_base: 60000, run_as: shop }\n"));
}

TEST(TheSchema, refuses_mistakes_that_the_parser_refuses) {
  for (const char* lines : {"lease:\n  tll: 2s\n",
                            "policy: { colour: red }\n",
                            "lease: { ttl: soon }\n",
                            "lease: { ttl: 2 }\n",
                            "lease:\n  ttl: [2s]\n",
                            "local: { port_base: high }\n",
                            "local: { port_base: 70.5 }\n",
                            "local: { port_base: 1023 }\n",
                            "local: { port_base: 60001 }\n",
                            "local: { port_base: -1 }\n",
                            "local: { port_base: {} }\n",
                            "redis: maybe\n",
                            "redis:\n",
                            "    posture: active_only\n",
                            "policy: { over_budget: panic }\n",
                            "lease: 2s\n",
                            "lease:\n",
                            "witness: { address: 10.0.0.1 }\n",
                            "edge: { address: 127.0.9.0 }\n",
                            "    environment: { A-B: hush }\n",
                            "    environment: { PORT: 80 }\n",
                            "    ready_path: ready\n",
                            "    live_path: /a b\n",
                            "database: { name: Shop }\n",
                            "database: { name: template1 }\n",
                            "database: { application_role: postgres }\n",
                            "database: { schema_file: '' }\n",
                            "local: { data: ~/shop }\n",
                            "local: { run_as: root }\n",
                            "local: { run_as: 'a b' }\n",
                            "probe: { failures: 0 }\n"}) {
    EXPECT_NE(mistakes_with(lines), "") << lines;
    EXPECT_FALSE(schema_takes(kMinimal + lines)) << lines;
  }
  const std::pair<const char*, const char*> changes[] = {
      {"platform: shop\n", ""},
      {"{ address: 127.0.2.1 }", "{}"},
      {"command: [web]", "listens: on"},
      {"shop", "Shop"},
      {"shop", "shop-"},
      {"  web:", "  we/b:"},
      {"  south:", "  9south:"},
      {"  south:", "  witness:"},
      {"  web:", "  postgres:"},
      {"[web]", "web"},
      {"[web]", "[]"},
      {"[web]", "['']"},
      {"home: north", "home: [north]"},
      {"127.0.2.1", "localhost"},
      {"127.0.2.1", "127.0.2.256"},
      {"127.0.2.1", "127.0.2.01"},
      {"home:", "  east: { address: 127.0.5.1 }\nhome:"}};
  for (const auto& [from, to] : changes) {
    EXPECT_NE(mistakes_of(replaced(from, to)), "") << to;
    EXPECT_FALSE(schema_takes(replaced(from, to))) << to;
  }
}

}  // namespace
}  // namespace understudy
