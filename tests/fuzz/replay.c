/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Runs a fuzz target over every file of the directories named: the seeds as a test of every build. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

static int replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    fseek(file, 0, SEEK_END);
    size_t bytes = (size_t)ftell(file);
    rewind(file);
    uint8_t *data =
        malloc(bytes ? bytes : 1); /* exactly its size, so that a sanitizer sees any read beyond */
    int complete = data && fread(data, 1, bytes, file) == bytes;
    fclose(file);
    if (complete) LLVMFuzzerTestOneInput(data, bytes);
    free(data);
    return complete;
}

int main(int argc, char **argv) {
    int files = 0, failed = 0;
    for (int i = 1; i < argc; i++) {
        DIR *directory = opendir(argv[i]);
        if (!directory) {
            fprintf(stderr, "cannot open %s\n", argv[i]);
            return 1;
        }
        for (const struct dirent *entry; (entry = readdir(directory));) {
            if (entry->d_name[0] == '.') continue;
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            if (replay_file(path)) {
                files++;
            } else {
                fprintf(stderr, "cannot read %s\n", path);
                failed = 1;
            }
        }
        closedir(directory);
    }
    printf("%d seeds\n", files);
    return failed || files == 0;
}
