/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "depends.h"

#include <string.h>

#include "table.h"

enum { GLC = 1, LOOP_DWORDS = 256, LOOPS_MOST = 4096, VGPRS = 256, VISITS = 2 };

static bool begins(const char *name, const char *prefix) { return !strncmp(name, prefix, strlen(prefix)); }

const char *time_dependence(const rdnasim_instruction *i) {
    enum { HW_ID1 = 23, HW_ID2 = 24, SHADER_CYCLES = 29, HWREG_ID = 63, GET_REALTIME = 131 };
    if (strcmp(i->opcode, "s_getreg_b32") == 0) {
        int id = i->immediate & HWREG_ID;
        if (id == SHADER_CYCLES)
            return "it reads SHADER_CYCLES: what it computes may depend on time, which the model does not "
                   "give back";
        if (id == HW_ID1 || id == HW_ID2)
            return "it reads where it runs (HW_ID): what it computes may depend on that, and the model does "
                   "not give it back";
    }
    if (begins(i->opcode, "s_sendmsg_rtn") && (i->immediate & 255) == GET_REALTIME)
        return "it asks for the real time: what it computes may depend on it, and the model does not give it "
               "back";
    return NULL;
}

bool compares(const rdnasim_instruction *i) { return strstr(i->opcode, "cmpswap") != NULL; }

bool takes_ticket(const rdnasim_instruction *i) {
    return i->port == RDNASIM_PORT_VMEM && strstr(i->opcode, "atomic") &&
           i->destination.kind == RDNASIM_OPERAND_VGPR;
}

/* ---- loops that poll ------------------------------------------------------------------------------------ */

/* A set of registers: VGPRs, then scalar ones, SCC as SCALAR_SCC. */
struct registers {
    bool has[VGPRS + SCALARS];
};

static unsigned place(const rdnasim_operand *o, unsigned n) {
    unsigned first = o->kind == RDNASIM_OPERAND_VGPR ? 0 : VGPRS, limit = first ? SCALARS : VGPRS;
    return o->reg + n < limit ? first + o->reg + n : VGPRS + SCALAR_NULL;
}

static bool in_registers(const rdnasim_operand *o) {
    return o->kind == RDNASIM_OPERAND_VGPR || (o->kind == RDNASIM_OPERAND_SGPR && o->reg != SCALAR_NULL);
}

static bool touches(const struct registers *set, const rdnasim_operand *o) {
    for (unsigned n = 0; in_registers(o) && n < o->dwords; n++)
        if (set->has[place(o, n)]) return true;
    return false;
}

static bool sources_touch(const struct registers *set, const rdnasim_instruction *i) {
    for (unsigned n = 0; n < 4; n++)
        if (touches(set, &i->sources[n])) return true;
    return false;
}

/* What lanes that are off have kept stays in a VGPR: nothing leaves the set there. */
static void mark(struct registers *set, const rdnasim_operand *o, bool in) {
    for (unsigned n = 0; in_registers(o) && n < o->dwords; n++)
        if (in || o->kind == RDNASIM_OPERAND_SGPR) set->has[place(o, n)] = in;
}

static bool reads_memory(const rdnasim_instruction *i) {
    switch (i->port) {
    case RDNASIM_PORT_VMEM: return !strstr(i->opcode, "_inv");
    case RDNASIM_PORT_LDS:
        return begins(i->opcode, "ds_") && !strstr(i->opcode, "permute") && !strstr(i->opcode, "swizzle");
    case RDNASIM_PORT_SMEM: return !strstr(i->opcode, "_inv");
    default: return false;
    }
}

/* It sees what others have written since it looked last. */
static bool watches(const rdnasim_instruction *i) {
    if (i->destination.kind != RDNASIM_OPERAND_VGPR && i->port != RDNASIM_PORT_SMEM) return false;
    return i->port == RDNASIM_PORT_LDS || takes_ticket(i) || i->cache & GLC;
}

enum { FROM_START = 1, TO_END = 2, INSIDE = 3 };

struct loop {
    const char *target;
    const uint32_t *code;
    size_t first, end; /* dwords; the branch back is the last instruction */
    uint8_t ways
        [LOOP_DWORDS]; /* of each instruction between them: INSIDE: a way from the first to the last leads over it */
    struct registers changed,
        found; /* by the loop, other than to what is the same each time; what watching gave */
    bool watching, decides;
};

static bool same_each_time(const struct loop *l, const rdnasim_instruction *i) {
    return (begins(i->opcode, "v_mov_b32") || begins(i->opcode, "s_mov_b")) && !sources_touch(&l->changed, i);
}

static void note_changes(struct loop *l, const rdnasim_instruction *i) {
    if (same_each_time(l, i)) return;
    mark(&l->changed, &i->destination, true);
    mark(&l->changed, &i->mask_destination, true);
}

static void follow_data(struct loop *l, const rdnasim_instruction *i) {
    bool *scc = &l->found.has[VGPRS + SCALAR_SCC], *vcc = &l->found.has[VGPRS + SCALAR_VCC],
         *exec = &l->found.has[VGPRS + SCALAR_EXEC];
    bool from = sources_touch(&l->found, i) || (i->reads_scc && *scc) || (reads_memory(i) && watches(i));
    if (i->branch) {
        l->decides |= (i->reads_scc || begins(i->opcode, "s_cbranch_scc")) && *scc;
        l->decides |= begins(i->opcode, "s_cbranch_vcc") && *vcc;
        l->decides |= begins(i->opcode, "s_cbranch_exec") && *exec;
        return;
    }
    mark(&l->found, &i->destination, from);
    mark(&l->found, &i->mask_destination, from);
    if (i->writes_scc) *scc = from;
    if (strstr(i->opcode, "_saveexec") || strstr(i->opcode, "_wrexec")) *exec |= from;
}

static bool branches(const rdnasim_instruction *i) {
    return begins(i->opcode, "s_cbranch_") || strcmp(i->opcode, "s_branch") == 0;
}

static int64_t target_of(const rdnasim_instruction *i, size_t at) {
    return (int64_t)at + 1 + (int16_t)i->immediate;
}

/* Where an instruction may be followed, in dwords from the loop's first one. */
struct followers {
    int64_t next, target; /* outside of the loop: none */
};

static void find_followers(const struct loop *l, struct followers *f) {
    for (size_t n = 0; n < l->end - l->first; n++) f[n] = (struct followers){-1, -1};
    for (size_t at = l->first; at < l->end;) {
        rdnasim_instruction i[2];
        uint32_t length = rdnasim_decode(l->target, l->code + at, l->end - at, 4 * at, i);
        size_t n = at - l->first;
        if (length && strcmp(i->opcode, "s_branch") != 0 && strcmp(i->opcode, "s_endpgm") != 0)
            f[n].next = (int64_t)n + length;
        if (length && branches(i)) f[n].target = target_of(i, n);
        at += length ? length : 1;
    }
}

/* One step of all ways. Returns whether one was new. */
static bool go_on(struct loop *l, size_t at, int64_t to) {
    if (to < 0 || to >= (int64_t)(l->end - l->first)) return false;
    uint8_t *from = &l->ways[at], *there = &l->ways[to];
    uint8_t both = (uint8_t)(*there | (*from & FROM_START)), own = (uint8_t)(*from | (*there & TO_END));
    bool is_new = both != *there || own != *from;
    *there = both, *from = own;
    return is_new;
}

/* Blocks are laid out in any order: what lies between a branch back and its target need not be in a loop. */
static bool is_loop(struct loop *l) {
    struct followers f[LOOP_DWORDS];
    size_t count = l->end - l->first;
    find_followers(l, f);
    l->ways[0] = FROM_START;
    l->ways[count - 1] |= TO_END;
    for (bool is_new = true; is_new;) {
        is_new = false;
        for (size_t n = 0; n < 2 * count; n++) { /* there and back: ways in both directions are found soon */
            size_t at = n < count ? n : 2 * count - 1 - n;
            is_new |= go_on(l, at, f[at].next);
            is_new |= go_on(l, at, f[at].target);
        }
    }
    return l->ways[0] == INSIDE;
}

/* Calls what for each instruction of the loop, both of a pair. */
static void visit(struct loop *l, void (*what)(struct loop *, const rdnasim_instruction *)) {
    for (size_t at = l->first; at < l->end;) {
        rdnasim_instruction pair[2];
        uint32_t length = rdnasim_decode(l->target, l->code + at, l->end - at, 4 * at, pair);
        if (length && l->ways[at - l->first] == INSIDE) {
            what(l, pair);
            if (pair->dual) what(l, pair->dual);
        }
        at += length ? length : 1;
    }
}

static void check_memory(struct loop *l, const rdnasim_instruction *i) {
    if (strcmp(i->opcode, "s_barrier") == 0) l->end = l->first;
    if (!reads_memory(i)) return;
    bool reads = i->port == RDNASIM_PORT_SMEM || i->destination.kind == RDNASIM_OPERAND_VGPR;
    if (!reads || sources_touch(&l->changed, i)) l->end = l->first; /* it does some work, too */
    l->watching |= watches(i);
}

/* last: the instruction that branches back to the first; it has one dword. */
static bool polls(const char *target, const uint32_t *code, size_t first, size_t last) {
    struct loop l = {.target = target, .code = code, .first = first, .end = last + 1};
    if (!is_loop(&l)) return false;
    for (int n = 0; n < VISITS; n++) visit(&l, note_changes);
    visit(&l, check_memory);
    for (int n = 0; l.watching && n < VISITS; n++) visit(&l, follow_data);
    return l.decides;
}

const char *find_polling(const char *target, const uint32_t *code, size_t dwords) {
    unsigned loops = 0;
    for (size_t at = 0; at < dwords && loops < LOOPS_MOST;) {
        rdnasim_instruction pair[2];
        uint32_t length = rdnasim_decode(target, code + at, dwords - at, 4 * at, pair);
        if (!length) {
            at++;
            continue;
        }
        int64_t to = target_of(pair, at);
        bool back = branches(pair) && to >= 0 && to <= (int64_t)at && (int64_t)at - to < LOOP_DWORDS;
        loops += back;
        if (back && polls(target, code, (size_t)to, at))
            return "it waits in a loop for what another wave writes: how long that takes depends on time, "
                   "which the model does not give back";
        at += length;
    }
    return NULL;
}
