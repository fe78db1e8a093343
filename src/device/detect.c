/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which AMD GPU is there, from the kernel driver's topology tree: nothing is opened on the GPU itself.
 *
 * Every node has a file of "key value" lines; gfx_target_version is 0 for a CPU, else major * 10000 + minor *
 * 100 + stepping, written as gfx<major><minor><stepping in hex>.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "w4a16/linear.h"

#define NODES_MAX 256
#define CARDS_MAX 64
static const char *const trees[] = {"class/kfd/kfd/topology/nodes", "devices/virtual/kfd/kfd/topology/nodes"};

struct card {
    char target[16];
    unsigned long long unique_id; /* 0: the tree does not say */
};

/* The value of a key in a properties file; 0 if the file or the key is not there. */
static unsigned long long property(const char *path, const char *key) {
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    char line[256];
    unsigned long long value = 0;
    size_t length = strlen(key);
    while (!value && fgets(line, sizeof line, file))
        if (strncmp(line, key, length) == 0 && line[length] == ' ') value = strtoull(line + length, NULL, 10);
    fclose(file);
    return value;
}

static int list_cards(const char *root, struct card cards[CARDS_MAX]) {
    int count = 0;
    for (size_t t = 0; t < sizeof trees / sizeof trees[0] && !count; t++) { /* both show the same nodes */
        for (int node = 0; node < NODES_MAX && count < CARDS_MAX; node++) {
            char path[512];
            if (snprintf(path, sizeof path, "%s/%s/%d/properties", root, trees[t], node) >= (int)sizeof path)
                break;
            unsigned long long version = property(path, "gfx_target_version");
            if (!version || version >= 1000000) continue;
            struct card *card = &cards[count++];
            snprintf(card->target, sizeof card->target, "gfx%llu%llu%llx", version / 10000 % 100,
                     version / 100 % 100, version % 100);
            card->unique_id = property(path, "unique_id");
        }
    }
    return count;
}

/* Which of the cards an entry of a list names; -1 for none. */
static int named(const char *entry, size_t length, const struct card *cards, int count) {
    char *end;
    if (length > 4 && strncmp(entry, "GPU-", 4) == 0) {
        unsigned long long id = strtoull(entry + 4, &end, 16);
        for (int n = 0; id && end == entry + length && n < count; n++)
            if (cards[n].unique_id == id) return n;
        return -1;
    }
    if (!length || entry[0] < '0' || entry[0] > '9') return -1;
    unsigned long number = strtoul(entry, &end, 10);
    return end == entry + length && number < (unsigned long)count ? (int)number : -1;
}

/* Leaves the cards that the comma list in a variable names, in its order; all of them if it is not set. */
static int leave_listed(const char *variable, struct card cards[CARDS_MAX], int count) {
    const char *list = getenv(variable);
    if (!list || !*list) return count;
    struct card left[CARDS_MAX];
    int kept = 0, card;
    do {
        list += strspn(list, " ");
        size_t length = strcspn(list, ", ");
        if ((card = named(list, length, cards, count)) < 0 || kept == CARDS_MAX) break;
        left[kept++] = cards[card];
        list += length;
        list += strspn(list, " ");
    } while (*list++ == ',');
    memcpy(cards, left, (size_t)kept * sizeof left[0]);
    return kept;
}

/* The name that HSA_OVERRIDE_GFX_VERSION makes the runtime report, for every card. */
static void rename_cards(struct card cards[CARDS_MAX], int count) {
    const char *version = getenv("HSA_OVERRIDE_GFX_VERSION");
    unsigned major, minor, stepping;
    char rest;
    if (!version || sscanf(version, "%2u.%1u.%2u%c", &major, &minor, &stepping, &rest) != 3) return;
    for (int n = 0; n < count; n++)
        snprintf(cards[n].target, sizeof cards[n].target, "gfx%u%u%x", major, minor, stepping);
}

/* The n-th card; visible: after the environment. */
static w4a16_status detect(const char *root, int n, int visible, char target[16], w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(n < 0 || !target, error, W4A16_INVALID_ARGUMENT,
            "w4a16_detect_gpu: n is %d and target %s: expected n >= 0 and 16 bytes", n,
            target ? "given" : "null");
    if (!root) root = "/sys";
    struct card cards[CARDS_MAX];
    int all = list_cards(root, cards), count = all;
    FAIL_IF(
        !all, error, W4A16_NO_DEVICE,
        "no AMD GPU: %s/%s has no node with a gfx_target_version (the amdgpu driver is not loaded, or there "
        "is no card)",
        root, trees[0]);
    if (visible) {
        count = leave_listed("ROCR_VISIBLE_DEVICES", cards, count);
        const char *hip = getenv("HIP_VISIBLE_DEVICES");
        count = leave_listed(hip ? "HIP_VISIBLE_DEVICES" : "CUDA_VISIBLE_DEVICES", cards, count);
        rename_cards(cards, count);
    }
    FAIL_IF(
        n >= count && visible, error, W4A16_NO_DEVICE,
        "there is no visible AMD GPU number %d: %s/%s shows %d, ROCR_, HIP_ or CUDA_VISIBLE_DEVICES leave %d",
        n, root, trees[0], all, count);
    FAIL_IF(n >= count, error, W4A16_NO_DEVICE, "there is no AMD GPU number %d: %s/%s shows %d", n, root,
            trees[0], count);
    memcpy(target, cards[n].target, sizeof cards[n].target);
    return W4A16_OK;
}

w4a16_status w4a16_detect_gpu(const char *root, int n, char target[16], w4a16_error *error) {
    return detect(root, n, 0, target, error);
}

w4a16_status w4a16_detect_visible_gpu(const char *root, int n, char target[16], w4a16_error *error) {
    return detect(root, n, 1, target, error);
}
