/* Uses what is in the headers, so that every
 * template in it is compiled: in each standard, with and without exceptions. */
#include <kmsramcred.hpp>
#if defined(__cpp_exceptions)
#  include <kmsramcred/throwing.hpp>
#endif

using namespace std::chrono_literals;

int use_everything();

int use_everything() {
  auto client = kmsramcred::Client::make(kmsramcred::Config().load_file().load_file("f").load_env().set("k", "v"));
  if (!client) return static_cast<int>(client.error().text().size());
  auto secret = client->secret("orders");
  if (!secret) return secret.error().code().value();
  auto watch = secret->watch([](std::uint64_t, kmsramcred::Status) {});
  auto log = kmsramcred::set_log(kmsramcred::LogLevel::warn, [](kmsramcred::LogLevel, std::string_view) {});
  auto stats = client->stats();
  auto json = secret->explain();
  kmsramcred::Reader reader(*secret);
  auto answer = kmsramcred::call(reader, {"Ecs", "host"}, [](const kmsramcred::Credential& credential) {
    kmsramcred::Refused refused{"Throttling", 429, true};
    return kmsramcred::Sent<std::size_t>{credential.access_key_id().size(), refused};
  });
  kmsramcred::Request request;
  request.method = "GET";
  request.headers = {{"host", "h"}};
  request.time = std::chrono::system_clock::now();
  auto signed_request = secret->sign(request, 1s);
  auto again = (*secret->acquire(1s)).sign(request);
  if (!signed_request || !again || signed_request->headers().empty()) return again ? 1 : 2;
  bool refreshed = secret->refresh(1s) && client->close(1s);
  return watch && log && stats && json && answer && answer->accepted && refreshed && kmsramcred::library_fits();
}
