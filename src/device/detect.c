/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which AMD GPU is there, from the kernel driver's topology tree: nothing is opened on the GPU itself.
 *
 * Every node has a file of "key value" lines; gfx_target_version is 0 for a CPU, else major * 10000 + minor *
 * 100 + stepping, written as gfx<major><minor><stepping in hex>.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "w4a16/linear.h"

#define NODES_MAX 256
#define CARDS_MAX 64
static const char *const trees[] = {"class/kfd/kfd/topology/nodes", "devices/virtual/kfd/kfd/topology/nodes"};

struct card {
    char target[16];
    int node;
    unsigned long long unique_id; /* 0: the tree does not say */
};

/* The value of a key in a properties file; 0 if the file or the key is not there. */
static unsigned long long property(const char *path, const char *key) {
    char text[4096]; /* the kernel shows no more than a page */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0) close(fd);
    if (bytes < 0) return 0;
    text[bytes] = 0;
    size_t length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ' ') return strtoull(line + length, NULL, 10);
    }
    return 0;
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
            card->node = node;
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

static int is_set(const char *variable) {
    const char *value = getenv(variable);
    return value && *value;
}

/* Leaves the cards that the comma list in a variable names, in its order. */
static int leave_listed(const char *variable, struct card cards[CARDS_MAX], int count) {
    const char *list = getenv(variable);
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

/* ROCr's list first; then the runtime's, which reads the first of its variables that says something. */
static int leave_visible(struct card cards[CARDS_MAX], int count) {
    static const char *const lists[] = {"HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"};
    if (is_set("ROCR_VISIBLE_DEVICES")) count = leave_listed("ROCR_VISIBLE_DEVICES", cards, count);
    for (size_t n = 0; n < sizeof lists / sizeof lists[0]; n++)
        if (is_set(lists[n])) return leave_listed(lists[n], cards, count);
    return count;
}

/* The name that the runtime is made to report: of a node, by the variable with its number, else of every
 * card. */
static void rename_card(struct card *card) {
    char of_node[64];
    unsigned major, minor, stepping;
    char rest;
    snprintf(of_node, sizeof of_node, "HSA_OVERRIDE_GFX_VERSION_%d", card->node);
    const char *version = getenv(of_node);
    if (!version) version = getenv("HSA_OVERRIDE_GFX_VERSION");
    if (version && sscanf(version, "%2u.%1u.%2u%c", &major, &minor, &stepping, &rest) == 3)
        snprintf(card->target, sizeof card->target, "gfx%u%u%x", major, minor, stepping);
}

/* W4A16_TARGET: the name of every card, on a machine whose tree shows none as well. */
static w4a16_status named_by_hand(char target[16], w4a16_error *error) {
    const char *name = getenv("W4A16_TARGET");
    size_t digits = strncmp(name, "gfx", 3) == 0 ? strspn(name + 3, "0123456789abcdef") : 0;
    FAIL_IF(digits < 3 || 3 + digits > 15 || name[3 + digits], error, W4A16_INVALID_ARGUMENT,
            "W4A16_TARGET is \"%.40s\": accepted is the name of a target, as gfx1100", name);
    memcpy(target, name, 3 + digits + 1);
    return W4A16_OK;
}

/* The n-th card; visible: after the environment. */
static w4a16_status detect(const char *root, int n, int visible, char target[16], w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(n < 0 || !target, error, W4A16_INVALID_ARGUMENT,
            "w4a16_detect_gpu: n is %d and target %s: expected n >= 0 and 16 bytes", n,
            target ? "given" : "null");
    if (!root) root = "/sys";
    struct card cards[CARDS_MAX];
    int by_hand = visible && is_set("W4A16_TARGET");
    int all = list_cards(root, cards), count = all;
    if (!all && by_hand && n < CARDS_MAX) return named_by_hand(target, error);
    FAIL_IF(
        !all, error, W4A16_NO_DEVICE,
        "no AMD GPU: %s/%s has no node with a gfx_target_version (the amdgpu driver is not loaded, or there "
        "is no card)",
        root, trees[0]);
    if (visible) count = leave_visible(cards, count);
    FAIL_IF(n >= count && visible, error, W4A16_NO_DEVICE,
            "there is no visible AMD GPU number %d: %s/%s shows %d, ROCR_, HIP_ or CUDA_VISIBLE_DEVICES or "
            "GPU_DEVICE_ORDINAL leave %d",
            n, root, trees[0], all, count);
    FAIL_IF(n >= count, error, W4A16_NO_DEVICE, "there is no AMD GPU number %d: %s/%s shows %d", n, root,
            trees[0], count);
    if (by_hand) return named_by_hand(target, error);
    if (visible) rename_card(&cards[n]);
    memcpy(target, cards[n].target, sizeof cards[n].target);
    return W4A16_OK;
}

w4a16_status w4a16_detect_gpu(const char *root, int n, char target[16], w4a16_error *error) {
    return detect(root, n, 0, target, error);
}

w4a16_status w4a16_detect_visible_gpu(const char *root, int n, char target[16], w4a16_error *error) {
    return detect(root, n, 1, target, error);
}
