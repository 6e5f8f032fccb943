/*
 * cycle_model: a QEMU TCG plugin that estimates Cortex-M4 (or M0) cycles.
 *
 * Instructions executed are exact; cycles are a model: costs per instruction class from Arm's Cortex-M4 TRM
 * (DDI 0439, table 3-1) and Cortex-M0 TRM (DDI 0432, table 3-1), zero-wait memory unless `ws=N` is given.
 *   data processing 1 · ldr 2, and 1 when the instruction before it was a single load or store · str 1 · strd 3 ·
 *   ldm/stm/push/pop 1+N · branch taken 1+P, not taken 1 · tbb/tbh 2+P · ldr pc 2+P · mul, mla, long 1 ·
 *   div 8 (2-12) · VFP arithmetic 1, vmla 3, vdiv/vsqrt 14, vldr/vstr 2 (double 3).
 *   P, the refill of the pipeline, is 2 here (the TRM says 1 to 3); M0 counts 3 for a taken branch, 2 for ldr/str.
 * With strict=on, the rules in the text of the TRM too: tbb/tbh 6, ldr pc 5, a load pairs only with a load before it whose result is not its
 *   address, 1 more for an address computed just before, for unaligned data, for a float result used at once.
 * With ws=N, each 8-byte flash line fetched anew costs N more (a one-line buffer, no cache): addresses below 0x20000000.
 *
 * A figure is printed at each mark: a read of the register that the bench's firmware reads before and after what it counts (0x40002038 on
 * mps2-an386, 0x40008504 on microbit; see firmware/bench/src/board.rs). One line "span K: instructions I cycles C" a mark, since the one before.
 *
 * Build and use: README.md.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdbool.h>

/* The part of QEMU's plugin interface (version 1) that is used here. */
typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint32_t qemu_plugin_meminfo_t;
enum { QEMU_PLUGIN_CB_NO_REGS = 0 };
enum { QEMU_PLUGIN_MEM_RW = 3 };   /* QEMU 7.2 never calls back for reads alone */
typedef void (*tb_trans_cb)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*udata_cb)(unsigned int, void *);
typedef void (*mem_cb)(unsigned int, qemu_plugin_meminfo_t, uint64_t, void *);
extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, tb_trans_cb);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, udata_cb, int, void *);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *, mem_cb, int, int, void *);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
extern void qemu_plugin_outs(const char *);
extern int qemu_plugin_version;
int qemu_plugin_version = 1;

enum kind { PLAIN, LOAD, STORE, BRANCH };
struct cost { uint32_t address, size; uint8_t base, kind, refill; int8_t ld, dp, rn, rm, fd, f1, f2, f3; uint8_t table, access; uint64_t count, cycles; struct cost *next; };

static struct cost *all[4096];
static const struct cost *before;
static uint64_t instructions, cycles, span_instructions, span_cycles, span;
static bool m0; static bool strict; static unsigned REFILL = 2; static unsigned wait_states, hot; static uint32_t line = ~0u;


static uint64_t fpstall, dependent, unaligned_cycles;
static unsigned bits(unsigned x) { return (unsigned)__builtin_popcount(x); }

static void classify(struct cost *c, uint32_t w, unsigned size)
{
    c->base = 1; c->kind = PLAIN; c->refill = 0;
    unsigned load = 2, store = m0 ? 2 : 1;
    if (size == 2) {
        unsigned h = w & 0xffff;
        if ((h >> 12) == 0xd && ((h >> 8) & 15) < 14) { c->kind = BRANCH; c->refill = REFILL; }          /* b<cond> */
        else if ((h >> 11) == 0x1c) { c->kind = BRANCH; c->refill = REFILL; }                            /* b */
        else if ((h & 0xff00) == 0x4700) { c->kind = BRANCH; c->refill = REFILL; }                       /* bx, blx */
        else if ((h & 0xf500) == 0xb100) { c->kind = BRANCH; c->refill = REFILL; }                       /* cbz, cbnz */
        else if ((h & 0xff87) == 0x4687 || (h & 0xff87) == 0x4487) { c->kind = BRANCH; c->refill = REFILL; } /* mov/add pc */
        else if ((h & 0xfe00) == 0xb400) c->base = 1 + bits(h & 0x1ff);                                  /* push */
        else if ((h & 0xfe00) == 0xbc00) { c->base = 1 + bits(h & 0x1ff); if (h & 0x100) { c->kind = BRANCH; c->refill = REFILL; } }
        else if ((h >> 12) == 0xc) c->base = 1 + bits(h & 0xff);                                         /* ldm, stm */
        else if ((h >> 11) == 0x09) { c->base = load; c->kind = LOAD; }                                  /* ldr literal */
        else if ((h >> 12) == 0x5) { c->base = (h & 0x0800) || ((h >> 9) & 7) == 3 ? load : store; c->kind = c->base == load ? LOAD : STORE; }
        else if ((h >> 13) == 0x3 || (h >> 12) == 0x8 || (h >> 12) == 0x9) { bool l = h & 0x0800; c->base = l ? load : store; c->kind = l ? LOAD : STORE; }
        return;
    }
    unsigned a = w & 0xffff, b = w >> 16;                                                               /* first, second halfword */
    if ((a & 0xf800) == 0xf000 && (b & 0x8000)) { c->kind = BRANCH; c->refill = REFILL; if ((b & 0xd000) == 0x8000 && ((a >> 7) & 7) == 7) { c->kind = PLAIN; c->refill = 0; } } /* b.w, bl; msr, dmb … are plain */
    else if ((a & 0xfff0) == 0xe8d0 && (b & 0xffe0) == 0xf000) { c->base = 2; c->kind = BRANCH; c->refill = REFILL; }  /* tbb, tbh */
    else if ((a & 0xfe40) == 0xe800) { c->base = 1 + bits(b); if ((a & 0x10) && (b & 0x8000)) { c->kind = BRANCH; c->refill = REFILL; } } /* ldm.w, stm.w */
    else if ((a & 0xfe40) == 0xe840) c->base = (a & 0x10) ? 3 : (a & 0x0120) ? 3 : 2;                                      /* ldrd, strd, exclusive */
    else if ((a & 0xfe00) == 0xf800) { bool l = a & 0x10; c->base = l ? load : store; c->kind = l ? LOAD : STORE;
        if (l && (a & 0x60) == 0x40 && (b >> 12) == 15) { c->kind = BRANCH; c->refill = REFILL; } }      /* ldr/str .w; ldr pc */
    else if ((a & 0xff80) == 0xfb00) c->base = 1;                                                        /* mul, mla, long multiply */
    else if ((a & 0xffd0) == 0xfb90) c->base = 8;                                                       /* sdiv, udiv */
    else if ((a & 0xffe0) == 0xec40 && (b & 0x0e00) == 0x0a00) c->base = 2;                     /* vmov two core <-> double / two singles */
    else if ((a & 0xee00) == 0xec00 && (b & 0x0e00) == 0x0a00) { bool single = (a & 0x100) && !(a & 0x20); c->base = single ? ((b & 0x100) ? 3 : 2) : 1 + (b & 0xff); }
    else if ((a & 0xef00) == 0xee00 && (b & 0x0e10) == 0x0a00) { if (!(a & 0x80) && !(a & 0x20)) c->base = 3; else if ((a & 0xb0) == 0x90) c->base = 3; else if ((a & 0xb0) == 0xa0) c->base = 3; else if ((a & 0xb0) == 0x80 || ((a & 0xbf) == 0xb1 && (b & 0xc0) == 0xc0)) c->base = 14; } /* vdiv, vsqrt */
}


static void registers(struct cost *c, uint32_t w, unsigned size)
{
    c->ld = c->dp = c->rn = c->rm = c->fd = c->f1 = c->f2 = c->f3 = -1; c->access = 0;
    if (size == 4) { unsigned a = w & 0xffff, b = w >> 16, sd = ((b >> 12) & 15) << 1 | ((a >> 6) & 1), sn = (a & 15) << 1 | ((b >> 7) & 1), sm = (b & 15) << 1 | ((b >> 5) & 1);
        if ((a & 0xef00) == 0xee00 && (b & 0x0f10) == 0x0a00) {
            bool two = (a & 0xb0) == 0xb0, compare = two && (a & 0x0e) == 4;
            if (two && !(b & 0x40)) c->fd = -1;                                     /* vmov immediate */
            else if (two) { bool move = (a & 0x0f) == 0; c->f1 = sm; if (compare) c->f2 = sd; else if (!move) c->fd = sd; }
            else { c->fd = sd; c->f1 = sn; c->f2 = sm; if (!(a & 0x20)) c->f3 = sd; }
        } else if ((a & 0xffe0) == 0xee00 && (b & 0x0f10) == 0x0a10) { if (a & 0x10) c->f1 = sn; }        /* vmov core <- single */
        else if ((a & 0xff30) == 0xed00 && (b & 0x0f00) == 0x0a00) c->f1 = sd;                           /* vstr */
        else if ((a & 0xfff0) == 0xee10 && (b & 0x0f10) == 0x0a10) c->f1 = sn;
    }
    if (size == 2) {
        unsigned h = w & 0xffff; bool l = h & 0x0800;
        if ((h >> 11) == 0x09) { c->ld = (h >> 8) & 7; c->rn = 15; c->access = 1; }
        else if ((h >> 12) == 5) { c->rm = (h >> 6) & 7; c->rn = (h >> 3) & 7; c->access = 1; if (c->kind == LOAD) c->ld = h & 7; }
        else if ((h >> 13) == 3 || (h >> 12) == 8) { c->rn = (h >> 3) & 7; c->access = 1; if (l) c->ld = h & 7; }
        else if ((h >> 12) == 9) { c->rn = 13; c->access = 1; if (l) c->ld = (h >> 8) & 7; }
        else if ((h >> 13) == 0) c->dp = h & 7;
        else if ((h >> 13) == 1) { if ((h >> 11) != 5) c->dp = (h >> 8) & 7; }
        else if ((h >> 10) == 0x10) { unsigned o = (h >> 6) & 15; if (o != 8 && o != 10 && o != 11) c->dp = h & 7; }
        else if ((h >> 8) == 0x44 || (h >> 8) == 0x46) c->dp = (h & 7) | ((h >> 4) & 8);
        else if ((h >> 12) == 0xa) c->dp = (h >> 8) & 7;
        else if ((h >> 8) == 0xb0) c->dp = 13;
        else if ((h >> 8) == 0xb2 || (h >> 8) == 0xba) c->dp = h & 7;
        return;
    }
    unsigned a = w & 0xffff, b = w >> 16;
    if ((a & 0xfe00) == 0xf800) { c->access = 1; c->rn = a & 15; if (!(a & 0x80) && c->rn != 15 && !(b & 0x0fc0)) c->rm = b & 15; if ((a & 0x10)) c->ld = b >> 12; }
    else if ((a & 0xfe40) == 0xe840) { c->rn = a & 15; if ((a & 0xfff0) == 0xe8d0 && (b & 0xffe0) == 0xf000) { c->rm = b & 15; c->table = 1; } }
    else if ((a & 0xee00) == 0xec00 && (b & 0x0e00) == 0x0a00 && (a & 0xffe0) != 0xec40) c->rn = a & 15;
    else if ((a & 0xf800) == 0xf000 && !(b & 0x8000)) c->dp = (b >> 8) & 15;
    else if ((a & 0xfe00) == 0xea00 || (a & 0xfe00) == 0xfa00) c->dp = (b >> 8) & 15;
    if (c->dp == 15) c->dp = -1;
}
static void executed(unsigned cpu, void *u)
{
    struct cost *c = u; (void)cpu;
    unsigned n = c->base;
    if (before) {
        if (before->refill && before->address + before->size != c->address) { cycles += before->refill; ((struct cost *)before)->cycles += before->refill; }
        if (!strict) { if (!m0 && (c->kind == LOAD) && (before->kind == LOAD || before->kind == STORE)) n -= 1; }
        else {
            if (c->kind == LOAD && before->kind == LOAD && before->ld >= 0 && before->ld != c->rn && before->ld != c->rm) n -= 1;
            if (before->fd >= 0 && (before->fd == c->f1 || before->fd == c->f2 || before->fd == c->f3)) { n += 1; fpstall++; }
            if ((c->rn >= 0) && before->dp >= 0 && (before->dp == c->rn || before->dp == c->rm)) { n += 1; dependent++; }
        }
    }
    if (wait_states && c->address < 0x20000000u && (c->address >> 3) != line) { line = c->address >> 3; n += wait_states; }
    instructions++; cycles += n; c->count++; c->cycles += n; before = c;
}

static void say(const char *name)
{
    char text[160];
    snprintf(text, sizeof text, "%s: instructions %llu cycles %llu\n", name,
             (unsigned long long)(instructions - span_instructions), (unsigned long long)(cycles - span_cycles));
    qemu_plugin_outs(text);
}

static void touched(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *u)
{
    (void)cpu; (void)info; (void)u;
    if (address != 0x40002038u && address != 0x40008504u) return;
    char name[40]; snprintf(name, sizeof name, "span %llu", (unsigned long long)span++);
    say(name); span_instructions = instructions; span_cycles = cycles;
}

extern unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t);
static void aligned(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *u)
{
    struct cost *c = u; (void)cpu; unsigned sh = qemu_plugin_mem_size_shift(info), n = 0;
    if (sh == 1 && (address & 1)) n = 1; else if (sh == 2 && (address & 3)) n = (address & 1) ? 2 : 1;
    cycles += n; c->cycles += n; unaligned_cycles += n;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint32_t address = (uint32_t)qemu_plugin_insn_vaddr(insn), w = 0;
        unsigned size = (unsigned)qemu_plugin_insn_size(insn);
        memcpy(&w, qemu_plugin_insn_data(insn), size > 4 ? 4 : size);
        struct cost **slot = &all[(address >> 1) & 4095], *c = *slot;
        while (c && c->address != address) c = c->next;
        if (!c) { c = calloc(1, sizeof *c); c->next = *slot; *slot = c; }
        c->address = address; c->size = size;
        classify(c, w, size); registers(c, w, size); if (strict) { if (c->table) c->base = 3, c->refill = 3; else if (c->kind == BRANCH && size == 4 && (w & 0xfe10) == 0xf810) c->refill = 3; }
        qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS, c);
        if (strict && c->access) qemu_plugin_register_vcpu_mem_cb(insn, aligned, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, c);
        if (c->kind == LOAD) qemu_plugin_register_vcpu_mem_cb(insn, touched, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
    }
}

static int dearest(const void *x, const void *y)
{
    uint64_t a = (*(struct cost *const *)x)->cycles, b = (*(struct cost *const *)y)->cycles;
    return a < b ? 1 : a > b ? -1 : 0;
}

static void finish(qemu_plugin_id_t id, void *u)
{
    (void)id; (void)u;
    { char t[120]; snprintf(t, sizeof t, "whole run: dependent-address stalls %llu, unaligned cycles %llu, fp result stalls %llu\n", (unsigned long long)dependent, (unsigned long long)unaligned_cycles, (unsigned long long)fpstall); qemu_plugin_outs(t); }
    say("after the last span"); span_instructions = span_cycles = 0; say("total");
    if (!hot) return;
    size_t n = 0; struct cost **list = NULL;
    for (int i = 0; i < 4096; i++) for (struct cost *c = all[i]; c; c = c->next) { list = realloc(list, (n + 1) * sizeof *list); list[n++] = c; }
    qsort(list, n, sizeof *list, dearest);
    for (size_t i = 0; i < n && i < hot; i++) {
        char text[120];
        snprintf(text, sizeof text, "%08x: executed %llu cycles %llu\n", list[i]->address, (unsigned long long)list[i]->count, (unsigned long long)list[i]->cycles);
        qemu_plugin_outs(text);
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strcmp(argv[i], "cpu=m0")) m0 = true;
        else if (!strcmp(argv[i], "strict=on")) strict = true;
        else if (!strncmp(argv[i], "refill=", 7)) REFILL = (unsigned)atoi(argv[i] + 7);
        else if (!strncmp(argv[i], "ws=", 3)) wait_states = (unsigned)atoi(argv[i] + 3);
        else if (!strncmp(argv[i], "hot=", 4)) hot = (unsigned)atoi(argv[i] + 4);
        else if (strcmp(argv[i], "cpu=m4")) { fprintf(stderr, "cycle_model: unknown option %s (cpu=m4|m0, ws=N, hot=N, strict=on, refill=N)\n", argv[i]); return 1; }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
