/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Program flow: branches, calls, barriers, the end, MODE, and what has no functional effect. */
#include <inttypes.h>

#include "executors.h"
#include "scalar.h"

/* ---- branches ------------------------------------------------------------------------------------- */

static void take(struct wave *w, const struct inst *i) { w->next += (uint32_t)(int32_t)(int16_t)i->offset; }

#define BRANCH(name, condition)                                                                              \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        if (condition) take(w, i);                                                                           \
    }
BRANCH(s_branch, true)
BRANCH(s_cbranch_scc0, !w->scc)
BRANCH(s_cbranch_scc1, w->scc)
BRANCH(s_cbranch_vccz, !lane_mask(w, SREG_VCC))
BRANCH(s_cbranch_vccnz, lane_mask(w, SREG_VCC))
BRANCH(s_cbranch_execz, !lane_mask(w, SREG_EXEC))
BRANCH(s_cbranch_execnz, lane_mask(w, SREG_EXEC))

static uint64_t next_address(const struct wave *w) { return w->code_address + (uint64_t)w->next * 4; }

static void jump(struct wave *w, uint64_t address) {
    uint64_t offset = address - w->code_address;
    if (offset % 4 || offset / 4 >= w->code_dwords)
        wave_fault(w, RDNASIM_ILLEGAL, 0, 0, 0, "jumps to 0x%" PRIx64 ", which is not in the code object",
                   address);
    else
        w->next = (uint32_t)(offset / 4);
}

static void s_getpc_b64(struct wave *w, const struct inst *i) { scalar_write64(w, &i->dst, next_address(w)); }

static void s_setpc_b64(struct wave *w, const struct inst *i) { jump(w, scalar_read64(w, &i->src[0])); }

static void s_swappc_b64(struct wave *w, const struct inst *i) {
    uint64_t target = scalar_read64(w, &i->src[0]);
    scalar_write64(w, &i->dst, next_address(w));
    jump(w, target);
}

static void s_call_b64(struct wave *w, const struct inst *i) {
    scalar_write64(w, &i->dst, next_address(w));
    take(w, i);
}

/* ---- waiting and ending --------------------------------------------------------------------------- */

static void s_barrier(struct wave *w, const struct inst *i) {
    (void)i;
    w->state = WAVE_AT_BARRIER;
}

static void s_endpgm(struct wave *w, const struct inst *i) {
    (void)i;
    w->state = WAVE_ENDED;
}

static void s_trap(struct wave *w, const struct inst *i) {
    enum { TRAP_DEBUG = 3 }; /* does nothing without a debugger */
    unsigned id = i->offset & 0xff;
    if (id != TRAP_DEBUG)
        wave_fault(w, RDNASIM_TRAP, 0, 0, 0, "trap %u%s", id, id == 2 ? " (llvm.trap)" : "");
}

static void s_sethalt(struct wave *w, const struct inst *i) {
    if (i->offset & 1)
        wave_fault(w, RDNASIM_TRAP, 0, 0, 0, "the wave halts itself and nothing would resume it");
}

static void s_code_end(struct wave *w, const struct inst *i) {
    (void)i;
    wave_fault(w, RDNASIM_ILLEGAL, 0, 0, 0, "execution ran into the padding behind the code");
}

static void s_sendmsg(struct wave *w, const struct inst *i) {
    enum { MSG_INTERRUPT = 1, MSG_DEALLOC_VGPRS = 3 }; /* both without effect here */
    unsigned id = i->offset & 0xff;
    if (id != MSG_INTERRUPT && id != MSG_DEALLOC_VGPRS)
        wave_fault(w, RDNASIM_UNSUPPORTED, 0, 0, 0, "message %u is not modelled", id);
}

/* ---- MODE ------------------------------------------------------------------------------------------ */

static void s_round_mode(struct wave *w, const struct inst *i) {
    w->mode = (w->mode & ~UINT32_C(0x0f)) | ((uint32_t)i->offset & 15);
}

static void s_denorm_mode(struct wave *w, const struct inst *i) {
    w->mode = (w->mode & ~UINT32_C(0xf0)) | ((uint32_t)i->offset & 15) << 4;
}

/* Messages that return something. */
static void s_sendmsg_rtn(struct wave *w, const struct inst *i) {
    enum { GET_REALTIME = 131 };
    unsigned id = (unsigned)i->src[0].value & 0xff;
    if (id != GET_REALTIME) {
        wave_fault(w, RDNASIM_UNSUPPORTED, 0, 0, 0, "message %u is not modelled", id);
        return;
    }
    uint32_t clock = read_clock(w);
    if (i->dst.dwords == 2)
        scalar_write64(w, &i->dst, clock);
    else
        scalar_write32(w, &i->dst, clock);
}

/* ---- wave64 in two passes over its halves --------------------------------------------------------- */

static void s_subvector_loop_begin(struct wave *w, const struct inst *i) {
    uint32_t *exec = &w->s[SREG_EXEC];
    if (!exec[0] && !exec[1]) {
        take(w, i);
    } else if (!exec[0]) {
        scalar_write32(w, &i->dst, 0);
    } else {
        scalar_write32(w, &i->dst, exec[1]);
        exec[1] = 0;
    }
}

static void s_subvector_loop_end(struct wave *w, const struct inst *i) {
    uint32_t *exec = &w->s[SREG_EXEC], saved = w->s[i->dst.reg];
    if (exec[1]) {
        exec[0] = saved;
    } else if (saved) {
        exec[1] = saved;
        scalar_write32(w, &i->dst, exec[0]);
        exec[0] = 0;
        take(w, i);
    }
}

/* ---- hints and waits: nothing to do when every instruction completes at once ---------------------- */

static void nothing(struct wave *w, const struct inst *i) {
    (void)w;
    (void)i;
}

void bind_flow(exec_fn **table) {
    static const uint16_t no_effect[] = {
        OP_s_nop,
        OP_s_clause,
        OP_s_delay_alu,
        OP_s_waitcnt,
        OP_s_waitcnt_depctr,
        OP_s_waitcnt_vscnt,
        OP_s_waitcnt_vmcnt,
        OP_s_waitcnt_expcnt,
        OP_s_waitcnt_lgkmcnt,
        OP_s_wait_idle,
        OP_s_wait_event,
        OP_s_set_inst_prefetch_distance,
        OP_s_setprio,
        OP_s_sleep,
        OP_s_wakeup,
        OP_s_icache_inv,
        OP_s_incperflevel,
        OP_s_decperflevel,
        OP_s_ttracedata,
        OP_s_ttracedata_imm,
        OP_s_version,
        OP_s_cbranch_cdbgsys,
        OP_s_cbranch_cdbguser, /* no debugger is attached */
        OP_s_cbranch_cdbgsys_or_user,
        OP_s_cbranch_cdbgsys_and_user,
        OP_s_atc_probe,
        OP_s_atc_probe_buffer,
    };
    for (unsigned n = 0; n < sizeof no_effect / sizeof no_effect[0]; n++) table[no_effect[n]] = nothing;
#define BIND(name) table[OP_##name] = name;
    BIND(s_branch)
    BIND(s_cbranch_scc0)
    BIND(s_cbranch_scc1)
    BIND(s_cbranch_vccz)
    BIND(s_cbranch_vccnz)
    BIND(s_cbranch_execz)
    BIND(s_cbranch_execnz)
    BIND(s_getpc_b64)
    BIND(s_setpc_b64)
    BIND(s_swappc_b64)
    BIND(s_call_b64)
    BIND(s_barrier)
    BIND(s_endpgm)
    BIND(s_trap)
    BIND(s_sethalt)
    BIND(s_code_end)
    BIND(s_sendmsg)
    BIND(s_round_mode)
    BIND(s_denorm_mode)
    BIND(s_subvector_loop_begin)
    BIND(s_subvector_loop_end)
#undef BIND
    table[OP_s_sendmsg_rtn_b32] = s_sendmsg_rtn;
    table[OP_s_sendmsg_rtn_b64] = s_sendmsg_rtn;
}
