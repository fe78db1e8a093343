/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A kernel whose row of s_nop tests replace by instructions of their own (tests/sim/carrier.h). Before them
 * registers have been filled from the buffer, after them they are stored to it:
 *
 *     s[4:5], s[100:101]   the buffer's address          m0 = s23, vcc = s[20:21], SCC = s16 == s17
 *     s8-s31               dwords 0-23 of the buffer      v0 = 4 * work-item, v1 = 32 * work-item
 *     v2-v7                6 dwords of the work-item's own 32 bytes from 256 on
 *
 *     from 4096 on: v0, v2-v7 of every lane, 256 bytes each; then s4-s31, vcc, m0
 */
#define STORE(n, at)        " global_store_b32 v1, v" #n ", s[100:101] offset:" #at "\n"
#define STORE_SCALAR(s, at) " v_mov_b32 v0, " #s "\n global_store_b32 v1, v0, s[100:101] offset:" #at "\n"

static __attribute__((address_space(3), loader_uninitialized)) unsigned char lds[1024];

__attribute__((amdgpu_kernel)) void program(__attribute__((address_space(1))) unsigned *buffer) {
    unsigned char scratch[64];
    __asm__ volatile("" : : "v"(lds), "v"(&scratch));
    __asm__ volatile(
        " s_mov_b64 s[100:101], %0\n"
        " v_mov_b32 v0, %1\n"
        " s_mov_b64 s[4:5], s[100:101]\n"
        " s_mov_b64 s[6:7], 0\n"
        " s_load_b512 s[8:23], s[4:5], 0\n"
        " s_load_b256 s[24:31], s[4:5], 64\n"
        " v_lshlrev_b32 v1, 5, v0\n"
        " global_load_b64 v[2:3], v1, s[4:5] offset:256\n"
        " global_load_b128 v[4:7], v1, s[4:5] offset:264\n"
        " v_lshlrev_b32 v0, 2, v0\n"
        " s_waitcnt 0\n"
        " s_mov_b32 m0, s23\n"
        " s_mov_b64 vcc, s[20:21]\n"
        " s_cmp_eq_u32 s16, s17\n"
        " .rept 64\n s_nop 0\n .endr\n"
        " s_waitcnt 0\n"
        " s_mov_b32 exec_lo, -1\n"
        " s_mov_b32 exec_hi, -1\n"
        " s_add_u32 s100, s100, 4096\n"
        " s_addc_u32 s101, s101, 0\n"
        " v_mbcnt_lo_u32_b32 v1, -1, 0\n"
        " v_mbcnt_hi_u32_b32 v1, -1, v1\n"
        " v_lshlrev_b32 v1, 2, v1\n" /* clang-format off */
                     STORE(0, 0) STORE(2, 256) STORE(3, 512) STORE(4, 768) STORE(5, 1024) STORE(6, 1280) STORE(7, 1536)
                     " s_mov_b32 exec_lo, 1\n"
                     " s_mov_b32 exec_hi, 0\n"
                     STORE_SCALAR(s4, 1792) STORE_SCALAR(s5, 1796) STORE_SCALAR(s6, 1800) STORE_SCALAR(s7, 1804)
                     STORE_SCALAR(s8, 1808) STORE_SCALAR(s9, 1812) STORE_SCALAR(s10, 1816) STORE_SCALAR(s11, 1820)
                     STORE_SCALAR(s12, 1824) STORE_SCALAR(s13, 1828) STORE_SCALAR(s14, 1832) STORE_SCALAR(s15, 1836)
                     STORE_SCALAR(s16, 1840) STORE_SCALAR(s17, 1844) STORE_SCALAR(s18, 1848) STORE_SCALAR(s19, 1852)
                     STORE_SCALAR(s20, 1856) STORE_SCALAR(s21, 1860) STORE_SCALAR(s22, 1864) STORE_SCALAR(s23, 1868)
                     STORE_SCALAR(s24, 1872) STORE_SCALAR(s25, 1876) STORE_SCALAR(s26, 1880) STORE_SCALAR(s27, 1884)
                     STORE_SCALAR(s28, 1888) STORE_SCALAR(s29, 1892) STORE_SCALAR(s30, 1896) STORE_SCALAR(s31, 1900)
                     STORE_SCALAR(vcc_lo, 1904) STORE_SCALAR(vcc_hi, 1908) STORE_SCALAR(m0, 1912) /* clang-format on */
        " s_endpgm\n"
        :
        : "s"(buffer), "v"(__builtin_amdgcn_workitem_id_x())
        : "memory", "vcc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "s4", "s5", "s6", "s7", "s8", "s9",
          "s10", "s11", "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23",
          "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31", "s100", "s101");
}
