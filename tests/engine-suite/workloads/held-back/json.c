/* A tokenizer of JSON: makes a document, then walks it with a stack of what is open, and sums up what it found. */
static char text[4096];
static int put(int at, const char *from) { while (*from) text[at++] = *from++; return at; }
static int number(int at, unsigned value) {
    char digits[12]; int count = 0;
    do { digits[count++] = (char)('0' + value % 10); value /= 10; } while (value);
    while (count) text[at++] = digits[--count];
    return at;
}
static int document(unsigned seed) {
    int at = put(0, "{\"devices\": [");
    while (at < 3800) {
        seed = seed * 1103515245u + 12345u;
        at = put(at, "\n  {\"id\": "); at = number(at, seed >> 20);
        at = put(at, seed & 0x4000 ? ", \"on\": true" : ", \"on\": false");
        at = put(at, ", \"name\": \"d\\u0041\\\""); at = number(at, seed >> 27);
        at = put(at, "\", \"at\": [-"); at = number(at, seed >> 24);
        at = put(at, ".5, "); at = number(at, seed >> 22); at = put(at, "e2, null]},");
    }
    at = put(at, "\n  {}]}");
    text[at] = 0;
    return at;
}
enum kind { END, OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY, COLON, COMMA, STRING, NUMBER, WORD, WRONG };
struct token { enum kind kind; int start, end; unsigned hash; };
static int next(int at, struct token *token) {
    while (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r') at++;
    token->start = at;
    token->hash = 0;
    char c = text[at];
    switch (c) {
    case 0: token->kind = END; break;
    case '{': token->kind = OPEN_OBJECT; at++; break;
    case '}': token->kind = CLOSE_OBJECT; at++; break;
    case '[': token->kind = OPEN_ARRAY; at++; break;
    case ']': token->kind = CLOSE_ARRAY; at++; break;
    case ':': token->kind = COLON; at++; break;
    case ',': token->kind = COMMA; at++; break;
    case '"':
        token->kind = STRING;
        for (at++; text[at] && text[at] != '"'; at++) {
            if (text[at] == '\\') at++;
            token->hash = token->hash * 31 + (unsigned char)text[at];
        }
        if (text[at]) at++; else token->kind = WRONG;
        break;
    default:
        if (c == '-' || (c >= '0' && c <= '9')) {
            unsigned value = 0;
            token->kind = NUMBER;
            if (c == '-') at++;
            while (text[at] >= '0' && text[at] <= '9') value = value * 10 + (unsigned)(text[at++] - '0');
            if (text[at] == '.') { at++; while (text[at] >= '0' && text[at] <= '9') at++; }
            if (text[at] == 'e' || text[at] == 'E') { at++; while (text[at] >= '0' && text[at] <= '9') at++; }
            token->hash = value;
        } else if (c >= 'a' && c <= 'z') {
            token->kind = WORD;
            while (text[at] >= 'a' && text[at] <= 'z') token->hash = token->hash * 131 + (unsigned char)text[at++];
        } else {
            token->kind = WRONG; at++;
        }
    }
    token->end = at;
    return at;
}
int run(int n) {
    unsigned sum = 0;
    for (int round = 0; round < n; round++) {
        char open[16]; int depth = 0, at = 0; struct token token;
        document(7u + (unsigned)round);
        do {
            at = next(at, &token);
            if (token.kind == OPEN_OBJECT || token.kind == OPEN_ARRAY) {
                if (depth < 16) open[depth] = (char)token.kind;
                depth++;
            } else if (token.kind == CLOSE_OBJECT || token.kind == CLOSE_ARRAY) {
                depth--;
                if (depth < 0 || open[depth] + 1 != (int)token.kind) return -1;
            } else if (token.kind == WRONG) {
                return -2;
            }
            sum = sum * 17 + token.hash + (unsigned)token.kind * (unsigned)(depth + 1) + (unsigned)(token.end - token.start);
        } while (token.kind != END);
        if (depth) return -3;
    }
    return (int)sum;
}
