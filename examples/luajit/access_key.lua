-- The C interface without a compiler: LuaJIT opens the shared library and calls it. Each line of standard input is a wish
-- for the newest AccessKey, whose id is printed. Any language that can call C functions does the same.
--
--   KMSRAMCRED_CONFIG=FILE luajit access_key.lua libkmsramcred.so.0 SECRET
local ffi = require("ffi")
ffi.cdef [[
typedef struct { int opaque; } config, client, secret, credential, error;
uint32_t kmsramcred_abi_version(void);
int32_t kmsramcred_config_new(config **);
int32_t kmsramcred_config_load_file(config *, const char *path, size_t, error **);
int32_t kmsramcred_client_new(const config *, client **, error **);
int32_t kmsramcred_secret_open(const client *, const char *name, size_t, secret **, error **);
int32_t kmsramcred_secret_refresh(const secret *, uint64_t timeout_ms, error **);
int32_t kmsramcred_secret_acquire(const secret *, uint64_t timeout_ms, credential **, error **);
const char *kmsramcred_credential_access_key_id(const credential *, size_t *);
void kmsramcred_credential_free(credential *);
const char *kmsramcred_error_text(const error *, size_t *);
]]
local kms, new = ffi.load(arg[1]), ffi.new
assert(kms.kmsramcred_abi_version() == 0, "another ABI than this program was written for")
local failure = new("error *[1]")
local function check(status)
  if status ~= 0 then error(ffi.string(kms.kmsramcred_error_text(failure[0], nil)), 0) end
end

local config, client, secret = new("config *[1]"), new("client *[1]"), new("secret *[1]")
check(kms.kmsramcred_config_new(config))
check(kms.kmsramcred_config_load_file(config[0], nil, 0, failure))
check(kms.kmsramcred_client_new(config[0], client, failure))
check(kms.kmsramcred_secret_open(client[0], arg[2], #arg[2], secret, failure))
for _ in io.lines() do
  local credential = new("credential *[1]")
  check(kms.kmsramcred_secret_refresh(secret[0], 10000, failure))
  check(kms.kmsramcred_secret_acquire(secret[0], 10000, credential, failure))
  print(ffi.string(kms.kmsramcred_credential_access_key_id(credential[0], nil)))
  io.flush()
  kms.kmsramcred_credential_free(credential[0])
end
