/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which layers a checkpoint has, and what else in it is quantised: nothing that is is passed over in silence.
 */
#ifndef W4A16_FORMAT_LIST_H
#define W4A16_FORMAT_LIST_H

#include "format/format.h"

struct layer_list {
    struct layer_place *places;
    size_t count;
    char **notes; /* sentences on what is no layer of ours, and no problem */
    size_t note_count;
};

/*
 * Lists the layers of 4 bits, and as places with a problem the tensors that look packed but belong to no
 * layer. UNSUPPORTED if there is no layer. Free the list also after a failure.
 */
w4a16_status layer_list_make(const struct store *store, const struct quant_config *config,
                             struct layer_list *list, w4a16_error *error);
void layer_list_free(struct layer_list *list);

/* ---- between list.c and leftover.c --------------------------------------------------------------------- */

w4a16_status layer_list_no_memory(const struct store *store, w4a16_error *error);
/* A place at the end of the list, with nothing but a name; null: no memory. */
struct layer_place *layer_list_add(struct layer_list *list, const char *layer, size_t length);
/* Whether the name ends in the suffix of a part ("weight_packed"), and where that begins. */
int layer_list_ends(const char *tensor, const char *part, int flat, size_t *stem_length);

/* What no layer of the list, which has those of other widths too, claims. leftover.c */
w4a16_status leftover_list(const struct store *store, const struct quant_config *config,
                           struct layer_list *list, w4a16_error *error);

#endif
