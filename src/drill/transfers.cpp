#include "drill/transfers.h"

#include <curl/curl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_set>

#include "base/ensure.h"

namespace understudy::drill {
namespace {

constexpr std::size_t kBodyBytesMax = 64 * 1024;
constexpr long kConnectionsKeptMax = 8192;

void prepare_curl_once() {
  static const CURLcode prepared = curl_global_init(CURL_GLOBAL_DEFAULT);
  ensure(prepared == CURLE_OK, "libcurl can be initialised");
}

/// One exchange: libcurl's handle and what it reads from and writes to.
struct Job {
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  std::uint64_t tag = 0;
  std::string url;
  std::string post;
  std::size_t posted = 0;
  bool keeps_body = false;
  std::string body;
  char error[CURL_ERROR_SIZE] = {};
};

std::size_t give_body(char* to, std::size_t size, std::size_t count, void* job_pointer) {
  auto& job = *static_cast<Job*>(job_pointer);
  const auto bytes = std::min(size * count, job.post.size() - job.posted);
  std::memcpy(to, job.post.data() + job.posted, bytes);
  job.posted += bytes;
  return bytes;
}

std::size_t take_body(char* from, std::size_t size, std::size_t count, void* job_pointer) {
  auto& job = *static_cast<Job*>(job_pointer);
  if (job.keeps_body) {
    if (job.body.size() + size * count > kBodyBytesMax) return 0;  // ends the exchange as cut
    job.body.append(from, size * count);
  }
  return size * count;
}

template <class T>
T ask(CURL* easy, CURLINFO what) {
  T value{};
  curl_easy_getinfo(easy, what, &value);
  return value;
}

Exchange read_exchange(Job& job, CURLcode code) {
  if (code == CURLE_OK) {
    const auto status = static_cast<unsigned>(ask<long>(job.easy, CURLINFO_RESPONSE_CODE));
    return Exchange{Delivery::answered, status, std::move(job.body), ""};
  }
  const char* why = job.error[0] != '\0' ? job.error : curl_easy_strerror(code);
  // A byte that left may have been the last one needed, whatever libcurl calls the failure.
  const bool left = ask<long>(job.easy, CURLINFO_REQUEST_SIZE) > 0;
  if (!left) return Exchange{Delivery::never_sent, 0, "", why};
  const bool late = code == CURLE_OPERATION_TIMEDOUT;
  return Exchange{late ? Delivery::timed_out : Delivery::cut, 0, "", why};
}

}  // namespace

struct Transfers::State {
  TransferLimits limits;
  CURLM* multi = nullptr;
  int timer = -1;
  std::unordered_set<Job*> under_way;
  std::vector<Job*> idle;

  Job& take_idle() {
    if (idle.empty()) {
      auto* made = new Job();
      made->easy = curl_easy_init();
      ensure(made->easy != nullptr, "libcurl gives a handle");
      return *made;
    }
    Job& job = *idle.back();
    idle.pop_back();
    return job;
  }

  void give_back(Job& job) {
    curl_multi_remove_handle(multi, job.easy);
    curl_slist_free_all(job.headers);
    job.headers = nullptr;
    under_way.erase(&job);
    idle.push_back(&job);
  }

  static void destroy(Job* job) {
    curl_easy_cleanup(job->easy);
    curl_slist_free_all(job->headers);
    delete job;
  }

  void set_up(Job& job) const;
  void set_timer(BootTime until) const;
  std::vector<Finished> take_finished();
};

void Transfers::State::set_up(Job& job) const {
  CURL* easy = job.easy;
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_URL, job.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &job);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, job.error);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, job.headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &job);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(limits.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // whatever the environment says
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  if (!limits.authority_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, limits.authority_file.c_str());
  }
  if (!job.keeps_body) return;
  // The body comes from a callback that cannot be rewound: on a kept connection that died libcurl
  // then fails instead of silently sending the order a second time.
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(job.post.size()));
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
  curl_easy_setopt(easy, CURLOPT_READDATA, &job);
}

void Transfers::State::set_timer(BootTime until) const {
  // At least 1 ns: zero would switch the timer off.
  const auto at = std::max(until.time_since_epoch(), Duration(1));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  itimerspec spec{};
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = (at - seconds).count();
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, nullptr);
}

std::vector<Finished> Transfers::State::take_finished() {
  std::vector<Finished> finished;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    auto& job = *ask<Job*>(message->easy_handle, CURLINFO_PRIVATE);
    finished.push_back(Finished{job.tag, read_exchange(job, code)});
    give_back(job);
  }
  return finished;
}

Transfers::Transfers(TransferLimits limits) : state_(std::make_unique<State>()) {
  prepare_curl_once();
  state_->limits = std::move(limits);
  state_->multi = curl_multi_init();
  ensure(state_->multi != nullptr, "libcurl gives a multi handle");
  curl_multi_setopt(state_->multi, CURLMOPT_MAXCONNECTS, kConnectionsKeptMax);
  state_->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  ensure(state_->timer >= 0, "the kernel gives a timer");
}

Transfers::~Transfers() {
  for (Job* job : std::vector<Job*>(state_->under_way.begin(), state_->under_way.end())) {
    state_->give_back(*job);
  }
  std::for_each(state_->idle.begin(), state_->idle.end(), State::destroy);
  curl_multi_cleanup(state_->multi);
  ::close(state_->timer);
}

void Transfers::start(Transfer transfer, std::uint64_t tag) {
  Job& job = state_->take_idle();
  job.tag = tag;
  job.url = std::move(transfer.url);
  job.keeps_body = transfer.post.has_value();
  job.post = std::move(transfer.post).value_or("");
  job.posted = 0;
  job.body.clear();
  job.error[0] = '\0';
  for (const auto& [name, value] : transfer.headers) {
    job.headers = curl_slist_append(job.headers, (name + ": " + value).c_str());
  }
  state_->set_up(job);
  state_->under_way.insert(&job);
  const auto added = curl_multi_add_handle(state_->multi, job.easy);
  ensure(added == CURLM_OK, "libcurl takes a fresh handle");
  int running = 0;
  curl_multi_perform(state_->multi, &running);
}

std::vector<Finished> Transfers::wait(BootTime until) {
  // What start() finished already, before the poll, which knows nothing of it.
  if (auto finished = state_->take_finished(); !finished.empty()) return finished;
  state_->set_timer(until);
  curl_waitfd timer{state_->timer, CURL_WAIT_POLLIN, 0};
  curl_multi_poll(state_->multi, &timer, 1, 1000, nullptr);
  int running = 0;
  curl_multi_perform(state_->multi, &running);
  return state_->take_finished();
}

void Transfers::wake() { curl_multi_wakeup(state_->multi); }

std::size_t Transfers::in_flight() const { return state_->under_way.size(); }

std::vector<Finished> Transfers::abandon() {
  auto finished = state_->take_finished();
  const std::vector<Job*> left(state_->under_way.begin(), state_->under_way.end());
  for (Job* job : left) {
    std::strcpy(job->error, "the drill ended");
    finished.push_back(Finished{job->tag, read_exchange(*job, CURLE_ABORTED_BY_CALLBACK)});
    state_->give_back(*job);
  }
  return finished;
}

}  // namespace understudy::drill
