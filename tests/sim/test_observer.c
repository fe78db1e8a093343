/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Observers: what they are told of instructions, memory, waves, work-groups and launches, in which order; that they see
 * every register as the machine has it; work-groups that are resident together; stopping a run.
 */
#include "support.h"

enum { WAVES = 2, GROUPS = 5, ITEMS = 64 * GROUPS };

struct seen {
    rdnasim_observer observer;
    uint64_t begun, ended, begins, ends, waves_begun, waves_ended, barriers, before, after;
    rdnasim_status status;
    /* steps */
    uint64_t loop_pc;
    unsigned adds, branches, stores, waits, pairs;
    uint32_t v5[GROUPS][WAVES];
    /* Registers after the last instruction of each wave, in one number; 0 before the first. */
    uint64_t state[GROUPS * 8][8];
    /* work-groups that are resident together */
    uint32_t live, most, order[4096];
    size_t count;
    uint32_t held, held_until; /* this one waits for the other */
    int released, nobody;
    const char *stop_before, *stop_after;
};

/* ---- what is told of the kernel `steps` --------------------------------------------------------------- */

static void steps_before(struct seen *s, const rdnasim_event *e) {
    if (strcmp(e->instruction->opcode, "v_add_nc_u32") == 0 &&
        e->instruction->sources[0].kind == RDNASIM_OPERAND_SGPR)
        s->v5[e->workgroup_index][e->wave] = rdnasim_read_vgpr(e->state, 5, 7);
}

static void check_add(struct seen *s, const rdnasim_event *e) {
    const rdnasim_instruction *i = e->instruction;
    if (i->sources[0].kind != RDNASIM_OPERAND_SGPR) return; /* the compiler's own */
    uint32_t step = 3 - s->adds / (GROUPS * WAVES), from = s->v5[e->workgroup_index][e->wave];
    assert_int_equal(i->sources[0].reg, 20);
    assert_true(i->sources[1].kind == RDNASIM_OPERAND_VGPR && i->sources[1].reg == 5 &&
                i->sources[1].dwords == 1);
    assert_true(i->destination.kind == RDNASIM_OPERAND_VGPR && i->destination.reg == 5);
    assert_true(i->port == RDNASIM_PORT_VALU && i->latency == RDNASIM_LATENCY_ALU32 && i->bytes == 4 &&
                !i->idle);
    if (s->observer.ready) step = rdnasim_read_sgpr(e->state, 20); /* waves are apart */
    assert_int_equal(rdnasim_read_operand(e->state, &i->sources[0], 0), step);
    assert_int_equal(rdnasim_read_operand(e->state, &i->destination, 7), from + step);
    assert_int_equal(rdnasim_read_vgpr(e->state, 5, 31), from + step);
    assert_int_equal(rdnasim_read_vgpr(e->state, 5, 32), 0);
    s->loop_pc = i->pc;
    s->adds++;
}

static void check_store(struct seen *s, const rdnasim_event *e) {
    assert_true(e->space == RDNASIM_SPACE_LDS && e->store && !e->atomic && e->parts == 2 && e->bytes == 4);
    assert_int_equal(e->instruction->counters, 1 << RDNASIM_COUNTER_LGKM);
    for (unsigned lane = 0; lane < 32; lane++) {
        uint32_t item = 32 * e->wave + lane;
        assert_int_equal(e->addresses[0][lane], 16 * item + 4);
        assert_int_equal(e->addresses[1][lane], 16 * item + 12);
    }
    s->stores++;
}

static void check_waits(struct seen *s, const rdnasim_instruction *i, int vm, int vs, int lgkm, int exp) {
    assert_int_equal(i->waits[RDNASIM_COUNTER_VM], vm);
    assert_int_equal(i->waits[RDNASIM_COUNTER_VS], vs);
    assert_int_equal(i->waits[RDNASIM_COUNTER_LGKM], lgkm);
    assert_int_equal(i->waits[RDNASIM_COUNTER_EXP], exp);
    assert_true(i->idle && !i->counters);
    s->waits++;
}

static void steps_after(struct seen *s, const rdnasim_event *e) {
    const rdnasim_instruction *i = e->instruction;
    if (strcmp(i->opcode, "v_add_nc_u32") == 0) check_add(s, e);
    if (strcmp(i->opcode, "ds_store_2addr_b32") == 0) check_store(s, e);
    if (strcmp(i->opcode, "s_waitcnt") == 0 && i->immediate == 0x1407)
        check_waits(s, i, 5, RDNASIM_NO_WAIT, 0, 7);
    if (strcmp(i->opcode, "s_waitcnt_vscnt") == 0 && i->immediate == 2)
        check_waits(s, i, RDNASIM_NO_WAIT, 2, RDNASIM_NO_WAIT, RDNASIM_NO_WAIT);
    if (strcmp(i->opcode, "s_cmp_lg_u32") == 0) {
        assert_true(i->writes_scc && !i->reads_scc);
        assert_int_equal(rdnasim_read_scc(e->state), rdnasim_read_sgpr(e->state, 20) != 0);
    }
    if (strcmp(i->opcode, "s_cbranch_scc1") == 0) {
        int again = rdnasim_read_scc(e->state) != 0;
        assert_true(i->branch && i->reads_scc && e->taken == again);
        assert_int_equal(e->next_pc, again ? s->loop_pc : i->pc + 4);
        s->branches++;
    } else if (!i->branch) {
        assert_true(!e->taken && e->next_pc == i->pc + i->bytes);
    }
    if (i->dual) {
        assert_string_equal(i->dual->opcode, "v_mov_b32");
        assert_true(i->destination.reg == 8 && i->dual->destination.reg == 9 && i->dual->pc == i->pc);
        s->pairs++;
    }
    if (e->space == RDNASIM_SPACE_NONE) assert_true(!e->addresses && !e->parts && !e->bytes && !e->store);
    char text[64];
    assert_int_equal(rdnasim_disassemble("gfx1100", i->encoding, i->bytes / 4, text, sizeof text),
                     i->bytes / 4);
    assert_memory_equal(text, i->opcode, i->dual ? 2 : strlen(i->opcode));
}

/* ---- registers ---------------------------------------------------------------------------------------- */

static uint64_t registers(const rdnasim_event *e) {
    uint64_t sum = rdnasim_read_scc(e->state) + 1;
    for (unsigned n = 0; n < 128; n++)
        sum = sum * UINT64_C(0x9e3779b97f4a7c15) + rdnasim_read_sgpr(e->state, n);
    for (unsigned n = 0; n < 24; n++)
        for (unsigned lane = 0; lane < e->wave_size; lane++)
            sum = sum * UINT64_C(0x9e3779b97f4a7c15) + rdnasim_read_vgpr(e->state, n, lane);
    return sum;
}

/* Nothing happens between the end of an instruction and the beginning of the next one. */
static void same_registers(struct seen *s, const rdnasim_event *e, int before) {
    uint64_t *known = &s->state[e->workgroup_index][e->wave], now = registers(e);
    if (before && *known) assert_true(*known == now);
    *known = now;
}

/* ---- the observer ------------------------------------------------------------------------------------- */

static void launch_begin(void *context, const rdnasim_kernel *kernel, const rdnasim_launch *launch) {
    struct seen *s = context;
    assert_non_null(kernel);
    assert_ptr_equal(launch->observer, &s->observer);
    assert_true(!s->begun++ && !s->begins);
}

static void launch_end(void *context, rdnasim_status status) {
    struct seen *s = context;
    assert_true(s->begun == 1 && !s->ended++);
    s->status = status;
}

static void group_begin(void *context, const rdnasim_event *e) {
    struct seen *s = context;
    assert_true(e->workgroup_index == s->begins && e->workgroup[0] == s->begins && !e->instruction &&
                !e->state);
    s->begins++;
    if (++s->live > s->most) s->most = s->live;
}

static void group_end(void *context, const rdnasim_event *e) {
    struct seen *s = context;
    s->ends++;
    s->live--;
    if (e->workgroup_index == s->held_until) s->released = 1;
}

static void wave_begin(void *context, const rdnasim_event *e) {
    struct seen *s = context;
    s->waves_begun++;
    for (unsigned lane = 0; lane < e->wave_size; lane++)
        assert_int_equal(rdnasim_read_vgpr(e->state, 0, lane), e->wave * e->wave_size + lane);
}

static void wave_end(void *context, const rdnasim_event *e) {
    (void)e;
    ((struct seen *)context)->waves_ended++;
}

static void barrier(void *context, const rdnasim_event *e) {
    assert_true(!e->state && !e->instruction);
    ((struct seen *)context)->barriers++;
}

static void before(void *context, const rdnasim_event *e) {
    struct seen *s = context;
    assert_true(!e->addresses && !e->taken && !e->next_pc);
    s->before++;
    same_registers(s, e, 1);
    steps_before(s, e);
    if (s->stop_before && strcmp(e->instruction->opcode, s->stop_before) == 0)
        rdnasim_stop(e->state, "seen enough");
}

static void after(void *context, const rdnasim_event *e) {
    struct seen *s = context;
    s->after++;
    same_registers(s, e, 0);
    if (s->count < sizeof s->order / sizeof s->order[0])
        s->order[s->count++] = (uint32_t)e->workgroup_index * WAVES + e->wave;
    if (s->held && e->workgroup_index == s->held) assert_true(s->released);
    if (s->stop_after && strcmp(e->instruction->opcode, s->stop_after) == 0) rdnasim_stop(e->state, NULL);
}

static void after_steps(void *context, const rdnasim_event *e) {
    after(context, e);
    steps_after(context, e);
}

static int ready(void *context, const rdnasim_event *e) {
    const struct seen *s = context;
    assert_non_null(e->state);
    return !s->nobody && (e->workgroup_index != s->held || !s->held || s->released);
}

static struct seen *observer_of(int of_steps) {
    static struct seen seen;
    seen = (struct seen){.observer = {.struct_size = sizeof seen.observer,
                                      .context = &seen,
                                      .launch_begin = launch_begin,
                                      .launch_end = launch_end,
                                      .group_begin = group_begin,
                                      .group_end = group_end,
                                      .wave_begin = wave_begin,
                                      .wave_end = wave_end,
                                      .barrier = barrier,
                                      .before = before,
                                      .after = of_steps ? after_steps : after}};
    return &seen;
}

/* ---- launches ----------------------------------------------------------------------------------------- */

static rdnasim_status run(const char *path, const char *kernel, unsigned checks, uint32_t resident,
                          struct seen *s, uint32_t *out, rdnasim_counts *counts, rdnasim_report *report) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.threads = 1;
    options.checks = checks;
    rdnasim *sim = create(&options);
    rdnasim_object *object = load(sim, path);
    uint64_t args[2] = {bind(sim, out, 4 * ITEMS, RDNASIM_READ | RDNASIM_WRITE, "out")};
    args[1] = args[0];
    rdnasim_launch launch = launch_of(ITEMS, 64, args, sizeof args);
    launch.dynamic_lds_bytes = 16 * 64;
    launch.observer = s ? &s->observer : NULL;
    launch.resident = resident;
    const rdnasim_kernel *k = rdnasim_find_kernel(object, kernel);
    assert_non_null(k);
    rdnasim_status status = rdnasim_run(sim, k, &launch, counts, report);
    rdnasim_destroy(sim);
    return status;
}

static void everything_is_told(void **state) {
    (void)state;
    for (uint32_t resident = 0; resident < 2; resident++) {
        uint32_t out[ITEMS] = {0};
        struct seen *s = observer_of(0);
        rdnasim_counts counts;
        rdnasim_report report;
        assert_ok(run(OBSERVED_OBJECT, "steps", 0, resident, s, out, &counts, &report), report);
        for (unsigned n = 0; n < ITEMS; n++) assert_int_equal(out[n], 0x17);
        assert_true(s->begun == 1 && s->ended == 1 && s->status == RDNASIM_OK);
        assert_true(s->begins == GROUPS && s->ends == GROUPS && s->barriers == GROUPS && s->most == 1);
        assert_true(s->waves_begun == GROUPS * WAVES && s->waves_ended == GROUPS * WAVES);
        assert_true(s->before == counts.instructions && s->after == counts.instructions);
        uint64_t sum = 0;
        for (unsigned u = 0; u < RDNASIM_PORTS; u++) sum += counts.by_port[u];
        assert_true(sum == counts.instructions && counts.waves == GROUPS * WAVES &&
                    counts.workgroups == GROUPS);
        assert_true(counts.idle_instructions > 0 && counts.idle_instructions < sum);
    }
}

static void instructions_are_described(void **state) {
    (void)state;
    uint32_t out[ITEMS] = {0};
    struct seen *s = observer_of(1);
    rdnasim_report report;
    s->observer.ready = ready; /* asked only of resident work-groups */
    s->nobody = 1;
    assert_ok(run(OBSERVED_OBJECT, "steps", 0, 0, s, out, NULL, &report), report);
    assert_true(s->adds == 3 * GROUPS * WAVES && s->branches == 3 * GROUPS * WAVES);
    assert_true(s->stores == GROUPS * WAVES && s->waits == 2 * GROUPS * WAVES && s->pairs == GROUPS * WAVES);
}

static void registers_in_wave64(void **state) {
    (void)state;
    uint32_t out[ITEMS] = {0};
    for (int resident = 0; resident < 3; resident++) {
        struct seen *s = observer_of(0);
        rdnasim_report report;
        assert_ok(run(OBSERVED_WAVE64_OBJECT, "diverging", 0, (uint32_t)resident, s, out, NULL, &report),
                  report);
        assert_true(s->after > 100 && s->waves_begun == GROUPS);
    }
}

/* ---- memory ------------------------------------------------------------------------------------------- */

static void on_buffer(void *context, const rdnasim_event *e) {
    struct seen *s = context;
    if (strcmp(e->instruction->opcode, "buffer_load_b64") != 0) return;
    assert_true(e->space == RDNASIM_SPACE_GLOBAL && e->parts == 2 && e->bytes == 4 && !e->store);
    assert_int_equal(e->instruction->counters, 1 << RDNASIM_COUNTER_VM);
    for (unsigned lane = 0; lane < 32; lane++) {
        uint64_t address = e->addresses[0][0] + 8 * lane;
        if (e->wave == 0) assert_int_equal(e->addresses[0][lane], address);
        assert_int_equal(e->addresses[1][lane], e->wave || lane == 31 ? 0 : address + 4);
    }
    s->stores++;
}

static void parts_of_buffer_accesses(void **state) {
    (void)state;
    uint32_t out[ITEMS] = {0};
    struct seen *s = observer_of(0);
    s->observer = (rdnasim_observer){.struct_size = sizeof s->observer, .context = s, .after = on_buffer};
    rdnasim_report report;
    assert_ok(run(OBSERVED_OBJECT, "ranged", 0, 0, s, out, NULL, &report), report);
    assert_int_equal(s->stores, GROUPS * WAVES);
}

/* ---- work-groups that are resident together ----------------------------------------------------------- */

static void resident_take_turns(void **state) {
    (void)state;
    static uint32_t first[4096];
    rdnasim_counts alone, counts;
    rdnasim_report report;
    uint32_t out[ITEMS] = {0};
    assert_ok(run(OBSERVED_OBJECT, "steps", 0, 0, NULL, out, &alone, &report), report);
    for (uint32_t resident = 1; resident < 8; resident++)
        for (unsigned time = 0; time < 2; time++) {
            memset(out, 0, sizeof out);
            struct seen *s = observer_of(0);
            assert_ok(run(OBSERVED_OBJECT, "steps", 0, resident, s, out, &counts, &report), report);
            for (unsigned n = 0; n < ITEMS; n++) assert_int_equal(out[n], 0x17);
            assert_int_equal(s->most, resident < GROUPS ? resident : GROUPS);
            assert_true(s->after == alone.instructions && counts.instructions == alone.instructions);
            /* The first rounds: every wave of every resident work-group in order. */
            for (unsigned n = 0; n < 3 * s->most * WAVES; n++)
                assert_int_equal(s->order[n], n % (s->most * WAVES));
            if (time) assert_memory_equal(first, s->order, sizeof first);
            memcpy(first, s->order, sizeof first);
        }
}

static void observers_hold_waves(void **state) {
    (void)state;
    uint32_t out[ITEMS] = {0};
    rdnasim_report report;
    struct seen *s = observer_of(0);
    s->observer.ready = ready;
    s->held = 1;
    s->held_until = 2;
    assert_ok(run(OBSERVED_OBJECT, "steps", 0, 3, s, out, NULL, &report), report);
    assert_true(s->released && s->ends == GROUPS);
    s = observer_of(0);
    s->observer.ready = ready;
    s->nobody = 1;
    assert_int_equal(run(OBSERVED_OBJECT, "steps", 0, 3, s, out, NULL, &report), RDNASIM_STOPPED);
    assert_true(strstr(report.text, "may not go on") && s->status == RDNASIM_STOPPED && s->after == 0);
    /* The one that the others wait for ends, and only then nobody is left who may. */
    s = observer_of(0);
    s->observer.ready = ready;
    s->held = 1;
    s->held_until = GROUPS;
    assert_int_equal(run(OBSERVED_OBJECT, "steps", 0, 2, s, out, NULL, &report), RDNASIM_STOPPED);
    assert_true(s->ends == GROUPS - 1 && report.workgroup[0] == 1);
}

/*
 * The smallest model of time: a wave executes an instruction every so many ticks, and a tick passes when the machine asks
 * whether a wave may go on. It never has more than two instructions of a wave in store.
 */
enum { STORE = 2 };
struct model {
    rdnasim_observer observer;
    uint64_t tick, finished;
    unsigned stored[GROUPS][WAVES], most;
    int running[GROUPS][WAVES];
};

static void model_begin(void *context, const rdnasim_event *e) {
    ((struct model *)context)->running[e->workgroup_index][e->wave] = 1;
}

static void model_tick(struct model *m) {
    m->tick++;
    for (unsigned g = 0; g < GROUPS; g++)
        for (unsigned w = 0; w < WAVES; w++)
            if (m->stored[g][w] && m->tick % (2 + (g + w) % 5) == 0) m->stored[g][w]--, m->finished++;
}

static int model_ready(void *context, const rdnasim_event *e) {
    struct model *m = context;
    model_tick(m);
    return m->stored[e->workgroup_index][e->wave] < STORE;
}

static void model_after(void *context, const rdnasim_event *e) {
    struct model *m = context;
    assert_true(m->running[e->workgroup_index][e->wave]);
    unsigned stored = ++m->stored[e->workgroup_index][e->wave];
    if (stored > m->most) m->most = stored;
}

static void models_of_time_pull(void **state) {
    (void)state;
    uint64_t ticks[2] = {0};
    for (unsigned time = 0; time < 2; time++) {
        uint32_t out[ITEMS] = {0};
        struct model m = {.observer = {.struct_size = sizeof m.observer,
                                       .context = &m,
                                       .wave_begin = model_begin,
                                       .after = model_after,
                                       .ready = model_ready}};
        struct seen *s = observer_of(0);
        s->observer = m.observer;
        rdnasim_counts counts;
        rdnasim_report report;
        assert_ok(run(OBSERVED_OBJECT, "steps", 0, 3, s, out, &counts, &report), report);
        assert_int_equal(m.most, STORE);
        while (m.finished < counts.instructions) model_tick(&m);
        ticks[time] = m.tick;
        for (unsigned n = 0; n < ITEMS; n++) assert_int_equal(out[n], 0x17);
    }
    assert_true(ticks[0] == ticks[1] && ticks[0] > 100);
}

/* ---- what stops a run --------------------------------------------------------------------------------- */

static void observers_stop_runs(void **state) {
    (void)state;
    uint32_t out[ITEMS] = {0};
    rdnasim_report report;
    for (unsigned n = 0; n < 4; n++) {
        struct seen *s = observer_of(0);
        if (n % 2)
            s->stop_after = "s_barrier";
        else
            s->stop_before = "s_barrier";
        assert_int_equal(run(OBSERVED_OBJECT, "steps", 0, n / 2 * 2, s, out, NULL, &report), RDNASIM_STOPPED);
        assert_string_equal(report.instruction, "s_barrier");
        assert_true(report.status == RDNASIM_STOPPED && report.workgroup[0] == 0 && report.wave == 0);
        assert_non_null(strstr(report.text, n % 2 ? "the observer stops it" : "seen enough"));
        assert_true(s->ended == 1 && s->status == RDNASIM_STOPPED && s->ends == 0 && !s->barriers);
        assert_int_equal(s->before, s->after + (n % 2 == 0));
    }
    struct seen *s = observer_of(0); /* what is no instruction is not told */
    assert_int_equal(run(LAUNCH_OBJECT, "illegal", 0, 0, s, out, NULL, &report), RDNASIM_ILLEGAL);
    assert_true(s->before == s->after && s->status == RDNASIM_ILLEGAL && s->ends == 0);
}

static void arguments(void **state) {
    (void)state;
    uint32_t out[ITEMS] = {0};
    rdnasim_report report;
    struct seen *s = observer_of(0);
    s->observer.struct_size--;
    assert_int_equal(run(OBSERVED_OBJECT, "steps", 0, 0, s, out, NULL, &report), RDNASIM_INVALID_ARGUMENT);
    assert_true(strstr(report.text, "struct_size") && !s->begun);
    s = observer_of(0);
    assert_int_equal(run(OBSERVED_OBJECT, "steps", RDNASIM_CHECK_ALL, 2, s, out, NULL, &report),
                     RDNASIM_INVALID_ARGUMENT);
    assert_true(strstr(report.text, "one at a time") && !s->begun);
    assert_ok(run(OBSERVED_OBJECT, "steps", RDNASIM_CHECK_RACE, 1, s, out, NULL, &report), report);
    assert_int_equal(s->ends, GROUPS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_told),  cmocka_unit_test(instructions_are_described),
        cmocka_unit_test(registers_in_wave64), cmocka_unit_test(parts_of_buffer_accesses),
        cmocka_unit_test(resident_take_turns), cmocka_unit_test(observers_hold_waves),
        cmocka_unit_test(models_of_time_pull), cmocka_unit_test(observers_stop_runs),
        cmocka_unit_test(arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
