/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "trace.h"

#include <inttypes.h>
#include <string.h>

static bool chosen(const struct trace_choice *c, const rdnasim_event *e) {
    uint64_t pc = e->instruction->pc;
    return pc >= c->first_pc && (!c->end_pc || pc < c->end_pc) && (!c->one_wave || e->wave == c->wave) &&
           (!c->one_group || memcmp(e->workgroup, c->group, sizeof c->group) == 0);
}

static void print_sgpr(FILE *to, unsigned reg, uint32_t value) {
    static const char *const named[] = {[106] = "vcc_lo", "vcc_hi", [125] = "m0", "exec_lo", "exec_hi"};
    if (reg < 106)
        fprintf(to, "  s%u=%08" PRIx32, reg, value);
    else if (reg < sizeof named / sizeof named[0] && named[reg])
        fprintf(to, "  %s=%08" PRIx32, named[reg], value);
}

/* One value, or if they differ those of all active lanes. */
static void print_vgpr(FILE *to, const rdnasim_event *e, unsigned reg) {
    uint32_t values[64], count = 0;
    bool differ = false;
    for (unsigned lane = 0; lane < e->wave_size; lane++) {
        if (!(e->exec >> lane & 1)) continue;
        values[count] = rdnasim_read_vgpr(e->state, reg, lane);
        differ |= values[count] != values[0];
        count++;
    }
    if (!count) return;
    fprintf(to, "  v%u=", reg);
    if (!differ) count = 1;
    for (unsigned n = 0; n < count; n++) fprintf(to, n ? ",%08" PRIx32 : "%08" PRIx32, values[n]);
}

static void print_operand(FILE *to, const rdnasim_event *e, const rdnasim_operand *o) {
    for (unsigned n = 0; n < o->dwords; n++) {
        if (o->kind == RDNASIM_OPERAND_VGPR) print_vgpr(to, e, o->reg + n);
        if (o->kind == RDNASIM_OPERAND_SGPR)
            print_sgpr(to, o->reg + n, rdnasim_read_sgpr(e->state, o->reg + n));
    }
}

static void print_registers(FILE *to, const rdnasim_event *e) {
    for (const rdnasim_instruction *i = e->instruction; i; i = i->dual) {
        print_operand(to, e, &i->destination);
        print_operand(to, e, &i->mask_destination);
        if (i->writes_scc) fprintf(to, "  scc=%u", rdnasim_read_scc(e->state));
    }
}

static void after(void *context, const rdnasim_event *e) {
    struct trace *t = context;
    const rdnasim_instruction *i = e->instruction;
    if (!chosen(&t->choice, e) || atomic_load_explicit(&t->left, memory_order_relaxed) <= 0) return;
    char text[192];
    rdnasim_disassemble_wave(t->target, e->wave_size, i->encoding, i->bytes / 4, text, sizeof text);
    pthread_mutex_lock(&t->lock);
    if (t->left-- > 0) {
        fprintf(t->to, "%u,%u,%u wave %u  %05" PRIx64 "  exec %0*" PRIx64 "  %s", e->workgroup[0],
                e->workgroup[1], e->workgroup[2], e->wave, i->pc, e->wave_size == 64 ? 16 : 8, e->exec, text);
        if (t->choice.registers) print_registers(t->to, e);
        char file[96];
        uint32_t line;
        if (rdnasim_source_line(e->kernel, i->pc, file, sizeof file, &line))
            fprintf(t->to, "  ; %s:%" PRIu32, file, line);
        fputc('\n', t->to);
    }
    pthread_mutex_unlock(&t->lock);
}

rdnasim_observer trace_observer(struct trace *trace) {
    return (rdnasim_observer){.struct_size = sizeof(rdnasim_observer), .context = trace, .after = after};
}
