/* The driver of C++: a program on kmsramcred.hpp, told what to do line by line (see ../../README.md). */
#include "line.hpp"
#include "load.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace {

/* What the library warned of since the client was made. */
struct Warnings {
  std::mutex lock;
  std::string said;
  std::uint64_t count = 0;
  pid_t process = getpid();

  void record(std::string_view message) {
    /* A forked child must not wait for a lock that a thread of its parent holds. */
    if (getpid() != process) return;
    std::lock_guard<std::mutex> hold(lock);
    std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
    if (count++ > 0) said += '\n';
    said += message;
  }
};

class Program {
 public:
  explicit Program(Warnings& warnings) : warnings_(warnings) {}

  Reply obey(const Line& line) {
    static const std::map<std::string, Reply (Program::*)(const Line&)> verbs = {
        {"open", &Program::open},       {"acquire", &Program::acquire},   {"refresh", &Program::refresh},
        {"report", &Program::report},   {"accept", &Program::accept},     {"load", &Program::load},
        {"seen", &Program::seen},       {"stop", &Program::stop},         {"fork", &Program::fork},
        {"join", &Program::join},       {"stats", &Program::stats},       {"warnings", &Program::warnings},
        {"explain", &Program::explain}, {"close", &Program::close},
    };
    auto verb = verbs.find(line.word());
    return verb == verbs.end() ? Reply("no-such-verb") : (this->*verb->second)(line);
  }

 private:
  using Secrets = std::map<std::string, kmsramcred::Secret>;

  /* The secret that a command names: opened once, then kept, as a program does. */
  kmsramcred::Result<const kmsramcred::Secret&> named(const Line& line) {
    std::string name = line.text_or_nothing("secret");
    Secrets::iterator at = secrets_.find(name);
    if (at != secrets_.end()) return std::as_const(at->second);
    auto opened = client_.secret(name);
    if (!opened) return opened.error();
    return std::as_const(secrets_.emplace(name, *std::move(opened)).first->second);
  }

  Reply open(const Line& line) {
    secrets_.clear();
    client_ = kmsramcred::Client(nullptr);
    {
      std::lock_guard<std::mutex> hold(warnings_.lock);
      warnings_.said.clear();
      warnings_.count = 0;
    }
    kmsramcred::Config config;
    std::optional<std::string> path = line.text("path");
    if (path) config.load_file(*path);
    else config.load_file();
    auto made = kmsramcred::Client::make(config.load_env());
    if (!made) return Reply(made.error());
    client_ = *std::move(made);
    return Reply();
  }

  Reply acquire(const Line& line) {
    auto secret = named(line);
    if (!secret) return Reply(secret.error());
    auto credential = secret->acquire(line.time("timeout_ms"));
    if (!credential) return Reply(credential.error());
    return Reply()
        .add("serial", credential->serial())
        .add("key", credential->access_key_id())
        .add("token", std::string_view(credential->security_token().empty() ? "no" : "yes"))
        .add("accepted", std::string_view(credential->is_accepted() ? "true" : "false"));
  }

  Reply refresh(const Line& line) {
    auto secret = named(line);
    if (!secret) return Reply(secret.error());
    auto refreshed = secret->refresh(line.time("timeout_ms"));
    return refreshed ? Reply() : Reply(refreshed.error());
  }

  Reply report(const Line& line) {
    auto secret = named(line);
    if (!secret) return Reply(secret.error());
    std::string service = line.text_or_nothing("service"), host = line.text_or_nothing("host");
    std::optional<std::string> code = line.text("code");
    kmsramcred::Refusal refusal;
    refusal.serial = line.number("serial");
    refusal.service = service;
    refusal.host = host;
    if (code) refusal.code = *code;
    refusal.http_status = static_cast<int>(line.number("http_status"));
    refusal.round = static_cast<std::uint32_t>(line.number("round"));
    auto verdict = secret->report_failure(refusal, line.time("left_ms"));
    if (!verdict) return Reply(verdict.error());
    Reply reply;
    switch (verdict->action) {
      case kmsramcred::Action::unrelated: reply.add("verdict", std::string_view("unrelated")); break;
      case kmsramcred::Action::retry: reply.add("verdict", std::string_view("retry")); break;
      case kmsramcred::Action::retry_later:
        reply.add("verdict", std::string_view("retry_later"));
        reply.add("wait_ms", static_cast<std::uint64_t>(verdict->retry_after.count()));
        break;
      case kmsramcred::Action::give_up: reply.add("verdict", std::string_view("give_up")); break;
    }
    if (verdict->cause) reply.add(*verdict->cause);
    return reply;
  }

  Reply accept(const Line& line) {
    auto secret = named(line);
    if (!secret) return Reply(secret.error());
    secret->report_success(line.number("serial"));
    return Reply();
  }

  Reply load(const Line& line) {
    auto secret = named(line);
    if (!secret) return Reply(secret.error());
    auto load = std::make_unique<Load>(*secret, line.text_or_nothing("host"), line.time("budget_ms"));
    load->start(line.number("threads"));
    loads_[line.text_or_nothing("load")] = std::move(load);
    return Reply();
  }

  Reply seen(const Line& line) {
    Reply reply;
    loads_.at(line.text_or_nothing("load"))->tell(reply, line.text_or_nothing("anew") == "true");
    return reply;
  }

  Reply stop(const Line& line) {
    loads_.at(line.text_or_nothing("load"))->stop();
    Reply reply = seen(line);
    loads_.erase(line.text_or_nothing("load"));
    return reply;
  }

  Reply fork(const Line& line) {
    auto secret = named(line);
    if (!secret) return Reply(secret.error());
    for (std::uint64_t left = line.number("children"); left > 0; left--) {
      pid_t pid = ::fork();
      if (pid == 0) {
        Load load(*secret, line.text_or_nothing("host"), std::chrono::seconds(10));
        bool until_refused = line.text_or_nothing("until_refused") == "true";
        std::exit(load.live(line.time("timeout_ms"), line.number("calls"), until_refused) ? 0 : 1);
      }
      if (pid > 0) children_.push_back(pid);
    }
    return Reply().add("children", children_.size());
  }

  Reply join(const Line&) {
    std::uint64_t failed = 0;
    for (pid_t child : children_) {
      int status = 0;
      failed += waitpid(child, &status, 0) != child || status != 0;
    }
    std::uint64_t count = children_.size();
    children_.clear();
    return Reply().add("children", count).add("failed", failed);
  }

  Reply stats(const Line&) {
    auto stats = client_.stats();
    if (!stats) return Reply(stats.error());
    return Reply()
        .add("slow_acquires", stats->slow_acquires)
        .add("refreshes_ok", stats->refreshes_ok)
        .add("refreshes_failed", stats->refreshes_failed)
        .add("waiters_coalesced", stats->waiters_coalesced)
        .add("stale_served", stats->stale_served)
        .add("failures_reported", stats->failures_reported)
        .add("kms_requests", stats->kms_requests);
  }

  Reply warnings(const Line&) {
    std::lock_guard<std::mutex> hold(warnings_.lock);
    return Reply().add("count", warnings_.count).add("message", warnings_.said);
  }

  Reply explain(const Line& line) {
    if (!line.text("secret")) return told(client_.explain());
    auto secret = named(line);
    return secret ? told(secret->explain()) : Reply(secret.error());
  }

  static Reply told(const kmsramcred::Result<std::string>& json) {
    return json ? Reply().add("json", *json) : Reply(json.error());
  }

  Reply close(const Line& line) {
    auto closed = client_.close(line.time("timeout_ms"));
    return closed ? Reply() : Reply(closed.error());
  }

  Warnings& warnings_;
  kmsramcred::Client client_{nullptr};
  Secrets secrets_;
  std::map<std::string, std::unique_ptr<Load>> loads_;
  std::vector<pid_t> children_;
};

}  // namespace

int main() {
  Warnings warnings;
  auto logged = kmsramcred::set_log(kmsramcred::LogLevel::warn,
                                    [&](kmsramcred::LogLevel, std::string_view message) { warnings.record(message); });
  if (!logged) return 1;
  {
    Program program(warnings);
    for (std::string text; std::getline(std::cin, text);) {
      Line line(text);
      if (line.word().empty() || line.word() == "quit") break;
      std::cout << program.obey(line).line() << std::endl;
    }
  }
  kmsramcred::remove_log();
  return 0;
}
