// The instructions between the last look at the clock and send(2): a backend is held up exactly
// there, at the first instruction of send, until its lease has ended. What goes on must not be
// sent.

#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <fstream>

#include "base/ensure.h"
#include "scratch_postgres.h"

namespace understudy::fence_test {
namespace {

#if defined(__x86_64__)

// Where `send` is in another process: as far into its libc as into ours.
std::uintptr_t send_in(pid_t process) {
  void* libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  void* ours = dlsym(libc, "send");
  Dl_info place{};
  ensure(ours != nullptr && dladdr(ours, &place) != 0, "libc has send");
  const auto offset =
      reinterpret_cast<std::uintptr_t>(ours) - reinterpret_cast<std::uintptr_t>(place.dli_fbase);
  dlclose(libc);
  std::ifstream maps(fmt::format("/proc/{}/maps", process));
  for (std::string line; std::getline(maps, line);)
    if (line.find("libc.so.6") != std::string::npos) return std::stoull(line, nullptr, 16) + offset;
  return 0;
}

// Traces one process from the calling thread, and stops it at the first instruction of send.
class HeldAtSend {
 public:
  explicit HeldAtSend(pid_t process) : process_(process), address_(send_in(process)) {
    attached_ = address_ != 0 && ptrace(PTRACE_ATTACH, process, nullptr, nullptr) == 0;
    if (!attached_) return;
    waitpid(process_, nullptr, __WALL);
    original_ = ptrace(PTRACE_PEEKTEXT, process_, address_, nullptr);
    ptrace(PTRACE_POKETEXT, process_, address_, (original_ & ~0xFFL) | 0xCC);
    ptrace(PTRACE_CONT, process_, nullptr, nullptr);
  }
  ~HeldAtSend() {
    if (attached_) ptrace(PTRACE_DETACH, process_, nullptr, nullptr);
  }
  HeldAtSend(const HeldAtSend&) = delete;
  HeldAtSend& operator=(const HeldAtSend&) = delete;

  [[nodiscard]] bool attached() const { return attached_; }

  /// Waits until the process is about to send.
  [[nodiscard]] bool reached() {
    for (int status = 0; waitpid(process_, &status, __WALL) == process_ && WIFSTOPPED(status);) {
      if (WSTOPSIG(status) == SIGTRAP) break;
      ptrace(PTRACE_CONT, process_, nullptr, WSTOPSIG(status));
    }
    user_regs_struct registers{};
    ptrace(PTRACE_GETREGS, process_, nullptr, &registers);
    if (registers.rip != address_ + 1) return false;
    registers.rip = address_;
    return ptrace(PTRACE_SETREGS, process_, nullptr, &registers) == 0;
  }

  /// Lets signals that came meanwhile be handled, and holds it before the same send again.
  [[nodiscard]] bool handles_signals() {
    return ptrace(PTRACE_CONT, process_, nullptr, nullptr) == 0 && reached();
  }

  /// Lets it go on, as after a freeze that ended with `signal` (0: with none). Not traced any more.
  void go_on(int signal) {
    ptrace(PTRACE_POKETEXT, process_, address_, original_);
    ptrace(PTRACE_DETACH, process_, nullptr, signal);
    attached_ = false;
  }

 private:
  pid_t process_;
  std::uintptr_t address_;
  long original_ = 0;
  bool attached_ = false;
};

class Window : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<ScratchPostgres>();
    server_->page().promise_without_end();
    ASSERT_TRUE(server_->connect().run("CREATE TABLE orders (what text)").ok());
  }
  static void TearDownTestSuite() { server_.reset(); }

  // A session that has committed `what` and stands before the send of the answer when `meanwhile`
  // happens; then it goes on.
  static Answer hold_at_send(const std::function<void(HeldAtSend&)>& meanwhile, int signal,
                             const std::string& more = "") {
    auto buyer = server_->connect("admin", more);
    HeldAtSend held(buyer.backend());
    if (!held.attached()) return {};
    buyer.send("INSERT INTO orders VALUES ('held')");
    EXPECT_TRUE(held.reached());
    meanwhile(held);
    held.go_on(signal);
    return buyer.receive();
  }

  static void end_lease() { server_->page().outlast(); }

  static inline std::unique_ptr<ScratchPostgres> server_;
};

#define SKIP_UNLESS_TRACED(answer) \
  if ((answer).kind == Answer::Kind::none) GTEST_SKIP() << "tracing is not allowed here"

TEST_F(Window, lets_an_answer_through_while_the_page_is_open) {
  server_->page().promise(std::chrono::minutes(1));
  const auto answer = hold_at_send([](HeldAtSend&) {}, SIGCONT);
  SKIP_UNLESS_TRACED(answer);
  EXPECT_TRUE(answer.ok());
}

// No signal tells of the end of such a freeze (a paused container, a throttled group): the timer.
TEST_F(Window, is_shut_by_the_deadline) {
  for (const std::string more : {"sslmode=disable", kTls}) {
    server_->page().promise(milliseconds(1500));
    const auto answer = hold_at_send([](HeldAtSend&) { end_lease(); }, 0, more);
    SKIP_UNLESS_TRACED(answer);
    EXPECT_EQ(answer.kind, Answer::Kind::cut) << more;
    EXPECT_EQ(answer.results, 0);
  }
}

// The timer fires at the deadline it was set to; by then the promise has been renewed. It must be
// set again.
TEST_F(Window, is_shut_by_a_renewed_deadline) {
  server_->page().promise(milliseconds(700));
  const auto answer = hold_at_send(
      [](HeldAtSend& held) {
        end_lease();
        server_->page().promise(milliseconds(1500));
        EXPECT_TRUE(held.handles_signals());
        end_lease();
      },
      0);
  SKIP_UNLESS_TRACED(answer);
  EXPECT_EQ(answer.kind, Answer::Kind::cut);
}

// The agent closes the page long before the deadline while the backend is stopped.
TEST_F(Window, is_shut_when_the_process_goes_on_and_the_page_was_closed) {
  server_->page().promise_without_end();
  const auto answer = hold_at_send([](HeldAtSend&) { server_->page().close(); }, SIGCONT);
  SKIP_UNLESS_TRACED(answer);
  EXPECT_EQ(answer.kind, Answer::Kind::cut);
  EXPECT_EQ(server_->log().find("PANIC"), std::string::npos);
}

#else

TEST(Window, is_held_open_by_breakpoints_of_one_architecture) {
  GTEST_SKIP() << "the breakpoint is written for x86-64";
}

#endif

}  // namespace
}  // namespace understudy::fence_test
