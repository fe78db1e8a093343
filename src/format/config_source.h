/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What the files of a checkpoint say of its quantisation, as one JSON object. A value that one of them does
 * not give comes from another; one that several give must be the same in all.
 */
#ifndef W4A16_FORMAT_CONFIG_SOURCE_H
#define W4A16_FORMAT_CONFIG_SOURCE_H

#include "format/format.h"

struct config_source {
    char *label;                  /* names the files in errors; null: none says anything */
    json_t *values;               /* of all files */
    json_t *origins;              /* the file of each value */
    const struct format *implied; /* by a file that does not name its format, or null */
};

/* Free it with config_source_free, also after a failure. */
w4a16_status config_source_read(const char *directory, struct config_source *source, w4a16_error *error);

/* The same from one text: of a format's own file, or, with implied null, of config.json. */
w4a16_status config_source_parse(const char *label, const char *text, size_t bytes,
                                 const struct format *implied, struct config_source *source,
                                 w4a16_error *error);
void config_source_free(struct config_source *source);

/*
 * The format that the values name, or else that which is implied; *known 0 if they name none that there is.
 */
const struct format *config_source_format(const struct config_source *source, int *known);

#endif
