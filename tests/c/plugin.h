/* A plug-in that uses the library, for a host program that does not know of it. */
#ifndef KMSRAMCRED_TESTS_PLUGIN_H
#define KMSRAMCRED_TESTS_PLUGIN_H

/* Starts an emulator and gets a key; gives what lives on when the plug-in is unloaded, or NULL. */
typedef void *(*plugin_start_fn)(const char *emulator);
/* Whether `state` rides through a rotation; ends it when `last`. */
typedef int (*plugin_works_fn)(void *state, int last);

#endif
