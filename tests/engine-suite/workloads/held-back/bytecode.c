/* A bytecode interpreter: a stack machine of sixteen instructions, which counts primes by trial division. */
enum { HALT, PUSH, LOAD, STORE, ADD, SUB, MUL, REM, LESS, EQUAL, JUMP, UNLESS, DUP, DROP, CALL, RETURN };
static const unsigned char program[] = {
    /* 0: count = 0, candidate = 2 */
    PUSH, 0, STORE, 1, PUSH, 2, STORE, 2,
    /* 8: while candidate < limit */
    LOAD, 2, LOAD, 0, LESS, UNLESS, 33,
    /* 15: count += prime(candidate) */
    LOAD, 2, CALL, 36, LOAD, 1, ADD, STORE, 1,
    /* 24: candidate += 1 */
    LOAD, 2, PUSH, 1, ADD, STORE, 2, JUMP, 8,
    /* 33: the result */
    LOAD, 1, HALT,
    /* 36: prime(number on the stack): divisor = 2 */
    STORE, 3, PUSH, 2, STORE, 4,
    /* 42: a number less than divisor * divisor is prime */
    LOAD, 3, LOAD, 4, DUP, MUL, LESS, UNLESS, 54, PUSH, 1, RETURN,
    /* 54: if number % divisor != 0, the next divisor */
    LOAD, 3, LOAD, 4, REM, UNLESS, 70, LOAD, 4, PUSH, 1, ADD, STORE, 4, JUMP, 42,
    /* 70 */
    PUSH, 0, RETURN
};
static int stack[32], variables[8], executed;
static int interpret(int limit) {
    unsigned pc = 0, sp = 0, depth = 0, returns[8];
    variables[0] = limit;
    for (;;) {
        executed++;
        switch (program[pc++]) {
        case PUSH: stack[sp++] = program[pc++]; break;
        case LOAD: stack[sp++] = variables[program[pc++] & 7]; break;
        case STORE: variables[program[pc++] & 7] = stack[--sp]; break;
        case ADD: sp--; stack[sp - 1] += stack[sp]; break;
        case SUB: sp--; stack[sp - 1] -= stack[sp]; break;
        case MUL: sp--; stack[sp - 1] *= stack[sp]; break;
        case REM: sp--; if (!stack[sp]) return -1; stack[sp - 1] %= stack[sp]; break;
        case LESS: sp--; stack[sp - 1] = stack[sp - 1] < stack[sp]; break;
        case EQUAL: sp--; stack[sp - 1] = stack[sp - 1] == stack[sp]; break;
        case JUMP: pc = program[pc]; break;
        case UNLESS: pc = stack[--sp] ? pc + 1 : program[pc]; break;
        case DUP: stack[sp] = stack[sp - 1]; sp++; break;
        case DROP: sp--; break;
        case CALL: returns[depth++ & 7] = pc + 1; pc = program[pc]; break;
        case RETURN: pc = returns[--depth & 7]; break;
        default: return stack[sp - 1];
        }
        if (sp > 28) return -2;
    }
}
int run(int n) {
    executed = 0;
    int primes = interpret(n);
    return primes * 1000000 + executed;
}
