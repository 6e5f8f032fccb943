/* outside: tries to get at files that it was not given.
 *
 *   outside PATH...
 *
 * Opens each path for reading, then for writing, and then through a symbolic link to it that it makes
 * in its own first directory (".", which must be given). Prints a line for each attempt; ends with 0
 * where all were refused, and with 1 where any succeeded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int attempt(const char *how, const char *path, int flags) {
    int file = open(path, flags);
    if (file < 0) {
        printf("%s %s: refused: %s\n", how, path, strerror(errno));
        return 0;
    }
    printf("%s %s: OPENED\n", how, path);
    close(file);
    return 1;
}

int main(int argc, char **argv) {
    int opened = 0;
    for (int i = 1; i < argc; i++) {
        opened |= attempt("read", argv[i], O_RDONLY);
        opened |= attempt("write", argv[i], O_WRONLY);
        if (symlink(argv[i], "link") == 0) {
            opened |= attempt("link", "link", O_RDONLY);
            unlink("link");
        } else {
            printf("link %s: refused: %s\n", argv[i], strerror(errno));
        }
    }
    return opened;
}
