/* A host unloads the plug-in that brought the library: the library stays, its threads go on, and the plug-in that is loaded
 * again finds its handles as they were.
 *
 *   it_dlclose EMULATOR PLUGIN
 */
#include "plugin.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static int is_mapped(const char *name) {
  char line[4096];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) found |= strstr(line, name) != NULL;
  if (maps != NULL) fclose(maps);
  return found;
}

static int fail(const char *what) {
  const char *why = dlerror();
  fprintf(stderr, "%s: %s\n", what, why != NULL ? why : "does not hold");
  return 1;
}

/* POSIX wants a function's address to be read in this way. */
static void *load(const char *plugin, plugin_start_fn *start, plugin_works_fn *works) {
  void *handle = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) return NULL;
  *(void **)start = dlsym(handle, "plugin_start");
  *(void **)works = dlsym(handle, "plugin_works");
  return *(void **)start != NULL && *(void **)works != NULL ? handle : NULL;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  plugin_start_fn start;
  plugin_works_fn works;
  if (is_mapped("libkmsramcred.so")) return fail("the host knows the library already");
  /* Unused too, when nothing but its flag (-z nodelete) keeps it. */
  void *plugin = load(argv[2], &start, &works);
  if (plugin == NULL) return fail("the plug-in cannot be loaded");
  if (dlclose(plugin) != 0 || !is_mapped("libkmsramcred.so")) return fail("the unused library stays");
  plugin = load(argv[2], &start, &works);
  if (plugin == NULL) return fail("the plug-in cannot be loaded a second time");
  void *state = start(argv[1]);
  if (state == NULL) return fail("the plug-in works");

  for (int times = 0; times < 2; times++) {
    if (dlclose(plugin) != 0) return fail("dlclose");
    if (is_mapped("kmsramcred_plugin")) return fail("the plug-in is unloaded");
    if (!is_mapped("libkmsramcred.so")) return fail("the library stays");
    plugin = load(argv[2], &start, &works);
    if (plugin == NULL) return fail("the plug-in cannot be loaded again");
    if (!works(state, times == 1)) return fail("the plug-in works again");
  }
  return dlclose(plugin) != 0 ? fail("dlclose") : 0;
}
