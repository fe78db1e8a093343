/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * route.c alone, in strict mode: its lists against the plain definition, for numbers of slots and experts around every edge of
 * how it divides them, even and crowded routing, and ids that are no expert's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "args.h"
#include "plan/family.h"
#include "random.h"
#include "rdnasim.h"

enum { SEED = 31 };

static uint64_t draws;
static uint32_t draw(uint32_t below) { return (uint32_t)(random_at(SEED, draws++) >> 32) % below; }

struct machine {
    rdnasim *sim;
    const rdnasim_kernel *kernel;
};

static struct machine open_machine(void) {
    rdnasim_options options;
    rdnasim_report report;
    struct machine m = {0};
    rdnasim_options_init(&options, sizeof options);
    options.checks = RDNASIM_CHECK_ALL;
    options.schedule_seed = SEED;
    assert_int_equal(rdnasim_create(&options, &m.sim, &report), RDNASIM_OK);
    for (size_t o = 0; o < kernel_object_count(); o++) {
        struct kernel_object object = kernel_object_at(o);
        rdnasim_object *loaded;
        if (strcmp(object.target, "gfx1100") != 0 || strcmp(object.object, "route") != 0) continue;
        assert_int_equal(rdnasim_load(m.sim, object.bytes, object.size, &loaded, &report), RDNASIM_OK);
        m.kernel = rdnasim_find_kernel(loaded, "w4a16_route");
    }
    assert_non_null(m.kernel);
    return m;
}

static uint64_t bind(rdnasim *sim, void *host, size_t bytes) {
    uint64_t address;
    rdnasim_report report;
    if (rdnasim_bind(sim, host, bytes, RDNASIM_READ | RDNASIM_WRITE, "buffer", &address, &report))
        fail_msg("%s", report.text);
    return address;
}

static void run(const struct machine *m, const int32_t *ids, const struct route_args *sizes,
                struct expert_tile *tiles, struct expert_row *rows) {
    struct route_args args = *sizes;
    args.ids = bind(m->sim, (void *)ids, args.slots * sizeof *ids);
    args.tiles = bind(m->sim, tiles, args.tile_count * sizeof *tiles);
    args.rows = bind(m->sim, rows, args.slots * sizeof *rows);
    rdnasim_launch launch;
    rdnasim_report report;
    rdnasim_launch_init(&launch, sizeof launch);
    launch.grid[0] = launch.block[0] = ROUTE_WIDTH;
    launch.kernarg = &args;
    launch.kernarg_bytes = sizeof args;
    if (rdnasim_run(m->sim, m->kernel, &launch, NULL, &report)) fail_msg("%s", report.text);
    const uint64_t bound[] = {args.ids, args.tiles, args.rows};
    for (size_t n = 0; n < 3; n++) assert_int_equal(rdnasim_unbind(m->sim, bound[n], &report), RDNASIM_OK);
}

/* Fills ids; slots that name no expert have -1, the number of experts, or anything. */
static void fill(int32_t *ids, uint32_t slots, uint32_t experts, uint32_t crowd, uint32_t none) {
    for (uint32_t n = 0; n < slots; n++) {
        ids[n] = (int32_t)(draw(100) < crowd ? experts - 1 : draw(experts));
        if (draw(100) >= none) continue;
        const int32_t others[] = {-1, (int32_t)experts, INT32_MIN, INT32_MAX, -(int32_t)experts};
        ids[n] = others[draw(5)];
    }
}

static void check(const struct machine *m, uint32_t slots, uint32_t experts, uint32_t m_tile,
                  uint32_t per_row, uint32_t crowd, uint32_t none) {
    const uint32_t tile_count = slots / m_tile + (slots < experts ? slots : experts);
    struct route_args sizes = {.slots = slots,
                               .experts = experts,
                               .slots_per_row = per_row,
                               .m_tile = m_tile,
                               .tile_count = tile_count};
    int32_t *ids = malloc(slots * sizeof *ids);
    struct expert_tile *tiles = malloc(tile_count * sizeof *tiles),
                       *right = malloc(tile_count * sizeof *tiles);
    struct expert_row *rows = malloc(slots * sizeof *rows);
    assert_true(ids && tiles && right && rows);
    fill(ids, slots, experts, crowd, none);
    memset(tiles, 0xa5, tile_count * sizeof *tiles);
    memset(rows, 0xa5, slots * sizeof *rows);
    run(m, ids, &sizes, tiles, rows);
    uint32_t row = 0, tile = 0;
    for (uint32_t e = 0; e < experts; e++) {
        uint32_t first = row;
        for (uint32_t n = 0; n < slots; n++) {
            if (ids[n] != (int32_t)e) continue;
            if (rows[row].from != n / per_row || rows[row].to != n)
                fail_msg("%u slots, %u experts: row %u is of slot %u, not %u", slots, experts, row,
                         rows[row].to, n);
            row++;
        }
        for (; first < row; first += m_tile, tile++) {
            assert_true(tile < tile_count);
            right[tile] = (struct expert_tile){e, first, row - first < m_tile ? row - first : m_tile, 0};
        }
    }
    for (uint32_t place = 0; place < tile; place++) { /* from both ends in turn */
        const struct expert_tile *t = &tiles[place];
        if (memcmp(t, &right[place % 2 ? tile - 1 - place / 2 : place / 2], sizeof *t) != 0)
            fail_msg("%u slots, %u experts: tile %u is of expert %u, %u rows from %u on", slots, experts,
                     place, t->expert, t->count, t->first);
    }
    for (; tile < tile_count; tile++) assert_int_equal(tiles[tile].count, 0);
    for (const unsigned char *b = (const unsigned char *)(rows + row);
         b < (const unsigned char *)(rows + slots); b++)
        assert_int_equal(*b, 0xa5); /* nothing is listed beyond */
    free(ids), free(tiles), free(right), free(rows);
}

static void lists_are_right(void **state) {
    (void)state;
    static const uint32_t slots[] = {1, 2, 31, 32, 33, 63, 65, 255, 1023, 1024, 1025, 2049};
    static const uint32_t experts[] = {1, 2, 3, 8, 31, 33, 128, 255, 256, 257, 511, 513, 1000, 1024};
    struct machine m = open_machine();
    for (size_t s = 0; s < sizeof slots / sizeof slots[0]; s++)
        for (size_t e = 0; e < sizeof experts / sizeof experts[0]; e++)
            check(&m, slots[s], experts[e], 1 + draw(64), 1 + draw(9), draw(2) ? 0 : draw(101),
                  draw(2) ? 0 : draw(101));
    check(&m, 70000, 128, 16, 8, 0, 1);
    check(&m, 70000, 1024, 128, 1, 99, 0); /* more of one expert than 16 bits count */
    check(&m, 5000, 64, 16, 8, 0, 100);    /* nobody's */
    rdnasim_destroy(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists_are_right)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
