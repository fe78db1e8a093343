/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Strict mode: finds what a kernel may not do although it happens to work here. Nothing of it changes what a
 * kernel computes.
 *
 *     before an instruction   are its operands written, and have their loads been waited for?   wait.c
 *                             which bits of its results are undefined?                          value.c
 *     after it                what has it done to memory, and who else touches that?            memory.c, race.c
 *
 * A watcher of its own kind instead of a public observer: it sees a wave64's halves apart, as values are defined half
 * by half, and executes instructions anew with other bits (value.c).
 *
 * Every register has a state byte. It is zero for nearly all of them nearly always, and then one look at the
 * operands is all that an instruction costs.
 */
#ifndef RDNASIM_STRICT_H
#define RDNASIM_STRICT_H

#include "machine/launch.h"

enum {
    REG_UNDEFINED = 1, /* some bit of it has never been written */
    REG_VMEM = 2,      /* an instruction counted by vmcnt will write it, or has */
    REG_LGKM = 4       /* ... by lgkmcnt */
};

struct counter {
    uint32_t issued, done; /* numbers of events; 0: none yet */
    uint32_t unordered; /* the last one that others may overtake: then only a wait for zero says anything */
};

/* The last ones that write a register: its lower and its upper half. */
struct events {
    uint32_t vm[2], lgkm[2];
};

/* An LDS access that has not been waited for: it may still happen after the next barrier. */
struct lds_access {
    uint32_t event, mask, bytes, count;
    bool store, atomic;
    uint32_t addresses[2][LANES];
};
enum { LDS_ACCESSES = 64 }; /* lgkmcnt has six bits */

/* A load that has met atomics: a fault unless a compare-and-swap of the same place follows. See race.c. */
struct doubt {
    uint64_t address;
    uint32_t pc, bytes, with;
    uint8_t lane;
    bool in_lds;
};
enum { DOUBTS = 64 };

/* One of the last loads of LDS or global memory, by its first active lane. */
struct recent_load {
    uint64_t address;
    uint32_t pc;
    bool in_lds;
};
enum { RECENT_LOADS = 32 };

struct shadow { /* of a wave */
    struct strict *strict;
    u32v *v;          /* bits that are undefined: [halves][vgpr_count], as the registers themselves */
    uint8_t *v_state; /* REG_*, of each of them */
    struct events *v_event;
    uint32_t *v_origin; /* of its undefined bits; 0: never written since the wave began */
    uint32_t s[SREG_COUNT], s_event[SREG_COUNT], s_origin[SREG_COUNT];
    uint8_t s_state[SREG_COUNT];
    bool scc; /* undefined */
    uint32_t scc_origin;
    struct counter vm, lgkm;
    bool stores_open;        /* to global memory, since it last waited for all */
    const struct inst *wmma; /* the last VALU instruction, if it was one */
    uint32_t barriers;       /* passed or waited at */
    struct lds_access accesses[LDS_ACCESSES];
    unsigned access_count;
    struct doubt doubts[DOUBTS];
    unsigned doubt_count;
    struct recent_load recent[RECENT_LOADS];
    unsigned recent_at;
};

/* Who has accessed a dword, see race.c. */
struct cell {
    uint32_t writer, earlier, reader, value;
};

struct strict { /* of a launch: one host thread runs all its work-groups */
    struct watcher watcher;
    unsigned checks;
    rdnasim *sim;
    const rdnasim_kernel *kernel;
    const rdnasim_launch *launch;
    uint8_t *found; /* [code dwords]: checks that have found something there, where a launch goes on */
    unsigned wave_count, registers, wave_size;
    uint32_t lds_bytes, scratch_bytes;
    struct shadow *shadows;
    u32v *v;
    uint8_t *v_state;
    struct events *v_event;
    uint32_t *v_origin;
    unsigned char *lds, *scratch; /* undefined bits of LDS, and of the scratch of all waves */
    struct cell *lds_cells;
    uint32_t *lds_reads;                                          /* [dwords][wave_count] */
    uint32_t lds_known[MAX_WAVES][MAX_WAVES], time, barrier_time; /* see race.c */
    struct cell **cells; /* [SLOT_COUNT]: of global memory, made at the first access */
    uint64_t group, group_count;
    uint32_t group_party; /* what race.c calls the group */
    uint64_t **known;     /* [group_count] sets of work-groups, null while empty: see known.c */
    unsigned known_shift;
    uint32_t swapped[DOUBTS]; /* pcs of loads that begin compare-and-swap loops, as was seen */
    unsigned swapped_count;
    enum { SWAPS_UNKNOWN, SWAPS_NONE, SWAPS_SOME } swaps; /* whether the code has a compare-and-swap */
};

/* ---- find.c: what is reported -------------------------------------------------------------------------- */

struct find {
    rdnasim_check check;
    unsigned lane;
    uint64_t
        address; /* of an access; the sentence then ends with the nearest buffer, if it is in global memory */
    uint32_t bytes;  /* 0: there is none */
    uint32_t origin; /* of an undefined value */
};
/*
 * Reports a fault of the present instruction. False: it stops the wave; so the caller returns at once. True: the wave goes
 * on, and the caller takes what it has found as mended.
 */
bool strict_found(struct wave *w, struct find find, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Origins of undefined values: 0 none, ORIGIN_REGISTER | n a register that nobody has written (n as in rdnasim_report), and
 * 1 + the pc, in dwords, of a load. They are kept while a register is undefined.
 */
#define ORIGIN_REGISTER UINT32_C(0x80000000)
/* That of an operand of the half being executed; 0 if it is defined. */
uint32_t strict_origin(const struct wave *w, const struct operand *o);
uint32_t strict_origin_sgpr(const struct wave *w, unsigned reg);
/* Those registers of a result that are undefined come from there. */
void strict_set_origin(struct wave *w, const struct operand *o, uint32_t origin);

/* State and undefined bits of the half being executed. */
static inline uint8_t *v_states(const struct wave *w) { return w->shadow->v_state + w->half * w->vgpr_count; }
static inline u32v *v_undefined(const struct wave *w) { return w->shadow->v + w->half * w->vgpr_count; }

/* Sets or clears REG_UNDEFINED as the register's bits say. */
static inline void v_settle(const struct wave *w, unsigned reg) {
    const uint32_t *bits = (const uint32_t *)&v_undefined(w)[reg];
    uint32_t any = 0;
    for (unsigned l = 0; l < LANES; l++) any |= bits[l];
    uint8_t *state = &v_states(w)[reg];
    *state = any ? *state | REG_UNDEFINED : *state & ~REG_UNDEFINED;
}
/* How many registers, from o->reg on, hold an operand that lies in SGPRs; none of NULL. */
static inline unsigned s_count(const struct operand *o) {
    return o->kind == OPND_SGPR && o->reg != SREG_NULL ? o->dwords : 0;
}
static inline void s_define(struct wave *w, unsigned reg, uint32_t undefined) {
    uint8_t *state = &w->shadow->s_state[reg];
    w->shadow->s[reg] = undefined;
    *state = undefined ? *state | REG_UNDEFINED : *state & ~REG_UNDEFINED;
}

/* ---- wait.c: registers that loads will write ----------------------------------------------------------- */

/* False: an operand's load has not been waited for. state: of the operands together. */
bool strict_check_waits(struct wave *w, const struct inst *i);
void strict_wait(struct wave *w, const struct inst *i);  /* s_waitcnt and the like */
void strict_issue(struct wave *w, const struct inst *i); /* a memory instruction has been issued */

/* ---- value.c: undefined bits --------------------------------------------------------------------------- */

/* What the instruction makes of the undefined bits of its operands. False: they reach what they must not. */
bool strict_propagate(struct wave *w, const struct inst *i);
/* Undefined bits in lanes that are active, of an operand of the half being executed. */
uint32_t strict_undefined_lanes(const struct wave *w, const struct operand *o);

/* ---- memory.c ------------------------------------------------------------------------------------------ */

bool strict_check_addresses(struct wave *w, const struct inst *i); /* before: are they defined? */
void strict_memory(struct wave *w, const struct inst *i);          /* after */

/* ---- role.c: what the code around an access says of it --------------------------------------------------- */

enum role { ROLE_PLAIN = 1, ROLE_SWAP, ROLE_SYNC };
enum role strict_role(const struct wave *w); /* of the present instruction */
bool strict_swaps_exist(
    const struct wave *w); /* whether the code has a compare-and-swap at all; looked for once */

/* ---- race.c -------------------------------------------------------------------------------------------- */

enum access_kind { ACCESS_LOAD, ACCESS_STORE, ACCESS_ATOMIC };
/* Who accesses memory, how, and what it knows: see race.c. */
struct party {
    uint32_t me;  /* not 0 */
    uint32_t how; /* PLAIN, ATOMIC, SWAP, SYNC */
    bool in_lds;
    uint32_t since;        /* in LDS: the time of the last barrier */
    uint32_t fresh;        /* ... the least entry that is younger */
    const uint32_t *known; /* ... up to which time it knows what each wave has done */
    uint32_t *reads;       /* ... when each of `waves` has read the dword, if several have */
    unsigned waves;
};

struct access {
    enum access_kind kind;
    bool swaps;  /* a compare-and-swap */
    bool learns; /* in LDS, what others know whom it meets */
    struct party in_lds, in_global;
};
struct access strict_access(const struct wave *w, const struct inst *i, enum access_kind kind);
/* False: it conflicts with another wave's (LDS) or work-group's (global memory) access. */
bool strict_race_lds(struct wave *w, unsigned lane, uint32_t address, uint32_t bytes, struct access *a);
bool strict_race_global(struct wave *w, unsigned lane, uint64_t address, uint32_t bytes,
                        const struct access *a);
/*
 * Atomic accesses to global memory order work-groups: before each those who have written there are collected, and after
 * the instruction the work-group learns what they know.
 */
bool strict_race_end(struct wave *w); /* the wave ends; false: with a fault */
enum { WRITERS = 4 * LANES };         /* two of each dword */
struct writers {
    unsigned count;
    uint32_t entries[WRITERS];
};
void strict_race_writers(struct wave *w, uint64_t address, uint32_t bytes, struct writers *writers);
void strict_race_acquire(struct wave *w, const struct writers *writers);
void strict_race_note_lds(struct wave *w);
void strict_race_note_load(struct wave *w, bool in_lds, uint64_t address);
void strict_race_tick(struct strict *strict);                       /* LDS has been written */
void strict_race_epoch(struct strict *strict, struct group *group); /* a barrier opens */
void strict_race_group(struct strict *strict, uint64_t group);      /* a work-group begins */

/* Which work-groups the one that runs knows to have done what they did; parties as group_party, 24 bits. */
#define SEVERAL_GROUPS UINT32_C(0xffffff)                 /* as one party; which ones is not known */
bool strict_learn(struct strict *strict, uint32_t party); /* false: no memory; then no order is known */
bool strict_knows(const struct strict *strict, uint32_t party);
void strict_known_free(struct strict *strict);

#endif
