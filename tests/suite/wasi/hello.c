/* hello: shows a WASI host what a C program sees of it.
 *
 *   hello [-e NAME] [-r FILE] [-c CODE] [WORD...]
 *
 * Prints its words one a line; with -e the value of a variable, with -r what a file holds. Ends with
 * the number of -c, 0 without it; where a file cannot be read it says why on standard error and ends
 * with 2, and with 64 where it is called in another way.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void) {
    fprintf(stderr, "usage: hello [-e NAME] [-r FILE] [-c CODE] [WORD...]\n");
    return 64;
}

static int print_file(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "hello: %s: %s (error %d)\n", path, strerror(errno), errno);
        return 2;
    }
    char buffer[256];
    size_t length;
    while ((length = fread(buffer, 1, sizeof buffer, file)) > 0) {
        fwrite(buffer, 1, length, stdout);
    }
    int failed = ferror(file);
    fclose(file);
    return failed ? 2 : 0;
}

int main(int argc, char **argv) {
    int code = 0;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') {
            printf("%s\n", argv[i]);
            continue;
        }
        if (i + 1 == argc) {
            return usage();
        }
        const char *value = argv[++i];
        if (strcmp(argv[i - 1], "-e") == 0) {
            const char *variable = getenv(value);
            printf("%s=%s\n", value, variable == NULL ? "(not set)" : variable);
        } else if (strcmp(argv[i - 1], "-r") == 0) {
            int failed = print_file(value);
            if (failed) {
                return failed;
            }
        } else if (strcmp(argv[i - 1], "-c") == 0) {
            code = atoi(value);
        } else {
            return usage();
        }
    }
    return code;
}
