// The same in C++.
#include <kmsramcred.hpp>

extern "C" {
#include "emulator.h"
#include "rpc_call.h"
}

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2 || !kmsramcred::library_fits()) return 2;
  emulator cloud = emulator_start(argv[1]);
  emulator_order(&cloud, "/secrets", "{\"name\":\"orders\"}");
  char regions[1024];
  std::snprintf(regions, sizeof regions, "[{\"regionId\":\"cn-hangzhou\",\"endpoint\":\"%s\",\"caFilePath\":\"%s\"}]",
                cloud.kms, cloud.ca_path);
  auto client = kmsramcred::Client::make(kmsramcred::Config()
                                             .set_static_source(cloud.access_key_id, cloud.access_key_secret)
                                             .set("cache_client_region_id", regions));
  if (!client) return std::fprintf(stderr, "%s\n", client.error().text().data()), 1;
  auto secret = client->secret("orders");
  if (!secret) return std::fprintf(stderr, "%s\n", secret.error().text().data()), 1;

  auto send = [&](const kmsramcred::Credential& credential) -> kmsramcred::Sent<int> {
    rpc_answer answer{};
    if (rpc_call(cloud.service_host, cloud.service_port, "DescribeRegions", credential.get(), 10000, &answer) != 0)
      return {0, kmsramcred::Refused{"", 0, false}};
    if (answer.http_status == 200) return {200, std::nullopt};
    return {answer.http_status, kmsramcred::Refused{answer.code, answer.http_status, true}};
  };
  kmsramcred::Reader reader(*secret);
  auto before = kmsramcred::call(reader, {"Ecs", cloud.service_host}, send);
  emulator_order(&cloud, "/secrets/orders/rotate", "{}");
  auto after = kmsramcred::call(reader, {"Ecs", cloud.service_host}, send);
  return before && before->accepted && after && after->accepted && after->refusals > 0 ? 0 : 1;
}
