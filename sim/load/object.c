/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Loads code objects: ELF segments to one range of simulated memory, relocations, and one kernel for every
 * entry of the metadata. The input is not trusted: what is used is checked first.
 */
#include <elf.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "machine/simulator.h"
#include "metadata.h"
#include "symbols.h"

enum { /* of the AMDGPU ELF that <elf.h> need not know */
       AMDGPU_OSABI_HSA = 64,
       AMDGPU_ABI_COV4 = 2,
       AMDGPU_ABI_COV6 = 4,
       AMDGPU_FLAG_MACH = 0xff,
       AMDGPU_NOTE_METADATA = 32
};
enum { DESCRIPTOR_BYTES = 64, CODE_ALIGNMENT = 256 };
enum { PROPERTY_WAVE32 = 1 << 10, PROPERTIES_SUPPORTED = 0xc5e };
#define IMAGE_LIMIT (UINT64_C(256) << 20)

struct loader {
    rdnasim_object *object;
    Elf *elf;
    const unsigned char *file;
    size_t file_bytes;
    uint64_t low, high;              /* virtual addresses covered by the image */
    uint64_t code_start, code_bytes; /* the executable segment, as a virtual address */
    bool writable;
    struct section_budget sections;
    rdnasim_report *report;
};

#define REFUSE_IF(condition, ...) REPORT_IF(condition, l->report, RDNASIM_BAD_OBJECT, __VA_ARGS__)

static rdnasim_status check_header(struct loader *l) {
    static const char bundle[] = "__CLANG_OFFLOAD_BUNDLE__", compressed_bundle[] = "CCOB";
    REFUSE_IF(
        (l->file_bytes >= sizeof bundle - 1 && !memcmp(l->file, bundle, sizeof bundle - 1)) ||
            (l->file_bytes >= 4 && !memcmp(l->file, compressed_bundle, 4)),
        "this is an offload bundle: extract the code object of one target with clang-offload-bundler first");
    REFUSE_IF(l->file_bytes < sizeof(Elf64_Ehdr) || memcmp(l->file, ELFMAG, SELFMAG) != 0,
              "not an ELF file (%zu bytes)", l->file_bytes);
    GElf_Ehdr header;
    REFUSE_IF(!gelf_getehdr(l->elf, &header), "damaged ELF header: %s", elf_errmsg(-1));
    REFUSE_IF(header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
                  header.e_machine != EM_AMDGPU,
              "not a 64-bit little-endian AMDGPU ELF (e_machine is %u, expected %u)", header.e_machine,
              EM_AMDGPU);
    REFUSE_IF(header.e_type != ET_DYN, "ELF type %u is not a linked code object (ET_DYN)", header.e_type);
    unsigned abi = header.e_ident[EI_ABIVERSION];
    REFUSE_IF(header.e_ident[EI_OSABI] != AMDGPU_OSABI_HSA || abi < AMDGPU_ABI_COV4 || abi > AMDGPU_ABI_COV6,
              "OS ABI %u version %u is not amdhsa with code object version 4, 5 or 6",
              header.e_ident[EI_OSABI], abi);
    unsigned mach = header.e_flags & AMDGPU_FLAG_MACH;
    const struct target *target = target_from_mach(mach);
    const rdnasim *sim = l->object->sim;
    REFUSE_IF(!target, "built for an unknown target (e_flags 0x%x), this machine is %s", header.e_flags,
              sim->target->facts.name);
    REFUSE_IF(target != sim->target, "built for %s, this machine is %s", target->facts.name,
              sim->target->facts.name);
    return RDNASIM_OK;
}

/* Finds the range of addresses and the executable segment. */
static rdnasim_status measure_segments(struct loader *l, size_t count) {
    uint64_t relro_start = 0, relro_end = 0;
    GElf_Phdr p;
    for (size_t n = 0; n < count; n++)
        if (gelf_getphdr(l->elf, (int)n, &p) && p.p_type == PT_GNU_RELRO) {
            relro_start = p.p_vaddr;
            relro_end = p.p_vaddr + p.p_memsz;
        }
    for (size_t n = 0; n < count; n++) {
        REFUSE_IF(!gelf_getphdr(l->elf, (int)n, &p), "program header %zu is damaged", n);
        if (p.p_type != PT_LOAD || !p.p_memsz) continue;
        REFUSE_IF(p.p_offset > l->file_bytes || p.p_filesz > l->file_bytes - p.p_offset,
                  "segment %zu (offset %" PRIu64 ", %" PRIu64 " bytes) ends outside the file (%zu bytes)", n,
                  p.p_offset, p.p_filesz, l->file_bytes);
        REFUSE_IF(p.p_filesz > p.p_memsz || p.p_vaddr > IMAGE_LIMIT || p.p_memsz > IMAGE_LIMIT,
                  "segment %zu (address 0x%" PRIx64 ", %" PRIu64 " bytes in memory, %" PRIu64
                  " in the file) is contradictory or larger than %" PRIu64 " bytes",
                  n, p.p_vaddr, p.p_memsz, p.p_filesz, IMAGE_LIMIT);
        REFUSE_IF(l->high && p.p_vaddr < l->high, "segment %zu overlaps or precedes the one before", n);
        if (!l->high) l->low = p.p_vaddr & ~UINT64_C(4095);
        l->high = p.p_vaddr + p.p_memsz;
        if (p.p_flags & PF_W && (p.p_vaddr < relro_start || l->high > relro_end)) l->writable = true;
        if (!(p.p_flags & PF_X)) continue;
        REFUSE_IF(l->code_bytes, "more than one executable segment");
        REFUSE_IF(p.p_filesz < 4 || p.p_vaddr % 4,
                  "the executable segment is empty or not aligned to 4 bytes");
        l->code_start = p.p_vaddr;
        l->code_bytes = p.p_filesz & ~UINT64_C(3);
    }
    REFUSE_IF(!l->code_bytes, "no executable segment");
    return RDNASIM_OK;
}

static rdnasim_status load_segments(struct loader *l) {
    size_t count;
    REFUSE_IF(elf_getphdrnum(l->elf, &count) != 0, "damaged program headers: %s", elf_errmsg(-1));
    rdnasim_status status = measure_segments(l, count);
    if (status) return status;
    rdnasim_object *o = l->object;
    o->image = calloc(1, l->high - l->low);
    o->code = malloc(l->code_bytes);
    REPORT_IF(!o->image || !o->code, l->report, RDNASIM_OUT_OF_MEMORY,
              "out of memory for a code object of %" PRIu64 " bytes", l->high - l->low);
    for (size_t n = 0; n < count; n++) {
        GElf_Phdr p;
        if (!gelf_getphdr(l->elf, (int)n, &p) || p.p_type != PT_LOAD || !p.p_memsz) continue;
        memcpy(o->image + (p.p_vaddr - l->low), l->file + p.p_offset, p.p_filesz);
    }
    return RDNASIM_OK;
}

/* Whether [address, address + bytes) is in the image. */
static bool in_image(const struct loader *l, uint64_t address, uint64_t bytes) {
    return address >= l->low && address <= l->high && bytes <= l->high - address;
}

/* ---- symbols and relocations --------------------------------------------------------------------------- */

enum { /* as numbered by the AMDGPU ABI */
       R_AMDGPU_NONE = 0,
       R_AMDGPU_ABS32_LO = 1,
       R_AMDGPU_ABS32_HI = 2,
       R_AMDGPU_ABS64 = 3,
       R_AMDGPU_REL32 = 4,
       R_AMDGPU_REL64 = 5,
       R_AMDGPU_ABS32 = 6,
       R_AMDGPU_REL32_LO = 10,
       R_AMDGPU_REL32_HI = 11,
       R_AMDGPU_RELATIVE64 = 13
};

/* What a relocation stores: S + A, less the place if relative, shifted right, in 4 or 8 bytes. */
static const struct relocation {
    bool known, symbol, relative;
    unsigned shift, bytes;
} relocations[] = {
    [R_AMDGPU_NONE] = {.known = true},
    [R_AMDGPU_ABS32_LO] = {true, true, false, 0, 4},
    [R_AMDGPU_ABS32_HI] = {true, true, false, 32, 4},
    [R_AMDGPU_ABS64] = {true, true, false, 0, 8},
    [R_AMDGPU_REL32] = {true, true, true, 0, 4},
    [R_AMDGPU_REL64] = {true, true, true, 0, 8},
    [R_AMDGPU_ABS32] = {true, true, false, 0, 4},
    [R_AMDGPU_REL32_LO] = {true, true, true, 0, 4},
    [R_AMDGPU_REL32_HI] = {true, true, true, 32, 4},
    [R_AMDGPU_RELATIVE64] = {true, false, false, 0, 8},
};

static rdnasim_status relocate_one(struct loader *l, const GElf_Rela *rela, Elf_Data *symbols,
                                   const GElf_Shdr *symbols_header) {
    uint64_t type = GELF_R_TYPE(rela->r_info), index = GELF_R_SYM(rela->r_info);
    const struct relocation *r = type < sizeof relocations / sizeof relocations[0] && relocations[type].known
                                     ? &relocations[type]
                                     : NULL;
    REPORT_IF(!r, l->report, RDNASIM_UNSUPPORTED,
              "relocation type %" PRIu64 " at 0x%" PRIx64 " is not supported", type, rela->r_offset);
    if (!r->bytes) return RDNASIM_OK;
    REFUSE_IF(!in_image(l, rela->r_offset, r->bytes), "relocation at 0x%" PRIx64 " is outside every segment",
              rela->r_offset);
    uint64_t bias = l->object->address - l->low; /* simulated address = virtual address + bias */
    uint64_t value = bias + (uint64_t)rela->r_addend;
    if (r->symbol) {
        GElf_Sym symbol;
        REFUSE_IF(!symbols || index > INT32_MAX || !gelf_getsym(symbols, (int)index, &symbol),
                  "relocation at 0x%" PRIx64 " refers to symbol %" PRIu64 ", which does not exist",
                  rela->r_offset, index);
        if (symbol.st_shndx == SHN_UNDEF) {
            const char *name = elf_strptr(l->elf, symbols_header->sh_link, symbol.st_name);
            REFUSE_IF(true, "undefined symbol %.200s", name ? name : "(unnamed)");
        }
        value += symbol.st_value;
    }
    if (r->relative) value -= rela->r_offset + bias;
    value >>= r->shift;
    memcpy(l->object->image + (rela->r_offset - l->low), &value, r->bytes);
    return RDNASIM_OK;
}

static rdnasim_status relocate(struct loader *l) {
    for (Elf_Scn *section = elf_nextscn(l->elf, NULL); section; section = elf_nextscn(l->elf, section)) {
        GElf_Shdr header, symbols_header = {0};
        if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC)) continue;
        REFUSE_IF(header.sh_type == SHT_REL,
                  "relocations without addends (SHT_REL) do not belong in AMDGPU code");
        if (header.sh_type != SHT_RELA) continue;
        Elf_Data *data = section_data(&l->sections, section);
        REFUSE_IF(!data, "damaged relocation section, or sections that share their bytes");
        Elf_Scn *symbols_section = elf_getscn(l->elf, header.sh_link);
        Elf_Data *symbols = NULL;
        if (symbols_section && gelf_getshdr(symbols_section, &symbols_header) &&
            (symbols_header.sh_type == SHT_DYNSYM || symbols_header.sh_type == SHT_SYMTAB))
            symbols = section_data(&l->sections, symbols_section);
        int count = (int)(data->d_size / sizeof(Elf64_Rela));
        for (int n = 0; n < count; n++) {
            GElf_Rela rela;
            REFUSE_IF(!gelf_getrela(data, n, &rela), "relocation %d is damaged", n);
            rdnasim_status status = relocate_one(l, &rela, symbols, &symbols_header);
            if (status) return status;
        }
    }
    return RDNASIM_OK;
}

/* ---- kernels ------------------------------------------------------------------------------------------- */

static rdnasim_status read_metadata(struct loader *l) {
    size_t count = 0, left = l->file_bytes;
    elf_getphdrnum(l->elf, &count);
    for (size_t n = 0; n < count; n++) {
        GElf_Phdr p;
        if (!gelf_getphdr(l->elf, (int)n, &p) || p.p_type != PT_NOTE) continue;
        REFUSE_IF(p.p_offset > l->file_bytes || p.p_filesz > l->file_bytes - p.p_offset,
                  "the note segment ends outside the file");
        REFUSE_IF(p.p_filesz > left, "note segments share their bytes");
        left -= p.p_filesz;
        Elf_Data *data = elf_getdata_rawchunk(l->elf, (int64_t)p.p_offset, p.p_filesz,
                                              p.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
        REFUSE_IF(!data, "damaged notes: %s", elf_errmsg(-1));
        GElf_Nhdr note;
        size_t name, description;
        for (size_t at = 0; (at = gelf_getnote(data, at, &note, &name, &description)) > 0;) {
            const char *bytes = data->d_buf;
            if (note.n_type != AMDGPU_NOTE_METADATA || note.n_namesz != 7 ||
                memcmp(bytes + name, "AMDGPU", 7) != 0)
                continue;
            return metadata_read(bytes + description, note.n_descsz, &l->object->metadata, l->report);
        }
    }
    REFUSE_IF(true, "no AMDGPU metadata note (is this a code object of version 3 or later?)");
}

static uint32_t read_u32(const unsigned char *p) {
    uint32_t value;
    memcpy(&value, p, 4);
    return value;
}

/* Checks a kernel descriptor against what this machine can do and against the metadata. */
static rdnasim_status check_descriptor(const struct loader *l, const rdnasim_kernel_info *info,
                                       const struct descriptor *d, const unsigned char *bytes) {
    static const struct {
        unsigned property, sgprs;
    } user_registers[] = {{1, 2}, {2, 2}, {3, 2}, {4, 2}, {6, 1}};
    const char *name = info->name;
    uint32_t lds = read_u32(bytes), scratch = read_u32(bytes + 4), rsrc3 = read_u32(bytes + 44);
    uint32_t preload = read_u32(bytes + 56) >> 16;
    REFUSE_IF(lds != info->lds_bytes || scratch != info->scratch_bytes,
              "kernel %.200s: the descriptor states %" PRIu32 " bytes of LDS and %" PRIu32
              " of scratch, the metadata "
              "%" PRIu32 " and %" PRIu32,
              name, lds, scratch, info->lds_bytes, info->scratch_bytes);
    uint32_t wave_size = d->properties & PROPERTY_WAVE32 ? 32 : 64;
    REFUSE_IF(wave_size != info->wave_size,
              "kernel %.200s: the descriptor says wave%" PRIu32 ", the metadata wave%" PRIu32, name,
              wave_size, info->wave_size);
    REPORT_IF(preload, l->report, RDNASIM_UNSUPPORTED,
              "kernel %.200s wants kernel arguments preloaded (0x%" PRIx32 "), which gfx11 cannot do", name,
              preload);
    REPORT_IF(d->properties & ~(unsigned)PROPERTIES_SUPPORTED, l->report, RDNASIM_UNSUPPORTED,
              "kernel %.200s: properties 0x%" PRIx32 " has bits that gfx11 does not support (0x%x are)", name,
              d->properties, PROPERTIES_SUPPORTED);
    REPORT_IF(rsrc3 & 15, l->report, RDNASIM_UNSUPPORTED,
              "kernel %.200s uses VGPRs shared between the halves of a wave64", name);
    REPORT_IF(d->rsrc2 >> 24 & 0x7f, l->report, RDNASIM_UNSUPPORTED,
              "kernel %.200s enables floating-point traps", name);
    unsigned sgprs = 0, stated = d->rsrc2 >> 1 & 31;
    for (size_t n = 0; n < sizeof user_registers / sizeof user_registers[0]; n++)
        if (d->properties >> user_registers[n].property & 1) sgprs += user_registers[n].sgprs;
    REFUSE_IF(sgprs > stated, "kernel %.200s: %u user SGPRs do not fit the stated count of %u", name, sgprs,
              stated);
    return RDNASIM_OK;
}

static rdnasim_status load_kernel(struct loader *l, const struct symbols *symbols,
                                  const struct kernel_metadata *m, rdnasim_kernel *k) {
    rdnasim_object *o = l->object;
    const char *name = m->info.name;
    k->object = o;
    k->info = m->info;
    const struct symbol *symbol = symbols_find(symbols, m->symbol);
    REFUSE_IF(!symbol, "kernel %.200s: its descriptor %.200s is not in the symbol table", name, m->symbol);
    uint64_t at = symbol->value;
    REFUSE_IF(at % DESCRIPTOR_BYTES || !in_image(l, at, DESCRIPTOR_BYTES),
              "kernel %.200s: its descriptor at 0x%" PRIx64
              " is outside the segments or not aligned to %d bytes",
              name, at, DESCRIPTOR_BYTES);
    const unsigned char *bytes = o->image + (at - l->low);
    k->descriptor.rsrc1 = read_u32(bytes + 48);
    k->descriptor.rsrc2 = read_u32(bytes + 52);
    k->descriptor.properties = read_u32(bytes + 56) & 0xffff;
    rdnasim_status status = check_descriptor(l, &k->info, &k->descriptor, bytes);
    if (status) return status;

    uint64_t entry_offset;
    memcpy(&entry_offset, bytes + 16, 8);
    uint64_t entry = at + entry_offset; /* the offset is signed; the sum wraps to the right address */
    REFUSE_IF(entry % CODE_ALIGNMENT || entry < l->code_start || entry - l->code_start >= l->code_bytes,
              "kernel %.200s: its entry 0x%" PRIx64 " is outside the code or not aligned to %d bytes", name,
              entry, CODE_ALIGNMENT);
    uint64_t left = l->code_bytes - (entry - l->code_start);
    symbol = symbols_find(symbols, name);
    bool sized = symbol && symbol->value == entry && symbol->size && symbol->size <= left;
    k->info.code_bytes = (uint32_t)(sized ? symbol->size : left);
    if (!k->info.max_block) k->info.max_block = 1024;

    k->info.target = rdnasim_object_target(o);
    k->info.wgp_mode = k->descriptor.rsrc1 >> 29 & 1;
    unsigned granule = k->info.wave_size == 32 ? 8 : 4;
    unsigned vgprs = ((k->descriptor.rsrc1 & 63) + 1) * granule;
    k->program = program_create(o, (uint32_t)((entry - l->code_start) / 4), vgprs < 256 ? vgprs : 256,
                                k->info.wave_size);
    REPORT_IF(!k->program, l->report, RDNASIM_OUT_OF_MEMORY, "out of memory for kernel %.200s", name);
    return RDNASIM_OK;
}

static int compare_entries(const void *a, const void *b) {
    uint32_t x = program_entry((*(const rdnasim_kernel *const *)a)->program),
             y = program_entry((*(const rdnasim_kernel *const *)b)->program);
    return (x > y) - (x < y);
}

/* A kernel's code ends at the latest where the next one begins, so that all of it is no more than the file
 * has. */
static rdnasim_status limit_code(struct loader *l) {
    rdnasim_object *o = l->object;
    rdnasim_kernel **order = malloc((o->kernel_count + 1) * sizeof *order);
    REPORT_IF(!order, l->report, RDNASIM_OUT_OF_MEMORY, "out of memory for %zu kernels", o->kernel_count);
    for (size_t n = 0; n < o->kernel_count; n++) order[n] = &o->kernels[n];
    qsort(order, o->kernel_count, sizeof *order, compare_entries);
    uint32_t next = o->code_dwords;
    for (size_t n = o->kernel_count; n-- > 0;) {
        uint32_t entry = program_entry(order[n]->program), room = (next - entry) * 4;
        if (order[n]->info.code_bytes > room) order[n]->info.code_bytes = room;
        if (n && program_entry(order[n - 1]->program) != entry) next = entry;
    }
    free(order);
    return RDNASIM_OK;
}

static rdnasim_status load_kernels(struct loader *l) {
    rdnasim_object *o = l->object;
    rdnasim_status status = read_metadata(l);
    if (status) return status;
    o->kernels = calloc(o->metadata->kernel_count + 1, sizeof *o->kernels);
    REPORT_IF(!o->kernels, l->report, RDNASIM_OUT_OF_MEMORY, "out of memory for %zu kernels",
              o->metadata->kernel_count);
    struct symbols symbols;
    status = symbols_read(&symbols, l->elf, o->metadata, &l->sections, l->report);
    for (size_t n = 0; n < o->metadata->kernel_count && !status; n++)
        status = load_kernel(l, &symbols, &o->metadata->kernels[n], &o->kernels[o->kernel_count++]);
    symbols_free(&symbols);
    return status ? status : limit_code(l);
}

/* Variables that lie in the image. */
static rdnasim_status load_variables(struct loader *l) {
    rdnasim_object *o = l->object;
    o->variables = calloc(1, sizeof *o->variables);
    REPORT_IF(!o->variables, l->report, RDNASIM_OUT_OF_MEMORY, "out of memory for a code object");
    rdnasim_status status = variables_read(o->variables, l->elf, &l->sections, l->report);
    if (status) return status;
    size_t kept = 0;
    for (size_t n = 0; n < o->variables->count; n++) {
        struct symbol *row = &o->variables->rows[n];
        if (in_image(l, row->value, row->size)) {
            row->value = o->address + (row->value - l->low);
            o->variables->rows[kept++] = *row;
        } else {
            free((char *)row->name);
        }
    }
    o->variables->count = kept;
    return RDNASIM_OK;
}

/* ---- public calls -------------------------------------------------------------------------------------- */

static rdnasim_status load(struct loader *l) {
    rdnasim_object *o = l->object;
    rdnasim_status status;
    if ((status = check_header(l)) || (status = load_segments(l)) ||
        (status = memory_bind(&o->sim->memory, o->image, l->high - l->low,
                              RDNASIM_READ | (l->writable ? RDNASIM_WRITE : 0), "code object", &o->address,
                              l->report)) ||
        (status = relocate(l)))
        return status;
    memcpy(o->code, o->image + (l->code_start - l->low), l->code_bytes);
    o->code_dwords = (uint32_t)(l->code_bytes / 4);
    o->code_address = o->address + (l->code_start - l->low);
    if ((status = load_kernels(l)) || (status = load_variables(l))) return status;
    o->lines = lines_read(l->elf, l->code_start, l->code_bytes, &l->sections);
    REPORT_IF(!o->lines, l->report, RDNASIM_OUT_OF_MEMORY, "out of memory for the lines of a code object");
    return RDNASIM_OK;
}

static void free_object(rdnasim_object *o) {
    if (o->address) memory_unbind(&o->sim->memory, o->address);
    for (size_t n = 0; n < o->kernel_count; n++) program_destroy(o->kernels[n].program);
    free(o->kernels);
    metadata_free(o->metadata);
    if (o->variables) variables_free(o->variables);
    free(o->variables);
    lines_free(o->lines);
    free(o->code);
    free(o->image);
    free(o);
}

rdnasim_status rdnasim_load(rdnasim *sim, const void *elf, size_t bytes, rdnasim_object **out,
                            rdnasim_report *report) {
    report_clear(report);
    REPORT_IF(!sim || !elf || !out, report, RDNASIM_INVALID_ARGUMENT,
              "rdnasim_load: sim, elf and out must not be null");
    *out = NULL;
    /* libelf wants aligned memory that it may write to */
    char *copy = malloc(bytes + 1);
    rdnasim_object *o = calloc(1, sizeof *o);
    if (!copy || !o) {
        free(copy);
        free(o);
        return report_fail(report, RDNASIM_OUT_OF_MEMORY, "out of memory for a code object of %zu bytes",
                           bytes);
    }
    memcpy(copy, elf, bytes);
    o->sim = sim;
    elf_version(EV_CURRENT);
    elf_errno(); /* forget older ones */
    struct loader l = {.object = o,
                       .elf = elf_memory(copy, bytes),
                       .file = (const unsigned char *)copy,
                       .file_bytes = bytes,
                       .sections = {4 * (uint64_t)bytes},
                       .report = report};
    pthread_mutex_lock(&sim->lock);
    rdnasim_status status = load(&l);
    int elf_code = elf_errno();
    if (status == RDNASIM_BAD_OBJECT && elf_code && strcmp(elf_errmsg(elf_code), "out of memory") == 0)
        status = report_fail(report, RDNASIM_OUT_OF_MEMORY, "out of memory for a code object");
    if (status) {
        free_object(o);
    } else {
        o->next = sim->objects;
        sim->objects = o;
        *out = o;
    }
    pthread_mutex_unlock(&sim->lock);
    elf_end(l.elf);
    free(copy);
    return status;
}

void rdnasim_unload(rdnasim_object *object) {
    if (!object) return;
    rdnasim *sim = object->sim;
    pthread_mutex_lock(&sim->lock);
    rdnasim_object **link = &sim->objects;
    while (*link != object) link = &(*link)->next;
    *link = object->next;
    free_object(object);
    pthread_mutex_unlock(&sim->lock);
}

const char *rdnasim_object_target(const rdnasim_object *object) { return object->sim->target->facts.name; }

size_t rdnasim_object_kernels(const rdnasim_object *object) { return object->kernel_count; }

const rdnasim_kernel *rdnasim_object_kernel(const rdnasim_object *object, size_t index) {
    return index < object->kernel_count ? &object->kernels[index] : NULL;
}

const rdnasim_kernel *rdnasim_find_kernel(const rdnasim_object *object, const char *name) {
    const struct kernel_metadata *found = metadata_find(object->metadata, name);
    return found ? &object->kernels[found - object->metadata->kernels] : NULL;
}

int rdnasim_find_variable(const rdnasim_object *object, const char *name, uint64_t *address,
                          uint64_t *bytes) {
    const struct symbol *found = object && name ? variables_find(object->variables, name) : NULL;
    if (!found) return 0;
    if (address) *address = found->value;
    if (bytes) *bytes = found->size;
    return 1;
}

const rdnasim_kernel_info *rdnasim_get_kernel_info(const rdnasim_kernel *kernel) { return &kernel->info; }

const uint32_t *rdnasim_kernel_code(const rdnasim_kernel *kernel) {
    return kernel->object->code + program_entry(kernel->program);
}

int rdnasim_source_line(const rdnasim_kernel *kernel, uint64_t pc, char *file, size_t bytes, uint32_t *line) {
    const rdnasim_object *o = kernel->object;
    uint64_t at =
        pc + 4 * (uint64_t)program_entry(kernel->program); /* functions before the kernel: modulo 2^64 */
    const struct line *found = at < 4 * (uint64_t)o->code_dwords ? lines_find(o->lines, at) : NULL;
    if (!found) return 0;
    if (file && bytes) lines_file(found, file, bytes);
    if (line) *line = found->number;
    return 1;
}

const char *rdnasim_elf_target(const void *elf, size_t bytes) {
    Elf64_Ehdr header;
    if (!elf || bytes < sizeof header) return NULL;
    memcpy(&header, elf, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) return NULL;
    const struct target *target = target_from_mach(header.e_flags & AMDGPU_FLAG_MACH);
    return target ? target->facts.name : NULL;
}
