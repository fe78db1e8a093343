/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What no instruction may do with its operands: be of a kind that it does not take, reach beyond the
 * registers that the kernel has reserved, or read more than it says. Machine words between the registers of
 * kernels/programs.c.
 */
#include "support.h"

#include "carrier.h"

enum { VGPRS = 12, WORDS = 8, DUMPED_SGPRS = (DUMP_AT + 1792) / 4 };

struct machine {
    rdnasim *sim;
    struct carrier carriers[2];
    uint64_t address;
    uint32_t memory[BUFFER_BYTES / 4];
    rdnasim_report report;
};
static struct machine machines[2]; /* [strict] */

static void open_machine(struct machine *m, unsigned checks) {
    static const char *const paths[] = {PROGRAMS_WAVE32, PROGRAMS_WAVE64};
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.threads = 1;
    options.checks = checks;
    m->sim = create(&options);
    for (unsigned n = 0; n < 2; n++) {
        m->carriers[n] = find_carrier(load(m->sim, paths[n]));
        assert_non_null(m->carriers[n].row);
    }
    m->address = bind(m->sim, m->memory, sizeof m->memory, RDNASIM_READ | RDNASIM_WRITE, "buffer");
}

/* s[8:11] describes the buffer with no format of its own; v6 is 0, v7 all ones. */
static rdnasim_status run(struct machine *m, const uint32_t *words, bool wave64) {
    struct carrier *c = &m->carriers[wave64];
    unsigned count = WORDS;
    while (count && !words[count - 1]) count--;
    assert_true(put_program(c, words, count, VGPRS));
    memset(m->memory, 0, sizeof m->memory);
    const uint32_t descriptor[] = {(uint32_t)m->address, (uint32_t)(m->address >> 32), 4096, 0x31016000};
    memcpy(m->memory, descriptor, sizeof descriptor);
    for (unsigned item = 0; item < 64; item++) m->memory[64 + 8 * item + 5] = UINT32_MAX;
    rdnasim_launch launch = launch_of(wave64 ? 64 : 32, wave64 ? 64 : 32, &m->address, sizeof m->address);
    return rdnasim_run(m->sim, c->kernel, &launch, NULL, &m->report);
}

enum { W32 = 1, W64 = 2, BOTH = 3 };

static const struct {
    uint32_t words[WORDS];
    unsigned waves;
    const char *says; /* part of the report; null: the program runs to its end */
} cases[] = {
    /* kinds of operands: each beside one that is like it and legal */
    {{0x7e02cb02}, BOTH, NULL},                                  /* v_swap_b32 v1, v2 */
    {{0x7e02ca64}, BOTH, "must be in VGPRs"},                    /* ... s100 */
    {{0x7e02ca81}, BOTH, "must be in VGPRs"},                    /* ... 1 */
    {{0x7e02cc64}, BOTH, "must be in VGPRs"},                    /* v_swap_b16 */
    {{0x7e02d064}, BOTH, "must be in VGPRs"},                    /* v_swaprel_b32 */
    {{0x7e02cf02}, BOTH, NULL},                                  /* v_permlane64_b32 v1, v2 */
    {{0x7e02ce64}, BOTH, "must be in VGPRs"},                    /* ... s100 */
    {{0x7e02cefd}, BOTH, "must be in VGPRs"},                    /* ... src_scc */
    {{0xd7600008, 0x00000902}, BOTH, NULL},                      /* v_readlane_b32 s8, v2, s4 */
    {{0xd7600008, 0x00000864}, BOTH, "must be in VGPRs"},        /* ... s100, s4 */
    {{0xd7600008, 0x00020502}, BOTH, "must be scalar"},          /* ... v2, v2 */
    {{0xd760007d, 0x00000902}, BOTH, "cannot write M0"},         /* v_readlane_b32 m0, v2, s4 */
    {{0xd7610002, 0x00001208}, BOTH, NULL},                      /* v_writelane_b32 v2, s8, s9 */
    {{0xd7610002, 0x00011208}, BOTH, NULL},                      /* ... s8, 9 */
    {{0xd7610002, 0x00001302}, BOTH, "must be scalar"},          /* ... v2, s9 */
    {{0x7e100502}, BOTH, NULL},                                  /* v_readfirstlane_b32 s8, v2 */
    {{0x7e100464}, BOTH, "must be in VGPRs"},                    /* ... s100 */
    {{0x7e048664}, BOTH, "must be in VGPRs"},                    /* v_movrels_b32 v2, s100 */
    {{0xd65b0002, 0x00140903}, BOTH, NULL},                      /* v_permlane16_b32 */
    {{0xd65b0002, 0x02140903}, BOTH, NULL},                      /* ... s4, 5 */
    {{0xd65b0002, 0x04040903}, BOTH, "must be scalar"},          /* ... v1 as selector */
    {{0xbe884009}, BOTH, NULL},                                  /* s_movrels_b32 s8, s9 */
    {{0xbe884081}, BOTH, "must be in scalar registers"},         /* ... 1 */
    {{0xbe804881}, BOTH, "must be in scalar registers"},         /* s_setpc_b64 1 */
    {{0xd63d0004, 0x04120302}, BOTH, NULL},                      /* v_mqsad_u32_u8 */
    {{0xd63d0004, 0x00120302}, BOTH, "must be in VGPRs"},        /* ... s[4:7] added */
    {{0xcc404000, 0x1c020404}, BOTH, "must be in VGPRs"},        /* v_wmma with A in SGPRs */
    {{0xf4001f42, 0xf8000000}, BOTH, "cannot write M0 or EXEC"}, /* s_load_b32 m0 */
    {{0xf4041f82, 0xf8000000}, BOTH, "cannot write M0 or EXEC"}, /* s_load_b64 exec */
    {{0xdc520000, 0x027e0000}, BOTH, "EXEC is no address"},      /* global_load_b32 v2, v0, exec */

    /* fields that the hardware ignores */
    {{0xca100102, 0x02020103}, W32, NULL},            /* v_dual_mov_b32 v2, v2 :: v_dual_mov_b32 v3, v3 */
    {{0xca100902, 0x02020903}, W32, NULL},            /* ... with v4 as second sources */
    {{0xd8340000, 0x09000206}, BOTH, NULL},           /* ds_store_b32 v6, v2 with v9 as destination */
    {{0xd8340000, 0xff000206}, BOTH, NULL},           /* ... with v255, which is not reserved */
    {{0xd8340000, 0x00030206}, BOTH, "does not use"}, /* ... with second data */

    /* registers that the kernel has reserved */
    {{0x7e160301}, BOTH, NULL},                                     /* v_mov_b32 v11, v1 */
    {{0x7e180301}, BOTH, "beyond the 12"},                          /* ... v12 */
    {{0xd73c000a, 0x00020481}, BOTH, NULL},                         /* v_lshlrev_b64 v[10:11] */
    {{0xd73c000b, 0x00020481}, BOTH, "beyond the 12"},              /* ... v[11:12] */
    {{0xdc5e0000, 0x08040000}, BOTH, NULL},                         /* global_load_b128 v[8:11] */
    {{0xdc5e0000, 0x09040000}, BOTH, "beyond the 12"},              /* ... v[9:12] */
    {{0xdc720000, 0x00040a00}, BOTH, "beyond the 12"},              /* global_store_b96 v[10:12] */
    {{0xdd0a0000, 0x00040900}, BOTH, "beyond the 12"},              /* global_atomic_cmpswap_b64 v[9:12] */
    {{0xd9dc0100, 0x09000006}, BOTH, "beyond the 12"},              /* ds_load_2addr_b64 v[9:12] */
    {{0xcc404000, 0x1c020505}, BOTH, "beyond the 12"},              /* v_wmma with A in v[5:12] */
    {{0xf4081902, 0xf8000000}, BOTH, NULL},                         /* s_load_b128 s[100:103] */
    {{0xf4081a02, 0xf8000000}, BOTH, "no such range"},              /* ... s[104:107] */
    {{0xf4081a82, 0xf8000000}, BOTH, "no such range"},              /* ... vcc and two more */
    {{0xd44a007d, 0x00020501}, W32, NULL},                          /* v_cmp_eq_u32 m0, v1, v2 */
    {{0xd44a007d, 0x00020501}, W64, "beyond the scalar registers"}, /* ... whose mask has two registers */
    {{0xbeec0080}, BOTH, "writes ttmp registers"},                  /* s_mov_b32 ttmp0, 0 */
    {{0xe00c0000, 0x80420906}, BOTH, "beyond the 12"},              /* buffer_load_format_xyzw v[9:12] */
    {{0xe9f80000, 0x80420b06}, BOTH, NULL}, /* tbuffer_load_format_x v11 of four components */
};

static void test_cases(void **state) {
    (void)state;
    unsigned failed = 0;
    for (unsigned n = 0; n < sizeof cases / sizeof cases[0]; n++)
        for (unsigned run_of = 0; run_of < 4; run_of++) {
            bool wave64 = run_of & 1, strict = run_of & 2;
            if (!(cases[n].waves >> wave64 & 1)) continue;
            struct machine *m = &machines[strict];
            rdnasim_status status = run(m, cases[n].words, wave64);
            if (strict && !cases[n].says) continue; /* it must only come to an end: registers are undefined */
            bool right = cases[n].says ? status == RDNASIM_ILLEGAL && strstr(m->report.text, cases[n].says)
                                       : status == RDNASIM_OK;
            const rdnasim_report *r = &m->report; /* nothing of it is about memory */
            right &= !cases[n].says || (!r->lane && !r->address && !r->bytes);
            if (right) continue;
            failed++;
            print_error("%08x %08x, wave%u: %s\n", cases[n].words[0], cases[n].words[1], wave64 ? 64 : 32,
                        status ? m->report.text : "runs");
        }
    assert_int_equal(failed, 0);
}

/* What the decoder knows and the simulator does not do stops by its name. */
static void test_unmodelled(void **state) {
    (void)state;
    static const struct {
        uint32_t words[WORDS];
        const char *says;
    } unmodelled[] = {
        {{0xd8720000, 0x00000002}, "ds_gws_sema_p is not modelled"}, /* with v2 as data */
        {{0xd8760000, 0x02020202}, "ds_gws_barrier is not modelled"},
        {{0xf06c0f00, 0x00000000}, "image_sample is not modelled"},
        {{0xf0000f00, 0x00000000}, "image_load is not modelled"},
        {{0xf0180f00, 0x00000000}, "image_store is not modelled"},
        {{0xf0300f00, 0x00000000}, "image_atomic_add is not modelled"},
        {{0xf0648f80, 0x00010409}, "image_bvh_intersect_ray is not modelled"},
        {{0xf0688f80, 0x00010409}, "image_bvh64_intersect_ray is not modelled"},
    };
    for (unsigned n = 0; n < sizeof unmodelled / sizeof unmodelled[0]; n++) {
        struct machine *m = &machines[0];
        assert_int_equal(run(m, unmodelled[n].words, false), RDNASIM_UNSUPPORTED);
        assert_non_null(strstr(m->report.text, unmodelled[n].says));
    }
}

/* Scalar and vector unit read an aperture alike: 32 bits are the low half of 64. */
static void test_apertures(void **state) {
    (void)state;
    static const uint32_t words[WORDS] = {
        0xbe8800ec, 0x7e0402ec, /* s_mov_b32 s8 and v_mov_b32 v2, src_shared_limit */
        0xbe8900eb, 0x7e0602eb, /* s9 and v3, src_shared_base */
        0xd5250004, 0x000100ee, /* v_add_nc_u32_e64 v4, src_private_limit, 0 */
    };
    for (unsigned wave64 = 0; wave64 < 2; wave64++) {
        struct machine *m = &machines[0];
        assert_ok(run(m, words, wave64), m->report);
        const uint32_t *v = m->memory + DUMP_AT / 4, *s = m->memory + DUMPED_SGPRS;
        assert_int_equal(s[8 - 4], UINT32_MAX);
        assert_int_equal(s[9 - 4], 0);
        for (unsigned lane = 0; lane < (wave64 ? 64 : 32); lane++) {
            assert_int_equal(v[64 + lane], UINT32_MAX);  /* v2 */
            assert_int_equal(v[128 + lane], 0);          /* v3 */
            assert_int_equal(v[192 + lane], UINT32_MAX); /* v4 */
        }
    }
}

/* The mask of a wave64 that begins at an odd register is the pair that it lies in. */
static void test_odd_mask(void **state) {
    (void)state;
    static const uint32_t words[WORDS] = {0xd44a0009, 0x00020502}; /* v_cmp_eq_u32_e64 s[9:10], v2, v2 */
    struct machine *m = &machines[0];
    assert_ok(run(m, words, true), m->report);
    const uint32_t *s = m->memory + DUMPED_SGPRS;
    assert_int_equal(s[8 - 4], UINT32_MAX);
    assert_int_equal(s[9 - 4], UINT32_MAX);
    assert_int_equal(s[10 - 4], 4096);
}

static const struct {
    uint32_t words[WORDS];
    rdnasim_status status; /* in strict mode */
    const char *says;
} strict_cases[] = {
    /* tbuffer_load_format_x v3 of four components: v4 to v7 stay as they are */
    {{0xe9f80000, 0x80420306, 0xbf890000}, RDNASIM_OK, ""},
    /* ... and into the last register there is */
    {{0xe9f80000, 0x80420b06, 0xbf890000}, RDNASIM_OK, ""},
    /*
     * tbuffer_store_d16_format_xyzw v[10:11] of four dwords, tbuffer_store_format_xyzw v[8:11] of four bytes
     */
    {{0xe9ff8000, 0x80420a06}, RDNASIM_STRICT, "undefined value from v10"},
    {{0xe9538000, 0x80420806}, RDNASIM_STRICT, "undefined value from v9"},
    /* s_load_b512 null and s_and_b64 null change nothing */
    {{0xf4101f02, 0xf8000000, 0xbf890000}, RDNASIM_OK, ""},
    {{0x8bfc2a28}, RDNASIM_OK, ""},
    /* ds_condxchg32_rtn_b64 at an address whose upper bits do not count */
    {{0x7e0e02ff, 0xffff0008, 0xd9f80000, 0x02000407, 0xbf890000}, RDNASIM_STRICT, "undefined value from v2"},
    /* v_permlane16_b32 v9, v3, -1, -1 from lanes that are inactive keeps v9 as it was */
    {{0xbefe00ff, 0xff, 0xd65b0009, 0x03058303, 0xdc6a0000, 0x00040900},
     RDNASIM_STRICT,
     "undefined value from v9"},
    /* s_swappc_b64 s[8:9], src_shared_base */
    {{0xbe8849eb}, RDNASIM_ILLEGAL, "not in the code object"},
    /* buffer_store_b128 of which the last two dwords, undefined ones, are out of the buffer's range */
    {{0x7e0c02ff, 4096 - 8, 0xe0740000, 0x80420606}, RDNASIM_OK, ""},
};

static void test_strict(void **state) {
    (void)state;
    unsigned failed = 0;
    for (unsigned n = 0; n < sizeof strict_cases / sizeof strict_cases[0]; n++) {
        struct machine *m = &machines[1];
        rdnasim_status status = run(m, strict_cases[n].words, false);
        if (status == strict_cases[n].status && strstr(m->report.text, strict_cases[n].says)) continue;
        failed++;
        print_error("%08x %08x: %s\n", strict_cases[n].words[0], strict_cases[n].words[1],
                    status ? m->report.text : "runs");
    }
    assert_int_equal(failed, 0);
}

int main(void) {
    open_machine(&machines[0], 0);
    open_machine(&machines[1], RDNASIM_CHECK_ALL);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_unmodelled),
                                       cmocka_unit_test(test_apertures), cmocka_unit_test(test_odd_mask),
                                       cmocka_unit_test(test_strict)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
