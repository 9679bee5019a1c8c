// The eight types of state.

#include <fmt/format.h>

#include <boost/json.hpp>

#include "states/failure.h"
#include "states/parser.h"

namespace understudy::states {
namespace {

constexpr std::int64_t kSecondsMax = 99'999'999;

}  // namespace

Resource Resource::parse(std::string_view text) {
  Resource resource;
  resource.text = text;
  resource.waits_for_token = text.ends_with(".waitForTaskToken");
  resource.is_job = text.ends_with(".sync") || text.ends_with(".sync:2");
  resource.is_function = text.starts_with("arn:") &&
                         text.find(":lambda:") != std::string_view::npos &&
                         text.find(":function:") != std::string_view::npos;
  const auto service = text.find(":states:");
  auto rest = text;
  if (text.starts_with("arn:") && service != std::string_view::npos) {
    // arn:PARTITION:states:REGION:ACCOUNT:TYPE:ACTION, where TYPE may hold a colon (aws-sdk:s3)
    rest = text.substr(service + std::string_view(":states:").size());
    for (int skip = 0; skip < 2; ++skip) {
      const auto colon = rest.find(':');
      rest.remove_prefix(colon == std::string_view::npos ? 0 : colon + 1);
    }
  }
  const auto searched = rest.ends_with(".sync:2") ? rest.substr(0, rest.size() - 2) : rest;
  const auto colon = searched.rfind(':');
  if (colon == std::string_view::npos) {
    resource.action = rest;
  } else {
    resource.type = rest.substr(0, colon);
    resource.action = rest.substr(colon + 1);
  }
  return resource;
}

void DocumentParser::task(Fields& fields, State& state) {
  TaskFields task;
  const auto resource = fields.text("Resource", Need::required).value_or("");
  task.resource = Resource::parse(resource);
  if (!resource.empty() && resource.find(':') == std::string::npos) {
    fields.problem("Resource", "must be an ARN or another URI");
  } else if (resource.find(":activity:") != std::string::npos) {
    fields.problem("Resource", "activities are not supported; use .waitForTaskToken");
  }
  task.timeout = fields.number_or_path("TimeoutSeconds", 1, kSecondsMax);
  task.heartbeat = fields.number_or_path("HeartbeatSeconds", 1, kSecondsMax);
  const auto& timeout = task.timeout.constant;
  const auto& heartbeat = task.heartbeat.constant;
  if (timeout && heartbeat && *heartbeat >= *timeout) {
    fields.problem("HeartbeatSeconds", "must be less than TimeoutSeconds");
  }
  if (const auto* credentials = fields.object("Credentials")) {
    if (!credentials->contains("RoleArn") && !credentials->contains("RoleArn.$")) {
      fields.problem("Credentials", "must hold RoleArn");
    }
    task.credentials = fields.payload("Credentials");
  }
  state.fields = std::move(task);
  transition(fields, state);
  input_output(fields, state);
  state.parameters = fields.payload("Parameters");
  result(fields, state);
  state.assign = assign(fields);
  retry(fields, state);
  catch_errors(fields, state);
}

void DocumentParser::pass(Fields& fields, State& state) {
  PassFields pass;
  if (const auto* result = fields.any("Result")) {
    pass.result = Data(*result);
    // Executions on several threads share this constant: its text must be there before they do.
    (void)pass.result->text();
  }
  state.fields = std::move(pass);
  transition(fields, state);
  input_output(fields, state);
  state.parameters = fields.payload("Parameters");
  state.result_path = fields.result_path("ResultPath");
  state.assign = assign(fields);
}

void DocumentParser::wait(Fields& fields, State& state) {
  WaitFields wait;
  fields.at_most_one({"Seconds", "SecondsPath", "Timestamp", "TimestampPath"});
  wait.seconds = fields.integer("Seconds", 0, kSecondsMax);
  wait.seconds_path = fields.reference("SecondsPath");
  wait.timestamp_path = fields.reference("TimestampPath");
  if (const auto timestamp = fields.text("Timestamp")) {
    wait.timestamp = parse_wall(*timestamp);
    if (!wait.timestamp) fields.problem("Timestamp", "does not match RFC 3339");
  }
  if (!fields.has("Seconds") && !fields.has("SecondsPath") && !fields.has("Timestamp") &&
      !fields.has("TimestampPath")) {
    fields.problem("Seconds", "is required, or SecondsPath, Timestamp or TimestampPath");
  }
  state.fields = std::move(wait);
  transition(fields, state);
  input_output(fields, state);
  state.assign = assign(fields);
}

void DocumentParser::succeed(Fields& fields, State& state) {
  state.fields = SucceedFields{};
  input_output(fields, state);
}

namespace {

TextField text_field(Fields& fields, const std::string& key) {
  const auto path_key = key + "Path";
  fields.at_most_one({key, path_key});
  TextField field;
  field.constant = fields.text(key);
  if (const auto path = fields.text(path_key)) {
    field.path_text = *path;
    try {
      field.path = Expression::parse(*path);
    } catch (const Malformed& malformed) {
      fields.problem(path_key, malformed.what);
    }
  }
  return field;
}

}  // namespace

void DocumentParser::fail(Fields& fields, State& state) {
  state.fields = FailFields{text_field(fields, "Error"), text_field(fields, "Cause")};
}

void DocumentParser::parallel(Fields& fields, State& state) {
  ParallelFields parallel;
  if (const auto* branches = fields.array("Branches", Need::required)) {
    if (branches->empty()) fields.problem("Branches", "must not be empty");
    for (std::size_t i = 0; i < branches->size(); ++i) {
      Fields branch((*branches)[i], fmt::format("{}/{}", fields.path_of("Branches"), i), problems_);
      branch.text("Comment");
      parallel.branches.push_back(flow(branch));
      branch.refuse_the_rest("a branch");
    }
  }
  state.fields = std::move(parallel);
  transition(fields, state);
  input_output(fields, state);
  state.parameters = fields.payload("Parameters");
  result(fields, state);
  state.assign = assign(fields);
  retry(fields, state);
  catch_errors(fields, state);
}

Flow DocumentParser::processor(Fields& fields) {
  fields.at_most_one({"ItemProcessor", "Iterator"});
  const auto* key = fields.has("Iterator") ? "Iterator" : "ItemProcessor";
  const auto* value = fields.any(key, Need::required);
  if (value == nullptr) return {};
  Fields processor(*value, fields.path_of(key), problems_);
  processor.text("Comment");
  if (const auto* config = processor.any("ProcessorConfig")) {
    Fields settings(*config, processor.path_of("ProcessorConfig"), problems_);
    const auto mode = settings.text("Mode").value_or("INLINE");
    settings.text("ExecutionType");
    if (mode != "INLINE") settings.problem("Mode", "only \"INLINE\" Map states are supported");
    settings.refuse_the_rest("ProcessorConfig");
  }
  auto parsed = flow(processor);
  processor.refuse_the_rest("a Map's processor");
  return parsed;
}

void DocumentParser::map(Fields& fields, State& state) {
  MapFields map;
  map.processor = processor(fields);
  map.items_path = fields.reference("ItemsPath");
  fields.at_most_one({"ItemSelector", "Parameters"});
  map.item_selector = fields.payload(fields.has("Parameters") ? "Parameters" : "ItemSelector");
  map.concurrency_max = fields.number_or_path("MaxConcurrency", 0, kSecondsMax);
  map.tolerated_count = fields.number_or_path("ToleratedFailureCount", 0, kSecondsMax);
  map.tolerated_percentage = fields.number_or_path("ToleratedFailurePercentage", 0, 100);
  for (const auto* key : {"ItemReader", "ItemBatcher", "ResultWriter", "Label"}) {
    if (fields.any(key) == nullptr) continue;
    fields.problem(key, "belongs to distributed Map states, which are not supported");
  }
  state.fields = std::move(map);
  transition(fields, state);
  input_output(fields, state);
  result(fields, state);
  state.assign = assign(fields);
  retry(fields, state);
  catch_errors(fields, state);
}

}  // namespace understudy::states
