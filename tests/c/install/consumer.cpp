#include <kmsramcred.hpp>

int main() {
  return kmsramcred::library_fits() && kmsramcred::library_version() == kmsramcred_version() ? 0 : 1;
}
