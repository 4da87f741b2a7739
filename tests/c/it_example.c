/* An example as its user runs it: a configuration file, one line of input for a call, a rotation, another line.
 *
 *   it_example EMULATOR PROGRAM ARGUMENT...
 *
 * The arguments SECRET, HOST, PORT, URL and OSS stand for what the emulator has. The program answers a line with the AccessKey
 * id that worked.
 */
#include "check.h"
#include "emulator.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *to, *from;

static pid_t start(char **words) {
  int in[2], out[2];
  if (pipe(in) != 0 || pipe(out) != 0) exit(1);
  pid_t child = fork();
  if (child == 0) {
    dup2(in[0], STDIN_FILENO), dup2(out[1], STDOUT_FILENO);
    close(in[0]), close(in[1]), close(out[0]), close(out[1]);
    execvp(words[0], words);
    perror(words[0]);
    _exit(127);
  }
  close(in[0]), close(out[1]);
  to = fdopen(in[1], "w"), from = fdopen(out[0], "r");
  return child;
}

static void ask(char *id, int room) {
  fprintf(to, "DescribeRegions\n");
  fflush(to);
  *id = '\0';
  CHECK(fgets(id, room, from) != NULL && strlen(id) > 1);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  struct emulator cloud = emulator_start(argv[1]);
  emulator_order(&cloud, "/secrets", "{\"name\":\"orders\"}");
  char url[256], file[] = "/tmp/kmsramcred-example-XXXXXX";
  snprintf(url, sizeof url, "http://%s:%s/", cloud.service_host, cloud.service_port);
  const char *stands[][2] = {
      {"SECRET", "orders"}, {"HOST", cloud.service_host}, {"PORT", cloud.service_port}, {"URL", url}, {"OSS", cloud.oss}};
  for (int i = 3; i < argc; i++)
    for (size_t k = 0; k < sizeof stands / sizeof *stands; k++)
      if (strcmp(argv[i], stands[k][0]) == 0) argv[i] = (char *)stands[k][1];
  int fd = mkstemp(file);
  if (fd < 0) return perror(file), 1;
  dprintf(fd, "credentials_type=ak\ncredentials_access_key_id=%s\ncredentials_access_secret=%s\n"
              "cache_client_region_id=[{\"regionId\":\"cn-hangzhou\",\"endpoint\":\"%s\",\"caFilePath\":\"%s\"}]\n",
          cloud.access_key_id, cloud.access_key_secret, cloud.kms, cloud.ca_path);
  close(fd);
  setenv("KMSRAMCRED_CONFIG", file, 1);
  pid_t child = start(argv + 2);

  char first[256], again[256], second[256];
  ask(first, sizeof first);
  ask(again, sizeof again);
  CHECK(strcmp(first, again) == 0);
  emulator_order(&cloud, "/secrets/orders/rotate", "{}");
  ask(second, sizeof second);
  CHECK(strcmp(first, second) != 0);

  fclose(to);
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  unlink(file);
  return check_result();
}
