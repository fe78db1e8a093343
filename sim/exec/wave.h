/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The state that executors work on: a wave, its work-group, memory. */
#ifndef RDNASIM_WAVE_H
#define RDNASIM_WAVE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "isa/inst.h"
#include "rdnasim.h"

#define LANES 32

/* One VGPR of one half-wave: 32 lanes. Whole-register operations use the compiler's vector extension. */
typedef uint32_t u32v __attribute__((vector_size(4 * LANES), aligned(4 * LANES)));

enum wave_state { WAVE_RUNNING, WAVE_AT_BARRIER, WAVE_ENDED, WAVE_FAULTED };

/* ---- memory: a simulated address is slot << SLOT_SHIFT | offset, so that translation is one index -------- */

#define SLOT_SHIFT       34 /* 16 GiB apart; a larger binding takes several consecutive slots */
#define SLOT_COUNT       8192
#define APERTURE_SHARED  (UINT64_C(1) << 48) /* flat addresses with this high half are LDS */
#define APERTURE_PRIVATE (UINT64_C(2) << 48) /* ... and these the lane's scratch */

/*
 * A card maps whole pages, so behind a buffer there is memory. Compilers rely on it: three floats are loaded as
 * four, and what is done to two bytes atomically is done to their dword.
 */
struct tail { /* of a buffer whose size is no multiple of 4: the rest of its last dword */
    pthread_mutex_t lock;
    unsigned char bytes[4];
};

struct binding {
    unsigned char *host; /* null: free slot */
    uint64_t base, bytes;
    unsigned access;
    unsigned char *undefined; /* strict mode: its bits that nobody has written; null: none */
    struct tail *tail;        /* null: none */
    char name[64];
};

enum { READ_MAX = 64 }; /* bytes of the widest load */

struct memory {
    struct binding slots[SLOT_COUNT]; /* further slots of a large binding repeat its entry */
    unsigned next_slot;               /* where the search for free ones begins */
};

/* Host address of [address, address + bytes) if one binding covers it with that access, else null. */
static inline unsigned char *memory_at(const struct memory *m, uint64_t address, uint64_t bytes,
                                       unsigned access) {
    uint64_t slot = address >> SLOT_SHIFT;
    if (slot >= SLOT_COUNT) return 0;
    const struct binding *b = &m->slots[slot];
    uint64_t offset = address - b->base; /* wraps, and then fails the next test, for a free slot */
    if (!b->host || (b->access & access) != access || offset > b->bytes || bytes > b->bytes - offset)
        return 0;
    return b->host + offset;
}

/* Whether a naturally aligned access begins in a buffer with that access, and so ends on its last page. */
static inline bool memory_begins(const struct memory *m, uint64_t address, uint32_t bytes, unsigned access) {
    uint32_t size = bytes == 12 ? 16 : bytes;
    return address % size == 0 && memory_at(m, address, 1, access);
}
/*
 * What such a load, which passes the end, finds: copied to `into`, with POISON for what nobody has; returns into, or
 * null if it is no such load.
 */
unsigned char *memory_past_end(const struct memory *m, uint64_t address, uint32_t bytes, unsigned char *into);
/* Whether the last dword of a buffer whose size is no multiple of 4 lies at address. */
bool memory_is_last(const struct memory *m, uint64_t address);
/* That dword, for an atomic: the caller's until memory_put_last puts it back. */
uint32_t memory_take_last(const struct memory *m, uint64_t address);
void memory_put_last(const struct memory *m, uint64_t address, uint32_t dword);

/* ---- waves --------------------------------------------------------------------------------------------- */

/* How a formatted buffer instruction converts: component n of its registers is the texel's source[n] - 1. */
struct conversion {
    const struct buffer_format *format; /* null: as they are, bit by bit */
    uint8_t count, source[4];           /* source 0: a constant */
    bool d16, hi;                       /* two components to a register; the only one in the upper half */
};

/* What a memory instruction has accessed, for those who watch. */
struct access_note {
    unsigned space; /* RDNASIM_SPACE_*; NONE: no memory instruction, or no lane was active */
    bool store, atomic;
    uint8_t width;  /* enum width of access.h; of SMEM, nothing */
    uint8_t count;  /* addresses per lane: 2 for LDS instructions with two offsets */
    uint8_t pieces; /* of a buffer access, each at an address of its own: addresses[n], 0 for none; else 1 */
    uint32_t bytes; /* per address, or of all pieces */
    uint64_t exec;  /* before the instruction */
    struct conversion conversion;
    uint64_t addresses[4][64];
};

struct group {
    uint32_t id[3];
    uint64_t index; /* in the grid, x running fastest */
    unsigned char *lds;
    uint32_t lds_bytes;
    const struct memory *memory;
    const struct program *program;   /* the decoded kernel */
    exec_fn *const *executors;       /* of the machine */
    const struct watchers *watchers; /* of the launch */
    struct wave *waves;
    unsigned wave_count;
};

struct wave {
    u32v *v; /* registers of the half being executed: v[n] is VGPR n; half 1 follows vgpr_count later */
    uint32_t s[SREG_COUNT];
    uint32_t scc;
    uint32_t mode;
    uint32_t clock; /* what the last reading of a clock gave */
    unsigned half;  /* 0, or 1 while the upper 32 lanes of a wave64 execute */
    unsigned wave_size;
    unsigned vgpr_count, index; /* index: wave in the work-group */
    uint32_t pc;                /* dwords from the start of the code; of the instruction being executed */
    uint32_t next;              /* of the one after it; branches overwrite it */
    enum wave_state state;
    struct group *group;
    unsigned char *scratch; /* [wave_size][scratch_bytes] */
    uint32_t scratch_bytes; /* per lane */
    uint64_t code_address;  /* simulated address of dword 0, for s_getpc, s_setpc, s_swappc */
    uint32_t code_dwords;
    bool observed;       /* memory executors fill `note` */
    unsigned watch_cost; /* what watchers take of the quota for the present instruction */
    struct access_note note;
    struct shadow *shadow;        /* what strict mode knows of the wave; null without it */
    struct rdnasim_report *fault; /* where wave_fault writes; all zero until then */
};

/* EXEC and other lane masks of the half being executed. `reg` is an SGPR number (VCC, EXEC, s[n:n+1]). */
static inline uint32_t exec_mask(const struct wave *w) { return w->s[SREG_EXEC + w->half]; }

/* Scalar write that honours NULL. */
static inline void sgpr_write(struct wave *w, unsigned reg, uint32_t value) {
    if (reg != SREG_NULL) w->s[reg] = value;
}

/*
 * Stops the wave: fills its report (kernel, pc, encoding, disassembly, ids are added by the run loop) and sets
 * WAVE_FAULTED. lane is within the wave (0..63). bytes = 0 when no memory is concerned.
 */
void wave_fault(struct wave *w, rdnasim_status status, unsigned lane, uint64_t address, uint32_t bytes,
                const char *format, ...) __attribute__((format(printf, 6, 7)));

/* A memory fault whose sentence names the nearest binding. what: "load", "store", "atomic", "scalar load". */
void wave_memory_fault(struct wave *w, unsigned lane, uint64_t address, uint32_t bytes, const char *what);

/* ---- binding operations to code ------------------------------------------------------------------------ */

/*
 * Each executor file exports one function that enters its operations in the table (indexed by enum op). Vector
 * files are compiled once per SIMD level with -DSIMD=portable|avx2|avx512 and export bind_<file>_<level>.
 * An operation that nobody bound stops the run and names itself.
 */
typedef void bind_fn(exec_fn **table);
#define SIMD_NAME_(name, level)  name##_##level
#define SIMD_NAME__(name, level) SIMD_NAME_(name, level)
#define SIMD_NAME(name)          SIMD_NAME__(name, SIMD)

#endif
