/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * MUBUF and MTBUF: memory through a buffer descriptor of four SGPRs. An access outside the descriptor's range
 * is no fault: loads and atomics return 0, stores do nothing. One inside it must lie in a bound buffer like
 * any other.
 *
 *     index   = VGPR (idxen) + lane (add_tid)           offset = VGPR (offen) + immediate
 *     address = base + soffset + index * stride + offset, or the swizzled place of (index, offset)
 *
 * A raw buffer's range is shorter by soffset. Of an access of several dwords each is checked by itself.
 */
#include "access.h"
#include "buffer_format.h"
#include "executors.h"
#include "scalar.h"

enum range_check { RANGE_STRUCTURED_OFFSET, RANGE_STRUCTURED, RANGE_NONE, RANGE_RAW };

struct descriptor {
    uint64_t base;                                            /* soffset included */
    uint32_t soffset, stride, records, element, index_stride; /* element: 0 = not swizzled, else bytes */
    bool add_tid, bound;
    enum range_check check;
    unsigned format, select[4];
};

static struct descriptor descriptor(const struct wave *w, const struct inst *i) {
    const uint32_t *v = &w->s[i->src[2].reg];
    unsigned swizzle = v[1] >> 30;
    uint32_t soffset = scalar_read32(w, &i->src[3]);
    struct descriptor d = {
        .base = (v[0] | (uint64_t)(v[1] & 0xffff) << 32) + soffset,
        .soffset = soffset,
        .stride = v[1] >> 16 & 0x3fff,
        .records = v[2],
        .element = swizzle ? 2u << swizzle : 0,
        .index_stride = 8u << (v[3] >> 21 & 3),
        .add_tid = v[3] >> 23 & 1,
        .bound = v[3] >> 12 & 63 || v[3] >> 23 & 1,
        .check = (enum range_check)(v[3] >> 28 & 3),
        .format = i->format == FMT_MTBUF ? i->mtbuf_format : v[3] >> 12 & 63,
    };
    for (unsigned n = 0; n < 4; n++) d.select[n] = v[3] >> 3 * n & 7;
    return d;
}

/* One lane's index and offset in the buffer. Offsets add without a limit: a negative one in a register stays
 * out of range, whatever the instruction adds, as LLVM's code generator warns. */
struct spot {
    uint32_t index;
    uint64_t offset;
};

static struct spot spot(struct wave *w, const struct inst *i, const struct descriptor *d, unsigned lane) {
    struct spot s = {0, (uint64_t)i->offset};
    unsigned reg = i->src[0].reg;
    if (i->idxen) s.index = vgpr(w, reg++)[lane];
    if (i->offen) s.offset += vgpr(w, reg)[lane];
    if (d->add_tid) s.index += lane + LANES * w->half;
    return s;
}

static bool inside(const struct descriptor *d, struct spot s, uint32_t bytes) {
    switch (d->check) {
    case RANGE_STRUCTURED_OFFSET: return s.index < d->records && s.offset + bytes <= d->stride;
    case RANGE_STRUCTURED: return s.index < d->records;
    case RANGE_NONE: return d->records != 0;
    case RANGE_RAW: break;
    }
    if (d->element && d->stride) return s.index < d->records && s.offset + bytes <= d->stride;
    return (uint64_t)d->soffset + (uint64_t)s.index * d->stride + s.offset + bytes <= d->records;
}

static uint64_t place(const struct descriptor *d, struct spot s) {
    if (!d->element) return d->base + (uint64_t)s.index * d->stride + s.offset;
    uint32_t row = s.index / d->index_stride, column = s.index % d->index_stride;
    uint64_t piece = s.offset / d->element, rest = s.offset % d->element;
    return d->base + ((uint64_t)row * d->stride + piece * d->element) * d->index_stride +
           (uint64_t)column * d->element + rest;
}

/* ---- resolving all lanes before any is served ----------------------------------------------------- */

enum { PIECES_MAX = 4 };

/* Host pointers of each lane's pieces of `bytes` bytes; null where the descriptor's range ends. */
struct resolved {
    uint32_t mask;
    unsigned char *p[LANES][PIECES_MAX];
};

static bool usable(struct wave *w, const struct inst *i, const struct descriptor *d) {
    if (i->tfe)
        wave_fault(w, RDNASIM_UNSUPPORTED, 0, 0, 0, "buffer instructions with tfe are not modelled");
    else if (!d->bound)
        wave_fault(
            w, RDNASIM_ILLEGAL, 0, 0, 0,
            "the buffer's descriptor has format 0, which means unbound: loads would give zeros, stores "
            "do nothing; a format from 1 to 63 binds it");
    else
        return true;
    return false;
}

/* False after a fault. total: bytes of the whole access, in pieces of `bytes` that are checked one by one. */
static bool resolve(struct wave *w, const struct inst *i, const struct descriptor *d, uint32_t bytes,
                    uint32_t total, unsigned access, const char *what, struct resolved *r) {
    if (!usable(w, i, d)) return false;
    bool atomic = what[0] == 'a';
    uint64_t addresses[PIECES_MAX][LANES] = {{0}};
    r->mask = exec_mask(w);
    FOR_ACTIVE(l, r->mask) {
        struct spot s = spot(w, i, d, l);
        for (uint32_t n = 0; n < total / bytes; n++) {
            struct spot at = {s.index, s.offset + n * bytes};
            uint64_t address = place(d, at);
            unsigned lane = l + LANES * w->half;
            r->p[l][n] = NULL;
            if (!inside(d, at, bytes)) continue;
            if (atomic && address % bytes) {
                wave_fault(w, RDNASIM_MEMORY_FAULT, lane, address, bytes,
                           "atomic on %u bytes is not aligned to its size", bytes);
                return false;
            }
            r->p[l][n] = memory_at(w->group->memory, address, bytes, access);
            if (!r->p[l][n]) {
                wave_memory_fault(w, lane, address, bytes, what);
                return false;
            }
            addresses[n][l] = address;
        }
    }
    if (w->observed) {
        enum width width = total == 16   ? WIDTH_128
                           : total == 12 ? WIDTH_96
                           : total == 8  ? WIDTH_64
                           : total == 4  ? WIDTH_32
                           : total == 2  ? WIDTH_U16
                                         : WIDTH_U8;
        for (uint32_t n = total / bytes; n--;)
            note_access(w, RDNASIM_SPACE_GLOBAL, access & RDNASIM_WRITE, atomic, width, n, addresses[n]);
        w->note.count = 1;
        w->note.pieces = (uint8_t)(total / bytes);
    }
    return true;
}

static inline void load(struct wave *w, const struct inst *i, enum width width) {
    struct descriptor d = descriptor(w, i);
    struct resolved r;
    uint32_t total = width_bytes(width), bytes = total < 4 ? total : 4;
    if (!resolve(w, i, &d, bytes, total, RDNASIM_READ, "load", &r)) return;
    if (w->observed) w->note.width = (uint8_t)width;
    FOR_ACTIVE(l, r.mask) {
        unsigned char data[16] = {0};
        for (uint32_t n = 0; n < total / bytes; n++)
            if (r.p[l][n]) memcpy(data + n * bytes, r.p[l][n], bytes);
        load_lane(w, i->dst.reg, l, data, width);
    }
}

static inline void store(struct wave *w, const struct inst *i, enum width width) {
    struct descriptor d = descriptor(w, i);
    struct resolved r;
    uint32_t total = width_bytes(width), bytes = total < 4 ? total : 4;
    if (!resolve(w, i, &d, bytes, total, RDNASIM_WRITE, "store", &r)) return;
    if (w->observed) w->note.width = (uint8_t)width;
    FOR_ACTIVE(l, r.mask) {
        unsigned char data[16];
        store_lane(w, i->src[1].reg, l, data, width);
        for (uint32_t n = 0; n < total / bytes; n++)
            if (r.p[l][n]) memcpy(r.p[l][n], data + n * bytes, bytes);
    }
}

static void atomic(struct wave *w, const struct inst *i, const struct atomic *operation, bool two) {
    struct descriptor d = descriptor(w, i);
    struct resolved r;
    unsigned bits = operation->bits, reg = i->src[1].reg;
    if (!resolve(w, i, &d, bits / 8, bits / 8, RDNASIM_READ | RDNASIM_WRITE, "atomic", &r)) return;
    FOR_ACTIVE(l, r.mask) {
        uint64_t data = lane_data(w, reg, l, bits), data2 = two ? lane_data(w, reg + bits / 32, l, bits) : 0;
        uint64_t old = r.p[l][0] ? atomic_apply(r.p[l][0], operation, data, data2, w->mode) : 0;
        if (i->dst.kind != OPND_NONE) lane_result(w, i->dst.reg, l, bits, old);
    }
}

/* ---- formatted: components are converted on the way ----------------------------------------------- */

/* The format's layout, or null after a fault. */
static const struct buffer_format *format_of(struct wave *w, const struct descriptor *d) {
    const struct buffer_format *f = buffer_format(d->format);
    if (!f) wave_fault(w, RDNASIM_ILLEGAL, 0, 0, 0, "%u is no format of a buffer", d->format);
    return f;
}

/*
 * d16: 16-bit results, two to a register; hi: the only one goes to the upper half. Instructions with their
 * own format ignore which components the descriptor selects; a selected one is 1 out of range too.
 */
static void load_format(struct wave *w, const struct inst *i, unsigned count, bool d16, bool hi) {
    struct descriptor d = descriptor(w, i);
    const struct buffer_format *f = format_of(w, &d);
    struct resolved r;
    if (!f || !resolve(w, i, &d, f->bytes, f->bytes, RDNASIM_READ, "load", &r)) return;
    unsigned select[4]; /* 0, 1, reserved, reserved, x, y, z, w */
    struct conversion conversion = {f, (uint8_t)count, {0}, d16, hi};
    for (unsigned n = 0; n < count; n++) {
        select[n] = i->format != FMT_MTBUF ? d.select[n] : n < f->count ? 4 + n : 0;
        conversion.source[n] = (uint8_t)(select[n] >= 4 ? select[n] - 3 : 0);
    }
    w->note.conversion = conversion;
    FOR_ACTIVE(l, r.mask) {
        uint32_t texel[4], one = buffer_format_one(f), results[4] = {0};
        const unsigned char *at = r.p[l][0];
        if (at) buffer_format_read(f, at, texel);
        for (unsigned n = 0; n < count; n++) {
            unsigned from = select[n];
            if (from == 1 || (from >= 4 && at)) results[n] = from == 1 ? one : texel[from - 4];
        }
        for (unsigned n = 0; n < count; n++) {
            if (!d16) {
                vgpr(w, i->dst.reg + n)[l] = results[n];
                continue;
            }
            uint32_t *to = &vgpr(w, i->dst.reg + n / 2)[l], half = buffer_format_to_16(f, results[n]);
            bool upper = hi || n % 2;
            *to = upper ? (*to & 0xffff) | half << 16 : (*to & 0xffff0000) | half;
        }
    }
}

static void store_format(struct wave *w, const struct inst *i, unsigned count, bool d16, bool hi) {
    struct descriptor d = descriptor(w, i);
    const struct buffer_format *f = format_of(w, &d);
    struct resolved r;
    if (!f) return;
    if (count < f->count) {
        wave_fault(w, RDNASIM_UNSUPPORTED, 0, 0, 0, "storing %u components to a format of %u is not modelled",
                   count, f->count);
        return;
    }
    if (!resolve(w, i, &d, f->bytes, f->bytes, RDNASIM_WRITE, "store", &r)) return;
    w->note.conversion = (struct conversion){f, f->count, {1, 2, 3, 4}, d16, hi};
    FOR_ACTIVE(l, r.mask) {
        uint32_t texel[4] = {0};
        for (unsigned n = 0; n < count; n++) {
            uint32_t value = vgpr(w, i->src[1].reg + (d16 ? n / 2 : n))[l];
            texel[n] = d16 ? buffer_format_from_16(f, (uint16_t)(value >> (hi || n % 2 ? 16 : 0))) : value;
        }
        if (r.p[l][0]) buffer_format_write(f, texel, r.p[l][0]);
    }
}

/* ---- one function per operation ------------------------------------------------------------------- */

/* clang-format off */
#define FORMATS(X) /* name behind load_ and store_, components, 16-bit, upper half */ \
    X(format_x, 1, false, false) X(format_xy, 2, false, false) X(format_xyz, 3, false, false) \
    X(format_xyzw, 4, false, false) X(d16_format_x, 1, true, false) X(d16_format_xy, 2, true, false) \
    X(d16_format_xyz, 3, true, false) X(d16_format_xyzw, 4, true, false)
/* clang-format on */

#define LOAD(name, width)                                                                                    \
    static void buffer_##name(struct wave *w, const struct inst *i) { load(w, i, width); }
#define STORE(name, width)                                                                                   \
    static void buffer_##name(struct wave *w, const struct inst *i) { store(w, i, width); }
#define ATOMIC(name, two)                                                                                    \
    static void buffer_atomic_##name(struct wave *w, const struct inst *i) {                                 \
        atomic(w, i, &atomic_##name, two);                                                                   \
    }
#define FORMAT(name, count, d16, hi)                                                                         \
    static void buffer_load_##name(struct wave *w, const struct inst *i) {                                   \
        load_format(w, i, count, d16, hi);                                                                   \
    }                                                                                                        \
    static void buffer_store_##name(struct wave *w, const struct inst *i) {                                  \
        store_format(w, i, count, d16, hi);                                                                  \
    }
MEMORY_LOADS(LOAD)
MEMORY_STORES(STORE)
MEMORY_ATOMICS(ATOMIC)
ATOMIC(csub_u32, false)
FORMATS(FORMAT)
FORMAT(d16_hi_format_x, 1, true, true)

/* Caches are not modelled functionally. */
static void buffer_inv(struct wave *w, const struct inst *i) { (void)w, (void)i; }

void bind_buffer(exec_fn **table) {
#define BIND_WIDTH(name, width) table[OP_buffer_##name] = buffer_##name;
#define BIND_ATOMIC(name, two)  table[OP_buffer_atomic_##name] = buffer_atomic_##name;
#define BIND_FORMAT(name, count, d16, hi)                                                                    \
    table[OP_buffer_load_##name] = table[OP_tbuffer_load_##name] = buffer_load_##name;                       \
    table[OP_buffer_store_##name] = table[OP_tbuffer_store_##name] = buffer_store_##name;
    MEMORY_LOADS(BIND_WIDTH)
    MEMORY_STORES(BIND_WIDTH)
    MEMORY_ATOMICS(BIND_ATOMIC)
    BIND_ATOMIC(csub_u32, false)
    FORMATS(BIND_FORMAT)
    table[OP_buffer_load_d16_hi_format_x] = buffer_load_d16_hi_format_x;
    table[OP_buffer_store_d16_hi_format_x] = buffer_store_d16_hi_format_x;
    table[OP_buffer_gl0_inv] = buffer_inv;
    table[OP_buffer_gl1_inv] = buffer_inv;
}
