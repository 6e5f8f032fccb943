/* A bare firmware around one workload: calls run(n), counts, and says what it took on the serial line.
 *
 * Counts as firmware/bench does: before and after the call it waits until the timer of 25 MHz steps twice in a
 * round of 41 instructions, which is at one instruction and no other. Reads of MARK are for tests/cycle-model.
 */
typedef unsigned u32;
typedef unsigned long long u64;

#define REGISTER(address) (*(volatile u32 *)(address))
#define TIMER 0x40002000u
#define MARK REGISTER(TIMER + 0x38u)
#define UART 0x40004000u

int run(int n);
extern char stack_top;

static u32 aligned(u32 *rounds) {
    u32 before, value, passed, count = 0;
    __asm__ volatile(
        "ldr %0, [%4]\n .rept 40\n nop\n .endr\n"
        "2: ldr %1, [%4]\n subs %2, %0, %1\n mov %0, %1\n adds %3, %3, #1\n .rept 35\n nop\n .endr\n cmp %2, #1\n beq 2b\n"
        : "=&r"(before), "=&r"(value), "=&r"(passed), "+&r"(count)
        : "r"(TIMER + 4)
        : "cc");
    *rounds = count;
    return ~value;
}

static void send(char c) {
    while (REGISTER(UART + 4) & 1) {
    }
    REGISTER(UART) = (u32)c;
}

static void say(const char *name, u64 value) {
    while (*name) send(*name++);
    send(' ');
    for (int i = 60; i >= 0; i -= 4) send("0123456789abcdef"[value >> i & 15]);
    send('\n');
}

static u32 __attribute__((noinline)) nothing(int n) { __asm__ volatile(""); return (u32)n; }

static u64 count(int (*work)(int), int n, u32 *result) {
    u32 rounds, unused, before = aligned(&unused);
    (void)MARK;
    *result = (u32)work(n);
    (void)MARK;
    u32 after = aligned(&rounds);
    return (u64)(after - before) * 40 - (u64)rounds * 41;
}

void start(void) {
    u32 result;
    REGISTER(0xe000ed88u) |= 0xfu << 20; /* CPACR: the floating point unit */
    __asm__ volatile("dsb\n isb");
    REGISTER(UART + 8) = 1;
    REGISTER(UART + 16) = 16;
    REGISTER(TIMER) = 0xffffffffu;
    REGISTER(TIMER + 8) = 0x82;
    volatile int n = ARGUMENT;
    say("overhead", count((int (*)(int))nothing, n, &result));
    say("run", count(run, n, &result));
    say("result", result);
    /* Semihosting's SYS_EXIT: the emulator ends. */
    __asm__ volatile("mov r0, #0x18\n ldr r1, =0x20026\n bkpt 0xab" ::: "r0", "r1");
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static void *const vectors[2] = {&stack_top, (void *)start};

/* Compilers make calls to it of loops that clear. By words where that can be. */
void *memset(void *to, int value, unsigned long bytes) {
    u32 *words = to;
    u32 word = (unsigned char)value * 0x01010101u;
    char *rest;
    if (!((u32)to & 3))
        for (; bytes >= 4; bytes -= 4) *words++ = word;
    for (rest = (char *)words; bytes; bytes--) *rest++ = (char)value;
    return to;
}
